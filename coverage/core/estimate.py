"""The estimate: how strong a signal a phone would find, and how sure that is.

Local kriging (a nearest-neighbour Gaussian process): every estimate comes from the
nearest observations in each of four directions, so that one road does not speak for
all the land around it, and falls back to the mean where none is near. Neighbours are
chosen once for each block of 4 × 4 squares, which lets a tile be computed in bulk and
still equal its single points bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.calibration import mean_of, p_below_of, std_of
from coverage.core.fit import fit_law
from coverage.core.kriging import (
    Kriged,
    Places,
    krige,
    nearest_by_quadrant,
    nearest_distances,
)
from coverage.core.law import Parameters, SignalLaw
from coverage.core.observations import Observations, Pooled
from coverage.core.trend import NO_GROUND, Ground, pool_for, trend_of

__all__ = [
    "Estimate",
    "Observations",
    "Parameters",
    "SignalLaw",
    "estimate",
    "estimate_tile",
    "fit_law",
]

# Squares along one side of a block that shares its neighbours.
BLOCK = 4


@dataclass(frozen=True)
class Estimate:
    """What a phone would read, noise included; arrays of the question's shape.

    mean_dbm, std_db : of the reading
    p_blank : probability that the reading is below the threshold, calibrated
    nearest_m : distance to the nearest pooled observation; inf where none is within
        the search radius (of a tile: within the reach)
    known : whether evidence is near enough for an opinion
    """

    mean_dbm: NDArray[np.float64]
    std_db: NDArray[np.float64]
    p_blank: NDArray[np.float64]
    nearest_m: NDArray[np.float64]
    known: NDArray[np.bool_]


def estimate(
    law: SignalLaw,
    observations: Observations,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    ground: Ground = NO_GROUND,
) -> Estimate:
    """Estimate the reading at any places.

    Parameters
    ----------
    lon, lat : arrays of one shape, degrees WGS84
    ground : the same with which *law* was learned

    Raises
    ------
    ValueError
        If the two differ in shape.

    Examples
    --------
    Nobody measured: the mean, and no opinion.

    >>> none = Observations.from_readings(
    ...     np.empty(0), np.empty(0), np.empty(0), threshold_dbm=-110.0)
    >>> law = fit_law(none, threshold_dbm=-110.0)
    >>> found = estimate(law, none, np.array([116.0]), np.array([0.0]))
    >>> found.mean_dbm.tolist(), found.known.tolist()
    ([-98.0], [False])
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if lon.shape != lat.shape:
        message = f"lon and lat must have one shape, got {lon.shape} and {lat.shape}."
        raise ValueError(message)
    pooled = pool_for(law, observations, ground)
    return _estimate(law, pooled, lon, lat, ground, only_known=False)


def estimate_tile(
    law: SignalLaw, pooled: Pooled, x: int, y: int, *, ground: Ground = NO_GROUND
) -> Estimate:
    """Estimate the squares of tile (x, y) of zoom 10, row 0 northernmost.

    Equal bit for bit to `estimate` at the centres of the squares that are known;
    the others hold the mean. Depends only on observations within the search radius
    of the tile.

    Parameters
    ----------
    pooled : what `pool_for` made of the layer's observations; those within the search
        radius of the tile are enough
    x, y : the tile's address

    Returns
    -------
    Estimate with arrays of shape (256, 256)
    """
    lon, lat = grid.centres(grid.tile_window(x, y))
    return _estimate(law, pooled, lon, lat, ground, only_known=True)


def _estimate(
    law: SignalLaw,
    pooled: Pooled,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    ground: Ground,
    *,
    only_known: bool,
) -> Estimate:
    shape = lon.shape
    lon, lat = lon.ravel(), lat.ravel()
    within_m = law.reach_m if only_known else law.search_radius_m
    nearest = nearest_distances(pooled.lookup, lon, lat, within_m=within_m)
    todo = np.nonzero(np.isfinite(nearest))[0]
    kriged = Kriged(
        np.full(lon.shape, law.mean_dbm),
        np.full(lon.shape, law.signal_var_db2),
        np.full(lon.shape, law.mean_dbm),
        np.zeros(lon.shape),
        np.zeros(lon.shape, np.int64),
        trend_of(law).at(ground, lon, lat),
    )
    if len(todo):
        at, found = _krige_blocks(law, pooled, lon, lat, kriged.trend_db, todo)
        for column, values in zip(kriged.columns(), found.columns(), strict=True):
            column[at] = values
    return Estimate(
        mean_dbm=mean_of(law, kriged).reshape(shape),
        std_db=std_of(law, kriged).reshape(shape),
        p_blank=p_below_of(law, kriged).reshape(shape),
        nearest_m=nearest.reshape(shape),
        known=(nearest <= law.reach_m).reshape(shape),
    )


def _krige_blocks(
    law: SignalLaw,
    pooled: Pooled,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    trend_db: NDArray[np.float64],
    todo: NDArray[np.int64],
) -> tuple[NDArray[np.int64], Kriged]:
    """Krige the places *todo*, each from the neighbours of its block.

    Returns
    -------
    (at, kriged) : the places in another order, and what was found of them
    """
    column, row = grid.position_of(lon[todo], lat[todo])
    block_column = np.floor(column / BLOCK).astype(np.int64)
    block_row = np.floor(row / BLOCK).astype(np.int64)
    order = np.lexsort((block_column, block_row))
    at, block_column, block_row = todo[order], block_column[order], block_row[order]
    differs = (block_column[1:] != block_column[:-1]) | (
        block_row[1:] != block_row[:-1]
    )
    begin = np.r_[0, np.nonzero(differs)[0] + 1]
    places = Places(
        lon[at],
        lat[at],
        np.r_[begin, len(at)],
        grid.lon_at((block_column[begin] + 0.5) * BLOCK),
        grid.lat_at((block_row[begin] + 0.5) * BLOCK),
        trend_db[at],
    )
    neighbours = nearest_by_quadrant(law, pooled.lookup, places)
    return at, krige(law, pooled, neighbours, places)
