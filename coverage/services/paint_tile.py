"""Surface tiles as PNG: the states of a published run in their colours."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coverage.core.classify import State
from coverage.core.grid import TILE_SQUARES, ZOOM
from coverage.models import SurfaceTile
from coverage.services.layers import unpack
from coverage.web.palette import STATE_COLOURS

# Squares of a hatch: every eighth diagonal, two wide. Eight divides a tile's side, so
# that the lines meet from tile to tile.
HATCH_EVERY, HATCH_WIDTH = 8, 2
# The index of "drawn nothing", and of a hatch line, beside those of the states.
CLEAR, HATCH = 0, 1
MIN_ZOOM, MAX_ZOOM = 5, 16
PARTS = ("all", "known", "unknown")


# A tile of a run never changes, and the first zooms ask for every tile there is.
@lru_cache(maxsize=1024)
def paint_tile(
    run_id: int,
    operator: str,
    service: str,
    z: int,
    x: int,
    y: int,
    part: str = "all",
) -> bytes:
    """Return tile z/x/y of a layer as PNG, empty where the regency is not.

    *part* is one of PARTS: all states, only what is known, or only what is not.

    At zoom 10 a square is a pixel. Nearer, squares are enlarged; farther, a pixel
    shows the state that most of its squares are in.
    """
    if z >= ZOOM:
        state = _enlarged(run_id, operator, service, z - ZOOM, x, y)
    else:
        state = _reduced(run_id, operator, service, ZOOM - z, x, y)
    if state is None:
        state = np.full((TILE_SQUARES, TILE_SQUARES), State.OUTSIDE, np.uint8)
    if part == "known":
        state = np.where(state == State.UNKNOWN, State.OUTSIDE, state)
    elif part == "unknown":
        state = np.where(state == State.UNKNOWN, state, State.OUTSIDE)
    return _png(state)


def states_of_tiles(
    run_id: int, operator: str, service: str, x: range, y: range
) -> dict[tuple[int, int], NDArray[np.uint8]]:
    rows = SurfaceTile.objects.of_run(run_id).filter(
        operator=operator,
        service=service,
        x__gte=x.start,
        x__lt=x.stop,
        y__gte=y.start,
        y__lt=y.stop,
    )
    return {
        (tx, ty): unpack(state, np.uint8)
        for tx, ty, state in rows.values_list("x", "y", "state")
    }


def _enlarged(
    run_id: int, operator: str, service: str, levels: int, x: int, y: int
) -> NDArray[np.uint8] | None:
    parent = (x >> levels, y >> levels)
    tiles = states_of_tiles(
        run_id,
        operator,
        service,
        range(parent[0], parent[0] + 1),
        range(parent[1], parent[1] + 1),
    )
    if parent not in tiles:
        return None
    side = TILE_SQUARES >> levels
    left = (x - (parent[0] << levels)) * side
    top = (y - (parent[1] << levels)) * side
    part = tiles[parent][top : top + side, left : left + side]
    return part.repeat(1 << levels, axis=0).repeat(1 << levels, axis=1)


def _reduced(
    run_id: int, operator: str, service: str, levels: int, x: int, y: int
) -> NDArray[np.uint8] | None:
    n = 1 << levels
    tiles = states_of_tiles(
        run_id, operator, service, range(x * n, x * n + n), range(y * n, y * n + n)
    )
    if not tiles:
        return None
    side = TILE_SQUARES >> levels
    result = np.full((TILE_SQUARES, TILE_SQUARES), State.OUTSIDE, np.uint8)
    for (tx, ty), state in tiles.items():
        blocks = (
            state.reshape(side, n, side, n).swapaxes(1, 2).reshape(side, side, n * n)
        )
        counts = np.stack([(blocks == s).sum(axis=2) for s in State])
        left, top = (tx - x * n) * side, (ty - y * n) * side
        # Of equally many, the first in State: outside, then unknown.
        result[top : top + side, left : left + side] = counts.argmax(axis=0)
    return result


def _palette() -> tuple[bytes, bytes]:
    colours = [(0, 0, 0, 0)] * (2 + len(State))
    colours[HATCH] = STATE_COLOURS["unknown"]
    for state in (State.COVERED, State.WEAK, State.LIKELY_BLANK, State.BLANK):
        colours[2 + state] = STATE_COLOURS[state.name.lower()]
    rgb = b"".join(bytes(colour[:3]) for colour in colours)
    return rgb, bytes(colour[3] for colour in colours)


def _png(state: NDArray[np.uint8]) -> bytes:
    pixels = (state + 2).astype(np.uint8)
    row, column = np.indices(state.shape, np.uint16)
    line = (row + column) % HATCH_EVERY < HATCH_WIDTH
    pixels[state == State.OUTSIDE] = CLEAR
    pixels[state == State.UNKNOWN] = CLEAR
    pixels[(state == State.UNKNOWN) & line] = HATCH
    image = Image.fromarray(pixels).convert("P")
    rgb, alpha = _palette()
    image.putpalette(rgb)
    out = io.BytesIO()
    image.save(out, "PNG", transparency=alpha, optimize=False)
    return out.getvalue()
