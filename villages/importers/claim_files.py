"""Reading files of claims: workbooks and CSV become rows of text.

Nothing in a workbook is carried out: no formula, no macro, no link.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

import openpyxl
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.importers.claim_sheet import (
    BEYOND,
    COLUMNS,
    EXAMPLE,
    REQUIRED,
    SHEET_NAME,
)
from villages.importers.reading import ReportFileError, read_header

# The regency has 237 villages and three operators.
MAX_ROWS = 1_000
MAX_BYTES = 2 * 1024 * 1024
# Of a workbook's parts when unpacked: a sheet of 1,000 rows has half a megabyte.
MAX_UNPACKED_BYTES = 10 * 1024 * 1024
MAX_PARTS = 200
MAX_COLUMNS = 30
# Titles and a letterhead may stand above the headings.
_LAST_HEADING_ROW = 15
_MAX_LINES_OF_ROW = 20
_LONGEST_SHOWN = 500

# With fewer of the required headings a row is none of headings.
_ENOUGH_REQUIRED = 2
# What openpyxl, zipfile and the XML parser raise on files that are not what they say.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    ElementTree.ParseError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class ClaimSheetError(DomainError):
    """The sheet as a whole cannot be read; nothing of it was stored."""

    status = 422
    title = gettext_noop("The sheet cannot be read.")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: text by field, as it stood in the cells."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class SheetContent:
    rows: list[SheetRow]
    ignored_columns: list[str]


def read_sheet(data: bytes) -> SheetContent:
    """Read a workbook or CSV of claims; what it is, the content tells.

    Raises
    ------
    ClaimSheetError
        If it is neither, is too large, or has no row of our headings.
    """
    if len(data) > MAX_BYTES:
        raise ClaimSheetError(
            _("The file is larger than %(size)d MB. Split it and bring the parts.")
            % {"size": MAX_BYTES // 1024**2}
        )
    if data.startswith(b"PK\x03\x04"):
        return _content(rows_of_workbook(data))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ClaimSheetError(
            _(
                "This is an old Excel file (.xls) or one with a password. Open it, "
                "choose “Save as”, type “Excel Workbook (.xlsx)”, without a password, "
                "and bring that file."
            )
        )
    return _content(rows_of_csv(data))


def _plain(heading: str) -> str:
    return re.sub(r"\W+", "_", heading.strip().lower()).strip("_")


_FIELD_OF = {
    name: field
    for field, (heading, aliases) in COLUMNS.items()
    for name in (_plain(heading), *aliases)
}


def _content(rows: Iterable[tuple[int, list[str]]]) -> SheetContent:
    rows = iter(rows)
    headings = _headings(rows)
    fields = [_FIELD_OF.get(_plain(heading), "") for heading in headings]
    found: list[SheetRow] = []
    for line, texts in rows:
        if not any(texts) or texts[0].upper().startswith(EXAMPLE):
            continue
        cells = {
            field: text for field, text in zip(fields, texts, strict=False) if field
        }
        beyond = " | ".join(text for text in texts[len(fields) :] if text)
        if beyond:
            cells[BEYOND] = beyond
        if not any(cells.values()):
            # Only in columns that are none of ours, such as a running number.
            continue
        if len(found) == MAX_ROWS:
            raise ClaimSheetError(
                _("The sheet has more than %(count)d rows. Split it.")
                % {"count": MAX_ROWS}
            )
        found.append(SheetRow(line, cells))
    if not found:
        raise ClaimSheetError(
            _("No row is filled in below the headings (examples do not count).")
        )
    ignored = [h for h, field in zip(headings, fields, strict=True) if h and not field]
    return SheetContent(found, ignored)


def _headings(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """Return the headings, and leave *rows* at the first row below them.

    Raises
    ------
    ClaimSheetError
        If there are none, one of the required is missing, or one is there twice.
    """
    for line, texts in rows:
        while texts and not texts[-1]:
            texts = texts[:-1]
        fields = [_FIELD_OF.get(_plain(text), "") for text in texts]
        if len(set(REQUIRED) & set(fields)) >= _ENOUGH_REQUIRED:
            break
        if line >= _LAST_HEADING_ROW:
            texts = []
            break
    else:
        texts = []
    if not texts:
        raise ClaimSheetError(
            _(
                "None of the first rows has our headings (%(names)s). Fill in the "
                "template, or name the columns as it does."
            )
            % {"names": ", ".join(COLUMNS[field][0] for field in REQUIRED)}
        )
    missing = [COLUMNS[field][0] for field in REQUIRED if field not in fields]
    if missing:
        raise ClaimSheetError(
            _("These columns are missing: %(names)s. Add them and bring it again.")
            % {"names": ", ".join(missing)}
        )
    twice = [COLUMNS[field][0] for field in COLUMNS if fields.count(field) > 1]
    if twice:
        raise ClaimSheetError(
            _("These columns are there twice: %(names)s. Keep one of each.")
            % {"names": ", ".join(twice)}
        )
    return texts


def text_of(value: object) -> str:
    """Return a cell as text on one line that a database takes."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    line = " ".join(str(value).split())
    plain = "".join(c if c.isprintable() else "\ufffd" for c in line)
    return plain if len(plain) <= _LONGEST_SHOWN else plain[:_LONGEST_SHOWN] + " …"


