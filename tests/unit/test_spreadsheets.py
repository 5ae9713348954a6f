"""What leaves as a workbook is what the page showed, and never calculates."""

import csv
import io
import re
from datetime import UTC, date, datetime
from uuid import UUID

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kukar_connect.spreadsheets import (
    Column,
    Sheet,
    csv_response,
    workbook,
    workbook_response,
)

COLUMNS = [Column("Nama"), Column("Luas (km²)", "0.0"), Column("Kapan")]
MOMENT = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


def opened(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def test_numbers_are_numbers_dates_dates_and_the_heading_filters():
    rows = [["Hulu", 12.4, MOMENT], ["Hilir", 3, date(2026, 1, 2)]]
    page = opened(workbook([Sheet("Desa", COLUMNS, rows)]))["Desa"]
    assert [cell.value for cell in page[1]] == ["Nama", "Luas (km²)", "Kapan"]
    assert page["A1"].font.bold
    assert page["B2"].value == 12.4
    assert page["B2"].number_format == "0.0"
    # WITA, eight hours ahead.
    assert page["C2"].value.isoformat() == "2026-11-21T02:30:00"
    assert page["C3"].value.date() == date(2026, 1, 2)
    assert page["C3"].is_date
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:C3"


@pytest.mark.parametrize("text", ["=1+1", "+62811", "-5", "@SUM(A1)", "=cmd|' /C'!A0"])
def test_text_is_never_a_formula(text):
    page = opened(workbook([Sheet("x", [Column(text)], [[text]])]))["x"]
    for cell in (page["A1"], page["A2"]):
        assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    body = csv_response("x.csv", Sheet("x", [Column("a")], [[text]])).content
    assert list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[1] == [f"'{text}"]


def test_only_what_looks_like_a_formula_is_quoted():
    page = opened(workbook([Sheet("x", [Column("a")], [["Hulu"], ["=1"], ["x"]])]))["x"]
    quoted = [bool(row[0].quotePrefix) for row in page.iter_rows(min_row=2)]
    assert quoted == [False, True, False]
    assert page["A3"].data_type == "s"


def test_what_is_not_known_is_an_empty_cell():
    columns = [Column("a"), Column("b"), Column("c")]
    uuid = UUID(int=1)
    data = workbook([Sheet("x", columns, [[None, float("nan"), [uuid, "y"]]])])
    page = opened(data)["x"]
    assert [cell.value for cell in page[2]] == [None, None, f"{uuid}, y"]


def test_notes_stand_on_a_sheet_of_their_own():
    book = opened(workbook([Sheet("x", COLUMNS, [])], notes=[("Hitungan", 7)]))
    assert book.sheetnames[1] in ("Keterangan", "Notes")
    assert [cell.value for cell in book.worksheets[1][1]] == ["Hitungan", 7]


def test_names_of_sheets_fit_and_differ():
    sheets = [Sheet("Kecamatan: Kota Bangun Darat / a[b] lagi", COLUMNS, [])] * 3
    names = opened(workbook(sheets)).sheetnames
    assert len(set(names)) == 3
    assert all(len(name) <= 31 for name in names)


def test_a_row_of_another_length_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="Row 1 has 1 cells for 3 columns"):
        workbook([Sheet("x", COLUMNS, [["Hulu"]])])


def test_the_answer_is_a_file_to_keep():
    response = workbook_response("prioritas-7.xlsx", [Sheet("x", COLUMNS, [])])
    assert 'filename="prioritas-7.xlsx"' in response["Content-Disposition"]
    assert response["Content-Type"].endswith("spreadsheetml.sheet")


@given(st.text(max_size=40))
def test_any_text_comes_back_as_it_was(text):
    page = opened(workbook([Sheet("x", [Column("a")], [[text], ["end"]])]))["x"]
    assert page["A3"].value == "end"
    kept = "".join(c for c in text if ord(c) >= 32 or c in "\t\n\r")
    # XML knows one kind of line's end, and not these two characters. Where lxml is
    # installed openpyxl writes with it, and it keeps the other kinds.
    kept = re.sub("[\ufffe\uffff]", "", kept)
    assert one_line_end(page["A2"].value or "") == one_line_end(kept)


def one_line_end(text):
    return re.sub("\r\n?", "\n", text)
