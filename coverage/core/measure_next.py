"""Where an answer is worth most: the value of measuring at a place, stops and routes.

The value of measuring at a place is counted in *people × bits*: for how many people
how much of a yes-or-no question is settled.

    value = size · H(p) + Σ over blank spots within reach: size_spot · H(c) · share

``size``   people at the place. Where nobody has loaded them the place counts as one
           settlement of unknown size: the median of those known, 1 where none is.
``H(p)``   binary entropy of the probability that the place is blank: 1 bit where
           nothing is known (or p = ½), 0 where it is settled.
``share``  how much of a blank spot's area lies within reach of the place: the part
           that an answer there would confirm or take away; ``c`` is the confidence
           in the spot, ``size_spot`` the people of its settlements by the same
           rule, or its villages' people spread evenly where it has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from coverage.core.grid import ECCENTRICITY_SQUARED, SEMI_MAJOR_M

# As far as the estimator takes a report for evidence: coverage.core.law, reach_m.
REACH_M = 1_000.0
# What the pages call a high confidence, and below which they call it low:
# coverage.web.words, CONFIDENCE_HIGH and CONFIDENCE_MEDIUM. A place is measured again
# only where its state is not known with a high one; an edge where it is low.
SURE_FROM = 0.8
UNSURE_BELOW = 0.6
# Corners of the circle that stands for that reach: its area is 1.3 % short.
QUARTER_CORNERS = 6
# Improvements smaller than a centimetre are rounding.
LEAST_GAIN_M = 0.01


def entropy_bits(probability: ArrayLike) -> NDArray[np.float64]:
    """Return how open the question is, 0 to 1 bit; NaN (nothing known) is 1.

    Raises
    ------
    ValueError
        If a probability lies outside 0 … 1.

    Examples
    --------
    >>> entropy_bits([0.5, np.nan, 0.0, 1.0, 0.25]).round(3).tolist()
    [1.0, 1.0, 0.0, 0.0, 0.811]
    >>> entropy_bits([]).tolist()
    []
    """
    p = np.asarray(probability, float)
    wrong = p[(p < 0) | (p > 1)]
    if wrong.size:
        message = f"No probabilities: {wrong[:5].tolist()}."
        raise ValueError(message)
    known = np.clip(p, 1e-15, 1 - 1e-15)
    bits = -known * np.log2(known) - (1 - known) * np.log2(1 - known)
    # Rounded, so that what is certain is worth nothing at all.
    return np.where(np.isnan(p), 1.0, bits.round(12))


def sizes(people: ArrayLike) -> tuple[NDArray[np.float64], float]:
    """Return the people to count with, and what stands in where none are known.

    Parameters
    ----------
    people : array, shape (n,), NaN where nobody has loaded them

    Returns
    -------
    (size, stand_in) : array, shape (n,), and the median of those known, at least 1

    Examples
    --------
    >>> size, stand_in = sizes([100.0, np.nan, 300.0])
    >>> size.tolist(), stand_in
    ([100.0, 200.0, 300.0], 200.0)
    >>> sizes([np.nan, np.nan])[0].tolist()
    [1.0, 1.0]
    """
    given = np.asarray(people, float)
    known = given[~np.isnan(given)]
    stand_in = max(float(np.median(known)), 1.0) if known.size else 1.0
    return np.where(np.isnan(given), stand_in, given), stand_in


def flat_m(lon: ArrayLike, lat: ArrayLike, *, lat_0: float) -> NDArray[np.float64]:
    """Return positions in metres on a plane that is true along the parallel *lat_0*.

    Parameters
    ----------
    lon, lat : arrays, shape (n,), degrees WGS84
    lat_0 : degrees; within 1.5° of it lengths are wrong by less than 0.2 %

    Returns
    -------
    array, shape (n, 2), (easting, northing) in metres

    Examples
    --------
    >>> flat_m([1.0], [0.0], lat_0=0.0).round().tolist()
    [[111319.0, 0.0]]
    """
    sine = np.sin(np.radians(lat_0))
    w = 1 - ECCENTRICITY_SQUARED * sine**2
    east_m = SEMI_MAJOR_M / np.sqrt(w) * np.cos(np.radians(lat_0))
    north_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / w**1.5
    return np.column_stack(
        [
            np.radians(np.asarray(lon, float)) * east_m,
            np.radians(np.asarray(lat, float)) * north_m,
        ]
    )


def shares_in_reach(
    points_m: NDArray[np.float64], spots: NDArray[Any], *, reach_m: float = REACH_M
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return which share of which blank spot lies within reach of which place.

    Parameters
    ----------
    points_m : array, shape (n, 2), metres on a plane
    spots : array of shapely polygons, shape (m,), on the same plane
    reach_m : metres

    Returns
    -------
    (point, spot, share) : arrays, shape (k,): indices, and 0 < share ≤ 1

    Examples
    --------
    A place on the edge of a spot of 2 × 2 km has half of its circle in it:

    >>> spot = np.array([shapely.box(0, -1000, 2000, 1000)])
    >>> point, _spot, share = shares_in_reach(np.array([[0.0, 0.0]]), spot)
    >>> point.tolist(), share.round(2).tolist()
    ([0], [0.39])
    >>> [len(part) for part in shares_in_reach(np.zeros((0, 2)), spot)]
    [0, 0, 0]
    """
    centres = shapely.points(points_m.reshape(-1, 2))
    point, spot = shapely.STRtree(spots).query(
        centres, predicate="dwithin", distance=reach_m
    )
    circles = shapely.buffer(centres[point], reach_m, quad_segs=QUARTER_CORNERS)
    share = shapely.area(shapely.intersection(circles, spots[spot])) / shapely.area(
        spots[spot]
    )
    touches = share > 0
    return point[touches], spot[touches], np.minimum(share[touches], 1.0)


