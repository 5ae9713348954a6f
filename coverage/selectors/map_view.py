"""What is drawn within a frame of paper: outlines as SVG paths, places as points.

PostGIS clips, thins and writes the paths, in millimetres from the frame's upper left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.gis.db.models import Extent as ExtentOf
from django.contrib.gis.geos import Polygon
from django.db import connection

from coverage.core.frame import Extent, Frame
from coverage.core.grid import SEMI_MAJOR_M, WORLD_SQUARES
from coverage.models import BlankSpot, CoverageRun
from villages.models import Claim, District, Facility, Settlement, Village

# Finer than a printer's dot.
THINNED_TO_MM = 0.08
DIGITS = 2
# Lines reach this far out of the frame, so that its edge is not drawn as one.
BEYOND_MM = 2.0
MOST_POINTS = 4000

_HALF_WORLD_M = 3.141592653589793 * SEMI_MAJOR_M
_METRES_PER_SQUARE = 2 * _HALF_WORLD_M / WORLD_SQUARES


def _paper(frame: Frame) -> dict[str, float]:
    """Return the frame in metres of EPSG:3857, for the SQL below."""
    metres_per_mm = frame.squares_per_mm * _METRES_PER_SQUARE
    west = frame.column * _METRES_PER_SQUARE - _HALF_WORLD_M
    north = _HALF_WORLD_M - frame.row * _METRES_PER_SQUARE
    beyond = BEYOND_MM * metres_per_mm
    return {
        "west": west - beyond,
        "north": north + beyond,
        "east": west + frame.width_mm * metres_per_mm + beyond,
        "south": north - frame.height_mm * metres_per_mm - beyond,
        "left": -west,
        "top": -north,
        "mm_per_metre": 1 / metres_per_mm,
        "thinned": THINNED_TO_MM * metres_per_mm,
        "digits": DIGITS,
    }


# ST_AsSVG turns north up into down by itself.
_PATH = """
ST_AsSVG(
  ST_TransScale(
    ST_Simplify(
      ST_ClipByBox2D(
        ST_Transform({geometry}, 3857),
        ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 3857)::box2d
      ),
      %(thinned)s, true
    ),
    %(left)s, %(top)s, %(mm_per_metre)s, %(mm_per_metre)s
  ),
  1, %(digits)s
)
"""
_TOUCHES = """
{geometry} && ST_Transform(
  ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 3857), 4326)
