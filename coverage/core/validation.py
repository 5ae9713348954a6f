"""How good the estimates are: each reading predicted from others, and scored."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coverage.core.folds import blocked_folds, random_folds
from coverage.core.observations import Observations
from coverage.core.rivals import Prediction, Question, Rival

# Bins of the calibration error: tenths, as is usual (Naeini et al. 2015).
BINS = 10
# Odds beyond these are not told apart by any set at hand; log loss would be infinite.
MIN_P = 1e-4
# An opinion is confident from here on, either way.
CONFIDENT_P = 0.9
# Half-widths of the 50 % and 90 % intervals of a normal law, in deviations.
HALF_50, HALF_90 = 0.6744897501960817, 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of held-out observations; None where it cannot be said.

    The first two and the intervals are of readings; the others of whether the phone
    found less than usable signal, which "no service" answers too.
    """

    rmse_db: float | None
    mae_db: float | None
    auc: float | None
    average_precision: float | None
    f1: float
    iou: float
    brier: float
    log_loss: float
    calibration_error: float
    within_50: float | None
    within_90: float | None
    # Of the confident opinions, how many the phone agreed with, and how many there are.
    confident_right: float | None
    confident_share: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one estimator did: its scores and seconds, or why it has none."""

    name: str
    scores: Scores | None
    seconds: float
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        scores = asdict(self.scores) if self.scores else {}
        return {"name": self.name, **scores, "seconds": self.seconds} | (
            {"reason": self.reason} if self.reason else {}
        )


def truth_of(
    observations: Observations, threshold_dbm: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what was found: the reading or NaN, and whether it is below.

    Examples
    --------
    >>> o = Observations.from_readings(
    ...     np.zeros(3), np.zeros(3), np.array([-90.0, np.nan, -115.0]),
    ...     threshold_dbm=-110.0)
    >>> reading, is_below = truth_of(o, -110.0)
    >>> reading.tolist(), is_below.tolist()
    ([-90.0, nan, -115.0], [False, True, True])
    """
    is_reading = observations.low_dbm == observations.high_dbm
    reading = np.where(is_reading, observations.high_dbm, np.nan)
    is_below = np.where(
        is_reading,
        observations.high_dbm < threshold_dbm,
        observations.high_dbm <= threshold_dbm,
    )
    return reading, is_below


def score(
    prediction: Prediction,
    reading_dbm: NDArray[np.float64],
    is_below: NDArray[np.bool_],
) -> Scores:
    """Compare *prediction* with what was found, all arrays of shape (n,)."""
    from sklearn import metrics

    p = np.clip(prediction.p_below, MIN_P, 1 - MIN_P)
    has = np.isfinite(reading_dbm)
    error = prediction.mean_dbm[has] - reading_dbm[has]
    z = np.abs(error) / prediction.std_db[has]
    both = 0 < is_below.sum() < len(is_below)
    says_below = p >= 0.5
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = [
        abs(p[bins == b].mean() - is_below[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    confident = np.maximum(p, 1 - p) >= CONFIDENT_P

    def mean(values: NDArray[Any]) -> float | None:
        return float(values.mean()) if len(values) else None

    square = mean(error**2)
    return Scores(
        rmse_db=None if square is None else square**0.5,
        mae_db=mean(np.abs(error)),
        auc=float(metrics.roc_auc_score(is_below, p)) if both else None,
        average_precision=(
            float(metrics.average_precision_score(is_below, p)) if both else None
        ),
        f1=float(metrics.f1_score(is_below, says_below, zero_division=0.0)),
        iou=float(metrics.jaccard_score(is_below, says_below, zero_division=0.0)),
        brier=float(np.mean((p - is_below) ** 2)),
        log_loss=float(metrics.log_loss(is_below, p, labels=[False, True])),
        calibration_error=float(sum(gaps)),
        within_50=mean(z <= HALF_50),
        within_90=mean(z <= HALF_90),
        confident_right=mean((says_below == is_below)[confident]),
        confident_share=float(confident.mean()),
    )


def validate(
    observations: Observations,
    *,
    threshold_dbm: float,
    estimators: dict[str, Rival],
    block_km: float,
    folds: int,
    seed: int = 0,
    is_random: bool = False,
    progress: Callable[[int, int | None, str], None],
) -> list[Outcome]:
    """Let every estimator predict each fold from the others, and score it.

    Deterministic but for the seconds.

    Parameters
    ----------
    estimators : by name; all get the same folds
    block_km : side of the squares that are held out together
    is_random : hold out single rows instead, which flatters every estimator

    Raises
    ------
    ValueError
        If the observations lie in fewer than two blocks: nothing can be held out.
    """
    fold = (
        random_folds(len(observations), folds=folds, seed=seed)
        if is_random
        else blocked_folds(
            observations.lon,
            observations.lat,
            block_km=block_km,
            folds=folds,
            seed=seed,
        )
    )
    numbers = np.unique(fold)
    if len(numbers) < 2:
        message = (
            f"{len(observations)} observations lie in {len(numbers)} block of "
            f"{block_km:g} km: at least two are needed."
        )
        raise ValueError(message)
    reading, is_below = truth_of(observations, threshold_dbm)
    outcomes = []
    for done, (name, estimator) in enumerate(estimators.items()):
        progress(done, len(estimators), f"Judging {name}")
        started_s = time.perf_counter()
        scores, reason = None, ""
        try:
            prediction = _held_out(
                estimator, observations, fold, threshold_dbm, block_km
            )
            scores = score(prediction, reading, is_below)
        except (ImportError, ValueError, ArithmeticError, MemoryError) as error:
            reason = f"{type(error).__name__}: {error}"
        outcomes.append(
            Outcome(
                name=name,
                scores=scores,
                seconds=round(time.perf_counter() - started_s, 1),
                reason=reason,
            )
        )
    progress(len(estimators), len(estimators), "Judging")
    return outcomes


def _held_out(
    estimator: Rival,
    observations: Observations,
    fold: NDArray[np.int64],
    threshold_dbm: float,
    block_km: float,
) -> Prediction:
    mean, std, p = (np.full(len(fold), np.nan) for _ in range(3))
    for number in np.unique(fold):
        out = fold == number
        question = Question(
            observations.subset(~out),
            threshold_dbm,
            observations.lon[out],
            observations.lat[out],
            block_km,
        )
        with warnings.catch_warnings():
            # The libraries' remarks on the data; what they predict is judged here.
            warnings.simplefilter("ignore")
            answer = estimator(question)
        mean[out], std[out], p[out] = answer.mean_dbm, answer.std_db, answer.p_below
    if not (np.isfinite(mean).all() and (std > 0).all() and np.isfinite(p).all()):
        message = "it left places without an answer"
        raise ValueError(message)
    return Prediction(mean, std, p)
