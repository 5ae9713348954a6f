"""What the estimator takes in, and how it pools it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

# On the trial's series 100 m did better than 250 or 500 m; on those at hand 50 m did
# better than 100 in towns, 200 m did worse, and nothing changed in the country.
POOL_DEG = 50.0 / 110_574.0
# Pools are looked up in bands of latitude this high, about half a kilometre.
BAND_DEG = 0.0045
BANDS = round(180.0 / BAND_DEG)
# More distinct visits than this to one place add no certainty about its surroundings.
MAX_VISITS = 4.0
# "No service" enters this far below the threshold: as good as a censored likelihood
# on the trial's series (0 and -4 dB were worse, -12 no better).
BELOW_BY_DB = 8.0
# "It works" without a reading lies this far above on average in the trial's readings.
ABOVE_BY_DB = 15.0
# Standard deviation of such a stand-in value around the true reading.
BOUND_STD_DB = 8.0
# A report loses half its weight in two years; a parameter, not yet tested.
HALF_LIFE_DAYS = 730.0
# Position errors below this hardly matter; 300 m costs up to 0.7 dB (estimation.md).
GOOD_ACCURACY_M = 100.0


@dataclass(frozen=True, kw_only=True)
class Observations:
    """n observations of one operator for one service, in one threshold's dBm.

    lon, lat : shape (n,), degrees WGS84
    low_dbm, high_dbm : shape (n,), equal for a reading; (−inf, T) for "no service",
        (T, +inf) for "it works" without a reading
    accuracy_m : shape (n,), horizontal position error, NaN where not known
    age_days : shape (n,), at the run's cut-off
    weight : shape (n,), 0 … 1
    visit : shape (n,), the same number for the same person or phone in one hour
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    low_dbm: NDArray[np.float64]
    high_dbm: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    age_days: NDArray[np.float64]
    weight: NDArray[np.float64]
    visit: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lon)

    def subset(self, which: NDArray[Any]) -> Observations:
        """Return the observations that *which* (indices or a mask) picks."""
        return Observations(
            **{field.name: getattr(self, field.name)[which] for field in fields(self)}
        )

    @classmethod
    def from_readings(
        cls,
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        rsrp_dbm: NDArray[np.float64],
        *,
        threshold_dbm: float,
    ) -> Observations:
        """Return observations of plain readings; NaN means no service.

        Nothing is known of who made them: all count as one visit.
        """
        lon, lat, rsrp = (np.asarray(v, float) for v in (lon, lat, rsrp_dbm))
        none = np.isnan(rsrp)
        return cls(
            lon=lon,
            lat=lat,
            low_dbm=np.where(none, -np.inf, rsrp),
            high_dbm=np.where(none, threshold_dbm, rsrp),
            accuracy_m=np.full(len(lon), np.nan),
            age_days=np.zeros(len(lon)),
            weight=np.ones(len(lon)),
            visit=np.zeros(len(lon), np.int64),
        )


@dataclass(frozen=True)
class Lookup:
    """Pooled observations arranged for finding what is near a place.

    lon, lat : shape (m,), degrees, by band of latitude and then by longitude
    index : shape (m,), which of the pooled observations each one is
    first : shape (BANDS + 1,), where each band begins
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    index: NDArray[np.int64]
    first: NDArray[np.int64]


@dataclass(frozen=True)
class Pooled:
    """m pooled observations, in an order that depends on their places only.

    lon, lat, value_dbm : shape (m,)
    visits : shape (m,), effective number of distinct visits, above 0 and at most 4
    extra_var_db2 : shape (m,), variance of stand-in values around the true reading
    is_below : shape (m,), share of the pool that found no usable signal
    within_var_db2 : shape (m,), mean square of single values around the pool's
    trend_db : shape (m,), by how much the land shifts the mean there
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    value_dbm: NDArray[np.float64]
    visits: NDArray[np.float64]
    extra_var_db2: NDArray[np.float64]
    is_below: NDArray[np.float64]
    within_var_db2: NDArray[np.float64]
    trend_db: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.lon)

    @cached_property
    def lookup(self) -> Lookup:
        band = np.floor((self.lat + 90.0) / BAND_DEG).astype(np.int64)
        order = np.lexsort((np.arange(len(self)), self.lon, band))
        first = np.searchsorted(band[order], np.arange(BANDS + 1))
        return Lookup(self.lon[order], self.lat[order], order, first.astype(np.int64))