"""


def _paths(
    frame: Frame, select: str, geometry: str, *, drawn: str = "", **parameters: Any
) -> list[tuple[Any, ...]]:
    """Run *select* with {path} and {touches} filled in; rows without a path go."""
    sql = select.format(
        path=_PATH.format(geometry=drawn or geometry),
        touches=_TOUCHES.format(geometry=geometry),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_paper(frame), **parameters})
        return [row for row in cursor.fetchall() if row[0]]


def district_paths(frame: Frame) -> list[dict[str, Any]]:
    rows = _paths(
        frame,
        "SELECT {path}, code, name, boundary_source = 'approximate',"
        " ST_X(p), ST_Y(p) FROM villages_district,"
        " LATERAL ST_PointOnSurface(boundary) p WHERE {touches} ORDER BY code",
        "boundary",
    )
    return [_boundary(row) for row in rows]


def village_paths(frame: Frame) -> list[dict[str, Any]]:
    rows = _paths(
        frame,
        "SELECT {path}, code, name, boundary_source = 'approximate',"
        " ST_X(point), ST_Y(point) FROM villages_village WHERE {touches} ORDER BY code",
        "boundary",
    )
    return [_boundary(row) for row in rows]


def _boundary(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("path", "code", "name", "is_approximate", "lon", "lat")
    return dict(zip(names, row, strict=True))


def spot_paths(
    run: CoverageRun,
    operator: str,
    service: str,
    frame: Frame,
    *,
    district: str | None = None,
    village: str | None = None,
    least_km2: float = 0.0,
    least_confidence: float = 0.0,
    has_demo: bool = True,
) -> list[dict[str, Any]]:
    """Return the blank spots within *frame*, largest first."""
    rows = _paths(
        frame,
        """
        SELECT {path}, identity, state, confidence, area_km2, is_demo, people
        FROM coverage_blankspot
        WHERE first_run_id <= %(run)s
          AND (ended_run_id IS NULL OR ended_run_id > %(run)s)
          AND operator = %(operator)s AND service = %(service)s
          AND area_km2 >= %(least_km2)s AND confidence >= %(least_confidence)s
          AND (%(district)s::text IS NULL OR %(district)s = ANY(districts))
          AND (%(village)s::text IS NULL OR %(village)s = ANY(villages))
          AND (%(has_demo)s OR NOT is_demo)
          AND {touches}
        ORDER BY area_km2 DESC, identity
        """,
        # The exact polygon has the index; the outline is what is drawn.
        "polygon",
        drawn="outline",
        run=run.pk,
        operator=operator,
        service=service,
        least_km2=least_km2,
        least_confidence=least_confidence,
        district=district,
        village=village,
        has_demo=has_demo,
    )
    names = ("path", "identity", "state", "confidence", "area_km2", "is_demo", "people")
    return [dict(zip(names, row, strict=True)) for row in rows]


def listed_points(frame: Frame) -> list[tuple[float, float]]:
    """Return where the villages on the official list are: mm on the sheet."""
    rows = (
        Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)
        .values_list("village__point", flat=True)
        .distinct()
    )
    return _on_sheet(frame, rows)


def settlement_points(frame: Frame) -> list[tuple[float, float]]:
    rows = Settlement.objects.filter(point__within=_box(frame))
    return _on_sheet(frame, rows.values_list("point", flat=True)[:MOST_POINTS])


def facility_points(frame: Frame) -> list[tuple[float, float]]:
    rows = Facility.objects.filter(point__within=_box(frame))
    return _on_sheet(frame, rows.values_list("point", flat=True)[:MOST_POINTS])


def _box(frame: Frame) -> Any:
    box = Polygon.from_bbox(frame.extent)
    box.srid = 4326
    return box


def _on_sheet(frame: Frame, points: Iterable[Any]) -> list[tuple[float, float]]:
    placed = [frame.place(point.x, point.y) for point in points if point]
    return [(x, y) for x, y in placed if frame.holds(x, y)]


def extent_of(
    *, village: str | None = None, district: str | None = None
) -> Extent | None:
    """Return the extent of a village or district, of the regency when neither is named.

    None where it has no boundary.
    """
    if village:
        rows = Village.objects.filter(code=village).aggregate(e=ExtentOf("boundary"))
    elif district:
        rows = District.objects.filter(code=district).aggregate(e=ExtentOf("boundary"))
    else:
        rows = District.objects.aggregate(e=ExtentOf("boundary"))
    found: Extent | None = rows["e"]
    return found


def spot_in(run: CoverageRun, identity: Any) -> BlankSpot | None:
    return BlankSpot.objects.of_run(run.pk).filter(identity=identity).first()


def place_path(
    frame: Frame, *, village: str | None, district: str | None
) -> str | None:
    """Return the outline of the village or district that a sheet is about."""
    code = village or district
    if not code:
        return None
    select = (
        "SELECT {path} FROM villages_village WHERE code = %(code)s AND {touches}"
        if village
        else "SELECT {path} FROM villages_district WHERE code = %(code)s AND {touches}"
    )
    rows = _paths(frame, select, "boundary", code=code)
    return str(rows[0][0]) if rows else None


def spot_path(frame: Frame, run: CoverageRun, identity: Any) -> str | None:
    rows = _paths(
        frame,
        "SELECT {path} FROM coverage_blankspot WHERE identity = %(identity)s"
        " AND first_run_id <= %(run)s"
        " AND (ended_run_id IS NULL OR ended_run_id > %(run)s)"
        " AND {touches}",
        "polygon",
        drawn="outline",
        identity=identity,
        run=run.pk,
    )
    return str(rows[0][0]) if rows else None
