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
from coverage.core.parallel import Layer
from coverage.models import ANY_OPERATOR, CoverageRun, SurfaceTile
from coverage.selectors import Regency

Tile = tuple[int, int]
# Left and top tile, and the ones behind the last.
TileBox = tuple[int, int, int, int]


class Change(Protocol):
    """What ReportChange and LateChange have in common."""

    operators: list[str]
    extent: Any


@dataclass
class LayerResult:
    """One layer on its way to publication, over a part of the regency's window."""

    surface: Surface
    # Before small patches are sieved out, and after.
    raw_state: NDArray[np.uint8]
    state: NDArray[np.uint8]
    previous: Surface
    previous_state: NDArray[np.uint8]
    # Squares whose blank spots are to be made anew.
    changed: NDArray[np.bool_]


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
    return LayerResult(
        surface, previous_state, previous_state, previous, previous_state, nothing
    )


def finish(
    layer: LayerResult, service: str, places: Regency, rules: StateRules
) -> None:
    """Derive the states, and which squares differ from what was published."""
    state = classify(layer.surface, threshold_dbm=THRESHOLD_DBM[service], rules=rules)
    state[places.owner == NOWHERE] = State.OUTSIDE
    layer.raw_state = state
    layer.state = sieve(state, area_km2=places.area_km2, rules=rules)
    layer.changed = (
        (layer.surface.p_blank != layer.previous.p_blank)
        | (layer.surface.mean_ddbm != layer.previous.mean_ddbm)
        | (layer.surface.std_ddb != layer.previous.std_ddb)
        | (layer.state != layer.previous_state)
    )


def mark_evidence(
    name: Layer, layer: LayerResult, places: Regency, changes: Sequence[Change]
) -> None:
    """Mark also the squares whose evidence changed, though their state did not."""
    height, width = places.window.shape
    for change in changes:
        if name[0] not in (ANY_OPERATOR, *change.operators):
            continue
        west, south, east, north = change.extent.extent
        column, row = grid.position_of(np.array([west, east]), np.array([north, south]))
        left, right = np.floor(column).astype(int) - places.window.column
        top, bottom = np.floor(row).astype(int) - places.window.row
        layer.changed[
            min(max(top, 0), height) : max(bottom + 1, 0),
            min(max(left, 0), width) : max(right + 1, 0),
        ] = True


def box_that_holds_patches(
    box: TileBox, layers: Iterable[LayerResult], places: Regency
) -> TileBox:
    """Return *box*, widened on each side where a patch may reach over its edge.

    A patch that crosses an edge has a square in the outermost row or column, before
    or after; the edge of the regency's window is crossed by none.
    """
    left, top, right, bottom = box
    most = whole(places)
    for layer in layers:
        marked = (layer.raw_state >= State.LIKELY_BLANK) | (
            layer.previous_state >= State.LIKELY_BLANK
        )
        if marked[:, 0].any():
            left = max(box[0] - 1, most[0])
        if marked[0].any():
            top = max(box[1] - 1, most[1])
        if marked[:, -1].any():
            right = min(box[2] + 1, most[2])
        if marked[-1].any():
            bottom = min(box[3] + 1, most[3])
    return left, top, right, bottom
