"""Measurements, sites and elevation from the files that an analyst has."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from django.contrib.gis.gdal import GDALException, GDALRaster
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from coverage.core.observations import Observations
from coverage.core.trend import Relief, Sites
from kukar_connect.errors import DomainError

# What a number of each column may be; an empty one of these is "not known".
LIMITS = {
    "lon": (-180.0, 180.0),
    "lat": (-85.0, 85.0),
    "rsrp_dbm": (-200.0, 0.0),
    "height_m": (1.0, 500.0),
}
MAY_BE_EMPTY = {"rsrp_dbm", "height_m"}
# From the shore of the Dead Sea to the top of Mount Everest, with room.
HEIGHTS_M = (-450.0, 9000.0)
# A raster of the regency at 30 m has 60 million cells.
MAX_CELLS = 200_000_000


class FileError(DomainError):
    title = gettext_noop("The file cannot be used.")


def read_columns(path: Path, names: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """Read number columns of a CSV; what is empty and may be is NaN.

    Raises
    ------
    FileError
        Naming the file, line and column that cannot be used.
    """
    columns: list[list[float]] = [[] for _name in names]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [n for n in names if n not in (reader.fieldnames or [])]
            if missing:
                message = f"{path}: there is no column {', '.join(missing)}."
                raise FileError(message)
            for row in reader:
                for values, name in zip(columns, names, strict=True):
                    values.append(_number(path, reader.line_num, name, row[name]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} could not be read: {error}"
        raise FileError(message) from error
    return [np.array(values, float) for values in columns]


def _number(path: Path, line: int, name: str, text: str | None) -> float:
    if name in MAY_BE_EMPTY and not (text or "").strip():
        return math.nan
    low, high = LIMITS[name]
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        message = (
            f"{path}, line {line}, column {name}: {text!r} is not a number from "
            f"{low:g} to {high:g}."
        )
        raise FileError(message)
    return value


def read_measurements(path: Path, *, threshold_dbm: float) -> Observations:
    """Read a CSV with lon, lat, rsrp_dbm (empty: no service)."""
    lon, lat, rsrp_dbm = read_columns(path, ("lon", "lat", "rsrp_dbm"))
    return Observations.from_readings(lon, lat, rsrp_dbm, threshold_dbm=threshold_dbm)


def read_sites(path: Path, *, operator: str) -> Sites:
    """Read *operator*'s sites from a CSV with lon, lat, height_m (empty: not known).

    Without a column "operator" all of them are its own.

    Raises
    ------
    FileError
        Naming the file, line and column that cannot be used.
    """
    lon, lat, height_m = read_columns(path, ("lon", "lat", "height_m"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        owners = [row.get("operator") for row in csv.DictReader(file)]
    is_own = np.array([owner in (None, operator) for owner in owners], bool)
    return Sites(lon[is_own], lat[is_own], height_m[is_own])


def read_relief(path: Path) -> Relief:
    """Read the relief from a GeoTIFF (or any GDAL raster) of heights in degrees.

    Raises
    ------
    FileError
        If it cannot be read, is too large or turned, or is not in EPSG:4326.
    """
    try:
        raster = GDALRaster(str(path))
        srid = raster.srs.srid if raster.srs else None
        values = np.array(raster.bands[0].data(), np.float32)
    except (GDALException, OSError, IndexError) as error:
        message = f"{path} could not be read as a raster: {error}"
        raise FileError(message) from error
    if srid != 4326 or raster.skew.x or raster.skew.y or raster.scale.y >= 0:
        message = (
            f"{path} is not a north-up raster in degrees (EPSG:4326). Turn it into one:"
            " gdalwarp -t_srs EPSG:4326."
        )
        raise FileError(message)
    if values.size > MAX_CELLS:
        message = f"{path} has {values.size:,} cells; {MAX_CELLS:,} are allowed."
        raise FileError(message)
    # Holes are marked in the header, or by a height that no land has.
    nothing = raster.bands[0].nodata_value
    is_hole = ~((values >= HEIGHTS_M[0]) & (values <= HEIGHTS_M[1]))
    if nothing is not None:
        is_hole |= values == np.float32(nothing)
    if is_hole.all():
        message = f"{path} has no heights from {HEIGHTS_M[0]:g} to {HEIGHTS_M[1]:g} m."
        raise FileError(message)
    values[is_hole] = np.nan
    return Relief.of_heights(
        values,
        west=raster.origin.x,
        north=raster.origin.y,
        column_deg=raster.scale.x,
        row_deg=-raster.scale.y,
    )
