"""Our own CSV, as docs/imports.md describes it."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import (
    OPERATOR_OF_NAME,
    Lines,
    Problem,
    ReportFileError,
    Row,
    Told,
    to_number,
    to_row,
    to_utc,
    too_long,
)
from villages.models.reports import (
    Environment,
    Found,
    Internet,
    PositionSource,
    Technology,
)

NAME = "csv"
TITLE = gettext_lazy("Kukar Connect CSV")
HINT = gettext_lazy(
    "One row per observation, with the columns operator, ditemukan, bujur, lintang and "
    "waktu (or operator, found, lon, lat, observed_at). More columns may follow."
)

DELIMITERS = ",;\t"
REQUIRED = ("operator", "found", "lon", "lat", "observed_at")
# Without these a header is of some other table; one may be missing, and is named.
_ENOUGH_REQUIRED = 4
# A quoted note may hold line breaks, but not this many: the quote was never closed.
_MAX_LINES_OF_ROW = 20

ALIASES = {
    "id": ("id", "uuid"),
    "operator": ("operator", "operator_seluler"),
    "technology": ("technology", "teknologi", "jaringan"),
    "found": ("found", "ditemukan", "yang_ditemukan", "temuan"),
    "internet": ("internet", "rasa_internet"),
    "rsrp_dbm": ("rsrp_dbm", "rsrp"),
    "rsrq_db": ("rsrq_db", "rsrq"),
    "sinr_db": ("sinr_db", "sinr", "snr"),
    "download_mbps": ("download_mbps", "unduh_mbps"),
    "upload_mbps": ("upload_mbps", "unggah_mbps"),
    "latency_ms": ("latency_ms", "latensi_ms"),
    "lon": ("lon", "lng", "longitude", "bujur"),
    "lat": ("lat", "latitude", "lintang"),
    "accuracy_m": ("accuracy_m", "akurasi_m"),
    "position_source": ("position_source", "sumber_posisi"),
    "observed_at": ("observed_at", "waktu", "waktu_pengamatan"),
    "environment": ("environment", "lingkungan"),
    "power_out_hours": ("power_out_hours", "jam_tanpa_listrik"),
    "device_model": ("device_model", "perangkat", "model_hp"),
    "note": ("note", "catatan", "keterangan"),
}
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_NUMBERS = {
    "rsrp_dbm",
    "rsrq_db",
    "sinr_db",
    "download_mbps",
    "upload_mbps",
    "latency_ms",
    "lon",
    "lat",
    "accuracy_m",
    "power_out_hours",
}

WORDS: dict[str, dict[str, str]] = {
    "operator": OPERATOR_OF_NAME,
    "technology": {
        **{value.lower(): value for value in Technology.values if value},
        "lte": Technology.G4.value,
        "nr": Technology.G5.value,
    },
    "found": {
        **{value: value for value in Found.values},
        "tidak ada sinyal": Found.NO_SERVICE.value,
        "tidak ada": Found.NO_SERVICE.value,
        "darurat saja": Found.EMERGENCY_ONLY.value,
        "darurat": Found.EMERGENCY_ONLY.value,
        "telepon saja": Found.VOICE_ONLY.value,
        "telepon": Found.VOICE_ONLY.value,
        "internet": Found.DATA.value,
    },
    "internet": {
        **{value: value for value in Internet.values if value},
        "lambat": Internet.SLOW.value,
        "bagus": Internet.GOOD.value,
    },
    "environment": {
        **{value: value for value in Environment.values if value},
        "luar ruangan": Environment.OUTDOOR.value,
        "luar": Environment.OUTDOOR.value,
        "dalam ruangan": Environment.INDOOR.value,
        "dalam": Environment.INDOOR.value,
        "kendaraan": Environment.VEHICLE.value,
        "perahu": Environment.VEHICLE.value,
    },
    "position_source": {
        **{value: value for value in PositionSource.values},
        "gps": PositionSource.DEVICE.value,
        "hp": PositionSource.DEVICE.value,
        "pin": PositionSource.MANUAL.value,
    },
}


def recognises(header: str) -> bool:
    _delimiter, fields = _read_header(header)
    return len(set(REQUIRED) & set(fields)) >= _ENOUGH_REQUIRED


def open_file(stream: BinaryIO, *, told: Told) -> OwnCsvReader:
    return OwnCsvReader(stream, told)


class OwnCsvReader:
    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._lines = Lines(stream)
        self._zone = told.zone
        # What rows leave open and whoever brings the file has said of it.
        self._told = {
            field: value
            for field, value in (
                ("operator", told.operator),
                ("observed_at", told.observed_at),
            )
            if value
        }
        _number, header = next(self._lines)
        self._delimiter, self._fields = _read_header(header or "")
        cells = _split(header or "", self._delimiter)
        self._width = len(cells)
        self._columns = {
            field: cell.strip()
            for field, cell in zip(self._fields, cells, strict=True)
            if field
        }
        self.ignored_columns = [
            cell.strip()
            for field, cell in zip(self._fields, cells, strict=True)
            if not field and cell.strip()
        ]
        self._refuse_bad_header()
        self._parsers = [
            (index, field, self._parser(field))
            for index, field in enumerate(self._fields)
            if field
        ]

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    def rows(self) -> Iterator[Row]:
        for line, text in self._lines:
            if text is None:
                yield too_long(line)
                continue
            if not text.strip(self._delimiter + " \t\xa0"):
                continue
            if '"' in text:
                cells = self._quoted_cells(text)
                if cells is None:
                    reason = _(
                        "A quotation mark is opened and not closed properly. Close it, "
                        "or write two of them for one that belongs to the text."
                    )
                    yield Row(line, None, [Problem("", text, reason)])
                    continue
            else:
                cells = text.split(self._delimiter)
            yield self._row(line, cells)

    def _written(self, field: str, cells: list[str]) -> str:
        if field not in self._columns:
            return ""
        return cells[self._fields.index(field)].strip()

    def _refuse_bad_header(self) -> None:
        named = [field for field in self._fields if field]
        twice = sorted({field for field in named if named.count(field) > 1})
        if twice:
            raise ReportFileError(
                _("Line 1 names these columns twice: %(names)s. Keep one of each.")
                % {"names": ", ".join(twice)}
            )
        missing = [
            field
            for field in REQUIRED
            if field not in named and field not in self._told
        ]
        if missing:
            raise ReportFileError(
                _(
                    "Line 1 lacks these columns: %(names)s. Add them, or tell for the "
                    "whole file the operator or the day on which it was measured."
                )
                % {"names": ", ".join(missing)}
            )
        for name in self.ignored_columns:
            # A misspelt reading would otherwise be lost without a word.
            near = difflib.get_close_matches(_plain(name), _FIELD_OF, 1, 0.85)
            if near:
                raise ReportFileError(
                    _(
                        "Line 1 has a column “%(name)s”. If “%(near)s” is meant, write "
                        "it so; if not, give the column another name."
                    )
                    % {"name": name, "near": near[0]}
                )

    def _parser(self, field: str) -> Callable[[str], Any]:
        if field in _NUMBERS:
            if self._delimiter == ",":
                return to_number
            return partial(to_number, has_decimal_comma=True)
        if field in WORDS:
            words = WORDS[field]
            # The word itself, as a program writes it, needs no second look.
            exact = {value: value for value in words.values()}
            return lambda text: exact.get(text) or words[" ".join(text.lower().split())]
        if field == "observed_at":
            return partial(to_utc, zone=self._zone)
        if field == "id":
            return UUID
        return str

    def _quoted_cells(self, text: str) -> list[str] | None:
        """Return the cells of a row with quotes, which may go on over several lines."""
        taken: list[tuple[int, str | None]] = []

        def texts() -> Iterator[str]:
            yield text + "\n"
            for _line in range(_MAX_LINES_OF_ROW - 1):
                following = next(self._lines, None)
                if following is None:
                    return
                taken.append(following)
                if following[1] is None:
                    return
                yield following[1] + "\n"

        try:
            return next(csv.reader(texts(), delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration):
            # Only this line is at fault; those after it are rows of their own.
            self._lines.give_back(taken)
            return None

    def _row(self, line: int, cells: list[str]) -> Row:
        # An empty cell too many is no harmless one: a decimal comma in the longitude
        # moves all that follows by one, and the note is empty most of the time.
        if len(cells) != self._width:
            reason = _(
                "The row has %(found)d cells and line 1 has %(expected)d. Look for a "
                "missing separator, or a decimal comma where the comma separates cells."
            )
            facts = {"found": len(cells), "expected": self._width}
            text = self._delimiter.join(cells)
            return Row(line, None, [Problem("", text, reason % facts)])

        content: dict[str, Any] = {}
        problems: list[Problem] = []
        for index, field, parse in self._parsers:
            text = cells[index].strip()
            if not text:
                continue
            try:
                content[field] = parse(text)
            except (ValueError, KeyError):
                problems.append(Problem(self._columns[field], text, _meant(field)))
        unreadable = {problem.column for problem in problems}
        for field, value in self._told.items():
            if self._columns.get(field) not in unreadable:
                content.setdefault(field, value)
        for field in REQUIRED:
            column = self._columns.get(field, field)
            if field not in content and column not in unreadable:
                problems.append(Problem(column, "", _("This cell must not be empty.")))
        if problems:
            return Row(line, None, problems)
        return to_row(
            line,
            content,
            columns=self._columns,
            written=lambda field: self._written(field, cells),
        )


def _meant(field: str) -> str:
    """Say what a cell of *field* must hold."""
    if field in _NUMBERS:
        return _("Not a number. Write it like -95 or 116.987654, without a unit.")
    if field == "observed_at":
        return _(
            "Not a time with date and hour. Write 2026-11-23 08:30 (WITA), "
            "2026-11-23T08:30:00+08:00 or 23/11/2026 08:30."
        )
    if field == "id":
        return _("Not a UUID. Leave the cell empty to have one made from the row.")
    known = ", ".join(sorted(set(WORDS[field].values())))
    return _("Not known here. Use one of: %(names)s.") % {"names": known}


def _plain(name: str) -> str:
    """Write a column name as the table of names does: “RSRP (dBm)” is rsrp_dbm."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def _read_header(header: str) -> tuple[str, list[str]]:
    """Return the delimiter and the field of each column ("" where it has none)."""
    delimiter = max(DELIMITERS, key=header.count)
    return delimiter, [
        _FIELD_OF.get(_plain(cell), "") for cell in _split(header, delimiter)
    ]


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return header.split(delimiter)
