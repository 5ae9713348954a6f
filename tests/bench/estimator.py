"""How fast the estimator is, beside PyKrige and scikit-learn, and how it grows.

    .local/venv/bin/python -m tests.bench.estimator [--most 1000000]

Reports of an invented signal along invented drives: the truth is known everywhere, so
that speed is shown together with the error. Every method answers for the same squares
from the same reports; ours and PyKrige's moving window with the same number of
neighbours, on one core. Then whole layers of a regency, on two.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from coverage.core import grid
from coverage.core.estimate import Observations, estimate_tile, fit_law
from coverage.core.kriging import metres_per_degree
from coverage.core.trend import pool_for

THRESHOLD_DBM = -110.0
# The regency's extent, and how many of its squares are land of a village.
EXTENT = (115.7, -1.15, 117.7, 1.55)
REGENCY_SQUARES = 1_200_000
TILE = 844, 513
NEIGHBOURS = 24
GP_POINTS = 1_000
NOISE_DB = 4.0


def invented_signal(seed: int = 0) -> Callable[..., np.ndarray]:
    """Return a smooth field over the land: many waves of 2 to 30 km."""
    random = np.random.default_rng(seed)
    length_m = np.exp(random.uniform(np.log(2_000), np.log(30_000), 300))
    angle, phase = random.uniform(0, 2 * np.pi, (2, 300))
    east = np.cos(angle) * 2 * np.pi / length_m * 111_320
    north = np.sin(angle) * 2 * np.pi / length_m * 110_574

    def signal(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        total = np.zeros(lon.shape)
        for e, n, p in zip(east, north, phase, strict=True):
            total += np.cos(e * lon + n * lat + p)
        return -95 + 12 * total * math.sqrt(2 / 300)

    return signal


def invented_reports(count: int, extent: tuple[float, ...], seed: int = 1):
    """Return reports along drives of 500, a step of about 60 m each."""
    random = np.random.default_rng(seed)
    west, south, east, north = extent
    drives = math.ceil(count / 500)
    turn = np.cumsum(random.normal(0, 0.1, (drives, 500)), axis=1)
    turn += random.uniform(0, 2 * np.pi, (drives, 1))
    lon = random.uniform(west, east, (drives, 1)) + np.cumsum(5e-4 * np.cos(turn), 1)
    lat = random.uniform(south, north, (drives, 1)) + np.cumsum(5e-4 * np.sin(turn), 1)
    lon, lat = lon.ravel()[:count], lat.ravel()[:count]
    rsrp = invented_signal()(lon, lat) + random.normal(0, NOISE_DB, count)
    return Observations.from_readings(lon, lat, rsrp, threshold_dbm=THRESHOLD_DBM)


def seconds_of(work: Callable[[], object], times: int = 3) -> tuple[float, object]:
    best, result = math.inf, None
    for _ in range(times):
        began_s = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began_s)
    return best, result


def beside_the_peers() -> None:
    west, south, east, north = (
        float(grid.lon_at(TILE[0] * 256)),
        float(grid.lat_at((TILE[1] + 1) * 256)),
        float(grid.lon_at((TILE[0] + 1) * 256)),
        float(grid.lat_at(TILE[1] * 256)),
    )
    o = invented_reports(5_000, (west, south, east, north))
    law = fit_law(o, threshold_dbm=THRESHOLD_DBM)
    pooled = pool_for(law, o)
    ours_s, tile = seconds_of(lambda: estimate_tile(law, pooled, *TILE))
    known = tile.known
    lon, lat = (a[known] for a in grid.centres(grid.tile_window(*TILE)))
    truth = invented_signal()(lon, lat)
    rows = [("Kukar Connect", ours_s, tile.mean_dbm[known])]

    east_m, north_m = (float(v) for v in metres_per_degree(np.asarray(0.0)))
    x, y = pooled.lon * east_m, pooled.lat * north_m
    asked = lon * east_m, lat * north_m
    with warnings.catch_warnings():
        # PyKrige's remarks on scipy; nothing of ours.
        warnings.simplefilter("ignore")
        from pykrige.ok import OrdinaryKriging

        kriging = OrdinaryKriging(
            x, y, pooled.value_dbm, variogram_model="exponential", exact_values=False
        )
        peer_s, found = seconds_of(
            lambda: kriging.execute(
                "points", *asked, backend="C", n_closest_points=NEIGHBOURS
            ),
            times=1,
        )
    rows.append(("PyKrige, C, moving window", peer_s, np.asarray(found[0])))

    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    pick = np.random.default_rng(0).permutation(len(pooled))[:GP_POINTS]
    middle = pooled.value_dbm.mean()
    process = GaussianProcessRegressor(
        ConstantKernel(100.0) * Matern(2_000.0, (100, 1e5), nu=0.5) + WhiteKernel(20.0)
    ).fit(np.stack([x, y], 1)[pick], pooled.value_dbm[pick] - middle)
    peer_s, found = seconds_of(
        lambda: process.predict(np.stack(asked, 1), return_std=True), times=1
    )
    rows.append((f"scikit-learn GP, {GP_POINTS} points", peer_s, found[0] + middle))

    print(f"{len(pooled):,} pooled reports, {len(lon):,} squares, one core")
    for name, taken_s, mean in rows:
        error = np.sqrt(np.mean((mean - truth) ** 2))
        print(
            f"  {name:30s} {len(lon) / taken_s:12,.0f} squares/s"
            f"  ours is {taken_s / ours_s:7.1f} x  error {error:5.2f} dB"
        )


def whole_layer(count: int) -> tuple[float, float, float, int]:
    """Return seconds to pool, to fit, and to estimate on two cores; and squares."""
    o = invented_reports(count, EXTENT)
    fit_s, law = seconds_of(lambda: fit_law(o, threshold_dbm=THRESHOLD_DBM), times=1)
    pool_s, pooled = seconds_of(lambda: pool_for(law, o), times=1)
    # All squares are asked for, however far the evidence: the most work there can be.
    law = replace(law, reach_m=law.search_radius_m)
    tiles = list(grid.tiles_over(EXTENT))
    assert len(pooled.lookup.lon) == len(pooled)

    def estimate_all() -> int:
        with ThreadPoolExecutor(2) as threads:
            done = threads.map(lambda at: estimate_tile(law, pooled, *at), tiles)
            return sum(int(tile.known.sum()) for tile in done)

    tiles_s, squares = seconds_of(estimate_all, times=1)
    return pool_s, fit_s, tiles_s, int(squares)


def growth(most: int) -> None:
    print("\nWhole layers, every square within 8 km of a report, two cores")
    print(
        "   reports   pool s    fit s  tiles s    squares  for the regency  memory MB"
    )
    before = None
    for count in [n for n in (10_000, 100_000, 1_000_000) if n <= most]:
        pool_s, fit_s, tiles_s, squares = whole_layer(count)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        regency_s = pool_s + fit_s + tiles_s * REGENCY_SQUARES / squares
        print(
            f"{count:10,} {pool_s:8.2f} {fit_s:8.2f} {tiles_s:8.2f} {squares:10,}"
            f" {regency_s:14.1f} s {peak_mb:10.0f}"
        )
        # Work that grows as n·log n: the exponent between two sizes, log taken out.
        if before:
            logs = math.log(count) / math.log(before[0])
            total = (pool_s + fit_s) / before[1] / logs
            exponent = math.log(total) / math.log(count / before[0])
            tile_ratio = tiles_s / squares / before[2]
            print(
                f"           pool and fit grew as n^{exponent:.2f} · log n; "
                f"a square took {tile_ratio:.2f} x as long"
            )
        before = (count, pool_s + fit_s, tiles_s / squares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000, help="reports at most")
    options = parser.parse_args()
    # Compiling is done once on a machine and is no part of the comparison.
    few = invented_reports(500, EXTENT)
    law = fit_law(few, threshold_dbm=THRESHOLD_DBM)
    estimate_tile(law, pool_for(law, few), *TILE)
    # One core each, so that the ratios are of work and not of threads.
    with threadpool_limits(1):
        beside_the_peers()
    growth(options.most)


if __name__ == "__main__":
    main()
