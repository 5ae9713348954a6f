"""The grid: squares are the pixels of Web Mercator tiles of zoom 10.

A square is addressed by its column and row over the whole world, counted from
the north-west corner of the map (180° W, about 85.05° N) as map tiles are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ZOOM = 10
# Squares along one side of a tile: what every Leaflet client expects of a PNG tile.
TILE_SQUARES = 256
# Squares around the world at this zoom.
WORLD_SQUARES = TILE_SQUARES * 2**ZOOM

# WGS84 (EPSG:7030): semi-major axis in metres and first eccentricity squared.
SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)


@dataclass(frozen=True)
class Window:
    """A rectangle of squares: first column and row, and how many of each."""

    column: int
    row: int
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width


def position_of(
    lon: ArrayLike, lat: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns and rows, with fractions, of positions in degrees.

    Parameters
    ----------
    lon, lat : array, any one shape, degrees WGS84
        Latitudes beyond ±85.05° lie outside the grid.

    Returns
    -------
    (column, row) : arrays of that shape, squares

    Examples
    --------
    The middle of the map, and a place in Tenggarong:

    >>> [float(v) for v in position_of(np.array(0.0), np.array(0.0))]
    [131072.0, 131072.0]
    >>> column, row = position_of(np.array(116.98), np.array(-0.41))
    >>> int(column), int(row)
    (216254, 131370)
    """
    column = (np.asarray(lon, float) + 180.0) / 360.0 * WORLD_SQUARES
    phi = np.radians(np.asarray(lat, float))
    row = (1.0 - np.arcsinh(np.tan(phi)) / np.pi) / 2.0 * WORLD_SQUARES
    return column, row


def lon_at(column: ArrayLike) -> NDArray[np.float64]:
    """Return the longitude in degrees of columns (edges are whole numbers)."""
    return np.asarray(column, float) / WORLD_SQUARES * 360.0 - 180.0


def lat_at(row: ArrayLike) -> NDArray[np.float64]:
    """Return the latitude in degrees of rows (edges are whole numbers)."""
    return np.degrees(
        np.arctan(np.sinh(np.pi * (1.0 - 2.0 * np.asarray(row, float) / WORLD_SQUARES)))
    )


def centres(window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres of the squares of *window*.

    Returns
    -------
    (lon, lat) : arrays, shape (height,) + (width,) broadcast to window.shape, degrees
    """
    lon = lon_at(window.column + np.arange(window.width) + 0.5)
    lat = lat_at(window.row + np.arange(window.height) + 0.5)
    lon_grid, lat_grid = np.meshgrid(lon, lat)
    return lon_grid, lat_grid


def square_areas_km2(rows: ArrayLike) -> NDArray[np.float64]:
    """Return the geodesic area of one square in each of *rows*.

    The area on the WGS84 ellipsoid between two parallels and two meridians,
    in closed form (Snyder 1987, Map Projections, eq. 3-12: authalic q).

    Returns
    -------
    array, shape of *rows*, km²

    Examples
    --------
    >>> round(float(square_areas_km2(np.array([131072]))[0]), 5)
    0.02321
    """
    first = np.asarray(rows, np.int64)

    def area_from_equator(row: ArrayLike) -> NDArray[np.float64]:
        e = np.sqrt(ECCENTRICITY_SQUARED)
        sine = np.sin(np.radians(lat_at(row)))
        q = sine / (1 - ECCENTRICITY_SQUARED * sine**2) + np.arctanh(e * sine) / e
        return SEMI_MAJOR_M**2 * (1 - ECCENTRICITY_SQUARED) * q / 2

    width_rad = 2 * np.pi / WORLD_SQUARES
    return (area_from_equator(first) - area_from_equator(first + 1)) * width_rad / 1e6


def window_of_tiles(tiles: list[tuple[int, int]]) -> Window:
    """Return the smallest window of whole tiles that holds *tiles* (x, y).

    Raises
    ------
    ValueError
        If there are no tiles.
    """
    if not tiles:
        message = "A window needs at least one tile."
        raise ValueError(message)
    x = [tile[0] for tile in tiles]
    y = [tile[1] for tile in tiles]
    return Window(
        min(x) * TILE_SQUARES,
        min(y) * TILE_SQUARES,
        (max(x) - min(x) + 1) * TILE_SQUARES,
        (max(y) - min(y) + 1) * TILE_SQUARES,
    )


def tile_window(x: int, y: int) -> Window:
    return Window(x * TILE_SQUARES, y * TILE_SQUARES, TILE_SQUARES, TILE_SQUARES)


def slice_in(window: Window, x: int, y: int) -> tuple[slice, slice]:
    """Return where tile (x, y) lies in an array over *window* of whole tiles."""
    top = y * TILE_SQUARES - window.row
    left = x * TILE_SQUARES - window.column
    return slice(top, top + TILE_SQUARES), slice(left, left + TILE_SQUARES)


def tiles_over(
    extent: tuple[float, float, float, float], *, margin_m: float = 0.0
) -> Iterator[tuple[int, int]]:
    """Yield the tiles (x, y) that *extent* touches when widened by *margin_m*.

    Parameters
    ----------
    extent : (west, south, east, north), degrees
    margin_m : metres on the ground, added on all sides

    Examples
    --------
    >>> list(tiles_over((116.98, -0.41, 116.98, -0.41)))
    [(844, 513)]
    >>> len(list(tiles_over((116.98, -0.41, 116.98, -0.41), margin_m=30_000)))
    6
    """
    west, south, east, north = extent
    # A degree of latitude is shortest at the equator (110 574 m), and so the margin
    # is never too small; one of longitude shrinks with the parallel's radius.
    dlat = margin_m / 110_574.0
    widest = min(85.0, max(abs(south - dlat), abs(north + dlat)))
    dlon = margin_m / (110_574.0 * np.cos(np.radians(widest)))
    column, row = position_of(
        np.array([west - dlon, east + dlon]), np.array([north + dlat, south - dlat])
    )
    first_x, last_x = np.floor(column / TILE_SQUARES).astype(int)
    first_y, last_y = np.floor(row / TILE_SQUARES).astype(int)
    for y in range(first_y, last_y + 1):
        for x in range(first_x, last_x + 1):
            yield int(x), int(y)
