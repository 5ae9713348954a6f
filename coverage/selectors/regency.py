"""The villages as squares of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.exposure import NOWHERE, areas_by_state, assign_squares
from coverage.core.grid import Window
from villages.models import Village


@dataclass(frozen=True)
class Regency:
    """The villages as squares of the grid.

    ``owner`` has, for each square of ``window``, the index into ``codes`` of the
    village that holds its centre; ``tiles`` are those with at least one square.
    ``village_km2`` is the area of each village's squares, wherever they lie.
    """

    fingerprint: str
    window: Window
    codes: list[str]
    districts: list[str]
    owner: NDArray[np.int16]
    area_km2: NDArray[np.float64]
    village_km2: NDArray[np.float64]
    tiles: list[tuple[int, int]]


def regency() -> Regency | None:
    """Return the villages as squares, or None while none has a boundary."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg(code || md5(ST_AsBinary(boundary)), ''"
            " ORDER BY code)) FROM villages_village WHERE boundary IS NOT NULL"
        )
        fingerprint = cursor.fetchone()[0]
    return None if fingerprint is None else _regency(fingerprint)


# Painting the villages takes a second or two; they change once in years.
@lru_cache(maxsize=1)
def _regency(fingerprint: str) -> Regency:
    villages = list(Village.objects.exclude(boundary=None).order_by("code"))
    polygons = shapely.from_wkb([bytes(v.boundary.wkb) for v in villages if v.boundary])
    west, south, east, north = (float(v) for v in shapely.total_bounds(polygons))
    extent = (west, south, east, north)
    window = grid.window_of_tiles(list(grid.tiles_over(extent)))
    owner = assign_squares(polygons, window)
    tiles = [
        (x, y)
        for x, y in grid.tiles_over(extent)
        if (owner[grid.slice_in(window, x, y)] != NOWHERE).any()
    ]
    area_km2 = grid.square_areas_km2(window.row + np.arange(window.height))
    nothing = np.zeros(owner.shape, np.uint8)
    by_state = areas_by_state(nothing, owner, area_km2=area_km2, count=len(villages))
    return Regency(
        fingerprint=fingerprint,
        window=window,
        codes=[v.code for v in villages],
        districts=[v.district_id for v in villages],
        owner=owner,
        area_km2=area_km2,
        village_km2=by_state.sum(axis=1),
        tiles=tiles,
    )


def district_tiles(nearest: int) -> dict[str, list[tuple[int, int]]]:
    """Return the tiles (x, y) of zoom *nearest* with a square of each district.

    *nearest* is at most the grid's own zoom. Without boundaries there are none.
    """
    here = regency()
    if here is None:
        return {}
    found: dict[str, set[tuple[int, int]]] = {}
    levels = grid.ZOOM - nearest
    for x, y in here.tiles:
        owners = np.unique(here.owner[grid.slice_in(here.window, x, y)])
        for owner in owners[owners != NOWHERE]:
            tiles = found.setdefault(here.districts[owner], set())
            tiles.add((x >> levels, y >> levels))
    return {code: sorted(tiles) for code, tiles in found.items()}
