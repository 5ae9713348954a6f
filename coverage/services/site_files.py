"""Places for sites as planning tools take them: CSV, GeoPackage and KML."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from coverage.core.measure_next import flat_m
from coverage.services.best_sites import BestSites
from kukar_connect.spreadsheets import csv_cell

WGS84 = "EPSG:4326"
METHOD = (
    "maximal covering location (spopt MCLP, HiGHS); a circle of the radius is taken "
    "for what a site reaches; no terrain"
)
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
}
_DRIVERS = {"gpkg": "GPKG", "kml": "KML"}
# A circle as a polygon of this many corners is 0.2 % too small.
_CORNERS = 64


def site_rows(
    best: BestSites, *, run_id: int, operator: str, service: str, radius_m: float
) -> list[dict[str, Any]]:
    """Return one row for each place, with all that tells how it was found."""
    rows, total_people, total_settlements = [], 0, 0
    for site in best.sites:
        total_people += site.people or 0
        total_settlements += len(site.homes)
        rows.append(
            {
                "rank": site.number,
                "name": site.candidate.name,
                "kind": site.candidate.kind,
                "village": site.candidate.village,
                "district": site.candidate.district,
                "lon": round(site.candidate.lon, 6),
                "lat": round(site.candidate.lat, 6),
                "radius_m": radius_m,
                # Empty where the office has loaded no number.
                "new_people": site.people,
                "new_settlements": len(site.homes),
                "of_unknown_size": site.unsized,
                "of_unknown_state": len(site.unknown),
                "new_schools": len(site.schools),
                "total_people": total_people
                if any(s.people is not None for s in best.sites)
                else None,
                "total_settlements": total_settlements,
                "operator": operator,
                "service": service,
                "run": run_id,
                "is_proved_best": best.is_proved and not best.is_cut,
                "is_demo": site.candidate.is_demo,
                "method": METHOD,
            }
        )
    return rows


def site_file(rows: list[dict[str, Any]], kind: str) -> bytes:
    """Return *rows* as a file of *kind*: "csv", "gpkg" or "kml".

    A GeoPackage has the circles as a second layer, ``radius``.
    """
    points = geopandas.GeoDataFrame(
        rows,
        geometry=geopandas.points_from_xy(
            [row["lon"] for row in rows], [row["lat"] for row in rows]
        ),
        crs=WGS84,
    )
    points[["new_people", "total_people"]] = points[
        ["new_people", "total_people"]
    ].astype("Int64")
    if kind == "csv":
        table = points.drop(columns="geometry").map(csv_cell)
        return table.to_csv(index=False).encode("utf-8-sig")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sites.{kind}"
        points.to_file(path, driver=_DRIVERS[kind], layer="sites", engine="pyogrio")
        if kind == "gpkg":
            circles = points.set_geometry(_circles(rows))
            circles.to_file(path, driver="GPKG", layer="radius", engine="pyogrio")
        return path.read_bytes()


def _circles(rows: list[dict[str, Any]]) -> geopandas.GeoSeries:
    turns = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    polygons = []
    for row in rows:
        # How many metres a degree has there, along each axis.
        east_m, north_m = flat_m([1.0], [1.0], lat_0=row["lat"])[0]
        polygons.append(
            shapely.Polygon(
                np.column_stack(
                    [
                        row["lon"] + row["radius_m"] * np.cos(turns) / east_m,
                        row["lat"] + row["radius_m"] * np.sin(turns) / north_m,
                    ]
                )
            )
        )
    return geopandas.GeoSeries(polygons, crs=WGS84)
