"""From an estimate to three honest states.

Everything here works on the quantised arrays that are stored with a run, so that
the states can be derived again from what was published, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


class State(IntEnum):
    """What is known of a square. Weak is inside covered; likely blank is a doubt."""

    OUTSIDE = 0
    UNKNOWN = 1
    COVERED = 2
    WEAK = 3
    LIKELY_BLANK = 4
    BLANK = 5


# The stored probability is p × 250; this value means that nobody measured there.
UNKNOWN_P = 255
P_STEPS = 250


@dataclass(frozen=True, kw_only=True)
class StateRules:
    """Where the states begin (docs/blank-spot-definition.md has the reasons)."""

    covered_p: float = 0.2
    likely_blank_p: float = 0.3
    blank_p: float = 0.5
    weak_within_db: float = 8.0
    # Minimum mapping unit: smaller patches are not drawn as blank.
    min_area_km2: float = 0.25


@dataclass(frozen=True)
class Surface:
    """A quantised estimate over squares: one shape for all three arrays."""

    mean_ddbm: NDArray[np.int16]
    std_ddb: NDArray[np.uint8]
    p_blank: NDArray[np.uint8]


def quantise(
    mean_dbm: NDArray[np.float64],
    std_db: NDArray[np.float64],
    p_blank: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> Surface:
    """Return the estimate as it is stored; unknown squares hold nothing else.

    Parameters
    ----------
    mean_dbm, std_db, p_blank, known : arrays of one shape

    Examples
    --------
    >>> s = quantise(
    ...     np.array([-98.04, -98.0]),
    ...     np.array([7.5, 90.0]),
    ...     np.array([0.1, 0.9]),
    ...     np.array([True, False]),
    ... )
    >>> s.mean_ddbm.tolist(), s.std_ddb.tolist(), s.p_blank.tolist()
    ([-980, 0], [75, 0], [25, 255])
    """
    mean = np.where(known, np.clip(np.rint(mean_dbm * 10), -3000, 3000), 0)
    std = np.where(known, np.clip(np.rint(std_db * 10), 0, 255), 0)
    p = np.where(known, np.clip(np.rint(p_blank * P_STEPS), 0, P_STEPS), UNKNOWN_P)
    return Surface(mean.astype(np.int16), std.astype(np.uint8), p.astype(np.uint8))


def classify(
    surface: Surface, *, threshold_dbm: float, rules: StateRules
) -> NDArray[np.uint8]:
    """Return the state of each square of one operator's layer.

    Between ``covered_p`` and ``likely_blank_p`` the evidence speaks for neither:
    such squares are unknown.

    Examples
    --------
    >>> surface = quantise(
    ...     np.array([-90.0, -105.0, -110.0, -112.0, -118.0, -118.0]),
    ...     np.full(6, 6.0),
    ...     np.array([0.01, 0.15, 0.25, 0.4, 0.9, 0.9]),
    ...     np.array([True, True, True, True, True, False]),
    ... )
    >>> states = classify(surface, threshold_dbm=-110, rules=StateRules())
    >>> [State(s).name for s in states]
    ['COVERED', 'WEAK', 'UNKNOWN', 'LIKELY_BLANK', 'BLANK', 'UNKNOWN']
    """
    p = surface.p_blank
    state = np.full(p.shape, State.UNKNOWN, np.uint8)
    is_known = p != UNKNOWN_P
    # Compared as integers: 0.2 × 250 is exactly 50 and stays so.
    covered = is_known & (p <= round(rules.covered_p * P_STEPS))
    near_ddbm = round((threshold_dbm + rules.weak_within_db) * 10)
    state[covered] = State.COVERED
    state[covered & (surface.mean_ddbm < near_ddbm)] = State.WEAK
    state[is_known & (p >= round(rules.likely_blank_p * P_STEPS))] = State.LIKELY_BLANK
    state[is_known & (p >= round(rules.blank_p * P_STEPS))] = State.BLANK
    return state


def combine_any(surfaces: list[Surface], *, rules: StateRules) -> Surface:
    """Return the layer "any operator" of the operators' layers.

    A phone of the luckiest operator decides: the smallest probability is an upper
    bound for the probability that all are absent (their signals are not
    independent, so they are never multiplied). A square is known where every
    operator was measured, or where one is so surely covered that the others
    cannot matter.

    Raises
    ------
    ValueError
        If there is no surface.

    Examples
    --------
    Blank for one and unknown for the other is unknown; covered by one is covered:

    >>> one = quantise(*(np.array(v) for v in (
    ...     [-120.0, -80.0], [5.0, 5.0], [0.9, 0.02], [True, True])))
    >>> other = quantise(*(np.array(v) for v in (
    ...     [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [False, False])))
    >>> combine_any([one, other], rules=StateRules()).p_blank.tolist()
    [255, 5]
    """
    if not surfaces:
        message = "Any operator needs at least one operator."
        raise ValueError(message)
    p = np.stack([s.p_blank for s in surfaces])
    # Unknown is 255, larger than any probability, so the minimum is a known one.
    best = p.argmin(axis=0)
    pick = best[np.newaxis]

    def of_best(name: str) -> NDArray:
        values = np.stack([getattr(s, name) for s in surfaces])
        return np.take_along_axis(values, pick, axis=0)[0]

    lowest = np.take_along_axis(p, pick, axis=0)[0]
    all_known = (p != UNKNOWN_P).all(axis=0)
    is_known = all_known | (lowest <= round(rules.covered_p * P_STEPS))
    return Surface(
        np.where(is_known, of_best("mean_ddbm"), 0).astype(np.int16),
        np.where(is_known, of_best("std_ddb"), 0).astype(np.uint8),
        np.where(is_known, lowest, UNKNOWN_P).astype(np.uint8),
    )


def sieve(
    state: NDArray[np.uint8], *, area_km2: NDArray[np.float64], rules: StateRules
) -> NDArray[np.uint8]:
    """Return *state* without patches below the minimum mapping unit.

    A patch that is too small is never made surer than it was: small blank patches
    become likely blank, and what is still too small after that becomes unknown.

    Parameters
    ----------
    state : array, shape (n_rows, n_columns)
        Squares of a whole layer, so that no patch is cut by a tile's edge.
    area_km2 : array, shape (n_rows,)
        Area of a square in each row.

    Examples
    --------
    >>> state = np.array([[5, 2, 4, 5, 4]], np.uint8)
    >>> rules = StateRules(min_area_km2=3.0)
    >>> sieve(state, area_km2=np.array([1.0]), rules=rules).tolist()
    [[1, 2, 4, 4, 4]]
    """
    result = state.copy()
    result[_small(result == State.BLANK, area_km2, rules)] = State.LIKELY_BLANK
    doubtful = (result == State.BLANK) | (result == State.LIKELY_BLANK)
    result[_small(doubtful, area_km2, rules)] = State.UNKNOWN
    return result


def _small(
    mask: NDArray[np.bool_], area_km2: NDArray[np.float64], rules: StateRules
) -> NDArray[np.bool_]:
    """Return the squares of *mask* whose patch (joined by edges) is too small."""
    labels, count = ndimage.label(mask)
    if not count:
        return np.zeros(mask.shape, bool)
    rows = np.broadcast_to(area_km2[:, np.newaxis], mask.shape)
    areas = np.bincount(labels.ravel(), weights=rows.ravel(), minlength=count + 1)
    is_small = areas < rules.min_area_km2
    is_small[0] = False
    return is_small[labels]
