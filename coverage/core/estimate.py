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
from scipy.spatial import cKDTree
from scipy.special import expit, logit, ndtr

from coverage.core import grid
from coverage.core.fit import fit_law
from coverage.core.kriging import krige, lay_out, nearest_by_quadrant, to_earth
from coverage.core.law import Parameters, SignalLaw
from coverage.core.observations import Observations, Pooled, pool

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
# Blocks computed at a time: bounds the memory at about 100 MB.
CHUNK = 1024


@dataclass(frozen=True)
class Estimate:
    """What a phone would read, noise included; arrays of the question's shape.

    mean_dbm, std_db : of the reading
    p_blank : probability that the reading is below the threshold, calibrated
    nearest_m : distance to the nearest pooled observation; inf where none is
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
) -> Estimate:
    """Estimate the reading at any places.

    Parameters
    ----------
    lon, lat : arrays of one shape, degrees WGS84

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
    pooled = pool(observations, threshold_dbm=law.threshold_dbm)
    return _estimate(law, pooled, lon, lat, only_known=False)


def estimate_tile(law: SignalLaw, pooled: Pooled, x: int, y: int) -> Estimate:
    """Estimate the squares of tile (x, y) of zoom 10, row 0 northernmost.

    Equal bit for bit to `estimate` at the centres of the squares that are known;
    the others hold the mean. Depends only on observations within the search radius
    of the tile.

    Parameters
    ----------
    pooled : what `pool` made of the layer's observations; those within the search
        radius of the tile are enough
    x, y : the tile's address

    Returns
    -------
    Estimate with arrays of shape (256, 256)
    """
    lon, lat = grid.centres(grid.tile_window(x, y))
    return _estimate(law, pooled, lon, lat, only_known=True)


def _estimate(
    law: SignalLaw,
    pooled: Pooled,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    only_known: bool,
) -> Estimate:
    shape = lon.shape
    lon, lat = lon.ravel(), lat.ravel()
    mean = np.full(lon.shape, law.mean_dbm)
    nugget = law.noise_share * law.variance_db2
    noise = nugget + law.reading_var_db2
    signal_variance = np.full(lon.shape, law.variance_db2 - nugget)
    nearest = np.full(lon.shape, np.inf)
    if len(pooled):
        tree = cKDTree(to_earth(pooled.lon, pooled.lat))
        places = to_earth(lon, lat)
        bound = law.reach_m if only_known else np.inf
        nearest = tree.query(places, distance_upper_bound=np.nextafter(bound, np.inf))[
            0
        ]
        todo = np.nonzero(nearest <= law.reach_m if only_known else nearest < np.inf)[0]
        _krige_blocks(law, pooled, tree, lon, lat, todo, mean, signal_variance)
    std = law.std_scale * np.sqrt(signal_variance + noise)
    p = ndtr((law.threshold_dbm - mean) / std)
    # Far from the threshold the odds are endless; the calibration is not.
    odds = logit(np.clip(p, 1e-9, 1 - 1e-9))
    p = expit(law.calibration_intercept + law.calibration_slope * odds)
    return Estimate(
        mean_dbm=mean.reshape(shape),
        std_db=std.reshape(shape),
        p_blank=p.reshape(shape),
        nearest_m=nearest.reshape(shape),
        known=(nearest <= law.reach_m).reshape(shape),
    )


def _krige_blocks(
    law: SignalLaw,
    pooled: Pooled,
    tree: cKDTree,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    todo: NDArray[np.int64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> None:
    """Fill *mean* and *variance* at the places *todo*, block by block."""
    if not len(todo):
        return
    column, row = grid.position_of(lon[todo], lat[todo])
    block_column = np.floor(column / BLOCK).astype(np.int64)
    block_row = np.floor(row / BLOCK).astype(np.int64)
    order = np.lexsort((block_column, block_row))
    block_column, block_row = block_column[order], block_row[order]
    is_new = np.r_[
        True,
        (block_column[1:] != block_column[:-1]) | (block_row[1:] != block_row[:-1]),
    ]
    # A block with more places than squares (many points asked close together) is cut
    # into several of the same centre.
    position = np.arange(len(todo)) - np.maximum.accumulate(
        np.where(is_new, np.arange(len(todo)), 0)
    )
    q = BLOCK * BLOCK
    is_new |= position % q == 0
    block = np.cumsum(is_new) - 1
    slot = position % q
    firsts = np.nonzero(is_new)[0]
    centre_lon = grid.lon_at((block_column[firsts] + 0.5) * BLOCK)
    centre_lat = grid.lat_at((block_row[firsts] + 0.5) * BLOCK)
    for start in range(0, len(firsts), CHUNK):
        part = slice(start, start + CHUNK)
        begin = firsts[start]
        end = firsts[start + CHUNK] if start + CHUNK < len(firsts) else len(todo)
        members = todo[order[begin:end]]
        at = (block[begin:end] - start, slot[begin:end])
        # Empty slots hold the centre and are thrown away.
        lon_q = np.repeat(centre_lon[part, np.newaxis], q, axis=1)
        lat_q = np.repeat(centre_lat[part, np.newaxis], q, axis=1)
        lon_q[at], lat_q[at] = lon[members], lat[members]
        neighbours = nearest_by_quadrant(
            law, pooled, tree, centre_lon[part], centre_lat[part]
        )
        layout = lay_out(
            pooled, neighbours, centre_lon[part], centre_lat[part], lon_q, lat_q
        )
        found_mean, found_variance = krige(law, pooled, layout)
        mean[members], variance[members] = found_mean[at], found_variance[at]
