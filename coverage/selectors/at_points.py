"""What a run says at many places at once: the answers of `at_point`, as arrays."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.classify import P_STEPS, UNKNOWN_P, State
from coverage.models import ANY_OPERATOR, CoverageRun, SurfaceTile
from coverage.selectors.at_point import STEP_KM
from coverage.selectors.nearest_reports import NearestReports, nearest_reports

SQUARES = grid.TILE_SQUARES**2
DAY_US = 86_400_000_000
# How far WITA is ahead, all year: days are the calendar's, as in `days_ago`.
WITA_US = 8 * 3_600_000_000


@dataclass(frozen=True)
class LayerAtPoints:
    """One layer at n places."""

    # `coverage.core.classify.State`
    state: NDArray[np.uint8]
    # Whether there is an estimate; the numbers mean nothing where there is none.
    is_estimated: NDArray[np.bool_]
    mean_ddbm: NDArray[np.int16]
    std_ddb: NDArray[np.uint8]
    # In steps of 1/250.
    p_blank: NDArray[np.uint8]


@dataclass(frozen=True)
class EvidenceAtPoints:
    """The nearest report of an operator to n places.

    Distances are in whole steps of 0.1 km, rounded up, −1 where there is no report.
    """

    distance_steps: NDArray[np.int64]
    age_days: NDArray[np.int64]


@dataclass(frozen=True)
class PlacesAt:
    layers: dict[tuple[str, str], LayerAtPoints]
    evidence: dict[str, EvidenceAtPoints]


def places_at(
    run: CoverageRun,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    operators: Collection[str],
    services: Collection[str],
    now: datetime,
) -> PlacesAt:
    """Return what *run* says in the layers of *operators* and *services*."""
    column, row = (np.floor(v).astype(np.int64) for v in grid.position_of(lon, lat))
    x, left = np.divmod(column, grid.TILE_SQUARES)
    y, top = np.divmod(row, grid.TILE_SQUARES)
    at = top * grid.TILE_SQUARES + left
    tile = y * 2**grid.ZOOM + x
    tiles_here, which = np.unique(tile, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(tiles_here)))
    members = dict(
        zip(tiles_here.tolist(), np.split(order, ends[:-1]), strict=True)
        if len(tiles_here)
        else ()
    )

    # Outside is where the run has no tile of any layer.
    state = np.zeros(len(lon), np.uint8)
    rows = [
        stored
        for stored in SurfaceTile.objects.of_run(run.pk)
        .filter(x__in=np.unique(x).tolist(), y__in=np.unique(y).tolist())
        .values_list("pk", "x", "y", "operator", "service")
        if stored[2] * 2**grid.ZOOM + stored[1] in members
    ]
    for tile_number in {row_[2] * 2**grid.ZOOM + row_[1] for row_ in rows}:
        state[members[tile_number]] = State.UNKNOWN
    squares = {
        (operator, service): (state.copy(), np.full(len(lon), UNKNOWN_P, np.uint32))
        for service in services
        for operator in operators
    }
    wanted = [stored for stored in rows if (stored[3], stored[4]) in squares]
    unpacked = _tiles.unpacked([stored[0] for stored in wanted])
    for pk, tile_x, tile_y, operator, service in wanted:
        here = members[tile_y * 2**grid.ZOOM + tile_x]
        tile_state, tile_numbers = unpacked[pk]
        states, numbers = squares[operator, service]
        states[here] = tile_state[at[here]]
        numbers[here] = tile_numbers[at[here]]
    return PlacesAt(
        layers={name: _layer(*found) for name, found in squares.items()},
        evidence=_evidence(nearest_reports(run, lon, lat), now=now),
    )


def _layer(state: NDArray[np.uint8], numbers: NDArray[np.uint32]) -> LayerAtPoints:
    p_blank = (numbers & 0xFF).astype(np.uint8)
    return LayerAtPoints(
        state=state,
        is_estimated=(p_blank != UNKNOWN_P) & (state != State.OUTSIDE),
        mean_ddbm=(numbers >> 16).astype(np.uint16).view(np.int16),
        std_ddb=(numbers >> 8 & 0xFF).astype(np.uint8),
        p_blank=p_blank,
    )


def _evidence(
    found: dict[str, NearestReports], *, now: datetime
) -> dict[str, EvidenceAtPoints]:
    today = (round(now.timestamp() * 1_000_000) + WITA_US) // DAY_US
    by_operator = {}
    for operator, nearest in found.items():
        is_known = np.isfinite(nearest.metres)
        # Never too near, as `at_point` rounds.
        steps = np.ceil(np.where(is_known, nearest.metres, 0) / 1000 / STEP_KM)
        days = np.maximum(today - (nearest.observed_us + WITA_US) // DAY_US, 0)
        by_operator[operator] = EvidenceAtPoints(
            np.where(is_known, steps, -1).astype(np.int64),
            np.where(is_known, days, 0),
        )
    return {ANY_OPERATOR: _nearest_of_all(list(by_operator.values()))} | by_operator


def _nearest_of_all(found: list[EvidenceAtPoints]) -> EvidenceAtPoints:
    """Return the nearest of all operators, of those as near the newest."""
    steps = np.stack([each.distance_steps for each in found])
    days = np.stack([each.age_days for each in found])
    far = np.iinfo(np.int64).max
    nearest = np.where(steps < 0, far, steps).min(axis=0)
    newest = np.where(steps == nearest, days, far).min(axis=0)
    is_known = nearest < far
    return EvidenceAtPoints(np.where(is_known, nearest, -1), newest * is_known)


Unpacked = tuple[NDArray[np.uint8], NDArray[np.uint32]]


class _Tiles:
    """The tiles that were asked for last, unpacked: 330 kB each.

    A stored tile never changes, and a new run keeps most of those of the one before.
    """

    most = 400

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Unpacked] = OrderedDict()
        self._lock = Lock()

    def unpacked(self, wanted: list[int]) -> dict[int, Unpacked]:
        with self._lock:
            found = {pk: self._kept[pk] for pk in wanted if pk in self._kept}
            missing = [pk for pk in wanted if pk not in found]
            stored = SurfaceTile.objects.filter(pk__in=missing)
            fields = ("pk", "state", "mean_ddbm", "std_ddb", "p_blank")
            for pk, *packed in stored.values_list(*fields).iterator(chunk_size=50):
                found[pk] = _unpack(*packed)
            for pk in wanted:
                self._kept[pk] = found[pk]
                self._kept.move_to_end(pk)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
            return found


def _unpack(
    state: memoryview, mean_ddbm: memoryview, std_ddb: memoryview, p_blank: memoryview
) -> Unpacked:
    mean, std, p = (
        np.frombuffer(zlib.decompress(packed), kind).astype(np.uint32)
        for packed, kind in (
            (mean_ddbm, np.uint16),
            (std_ddb, np.uint8),
            (p_blank, np.uint8),
        )
    )
    return (
        np.frombuffer(zlib.decompress(state), np.uint8),
        (mean << 16 | std << 8 | p).astype(np.uint32),
    )


_tiles = _Tiles()


def state_words() -> list[str]:
    """Return the words of the states by their numbers."""
    return [state.name.lower() for state in State]


def probability(steps: int) -> float:
    return steps / P_STEPS
