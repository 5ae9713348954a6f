"""From marked squares to polygons with exact edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from coverage.core.grid import Window, lat_at, lon_at, position_of


@dataclass(frozen=True)
class Patch:
    """Squares of one mark that hang together by their edges.

    ``label`` is its number in the label array, ``box`` where it lies in it.
    """

    label: int
    box: tuple[slice, slice]


def label_patches(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[Patch]]:
    """Find and number the patches of *mask*.

    Returns
    -------
    (labels, patches) : array, shape of *mask*, 0 where unmarked; one entry a patch
        Numbered in the order of their first square, north to south, west to east.

    Examples
    --------
    Squares that only touch at a corner are two patches:

    >>> labels, patches = label_patches(np.array([[True, False], [False, True]]))
    >>> labels.tolist(), len(patches)
    ([[1, 0], [0, 2]], 2)
    """
    labels, _count = ndimage.label(mask)
    boxes = ndimage.find_objects(labels)
    return labels.astype(np.int32), [
        Patch(number, box) for number, box in enumerate(boxes, start=1)
    ]


def patch_polygon(
    labels: NDArray[np.int32], patch: Patch, window: Window
) -> shapely.MultiPolygon:
    """Return the outline of *patch* in degrees: the exact union of its squares.

    Computed in whole numbers and turned into degrees last, so that neighbours on
    either side of an edge, or of a tile, share the very same coordinates.

    Parameters
    ----------
    labels : array, shape window.shape
    patch : one of `label_patches` of the same array
    window : the squares that the array covers

    Returns
    -------
    shapely.MultiPolygon
        Valid, WGS84 degrees (lon, lat). One polygon, with holes where there are.

    Examples
    --------
    >>> mask = np.array([[True, True], [True, False]])
    >>> labels, patches = label_patches(mask)
    >>> polygon = patch_polygon(labels, patches[0], Window(216255, 131370, 2, 2))
    >>> polygon.is_valid, len(polygon.geoms[0].exterior.coords) - 1
    (True, 6)
    """
    inside = labels[patch.box] == patch.label
    top, left = patch.box[0].start, patch.box[1].start
    outline = _outline(inside)
    columns = outline[:, 0] + left + window.column
    rows = outline[:, 1] + top + window.row
    lines = shapely.linestrings(
        np.stack([lon_at(columns), lat_at(rows)], axis=1).reshape(-1, 2, 2)
    )
    faces = shapely.get_parts(shapely.polygonize(lines))
    # Holes come back as faces of their own; a face belongs when its inside does.
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    column, row = _square_at(middle, window)
    belongs = inside[row - top, column - left]
    kept = faces[belongs]
    merged = kept[0] if len(kept) == 1 else shapely.union_all(kept)
    parts = shapely.get_parts(shapely.normalize(merged))
    return shapely.MultiPolygon([p for p in parts if p.geom_type == "Polygon"])


def _square_at(
    lonlat: NDArray[np.float64], window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    column, row = position_of(lonlat[:, 0], lonlat[:, 1])
    return (
        np.floor(column).astype(np.int64) - window.column,
        np.floor(row).astype(np.int64) - window.row,
    )


def _outline(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the edges between inside and outside as straight pieces.

    Each piece runs from one corner of the outline to the next, so that pieces
    only meet at their ends.

    Returns
    -------
    array, shape (2 · n_pieces, 2) : (column, row) of ends, in pairs
    """
    padded = np.pad(inside, 1)
    # edge_h[r, c]: between rows r-1 and r; edge_v[r, c]: between columns c-1 and c.
    edge_h = padded[1:, 1:-1] != padded[:-1, 1:-1]
    edge_v = padded[1:-1, 1:] != padded[1:-1, :-1]
    pieces = [
        _runs(edge_h, edge_v, is_row=True),
        _runs(edge_v.T, edge_h.T, is_row=False),
    ]
    return np.concatenate(pieces)


def _runs(
    along: NDArray[np.bool_], across: NDArray[np.bool_], *, is_row: bool
) -> NDArray[np.int64]:
    """Join neighbouring edges of one direction, broken where another meets them.

    along : shape (n_lines, n_cells), the edges that lie on each line
    across : shape (n_cells' lines, …), edges of the other direction
    """
    n_lines, n_cells = along.shape
    # A node (line, k) is a corner where an edge of the other direction ends.
    meets = np.zeros((n_lines, n_cells + 1), bool)
    meets[:-1] |= across
    meets[1:] |= across
    line, cell = np.nonzero(along)
    if not len(line):
        return np.empty((0, 2), np.int64)
    starts = np.ones(len(line), bool)
    follows = (line[1:] == line[:-1]) & (cell[1:] == cell[:-1] + 1)
    starts[1:] = ~follows | meets[line[1:], cell[1:]]
    first = np.nonzero(starts)[0]
    last = np.append(first[1:] - 1, len(line) - 1)
    low, high, at = cell[first], cell[last] + 1, line[first]
    begin = np.stack([low, at] if is_row else [at, low], axis=1)
    end = np.stack([high, at] if is_row else [at, high], axis=1)
    return np.stack([begin, end], axis=1).reshape(-1, 2)
