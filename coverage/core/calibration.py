"""From kriging's answer to that of a phone: mean, deviation and probability.

Kriging knows the signal as far as its law holds. How far it holds is asked of
readings that were held out: whether its departures from the mean deserve their size,
or the plain mean of the neighbours says more; whether its deviations cover what they
say; and how often a reading lies below the threshold where it says so. All three may
depend on how much the evidence says, and without evidence to the contrary all three
stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit, log_expit, logit, ndtr

from coverage.core.kriging import Kriged
from coverage.core.law import SignalLaw

# Far from the threshold the odds of a normal law are endless; no calibration is.
MIN_P = 1e-6
# A share of neighbours is never surer than this, whatever their number.
MIN_SHARE = 0.01
# How strongly each number is held to "as it is", in held-out readings. The weight of
# the neighbours' share is held the most: with few readings it did harm.
TRUST_PRIOR, STD_PRIOR, ODDS_PRIOR, SHARE_PRIOR = 400.0, 20.0, 5.0, 200.0
# Degrees of freedom of the residuals while the deviation's form is fitted.
STUDENT_NU = 6.0
# Within these a deviation is scaled, and the odds are stretched.
SCALES = (0.5, 2.0)
SLOPES = (0.2, 3.0)
# Of the most that keeps a deviation from growing with the evidence.
SAFELY = 0.9
QUANTILE_90 = 1.6448536269514722


@dataclass(frozen=True)
class HeldOut:
    """Pooled observations and what kriging from others said of them: shape (m,).

    value_dbm, within_var_db2 : the pool's mean, and its single values around it
    is_below : share of the pool that found less than usable signal
    patches : how many parts of the land tell of the mean independently of each other
    """

    kriged: Kriged
    value_dbm: NDArray[np.float64]
    within_var_db2: NDArray[np.float64]
    is_below: NDArray[np.float64]
    patches: int


def mean_of(law: SignalLaw, kriged: Kriged) -> NDArray[np.float64]:
    """Return the mean of the reading, dBm."""
    evidence = _evidence(law, kriged)
    trust = law.trust + law.trust_by_evidence * evidence
    near_trust = law.near_trust + law.near_trust_by_evidence * evidence
    return (
        law.mean_dbm
        + kriged.trend_db
        + law.shift_db
        + (kriged.mean_dbm - law.mean_dbm) * trust
        + (kriged.near_dbm - law.mean_dbm) * near_trust
    )


def std_of(law: SignalLaw, kriged: Kriged) -> NDArray[np.float64]:
    """Return the standard deviation of the reading, dB."""
    std = np.sqrt(kriged.variance_db2 + law.noise_var_db2)
    return std * law.std_scale * np.exp(law.std_by_evidence * _evidence(law, kriged))


def p_below_of(law: SignalLaw, kriged: Kriged) -> NDArray[np.float64]:
    """Return the probability that the reading lies below the threshold."""
    odds, share = _odds(law, kriged)
    return expit(law.odds_shift + law.odds_slope * odds + law.odds_by_share * share)


def calibrate(law: SignalLaw, held_out: HeldOut) -> SignalLaw:
    """Learn from *held_out* what `mean_of`, `std_of` and `p_below_of` apply."""
    law = _with_trust(law, held_out)
    law = _with_deviation(law, held_out)
    return _with_odds(law, held_out)


def _evidence(law: SignalLaw, kriged: Kriged) -> NDArray[np.float64]:
    """Return how much of the signal's variance the evidence explains, −½ … ½."""
    return 0.5 - kriged.variance_db2 / law.signal_var_db2


