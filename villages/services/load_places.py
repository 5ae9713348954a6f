"""Loading the regency's places: facts from our tables, boundaries from a file."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import geopandas
import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from django.contrib.gis.geos import MultiPolygon as GeosMultiPolygon
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import (
    BoundarySource,
    Claim,
    District,
    OfficeInternet,
    SignalReport,
    Village,
)
from villages.services.submit_reports import leave_change

# Indonesia with its waters, (west, south, east, north) in degrees.
INDONESIA = (94.0, -12.0, 142.0, 7.0)
# Square kilometres in a square degree on the equator (WGS84); 0.03 % too many where
# the regency is farthest from it.
KM2_PER_DEG2 = 110.574 * 111.320
# What offices call the columns of their boundary files.
CODE_COLUMNS = ("code", "kode", "kode_desa", "kode_kemendagri", "kdepum", "kd_desa")
NAME_COLUMNS = ("name", "nama", "nama_desa", "namobj", "desa", "wadmkd", "village")
DISTRICT_COLUMNS = (
    "district",
    "kecamatan",
    "nama_kec",
    "nama_kecamatan",
    "wadmkc",
    "kec",
)


class BoundaryFileError(DomainError):
    title = gettext_noop("The boundary file cannot be used.")


@dataclass
class LoadResult:
    """What a load did: how many were added or changed, and what did not match."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    boundaries_matched: int = 0
    boundaries_approximate: int = 0
    claims: int = 0
    office_internet: int = 0
    aliases: int = 0
    unmatched_rows: list[str] = field(default_factory=list)
    villages_without_boundary: list[str] = field(default_factory=list)


