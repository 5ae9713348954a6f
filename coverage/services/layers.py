"""One layer of the map on its way from what was published to what will be.

Everything here works on a part of the regency, whole tiles wide: for a full run all
of it, for a run of changes what the changes can reach.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.classify import (
    UNKNOWN_P,
    State,
    StateRules,
    Surface,
    classify,
    sieve,
)
from coverage.core.evidence import THRESHOLD_DBM
from coverage.core.exposure import NOWHERE
from coverage.core.law import Layer
from coverage.models import ANY_OPERATOR, CoverageRun, SurfaceTile
from coverage.selectors.regency import Regency

Tile = tuple[int, int]
# Left and top tile, and the ones behind the last.
TileBox = tuple[int, int, int, int]
# Rows and columns of squares.
Box = tuple[slice, slice]

# A box grows by this many squares at a time: small beside a tile, and few steps.
STEP_SQUARES = 16


class Change(Protocol):
    """What ReportChange and LateChange have in common."""

    operators: list[str]
    extent: Any


@dataclass
class LayerResult:
    """One layer on its way to publication, over a part of the regency's window."""

    surface: Surface
    state: NDArray[np.uint8]
    previous: Surface
    previous_state: NDArray[np.uint8]
    # Squares whose blank spots are to be made anew, and a box that holds every patch
    # that touches them, before and after; None where there is nothing to do.
    changed: NDArray[np.bool_]
    box: Box | None = None


def whole(places: Regency) -> TileBox:
    window, side = places.window, grid.TILE_SQUARES
    return (
        window.column // side,
        window.row // side,
        (window.column + window.width) // side,
        (window.row + window.height) // side,
    )


def box_of(tiles: Iterable[Tile]) -> TileBox:
    columns, rows = zip(*tiles, strict=True)
    return min(columns), min(rows), max(columns) + 1, max(rows) + 1


def box_around(box: TileBox, places: Regency) -> TileBox:
    """Return *box* widened by a tile on each side, within the regency's window."""
    left, top, right, bottom = whole(places)
    return (
        max(box[0] - 1, left),
        max(box[1] - 1, top),
        min(box[2] + 1, right),
        min(box[3] + 1, bottom),
    )


def part_of(places: Regency, box: TileBox) -> Regency:
    """Return the villages over the tiles of *box* only."""
    left, top, right, bottom = box
    window = grid.window_of_tiles([(left, top), (right - 1, bottom - 1)])
    row, column = window.row - places.window.row, window.column - places.window.column
    rows = slice(row, row + window.height)
    columns = slice(column, column + window.width)
    return replace(
        places,
        window=window,
        owner=places.owner[rows, columns],
        area_km2=places.area_km2[rows],
        tiles=[
            (x, y) for x, y in places.tiles if left <= x < right and top <= y < bottom
        ],
    )


def unpack(packed: bytes | memoryview, dtype: Any) -> NDArray:
    """Return the array (256, 256) of a column of SurfaceTile or StagedTile."""
    side = grid.TILE_SQUARES
    return np.frombuffer(zlib.decompress(packed), dtype).reshape(side, side)


def pack(array: NDArray) -> bytes:
    """Return *array* as a column of SurfaceTile or StagedTile."""
    return zlib.compress(np.ascontiguousarray(array).tobytes(), 6)


def within_regency(tile: Surface, places: Regency, x: int, y: int) -> Surface:
    """Return *tile* with nothing in the squares of no village."""
    outside = places.owner[grid.slice_in(places.window, x, y)] == NOWHERE
    return Surface(
        np.where(outside, 0, tile.mean_ddbm).astype(np.int16),
        np.where(outside, 0, tile.std_ddb).astype(np.uint8),
        np.where(outside, UNKNOWN_P, tile.p_blank).astype(np.uint8),
    )


def empty_surface(shape: tuple[int, int]) -> Surface:
    return Surface(
        np.zeros(shape, np.int16),
        np.zeros(shape, np.uint8),
        np.full(shape, UNKNOWN_P, np.uint8),
    )


def lay_in(surface: Surface, tile: Surface, places: Regency, x: int, y: int) -> None:
    """Put *tile* where it belongs in *surface*, which is over *places*."""
    where = grid.slice_in(places.window, x, y)
    surface.mean_ddbm[where] = tile.mean_ddbm
    surface.std_ddb[where] = tile.std_ddb
    surface.p_blank[where] = tile.p_blank


def load_layer(
    layer: Layer, places: Regency, run: CoverageRun | None
) -> tuple[Surface, NDArray[np.uint8]]:
    """Return the published surface and states of *layer*, unknown where none is."""
    surface = empty_surface(places.window.shape)
    state = np.where(places.owner == NOWHERE, State.OUTSIDE, State.UNKNOWN).astype(
        np.uint8
    )
    if run is None:
        return surface, state
    left, top, right, bottom = whole(places)
    rows = SurfaceTile.objects.of_run(run.pk).filter(
        operator=layer[0],
        service=layer[1],
        x__range=(left, right - 1),
        y__range=(top, bottom - 1),
    )
    known = set(places.tiles)
    for row in rows:
        if (row.x, row.y) not in known:
            continue
        tile = Surface(
            unpack(row.mean_ddbm, np.int16),
            unpack(row.std_ddb, np.uint8),
            unpack(row.p_blank, np.uint8),
        )
        lay_in(surface, tile, places, row.x, row.y)
        state[grid.slice_in(places.window, row.x, row.y)] = unpack(row.state, np.uint8)
    return surface, state


