"""Tables that go out as workbooks (XLSX) and as CSV.

Numbers leave as numbers and dates as dates; text stays text, whatever it begins
with, so that nothing a stranger wrote is calculated in an office.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADING_FILL = PatternFill("solid", fgColor="0B3B40")
HEADING_FONT = Font(bold=True, color="FFFFFF")
HEADING_ALIGNMENT = Alignment(vertical="center", wrap_text=True)
TOP = Alignment(vertical="top", wrap_text=True)
_TOP_UNWRAPPED = Alignment(vertical="top")
_BOLD = Font(bold=True)
_DATE, _MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm"
# What a spreadsheet takes for the beginning of a formula when it reads a CSV.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Characters that a sheet's name may not hold, and how long it may be.
_NOT_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_TITLE_LENGTH = 31
# A column as wide as its longest text of the first rows, within reason.
_NARROWEST, _WIDEST, _ROWS_LOOKED_AT = 9, 60, 200


@dataclass(frozen=True)
class Column:
    """One column: its heading, and how its cells are shown.

    ``number_format`` is a spreadsheet's own (``0.0``, ``#,##0``, ``0%``); ``width``
    is in characters, by default that of the longest text.
    """

    title: str
    number_format: str | None = None
    width: float | None = None


@dataclass(frozen=True)
class Sheet:
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


Notes = Sequence[tuple[str, Any]]


def workbook(sheets: Sequence[Sheet], *, notes: Notes = (), title: str = "") -> bytes:
    """Return *sheets* as an XLSX file; *notes* (word, value) go to one at the end.

    Of values, text, numbers, booleans, dates, moments (shown in WITA), UUIDs and
    lists of them are known; None and numbers that are none are empty cells.

    Raises
    ------
    ValueError
        If a row has another number of cells than its sheet has columns.
    """
    book = Workbook(write_only=True)
    book.properties.creator = "Kukar Connect"
    book.properties.title = title or (sheets[0].title if sheets else "")
    taken: set[str] = set()
    for sheet in sheets:
        _write_sheet(book, sheet, taken)
    if notes:
        _write_notes(book, notes, taken)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook_response(
    filename: str, sheets: Sequence[Sheet], *, notes: Notes = (), title: str = ""
) -> HttpResponse:
    """Answer *sheets* as a file to download, named *filename* (with .xlsx)."""
    return _download(workbook(sheets, notes=notes, title=title), XLSX, filename)


def csv_response(filename: str, sheet: Sheet) -> HttpResponse:
    """Answer one sheet as CSV: UTF-8 with a mark, so that Excel reads it as that.

    Numbers have a decimal point and moments are ISO 8601, for programs; text that
    would be taken for a formula begins with an apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([csv_cell(column.title) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([csv_cell(value) for value in row])
    body = file.getvalue().encode("utf-8-sig")
    return _download(body, "text/csv; charset=utf-8", filename)


def _download(body: bytes, content_type: str, filename: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=filename)
    return HttpResponse(
        body,
        content_type=content_type,
        headers={
            "Content-Disposition": disposition or "attachment",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _write_sheet(book: Workbook, sheet: Sheet, taken: set[str]) -> None:
    page = book.create_sheet(_sheet_title(sheet.title, taken))
    count = len(sheet.columns)
    rows = [[plain(value) for value in row] for row in sheet.rows]
    for number, row in enumerate(rows, start=1):
        if len(row) != count:
            message = f"Row {number} has {len(row)} cells for {count} columns."
            raise ValueError(message)
    # A sheet that is only written takes these before its first row.
    page.freeze_panes = "A2"
    for index, column in enumerate(sheet.columns):
        letter = get_column_letter(index + 1)
        cells = [row[index] for row in rows[:_ROWS_LOOKED_AT]]
        page.column_dimensions[letter].width = column.width or _width(column, cells)
    headings = []
    for column in sheet.columns:
        cell = _cell(page, plain(column.title), None)
        cell.fill, cell.font = HEADING_FILL, HEADING_FONT
        cell.alignment = HEADING_ALIGNMENT
        headings.append(cell)
    page.append(headings)
    styled: dict[tuple[str, str | None], WriteOnlyCell] = {}
    for row in rows:
        page.append(
            [
                None if value is None else _styled(page, styled, value, column)
                for value, column in zip(row, sheet.columns, strict=True)
            ]
        )
    page.auto_filter.ref = f"A1:{get_column_letter(max(count, 1))}{len(rows) + 1}"


def _write_notes(book: Workbook, notes: Notes, taken: set[str]) -> None:
    page = book.create_sheet(_sheet_title(_("Notes"), taken))
    page.column_dimensions["A"].width = 30
    page.column_dimensions["B"].width = 90
    for word, value in notes:
        name = _cell(page, plain(word), None)
        name.font = _BOLD
        told = _cell(page, plain(value), None)
        told.alignment = Alignment(vertical="top", horizontal="left", wrap_text=True)
        page.append([name, told])


def _sheet_title(title: str, taken: set[str]) -> str:
    name = str(title).translate(_NOT_IN_TITLES).strip(" '")[:_TITLE_LENGTH] or "–"
    unique, number = name, 2
    while unique.casefold() in taken:
        mark = f" {number}"
        unique, number = name[: _TITLE_LENGTH - len(mark)] + mark, number + 1
    taken.add(unique.casefold())
    return unique


def _width(column: Column, cells: Iterable[Any]) -> float:
    # A heading may break into lines; its longest word may not.
    words = [len(word) for word in str(column.title).split()]
    longest = max([*words, len(str(column.title)) / 2])
    for value in cells:
        if isinstance(value, str):
            longest = max(longest, *(len(line) for line in value.split("\n")))
        elif isinstance(value, datetime):
            longest = max(longest, len(_MOMENT))
        elif isinstance(value, date):
            longest = max(longest, len(_DATE))
    return float(min(max(longest + 2, _NARROWEST), _WIDEST))


def plain(value: Any) -> Any:
    """Return *value* as a spreadsheet may hold it, None for what says nothing.

    >>> plain([1, 2])
    '1, 2'
    >>> plain(float("nan")) is None
    True
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(plain(item)) for item in value)
    if isinstance(value, (str, Promise, UUID)):
        return _NOT_XML.sub("", str(value))
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _styled(
    page: Any,
    styled: dict[tuple[str, str | None], WriteOnlyCell],
    value: Any,
    column: Column,
) -> WriteOnlyCell:
    """Return a cell in the style of its kind, which is worked out only once."""
    kind = type(value).__name__
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        kind = "quoted"
    key = kind, column.number_format
    if key not in styled:
        styled[key] = _cell(page, value, column.number_format)
    cell = WriteOnlyCell(page, value=value)
    cell._style = styled[key]._style
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def _cell(page: Any, value: Any, number_format: str | None) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
        # Excel's own apostrophe: it stays text when somebody edits the cell, too.
        cell.quotePrefix = value.startswith(_FORMULA_STARTS)
        cell.alignment = TOP
        return cell
    cell.alignment = _TOP_UNWRAPPED
    if isinstance(value, datetime):
        cell.number_format = _MOMENT
    elif isinstance(value, date):
        cell.number_format = _DATE
    elif number_format and not isinstance(value, bool):
        cell.number_format = number_format
    return cell


def csv_cell(value: Any) -> Any:
    """Return *value* as a cell of a CSV that no spreadsheet takes for a formula."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value).isoformat(timespec="minutes")
    value = plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
