"""Stops as the files that people take along: GPX for a phone, XLSX for a desk."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"
# Neither XML nor a sheet can hold these.
_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])


@dataclass(frozen=True)
class Waypoint:
    name: str
    description: str
    lon: float
    lat: float


def gpx(
    routes: Sequence[tuple[str, Sequence[Waypoint]]], *, title: str, now: datetime
) -> bytes:
    """Return a GPX 1.1 file with every stop as a waypoint and each trip as a route."""
    root = ElementTree.Element(
        "gpx", {"version": "1.1", "creator": "Kukar Connect", "xmlns": GPX_NAMESPACE}
    )
    about = ElementTree.SubElement(root, "metadata")
    _text(about, "name", title)
    _text(about, "time", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for _name, points in routes:
        for point in points:
            _point(root, "wpt", point)
    for name, points in routes:
        route = ElementTree.SubElement(root, "rte")
        _text(route, "name", name)
        for point in points:
            _point(route, "rtept", point)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _point(parent: ElementTree.Element, tag: str, point: Waypoint) -> None:
    at = {"lat": f"{point.lat:.6f}", "lon": f"{point.lon:.6f}"}
    element = ElementTree.SubElement(parent, tag, at)
    _text(element, "name", point.name)
    _text(element, "desc", point.description)


def _text(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text.translate(_UNWRITABLE)


def table_workbook(
    *,
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str | int | float | None]],
    notes: Sequence[str] = (),
    about_title: str = "About",
) -> bytes:
    """Return a workbook of one table; *notes* stand on a sheet of their own."""
    book = Workbook()
    sheet = book.active
    sheet.title = title[:31]
    sheet.append(list(header))
    widths = [len(name) for name in header]
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row):
            _write(sheet, number, column + 1, value)
            widths[column] = max(widths[column], len(str(value or "")))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = min(width + 2, 60)
    sheet.freeze_panes = "A2"
    if notes:
        about = book.create_sheet(about_title)
        for number, note in enumerate(notes, 1):
            _write(about, number, 1, note)
        about.column_dimensions["A"].width = 100
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _write(
    sheet: Worksheet, row: int, column: int, value: str | int | float | None
) -> None:
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = value.translate(_UNWRITABLE)
        # A name that begins like a formula stays a name.
        cell.data_type = "s"
    else:
        cell.value = value
