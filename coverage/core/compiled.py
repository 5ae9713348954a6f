"""The estimator's loops, compiled by numba.

A square needs the nearest few of thousands of observations and a small system of
equations of its own, which arrays of whole tiles can only imitate with much memory.
The last array arguments of each function are what it writes. All release Python's
lock, so that threads share the work and the observations.

On import numba looks for coverage.py, the tool, and would find this application,
which has the same name. It is told that there is none.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from coverage.core.observations import BAND_DEG, BANDS

_this_application = sys.modules["coverage"]
# An entry of None makes "import coverage" fail as if nothing were installed.
sys.modules["coverage"] = None  # type: ignore[assignment]
try:
    from numba import njit
finally:
    sys.modules["coverage"] = _this_application

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The search begins with this radius and doubles it until it has found enough.
FIRST_RADIUS_M = 500.0


@njit(cache=True, nogil=True)
def _difference_deg(
    a: float,
    b: float,
) -> float:
    """Return a − b the short way round the earth."""
    d = a - b
    if d > 180.0:
        d -= 360.0
    elif d < -180.0:
        d += 360.0
    return d


@njit(cache=True, nogil=True)
def _bisect(
    values: Floats,
    low: int,
    high: int,
    wanted: float,
) -> int:
    """Return the first place in values[low:high] that is not below *wanted*."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _runs(
    lon_of: Floats,
    first: Ints,
    lon: float,
    lat: float,
    east_m: float,
    north_m: float,
    radius_m: float,
    runs: Ints,
) -> int:
    """Write which stretches may lie within *radius_m* of a place; return how many."""
    half_lat = radius_m / north_m
    half_lon = min(radius_m / east_m, 180.0)
    lowest = max(int(np.floor((lat - half_lat + 90.0) / BAND_DEG)), 0)
    highest = min(int(np.floor((lat + half_lat + 90.0) / BAND_DEG)), BANDS - 1)
    n = 0
    for band in range(lowest, highest + 1):
        begin, end = first[band], first[band + 1]
        if begin == end:
            continue
        # Thrice where the search crosses the date line.
        for turn in (-360.0, 0.0, 360.0):
            west, east = lon - half_lon + turn, lon + half_lon + turn
            if east < -180.0 or west > 180.0:
                continue
            low = _bisect(lon_of, begin, end, west)
            high = _bisect(lon_of, low, end, np.nextafter(east, np.inf))
            if low < high and n < len(runs):
                runs[n, 0], runs[n, 1] = low, high
                n += 1
    return n


@njit(cache=True, nogil=True)
def _room_for_runs(
    north_m: float,
    radius_m: float,
) -> int:
    return 2 * (int(2.0 * radius_m / north_m / BAND_DEG) + 3)


@njit(cache=True, nogil=True)
def choose(
    lon_of: Floats,
    lat_of: Floats,
    index_of: Ints,
    first: Ints,
    lon: Floats,
    lat: Floats,
    east_m: Floats,
    north_m: Floats,
    per_quadrant: int,
    search_radius_m: float,
    exclusion_m: float,
    index: Ints,
    count: Ints,
) -> None:
    distance = np.empty((4, per_quadrant))
    chosen = np.empty((4, per_quadrant), np.int64)
    filled = np.empty(4, np.int64)
    for b in range(len(lon)):
        runs = np.empty((_room_for_runs(north_m[b], search_radius_m), 2), np.int64)
        radius_m = min(FIRST_RADIUS_M, search_radius_m)
        while True:
            filled[:] = 0
            n = _runs(
                lon_of, first, lon[b], lat[b], east_m[b], north_m[b], radius_m, runs
            )
            for r in range(n):
                for i in range(runs[r, 0], runs[r, 1]):
                    dx = _difference_deg(lon_of[i], lon[b]) * east_m[b]
                    dy = (lat_of[i] - lat[b]) * north_m[b]
                    d = np.sqrt(dx * dx + dy * dy)
                    if d > radius_m or d <= exclusion_m:
                        continue
                    quadrant = (0 if dx >= 0.0 else 1) + (0 if dy >= 0.0 else 2)
                    # Kept in order of distance, equal ones in the order of places.
                    at = filled[quadrant]
                    while at > 0 and (
                        d < distance[quadrant, at - 1]
                        or (
                            d == distance[quadrant, at - 1]
                            and index_of[i] < chosen[quadrant, at - 1]
                        )
                    ):
                        at -= 1
                    if at == per_quadrant:
                        continue
                    last = min(filled[quadrant], per_quadrant - 1)
                    for k in range(last, at, -1):
                        distance[quadrant, k] = distance[quadrant, k - 1]
                        chosen[quadrant, k] = chosen[quadrant, k - 1]
                    distance[quadrant, at] = d
                    chosen[quadrant, at] = index_of[i]
                    filled[quadrant] = last + 1
            if filled.min() == per_quadrant or radius_m >= search_radius_m:
                break
            radius_m = min(2.0 * radius_m, search_radius_m)
        n = 0
        for quadrant in range(4):
            for k in range(filled[quadrant]):
                index[b, n] = chosen[quadrant, k]
                n += 1
        # By place: the same set always makes the same equations.
        index[b, :n].sort()
        count[b] = n


