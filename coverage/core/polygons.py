"""From marked squares to polygons with exact edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from coverage.core.grid import Window, lat_at, lon_at


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
    return _to_degrees(_on_grid(labels, patch), window)


def all_patch_polygons(
    labels: NDArray[np.int32], window: Window
) -> NDArray[np.object_]:
    """Return the outlines of all patches at once; each is that of `patch_polygon`.

    Much faster than one by one where there are thousands.

    Parameters
    ----------
    labels : array, shape window.shape, from `label_patches`
    window : the squares that the array covers

    Returns
    -------
    array of shapely.Polygon, shape (n_patches,), WGS84 degrees, by label from 1

    Examples
    --------
    Two patches that touch at a corner:

    >>> labels, patches = label_patches(np.array([[True, False], [False, True]]))
    >>> polygons = all_patch_polygons(labels, Window(216255, 131370, 2, 2))
    >>> len(polygons), bool(shapely.overlaps(*polygons)), bool(polygons[0].is_valid)
    (2, False, True)
    """
    found = np.empty(int(labels.max(initial=0)), object)
    if not len(found):
        return found
    ends = _outline(labels != 0)
    lines = shapely.linestrings(ends.astype(float).reshape(-1, 2, 2))
    faces = shapely.get_parts(shapely.polygonize(lines))
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    column, row = np.floor(middle).astype(np.int64).T
    # Holes come back as faces of their own; they lie over no label.
    label = labels[row, column]

    def degrees(position: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(
            [
                lon_at(position[:, 0] + window.column),
                lat_at(position[:, 1] + window.row),
            ],
            axis=1,
        )

    kept = label > 0
    found[label[kept] - 1] = shapely.normalize(
        shapely.transform(shapely.normalize(faces[kept]), degrees)
    )
    return found


def patch_polygons(
    labels: NDArray[np.int32],
    patch: Patch,
    window: Window,
    *,
    kinds: NDArray[np.uint8],
) -> tuple[shapely.MultiPolygon, shapely.MultiPolygon]:
    """Return the exact outline of *patch* and one to be drawn, with slopes for stairs.

    Where the edge goes up or down by single squares, the corners are cut so that as
    much is taken away as is added: the area on the grid stays exactly the same. Other
    corners stay. What is cut depends on the stair alone, so that patches on either
    side of it still share one edge; places where more than two kinds, or two patches,
    meet are left as they are.

    Parameters
    ----------
    labels, patch, window : as for `patch_polygon`
    kinds : array, shape of *labels*: what each square is drawn as, 0 where nothing is

    Returns
    -------
    (exact, drawn) : valid, WGS84 degrees

    Examples
    --------
    A stair of two squares becomes a slope; nothing of the area is lost:

    >>> mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]], np.uint8)
    >>> labels, patches = label_patches(mask > 0)
    >>> exact, drawn = patch_polygons(
    ...     labels, patches[0], Window(216255, 131370, 4, 3), kinds=mask)
    >>> drawn.is_valid, round(drawn.area / exact.area, 6)
    (True, 1.0)
    """
    # Around the patch alone: a corner looks at the four squares it lies between.
    (top, left), (bottom, right) = (
        (patch.box[0].start, patch.box[1].start),
        (patch.box[0].stop, patch.box[1].stop),
    )
    around = np.zeros((bottom - top + 2, right - left + 2), np.uint8)
    upper, outer = max(top - 1, 0), max(left - 1, 0)
    seen = kinds[upper : bottom + 1, outer : right + 1]
    row, column = upper - (top - 1), outer - (left - 1)
    around[row : row + seen.shape[0], column : column + seen.shape[1]] = seen

    corner = np.array([left, top])

    def cut(ring: shapely.LinearRing) -> NDArray[np.float64]:
        corners = shapely.get_coordinates(ring)[:-1].astype(np.int64)
        return _cut_stairs(corners - corner, around) + corner

    exact = _on_grid(labels, patch)
    drawn = shapely.MultiPolygon(
        [
            shapely.Polygon(
                cut(polygon.exterior), [cut(hole) for hole in polygon.interiors]
            )
            for polygon in exact.geoms
        ]
    )
    return _to_degrees(exact, window), _to_degrees(drawn, window)


def _on_grid(labels: NDArray[np.int32], patch: Patch) -> shapely.MultiPolygon:
    """Return the outline of *patch* in columns and rows of the array."""
    inside = labels[patch.box] == patch.label
    top, left = patch.box[0].start, patch.box[1].start
    lines = shapely.linestrings(
        (_outline(inside) + np.array([left, top])).astype(float).reshape(-1, 2, 2)
    )
    faces = shapely.get_parts(shapely.polygonize(lines))
    # Holes come back as faces of their own; a face belongs when its inside does.
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    column, row = np.floor(middle).astype(np.int64).T
    kept = faces[inside[row - top, column - left]]
    merged = kept[0] if len(kept) == 1 else shapely.union_all(kept)
    parts = shapely.get_parts(shapely.normalize(merged))
    return shapely.MultiPolygon([p for p in parts if p.geom_type == "Polygon"])


def _to_degrees(polygon: shapely.MultiPolygon, window: Window) -> shapely.MultiPolygon:
    def degrees(position: NDArray[np.float64]) -> NDArray[np.float64]:
        column, row = (position + np.array([window.column, window.row])).T
        return np.stack([lon_at(column), lat_at(row)], axis=1)

    # Rows grow to the south and latitude to the north: rings turn the other way.
    return shapely.normalize(shapely.transform(polygon, degrees))


# Half a square on either side of a stair's corner makes one slope of the whole stair.
CUT = 0.5
# A stair with an odd number of corners cuts one more of them on one side: the first
# and the last are cut by √⅛, so that both together cut as much as one in its middle.
END_CUT = 0.125**0.5


def _cut_stairs(
    ring: NDArray[np.int64], kinds: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Cut the corners of the stairs of *ring*.

    Parameters
    ----------
    ring : shape (n, 2), corners (column, row) of a closed ring, not repeated
    kinds : what the squares are drawn as, with a margin of one square

    Returns
    -------
    array, shape (m, 2), closed
    """
    n = len(ring)
    onward = np.roll(ring, -1, axis=0) - ring
    length = np.abs(onward).sum(axis=1)
    onward = onward / length[:, np.newaxis]
    backward = np.roll(onward, 1, axis=0)
    turn = np.sign(backward[:, 0] * onward[:, 1] - backward[:, 1] * onward[:, 0])
    # The four squares around each corner; a corner of a crossing stays.
    column, row = ring.T
    around = np.stack(
        [kinds[row + dy, column + dx] for dy in (0, 1) for dx in (0, 1)], axis=1
    )
    is_plain = (np.sort(around, axis=1)[:, 1:] != np.sort(around, axis=1)[:, :-1]).sum(
        axis=1
    ) == 1
    is_plain &= ~((around[:, 0] == around[:, 3]) & (around[:, 1] == around[:, 2]))
    following = np.roll(np.arange(n), -1)
    is_step = (length == 1) & (turn * turn[following] < 0)
    is_step &= is_plain & is_plain[following]
    # Begin where no stair is; a closed ring turns round and has such a place.
    start = int(np.argmin(is_step)) + 1
    order = (np.arange(n) + start) % n
    step = is_step[order]
    cut = np.zeros(n)
    begins = np.nonzero(step & ~np.r_[False, step[:-1]])[0]
    ends = np.nonzero(step & ~np.r_[step[1:], False])[0] + 1
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        corners = order[begin : end + 1]
        cut[corners] = CUT
        if len(corners) % 2:
            cut[corners[[0, -1]]] = END_CUT
    points = np.stack(
        [
            ring - cut[:, np.newaxis] * backward,
            ring + cut[:, np.newaxis] * onward,
        ],
        axis=1,
    ).reshape(-1, 2)
    is_new = (points != np.roll(points, 1, axis=0)).any(axis=1)
    points = points[is_new]
    # A slope's inner points lie on one line and say nothing.
    to, back = np.roll(points, -1, axis=0) - points, points - np.roll(points, 1, axis=0)
    bends = np.abs(to[:, 0] * back[:, 1] - to[:, 1] * back[:, 0]) > 1e-9
    points = points[bends]
    return np.concatenate([points, points[:1]])


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