def stand_in_dbm(observations: Observations) -> NDArray[np.float64]:
    """Return one value for each observation: its reading, or one for its bounds."""
    return np.where(
        np.isneginf(observations.low_dbm),
        observations.high_dbm - BELOW_BY_DB,
        np.where(
            np.isposinf(observations.high_dbm),
            observations.low_dbm + ABOVE_BY_DB,
            (observations.low_dbm + observations.high_dbm) / 2,
        ),
    )


def pool(observations: Observations, *, threshold_dbm: float) -> Pooled:
    """Pool observations that lie within about 50 m of each other.

    The rows of one visit are averaged first, so that a thousand readings of one
    drive count as one visit and not as a thousand; then the visits.

    Examples
    --------
    >>> o = Observations.from_readings(
    ...     np.array([116.0, 116.0]), np.array([0.0, 0.0]), np.array([-90.0, -94.0]),
    ...     threshold_dbm=-110.0)
    >>> p = pool(o, threshold_dbm=-110.0)
    >>> p.value_dbm.tolist(), p.visits.tolist()
    ([-92.0], [1.0])
    """
    below = np.isneginf(observations.low_dbm)
    above = np.isposinf(observations.high_dbm)
    value = stand_in_dbm(observations)
    width = np.where(below | above, 0.0, observations.high_dbm - observations.low_dbm)
    # A uniform interval's variance is its width squared over twelve.
    extra = np.where(below | above, BOUND_STD_DB**2, width**2 / 12)
    accuracy = np.where(
        np.isnan(observations.accuracy_m), GOOD_ACCURACY_M, observations.accuracy_m
    )
    weight = (
        observations.weight
        * 0.5 ** (observations.age_days / HALF_LIFE_DAYS)
        / np.maximum(1.0, accuracy / GOOD_ACCURACY_M)
    )
    use = weight > 0
    row = np.floor(observations.lat / POOL_DEG).astype(np.int64)
    shrink = np.cos(np.radians((row + 0.5) * POOL_DEG))
    column = np.floor(observations.lon * shrink / POOL_DEG).astype(np.int64)
    # Sorted by everything that is used, so that the order given cannot matter.
    order = np.lexsort(
        (
            observations.lat,
            observations.lon,
            extra,
            weight,
            value,
            observations.visit,
            column,
            row,
        )
    )
    order = order[use[order]]
    if not len(order):
        empty = np.empty(0)
        return Pooled(empty, empty, empty, empty, empty, empty, empty, empty)
    row, column, visit = row[order], column[order], observations.visit[order]
    new_pool = np.r_[True, (row[1:] != row[:-1]) | (column[1:] != column[:-1])]
    new_visit = new_pool | np.r_[True, visit[1:] != visit[:-1]]
    starts = np.nonzero(new_visit)[0]
    per_visit = np.diff(np.r_[starts, len(order)])

    def visit_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(values[order], starts) / per_visit

    visit_weight = visit_mean(weight)
    pool_of = np.nonzero(new_pool[starts])[0]
    total = np.add.reduceat(visit_weight, pool_of)

    def pool_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        weighted = visit_mean(values) * visit_weight
        return np.add.reduceat(weighted, pool_of) / total

    # Squares are taken around a nearby value, or they would lose their last digits.
    around_dbm = threshold_dbm
    return Pooled(
        lon=pool_mean(observations.lon),
        lat=pool_mean(observations.lat),
        value_dbm=pool_mean(value),
        visits=np.minimum(total, MAX_VISITS),
        extra_var_db2=pool_mean(extra),
        is_below=pool_mean((value < threshold_dbm).astype(float)),
        within_var_db2=np.maximum(
            pool_mean((value - around_dbm) ** 2) - (pool_mean(value) - around_dbm) ** 2,
            0.0,
        ),
        trend_db=np.zeros(len(total)),
    )
