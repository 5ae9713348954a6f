"""Where sites would newly reach most people: what is fed to the solver and read back.

A first look without terrain: a site is taken to reach everything within a radius.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def covers(
    candidates_m: NDArray[np.float64],
    demand_m: NDArray[np.float64],
    *,
    radius_m: float,
) -> NDArray[np.bool_]:
    """Return which candidate reaches which demand.

    Parameters
    ----------
    candidates_m, demand_m : arrays, shape (m, 2) and (n, 2), metres on a plane
    radius_m : metres; what lies exactly on the circle is reached

    Returns
    -------
    array of bool, shape (n, m)

    Examples
    --------
    >>> covers(
    ...     np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [9.0, 0.0]]), radius_m=5.0
    ... ).tolist()
    [[True], [False]]
    """
    apart = demand_m[:, None] - candidates_m[None]
    return np.hypot(apart[..., 0], apart[..., 1]) <= radius_m


def _as_keys(rows: NDArray[np.bool_]) -> NDArray[np.void]:
    """Return each row as one value, in the order of rows: far sooner sorted than those.

    Examples
    --------
    >>> np.argsort(_as_keys(np.array([[True, False], [False, True]]))).tolist()
    [1, 0]
    """
    bits = np.ascontiguousarray(np.packbits(rows, axis=1))
    # Rows of no columns are all the same.
    width = max(bits.shape[1], 1)
    return np.resize(bits, (len(rows), width)).view(np.dtype((np.void, width))).ravel()


def merge_demand(
    reached: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Put demand together that the same candidates reach; leave out what none does.

    Examples
    --------
    >>> rows = np.array([[True, False], [True, False], [False, False]])
    >>> reached, weight = merge_demand(rows, np.array([1.0, 2.0, 9.0]))
    >>> reached.tolist(), weight.tolist()
    ([[True, False]], [3.0])
    """
    rows = reached[reached.any(axis=1)]
    _keys, first, group = np.unique(
        _as_keys(rows), return_index=True, return_inverse=True
    )
    merged = np.bincount(
        group.ravel(), weights=weight[reached.any(axis=1)], minlength=len(first)
    ).astype(np.float64)
    return rows[first], merged


def distinct_candidates(
    reached: NDArray[np.bool_], weight: NDArray[np.float64], *, most: int
) -> tuple[NDArray[np.int64], bool]:
    """Return the candidates worth asking about, the best first, and if any was cut.

    Of candidates that reach the same only the first stays, and those that reach
    nothing go: neither changes what can be reached. Beyond *most* those that reach
    least alone go too, and then the answer need not be the best of all.

    Examples
    --------
    >>> reached = np.array([[True, True, False, False], [False, False, True, False]])
    >>> kept, is_cut = distinct_candidates(reached, np.array([1.0, 5.0]), most=9)
    >>> kept.tolist(), is_cut
    ([2, 0], False)
    """
    if not reached.size:
        return np.zeros(0, np.int64), False
    _keys, first = np.unique(_as_keys(reached.T), return_index=True)
    first = np.sort(first)
    alone = weight @ reached
    kept = first[alone[first] > 0]
    kept = kept[np.argsort(-alone[kept], kind="stable")]
    return kept[:most].astype(np.int64), len(kept) > most


def by_gain(
    reached: NDArray[np.bool_], weight: NDArray[np.float64], chosen: list[int]
) -> list[tuple[int, NDArray[np.int64]]]:
    """Return *chosen* in the order of what each adds, with the demand it adds.

    The set as a whole was chosen by the solver; the order only tells it.

    Examples
    --------
    >>> reached = np.array([[True, False], [True, True], [False, True]])
    >>> [
    ...     (site, rows.tolist())
    ...     for site, rows in by_gain(reached, np.array([1.0, 1.0, 5.0]), [0, 1])
    ... ]
    [(1, [1, 2]), (0, [0])]
    """
    is_open = np.ones(len(weight), bool)
    left = list(chosen)
    order = []
    while left:
        gains = [float(weight[is_open & reached[:, site]].sum()) for site in left]
        best = left.pop(int(np.argmax(gains)))
        new = np.flatnonzero(is_open & reached[:, best])
        is_open[new] = False
        order.append((best, new))
    return order
