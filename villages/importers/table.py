"""What the readers of other programs' files have in common: cells by their name."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from villages.importers.reading import (
    OPERATOR_OF_NAME,
    Lines,
    Problem,
    ReportFileError,
    Row,
    Told,
    operator_of_network,
    to_number,
    to_row,
    to_utc,
    too_long,
)
from villages.models.reports import Found, Technology

# What apps write for a value that they do not have; the numbers are Android's own.
ABSENT = frozenset(
    {"", "-", "--", "null", "none", "n/a", "nan", "2147483647", "9223372036854775807"}
)
# The radio's name as the apps write it. Packet modes of 2G and 3G name their network.
TECHNOLOGY_OF = {
    **{value: value for value in Technology.values if value},
    **dict.fromkeys(("GSM", "GPRS", "EDGE"), Technology.G2.value),
    **dict.fromkeys(
        ("UMTS", "WCDMA", "HSPA", "HSPA+", "HSPAP", "HSDPA", "HSUPA", "TD-SCDMA"),
        Technology.G3.value,
    ),
    **dict.fromkeys(("LTE", "LTE+", "LTE_CA", "LTE-A"), Technology.G4.value),
    **dict.fromkeys(("NR", "5GNR", "5G NR", "NR SA"), Technology.G5.value),
}
# An epoch in milliseconds has passed this since 1973; one in seconds will in the year
# 5138.
_MILLISECONDS_FROM = 10**11


class CellError(ValueError):
    """A cell that makes its row no report: which column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


class Cells:
    """The cells of one row, read by the name of their column."""

    def __init__(self, texts: Mapping[str, str], told: Told) -> None:
        self.texts = texts
        self.told = told

    def text(self, column: str) -> str:
        value = self.texts.get(column, "").strip()
        return "" if value.lower() in ABSENT else value

    def number(self, column: str) -> float | None:
        value = self.text(column)
        if not value:
            return None
        try:
            return to_number(value)
        except ValueError:
            raise CellError(column, _("Not a number.")) from None

    def position(self, lon: str, lat: str) -> dict[str, float]:
        place = {}
        for field, column in (("lon", lon), ("lat", lat)):
            value = self.number(column)
            if value is None:
                raise CellError(column, _("The phone had no position here."))
            place[field] = value
        return place

    def time(self, column: str) -> datetime:
        """Read an epoch or a written time; the told day where the row has none."""
        value = self.text(column)
        if not value:
            return self.told_time(column)
        try:
            if value.lstrip("-").isdecimal():
                epoch = int(value)
                seconds = epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch
                return datetime.fromtimestamp(seconds, UTC)
            return to_utc(value, self.told.zone)
        except (ValueError, OverflowError, OSError):
            raise CellError(column, _("Not a time with date and hour.")) from None

    def told_time(self, column: str = "") -> datetime:
        moment = self.told.observed_at
        if moment is None:
            raise CellError(
                column,
                _(
                    "The row carries no time. Fill in “Measured on” (on the command "
                    "line --observed-on) with the day of the drive, and import the "
                    "file again."
                ),
            )
        return moment

    def technology(self, column: str) -> str:
        value = TECHNOLOGY_OF.get(self.text(column).upper())
        if value is None:
            raise CellError(
                column, _("Not a technology that is known here (2G to 5G).")
            )
        return value

    def level(self, column: str) -> float:
        """Read a received power in dBm, which is below zero."""
        value = self.number(column)
        if value is None:
            raise CellError(column, _("No level, so this row is not a reading."))
        if value >= 0:
            raise CellError(
                column, _("Not in dBm: a received power in dBm is below zero.")
            )
        return value

    def operator(self, mcc: str, mnc: str, name: str = "") -> str:
        """Return whose network the row is of: as it says, else as told for the file."""
        country, network = (
            self.text(column).removesuffix(".0") for column in (mcc, mnc)
        )
        found = None
        if country:
            found = operator_of_network(country + network.zfill(2))
        elif name:
            found = OPERATOR_OF_NAME.get(self.text(name).lower())
        if found or self.told.operator:
            return found or self.told.operator
        raise CellError(
            mnc if country else name or mnc,
            _(
                "An operator of another country, or not known. Choose the operator for "
                "the file if you know whose network this was."
            ),
        )

    def must_be_serving(self, column: str, *, serving: str) -> None:
        """Refuse the row of a neighbouring cell: a phone hears many, and uses one."""
        if self.text(column).lower() not in ("", serving):
            raise CellError(
                column, _("A neighbouring cell, not the one that the phone used.")
            )


def found_with(technology: str) -> str:
    """Return what a phone that is registered in *technology* has found."""
    # 2G packet data is too slow to be called internet here.
    is_2g = technology == Technology.G2.value
    return Found.VOICE_ONLY.value if is_2g else Found.DATA.value


def names_of(header: str, delimiter: str = ",") -> list[str]:
    """Return the names of columns in a first line, without quotes and spaces."""
    return [name.strip().strip('"').strip() for name in header.split(delimiter)]


class TableReader(ABC):
    """A table of one row per reading; a format says how its cells are read.

    `FIXED` names the columns of a format that has no header line. `columns` holds,
    by field, the file's column, for the words of a rejection.
    """

    FIXED: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}
    ignored_columns: list[str]

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self.told = told
        self.ignored_columns = []
        self._lines = Lines(stream)
        self.names = list(self.FIXED) or self._read_names()
        missing = [name for name in self.required if name not in self.names]
        if missing:
            raise ReportFileError(
                _("This file lacks the columns %(names)s.")
                % {"names": ", ".join(missing)}
            )

    @abstractmethod
    def read(self, cells: Cells) -> dict[str, Any]:
        """Return the report's content, or raise `CellError`."""

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    def rows(self) -> Iterator[Row]:
        for line, text in self._lines:
            if text is None:
                yield too_long(line)
            elif text.strip() and not text.startswith("#"):
                yield self._row(line, text)

    def _read_names(self) -> list[str]:
        for _line, text in self._lines:
            if text and not text.startswith("#"):
                return names_of(text)
        raise ReportFileError(_("The file has no line that names its columns."))

    def _row(self, line: int, text: str) -> Row:
        try:
            texts = next(csv.reader([text], strict=True))
        except csv.Error:
            reason = _("A quotation mark is opened and not closed in this line.")
            return Row(line, None, [Problem("", text, reason)])
        if len(texts) != len(self.names):
            reason = _("The row has %(found)d cells; %(expected)d are expected.") % {
                "found": len(texts),
                "expected": len(self.names),
            }
            return Row(line, None, [Problem("", text, reason)])
        cells = Cells(dict(zip(self.names, texts, strict=True)), self.told)
        return row_of(line, cells, self.read, self.columns)


def row_of(
    line: int,
    cells: Cells,
    read: Callable[[Cells], dict[str, Any]],
    columns: Mapping[str, str],
) -> Row:
    """Return the row that *read* makes of *cells*, or why it makes none."""

    def written(column: str) -> str:
        return cells.texts.get(column, "")

    try:
        content = read(cells)
    except CellError as error:
        problem = Problem(error.column, written(error.column), error.reason)
        return Row(line, None, [problem])
    return to_row(
        line,
        content,
        columns=columns,
        written=lambda field: written(columns.get(field, "")),
    )


def damaged(line: int, why: object) -> Row:
    """Return the last row of a file that cannot be read any further."""
    reason = _(
        "The file is damaged or cut off here, and was not read any further (%(why)s)."
    )
    return Row(line, None, [Problem("", "", reason % {"why": why})])
