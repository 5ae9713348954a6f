"""Reading lists of places: maps of any OGR format, workbooks and CSV, as rows of text.

What comes over the web is read by its content and only in formats that can name no
other file; a person at the command line may give any format that GDAL reads.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas
import numpy as np
import pyogrio
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.importers.claim_files import (
    rows_of_csv,
    rows_of_workbook,
    text_of,
)
from villages.importers.place_columns import NAMES, columns_of, plain

# The regency has about 3,000 RT; a list of a province's schools has fewer rows.
MAX_ROWS = 10_000
MAX_BYTES = 10 * 1024 * 1024
# Of a zipped Shapefile when unpacked.
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_LAYERS = 30
_LAST_HEADING_ROW = 15
# With fewer known headings a row is none of headings.
_ENOUGH_HEADINGS = 2
_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx"}
# What the web takes, by the name GDAL gives the driver that really opened it.
_DRIVERS = {"GPKG", "GeoJSON", "ESRI Shapefile", "KML", "LIBKML"}


class PlaceFileError(DomainError):
    """The file as a whole cannot be read; nothing of it was stored."""

    status = 422
    title = gettext_noop("The file of places cannot be used.")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One row: text by field; the position where the file has geometry, in degrees."""

    line: int
    cells: dict[str, str]
    lonlat: tuple[float, float] | None = None
    # Why the geometry gives no position.
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PlaceTable:
    rows: list[PlaceRow]
    fields: set[str]
    ignored_columns: list[str] = field(default_factory=list)


_POSITION = ("lon", "lat")