def rows_of_csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        read_header(io.BytesIO(data))
    except ReportFileError as error:
        raise ClaimSheetError(error.detail) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # “CSV” without “UTF-8” in Excel.
        text = data.decode("cp1252", errors="replace")
    lines = io.StringIO(text, newline="")
    delimiter = _delimiter(text)
    reader = csv.reader(lines, delimiter=delimiter)
    before = 0
    try:
        for cells in reader:
            # A quotation mark that is never closed takes all that follows with it.
            if reader.line_num - before > _MAX_LINES_OF_ROW:
                raise csv.Error
            yield before + 1, [text_of(cell) for cell in cells]
            before = reader.line_num
    except csv.Error as error:
        raise ClaimSheetError(
            _("A quotation mark in line %(line)d is opened and not closed. Correct it.")
            % {"line": before + 1}
        ) from error


def _delimiter(text: str) -> str:
    """Return what stands between cells: as Excel's first line says, or the commonest.

    Above the headings there may be titles without any.
    """
    top = text.split("\n", _LAST_HEADING_ROW)[:_LAST_HEADING_ROW]
    if match := re.fullmatch(r"sep=(.)\r?", top[0]):
        return match[1]
    return max(";,\t", key=lambda mark: max(line.count(mark) for line in top))


def rows_of_workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    not_readable = _(
        "This workbook cannot be read: it is damaged or no .xlsx. Open it, choose "
        "“Save as”, type “Excel Workbook (.xlsx)”, and bring that file."
    )
    try:
        _refuse_odd_parts(data)
        book = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, keep_links=False
        )
        try:
            before: object = None
            for line, cells in enumerate(_sheet_of(book), start=1):
                # A sheet may have a million rows between two that are filled in, for
                # which openpyxl gives one and the same empty row.
                if cells is not before:
                    yield line, [_cell_text(cell) for cell in cells]
                before = cells
        finally:
            book.close()
    except _UNREADABLE as error:
        raise ClaimSheetError(not_readable) from error


def _cell_text(cell: Any) -> str:
    if cell.data_type == "f":
        # A formula that openpyxl gives as an object has its text inside.
        return "=" + text_of(getattr(cell.value, "text", cell.value)).lstrip("=")
    return text_of(cell.value)


def _sheet_of(book: Any) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the sheet to fill in, or else of the first."""
    sheets = book.worksheets
    named = [sheet for sheet in sheets if sheet.title.lower() == SHEET_NAME.lower()]
    # What the file says of its own size may be wrong.
    return (named or sheets)[0].iter_rows(max_row=2**20, max_col=MAX_COLUMNS)


def _refuse_odd_parts(data: bytes) -> None:
    """Refuse what unpacks into more than it looks, and what is no plain workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        # Never more is unpacked than these sizes say.
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
            raise ClaimSheetError(
                _(
                    "Unpacked, this workbook is larger than %(size)d MB. Copy the rows "
                    "into our template, without pictures, and bring that."
                )
                % {"size": MAX_UNPACKED_BYTES // 1024**2}
            )
        if any(name.endswith("vbaProject.bin") for name in names):
            raise ClaimSheetError(
                _(
                    "This workbook has macros. Save it as “Excel Workbook (.xlsx)”, "
                    "which has none, and bring that file."
                )
            )
        if "xl/workbook.xml" not in names:
            raise ClaimSheetError(
                _(
                    "This is no Excel workbook (.xlsx). From LibreOffice, choose “Save "
                    "as”, type “Excel 2007–365 (.xlsx)”."
                )
            )
        for part in parts:
            # A workbook has no document type; one could name itself a thousand times.
            is_xml = part.filename.endswith((".xml", ".rels"))
            if is_xml and b"<!DOCTYPE" in archive.read(part).replace(b"\0", b""):
                raise ValueError(part.filename)