@transaction.atomic
def load_places(
    *, fixtures: Path, boundaries: Path | None, progress: Callable[[str], None]
) -> LoadResult:
    """Load districts, villages, boundaries and what is on record about them.

    Safe to repeat: what is already there and equal is left alone. A boundary
    that once came from a file is kept when this call names no file.

    Raises
    ------
    BoundaryFileError
        If the file cannot be read, has no CRS, or lies outside Indonesia.
    """
    result = LoadResult()
    rows = _read_csv(fixtures / "villages.csv")
    progress("districts and villages")
    _load_villages(rows, result)
    if boundaries is not None:
        progress(f"boundaries from {boundaries.name}")
        _load_boundaries(boundaries, result)
    if Village.objects.filter(boundary=None).exists():
        progress("approximate boundaries")
        _approximate_boundaries()
    _dissolve_districts()
    result.boundaries_approximate = Village.objects.filter(
        boundary_source=BoundarySource.APPROXIMATE
    ).count()
    progress("official claims")
    result.claims = _load_claims(fixtures)
    progress("internet of village offices and other names")
    result.office_internet = _load_office_internet(fixtures)
    result.aliases = _load_aliases(fixtures)
    if result.added or result.changed:
        progress("villages of stored reports")
        _replace_villages_of_reports()
    return result


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _load_villages(rows: list[dict[str, str]], result: LoadResult) -> None:
    known = {d.code: d for d in District.objects.all()}
    for row in rows:
        if row["district_code"] not in known:
            known[row["district_code"]] = District.objects.create(
                code=row["district_code"], name=row["district"]
            )
        elif known[row["district_code"]].name != row["district"]:
            known[row["district_code"]].name = row["district"]
            known[row["district_code"]].save(update_fields=["name"])
    stored = Village.objects.in_bulk()
    for row in rows:
        values = {
            "name": row["name"],
            "kind": row["kind"],
            "district_id": row["district_code"],
            "point": Point(float(row["lon"]), float(row["lat"]), srid=4326),
            "settlement_point": (
                Point(
                    float(row["settlement_lon"]),
                    float(row["settlement_lat"]),
                    srid=4326,
                )
                if row["settlement_lon"]
                else None
            ),
            "area_km2": float(row["area_km2"]),
        }
        village = stored.get(row["code"])
        if village is None:
            Village.objects.create(code=row["code"], **values)
            result.added += 1
        elif any(getattr(village, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(village, name, value)
            village.save(update_fields=list(values))
            result.changed += 1
        else:
            result.unchanged += 1


def _load_boundaries(path: Path, result: LoadResult) -> None:
    frame = _read_boundaries(path)
    columns = {name.lower(): name for name in frame.columns}
    code_column = _first(columns, CODE_COLUMNS)
    name_column = _first(columns, NAME_COLUMNS)
    district_column = _first(columns, DISTRICT_COLUMNS)
    if code_column is None and (name_column is None or district_column is None):
        names = ", ".join(str(name) for name in frame.columns)
        message = (
            f"It has neither a code column ({', '.join(CODE_COLUMNS)}) nor a name "
            f"and a district column; its columns are: {names}."
        )
        raise BoundaryFileError(message)

    villages = list(Village.objects.select_related("district"))
    by_code = {_digits(v.code): v for v in villages}
    by_name = {(_plain(v.district.name), _plain(v.name)): v for v in villages}
    parts: dict[str, list[Any]] = {}
    for number, row in enumerate(frame.to_dict("records"), start=1):
        village = (
            by_code.get(_digits(str(row.get(code_column)))) if code_column else None
        )
        if village is None and name_column and district_column:
            key = (_plain(row[district_column]), _plain(row[name_column]))
            village = by_name.get(key)
        shown = ", ".join(
            str(row[c]) for c in (code_column, name_column, district_column) if c
        )
        geometry = row[frame.geometry.name]
        if village is None:
            result.unmatched_rows.append(f"row {number}: {shown}")
        elif geometry is None or geometry.is_empty:
            result.unmatched_rows.append(f"row {number}: {shown} (no geometry)")
        else:
            parts.setdefault(village.code, []).append(geometry)

    for village in villages:
        if village.code not in parts:
            result.villages_without_boundary.append(f"{village.code} {village.name}")
            continue
        result.boundaries_matched += 1
        boundary = _to_geos(_repaired(parts[village.code]))
        is_same = (
            village.boundary is not None
            and village.boundary_source == BoundarySource.OFFICIAL
            and village.boundary.equals_exact(boundary)
        )
        if not is_same:
            village.boundary = boundary
            village.boundary_source = BoundarySource.OFFICIAL
            village.save(update_fields=["boundary", "boundary_source"])
            result.changed += 1
            result.unchanged = max(0, result.unchanged - 1)


def _read_boundaries(path: Path) -> geopandas.GeoDataFrame:
    if not path.exists():
        message = f"There is no file at {path}."
        raise BoundaryFileError(message)
    try:
        frame = geopandas.read_file(path, engine="pyogrio")
    except Exception as error:
        # pyogrio raises one class per driver fault; its words name the fault.
        message = f"{path.name} could not be read: {error}"
        raise BoundaryFileError(message) from error
    if not isinstance(frame, geopandas.GeoDataFrame) or frame.empty:
        message = f"{path.name} holds no geometry."
        raise BoundaryFileError(message)
    if frame.crs is None:
        message = (
            f"{path.name} does not say its coordinate system (a Shapefile needs its "
            ".prj beside it). Add it and try again."
        )
        raise BoundaryFileError(message)
    frame = frame.to_crs(4326)
    west, south, east, north = frame.total_bounds
    inside = (
        west >= INDONESIA[0]
        and south >= INDONESIA[1]
        and east <= INDONESIA[2]
        and north <= INDONESIA[3]
    )
    if not inside:
        message = (
            f"{path.name} lies outside Indonesia ({west:.3f}, {south:.3f}, {east:.3f}, "
            f"{north:.3f} in degrees east and north): is its coordinate system right?"
        )
        raise BoundaryFileError(message)
    return frame


def _first(columns: dict[str, str], wanted: Iterable[str]) -> str | None:
    return next((columns[name] for name in wanted if name in columns), None)


def _digits(code: str) -> str:
    return re.sub(r"\D", "", code)


def _plain(name: object) -> str:
    """Return *name* as it is compared: no accents, case, spaces or punctuation."""
    text = unicodedata.normalize("NFKD", str(name)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _repaired(geometries: list[Any]) -> Any:
    """Return one valid multipolygon of *geometries*; lines and points fall away."""
    valid = shapely.make_valid(shapely.force_2d(np.array(geometries, dtype=object)))
    polygons = [
        part
        for part in shapely.get_parts(shapely.get_parts(valid))
        if part.geom_type == "Polygon"
    ]
    merged = shapely.union_all(polygons)
    parts = [p for p in shapely.get_parts(merged) if p.geom_type == "Polygon"]
    if not parts:
        message = "A village's geometry is not a polygon."
        raise BoundaryFileError(message)
    return shapely.normalize(shapely.MultiPolygon(parts))


def _to_geos(geometry: Any) -> GeosMultiPolygon:
    geos = GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=4326)
    return cast("GeosMultiPolygon", geos)


def _frame(points: Any, area_km2: float) -> Any:
    """Return a hull around *points* with as much area as the villages have."""
    hull = shapely.concave_hull(shapely.union_all(points), ratio=0.2)
    low_deg, high_deg = 0.0, 1.0
    for _step in range(30):
        margin_deg = (low_deg + high_deg) / 2
        frame = shapely.buffer(hull, margin_deg)
        if frame.area * KM2_PER_DEG2 < area_km2:
            low_deg = margin_deg
        else:
            high_deg = margin_deg
    # At least as far as the squares of one village reach around its point.
    return shapely.union(frame, shapely.union_all(shapely.buffer(points, 0.01)))


def _approximate_boundaries() -> None:
    """Give villages without a boundary their Voronoi cell, marked as such.

    Where other villages have real boundaries, the cells keep out of them.
    """
    villages = list(Village.objects.order_by("code"))
    points = shapely.points([(v.point.x, v.point.y) for v in villages])
    frame = _frame(points, sum(village.area_km2 for village in villages))
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    )
    tree = shapely.STRtree(cells)
    cell_of, point_of = tree.query(points, predicate="intersects")[::-1]
    taken = [
        shapely.from_wkb(bytes(v.boundary.wkb))
        for v in villages
        if v.boundary is not None
    ]
    blocked = shapely.union_all(taken) if taken else None
    done = set()
    for cell, index in zip(cell_of, point_of, strict=True):
        village = villages[index]
        if village.boundary is not None or index in done:
            continue
        done.add(index)
        polygon = shapely.intersection(cells[cell], frame)
        if blocked is not None:
            polygon = shapely.difference(polygon, blocked)
        if polygon.is_empty:
            continue
        village.boundary = _to_geos(_repaired([polygon]))
        village.boundary_source = BoundarySource.APPROXIMATE
        village.save(update_fields=["boundary", "boundary_source"])


def _dissolve_districts() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE villages_district AS district
            SET boundary = dissolved.boundary, boundary_source = dissolved.source
            FROM (
                SELECT district_id, ST_Multi(ST_Union(boundary)) AS boundary,
                       CASE WHEN bool_and(boundary_source = 'official')
                            THEN 'official' ELSE 'approximate' END AS source
                FROM villages_village GROUP BY district_id
            ) AS dissolved
            WHERE dissolved.district_id = district.code
            """
        )


def _load_claims(fixtures: Path) -> int:
    files = {
        Claim.Kind.LISTED_BLANK: fixtures / "official_blank_spots.csv",
        Claim.Kind.STATEMENT: fixtures / "official_record.csv",
    }
    count = 0
    for kind, path in files.items():
        for row in _read_csv(path):
            Claim.objects.update_or_create(
                village_id=row["code"],
                kind=kind,
                stated_date=date.fromisoformat(row["stated_date"]),
                event=row["event"],
                defaults={
                    "status": row["status"],
                    "responsible": row["responsible"],
                    "source": row["source"],
                    "name_in_source": row["name_in_source"],
                    "note": row["note"],
                },
            )
            count += 1
    return count


def _load_office_internet(fixtures: Path) -> int:
    rows = _read_csv(fixtures / "office_internet.csv")
    for row in rows:
        OfficeInternet.objects.update_or_create(
            village_id=row["code"],
            stated_date=date.fromisoformat(row["stated_date"]),
            source=row["source"],
            defaults={
                "kinds": row["kinds"].split(),
                "status": row["status"],
                "note": row["note"],
            },
        )
    return len(rows)


def _load_aliases(fixtures: Path) -> int:
    """Add the names by which sources call villages to what the office has added."""
    names: dict[str, list[str]] = {}
    for row in _read_csv(fixtures / "village_aliases.csv"):
        names.setdefault(row["code"], []).append(row["alias"])
    for village in Village.objects.filter(code__in=names).only("code", "aliases"):
        missing = [n for n in names[village.code] if n not in village.aliases]
        if missing:
            village.aliases = [*village.aliases, *missing]
            village.save(update_fields=["aliases"])
    return sum(len(of_one) for of_one in names.values())


def _replace_villages_of_reports() -> None:
    """Find the village of each stored report anew, where boundaries moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE villages_signalreport AS report SET village_id = found.code,
                flags = CASE WHEN found.code IS NULL
                    THEN array_append(array_remove(flags, 'outside_regency'),
                                      'outside_regency')
                    ELSE array_remove(flags, 'outside_regency') END
            FROM (
                SELECT r.id, (
                    SELECT code FROM villages_village AS v
                    WHERE ST_Covers(v.boundary, r.point) ORDER BY code LIMIT 1
                ) AS code
                FROM villages_signalreport AS r
            ) AS found
            WHERE found.id = report.id AND found.code IS DISTINCT FROM report.village_id
            """
        )
        cursor.execute(
            "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), operators"
            " FROM (SELECT ST_Extent(point) AS box, array_agg(DISTINCT operator)"
            " AS operators FROM villages_signalreport) AS extent"
        )
        west, south, east, north, operators = cursor.fetchone()
    if SignalReport.objects.exists():
        leave_change(operators=operators, extent=(west, south, east, north))
