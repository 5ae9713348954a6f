"""The surface of one view as one picture, for paper."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coverage.core.classify import State
from coverage.core.frame import Frame
from coverage.core.grid import TILE_SQUARES
from coverage.services.paint_tile import states_of_tiles
from coverage.web.palette import STATE_COLOURS

DOTS_PER_INCH = 200
MM_PER_INCH = 25.4
# Patterns in dots of the picture, so that they print alike at every scale: about 1 mm.
_HATCH_EVERY, _HATCH_WIDTH = 12, 3
_DOT_EVERY, _DOT_SIZE = 8, 2
# What a dot of the picture shows beside the states, and the colour of each.
_DOT, _LINE = 6, 7
_COLOURS = (
    (0, 0, 0, 0),
    *(
        STATE_COLOURS[state]
        for state in ("unknown", "covered", "weak", "likely_blank", "blank")
    ),
    (11, 59, 64, 170),
    (255, 255, 255, 200),
)


def paint_view(
    run_id: int,
    operator: str,
    service: str,
    frame: Frame,
    *,
    is_patterned: bool,
    has_known: bool = True,
    has_unknown: bool = True,
) -> bytes:
    """Return the states of *frame* as a PNG that is clear where nothing is known.

    A dot shows the square under its centre. Unknown is a hatch; weak has dots; with
    *is_patterned* blank is crossed and what is probably blank is striped, so that all
    survive a printer without colours. Without *has_known* or *has_unknown*, that part
    stays clear.
    """
    state = view_states(run_id, operator, service, frame)
    if not has_known:
        state[state != State.UNKNOWN] = State.OUTSIDE
    if not has_unknown:
        state[state == State.UNKNOWN] = State.OUTSIDE
    row, column = np.indices(state.shape, np.int32)
    falling = (row + column) % _HATCH_EVERY < _HATCH_WIDTH
    rising = (row - column) % _HATCH_EVERY < _HATCH_WIDTH
    dots = (row % _DOT_EVERY < _DOT_SIZE) & (column % _DOT_EVERY < _DOT_SIZE)
    pixels = np.zeros(state.shape, np.uint8)
    for of in (State.COVERED, State.WEAK, State.LIKELY_BLANK, State.BLANK):
        pixels[state == of] = of
    pixels[(state == State.UNKNOWN) & falling] = State.UNKNOWN
    pixels[(state == State.WEAK) & dots] = _DOT
    if is_patterned:
        pixels[(state == State.LIKELY_BLANK) & rising] = _LINE
        pixels[(state == State.BLANK) & (rising | falling)] = _LINE
    image = Image.fromarray(pixels).convert("P")
    image.putpalette(b"".join(bytes(colour[:3]) for colour in _COLOURS))
    out = io.BytesIO()
    transparency = bytes(colour[3] for colour in _COLOURS)
    image.save(out, "PNG", transparency=transparency)
    return out.getvalue()


def view_states(
    run_id: int, operator: str, service: str, frame: Frame
) -> NDArray[np.uint8]:
    """Return the state under the centre of each dot of *frame*."""
    dots_per_mm = DOTS_PER_INCH / MM_PER_INCH
    step = frame.squares_per_mm / dots_per_mm
    columns = (
        frame.column + (np.arange(round(frame.width_mm * dots_per_mm)) + 0.5) * step
    )
    rows = frame.row + (np.arange(round(frame.height_mm * dots_per_mm)) + 0.5) * step
    column, row = np.floor(columns).astype(int), np.floor(rows).astype(int)
    x = range(column[0] // TILE_SQUARES, column[-1] // TILE_SQUARES + 1)
    y = range(row[0] // TILE_SQUARES, row[-1] // TILE_SQUARES + 1)
    whole = np.full(
        (len(y) * TILE_SQUARES, len(x) * TILE_SQUARES), State.OUTSIDE, np.uint8
    )
    for (tx, ty), state in states_of_tiles(run_id, operator, service, x, y).items():
        top, left = (ty - y.start) * TILE_SQUARES, (tx - x.start) * TILE_SQUARES
        whole[top : top + TILE_SQUARES, left : left + TILE_SQUARES] = state
    return whole[np.ix_(row - y.start * TILE_SQUARES, column - x.start * TILE_SQUARES)]
