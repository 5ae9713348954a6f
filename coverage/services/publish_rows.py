"""The rows of a run: tiles, villages and places, where they came out different."""

from __future__ import annotations

import hashlib
from datetime import datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import ndimage

from coverage.core import grid
from coverage.core.classify import P_STEPS, State
from coverage.core.exposure import NOWHERE, areas_by_state
from coverage.core.law import Layer
from coverage.models import (
    CoverageRun,
    PlaceCoverage,
    PlaceState,
    SurfaceTile,
    VillageCoverage,
)
from coverage.selectors.regency import Regency
from coverage.selectors.tables import AREAS
from coverage.services.layers import LayerResult, pack, part_of, unpack, whole
from villages.selectors.people_places import PeoplePlace
from villages.selectors.used_reports import used_sql


def replace_tiles(
    run: CoverageRun, name: Layer, layer: LayerResult, part: Regency, *, is_whole: bool
) -> None:
    operator, service = name
    in_force = SurfaceTile.objects.filter(
        operator=operator, service=service, ended_run=None
    )
    if not is_whole:
        left, top, right, bottom = whole(part)
        in_force = in_force.filter(
            x__range=(left, right - 1), y__range=(top, bottom - 1)
        )
    rows = {(t.x, t.y): t for t in in_force.only("x", "y", "digest")}
    ended, fresh = [], []
    for x, y in part.tiles:
        where = grid.slice_in(part.window, x, y)
        if not (is_whole or layer.changed[where].any()):
            rows.pop((x, y), None)
            continue
        arrays: dict[str, NDArray] = {
            "state": layer.state[where],
            "mean_ddbm": layer.surface.mean_ddbm[where],
            "std_ddb": layer.surface.std_ddb[where],
            "p_blank": layer.surface.p_blank[where],
        }
        digest = hashlib.sha256()
        for array in arrays.values():
            digest.update(np.ascontiguousarray(array).tobytes())
        row = rows.pop((x, y), None)
        if row is not None:
            if row.digest == digest.hexdigest():
                continue
            ended.append(row.pk)
        fresh.append(
            SurfaceTile(
                first_run=run,
                operator=operator,
                service=service,
                x=x,
                y=y,
                digest=digest.hexdigest(),
                **{key: pack(array) for key, array in arrays.items()},
            )
        )
    # What is left has no square in the regency any more: its boundaries moved.
    ended += [row.pk for row in rows.values()]
    SurfaceTile.objects.filter(pk__in=ended).update(ended_run=run)
    SurfaceTile.objects.bulk_create(fresh)


def replace_village_coverage(
    run: CoverageRun,
    name: Layer,
    layer: LayerResult,
    part: Regency,
    places: Regency,
    counts: dict[str, int],
    *,
    is_whole: bool,
) -> None:
    operator, service = name
    in_force = {
        row.village_id: row
        for row in VillageCoverage.objects.filter(
            operator=operator, service=service, ended_run=None
        )
    }
    if is_whole:
        touched = np.ones(len(places.codes), bool)
        areas = areas_by_state(
            layer.state, places.owner, area_km2=places.area_km2, count=len(places.codes)
        )
    else:
        owners = part.owner[(layer.state != layer.previous_state)]
        touched = np.zeros(len(places.codes), bool)
        touched[owners[owners != NOWHERE]] = True
        touched |= [code not in in_force for code in places.codes]
        areas = _areas_of(name, touched, places)
    fresh, ended = [], []
    for index, code in enumerate(places.codes):
        old = in_force.pop(code, None)
        row = VillageCoverage(
            first_run=run,
            operator=operator,
            service=service,
            village_id=code,
            report_count=counts.get(code, 0),
        )
        if touched[index] or old is None:
            of_village = areas[index]
            row.covered_km2 = float(of_village[State.COVERED] + of_village[State.WEAK])
            row.weak_km2 = float(of_village[State.WEAK])
            row.likely_blank_km2 = float(of_village[State.LIKELY_BLANK])
            row.blank_km2 = float(of_village[State.BLANK])
            row.unknown_km2 = float(of_village[State.UNKNOWN])
        else:
            for key in AREAS:
                setattr(row, key, getattr(old, key))
        compared = (*AREAS, "report_count")
        if old and all(getattr(old, key) == getattr(row, key) for key in compared):
            continue
        fresh.append(row)
        if old:
            ended.append(old.pk)
    ended += [row.pk for row in in_force.values()]
    VillageCoverage.objects.filter(pk__in=ended).update(ended_run=run)
    VillageCoverage.objects.bulk_create(fresh)