def values(
    size: NDArray[np.float64],
    p_blank: NDArray[np.float64],
    *,
    bonus: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return the value of measuring at each place, in people × bits.

    Examples
    --------
    >>> values(np.array([200.0, 200.0]), np.array([np.nan, 0.0])).tolist()
    [200.0, 0.0]
    """
    return size * entropy_bits(p_blank) + bonus


def spot_bonus(
    count: int,
    shares: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    *,
    spot_size: NDArray[np.float64],
    confidence: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return for each of *count* places what it would settle of blank spots nearby.

    Examples
    --------
    Half of a spot of 100 people, of which nobody is sure at all:

    >>> half = np.array([0]), np.array([0]), np.array([0.5])
    >>> spot_bonus(
    ...     2, half, spot_size=np.array([100.0]), confidence=np.array([0.5])
    ... ).tolist()
    [50.0, 0.0]
    """
    point, spot, share = shares
    open_ = spot_size[spot] * entropy_bits(confidence[spot]) * share
    return np.bincount(point, weights=open_, minlength=count).astype(np.float64)


def stops(
    points_m: NDArray[np.float64], value: NDArray[np.float64], *, within_m: float
) -> NDArray[np.int64]:
    """Put places into stops: the most valuable first takes what is near it.

    No place of a stop is farther than *within_m* from the place that leads it, so
    that a stop stays walkable however closely places follow each other.

    Parameters
    ----------
    points_m : array, shape (n, 2), metres on a plane
    value : array, shape (n,); of equals the earlier one leads
    within_m : metres

    Returns
    -------
    array, shape (n,) : the index of the place that leads each place's stop

    Examples
    --------
    >>> line = np.array([[0.0, 0.0], [900.0, 0.0], [1800.0, 0.0]])
    >>> stops(line, np.array([3.0, 2.0, 1.0]), within_m=1000.0).tolist()
    [0, 0, 2]
    >>> stops(np.zeros((0, 2)), np.zeros(0), within_m=1000.0).tolist()
    []
    """
    leader = np.full(len(points_m), -1, np.int64)
    if not len(points_m):
        return leader
    tree = cKDTree(points_m)
    for index in np.argsort(-value, kind="stable"):
        if leader[index] >= 0:
            continue
        near = np.array(tree.query_ball_point(points_m[index], within_m))
        leader[near[leader[near] < 0]] = index
    return leader


def route(points_m: NDArray[np.float64], *, start: int = 0) -> list[int]:
    """Return an order of visiting over straight lines, from *start*, not back.

    Nearest neighbour first, then 2-opt: pieces of the way are turned round for as
    long as that shortens it. Short, and not proved to be the shortest; roads and
    rivers are not known here.

    Examples
    --------
    >>> route(np.array([[0.0, 0.0], [5.0, 0.0], [1.0, 0.0], [9.0, 0.0]]))
    [0, 2, 1, 3]
    >>> route(np.zeros((0, 2)))
    []
    """
    count = len(points_m)
    if not count:
        return []
    apart = np.hypot(*(points_m[:, None] - points_m[None]).transpose(2, 0, 1))
    order = [start]
    left = set(range(count)) - {start}
    while left:
        nearest = min(left, key=lambda index: (apart[order[-1], index], index))
        order.append(nearest)
        left.remove(nearest)
    is_better = True
    while is_better:
        is_better = False
        for i in range(1, count - 1):
            for j in range(i + 1, count):
                a, b, c = order[i - 1], order[i], order[j]
                gain = apart[a, b] - apart[a, c]
                if j + 1 < count:
                    d = order[j + 1]
                    gain += apart[c, d] - apart[b, d]
                if gain > LEAST_GAIN_M:
                    order[i : j + 1] = order[i : j + 1][::-1]
                    is_better = True
    return order


def route_m(points_m: NDArray[np.float64], order: list[int]) -> float:
    """Return the length of the way in metres, over straight lines.

    Examples
    --------
    >>> route_m(np.array([[0.0, 0.0], [3.0, 4.0]]), [0, 1])
    5.0
    """
    way = points_m[order]
    return float(np.hypot(*np.diff(way, axis=0).T).sum()) if len(order) > 1 else 0.0