@njit(cache=True, nogil=True)
def nearest(
    lon_of: Floats,
    lat_of: Floats,
    first: Ints,
    lon: Floats,
    lat: Floats,
    east_m: Floats,
    north_m: Floats,
    within_m: float,
    nearest_m: Floats,
) -> None:
    for b in range(len(lon)):
        runs = np.empty((_room_for_runs(north_m[b], within_m), 2), np.int64)
        radius_m = min(FIRST_RADIUS_M, within_m)
        while True:
            best = np.inf
            n = _runs(
                lon_of, first, lon[b], lat[b], east_m[b], north_m[b], radius_m, runs
            )
            for r in range(n):
                for i in range(runs[r, 0], runs[r, 1]):
                    dx = _difference_deg(lon_of[i], lon[b]) * east_m[b]
                    dy = (lat_of[i] - lat[b]) * north_m[b]
                    best = min(best, np.sqrt(dx * dx + dy * dy))
            if best <= radius_m or radius_m >= within_m:
                break
            radius_m = min(2.0 * radius_m, within_m)
        nearest_m[b] = best if best <= within_m else np.inf


@njit(cache=True, nogil=True)
def krige_sets(
    index: Ints,
    count: Ints,
    lon_of: Floats,
    lat_of: Floats,
    departure: Floats,
    noise: Floats,
    is_below: Floats,
    centre_lon: Floats,
    centre_lat: Floats,
    east_m: Floats,
    north_m: Floats,
    lon: Floats,
    lat: Floats,
    first: Ints,
    short_db2: float,
    long_db2: float,
    short_rate: float,
    long_rate: float,
    mean: Floats,
    variance: Floats,
    near: Floats,
    share: Floats,
) -> None:
    most = index.shape[1]
    x, y = np.empty(most), np.empty(most)
    # The matrix, and in its place the lower triangle L of L·Lᵀ (Cholesky).
    low = np.empty((most, most))
    by_mean, across = np.empty(most), np.empty(most)
    for b in range(len(count)):
        n = count[b]
        for i in range(n):
            at = index[b, i]
            x[i] = _difference_deg(lon_of[at], centre_lon[b]) * east_m[b]
            y[i] = (lat_of[at] - centre_lat[b]) * north_m[b]
            for j in range(i):
                d = np.sqrt((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
                low[i, j] = short_db2 * np.exp(d * short_rate) + long_db2 * np.exp(
                    d * long_rate
                )
            low[i, i] = short_db2 + long_db2 + noise[at]
        for i in range(n):
            for j in range(i + 1):
                s = low[i, j]
                for k in range(j):
                    s -= low[i, k] * low[j, k]
                low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
        # L·Lᵀ·by_mean = departure.
        for i in range(n):
            s = departure[index[b, i]]
            for k in range(i):
                s -= low[i, k] * by_mean[k]
            by_mean[i] = s / low[i, i]
        for i in range(n - 1, -1, -1):
            s = by_mean[i]
            for k in range(i + 1, n):
                s -= low[k, i] * by_mean[k]
            by_mean[i] = s / low[i, i]
        for q in range(first[b], first[b + 1]):
            qx = _difference_deg(lon[q], centre_lon[b]) * east_m[b]
            qy = (lat[q] - centre_lat[b]) * north_m[b]
            m, v = 0.0, short_db2 + long_db2
            total, total_departure, total_below = 0.0, 0.0, 0.0
            for i in range(n):
                d = np.sqrt((x[i] - qx) ** 2 + (y[i] - qy) ** 2)
                c = short_db2 * np.exp(d * short_rate) + long_db2 * np.exp(
                    d * long_rate
                )
                m += c * by_mean[i]
                total += c
                total_departure += c * departure[index[b, i]]
                total_below += c * is_below[index[b, i]]
                for k in range(i):
                    c -= low[i, k] * across[k]
                across[i] = c / low[i, i]
                v -= across[i] * across[i]
            mean[q] = m
            variance[q] = max(v, 0.0)
            near[q] = total_departure / total if n else 0.0
            share[q] = total_below / total if n else 0.0
