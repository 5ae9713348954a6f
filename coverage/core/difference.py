"""What lies between two maps of the same squares.

Only what was measured both times can have got better or worse. A square that nobody
had measured before has not become covered: it has been measured. And "probably blank"
is a doubt: from or to it a square only shows signs of getting better or worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from coverage.core.classify import State
from coverage.core.exposure import NOWHERE


class Change(IntEnum):
    """What became of a square. From the later map to the earlier each has a mirror."""

    SAME = 0
    # From blank to covered, and back. Weak is covered.
    NEWLY_COVERED = 1
    NEWLY_BLANK = 2
    # By one step only: between covered and probably blank, or that and blank.
    BETTER_SIGN = 3
    WORSE_SIGN = 4
    # From unknown to anything known, and back.
    NEWLY_MEASURED = 5
    UNKNOWN_AGAIN = 6


MIRROR = {
    Change.SAME: Change.SAME,
    Change.NEWLY_COVERED: Change.NEWLY_BLANK,
    Change.NEWLY_BLANK: Change.NEWLY_COVERED,
    Change.BETTER_SIGN: Change.WORSE_SIGN,
    Change.WORSE_SIGN: Change.BETTER_SIGN,
    Change.NEWLY_MEASURED: Change.UNKNOWN_AGAIN,
    Change.UNKNOWN_AGAIN: Change.NEWLY_MEASURED,
}

# How good a known state is, for comparing; weak is as covered as covered.
_RANK = {
    State.BLANK: 0,
    State.LIKELY_BLANK: 1,
    State.WEAK: 2,
    State.COVERED: 2,
}


def change_of(before: State, after: State) -> Change:
    """Return what became of a square.

    A square that is outside in either map has no change: boundaries moved.

    Examples
    --------
    >>> change_of(State.BLANK, State.WEAK).name
    'NEWLY_COVERED'
    >>> change_of(State.UNKNOWN, State.COVERED).name
    'NEWLY_MEASURED'
    >>> change_of(State.COVERED, State.LIKELY_BLANK).name
    'WORSE_SIGN'
    >>> change_of(State.COVERED, State.WEAK).name
    'SAME'
    """
    if before == after or State.OUTSIDE in (before, after):
        return Change.SAME
    if before == State.UNKNOWN:
        return Change.NEWLY_MEASURED
    if after == State.UNKNOWN:
        return Change.UNKNOWN_AGAIN
    step = _RANK[after] - _RANK[before]
    return {
        2: Change.NEWLY_COVERED,
        1: Change.BETTER_SIGN,
        0: Change.SAME,
        -1: Change.WORSE_SIGN,
        -2: Change.NEWLY_BLANK,
    }[step]


_CHANGES = np.array(
    [[change_of(before, after) for after in State] for before in State], np.uint8
)


def changes_between(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the `Change` of each square.

    Parameters
    ----------
    before, after : arrays of `State`, one shape

    Raises
    ------
    ValueError
        If the shapes differ: two maps of other squares cannot be compared.

    Examples
    --------
    >>> before = np.array([[5, 1, 2, 4]], np.uint8)
    >>> changes_between(before, np.array([[2, 5, 1, 3]], np.uint8)).tolist()
    [[1, 5, 6, 3]]
    >>> changes_between(before, before).any()
    np.False_
    """
    if before.shape != after.shape:
        message = f"Two maps of {before.shape} and {after.shape} squares."
        raise ValueError(message)
    changes: NDArray[np.uint8] = _CHANGES[before, after]
    return changes


@dataclass(frozen=True)
class Transitions:
    """How much of each owner's area went from which state to which.

    ``km2`` has shape (n_owners, len(State), len(State)): [owner, before, after].
    """

    km2: NDArray[np.float64]

    def by_change(self) -> NDArray[np.float64]:
        """Return the area of each change: shape (n_owners, len(Change)), km²."""
        flat = self.km2.reshape(len(self.km2), -1)
        kinds = _CHANGES.ravel()
        return np.stack(
            [flat[:, kinds == change].sum(axis=1) for change in Change],
            axis=1,
        )

    def measured_as(self) -> NDArray[np.float64]:
        """Return what the newly measured turned out to be: (n_owners, len(State))."""
        measured = self.km2[:, State.UNKNOWN, :].copy()
        measured[:, [State.OUTSIDE, State.UNKNOWN]] = 0.0
        return measured


def transitions(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    owner: NDArray[np.int16],
    *,
    area_km2: NDArray[np.float64],
    count: int,
) -> Transitions:
    """Return how much of each owner's area went from which state to which.

    Parameters
    ----------
    before, after : arrays of `State`, shape (n_rows, n_columns)
    owner : array of that shape, the owner of each square, or NOWHERE
    area_km2 : shape (n_rows,), area of a square in each row
    count : how many owners there are

    Examples
    --------
    Of one owner's three squares of half a km², one became covered, and one that
    nobody had measured turned out blank:

    >>> moved = transitions(
    ...     np.array([[5, 1, 2]], np.uint8),
    ...     np.array([[2, 5, 2]], np.uint8),
    ...     np.zeros((1, 3), np.int16),
    ...     area_km2=np.array([0.5]),
    ...     count=1,
    ... )
    >>> moved.by_change()[0].tolist()
    [0.5, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0]
    >>> moved.measured_as()[0].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    """
    inside = owner != NOWHERE
    n = len(State)
    key = (owner[inside].astype(np.int64) * n + before[inside]) * n + after[inside]
    weights = np.broadcast_to(area_km2[:, np.newaxis], before.shape)[inside]
    totals = np.bincount(key, weights=weights, minlength=count * n * n)
    return Transitions(totals.reshape(count, n, n).astype(np.float64))
