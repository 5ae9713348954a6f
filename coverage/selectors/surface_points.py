"""What a run's surface says at one point."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from coverage.core import grid
from coverage.core.classify import P_STEPS, UNKNOWN_P
from coverage.models import ANY_OPERATOR, CoverageRun, SurfaceTile


@dataclass(frozen=True)
class PointEstimate:
    """The estimate of one operator's layer in one square."""

    operator: str
    mean_dbm: float
    std_db: float
    p_blank: float


def estimates_at(
    run: CoverageRun, service: str, *, lon: float, lat: float
) -> dict[str, PointEstimate]:
    """Return the estimate for each operator that is known at a point.

    Of "any operator" it is that of the strongest: its layer keeps the signal of the
    operator that is least likely blank, which need not be the same.
    """
    column, row = (int(np.floor(v)) for v in grid.position_of(lon, lat))
    x, y = column // grid.TILE_SQUARES, row // grid.TILE_SQUARES
    place = (row % grid.TILE_SQUARES) * grid.TILE_SQUARES + column % grid.TILE_SQUARES
    found = {}
    tiles = SurfaceTile.objects.of_run(run.pk).filter(service=service, x=x, y=y)
    for tile in tiles.only("operator", "mean_ddbm", "std_ddb", "p_blank"):
        p_blank = int(_value(tile.p_blank, np.uint8, place))
        if p_blank == UNKNOWN_P:
            continue
        found[tile.operator] = PointEstimate(
            operator=tile.operator,
            mean_dbm=int(_value(tile.mean_ddbm, np.int16, place)) / 10,
            std_db=int(_value(tile.std_ddb, np.uint8, place)) / 10,
            p_blank=min(p_blank / P_STEPS, 1.0),
        )
    operators = [e for e in found.values() if e.operator != ANY_OPERATOR]
    if ANY_OPERATOR in found and operators:
        strongest = max(operators, key=lambda estimate: estimate.mean_dbm)
        found[ANY_OPERATOR] = replace(strongest, operator=ANY_OPERATOR)
    return found


def _value(packed: bytes | memoryview, dtype: type, place: int) -> np.generic:
    return np.frombuffer(zlib.decompress(packed), dtype)[place]