def _odds(
    law: SignalLaw, kriged: Kriged
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log-odds of the normal law, and by how much neighbours differ."""
    p = ndtr((law.threshold_dbm - mean_of(law, kriged)) / std_of(law, kriged))
    usual = np.clip(law.below_share, MIN_SHARE, 1 - MIN_SHARE)
    # One neighbour of the usual kind, so that few do not say too much.
    share = (kriged.below_share * kriged.count + usual) / (kriged.count + 1)
    share = np.clip(share, MIN_SHARE, 1 - MIN_SHARE)
    return logit(np.clip(p, MIN_P, 1 - MIN_P)), logit(share) - logit(usual)


def _with_trust(law: SignalLaw, held_out: HeldOut) -> SignalLaw:
    """Regress the values on the departures: weighted least squares with a prior."""
    kriged = held_out.kriged
    unit_db = np.sqrt(law.variance_db2)
    departure = (kriged.mean_dbm - law.mean_dbm) / unit_db
    near = (kriged.near_dbm - law.mean_dbm) / unit_db
    evidence = _evidence(law, kriged)
    one = np.ones(len(departure))
    columns = np.stack(
        [departure, departure * evidence, near, near * evidence, one], axis=1
    )
    weight = law.variance_db2 / (kriged.variance_db2 + law.noise_var_db2)
    weighted = columns * weight[:, np.newaxis]
    usual = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    target = (held_out.value_dbm - kriged.trend_db - law.mean_dbm) / unit_db
    found = np.linalg.solve(
        weighted.T @ columns + TRUST_PRIOR * np.eye(5),
        weighted.T @ target + TRUST_PRIOR * usual,
    )
    trust, by_evidence, near_trust, near_by_evidence, shift = map(float, found)
    return replace(
        law,
        trust=trust,
        trust_by_evidence=by_evidence,
        near_trust=near_trust,
        near_trust_by_evidence=near_by_evidence,
        shift_db=float(shift * unit_db),
    )


def _with_deviation(law: SignalLaw, held_out: HeldOut) -> SignalLaw:
    """Fit the deviation's form robustly, then its size to the 90 % interval."""
    kriged = held_out.kriged
    residual = held_out.value_dbm - mean_of(law, kriged)
    square = residual**2 + held_out.within_var_db2
    log_std = np.log(std_of(law, kriged))
    evidence = _evidence(law, kriged)

    def loss(x: NDArray[np.float64]) -> float:
        log_s = log_std + x[0] + x[1] * evidence
        z2 = square * np.exp(-2 * log_s)
        fit = np.mean(log_s + (STUDENT_NU + 1) / 2 * np.log1p(z2 / STUDENT_NU))
        return float(fit + STD_PRIOR / len(square) * np.sum(x**2))

    # More evidence must not make a deviation larger: d log std / d evidence ≤ 0.
    most = 0.5 * law.signal_var_db2 / (law.signal_var_db2 + law.noise_var_db2)
    by_evidence = float(optimize.minimize(loss, np.zeros(2), method="BFGS").x[1])
    law = replace(law, std_by_evidence=float(np.clip(by_evidence, -1.0, SAFELY * most)))
    # Two readings stand for each pool: its mean, less and more by its own spread.
    spread = np.sqrt(held_out.within_var_db2)
    z = np.abs(np.stack([residual - spread, residual + spread])) / std_of(law, kriged)
    scale = float(np.clip(np.quantile(z, 0.9) / QUANTILE_90, *SCALES))
    # What was held out lies on the land whose mean was taken; the next place may not.
    # A mean of n independent parts errs by 1/n of their variance on top.
    return replace(law, std_scale=scale * (1 + 1 / held_out.patches) ** 0.5)


def _with_odds(law: SignalLaw, held_out: HeldOut) -> SignalLaw:
    """Fit a logistic regression of "below" on the odds and the neighbours' share."""
    truth = held_out.is_below
    if truth.min() == truth.max():
        return law
    odds, share = _odds(law, held_out.kriged)
    columns = np.stack([np.ones(len(odds)), odds, share], axis=1)
    usual = np.array([0.0, 1.0, 0.0])
    prior = np.array([ODDS_PRIOR, ODDS_PRIOR, SHARE_PRIOR]) / len(odds)

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        t = columns @ x
        fit = -np.mean(truth * log_expit(t) + (1 - truth) * log_expit(-t))
        slope = columns.T @ (expit(t) - truth) / len(t) + 2 * prior * (x - usual)
        return float(fit + np.sum(prior * (x - usual) ** 2)), slope

    # Never below zero: more neighbours without a signal never speak for one.
    bounds = [(-3.0, 3.0), SLOPES, (0.0, 2.0)]
    shift, slope, by_share = optimize.minimize(
        loss, usual, jac=True, method="L-BFGS-B", bounds=bounds
    ).x
    return replace(
        law,
        odds_shift=float(shift),
        odds_slope=float(slope),
        odds_by_share=float(by_share),
    )
