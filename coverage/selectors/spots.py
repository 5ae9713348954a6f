"""One blank spot: what it is, who is in it, and what became of it run by run."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Max
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.classify import State
from coverage.core.polygons import label_patches
from coverage.models import (
    BlankSpot,
    CoverageRun,
    LayerOperator,
    Service,
    SpotState,
    SurfaceTile,
)
from villages.models import Facility, Settlement, Site

MARKS = {
    SpotState.BLANK.value: State.BLANK,
    SpotState.LIKELY_BLANK.value: State.LIKELY_BLANK,
}
# Of a list in one blank spot; a page that lists more is not read.
MOST_PLACES = 300
SIDE = grid.TILE_SQUARES


@dataclass(frozen=True)
class SpotRecord:
    """A blank spot as a run had it last, and the rows of all runs, oldest first.

    ``run`` is the newest published run that it is in; ``ended_run`` the first one
    without it, None while it is in force.
    """

    spot: BlankSpot
    run: CoverageRun
    ended_run: CoverageRun | None
    history: list[BlankSpot]


def spot_record(identity: UUID) -> SpotRecord | None:
    """Return what is known of the blank spot *identity*, None where it never was."""
    rows = list(
        BlankSpot.objects.filter(identity=identity)
        .defer("polygon", "outline")
        .select_related("first_run", "ended_run")
        .order_by("first_run_id")
    )
    if not rows:
        return None
    spot = rows[-1]
    published = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
    if spot.ended_run_id is not None:
        published = published.filter(pk__lt=spot.ended_run_id)
    # The run that began it may have been thinned out since; its row stays.
    last = published.aggregate(last=Max("pk"))["last"]
    run = published.filter(pk=last).first() or spot.first_run
    return SpotRecord(spot=spot, run=run, ended_run=spot.ended_run, history=rows)


def layers_within(
    spot: BlankSpot, run: CoverageRun
) -> dict[tuple[str, str], dict[str, float]]:
    """Return for each layer of *run* the areas by state of the squares of *spot*.

    In km², by (operator, service); weak is inside covered, as everywhere.
    """
    extent = spot.polygon.extent
    tiles = list(grid.tiles_over(extent))
    window = grid.window_of_tiles(tiles)
    rows = SurfaceTile.objects.of_run(run.pk).filter(
        x__in={x for x, _y in tiles}, y__in={y for _x, y in tiles}
    )
    states: dict[tuple[str, str], NDArray[np.uint8]] = {}
    for operator, service, x, y, packed in rows.values_list(
        "operator", "service", "x", "y", "state"
    ):
        layer = states.setdefault((operator, service), np.zeros(window.shape, np.uint8))
        flat = np.frombuffer(zlib.decompress(packed), np.uint8)
        layer[grid.slice_in(window, x, y)] = flat.reshape(SIDE, SIDE)
    own = states.get((spot.operator, spot.service))
    row, column = spot.anchor_row - window.row, spot.anchor_column - window.column
    if own is None or not (0 <= row < window.height and 0 <= column < window.width):
        return {}
    labels, _patches = label_patches(own == MARKS[spot.state])
    if not labels[row, column]:
        return {}
    inside = labels == labels[row, column]
    area_km2 = grid.square_areas_km2(window.row + np.nonzero(inside)[0])
    found = {}
    order = [(o, s) for s in Service.values for o in LayerOperator.values]
    for layer_name in order:
        if layer_name not in states:
            continue
        areas = np.bincount(
            states[layer_name][inside], weights=area_km2, minlength=len(State)
        )
        found[layer_name] = {
            "covered_km2": float(areas[State.COVERED] + areas[State.WEAK]),
            "weak_km2": float(areas[State.WEAK]),
            "likely_blank_km2": float(areas[State.LIKELY_BLANK]),
            "blank_km2": float(areas[State.BLANK]),
            "unknown_km2": float(areas[State.UNKNOWN]),
        }
    return found


def settlements_within(spot: BlankSpot) -> list[Settlement]:
    return list(
        Settlement.objects.filter(point__coveredby=spot.polygon)
        .select_related("village")
        .defer("village__boundary")
        .order_by("village__name", "name")[:MOST_PLACES]
    )


def facilities_within(spot: BlankSpot) -> list[Facility]:
    return list(
        Facility.objects.filter(point__coveredby=spot.polygon)
        .select_related("village")
        .defer("village__boundary")
        .order_by("kind", "village__name", "name")[:MOST_PLACES]
    )


def nearest_site(spot: BlankSpot) -> tuple[Site, float] | None:
    """Return the site nearest to *spot*'s edge and how far it is in metres."""
    with connection.cursor() as cursor:
        # Candidates by degrees, which at the equator order nearly as metres do.
        cursor.execute(
            "SELECT id, ST_Distance(point::geography, spot.polygon::geography) AS m"
            " FROM (SELECT id, point FROM villages_site ORDER BY point <->"
            "       (SELECT polygon FROM coverage_blankspot WHERE id = %(spot)s)"
            "       LIMIT 5) AS near,"
            " (SELECT polygon FROM coverage_blankspot WHERE id = %(spot)s) AS spot"
            " ORDER BY m, id LIMIT 1",
            {"spot": spot.pk},
        )
        row = cursor.fetchone()
    return None if row is None else (Site.objects.get(pk=row[0]), float(row[1]))


# Drawn a few hundred pixels wide, nobody sees more of a boundary than this.
_AROUND = """
SELECT v.code, v.name, v.boundary_source,
       ST_AsBinary(ST_ClipByBox2D(ST_SimplifyPreserveTopology(v.boundary, %(fine)s), b))
FROM villages_village AS v, ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) AS b
WHERE v.boundary && b ORDER BY v.code
"""


def villages_around(
    extent: tuple[float, float, float, float], *, fine_deg: float
) -> list[tuple[str, str, str, bytes]]:
    """Return villages in *extent* (degrees): code, name, source and clipped WKB."""
    west, south, east, north = extent
    with connection.cursor() as cursor:
        cursor.execute(
            _AROUND,
            {"w": west, "s": south, "e": east, "n": north, "fine": fine_deg},
        )
        rows: list[Any] = cursor.fetchall()
    return [(code, name, source, bytes(wkb)) for code, name, source, wkb in rows if wkb]
