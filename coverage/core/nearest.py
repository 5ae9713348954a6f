"""How far patches of squares are from the nearest square of another kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from coverage.core.grid import (
    ECCENTRICITY_SQUARED,
    SEMI_MAJOR_M,
    Window,
    lat_at,
    lon_at,
)


def distances_to_nearest_m(
    labels: NDArray[np.int32], target: NDArray[np.bool_], window: Window
) -> NDArray[np.float64]:
    """Return for each patch how far its nearest square lies from *target*.

    Measured between the centres of squares, along the chord through the ellipsoid:
    right at every latitude, and 1 m short at 100 km.

    Only the rims are compared. Of two patches the nearest squares are on the rim of
    both, for a step from a square inside towards the other one stays in its patch.

    Parameters
    ----------
    labels : array, shape window.shape
        Patches numbered from 1, 0 where there is none.
    target : array, shape window.shape
        The squares that are looked for.
    window : where the arrays lie

    Returns
    -------
    array, shape (labels.max(),), metres
        Of patch 1, 2, …; NaN for all where there is no target, and for a number that
        no square has.

    Examples
    --------
    Two squares between them: their centres are three squares apart at the equator.

    >>> labels = np.array([[1, 1, 0, 0, 0]], np.int32)
    >>> target = np.array([[False, False, False, False, True]])
    >>> window = Window(216255, 131071, 5, 1)
    >>> distances_to_nearest_m(labels, target, window).round().tolist()
    [459.0]
    >>> bool(np.isnan(distances_to_nearest_m(labels, target & False, window)[0]))
    True
    """
    nearest = np.full(int(labels.max(initial=0)), np.inf)
    targets = np.argwhere(target & _is_rim(target.astype(np.int32)))
    patches = np.argwhere((labels > 0) & _is_rim(labels))
    if len(targets) and len(patches):
        tree = cKDTree(_on_ellipsoid(targets, window))
        distance, _index = tree.query(_on_ellipsoid(patches, window))
        np.minimum.at(nearest, labels[patches[:, 0], patches[:, 1]] - 1, distance)
    nearest[np.isinf(nearest)] = np.nan
    return nearest


def _is_rim(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark squares with a neighbour of another label, or at the array's edge."""
    rim = np.zeros(labels.shape, bool)
    rim[[0, -1], :] = True
    rim[:, [0, -1]] = True
    down = labels[1:] != labels[:-1]
    across = labels[:, 1:] != labels[:, :-1]
    rim[1:] |= down
    rim[:-1] |= down
    rim[:, 1:] |= across
    rim[:, :-1] |= across
    return rim


def _on_ellipsoid(squares: NDArray[np.intp], window: Window) -> NDArray[np.float64]:
    """Return the centres of *squares* (row, column) in metres from Earth's centre."""
    lat = np.radians(lat_at(window.row + squares[:, 0] + 0.5))
    lon = np.radians(lon_at(window.column + squares[:, 1] + 0.5))
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2)
    return np.column_stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - ECCENTRICITY_SQUARED) * np.sin(lat),
        ]
    )
