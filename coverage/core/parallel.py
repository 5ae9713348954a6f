"""Estimating many tiles, in this process or in several.

It lies in the core so that a process of its own needs numpy and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from coverage.core.classify import Surface, quantise
from coverage.core.estimate import SignalLaw, estimate_tile
from coverage.core.observations import Pooled

Layer = tuple[str, str]
Held = dict[Layer, tuple[SignalLaw, Pooled]]

# What a process holds: set once, so that observations are sent to it once and not
# with every tile.
_held: Held = {}


def _hold(layers: Held) -> None:
    _held.clear()
    _held.update(layers)


def _tile_of(layer: Layer, x: int, y: int) -> Surface:
    return _tile(_held, layer, x, y)


def _tile(held: Held, layer: Layer, x: int, y: int) -> Surface:
    found = estimate_tile(*held[layer], x, y)
    return quantise(found.mean_dbm, found.std_db, found.p_blank, found.known)


def estimate_tiles(
    held: Held, jobs: list[tuple[Layer, int, int]], *, processes: int
) -> Iterable[tuple[Layer, int, int, Surface]]:
    """Yield each job's tile as it is done; the result is the same in any order.

    Parameters
    ----------
    held : the law and the pooled observations of each layer
    jobs : (layer, x, y) of each tile wanted
    processes : how many to compute with; 1 stays in this one
    """
    if processes == 1 or len(jobs) <= processes:
        for layer, x, y in jobs:
            yield layer, x, y, _tile(held, layer, x, y)
        return
    # Spawned, not forked: a fork would share the caller's database connection.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_hold, initargs=(held,)
    ) as pool:
        waiting = {
            pool.submit(_tile_of, layer, x, y): (layer, x, y) for layer, x, y in jobs
        }
        for future in as_completed(waiting):
            layer, x, y = waiting.pop(future)
            yield layer, x, y, future.result()
