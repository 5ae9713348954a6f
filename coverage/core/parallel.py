"""Doing many small pieces of work: here, in several threads, or on a Dask cluster.

It lies in the core so that a process of its own, on whatever machine, needs numpy,
scipy and numba and nothing else. Each piece carries all that it depends on, so the
result is the same in any order, by any number of threads or processes, and when a
piece is done twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import fields
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from coverage.core import grid
from coverage.core.classify import Surface, quantise
from coverage.core.estimate import Observations, SignalLaw, estimate_tile, fit_law
from coverage.core.law import Layer
from coverage.core.observations import Pooled
from coverage.core.trend import NO_GROUND, Ground, pool_for

Held = dict[Layer, tuple[SignalLaw, Pooled, Ground]]
Task = tuple[Any, tuple[Any, ...]]
Spread = Callable[[Callable[..., Any], Iterable[Task]], Iterator[tuple[Any, Any]]]

# Pieces handed out for each that is being worked on: enough that nobody waits, and
# few enough that memory does not grow with the land.
AHEAD = 2
# A scheduler that does not answer within this is not there.
CONNECT_S = 10


class ClusterError(ValueError):
    """A cluster that cannot be used, with the reason."""


# --- the pieces ------------------------------------------------------------------


def learn_layer(
    observations: Observations, threshold_dbm: float, ground: Ground = NO_GROUND
) -> tuple[SignalLaw, Pooled]:
    """Return the law of a layer and its pooled observations."""
    law = fit_law(observations, threshold_dbm=threshold_dbm, ground=ground)
    return law, pool_for(law, observations, ground)


def surface_of_tile(
    law: SignalLaw, pooled: Pooled, ground: Ground, x: int, y: int
) -> Surface:
    """Return the quantised estimate of a tile."""
    found = estimate_tile(law, pooled, x, y, ground=ground)
    return quantise(found.mean_dbm, found.std_db, found.p_blank, found.known)


def near_tile(pooled: Pooled, x: int, y: int, *, margin_m: float) -> Pooled:
    """Return what of *pooled* can matter to tile (x, y): itself and its halo.

    Parameters
    ----------
    margin_m : the search radius; nothing nearer to the tile is left out

    Examples
    --------
    >>> names = [f.name for f in fields(Pooled)]
    >>> lon = np.array([116.9, 117.1, 119.0])
    >>> many = Pooled(**{n: lon if n == "lon" else np.zeros(3) for n in names})
    >>> near_tile(many, 844, 511, margin_m=8_000.0).lon.tolist()
    [116.9, 117.1]
    """
    west, south, east, north = _extent_of(x, y)
    # A degree of latitude is shortest at the equator (110 574 m).
    dlat = margin_m / 110_574.0
    widest = min(85.0, max(abs(south - dlat), abs(north + dlat)))
    dlon = margin_m / (110_574.0 * np.cos(np.radians(widest)))
    is_near = (
        (pooled.lon >= west - dlon)
        & (pooled.lon <= east + dlon)
        & (pooled.lat >= south - dlat)
        & (pooled.lat <= north + dlat)
    )
    return Pooled(**{f.name: getattr(pooled, f.name)[is_near] for f in fields(pooled)})


def tile_tasks(
    layers: Held,
    wanted: Iterable[tuple[Layer, int, int]],
) -> Iterator[Task]:
    """Yield the task of each wanted tile, cut out only when it is asked for."""
    for layer, x, y in wanted:
        law, pooled, ground = layers[layer]
        near = near_tile(pooled, x, y, margin_m=law.search_radius_m)
        yield (layer, x, y), (law, near, ground.near(*_extent_of(x, y)), x, y)


def _extent_of(x: int, y: int) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of tile (x, y), degrees."""
    west, east = grid.lon_at(np.array([x, x + 1]) * grid.TILE_SQUARES)
    north, south = grid.lat_at(np.array([y, y + 1]) * grid.TILE_SQUARES)
    return float(west), float(south), float(east), float(north)


# --- who does them ---------------------------------------------------------------


@contextmanager
def spread_over(*, threads: int = 1, scheduler: str | None = None) -> Iterator[Spread]:
    """Give a function that does tasks and yields (key, result) as each is done.

    Parameters
    ----------
    threads : how many to work with; 1 is the caller
    scheduler : address of a Dask scheduler whose workers do it instead

    Raises
    ------
    ClusterError
        If the scheduler does not answer, has no worker, or a worker has other code.
    """
    if scheduler is not None:
        with _cluster(scheduler) as spread:
            yield spread
    elif threads == 1:
        yield _here
    else:
        with _threads(threads) as spread:
            yield spread


def _here(
    function: Callable[..., Any], tasks: Iterable[Task]
) -> Iterator[tuple[Any, Any]]:
    for key, arguments in tasks:
        yield key, function(*arguments)


@contextmanager
def _threads(count: int) -> Iterator[Spread]:
    # Threads suffice: the compiled loops run outside the interpreter's lock.
    with ThreadPoolExecutor(count) as executor:

        def spread(
            function: Callable[..., Any], tasks: Iterable[Task]
        ) -> Iterator[tuple[Any, Any]]:
            left = iter(tasks)
            waiting: dict[Future, Any] = {}
            try:
                while True:
                    for key, arguments in islice(left, count * AHEAD - len(waiting)):
                        waiting[executor.submit(function, *arguments)] = key
                    if not waiting:
                        return
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        yield waiting.pop(future), future.result()
            finally:
                for future in waiting:
                    future.cancel()

        yield spread


@contextmanager
def _cluster(address: str) -> Iterator[Spread]:
    # Imported here: who computes on one machine does not have it.
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        message = f"No Dask scheduler answers at {address}: {error}"
        raise ClusterError(message) from error
    with client:
        _refuse_other_code(client, address)

        def spread(
            function: Callable[..., Any], tasks: Iterable[Task]
        ) -> Iterator[tuple[Any, Any]]:
            left = iter(tasks)
            keys: dict[Any, Any] = {}

            def submit(how_many: int) -> list[Any]:
                futures = []
                for key, arguments in islice(left, how_many):
                    # Not by the hash of its arguments: hashing them costs more than
                    # a repetition that never comes.
                    future = client.submit(function, *arguments, pure=False)
                    keys[future.key] = key
                    futures.append(future)
                return futures

            ahead = AHEAD * max(1, sum(client.nthreads().values()))
            done = as_completed(submit(ahead), loop=client.loop, with_results=True)
            for future, result in done:
                key = keys.pop(future.key)
                # What is no longer held here, the cluster forgets.
                future.release()
                done.update(submit(1))
                yield key, result

        yield spread


def _refuse_other_code(client: Any, address: str) -> None:
    """Refuse workers that would compute something else than this machine does."""
    digests = client.run(core_digest)
    if not digests:
        message = f"The Dask scheduler at {address} has no workers."
        raise ClusterError(message)
    others = sorted(w for w, digest in digests.items() if digest != core_digest())
    if others:
        message = f"These workers have another version of the program: {others}"
        raise ClusterError(message)


def core_digest() -> str:
    """Return the SHA-256 of what computes a tile: this package and its libraries."""
    versions = [metadata.version(name) for name in ("numba", "numpy", "scipy")]
    digest = hashlib.sha256(" ".join(versions).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
