"""Which blank spots come first: a weighted mean of parts that can be looked at.

Each part is a spot's value as a share of the largest in the list. A share keeps
proportions, which a rank would lose: 5 000 people are not one place ahead of 50 but a
hundred times as many. Its weakness is told on the page: one very large spot presses
the others together in that part, never out of their order.

What is not known is never taken for nothing. A part without a value is left out of the
spot's mean, its weight going to the parts that are known, and how much of the weight
was known stands beside the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Scores that differ by less are one score: sums of the same numbers in another order.
_SAME = 9


@dataclass(frozen=True)
class Scores:
    """n spots by k parts, in the order they were given.

    ``parts`` (n, k) from 0 to 1, NaN where not known; ``score`` (n,) from 0 to 1, NaN
    where no part with a weight is known; ``known`` (n,) is the share of the weights
    whose part is known.
    """

    parts: NDArray[np.float64]
    score: NDArray[np.float64]
    known: NDArray[np.float64]


def shares_of_largest(values: ArrayLike) -> NDArray[np.float64]:
    """Return each column of *values* as shares of its largest.

    Parameters
    ----------
    values : array, shape (n, k), at least 0
        NaN where not known.

    Raises
    ------
    ValueError
        If a value is negative or infinite.

    Examples
    --------
    >>> shares_of_largest([[50.0], [200.0], [np.nan]]).ravel().tolist()
    [0.25, 1.0, nan]

    Where nothing is there, it is nothing of nothing:

    >>> shares_of_largest([[0.0], [0.0]]).ravel().tolist()
    [0.0, 0.0]
    """
    array = np.asarray(values, float)
    if (array < 0).any() or np.isinf(array).any():
        message = f"Values from 0 on are wanted, not {np.nanmin(array)}."
        raise ValueError(message)
    if not len(array):
        return array
    largest = np.where(np.isnan(array), 0.0, array).max(axis=0)
    return array / np.where(largest > 0, largest, 1.0)


def score(
    values: ArrayLike, weights: ArrayLike, *, confidence: ArrayLike | None = None
) -> Scores:
    """Return the weighted mean of the parts of each spot.

    Parameters
    ----------
    values : array, shape (n, k), at least 0, NaN where not known
        More is always more urgent.
    weights : array, shape (k,), at least 0
    confidence : array, shape (n,), 0 to 1, or None
        Multiplies the score where given.

    Raises
    ------
    ValueError
        If a value or a weight is negative, or their numbers differ.

    Examples
    --------
    Two parts, the first twice as heavy; of the last spot the second is not known:

    >>> result = score([[100, 0], [50, 4], [100, np.nan]], [2, 1])
    >>> result.score.round(3).tolist()
    [0.667, 0.667, 1.0]
    >>> result.known.round(3).tolist()
    [1.0, 1.0, 0.667]

    Without a weight there is no score, and not a score of 0:

    >>> score([[1.0]], [0.0]).score.tolist()
    [nan]
    """
    parts = shares_of_largest(values)
    weight = np.asarray(weights, float)
    if weight.shape != parts.shape[1:] or (weight < 0).any():
        message = f"{parts.shape[1]} weights from 0 on are wanted, not {weight}."
        raise ValueError(message)
    is_known = ~np.isnan(parts)
    held = (is_known * weight).sum(axis=1)
    total = (np.where(is_known, parts, 0.0) * weight).sum(axis=1)
    has_score = held > 0
    mean = np.full(len(parts), np.nan)
    mean[has_score] = total[has_score] / held[has_score]
    if confidence is not None:
        mean *= np.asarray(confidence, float)
    whole = weight.sum()
    known = held / whole if whole else np.zeros(len(parts))
    return Scores(parts=parts, score=mean, known=known)


def ranking(
    score: NDArray[np.float64], area_km2: NDArray[np.float64], names: list[str]
) -> NDArray[np.intp]:
    """Return the indices of spots, the most urgent first.

    Of equal scores the larger area comes first, then the smaller name; those without
    a score come last, in the same order.

    Parameters
    ----------
    score : array, shape (n,), NaN where there is none
    area_km2 : array, shape (n,)
    names : n texts that no two spots share

    Examples
    --------
    >>> ranking(np.array([0.5, np.nan, 0.5]), np.array([1.0, 9, 2]), ["a", "b", "c"])
    array([2, 0, 1])
    >>> ranking(np.array([]), np.array([]), []).tolist()
    []
    """
    urgency = np.where(np.isnan(score), -1.0, np.round(score, _SAME))
    return np.lexsort((np.array(names, np.str_), -area_km2, -urgency))