def read_place_file(path: Path, *, fields: Iterable[str], is_own: bool) -> PlaceTable:
    """Read a list of places with the columns of *fields* (and positions).

    *is_own* is for a file of the person who administers this computer: every format
    is tried. Otherwise the content must be CSV, .xlsx, GeoPackage, GeoJSON, KML or a
    zipped Shapefile.

    Raises
    ------
    PlaceFileError, ClaimSheetError
        If the file as a whole cannot be used; both say what to do.
    """
    wanted = {name: f for f in (*fields, *_POSITION) for name in NAMES[f]}
    if path.is_dir() and is_own:
        return _of_map(path, wanted, drivers=None)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PlaceFileError(
            _("%(name)s could not be read: %(why)s")
            % {"name": path.name, "why": error.strerror}
        ) from error
    if size > MAX_BYTES:
        raise PlaceFileError(
            _("The file is larger than %(size)d MB. Split it and bring the parts.")
            % {"size": MAX_BYTES // 1024**2}
        )
    kind = _kind_of(data)
    if kind == "xlsx":
        return _of_table(rows_of_workbook(data), wanted)
    if kind == "zip":
        return _of_zip(data, wanted)
    if kind:
        # Under a name of ours, whatever it was called.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, f"tempat.{kind}")
            copy.write_bytes(data)
            return _of_map(copy, wanted, drivers=_DRIVERS)
    if is_own and path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return _of_map(path, wanted, drivers=None)
    return _of_table(rows_of_csv(data), wanted)


def _kind_of(data: bytes) -> str:
    """Return what a map's or workbook's content shows it to be; "" for anything else.

    Raises
    ------
    PlaceFileError
        If it is of no kind that is read here.
    """
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if data.startswith(b"PK\x03\x04"):
        return "xlsx" if _is_workbook(data) else "zip"
    if data.startswith(b"SQLite format 3\0"):
        return "gpkg"
    if start.startswith(b"{"):
        return "geojson"
    if start.startswith(b"<"):
        if b"<kml" in start and b"<!DOCTYPE" not in data and b"<!ENTITY" not in data:
            return "kml"
        raise PlaceFileError(
            _("This is no KML. Bring GeoPackage, GeoJSON, KML, .xlsx or CSV.")
        )
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise PlaceFileError(
            _(
                "This is an old Excel file (.xls) or one with a password. Open it, "
                "choose “Save as”, type “Excel Workbook (.xlsx)”, without a password, "
                "and bring that file."
            )
        )
    return ""


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise PlaceFileError(
            _("This archive is damaged. Make it anew and bring it again.")
        ) from error


def _of_zip(data: bytes, wanted: dict[str, str]) -> PlaceTable:
    """Read a zipped Shapefile: its parts only, unpacked under names of ours."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                _unpack_shapefile(archive, Path(folder))
        except (
            zipfile.BadZipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise PlaceFileError(
                _("This archive is damaged. Make it anew and bring it again.")
            ) from error
        shapes = Path(folder, "tempat.shp")
        return _of_map(shapes, wanted, drivers=_DRIVERS)


def _unpack_shapefile(archive: zipfile.ZipFile, folder: Path) -> None:
    parts = {
        name: part
        for part in archive.infolist()
        if (name := PurePosixPath(part.filename)).suffix.lower() in _SHAPEFILE_PARTS
        and not name.name.startswith(".")
    }
    shapes = [name for name in parts if name.suffix.lower() == ".shp"]
    if len(shapes) != 1:
        raise PlaceFileError(
            _(
                "The archive must hold one Shapefile (.shp with .dbf, .shx and .prj); "
                "it holds %(count)d."
            )
            % {"count": len(shapes)}
        )
    own = {
        name: part
        for name, part in parts.items()
        if name.with_suffix("") == shapes[0].with_suffix("")
    }
    # Never more is unpacked than these sizes say.
    if sum(part.file_size for part in own.values()) > MAX_UNPACKED_BYTES:
        raise PlaceFileError(
            _("Unpacked, this Shapefile is larger than %(size)d MB. Split it.")
            % {"size": MAX_UNPACKED_BYTES // 1024**2}
        )
    for name, part in own.items():
        (folder / f"tempat{name.suffix.lower()}").write_bytes(archive.read(part))


# --- maps --------------------------------------------------------------------------


def _of_map(
    path: Path, wanted: dict[str, str], *, drivers: set[str] | None
) -> PlaceTable:
    """Read the map at *path*; *drivers* are those that may open it, None is all."""
    frames = _frames(path, drivers)
    rows: list[PlaceRow] = []
    fields = set(_POSITION)
    ignored: dict[str, None] = {}
    are_in_indonesia = False
    for frame in frames:
        # Where a place lies, its geometry says.
        headings = ["" if c == frame.geometry.name else str(c) for c in frame.columns]
        columns = {
            number: name
            for number, name in columns_of(headings, wanted).items()
            if name not in _POSITION
        }
        fields |= set(columns.values())
        for number, heading in enumerate(headings):
            if heading and number not in columns:
                ignored[heading] = None
        positions = _positions(frame)
        values = {n: frame.iloc[:, number].tolist() for number, n in columns.items()}
        for number, (lonlat, fault) in enumerate(positions):
            cells = {n: _value_text(column[number]) for n, column in values.items()}
            are_in_indonesia = are_in_indonesia or bool(lonlat and is_near(lonlat))
            rows.append(PlaceRow(len(rows) + 1, cells, lonlat, fault))
    if not rows:
        raise PlaceFileError(_("The file holds no row."))
    if not are_in_indonesia and any(row.lonlat for row in rows):
        raise PlaceFileError(
            _(
                "Everything in the file lies outside Indonesia: is its coordinate "
                "system right?"
            )
        )
    return PlaceTable(rows, fields, list(ignored))


def _frames(path: Path, drivers: set[str] | None) -> list[geopandas.GeoDataFrame]:
    unreadable = _("%(name)s could not be read as a map: %(why)s")
    frames: list[geopandas.GeoDataFrame] = []
    left = MAX_ROWS + 1
    try:
        layers = [
            str(name)
            for name, geometry in pyogrio.list_layers(path)
            if geometry is not None
        ]
        for layer in layers[:MAX_LAYERS]:
            info = pyogrio.read_info(path, layer=layer)
            if drivers is not None and info["driver"] not in drivers:
                raise ValueError(info["driver"])
            frame = pyogrio.read_dataframe(path, layer=layer, max_features=left)
            if isinstance(frame, geopandas.GeoDataFrame) and len(frame):
                frames.append(frame)
                left -= len(frame)
            if left <= 0:
                break
    except Exception as error:
        # pyogrio raises one class per driver fault; its words name the fault.
        raise PlaceFileError(
            unreadable % {"name": path.name, "why": str(error)[:200]}
        ) from error
    if left <= 0:
        raise PlaceFileError(
            _("The file has more than %(count)d rows. Split it.") % {"count": MAX_ROWS}
        )
    if not frames:
        raise PlaceFileError(_("The file holds no map of places."))
    if any(frame.crs is None for frame in frames):
        raise PlaceFileError(
            _(
                "The file does not say its coordinate system (a Shapefile needs its "
                ".prj beside it). Add it and try again."
            )
        )
    return [frame.to_crs(4326) for frame in frames]


def _positions(
    frame: geopandas.GeoDataFrame,
) -> Iterator[tuple[tuple[float, float] | None, str]]:
    """Yield where each row lies: a point, or a point within its area."""
    shapes = shapely.force_2d(np.asarray(frame.geometry.values, dtype=object))
    for shape in shapes:
        if shape is None or shape.is_empty:
            yield None, ""
        elif shape.geom_type.endswith("LineString"):
            yield None, _("A line is no place. Draw a point or an area.")
        else:
            is_area = shape.geom_type.endswith("Polygon")
            point = shapely.point_on_surface(shape) if is_area else shape.centroid
            if not np.isfinite([point.x, point.y]).all():
                yield None, _("The position is not a number.")
            else:
                yield (round(point.x, 6), round(point.y, 6)), ""


def _value_text(value: Any) -> str:
    """Return a value of a map's table as the same text a sheet would have."""
    if value is None or value is np.nan or value != value:
        return ""
    if isinstance(value, (list, tuple, np.ndarray)):
        return "; ".join(_value_text(one) for one in value)
    if isinstance(value, dict):
        return text_of(json.dumps(value))
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    return text_of(value)


def is_near(lonlat: tuple[float, float]) -> bool:
    """Tell whether a position is in Indonesia with its waters."""
    return 94.0 <= lonlat[0] <= 142.0 and -12.0 <= lonlat[1] <= 7.0


# --- tables ------------------------------------------------------------------------


def _of_table(
    lines: Iterable[tuple[int, list[str]]], wanted: dict[str, str]
) -> PlaceTable:
    lines = iter(lines)
    headings = _headings(lines, wanted)
    columns = columns_of(headings, wanted)
    rows: list[PlaceRow] = []
    for line, texts in lines:
        cells = {
            name: texts[number].strip()
            for number, name in columns.items()
            if number < len(texts)
        }
        # The template's examples say so in their first cell.
        if not any(cells.values()) or texts[0].upper().startswith("CONTOH"):
            continue
        if len(rows) == MAX_ROWS:
            raise PlaceFileError(
                _("The file has more than %(count)d rows. Split it.")
                % {"count": MAX_ROWS}
            )
        rows.append(PlaceRow(line, cells))
    if not rows:
        raise PlaceFileError(
            _("No row is filled in below the headings (examples do not count).")
        )
    ignored = [
        heading
        for number, heading in enumerate(headings)
        if heading and number not in columns
    ]
    return PlaceTable(rows, set(columns.values()), ignored)


def _headings(
    lines: Iterator[tuple[int, list[str]]], wanted: dict[str, str]
) -> list[str]:
    for line, texts in lines:
        known = {wanted[plain(t)] for t in texts if plain(t) in wanted}
        if len(known) >= _ENOUGH_HEADINGS:
            return texts
        if line >= _LAST_HEADING_ROW:
            break
    raise PlaceFileError(
        _(
            "None of the first rows has headings that are known here. Fill in the "
            "template, or name the columns as it does."
        )
    )
