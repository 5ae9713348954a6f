"""What every format's reader is made of: lines, cells, rows and refusals."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, BinaryIO, Protocol
from uuid import UUID, uuid5

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import Operator
from villages.models.reports import TimeZone
from villages.services.submit_reports import NewReport, check_report

# A row of the formats we know has a few hundred bytes; a note may have 4,000.
MAX_LINE_BYTES = 64 * 1024
# Times without a zone are the regency's own.
WITA = timezone(timedelta(hours=8))
ZONES = {
    TimeZone.WIB.value: timezone(timedelta(hours=7)),
    TimeZone.WITA.value: WITA,
    TimeZone.WIT.value: timezone(timedelta(hours=9)),
    TimeZone.UTC.value: UTC,
}
_ZONES = {**ZONES, "GMT": UTC}
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# gzip, 7z, RAR, xz, bzip2.
_PACKED = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"BZh")
# Day first, as Indonesian offices write it: 23/11/2026 08.30 or 23-11-2026 08:30:15.
_DATE_LENGTH = len("2026-11-23")
_DAY_FIRST = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ T,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?"
)

# Fixed for ever: with another value every file could be imported a second time.
_NAMESPACE = UUID("6f0d2c1e-5c0a-5d8e-9a61-6b756b617231")
_DEFAULTS = {f.name: f.default for f in fields(NewReport)}

# MCC 510 is Indonesia. Merged operators report under their old numbers for years.
_MCC_INDONESIA = "510"
_OPERATOR_OF_MNC = {
    "10": Operator.TELKOMSEL.value,
    "01": Operator.INDOSAT.value,
    "21": Operator.INDOSAT.value,
    "89": Operator.INDOSAT.value,  # Tri
    "08": Operator.XLSMART.value,  # Axis
    "09": Operator.XLSMART.value,  # Smartfren
    "11": Operator.XLSMART.value,
    "28": Operator.XLSMART.value,  # Smartfren
}
OPERATOR_OF_NAME = {
    "telkomsel": Operator.TELKOMSEL.value,
    "simpati": Operator.TELKOMSEL.value,
    "by.u": Operator.TELKOMSEL.value,
    "indosat": Operator.INDOSAT.value,
    "indosat ooredoo": Operator.INDOSAT.value,
    "indosat ooredoo hutchison": Operator.INDOSAT.value,
    "ioh": Operator.INDOSAT.value,
    "im3": Operator.INDOSAT.value,
    "tri": Operator.INDOSAT.value,
    "3": Operator.INDOSAT.value,
    "xlsmart": Operator.XLSMART.value,
    "xl": Operator.XLSMART.value,
    "xl axiata": Operator.XLSMART.value,
    "axis": Operator.XLSMART.value,
    "smartfren": Operator.XLSMART.value,
}


class ReportFileError(DomainError):
    """The file as a whole cannot be read; nothing of it was stored."""

    status = 422
    title = gettext_noop("The file cannot be read.")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is rejected: where, what stood there, and what to do about it."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a report, or the problems that keep it from being one."""

    line: int
    report: NewReport | None
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever brings a file says of it, for rows that do not say it themselves."""

    operator: str = ""
    observed_on: date | None = None
    zone: tzinfo = WITA

    @property
    def observed_at(self) -> datetime | None:
        """Noon of the day that was told, for rows that carry no time."""
        if self.observed_on is None:
            return None
        return datetime.combine(self.observed_on, time(12), self.zone).astimezone(UTC)


class Reader(Protocol):
    """Reads one file. Made by a format's `open_file`, which refuses a bad header."""

    @property
    def bytes_read(self) -> int: ...

    ignored_columns: list[str]

    def rows(self) -> Iterator[Row]: ...


class Format(Protocol):
    """A module of this package."""

    NAME: str

    @property
    def TITLE(self) -> Promise: ...

    @property
    def HINT(self) -> Promise: ...

    def recognises(self, header: str) -> bool: ...

    def open_file(self, stream: BinaryIO, *, told: Told) -> Reader: ...


class Lines:
    """The lines of a file with their numbers, none of them longer than is sane.

    Text is UTF-8 with or without a mark; a line that is not is taken as Latin-1,
    which what Windows wrote without asking always can be. A line that is too long
    comes as None.
    """

    def __init__(self, stream: BinaryIO) -> None:
        stream.seek(0)
        self._stream = stream
        self._returned: deque[tuple[int, str | None]] = deque()
        self._number = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        return self

    def __next__(self) -> tuple[int, str | None]:
        if self._returned:
            return self._returned.popleft()
        data = self._stream.readline(MAX_LINE_BYTES)
        if not data:
            raise StopIteration
        self._number += 1
        self.bytes_read += len(data)
        if len(data) == MAX_LINE_BYTES and not data.endswith(b"\n"):
            self._skip_rest_of_line()
            return self._number, None
        if self._number == 1:
            data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        return self._number, text.rstrip("\r\n")

    def give_back(self, lines: Sequence[tuple[int, str | None]]) -> None:
        """Have *lines* returned again, before those not read yet."""
        self._returned.extendleft(reversed(lines))

    def _skip_rest_of_line(self) -> None:
        while data := self._stream.readline(MAX_LINE_BYTES):
            self.bytes_read += len(data)
            if data.endswith(b"\n"):
                return