def _areas_of(
    name: Layer, touched: NDArray[np.bool_], places: Regency
) -> NDArray[np.float64]:
    """Return the areas by state of the villages that are *touched*.

    Summed over their squares in the order in which those of the whole regency are,
    so that the sums are equal to the last bit.
    """
    if not touched.any():
        return np.zeros((len(places.codes), len(State)))
    boxes = ndimage.find_objects(places.owner + 1)
    mine = [boxes[i] for i in np.nonzero(touched)[0] if i < len(boxes) and boxes[i]]
    side = grid.TILE_SQUARES
    left, top, _, _ = whole(places)
    box = (
        left + min((columns.start for _, columns in mine), default=0) // side,
        top + min((rows.start for rows, _ in mine), default=0) // side,
        left + (max((columns.stop for _, columns in mine), default=1) - 1) // side + 1,
        top + (max((rows.stop for rows, _ in mine), default=1) - 1) // side + 1,
    )
    part = part_of(places, box)
    state = np.zeros(part.window.shape, np.uint8)
    operator, service = name
    # In force already: this run's where it replaced them.
    rows_in_force = SurfaceTile.objects.filter(
        operator=operator,
        service=service,
        ended_run=None,
        x__range=(box[0], box[2] - 1),
        y__range=(box[1], box[3] - 1),
    ).only("x", "y", "state")
    for row in rows_in_force:
        state[grid.slice_in(part.window, row.x, row.y)] = unpack(row.state, np.uint8)
    # One more at the end: the index of NOWHERE.
    is_mine = np.r_[touched, False][part.owner]
    return areas_by_state(
        state,
        np.where(is_mine, part.owner, NOWHERE).astype(np.int16),
        area_km2=part.area_km2,
        count=len(places.codes),
    )


STATE_OF = {
    State.OUTSIDE: PlaceState.UNKNOWN,
    State.UNKNOWN: PlaceState.UNKNOWN,
    State.COVERED: PlaceState.COVERED,
    State.WEAK: PlaceState.WEAK,
    State.LIKELY_BLANK: PlaceState.LIKELY_BLANK,
    State.BLANK: PlaceState.BLANK,
}


def replace_place_coverage(
    run: CoverageRun,
    name: Layer,
    layer: LayerResult,
    part: Regency,
    places: list[PeoplePlace],
    *,
    is_whole: bool,
) -> None:
    """Write in which square, and so in which state, each place of people lies.

    In a run of changes places outside *part* stay as they are.
    """
    operator, service = name
    in_force = {
        (row.village_id, row.settlement_id, row.facility_id): row
        for row in PlaceCoverage.objects.filter(
            operator=operator, service=service, ended_run=None
        )
    }
    column, row_at = grid.position_of(
        np.array([place.lon for place in places], float),
        np.array([place.lat for place in places], float),
    )
    columns = np.floor(column).astype(int) - part.window.column
    rows = np.floor(row_at).astype(int) - part.window.row
    height, width = part.window.shape
    is_inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    fresh, ended = [], []
    for place, is_in, row, column in zip(places, is_inside, rows, columns, strict=True):
        old = in_force.pop(place.key, None)
        if not (is_in or is_whole or old is None):
            continue
        mark = State(layer.state[row, column]) if is_in else State.OUTSIDE
        state = STATE_OF[mark]
        p_blank = None
        if state != PlaceState.UNKNOWN:
            p_blank = min(float(layer.surface.p_blank[row, column]) / P_STEPS, 1.0)
        if old and (old.state, old.p_blank) == (state, p_blank):
            continue
        village, settlement, facility = place.key
        fresh.append(
            PlaceCoverage(
                first_run=run,
                operator=operator,
                service=service,
                village_id=village,
                settlement_id=settlement,
                facility_id=facility,
                state=state,
                p_blank=p_blank,
            )
        )
        if old:
            ended.append(old.pk)
    # Villages that have settlements now, and places that moved to another village.
    ended += [row.pk for row in in_force.values()]
    PlaceCoverage.objects.filter(pk__in=ended).update(ended_run=run)
    PlaceCoverage.objects.bulk_create(fresh)


def reports_by_village(operator: str, as_of: datetime | None = None) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT village_id, count(*) FROM villages_signalreport"
            f" WHERE village_id IS NOT NULL AND {used_sql(as_of=as_of)}"
            " AND %s IN ('ANY', operator) GROUP BY village_id",
            [operator],
        )
        return dict(cursor.fetchall())


def map_checksum() -> str:
    """Return the SHA-256 of all surfaces in force, the same for the same map."""
    digest = hashlib.sha256()
    rows = SurfaceTile.objects.filter(ended_run=None).order_by(
        "operator", "service", "x", "y"
    )
    for row in rows.values_list("operator", "service", "x", "y", "digest"):
        digest.update("/".join(map(str, row)).encode())
    return digest.hexdigest()
