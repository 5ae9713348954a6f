"""Rivers and roads that nobody has measured along, from files of the office's own."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.conf import settings
from numpy.typing import NDArray

from coverage.core import grid, measure_next
from coverage.core.classify import State
from coverage.core.exposure import NOWHERE
from coverage.models import CoverageRun, SurfaceTile
from coverage.selectors.regency import Regency, regency

log = logging.getLogger(__name__)

# A point of each stretch as long as two reports reach: what lies between is answered.
STEP_M = 2 * measure_next.REACH_M
# All waterways of the regency at 1 : 50 000 are far fewer; beyond, the file is refused.
MOST_LINES = 200_000
# What files call a feature's name, the Indonesian base map (RBI) first.
_NAME_COLUMNS = ("namobj", "name", "nama")

# (kind, name, lon, lat, village code)
WayPoint = tuple[str, str, float, float, str]


def way_files() -> dict[str, str]:
    """Return the files that are set, by kind."""
    files = {"river": settings.KUKAR_RIVERS, "road": settings.KUKAR_ROADS}
    return {kind: path for kind, path in files.items() if path}


def unmeasured_ways(
    run: CoverageRun, operator: str, service: str, *, lat_0: float
) -> list[WayPoint]:
    """Return points along rivers and roads whose squares are unknown in a layer.

    A file that cannot be read is logged and left out.
    """
    found: list[WayPoint] = []
    for kind, path in way_files().items():
        try:
            changed_at = Path(path).stat().st_mtime
            found += _unmeasured(
                kind,
                path,
                changed_at,
                run.pk,
                run.published_at,
                operator,
                service,
                lat_0,
            )
        except (OSError, ValueError, pyogrio.errors.DataSourceError) as error:
            log.warning("The file of %ss could not be used: %s", kind, error)
    return found


@lru_cache(maxsize=16)
def _unmeasured(
    kind: str,
    path: str,
    changed_at: float,
    run_id: int,
    published_at: datetime | None,
    operator: str,
    service: str,
    lat_0: float,
) -> list[WayPoint]:
    here = regency()
    if here is None:
        return []
    names, lon, lat = _points(path, changed_at, lat_0)
    column, row = (np.floor(v).astype(np.int64) for v in grid.position_of(lon, lat))
    owner = _owners(here, column, row)
    unknown = _unknown(run_id, operator, service, column, row) & (owner != NOWHERE)
    return [
        (kind, names[i], float(lon[i]), float(lat[i]), here.codes[owner[i]])
        for i in np.flatnonzero(unknown)
    ]


# Reading a file takes seconds, and it changes once in years.
@lru_cache(maxsize=2)
def _points(
    path: str, changed_at: float, lat_0: float
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Return a point every `STEP_M` along the lines of a file, with their names."""
    frame = pyogrio.read_dataframe(path, max_features=MOST_LINES + 1)
    if len(frame) > MOST_LINES:
        message = f"{path} has more than {MOST_LINES} lines."
        raise ValueError(message)
    if frame.crs is not None:
        frame = frame.to_crs("EPSG:4326")
    column = next((c for c in frame.columns if c.lower() in _NAME_COLUMNS), None)
    told = [""] * len(frame) if column is None else frame[column].fillna("").astype(str)
    names: list[str] = []
    places: list[NDArray[np.float64]] = []
    for name, geometry in zip(told, frame.geometry, strict=True):
        for line in _lines(geometry):
            flat = shapely.transform(
                line, lambda c: measure_next.flat_m(c[:, 0], c[:, 1], lat_0=lat_0)
            )
            at_m = np.arange(STEP_M / 2, max(flat.length, STEP_M), STEP_M)
            share = np.minimum(at_m / max(flat.length, 1.0), 1.0)
            points = shapely.line_interpolate_point(line, share, normalized=True)
            places.append(shapely.get_coordinates(points))
            names += [name[:100]] * len(points)
    at = np.concatenate(places) if places else np.zeros((0, 2))
    return names, at[:, 0], at[:, 1]


def _lines(geometry: Any) -> Iterator[Any]:
    """Yield the lines of a geometry; of an area, such as a wide river, its shores."""
    if geometry is None or geometry.is_empty:
        return
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        geometry = geometry.boundary
    for part in shapely.get_parts(geometry):
        if part.geom_type == "LineString" and part.length > 0:
            yield part


def _owners(
    here: Regency, column: NDArray[np.int64], row: NDArray[np.int64]
) -> NDArray[np.int16]:
    x, y = column - here.window.column, row - here.window.row
    inside = (x >= 0) & (x < here.window.width) & (y >= 0) & (y < here.window.height)
    owner = np.full(len(x), NOWHERE, np.int16)
    owner[inside] = here.owner[y[inside], x[inside]]
    return owner


def _unknown(
    run_id: int,
    operator: str,
    service: str,
    column: NDArray[np.int64],
    row: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell for each square whether its state is unknown; without a tile it is."""
    unknown = np.ones(len(column), bool)
    size = grid.TILE_SQUARES
    for x, y, packed in (
        SurfaceTile.objects.of_run(run_id)
        .filter(operator=operator, service=service)
        .values_list("x", "y", "state")
    ):
        within = (column // size == x) & (row // size == y)
        if within.any():
            state = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(size, size)
            unknown[within] = (
                state[row[within] % size, column[within] % size] == State.UNKNOWN
            )
    return unknown
