"""Every read of the coverage app that is used twice or needs a join."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.db.models import Min
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.evidence import ENVIRONMENT_WEIGHT
from coverage.core.exposure import NOWHERE, areas_by_state, assign_squares
from coverage.core.grid import Window
from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from villages.models import Claim, Found, Technology, Village
from villages.models.reports import Internet
from villages.selectors.used_reports import used_sql, weight_sql


def current_run() -> CoverageRun | None:
    return CoverageRun.objects.filter(is_current=True).first()


# --- the regency on the grid ---------------------------------------------------


@dataclass(frozen=True)
class Regency:
    """The villages as squares of the grid.

    ``owner`` has, for each square of ``window``, the index into ``codes`` of the
    village that holds its centre; ``tiles`` are those with at least one square.
    ``village_km2`` is the area of each village's squares, wherever they lie.
    """

    fingerprint: str
    window: Window
    codes: list[str]
    districts: list[str]
    owner: NDArray[np.int16]
    area_km2: NDArray[np.float64]
    village_km2: NDArray[np.float64]
    tiles: list[tuple[int, int]]


def regency() -> Regency | None:
    """Return the villages as squares, or None while none has a boundary."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg(code || md5(ST_AsBinary(boundary)), ''"
            " ORDER BY code)) FROM villages_village WHERE boundary IS NOT NULL"
        )
        fingerprint = cursor.fetchone()[0]
    return None if fingerprint is None else _regency(fingerprint)


# Painting the villages takes a second or two; they change once in years.
@lru_cache(maxsize=1)
def _regency(fingerprint: str) -> Regency:
    villages = list(Village.objects.exclude(boundary=None).order_by("code"))
    polygons = shapely.from_wkb([bytes(v.boundary.wkb) for v in villages if v.boundary])
    west, south, east, north = (float(v) for v in shapely.total_bounds(polygons))
    extent = (west, south, east, north)
    window = grid.window_of_tiles(list(grid.tiles_over(extent)))
    owner = assign_squares(polygons, window)
    tiles = [
        (x, y)
        for x, y in grid.tiles_over(extent)
        if (owner[grid.slice_in(window, x, y)] != NOWHERE).any()
    ]
    area_km2 = grid.square_areas_km2(window.row + np.arange(window.height))
    nothing = np.zeros(owner.shape, np.uint8)
    by_state = areas_by_state(nothing, owner, area_km2=area_km2, count=len(villages))
    return Regency(
        fingerprint=fingerprint,
        window=window,
        codes=[v.code for v in villages],
        districts=[v.district_id for v in villages],
        owner=owner,
        area_km2=area_km2,
        village_km2=by_state.sum(axis=1),
        tiles=tiles,
    )


def district_tiles(nearest: int) -> dict[str, list[tuple[int, int]]]:
    """Return the tiles (x, y) of zoom *nearest* with a square of each district.

    *nearest* is at most the grid's own zoom. Without boundaries there are none.
    """
    here = regency()
    if here is None:
        return {}
    found: dict[str, set[tuple[int, int]]] = {}
    levels = grid.ZOOM - nearest
    for x, y in here.tiles:
        owners = np.unique(here.owner[grid.slice_in(here.window, x, y)])
        for owner in owners[owners != NOWHERE]:
            tiles = found.setdefault(here.districts[owner], set())
            tiles.add((x >> levels, y >> levels))
    return {code: sorted(tiles) for code, tiles in found.items()}


# --- reports as arrays ---------------------------------------------------------


