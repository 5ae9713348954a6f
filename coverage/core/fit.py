"""Learning a layer's law from its own observations, by leaving some of them out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from coverage.core.calibration import HeldOut, calibrate
from coverage.core.kriging import (
    Kriged,
    Places,
    krige,
    metres_per_degree,
    nearest_by_quadrant,
)
from coverage.core.law import Parameters, SignalLaw
from coverage.core.observations import Observations, Pooled, pool
from coverage.core.trend import NO_GROUND, Ground, fit_trend

# Covariance shares and lengths that did nearly as well as fitting on 12 real series,
# and better below 300 pooled observations (estimation.md).
NOISE_SHARE, SHORT_SHARE = 0.10, 0.30
SHORT_M, LONG_M = 700.0, 2500.0
MIN_VARIANCE_DB2 = 80.0
# Without a single reading: the middle of what phones report in the trial's sets.
DEFAULT_MEAN_DBM = -98.0
DEFAULT_VARIANCE_DB2 = 144.0
# From this many pooled observations on a fit pays.
MIN_TO_FIT = 300
# From this many pools with several readings on, their spread is an estimate.
MIN_TO_POOL_VARIANCE = 30
# Left-out circles around each trial point: tuned for the gaps that are mapped, not
# for the next point on the road.
FIT_GAPS_M = (0.0, 200.0, 1000.0, 3000.0)
# For calibrating, the gaps at which an opinion is stated, and one beyond.
CALIBRATION_GAPS_M = (0.0, 200.0, 500.0, 1000.0, 2000.0)
# Trial points for fitting and for calibrating; more changes little and costs time.
FIT_POINTS, CALIBRATION_POINTS = 400, 1500
# Degrees of freedom of the Student-t error while fitting: robust to single outliers.
STUDENT_NU = 5.0


def fit_law(
    observations: Observations,
    *,
    threshold_dbm: float,
    parameters: Parameters | None = None,
    ground: Ground = NO_GROUND,
) -> SignalLaw:
    """Learn the law of a layer; with few observations, fall back on sane constants.

    Deterministic, whatever the order of the observations.

    Parameters
    ----------
    observations : of one operator for one service; none at all is allowed
    threshold_dbm : dBm below which the service is not usable
    parameters : what is chosen and not learned
    ground : what is known of the land

    Examples
    --------
    >>> law = fit_law(
    ...     Observations.from_readings(
    ...         np.array([116.0]), np.array([0.0]), np.array([-100.0]),
    ...         threshold_dbm=-110.0),
    ...     threshold_dbm=-110.0)
    >>> law.variance_db2, law.std_scale
    (144.0, 1.0)
    """
    parameters = parameters or Parameters()
    pooled = pool(observations, threshold_dbm=threshold_dbm)
    trend = fit_trend(pooled, ground)
    pooled = replace(pooled, trend_db=trend.at(ground, pooled.lon, pooled.lat))
    law = _constant_law(pooled, threshold_dbm, parameters)
    law = replace(law, trend_slopes=trend.slopes, trend_middle=trend.middle)
    if len(pooled) < MIN_TO_FIT:
        return law
    law = _fit_covariance(law, pooled)
    return calibrate(law, _hold_out(law, pooled))


def _constant_law(
    pooled: Pooled, threshold_dbm: float, parameters: Parameters
) -> SignalLaw:
    mean, variance = DEFAULT_MEAN_DBM, DEFAULT_VARIANCE_DB2
    if len(pooled):
        # Shrunk towards the default, so that one report does not set the mean alone.
        n = len(pooled)
        prior = 10.0
        value_dbm = pooled.value_dbm - pooled.trend_db
        mean = float((value_dbm.sum() + prior * mean) / (n + prior))
        spread = float(((value_dbm - mean) ** 2).sum())
        variance = max((spread + prior * variance) / (n + prior), MIN_VARIANCE_DB2)
        if n == 1:
            variance = DEFAULT_VARIANCE_DB2
    return SignalLaw(
        threshold_dbm=threshold_dbm,
        mean_dbm=mean,
        variance_db2=variance,
        noise_share=NOISE_SHARE,
        short_share=SHORT_SHARE,
        short_m=SHORT_M,
        long_m=LONG_M,
        reading_var_db2=_reading_variance(pooled),
        below_share=float(pooled.is_below.mean()) if len(pooled) else 0.0,
        search_radius_m=parameters.search_radius_m,
        per_quadrant=parameters.per_quadrant,
        reach_m=parameters.reach_m,
        fitted_pools=len(pooled),
    )


def _reading_variance(pooled: Pooled) -> float:
    """Return the mean variance of readings within a pool, 0 where pools are single."""
    several = pooled.within_var_db2 > 0
    if several.sum() < MIN_TO_POOL_VARIANCE:
        return 0.0
    return float(pooled.within_var_db2[several].mean())


def _trial_points(pooled: Pooled, most: int) -> NDArray[np.int64]:
    """Return evenly spread indices: pools are ordered by place."""
    step = max(1, len(pooled) // most)
    return np.arange(step // 2, len(pooled), step)[:most]


def _fit_covariance(law: SignalLaw, pooled: Pooled) -> SignalLaw:
    """Maximise the density of left-out observations over several gap sizes."""
    at = _trial_points(pooled, FIT_POINTS)
    places = Places.of_pools(pooled, at)
    # Neighbours depend on places only: they are looked up once.
    neighbours = [
        nearest_by_quadrant(law, pooled.lookup, places, exclusion_m=gap)
        for gap in FIT_GAPS_M
    ]

    def trial(x: NDArray[np.float64]) -> SignalLaw:
        shares = np.exp(np.array([x[0], x[1], 0.0]))
        shares = shares / shares.sum()
        return replace(
            law,
            noise_share=float(shares[0]),
            short_share=float(shares[1]),
            short_m=float(np.exp(x[2])),
            long_m=float(np.exp(x[2]) + np.exp(x[3])),
            variance_db2=float(np.exp(x[4])),
        )

    long_share = 1 - NOISE_SHARE - SHORT_SHARE
    start = np.array(
        [
            np.log(NOISE_SHARE / long_share),
            np.log(SHORT_SHARE / long_share),
            np.log(SHORT_M),
            np.log(LONG_M - SHORT_M),
            np.log(law.variance_db2),
        ]
    )
    # One unit of log is a factor of 2.7: a wide but not an endless prior.
    width = np.array([1.0, 1.0, 0.7, 0.7, 0.4])

    def loss(x: NDArray[np.float64]) -> float:
        candidate = trial(x)
        total = 0.0
        for near in neighbours:
            found = krige(candidate, pooled, near, places)
            noise = (
                candidate.noise_share * candidate.variance_db2 / pooled.visits[at]
                + pooled.extra_var_db2[at]
            )
            scale2 = found.variance_db2 + noise
            departure = pooled.value_dbm[at] - places.trend_db - found.mean_dbm
            z2 = departure**2 / scale2
            total += float(
                np.sum(
                    0.5 * np.log(scale2)
                    + (STUDENT_NU + 1) / 2 * np.log1p(z2 / STUDENT_NU)
                )
            )
        prior = 0.5 * float(np.sum(((x - start) / width) ** 2))
        return total / len(FIT_GAPS_M) + prior

    best = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"maxfev": 90, "xatol": 0.02, "fatol": 0.05},
    )
    return trial(best.x)


def _hold_out(law: SignalLaw, pooled: Pooled) -> HeldOut:
    """Krige trial points from the others, leaving circles out around each."""
    at = _trial_points(pooled, CALIBRATION_POINTS)
    places = Places.of_pools(pooled, at)
    parts, which = [], []
    for gap in CALIBRATION_GAPS_M:
        near = nearest_by_quadrant(law, pooled.lookup, places, exclusion_m=gap)
        found = krige(law, pooled, near, places)
        # Where nothing is left the mean is all there is, and nothing to learn.
        has = near.count > 0
        parts.append([column[has] for column in found.columns()])
        which.append(at[has])
    index = np.concatenate(which)
    return HeldOut(
        Kriged(*(np.concatenate(columns) for columns in zip(*parts, strict=True))),
        value_dbm=pooled.value_dbm[index],
        within_var_db2=pooled.within_var_db2[index],
        is_below=pooled.is_below[index],
        patches=_patches(law, pooled),
    )


def _patches(law: SignalLaw, pooled: Pooled) -> int:
    """Count the parts of the land that were measured and hardly know of each other."""
    # At twice the longer length the correlation has fallen to e^-2, 14 %.
    side_m = 2.0 * law.long_m
    east_m, north_m = metres_per_degree(pooled.lat)
    row = np.floor(pooled.lat * north_m / side_m).astype(np.int64)
    column = np.floor(pooled.lon * east_m / side_m).astype(np.int64)
    return len(np.unique((row << 32) + column))
