"""The workbooks that go out: the template to fill in, and what became of its rows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kukar_connect.spreadsheets import (
    HEADING_ALIGNMENT,
    HEADING_FILL,
    HEADING_FONT,
    TOP,
    Column,
    Sheet,
    workbook,
)
from villages.importers.claim_files import MAX_ROWS
from villages.importers.claim_sheet import (
    ALL_OPERATORS,
    COLUMNS,
    EXAMPLE,
    REQUIRED,
    ROLES_OF_OFFICES,
    ROLES_OF_VILLAGES,
    SHEET_NAME,
    STATED_CHOICES,
)
from villages.models import ClaimRow, ClaimSheet, Village
from villages.models.reports import EARLIEST_OBSERVED_YEAR

_WIDTHS = {
    "district": 21,
    "village": 24,
    "settlement": 20,
    "operator": 17,
    "stated": 25,
    "stated_date": 13,
    "stated_by_role": 20,
    "stated_by_name": 22,
    "power_hours": 13,
    "other_internet": 24,
    "note": 44,
}
_EXAMPLE = PatternFill("solid", fgColor="ECECEC")
_DATE = "dd/mm/yyyy"
# The heading row and the example stand above the rows to fill in.
_FIRST_ROW = 3
_LAST_ROW = _FIRST_ROW + MAX_ROWS - 1
_LISTS = "Daftar"

_GUIDE = (
    ("Pernyataan keadaan sinyal dari desa dan kecamatan", True),
    (
        "Isi lembar “Isian”: satu baris untuk satu keadaan di satu tempat. Bila "
        "keadaan setiap operator berbeda, tulis satu baris untuk setiap operator.",
        False,
    ),
    (
        "Kolom bertanda * wajib diisi. Kolom lain boleh dikosongkan. Jangan mengubah "
        "judul kolom.",
        False,
    ),
    (
        "Pilih kecamatan dahulu; daftar desa lalu mengikuti kecamatan itu. Beberapa "
        "nama desa ada di dua kecamatan, jadi kecamatan sebaiknya selalu diisi.",
        False,
    ),
    ("Kolom", True),
    (
        "RT/Dusun: bagian desa yang dimaksud, misalnya “RT 3, Dusun Hulu”. Kosongkan "
        "bila berlaku untuk seluruh desa.",
        False,
    ),
    (
        "Operator: pilih satu, atau “Semua operator”. IM3 dan Tri termasuk Indosat; "
        "XL, Axis, dan Smartfren termasuk XLSmart.",
        False,
    ),
    (
        "Keadaan sinyal: pilih yang paling sesuai dengan keadaan sehari-hari. “Hanya "
        "panggilan darurat” berarti HP hanya dapat menghubungi 112.",
        False,
    ),
    ("Tanggal: kapan keadaan itu dinyatakan, misalnya 23/11/2026.", False),
    (
        "Jabatan dan Nama: siapa yang menyatakan. Nama hanya terlihat oleh petugas "
        "yang memeriksa, tidak di peta umum.",
        False,
    ),
    ("Listrik (jam sehari): berapa jam listrik menyala dalam sehari, 0–24.", False),
    (
        "Internet bukan seluler: misalnya Starlink atau radio link di kantor desa. Ini "
        "bukan sinyal HP, jadi jangan ditulis di kolom Keadaan sinyal.",
        False,
    ),
    ("Setelah diisi", True),
    (
        "Serahkan berkas ini ke Diskominfo. Petugas mengunggahnya, mencocokkan nama "
        "desa, lalu setiap baris diperiksa di lapangan. Isian ini adalah pernyataan, "
        "bukan hasil ukur, dan tidak mengubah peta.",
        False,
    ),
)


def template_workbook(*, villages: Iterable[Village]) -> bytes:
    """Return the template, with the districts and villages to choose from."""
    book = Workbook()
    sheet = book.active
    sheet.title = SHEET_NAME
    lists = book.create_sheet(_LISTS)
    _write_headings(sheet, [_heading(field) for field in COLUMNS])
    for letter, field in zip("ABCDEFGHIJK", COLUMNS, strict=True):
        sheet.column_dimensions[letter].width = _WIDTHS[field]
    example = {
        "district": f"{EXAMPLE} (tidak dibaca)",
        "village": "nama desa",
        "settlement": "RT 3, Dusun Hulu",
        "operator": "Telkomsel",
        "stated": "Tidak ada sinyal",
        "stated_date": date(2026, 11, 23),
        "stated_by_role": "Kepala desa",
        "stated_by_name": "nama lengkap",
        "power_hours": 12,
        "other_internet": "Starlink di kantor desa",
        "note": "Sinyal hanya ada di tepi sungai",
    }
    for column, field in enumerate(COLUMNS, start=1):
        cell = sheet.cell(_FIRST_ROW - 1, column, example[field])
        cell.fill = _EXAMPLE
        cell.font = Font(italic=True, color="555555")
    date_column = list(COLUMNS).index("stated_date") + 1
    for row in range(_FIRST_ROW - 1, _LAST_ROW + 1):
        sheet.cell(row, date_column).number_format = _DATE
    _offer_choices(sheet, lists, villages)
    lists.sheet_state = "hidden"
    guide = book.create_sheet("Petunjuk", 1)
    guide.column_dimensions["A"].width = 100
    for row, (text, is_title) in enumerate(_GUIDE, start=1):
        cell = guide.cell(row, 1, text)
        cell.alignment = TOP
        cell.font = Font(bold=is_title, size=13 if is_title else 11)
    return _bytes(book)


def _heading(field: str) -> str:
    return COLUMNS[field][0] + (" *" if field in REQUIRED else "")


def _write_headings(sheet: Worksheet, headings: Sequence[str]) -> None:
    for column, heading in enumerate(headings, start=1):
        cell = sheet.cell(1, column, heading)
        cell.fill, cell.font = HEADING_FILL, HEADING_FONT
        cell.alignment = HEADING_ALIGNMENT
    sheet.row_dimensions[1].height = 32
    sheet.freeze_panes = "A2"


def _offer_choices(
    sheet: Worksheet, lists: Worksheet, villages: Iterable[Village]
) -> None:
    pairs = sorted((village.district.name, village.name) for village in villages)
    columns: dict[str, list[str]] = {
        "A": sorted({district for district, _village in pairs}),
        "B": [district for district, _village in pairs],
        "C": [village for _district, village in pairs],
        "D": ["Telkomsel", "Indosat", "XLSmart", ALL_OPERATORS],
        "E": list(STATED_CHOICES),
        "F": [*ROLES_OF_VILLAGES, *ROLES_OF_OFFICES],
    }
    for letter, texts in columns.items():
        for row, text in enumerate(texts, start=1):
            lists[f"{letter}{row}"] = text

    def all_of(letter: str) -> str:
        return f"{_LISTS}!${letter}$1:${letter}${max(len(columns[letter]), 1)}"

    # The villages of the district in the same row, which stand one below the other.
    of_district = (
        f"OFFSET({_LISTS}!$C$1,MATCH($A{_FIRST_ROW},{all_of('B')},0)-1,0,"
        f"COUNTIF({all_of('B')},$A{_FIRST_ROW}),1)"
    )
    # Names may be written by hand; only what has few right answers is held to them.
    for field, formula, style in (
        ("district", all_of("A"), "warning"),
        ("village", of_district, "warning"),
        ("operator", all_of("D"), "stop"),
        ("stated", all_of("E"), "stop"),
        ("stated_by_role", all_of("F"), "warning"),
    ):
        _hold(
            sheet,
            field,
            DataValidation(type="list", formula1=formula, errorStyle=style),
            "Tidak ada dalam daftar. Pilih dari daftar.",
        )
    _hold(
        sheet,
        "stated_date",
        DataValidation(
            type="date",
            operator="between",
            formula1=f"DATE({EARLIEST_OBSERVED_YEAR},1,1)",
            formula2="TODAY()",
        ),
        "Tulis tanggal, bulan, dan tahun, misalnya 23/11/2026, paling lambat hari ini.",
    )
    _hold(
        sheet,
        "power_hours",
        DataValidation(type="decimal", operator="between", formula1="0", formula2="24"),
        "Tulis jumlah jam dalam sehari, dari 0 sampai 24.",
    )


def _hold(sheet: Worksheet, field: str, validation: DataValidation, error: str) -> None:
    validation.allow_blank = True
    validation.showErrorMessage = True
    validation.errorTitle = COLUMNS[field][0]
    validation.error = error
    letter = get_column_letter(list(COLUMNS).index(field) + 1)
    validation.add(f"{letter}{_FIRST_ROW}:{letter}{_LAST_ROW}")
    sheet.add_data_validation(validation)


def row_report_workbook(sheet: ClaimSheet) -> bytes:
    """Return, for every row of a confirmed sheet, what became of it and why.

    The columns are the template's with more behind them, so that rejected rows can be
    corrected in it and brought in again.
    """
    columns = [
        *(Column(_heading(field), width=_WIDTHS[field]) for field in COLUMNS),
        Column(_("Result"), width=16),
        Column(_("Why, and what to do"), width=60),
        Column(_("Village taken"), width=30),
        Column(_("Code of the village"), width=18),
        Column(_("Row in the file"), width=12),
    ]
    rows = sheet.rows.select_related("claim__village__district")
    return workbook([Sheet(SHEET_NAME, columns, map(_report_cells, rows))])


def _report_cells(row: ClaimRow) -> list[str]:
    village = row.claim.village if row.claim else None
    return [
        *(row.cells.get(field, "") for field in COLUMNS),
        str(row.get_result_display()),
        row.reason,
        f"{village.name}, {village.district.name}" if village else "",
        village.code if village else "",
        str(row.line),
    ]


def _bytes(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
