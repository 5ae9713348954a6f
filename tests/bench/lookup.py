"""How quick ten thousand points are looked up, beside others who read the same map.

    bin/up, or bin/setup, once; then
    .local/venv/bin/python -m tests.bench.lookup [--new] [--drop]

Makes a database of its own beside the installation's (`tests.bench.map_database`: 237
villages, a million reports; some minutes, kept for the next time). Each of ROUNDS asks
for 10,000 new points anywhere in the regency, through Django's whole stack, and prints
median and 95th percentile of

- `POST /api/v1/coverage/lookup` of all eight layers with the nearest reports;
- the same without what is kept: tiles to unpack, reports to read;
- `coverage/at/` for 20 of the points, one by one, scaled to 10,000;
- rasterio sampling the same points from a GeoTIFF of one layer's mean, opened and warm,
  which knows neither state, deviation nor reports; scaled to eight layers of three bands.

The figures are of this machine, and of what else it does meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import environ
import numpy as np

from tests.bench import map_database

ROOT = Path(__file__).resolve().parents[2]
NAME = "kukar_lookup_bench"
POINTS, ROUNDS, ALONE = 10_000, 15, 20
WANTED_MS = 300
URL = "/api/v1/coverage/lookup"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--new", action="store_true", help="make the database again")
    parser.add_argument("--drop", action="store_true", help="remove it and end")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    environ.Env.read_env(ROOT / ".local" / "env")
    url = os.environ["DATABASE_URL"]
    if arguments.new or arguments.drop:
        map_database.drop(url, NAME)
    if arguments.drop:
        return
    is_new = map_database.create(url, NAME)
    os.environ["DATABASE_URL"] = map_database.scratch_url(url, NAME)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kukar_connect.settings")
    django.setup()
    if is_new:
        map_database.fill()
    map_database.manage("migrate", "--noinput")
    measure()


def measure() -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost", "accept-encoding": "identity"})
    client.force_login(an_account())
    chance = np.random.default_rng(7)
    rounds = [places(chance) for _ in range(ROUNDS)]

    def lookup(n: int) -> None:
        body = {"points": rounds[n].tolist()}
        answer = client.post(URL, body, "application/json")
        assert answer.status_code == 200, answer.content
        assert answer.content.count(b'"evidence"') == POINTS

    def lookup_cold(n: int) -> None:
        forget()
        lookup(n)

    def alone(n: int) -> None:
        for lon, lat in rounds[n][:ALONE]:
            query = {"lon": lon, "lat": lat}
            assert client.get("/api/v1/coverage/at/", query).status_code == 200

    lookup(0)
    ours = told("lookup, warm", timed(lookup, range(ROUNDS)))
    told("lookup, nothing kept", timed(lookup_cold, range(3)))
    alone(0)
    one_by_one = timed(alone, range(3)) * POINTS / ALONE
    told("coverage/at/ one by one (scaled)", one_by_one)
    sampled = told("rasterio sampling (scaled)", timed(sampler(rounds), range(3)) * 24)
    say(f"one by one takes {np.median(one_by_one) / ours:.0f} × as long as lookup")
    say(f"rasterio takes {sampled / ours:.1f} × as long as lookup")
    verdict = "ok" if ours <= WANTED_MS else "MISSED"
    say(f"{verdict}: {ours:.0f} ms of {WANTED_MS} ms")


def an_account() -> Any:
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(username="bench-reader")
    return user


def places(chance: np.random.Generator) -> np.ndarray:
    """Return points within a window around the regency."""
    lon = chance.uniform(115.5, 117.5, POINTS)
    return np.column_stack([lon, chance.uniform(-1.0, 1.2, POINTS)])


def forget() -> None:
    from coverage.selectors import at_points, nearest_reports

    at_points._tiles = at_points._Tiles()
    nearest_reports._known_reports.cache_clear()


def sampler(rounds: list[np.ndarray]) -> Callable[[int], None]:
    """Return what samples a round's points from the surface as a GeoTIFF in memory."""
    import zlib

    import rasterio
    from rasterio.transform import from_origin
    from rasterio.warp import transform

    from coverage.core import grid
    from coverage.models import CoverageRun, SurfaceTile

    run = CoverageRun.objects.get(is_current=True)
    tiles = SurfaceTile.objects.of_run(run.pk).filter(operator="ANY", service="voice")
    packed = list(tiles.values_list("x", "y", "mean_ddbm"))
    window = grid.window_of_tiles([(x, y) for x, y, _ in packed])
    mean = np.zeros(window.shape, np.int16)
    for x, y, values in packed:
        flat = np.frombuffer(zlib.decompress(values), np.int16)
        mean[grid.slice_in(window, x, y)] = flat.reshape(256, 256)
    half = np.pi * grid.SEMI_MAJOR_M
    side = 2 * half / grid.WORLD_SQUARES
    memory = rasterio.MemoryFile()
    with memory.open(
        driver="GTiff",
        width=window.width,
        height=window.height,
        count=1,
        dtype="int16",
        crs="EPSG:3857",
        transform=from_origin(
            window.column * side - half, half - window.row * side, side, side
        ),
        tiled=True,
        compress="deflate",
    ) as raster:
        raster.write(mean, 1)
    opened = memory.open()

    def sample(n: int) -> None:
        lon, lat = rounds[n].T
        x, y = transform("EPSG:4326", "EPSG:3857", lon, lat)
        assert len(list(opened.sample(zip(x, y, strict=True)))) == POINTS

    return sample


def timed(act: Callable[[int], None], rounds: range) -> np.ndarray:
    """Return the milliseconds of each round."""
    took = []
    for n in rounds:
        begun = time.perf_counter()
        act(n)
        took.append((time.perf_counter() - begun) * 1000)
    return np.array(took)


def told(name: str, took_ms: np.ndarray) -> float:
    median, most = np.median(took_ms), np.percentile(took_ms, 95)
    say(f"{name:40s} median {median:9.0f} ms   95 % {most:9.0f} ms")
    return float(median)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
