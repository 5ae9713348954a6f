"""How far blank spots are from the nearest square with a signal."""

from __future__ import annotations

import zlib
from functools import lru_cache
from uuid import UUID

import numpy as np

from coverage.core import grid
from coverage.core.classify import State
from coverage.core.nearest import distances_to_nearest_m
from coverage.core.polygons import label_patches
from coverage.models import BlankSpot, CoverageRun, SpotState, SurfaceTile

SIDE = grid.TILE_SQUARES


def distances_to_signal_m(
    run: CoverageRun, operator: str, service: str
) -> dict[UUID, float]:
    """Return how far each blank spot of a layer's nearest square lies from a signal.

    In metres, between the centres of squares of the same layer. A spot is missing
    where no square of the layer is covered. A published run never changes, so this is
    worked out once.
    """
    return _distances(run.pk, run.checksum, operator, service)


# Eight layers each of the runs that people compare; a few hundred kilobytes.
@lru_cache(maxsize=32)
def _distances(
    run_id: int, checksum: str, operator: str, service: str
) -> dict[UUID, float]:
    layer = {"operator": operator, "service": service}
    tiles = SurfaceTile.objects.of_run(run_id).filter(**layer)
    packed = list(tiles.values_list("x", "y", "state"))
    if not packed:
        return {}
    window = grid.window_of_tiles([(x, y) for x, y, _state in packed])
    state = np.zeros(window.shape, np.uint8)
    for x, y, squares in packed:
        flat = np.frombuffer(zlib.decompress(squares), np.uint8)
        state[grid.slice_in(window, x, y)] = flat.reshape(SIDE, SIDE)
    covered = (state == State.COVERED) | (state == State.WEAK)
    spots = BlankSpot.objects.of_run(run_id).filter(**layer)
    anchors = list(
        spots.values_list("identity", "state", "anchor_row", "anchor_column")
    )
    found: dict[UUID, float] = {}
    for spot_state, mark in (
        (SpotState.BLANK, State.BLANK),
        (SpotState.LIKELY_BLANK, State.LIKELY_BLANK),
    ):
        labels, _patches = label_patches(state == mark)
        nearest = distances_to_nearest_m(labels, covered, window)
        for identity, of_state, row, column in anchors:
            if of_state != spot_state:
                continue
            at = row - window.row, column - window.column
            # A run of another grid keeps its spots, not its squares.
            if not (0 <= at[0] < window.height and 0 <= at[1] < window.width):
                continue
            label = labels[at]
            if label and np.isfinite(nearest[label - 1]):
                found[identity] = float(nearest[label - 1])
    return found
