"""Local simple kriging from the nearest observations in four directions.

The loops over observations and squares are in `coverage.core.compiled`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coverage.core.compiled import choose, krige_sets, nearest
from coverage.core.grid import ECCENTRICITY_SQUARED, SEMI_MAJOR_M
from coverage.core.law import SignalLaw
from coverage.core.observations import Lookup, Pooled


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


@dataclass(frozen=True)
class Neighbours:
    """The observations that speak for each of b centres.

    index : shape (b, k), into the pooled observations; the first ``count`` of each
        row are used, in ascending order
    count : shape (b,)
    """

    index: NDArray[np.int64]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Places asked about, each near one of b centres that lends it its neighbours.

    lon, lat : shape (n,), degrees, centre by centre
    first : shape (b + 1,), where the places of each centre begin
    centre_lon, centre_lat : shape (b,), degrees
    trend_db : shape (n,), by how much the land shifts the mean
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    first: NDArray[np.int64]
    centre_lon: NDArray[np.float64]
    centre_lat: NDArray[np.float64]
    trend_db: NDArray[np.float64]

    @classmethod
    def of_pools(cls, pooled: Pooled, at: NDArray[np.int64]) -> Places:
        """Return the places of some pooled observations, centres of their own."""
        lon, lat = pooled.lon[at], pooled.lat[at]
        first = np.arange(len(at) + 1)
        return cls(lon, lat, first, lon, lat, pooled.trend_db[at])


def nearest_by_quadrant(
    law: SignalLaw,
    lookup: Lookup,
    places: Places,
    *,
    exclusion_m: float = -1.0,
) -> Neighbours:
    """Choose for each centre the nearest few in each quadrant within the radius.

    Parameters
    ----------
    exclusion_m : observations this near or nearer are left out
    """
    lon, lat = places.centre_lon, places.centre_lat
    east_m, north_m = metres_per_degree(lat)
    index = np.zeros((len(lon), 4 * law.per_quadrant), np.int64)
    count = np.zeros(len(lon), np.int64)
    choose(
        lookup.lon,
        lookup.lat,
        lookup.index,
        lookup.first,
        lon,
        lat,
        east_m,
        north_m,
        law.per_quadrant,
        law.search_radius_m,
        exclusion_m,
        index,
        count,
    )
    return Neighbours(index, count)


def nearest_distances(
    lookup: Lookup,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    within_m: float,
) -> NDArray[np.float64]:
    """Return the ground distance from each place to the nearest observation.

    Returns
    -------
    array of shape (b,), metres; inf where none is within *within_m*
    """
    east_m, north_m = metres_per_degree(lat)
    nearest_m = np.empty(len(lon))
    nearest(
        lookup.lon,
        lookup.lat,
        lookup.first,
        lon,
        lat,
        east_m,
        north_m,
        within_m,
        nearest_m,
    )
    return nearest_m


@dataclass(frozen=True)
class Kriged:
    """What kriging says of m places: arrays of one shape.

    mean_dbm, variance_db2 : of the signal without its trend
    near_dbm : mean of the neighbours without theirs, weighted by how much each is
        like the place (its covariance); the law's mean where there are none
    below_share : share of them that found less than usable signal, weighted alike
    count : how many neighbours
    trend_db : by how much the land shifts the mean
    """

    mean_dbm: NDArray[np.float64]
    variance_db2: NDArray[np.float64]
    near_dbm: NDArray[np.float64]
    below_share: NDArray[np.float64]
    count: NDArray[np.int64]
    trend_db: NDArray[np.float64]

    def columns(self) -> list[NDArray[Any]]:
        return [getattr(self, field.name) for field in fields(self)]


def krige(
    law: SignalLaw, pooled: Pooled, neighbours: Neighbours, places: Places
) -> Kriged:
    """Estimate the signal at *places* from the *neighbours* of their centres.

    Distances are measured in the plane that touches the ground at each centre. The
    variance is of the signal itself; a reading's noise comes on top.
    """
    east_m, north_m = metres_per_degree(places.centre_lat)
    mean, variance, near, share = np.empty((4, len(places.lon)))
    noise = law.noise_share * law.variance_db2 / pooled.visits + pooled.extra_var_db2
    krige_sets(
        neighbours.index,
        neighbours.count,
        pooled.lon,
        pooled.lat,
        pooled.value_dbm - pooled.trend_db - law.mean_dbm,
        noise,
        pooled.is_below,
        places.centre_lon,
        places.centre_lat,
        east_m,
        north_m,
        places.lon,
        places.lat,
        places.first,
        law.variance_db2 * law.short_share,
        law.variance_db2 * (1.0 - law.noise_share - law.short_share),
        -1.0 / law.short_m,
        -1.0 / law.long_m,
        mean,
        variance,
        near,
        share,
    )
    return Kriged(
        mean + law.mean_dbm,
        variance,
        near + law.mean_dbm,
        share,
        np.repeat(neighbours.count, np.diff(places.first)),
        places.trend_db,
    )
