"""Who and what lies in which state."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from coverage.core.classify import State
from coverage.core.grid import Window, centres

# Square of no village.
NOWHERE = -1


def assign_squares(polygons: NDArray[Any], window: Window) -> NDArray[np.int16]:
    """Return for each square the polygon that holds its centre.

    Parameters
    ----------
    polygons : array of shapely geometries, shape (n,), WGS84 degrees
        Where two overlap, the earlier one has the square.
    window : the squares asked for

    Returns
    -------
    array of int16, shape window.shape : index into *polygons*, or NOWHERE

    Examples
    --------
    >>> from coverage.core.grid import lat_at, lon_at
    >>> west, east = lon_at(np.array([100.0, 102.0]))
    >>> north, south = lat_at(np.array([50.0, 51.0]))
    >>> box = shapely.box(west, south, east, north)
    >>> assign_squares(np.array([box]), Window(100, 50, 3, 2)).tolist()
    [[0, 0, -1], [-1, -1, -1]]
    """
    owner = np.full(window.shape, NOWHERE, np.int16)
    lon, lat = centres(window)
    lon_line, lat_line = lon[0], lat[:, 0]
    for index in range(len(polygons) - 1, -1, -1):
        west, south, east, north = shapely.bounds(polygons[index])
        if np.isnan(west):
            continue
        columns = slice(*np.searchsorted(lon_line, [west, east]))
        # Latitude falls with the row.
        rows = slice(*np.searchsorted(-lat_line, [-north, -south]))
        shapely.prepare(polygons[index])
        inside = shapely.contains_xy(
            polygons[index], lon[rows, columns], lat[rows, columns]
        )
        owner[rows, columns][inside] = index
    return owner


def areas_by_state(
    state: NDArray[np.uint8],
    owner: NDArray[np.int16],
    *,
    area_km2: NDArray[np.float64],
    count: int,
) -> NDArray[np.float64]:
    """Return how much of each owner's area is in each state.

    Parameters
    ----------
    state, owner : arrays, shape (n_rows, n_columns)
    area_km2 : array, shape (n_rows,), area of a square in each row
    count : how many owners there are

    Returns
    -------
    array, shape (count, len(State)), km²

    Examples
    --------
    >>> areas = areas_by_state(
    ...     np.array([[5, 2]], np.uint8),
    ...     np.array([[0, 0]], np.int16),
    ...     area_km2=np.array([0.5]),
    ...     count=1,
    ... )
    >>> areas[0].tolist()
    [0.0, 0.0, 0.5, 0.0, 0.0, 0.5]
    """
    inside = owner != NOWHERE
    key = owner[inside].astype(np.int64) * len(State) + state[inside]
    weights = np.broadcast_to(area_km2[:, np.newaxis], state.shape)[inside]
    totals = np.bincount(key, weights=weights, minlength=count * len(State))
    return totals.reshape(count, len(State)).astype(np.float64)
