"""Polygons as TopoJSON: steps from point to point, a third of GeoJSON's length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray


def topology(
    shapes: Iterable[Any],
    properties: Iterable[dict[str, Any]],
    *,
    name: str,
    step_deg: float,
) -> dict[str, Any]:
    """Return the TopoJSON topology of *shapes*, an object *name* of MultiPolygons.

    Parameters
    ----------
    shapes : (n,) Polygon or MultiPolygon
        In degrees, (lon, lat).
    properties : (n,) dict
        What each of them carries.
    step_deg : float
        Points are moved to the nearest multiple of this, in degrees. Points that fall
        onto the one before are left out, and rings that become a line; a shape of which
        nothing would remain becomes its box, rounded outwards: none is lost.

    Every ring is an arc of its own: neighbours share none.

    >>> square = shapely.box(117, 0, 117.002, 0.001)
    >>> found = topology([square], [{"n": 1}], name="spots", step_deg=0.001)
    >>> found["arcs"]
    [[[117002, 0], [0, 1], [-2, 0], [0, -1], [2, 0]]]
    >>> found["objects"]["spots"]["geometries"]
    [{'type': 'MultiPolygon', 'arcs': [[[0]]], 'properties': {'n': 1}}]
    >>> speck = shapely.box(117.0001, 0.0001, 117.0002, 0.0002)
    >>> topology([speck], [{}], name="spots", step_deg=0.001)["arcs"]
    [[[117001, 0], [0, 1], [-1, 0], [0, -1], [1, 0]]]
    """
    arcs: list[list[list[int]]] = []

    def number_of(ring: Any) -> list[int] | None:
        steps = _steps(shapely.get_coordinates(ring), step_deg)
        if steps is None:
            return None
        arcs.append(steps)
        return [len(arcs) - 1]

    def rings_of(part: Any) -> list[list[int]]:
        outer = number_of(part.exterior)
        if outer is None:
            return []
        holes = (number_of(ring) for ring in part.interiors)
        return [outer, *(hole for hole in holes if hole is not None)]

    def polygons_of(shape: Any) -> list[list[list[int]]]:
        found = [
            rings for part in shapely.get_parts(shape) if (rings := rings_of(part))
        ]
        return found or [rings_of(_box(shape, step_deg))]

    geometries = [
        {"type": "MultiPolygon", "arcs": polygons_of(shape), "properties": told}
        for shape, told in zip(shapes, properties, strict=True)
    ]
    return {
        "type": "Topology",
        "transform": {"scale": [step_deg, step_deg], "translate": [0, 0]},
        "objects": {name: {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": arcs,
    }


def _steps(ring: ArrayLike, step_deg: float) -> list[list[int]] | None:
    """Return a ring (n, 2) in degrees as steps from point to point; None: no area."""
    at: NDArray[np.int64] = np.round(np.asarray(ring) / step_deg).astype(np.int64)
    moved = np.diff(at, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    is_kept: NDArray[np.bool_] = np.any(moved != 0, axis=1)
    is_kept[0] = True
    # Two points there and back are a line.
    if is_kept.sum() < 4:
        return None
    steps: list[list[int]] = moved[is_kept].tolist()
    return steps


def _box(shape: Any, step_deg: float) -> Any:
    """Return the box of *shape*, rounded outwards to whole steps."""
    west, south, east, north = np.array(shape.bounds) / step_deg
    low = np.floor([west, south])
    # A line has no width of its own.
    high = np.maximum(np.ceil([east, north]), low + 1)
    return shapely.box(*(low * step_deg), *(high * step_deg))
