"""Parts of the data to hold out, each predicted from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coverage.core.kriging import metres_per_degree


def blocks_of(
    lon: NDArray[np.float64], lat: NDArray[np.float64], *, block_km: float
) -> NDArray[np.int64]:
    """Return the number of the square block that each place lies in.

    Parameters
    ----------
    lon, lat : shape (n,), degrees
    block_km : side of a block on the ground

    Returns
    -------
    array of shape (n,), from 0, in the order of the blocks' rows and columns
    """
    if not len(lon):
        return np.empty(0, np.int64)
    _, north_m = metres_per_degree(np.asarray(lat))
    row = np.floor(lat * north_m / (1000 * block_km)).astype(np.int64)
    # One length for a whole row of blocks, so that they are not sheared.
    middle = (row + 0.5) * 1000 * block_km / north_m
    east_m, _ = metres_per_degree(middle)
    column = np.floor(lon * east_m / (1000 * block_km)).astype(np.int64)
    _, block = np.unique(np.stack([row, column], axis=1), axis=0, return_inverse=True)
    return block.reshape(-1).astype(np.int64)


def blocked_folds(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    block_km: float,
    folds: int,
    seed: int,
) -> NDArray[np.int64]:
    """Return the fold of each place: whole blocks are held out together.

    Neighbouring readings are alike; held out one by one they would be predicted from
    the next reading on the same road, which says nothing of the land between roads.

    Examples
    --------
    >>> lon = np.array([116.0, 116.001, 116.5])
    >>> fold = blocked_folds(lon, np.zeros(3), block_km=2.0, folds=2, seed=0)
    >>> fold[0] == fold[1], fold[0] == fold[2]
    (np.True_, np.False_)
    """
    block = blocks_of(lon, lat, block_km=block_km)
    if not len(block):
        return block
    order = np.random.default_rng(seed).permutation(block.max() + 1)
    return order[block] % folds


def random_folds(count: int, *, folds: int, seed: int) -> NDArray[np.int64]:
    """Return folds that ignore place: an optimistic judgement, for comparison."""
    return np.random.default_rng(seed).permutation(count) % folds