def start_layer(
    layer: Layer, places: Regency, before: CoverageRun | None, *, is_anew: bool
) -> LayerResult:
    """Begin with what is published, or with nothing where all is made anew."""
    previous, previous_state = load_layer(layer, places, before)
    surface = (
        empty_surface(places.window.shape)
        if is_anew
        else Surface(
            previous.mean_ddbm.copy(), previous.std_ddb.copy(), previous.p_blank.copy()
        )
    )
    nothing = np.zeros(places.window.shape, bool)
    return LayerResult(surface, previous_state, previous, previous_state, nothing)


def finish_whole(
    layer: LayerResult, service: str, places: Regency, rules: StateRules
) -> None:
    """Derive the states of a layer that was made anew; all its blank spots are too."""
    state = _raw_state(layer.surface, service, places, rules)
    layer.state = sieve(state, area_km2=places.area_km2, rules=rules)
    layer.changed[:] = True
    layer.box = (slice(0, state.shape[0]), slice(0, state.shape[1]))


def finish_part(
    name: Layer,
    layer: LayerResult,
    part: Regency,
    places: Regency,
    rules: StateRules,
    changes: Sequence[Change],
) -> bool:
    """Derive the states around what differs from what was published.

    Patches of squares are only looked at where one of them changed; the others are
    what they were. Returns False when one of them reaches out of *part*: then *part*
    is too small.
    """
    layer.changed = (
        (layer.surface.p_blank != layer.previous.p_blank)
        | (layer.surface.mean_ddbm != layer.previous.mean_ddbm)
        | (layer.surface.std_ddb != layer.previous.std_ddb)
    )
    _mark_evidence(name, layer, part, changes)
    layer.state = layer.previous_state.copy()
    if not layer.changed.any():
        return True
    raw = _raw_state(layer.surface, name[1], part, rules)
    doubtful = (raw >= State.LIKELY_BLANK) | (
        _raw_state(layer.previous, name[1], part, rules) >= State.LIKELY_BLANK
    )
    layer.box, is_whole = _patches_around(layer.changed, doubtful, part, places)
    layer.state[layer.box] = sieve(
        raw[layer.box], area_km2=part.area_km2[layer.box[0]], rules=rules
    )
    layer.changed |= layer.state != layer.previous_state
    return is_whole


def _raw_state(
    surface: Surface, service: str, places: Regency, rules: StateRules
) -> NDArray[np.uint8]:
    state = classify(surface, threshold_dbm=THRESHOLD_DBM[service], rules=rules)
    state[places.owner == NOWHERE] = State.OUTSIDE
    return state


def _mark_evidence(
    name: Layer, layer: LayerResult, part: Regency, changes: Sequence[Change]
) -> None:
    """Mark also the squares whose evidence changed, though their state did not."""
    height, width = part.window.shape
    for change in changes:
        if name[0] not in (ANY_OPERATOR, *change.operators):
            continue
        west, south, east, north = change.extent.extent
        column, row = grid.position_of(np.array([west, east]), np.array([north, south]))
        left, right = np.floor(column).astype(int) - part.window.column
        top, bottom = np.floor(row).astype(int) - part.window.row
        layer.changed[
            min(max(top, 0), height) : max(bottom + 1, 0),
            min(max(left, 0), width) : max(right + 1, 0),
        ] = True


def _patches_around(
    changed: NDArray[np.bool_],
    doubtful: NDArray[np.bool_],
    part: Regency,
    places: Regency,
) -> tuple[Box, bool]:
    """Return a box around *changed* with no patch of *doubtful* at its edges.

    Also returns whether that can be said: not, where the box ends with *part* and the
    regency goes on.
    """
    height, width = changed.shape
    rows = np.nonzero(changed.any(axis=1))[0]
    columns = np.nonzero(changed.any(axis=0))[0]
    # By one for patches beside a change, by another for what lies beside those.
    top, bottom = max(rows[0] - 2, 0), min(rows[-1] + 3, height)
    left, right = max(columns[0] - 2, 0), min(columns[-1] + 3, width)

    is_growing = True
    while is_growing:
        is_growing = False
        across, down = slice(left, right), slice(top, bottom)
        # The frame stays clear, so that all that a patch touches is seen, corners too.
        if top > 0 and doubtful[top, across].any():
            top, is_growing = max(top - STEP_SQUARES, 0), True
        if bottom < height and doubtful[bottom - 1, across].any():
            bottom, is_growing = min(bottom + STEP_SQUARES, height), True
        if left > 0 and doubtful[down, left].any():
            left, is_growing = max(left - STEP_SQUARES, 0), True
        if right < width and doubtful[down, right - 1].any():
            right, is_growing = min(right + STEP_SQUARES, width), True
    mine, most = part.window, places.window
    is_whole = (
        (top > 0 or mine.row == most.row)
        and (left > 0 or mine.column == most.column)
        and (bottom < height or mine.row + height == most.row + most.height)
        and (right < width or mine.column + width == most.column + most.width)
    )
    return (slice(top, bottom), slice(left, right)), is_whole


def over_box(places: Regency, box: Box) -> Regency:
    """Return the villages over the squares of *box* only; its tiles are none."""
    rows, columns = box
    return replace(
        places,
        window=grid.Window(
            places.window.column + columns.start,
            places.window.row + rows.start,
            columns.stop - columns.start,
            rows.stop - rows.start,
        ),
        owner=places.owner[box],
        area_km2=places.area_km2[rows],
        tiles=[],
    )