@dataclass(frozen=True)
class ReportArrays:
    """Reports of one operator that count for the map: n in each array."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    found: NDArray[np.str_]
    technology: NDArray[np.str_]
    internet: NDArray[np.str_]
    rsrp_dbm: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    age_days: NDArray[np.float64]
    weight: NDArray[np.float64]
    visit: NDArray[np.int64]
    is_demo: bool

    def __len__(self) -> int:
        return len(self.lon)


# Reports travel as PostgreSQL's binary COPY: every column of one width and never
# null, so that all rows are one array (two-byte count of columns, then for each
# column four bytes of length and the value, big-endian).
_COLUMNS = {
    "lon": ">f8",
    "lat": ">f8",
    "found": ">i2",
    "technology": ">i2",
    "internet": ">i2",
    "rsrp_dbm": ">f8",
    "accuracy_m": ">f8",
    "age_days": ">f8",
    "environment": ">i2",
    "weight": ">f8",
    "visit": ">i8",
    "is_demo": "?",
}
_ROW = np.dtype(
    [("columns", ">i2")]
    + [
        field
        for name, kind in _COLUMNS.items()
        for field in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
# An 11-byte signature, flags, the length of an extension that is empty; at the end -1.
_COPY_HEAD, _COPY_TAIL = 19, 2

# A visit is one person, phone or file within one hour: rows of one visit are not
# independent evidence.
_REPORTS = """
COPY (
SELECT ST_X(point), ST_Y(point),
       array_position(%(found)s::varchar[], found)::int2,
       array_position(%(technology)s::varchar[], technology)::int2,
       array_position(%(internet)s::varchar[], internet)::int2,
       coalesce(rsrp_dbm, 'NaN'), coalesce(accuracy_m, 'NaN'),
       GREATEST(0, EXTRACT(EPOCH FROM %(cutoff)s - observed_at) / 86400)::float8,
       array_position(%(environment)s::varchar[], environment)::int2,
       {weight},
       hashtextextended(
           concat_ws('/', reported_by_id, batch_id, device_model,
                     floor(EXTRACT(EPOCH FROM observed_at) / 3600)), 0),
       is_demo
FROM villages_signalreport
WHERE operator = %(operator)s AND {is_used}
  AND (%(west)s::float8 IS NULL OR point && ST_MakeEnvelope(
        %(west)s, %(south)s, %(east)s, %(north)s, 4326))
) TO STDOUT (FORMAT binary)
"""


def report_arrays(
    *,
    operator: str,
    cutoff: datetime,
    extent: tuple[float, float, float, float] | None = None,
) -> ReportArrays:
    """Return *operator*'s reports, all or those within *extent* (degrees)."""
    west, south, east, north = extent or (None, None, None, None)
    environments = list(ENVIRONMENT_WEIGHT)
    copied = BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(
            _REPORTS.format(is_used=used_sql(), weight=weight_sql()),
            {
                "cutoff": cutoff,
                "operator": operator,
                "found": Found.values,
                "technology": Technology.values,
                "internet": Internet.values,
                "environment": environments,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
            },
        )
        cursor.copy_expert(statement, copied)
    rows = np.frombuffer(copied.getbuffer()[_COPY_HEAD:-_COPY_TAIL], _ROW)
    # array_position counts from one.
    return ReportArrays(
        lon=rows["lon"].astype(float),
        lat=rows["lat"].astype(float),
        found=np.array(Found.values)[rows["found"] - 1],
        technology=np.array(Technology.values)[rows["technology"] - 1],
        internet=np.array(Internet.values)[rows["internet"] - 1],
        rsrp_dbm=rows["rsrp_dbm"].astype(float),
        accuracy_m=rows["accuracy_m"].astype(float),
        age_days=rows["age_days"].astype(float),
        weight=np.array([ENVIRONMENT_WEIGHT[e] for e in environments], float)[
            rows["environment"] - 1
        ]
        * rows["weight"],
        visit=rows["visit"].astype(np.int64),
        is_demo=bool(rows["is_demo"].any()),
    )


# --- tables --------------------------------------------------------------------

AREAS = ("covered_km2", "weak_km2", "likely_blank_km2", "blank_km2", "unknown_km2")


def village_table(
    run: CoverageRun, operator: str, service: str
) -> list[dict[str, Any]]:
    """Return every village with its areas by state, by district and name."""
    rows = (
        VillageCoverage.objects.of_run(run.pk)
        .filter(operator=operator, service=service)
        .values("village_id", "report_count", *AREAS)
    )
    areas = {row["village_id"]: row for row in rows}
    nothing = dict.fromkeys((*AREAS, "report_count"), 0)
    listed = listed_years()
    return [
        {
            "code": v.code,
            "name": v.name,
            "kind": v.kind,
            "district_code": v.district_id,
            "district": v.district.name,
            "area_km2": v.area_km2,
            "listed_year": listed.get(v.code),
            **nothing,
            **{k: x for k, x in areas.get(v.code, {}).items() if k != "village_id"},
        }
        for v in Village.objects.select_related("district")
        .defer("boundary", "district__boundary")
        .order_by("district__name", "name")
    ]


def village_layers(run: CoverageRun, village: Village) -> list[dict[str, Any]]:
    """Return one village's areas by state for each layer of *run*."""
    return list(
        VillageCoverage.objects.of_run(run.pk)
        .filter(village=village)
        .order_by("service", "operator")
        .values("operator", "service", "report_count", *AREAS)
    )


def blank_spot_table(
    run: CoverageRun, operator: str, service: str, village: str | None = None
) -> list[dict[str, Any]]:
    """Return the blank spots of a layer, largest first, with a point inside."""
    spots = BlankSpot.objects.of_run(run.pk).filter(operator=operator, service=service)
    if village is not None:
        spots = spots.filter(villages__contains=[village])
    names = dict(Village.objects.values_list("code", "name"))
    table = []
    for spot in spots.order_by("-area_km2", "identity"):
        inside = spot.polygon.point_on_surface
        table.append(
            {
                "identity": spot.identity,
                "state": spot.state,
                "area_km2": spot.area_km2,
                "confidence": spot.confidence,
                "confidence_std": spot.confidence_std,
                "report_count": spot.report_count,
                "reporter_count": spot.reporter_count,
                "newest_report_at": spot.newest_report_at,
                "oldest_report_at": spot.oldest_report_at,
                "villages": [
                    {"code": code, "name": names.get(code, code)}
                    for code in spot.villages
                ],
                "settlement_count": spot.settlement_count,
                "facility_count": spot.facility_count,
                "people": spot.people,
                "is_demo": spot.is_demo,
                "lon": inside.x,
                "lat": inside.y,
            }
        )
    return table


def listed_years() -> dict[str, int]:
    """Return for each listed village the year it first stood on the official list."""
    return {
        row["village_id"]: row["first"].year
        for row in Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)
        .values("village_id")
        .annotate(first=Min("stated_date"))
    }
