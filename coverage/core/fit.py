"""Learning a layer's law from its own observations, by leaving some of them out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.spatial import cKDTree
from scipy.special import log_expit, logit, ndtr

from coverage.core.kriging import (
    krige,
    lay_out,
    nearest_by_quadrant,
    predict_left_out,
    to_earth,
)
from coverage.core.law import Parameters, SignalLaw
from coverage.core.observations import Observations, Pooled, pool

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
EXCLUSIONS_M = (0.0, 200.0, 1000.0, 3000.0)
# Trial points for fitting and for calibrating; more changes little and costs time.
FIT_POINTS, CALIBRATION_POINTS = 200, 1500
# Degrees of freedom of the Student-t error while fitting: robust to single outliers.
STUDENT_NU = 5.0
# How strongly the calibration is held to the identity: pseudo-observations.
CALIBRATION_PRIOR = 20.0


def fit_law(
    observations: Observations,
    *,
    threshold_dbm: float,
    parameters: Parameters | None = None,
) -> SignalLaw:
    """Learn the law of a layer; with few observations, fall back on sane constants.

    Deterministic, whatever the order of the observations.

    Parameters
    ----------
    observations : of one operator for one service; none at all is allowed
    threshold_dbm : dBm below which the service is not usable
    parameters : what is chosen and not learned

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
    law = _constant_law(pooled, threshold_dbm, parameters)
    if len(pooled) < MIN_TO_FIT:
        return law
    tree = cKDTree(to_earth(pooled.lon, pooled.lat))
    law = _fit_covariance(law, pooled, tree)
    return _calibrate(law, pooled, tree)


def _constant_law(
    pooled: Pooled, threshold_dbm: float, parameters: Parameters
) -> SignalLaw:
    mean, variance = DEFAULT_MEAN_DBM, DEFAULT_VARIANCE_DB2
    if len(pooled):
        # Shrunk towards the default, so that one report does not set the mean alone.
        n = len(pooled)
        prior = 10.0
        mean = float((pooled.value_dbm.sum() + prior * mean) / (n + prior))
        spread = float(((pooled.value_dbm - mean) ** 2).sum())
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
        std_scale=1.0,
        calibration_intercept=0.0,
        calibration_slope=1.0,
        search_radius_m=parameters.search_radius_m,
        per_quadrant=parameters.per_quadrant,
        candidates=parameters.candidates,
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


def _fit_covariance(law: SignalLaw, pooled: Pooled, tree: cKDTree) -> SignalLaw:
    """Maximise the density of left-out observations over several gap sizes."""
    at = _trial_points(pooled, FIT_POINTS)
    lon, lat = pooled.lon[at], pooled.lat[at]
    # Neighbours and distances depend on places only: they are looked up once.
    layouts = [
        lay_out(
            pooled,
            nearest_by_quadrant(law, pooled, tree, lon, lat, exclusion_m=gap),
            lon,
            lat,
            lon[:, np.newaxis],
            lat[:, np.newaxis],
        )
        for gap in EXCLUSIONS_M
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
        for layout in layouts:
            mean, variance = krige(candidate, pooled, layout)
            noise = (
                candidate.noise_share * candidate.variance_db2 / pooled.visits[at]
                + pooled.extra_var_db2[at]
            )
            scale2 = variance[:, 0] + noise
            z2 = (pooled.value_dbm[at] - mean[:, 0]) ** 2 / scale2
            total += float(
                np.sum(
                    0.5 * np.log(scale2)
                    + (STUDENT_NU + 1) / 2 * np.log1p(z2 / STUDENT_NU)
                )
            )
        prior = 0.5 * float(np.sum(((x - start) / width) ** 2))
        return total / len(EXCLUSIONS_M) + prior

    best = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"maxfev": 90, "xatol": 0.02, "fatol": 0.05},
    )
    return trial(best.x)


def _calibrate(law: SignalLaw, pooled: Pooled, tree: cKDTree) -> SignalLaw:
    """Scale the deviation and bend the probability to what left-out readings say."""
    at = _trial_points(pooled, CALIBRATION_POINTS)
    means, variances, values, below = [], [], [], []
    for gap in EXCLUSIONS_M[:3]:
        mean, variance = predict_left_out(law, pooled, tree, at, gap)
        means.append(mean)
        variances.append(
            variance + law.noise_share * law.variance_db2 + law.reading_var_db2
        )
        values.append(pooled.value_dbm[at])
        below.append(pooled.is_below[at])
    mean, std = np.concatenate(means), np.sqrt(np.concatenate(variances))
    # Two readings stand for each pool: its mean, less and more by its own spread.
    spread = np.tile(np.sqrt(pooled.within_var_db2[at]), len(means))
    residual = np.concatenate(values) - mean
    z = np.abs(np.concatenate([residual - spread, residual + spread])) / np.tile(std, 2)
    # The 90 % interval is what is read off: match the quantile, not the variance.
    scale = float(np.clip(np.quantile(z, 0.9) / 1.6448536, 0.6, 1.8))
    law = replace(law, std_scale=scale)
    p = np.clip(ndtr((law.threshold_dbm - mean) / (std * scale)), 1e-4, 1 - 1e-4)
    odds, truth = logit(p), np.concatenate(below)
    if truth.min() == truth.max():
        return law

    def loss(x: NDArray[np.float64]) -> float:
        t = x[0] + np.exp(x[1]) * odds
        fit = -float(np.mean(truth * log_expit(t) + (1 - truth) * log_expit(-t)))
        return fit + CALIBRATION_PRIOR / len(odds) * float(np.sum(x**2))

    best = optimize.minimize(loss, np.zeros(2), method="Nelder-Mead")
    return replace(
        law,
        calibration_intercept=float(best.x[0]),
        calibration_slope=float(np.exp(best.x[1])),
    )
