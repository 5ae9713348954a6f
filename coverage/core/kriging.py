"""Local simple kriging from the nearest observations in four directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from coverage.core.grid import ECCENTRICITY_SQUARED, SEMI_MAJOR_M
from coverage.core.law import SignalLaw, covariance
from coverage.core.observations import Pooled

# Centres handled at a time: bounds the memory of the neighbour table.
CHUNK = 2048


def metres_per_degree(
    lat: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ground length of a degree of longitude and of latitude at *lat*.

    From the ellipsoid's radii of curvature N (prime vertical) and M (meridian).

    Examples
    --------
    >>> [round(float(v)) for v in metres_per_degree(np.array(0.0))]
    [111319, 110574]
    """
    phi = np.radians(lat)
    root = np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    n = SEMI_MAJOR_M / root
    m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / root**3
    return np.radians(1.0) * n * np.cos(phi), np.radians(1.0) * m


def to_earth(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return earth-centred coordinates in metres, shape (n, 3).

    Straight distances between them differ from those on the ground by less than
    a millimetre within 8 km, at any latitude and across the date line.
    """
    lam, phi = np.radians(lon), np.radians(lat)
    n = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    return np.stack(
        [
            n * np.cos(phi) * np.cos(lam),
            n * np.cos(phi) * np.sin(lam),
            n * (1 - ECCENTRICITY_SQUARED) * np.sin(phi),
        ],
        axis=-1,
    )


@dataclass(frozen=True)
class Neighbours:
    """The observations that speak for each of b centres.

    index : shape (b, k), into the pooled observations, ascending; unused places 0
    used : shape (b, k)
    """

    index: NDArray[np.int64]
    used: NDArray[np.bool_]


def nearest_by_quadrant(
    law: SignalLaw,
    pooled: Pooled,
    tree: cKDTree,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    exclusion_m: float = -1.0,
) -> Neighbours:
    """Choose for each centre the nearest few in each quadrant within the radius.

    Parameters
    ----------
    lon, lat : shape (b,), degrees
    exclusion_m : observations this near or nearer are left out
    """
    k = min(law.candidates, len(pooled))
    distance, index = tree.query(
        to_earth(lon, lat), k=k, distance_upper_bound=law.search_radius_m
    )
    distance, index = distance.reshape(-1, k), index.reshape(-1, k)
    found = np.isfinite(distance) & (distance > exclusion_m)
    index = np.where(found, index, 0)
    # Ties in distance are settled by the order of places, not by the tree.
    order = np.lexsort((index, np.where(found, distance, np.inf)), axis=1)
    index = np.take_along_axis(index, order, axis=1)
    found = np.take_along_axis(found, order, axis=1)
    is_east = pooled.lon[index] >= lon[:, np.newaxis]
    is_north = pooled.lat[index] >= lat[:, np.newaxis]
    chosen = np.zeros_like(found)
    for east in (True, False):
        for north in (True, False):
            here = found & (is_east == east) & (is_north == north)
            chosen |= here & (np.cumsum(here, axis=1) <= law.per_quadrant)
    most = 4 * law.per_quadrant
    # The chosen first, then by place: the same set always makes the same matrix.
    rank = np.lexsort((index, ~chosen), axis=1)[:, :most]
    used = np.take_along_axis(chosen, rank, axis=1)
    return Neighbours(np.where(used, np.take_along_axis(index, rank, axis=1), 0), used)


@dataclass(frozen=True)
class Layout:
    """How b sets of neighbours and q places around each lie to each other.

    neighbours : the sets
    among_m : shape (b, k, k), between the neighbours of a set
    across_m : shape (b, k, q), from each neighbour to each place
    """

    neighbours: Neighbours
    among_m: NDArray[np.float64]
    across_m: NDArray[np.float64]


def lay_out(
    pooled: Pooled,
    neighbours: Neighbours,
    centre_lon: NDArray[np.float64],
    centre_lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> Layout:
    """Measure the distances on the ground in the plane that touches each centre.

    Parameters
    ----------
    centre_lon, centre_lat : shape (b,), degrees
    lon, lat : shape (b, q), degrees
    """
    east_m, north_m = metres_per_degree(centre_lat)

    def local(
        lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (
            (lon_deg - centre_lon[:, np.newaxis]) * east_m[:, np.newaxis],
            (lat_deg - centre_lat[:, np.newaxis]) * north_m[:, np.newaxis],
        )

    def between(
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        to_x: NDArray[np.float64],
        to_y: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        dx = x[:, :, np.newaxis] - to_x[:, np.newaxis, :]
        dy = y[:, :, np.newaxis] - to_y[:, np.newaxis, :]
        return np.sqrt(dx * dx + dy * dy)

    x, y = local(pooled.lon[neighbours.index], pooled.lat[neighbours.index])
    return Layout(neighbours, between(x, y, x, y), between(x, y, *local(lon, lat)))


def krige(
    law: SignalLaw, pooled: Pooled, layout: Layout
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate the signal at the q places around each of b centres.

    Returns
    -------
    (mean_dbm, variance_db2) : shape (b, q)
        The variance is of the signal itself; a reading's noise comes on top.
    """
    index, used = layout.neighbours.index, layout.neighbours.used
    matrix = covariance(law, layout.among_m)
    matrix *= used[:, :, np.newaxis] & used[:, np.newaxis, :]
    noise = (
        law.noise_share * law.variance_db2 / pooled.visits[index]
        + pooled.extra_var_db2[index]
    )
    diagonal = np.arange(index.shape[1])
    # An unused place is a row of the identity: it neither takes nor gives.
    matrix[:, diagonal, diagonal] = np.where(
        used, matrix[:, diagonal, diagonal] + noise, 1.0
    )
    right = covariance(law, layout.across_m)
    right *= used[:, :, np.newaxis]
    departure = np.where(used, pooled.value_dbm[index] - law.mean_dbm, 0.0)
    weights = np.linalg.solve(matrix, right)
    mean = law.mean_dbm + (weights * departure[:, :, np.newaxis]).sum(axis=1)
    total = law.variance_db2 * (1.0 - law.noise_share)
    variance = np.maximum(total - (weights * right).sum(axis=1), 0.0)
    return mean, variance


def predict_left_out(
    law: SignalLaw,
    pooled: Pooled,
    tree: cKDTree,
    at: NDArray[np.int64],
    exclusion_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predict the pooled observations *at* from those farther than *exclusion_m*."""
    means, variances = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(at), CHUNK):
        part = at[start : start + CHUNK]
        lon, lat = pooled.lon[part], pooled.lat[part]
        neighbours = nearest_by_quadrant(
            law, pooled, tree, lon, lat, exclusion_m=exclusion_m
        )
        layout = lay_out(
            pooled, neighbours, lon, lat, lon[:, np.newaxis], lat[:, np.newaxis]
        )
        mean, variance = krige(law, pooled, layout)
        means.append(mean[:, 0])
        variances.append(variance[:, 0])
    return np.concatenate(means), np.concatenate(variances)
