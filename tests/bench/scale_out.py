"""How a full run grows with workers and with the land.

    .local/venv/bin/python -m tests.bench.scale_out [--times 40]

Estimates the tiles of an invented regency in this process, with one and with two Dask
workers (processes of their own), and then those of an island --times as large with two.
Prints seconds, tiles a second, whether the checksums are equal, and the peak memory of
client, scheduler and workers: the island's must be that of the regency, but for the
pooled observations that the client holds. Everything is as in a run but the database.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from distributed import Client

from coverage.core.estimate import fit_law
from coverage.core.law import Layer
from coverage.core.observations import Observations
from coverage.core.parallel import (
    Held,
    spread_over,
    surface_of_tile,
    tile_tasks,
)
from coverage.core.trend import NO_GROUND, pool_for

ROOT = Path(__file__).resolve().parents[2]
# The tiles of Kutai Kartanegara, and what is loaded for demonstration.
TILES, REPORTS, LAYERS = 34, 20_000, 6
TILE_DEG = 360 / 1024
FIRST_X, FIRST_Y = 840, 508


def invented_land(
    times: int,
) -> tuple[Held, list[tuple[Layer, int, int]]]:
    """Return layers and tiles; each regency's worth has its own reports."""
    tiles = [(FIRST_X + i % 36, FIRST_Y + i // 36) for i in range(TILES * times)]
    random = np.random.default_rng(5)
    layers: Held = {}
    law = None
    for number in range(LAYERS):
        count = REPORTS * times // 3
        place = random.integers(0, len(tiles), count)
        x = np.array([t[0] for t in tiles])[place] + random.random(count)
        y = np.array([t[1] for t in tiles])[place] + random.random(count)
        lon = x * TILE_DEG - 180
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / 1024))))
        reading = -100 + 10 * np.sin(40 * lon) + random.normal(0, 6, count)
        readings = Observations.from_readings(lon, lat, reading, threshold_dbm=-110.0)
        # Learned once: this is about the tiles.
        if law is None:
            law = fit_law(readings, threshold_dbm=-110.0)
        layers["OPERATOR", str(number)] = (law, pool_for(law, readings), NO_GROUND)
    return layers, [(layer, x, y) for layer in layers for x, y in tiles]


@contextmanager
def a_cluster(workers: int) -> Iterator[tuple[str, list[int]]]:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        run = [sys.executable, "-m", "dask"]
        common = {
            "cwd": folder,
            "env": {**os.environ, "PYTHONPATH": str(ROOT)},
            "stderr": subprocess.DEVNULL,
        }
        begun = [
            subprocess.Popen(
                [
                    *run,
                    "scheduler",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--no-dashboard",
                    "--scheduler-file",
                    str(told),
                ],
                **common,
            )
        ]
        try:
            while not (told.exists() and told.stat().st_size):
                time.sleep(0.05)
            address = json.loads(told.read_text())["address"]
            begun += [
                subprocess.Popen(
                    [
                        *run,
                        "worker",
                        address,
                        "--nthreads",
                        "1",
                        "--no-nanny",
                        "--no-dashboard",
                    ],
                    **common,
                )
                for _ in range(workers)
            ]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(workers)
            yield address, [process.pid for process in begun]
        finally:
            for process in begun:
                process.terminate()
                process.wait()


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def computed(
    layers: Held,
    wanted: list[tuple[Layer, int, int]],
    scheduler: str | None,
) -> tuple[float, str]:
    """Return the seconds and the checksum, whatever the order of the tiles."""
    begun_s = time.monotonic()
    digests = []
    with spread_over(scheduler=scheduler) as spread:
        for key, tile in spread(surface_of_tile, tile_tasks(layers, wanted)):
            digest = hashlib.sha256(tile.p_blank.tobytes() + tile.mean_ddbm.tobytes())
            digests.append(f"{key} {digest.hexdigest()}")
    took_s = time.monotonic() - begun_s
    return took_s, hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--layers", type=int, default=LAYERS, help="of the island")
    options = parser.parse_args()

    def show(
        name: str, tiles: int, took_s: float, digest: str, pids: list[int]
    ) -> None:
        client_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        others = ", ".join(f"{peak_mb(pid):.0f}" for pid in pids) or "none"
        print(
            f"{name:<22} {tiles:>6} tiles {took_s:>7.1f} s {tiles / took_s:>6.1f}/s  "
            f"checksum {digest[:12]}  peak MB: client {client_mb:.0f}, "
            f"scheduler and workers {others}",
            flush=True,
        )

    layers, wanted = invented_land(1)
    show("this process", len(wanted), *computed(layers, wanted, None), [])
    for workers in (1, 2):
        with a_cluster(workers) as (address, pids):
            found = computed(layers, wanted, address)
            show(f"{workers} Dask worker(s)", len(wanted), *found, pids)
    layers, wanted = invented_land(options.times)
    kept = list(layers)[: options.layers]
    wanted = [task for task in wanted if task[0] in kept]
    with a_cluster(2) as (address, pids):
        found = computed(layers, wanted, address)
        show(f"island, {options.times} x, 2", len(wanted), *found, pids)


if __name__ == "__main__":
    main()
