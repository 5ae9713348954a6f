"""Counting many points by cells: how many, what they found, and the newest.

A cell is a block of 2ᵏ × 2ᵏ squares of the grid; *k* is its level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# As many cells as a map of 4,000 by 2,500 pixels shows at 16 pixels a cell, and some.
MOST_CELLS = 60_000


@dataclass(frozen=True)
class Cells:
    """The cells that hold a point: n of them, north to south and west to east.

    ``column`` and ``row`` count cells of ``level`` from the map's north-west corner;
    ``count`` has the shape (n, kinds), the others (n,).
    """

    level: int
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    count: NDArray[np.int64]
    newest_day: NDArray[np.int64]


def count_by_cell(
    *,
    column: NDArray[np.int32],
    row: NDArray[np.int32],
    kind: NDArray[np.uint8],
    day: NDArray[np.int32],
    kinds: int,
    level: int,
    box: tuple[int, int, int, int],
) -> Cells:
    """Count points by cell and kind.

    Parameters
    ----------
    column, row : shape (m,), squares
    kind : shape (m,), 0 to *kinds* − 1
    day : shape (m,), ascending
    level : a cell has 2**level squares along one side
    box : first column, first row, last column, last row, squares, both included

    Raises
    ------
    ValueError
        If the box holds more than MOST_CELLS cells.

    Examples
    --------
    Two reports in one square and one beside it, seen by single squares and by fours:

    >>> points = dict(
    ...     column=np.array([4, 4, 5], np.int32), row=np.array([8, 8, 8], np.int32),
    ...     kind=np.array([0, 1, 1], np.uint8), day=np.array([1, 2, 3], np.int32),
    ...     kinds=2, box=(0, 0, 9, 9))
    >>> cells = count_by_cell(**points, level=0)
    >>> cells.column.tolist(), cells.count.tolist(), cells.newest_day.tolist()
    ([4, 5], [[1, 1], [0, 1]], [2, 3])
    >>> cells = count_by_cell(**points, level=1)
    >>> cells.column.tolist(), cells.count.tolist(), cells.newest_day.tolist()
    ([2], [[1, 2]], [3])
    """
    first_column, first_row = box[0] >> level, box[1] >> level
    width = (box[2] >> level) - first_column + 1
    height = (box[3] >> level) - first_row + 1
    if width * height > MOST_CELLS:
        message = f"{width} by {height} cells are more than {MOST_CELLS}"
        raise ValueError(message)
    x = (column >> level) - first_column
    y = (row >> level) - first_row
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    if not is_inside.all():
        x, y, kind, day = x[is_inside], y[is_inside], kind[is_inside], day[is_inside]
    at = y.astype(np.int64) * width + x
    counts = np.bincount(at * kinds + kind, minlength=width * height * kinds)
    counts = counts.reshape(-1, kinds)
    # Of several days for one cell the last assigned stays, and days ascend.
    newest = np.zeros(width * height, np.int64)
    newest[at] = day
    held = np.flatnonzero(counts.any(axis=1))
    return Cells(
        level=level,
        column=held % width + first_column,
        row=held // width + first_row,
        count=counts[held],
        newest_day=newest[held],
    )