def read_header(stream: BinaryIO) -> str:
    """Return the first line of a text file; of JSON and XML at most its beginning.

    Raises
    ------
    ReportFileError
        If the file is empty, not text, or one endless line.
    """
    stream.seek(0)
    head = stream.read(MAX_LINE_BYTES)
    stream.seek(0)
    if not head.strip():
        raise ReportFileError(_("The file is empty."))
    if head.startswith(_WORKBOOK):
        raise ReportFileError(
            _(
                "This is a workbook or a packed file, not text. If a village or camat "
                "filled it in, bring it to the page “Statements of villages and camat” "
                "(/impor/pernyataan/). If it holds measurements, open it, choose “Save "
                "as”, type “CSV UTF-8”, and import that file."
            )
        )
    # Never unpacked here: what a small packed file becomes may fill the disk.
    if head.startswith(_PACKED):
        raise ReportFileError(
            _("This is a packed file. Unpack it, and import the file that is inside.")
        )
    # Only in the first line: a phone without power leaves zeros at the end of its log.
    first = head.split(b"\n", 1)[0]
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in first:
        raise ReportFileError(
            _("This is not a UTF-8 text file. Save it as “CSV UTF-8” and try again.")
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"<")):
        return head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    _number, header = next(Lines(stream))
    if header is None:
        raise ReportFileError(
            _("The first line is longer than %(bytes)d bytes: this is not a table.")
            % {"bytes": MAX_LINE_BYTES}
        )
    return header


def too_long(line: int) -> Row:
    reason = _(
        "The line is longer than %(bytes)d bytes, so it was not read. Check the file "
        "for a missing line end."
    )
    return Row(line, None, [Problem("", "", reason % {"bytes": MAX_LINE_BYTES})])


def to_number(text: str, *, has_decimal_comma: bool = False) -> float:
    """Read a decimal number as people and phones write it.

    Raises
    ------
    ValueError
        If it is not a finite number.
    """
    if has_decimal_comma:
        text = text.replace(",", ".")
    value = float(text)
    # Python takes 1_000, nan and inf for numbers; nobody here means them.
    if "_" in text or not math.isfinite(value):
        raise ValueError(text)
    # No minus zero, or one place would have two spellings.
    return value + 0.0


def to_utc(text: str, zone: tzinfo = WITA) -> datetime:
    """Read a time: ISO 8601 or day first; of *zone* when it names none.

    >>> to_utc("2026-11-23T08:30:00+08:00").isoformat()
    '2026-11-23T00:30:00+00:00'
    >>> to_utc("23/11/2026 08.30").isoformat()
    '2026-11-23T00:30:00+00:00'
    >>> to_utc("2026-11-23 08:30 WIB").isoformat()
    '2026-11-23T01:30:00+00:00'

    Raises
    ------
    ValueError
        If it is no such time, or a date without an hour.
    """
    start, _space, last = text.rpartition(" ")
    if start and last.upper() in _ZONES:
        text, zone = start, _ZONES[last.upper()]
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year, hour, minute, second = (int(n or 0) for n in match.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    elif len(text) > _DATE_LENGTH:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
    else:
        raise ValueError(text)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def operator_of_network(mccmnc: str) -> str | None:
    """Return the operator that a network number (MCC and MNC) stands for.

    >>> operator_of_network("51010"), operator_of_network("510-89")
    ('TELKOMSEL', 'INDOSAT')
    >>> operator_of_network("60803") is None
    True
    """
    digits = mccmnc.replace("-", "").replace(" ", "")
    if not digits.startswith(_MCC_INDONESIA):
        return None
    # Some phones drop the leading zero of the MNC.
    return _OPERATOR_OF_MNC.get(digits[len(_MCC_INDONESIA) :].zfill(2))


def content_id(content: Mapping[str, Any]) -> UUID:
    """Return the id of a report that brought none: the same content, the same id.

    Fields at their default are left out, so that a field added to reports one day
    does not give old files new ids.
    """
    told = [
        (name, value.isoformat() if isinstance(value, datetime) else value)
        for name, value in sorted(content.items())
        if value != _DEFAULTS[name]
    ]
    return uuid5(_NAMESPACE, json.dumps(told))


def to_row(
    line: int,
    content: dict[str, Any],
    *,
    columns: Mapping[str, str],
    written: Callable[[str], str],
) -> Row:
    """Make the row of *content*, whose cells could all be read.

    *columns* holds, by field, the file's name of the column; *written* returns what
    stood in a field's cell. Both are for the words of a rejection.
    """
    if "id" not in content:
        content["id"] = content_id(content)
    report = NewReport(**content)
    errors = check_report(report)
    if not errors:
        return Row(line, report)
    return Row(
        line,
        None,
        [
            Problem(columns.get(field, field), written(field), reason)
            for field, reasons in errors.items()
            for reason in reasons
        ],
    )
