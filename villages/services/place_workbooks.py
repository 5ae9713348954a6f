"""The workbooks to fill in with settlements and facilities."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from django.conf import settings
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from villages.importers.place_files import MAX_ROWS

_HEADING = PatternFill("solid", fgColor="0B3B40")
_EXAMPLE = PatternFill("solid", fgColor="ECECEC")
_COMMON = ("Kecamatan", "Desa", "Kode desa")
_POSITION = ("Bujur", "Lintang")
_HEADINGS = {
    "settlements": (*_COMMON, "Nama", "Jenis", "KK", "Jiwa", *_POSITION),
    "facilities": (*_COMMON, "Nama", "Jenis", "Siswa", "Pasien setahun", *_POSITION),
}
_EXAMPLES = {
    "settlements": ("", "", "RT 03", "RT", 42, 150, 116.98, -0.42),
    "facilities": ("", "", "SD Negeri 001", "Sekolah", 120, None, 116.98, -0.42),
}
_KINDS = {
    "settlements": "RT,Dusun,Kampung",
    "facilities": "Sekolah,Puskesmas,Kantor desa,Tempat ibadah,Lainnya",
}
_GUIDE = (
    "Satu baris untuk satu tempat. Judul kolom jangan diubah.",
    "Desa: cukup kode desa, atau nama desa dengan kecamatannya.",
    "Bujur dan Lintang: derajat desimal, misalnya 116,98 dan -0,42. Tempat tanpa "
    "posisi tidak dipakai: peta tidak menebak letaknya.",
    "RT yang nomornya berulang di tiap RW atau dusun: tambahkan kolom RW atau Dusun di "
    "sebelah kanan.",
    "KK, Jiwa, Siswa, Pasien: boleh dikosongkan. Sel kosong tidak menghapus yang "
    "sudah tersimpan.",
    "Membawa berkas yang sama lagi tidak menggandakan apa pun.",
)


def place_template(what: str) -> bytes:
    """Return the workbook to fill in; that of facilities names the puskesmas.

    Their names are known, their positions are not: the office completes them.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "Isian"
    _write_headings(sheet, what)
    rows = _health_centres() if what == "facilities" else []
    for number, row in enumerate(rows, start=3):
        for column, value in enumerate(row, start=1):
            sheet.cell(number, column, value)
    kinds = DataValidation(type="list", formula1=f'"{_KINDS[what]}"', allow_blank=True)
    kinds.add(f"E2:E{MAX_ROWS}")
    sheet.add_data_validation(kinds)
    guide = book.create_sheet("Petunjuk")
    guide.column_dimensions["A"].width = 100
    for number, line in enumerate(_GUIDE, start=1):
        guide.cell(number, 1, line).alignment = Alignment(wrap_text=True)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _write_headings(sheet: Worksheet, what: str) -> None:
    example = ("CONTOH (tidak dibaca)", *_EXAMPLES[what])
    for column, heading in enumerate(_HEADINGS[what], start=1):
        cell = sheet.cell(1, column, heading)
        cell.fill = _HEADING
        cell.font = Font(bold=True, color="FFFFFF")
        sheet.column_dimensions[cell.column_letter].width = 24 if column <= 4 else 15
        shown = sheet.cell(2, column, example[column - 1])
        shown.fill = _EXAMPLE
        shown.font = Font(italic=True, color="555555")
    sheet.freeze_panes = "A2"


def _health_centres() -> list[tuple[str, str, str, str, str]]:
    path = Path(settings.BASE_DIR) / "fixtures" / "health_centres.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["district"], "", row["code"], row["name"], "Puskesmas")
            for row in csv.DictReader(file)
            if row["kind"] == "puskesmas"
        ]
