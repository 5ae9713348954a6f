"""Sheets of claims: whatever comes, every row states something or says why not."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from villages.importers import FORMATS
from villages.importers.claim_files import (
    MAX_BYTES,
    MAX_ROWS,
    ClaimSheetError,
    read_sheet,
)
from villages.importers.claim_sheet import (
    BEYOND,
    COLUMNS,
    STATED_CHOICES,
    to_date,
    to_statement,
)

TODAY = date(2026, 11, 24)
HEADER = [heading for heading, _aliases in COLUMNS.values()]
CELLS = {
    "district": "Tabang",
    "village": "Buluk Sen",
    "operator": "Telkomsel",
    "stated": "Tidak ada sinyal",
    "stated_date": "12/11/2026",
    "stated_by_role": "Kepala desa",
}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def a_row(**cells):
    row = {**CELLS, **cells}
    return [row.get(field, "") for field in COLUMNS]


def workbook(*rows, title="Isian", header=HEADER):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in [header, *rows]:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def csv_file(*rows, delimiter=";", header=HEADER):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return file.getvalue().encode()


def statement(**cells):
    stated, problems = to_statement({**CELLS, **cells}, today=TODAY)
    assert problems == []
    return stated


def reasons(**cells):
    stated, problems = to_statement({**CELLS, **cells}, today=TODAY)
    assert stated is None
    return {problem.column: problem.reason for problem in problems}


def refusal(data):
    with pytest.raises(ClaimSheetError) as caught:
        read_sheet(data)
    return caught.value.detail


# --- files ---------------------------------------------------------------------


def test_a_workbook_and_a_csv_of_the_same_rows_are_read_alike():
    of_workbook = read_sheet(workbook(a_row(stated_date=date(2026, 11, 12))))
    of_csv = read_sheet(csv_file(a_row(stated_date="2026-11-12")))
    assert [row.cells for row in of_workbook.rows] == [row.cells for row in of_csv.rows]
    assert of_workbook.rows[0].line == of_csv.rows[0].line == 2


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_is_read_as_excel_saves_it(delimiter, encoding):
    data = csv_file(a_row(note="Dusun “Hulu” – é"), delimiter=delimiter)
    (row,) = read_sheet(data.decode().encode(encoding)).rows
    assert row.cells["note"] == "Dusun “Hulu” – é"
    assert row.cells["village"] == "Buluk Sen"


def test_excels_line_about_the_separator_is_understood():
    (row,) = read_sheet(b"sep=;\r\n" + csv_file(a_row())).rows
    assert row.cells["village"] == "Buluk Sen"


def test_headings_may_stand_below_a_letterhead_and_be_named_otherwise():
    header = ["No", "KECAMATAN", "Nama Desa", "Kondisi Sinyal *", "Tgl", "Jabatan"]
    data = csv_file(
        ["KECAMATAN TABANG"],
        [],
        header,
        ["1", "Tabang", "Buluk Sen", "Lemah", "12/11/2026", "Camat"],
        header=["Daftar keadaan sinyal"],
    )
    content = read_sheet(data)
    (row,) = content.rows
    assert (row.line, row.cells["stated"]) == (5, "Lemah")
    assert content.ignored_columns == ["No"]


def test_the_sheet_named_in_the_template_is_read_wherever_it_stands():
    book = openpyxl.Workbook()
    book.active.append(["Petunjuk"])
    sheet = book.create_sheet("ISIAN")
    sheet.append(HEADER)
    sheet.append(a_row())
    file = io.BytesIO()
    book.save(file)
    assert len(read_sheet(file.getvalue()).rows) == 1


def test_examples_and_empty_rows_are_no_rows():
    data = csv_file(a_row(district="CONTOH (tidak dibaca)"), [""] * 11, a_row())
    assert [row.line for row in read_sheet(data).rows] == [4]


def test_numbers_and_times_of_a_workbook_become_text():
    data = workbook(
        a_row(
            village=6402122004,
            stated_date=datetime(2026, 11, 12, 9, 30),  # noqa: DTZ001
            power_hours=12.5,
            note=True,
        )
    )
    (row,) = read_sheet(data).rows
    assert row.cells["village"] == "6402122004"
    assert row.cells["stated_date"] == "2026-11-12"
    assert row.cells["power_hours"] == "12.5"


def test_formulas_are_never_read_as_values():
    data = workbook(a_row(village='=HYPERLINK("x";"Buluk Sen")', note="=1+1"))
    (row,) = read_sheet(data).rows
    assert row.cells["note"] == "=1+1"
    _stated, problems = to_statement(row.cells, today=TODAY)
    assert {problem.column for problem in problems} == {"Desa/Kelurahan", "Catatan"}
    assert "Formulas" in problems[0].reason


def test_a_formula_over_many_cells_is_a_formula_too():
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(a_row())
    book.active["K2"] = ArrayFormula("K2:K3", "=A1:A2")
    file = io.BytesIO()
    book.save(file)
    (row,) = read_sheet(file.getvalue()).rows
    assert row.cells["note"] == "=A1:A2"


def test_cells_beyond_the_headings_are_a_problem_not_a_loss():
    data = csv_file([*a_row(), "lagi"])
    (row,) = read_sheet(data).rows
    assert row.cells[BEYOND] == "lagi"
    assert to_statement(row.cells, today=TODAY)[0] is None


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, ".xls"),
        (b"PK\x03\x04 no archive", "damaged"),
        (b"a;b;c\n1;2;3\n", "headings"),
        (csv_file(), "No row"),
        (csv_file(a_row(district="CONTOH")), "No row"),
        (csv_file(a_row(), header=[*HEADER[:-1], "Desa"]), "twice"),
        (csv_file(a_row(), header=["x", *HEADER[1:5], "y", *HEADER[6:]]), "Tanggal"),
        (csv_file(a_row(note='"')).replace(b'""""', b'"') + b"x\n" * 30, "quotation"),
        ("Desa;Sinyal".encode("utf-16"), "UTF-8"),
        (b"x" * (MAX_BYTES + 1), "larger"),
        (csv_file(*[a_row()] * (MAX_ROWS + 1)), "more than"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(data, word):
    assert word in refusal(data)


def test_as_many_rows_as_are_allowed_are_read():
    assert len(read_sheet(csv_file(*[a_row()] * MAX_ROWS)).rows) == MAX_ROWS


def packed(parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def parts_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_workbook_that_unpacks_into_too_much_is_refused_unread():
    parts = parts_of(workbook(a_row()))
    bomb = packed({**parts, "xl/media/image1.png": b"\0" * 50_000_000})
    assert len(bomb) < 100_000
    assert "Unpacked" in refusal(bomb)
    many = {f"xl/media/{number}": b"" for number in range(300)}
    assert "Unpacked" in refusal(packed({**parts, **many}))


def test_macros_other_packed_files_and_document_types_are_refused():
    parts = parts_of(workbook(a_row()))
    assert "macros" in refusal(packed({**parts, "xl/vbaProject.bin": b"x"}))
    assert "LibreOffice" in refusal(packed({"content.xml": b"<x/>"}))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for encoding in ("utf-8", "utf-16"):
        laughs = '<!DOCTYPE x [<!ENTITY a "ha">]>' + sheet.split("?>", 1)[-1]
        parts["xl/worksheets/sheet1.xml"] = laughs.encode(encoding)
        assert "damaged" in refusal(packed(parts))


def test_a_workbook_that_lies_about_its_size_is_read_whole():
    parts = parts_of(workbook(*[a_row()] * 5))
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b'<dimension ref="A1:K6"', b'<dimension ref="A1"')
    assert b'ref="A1"' in parts[name]
    assert len(read_sheet(packed(parts)).rows) == 5


def test_a_row_far_below_the_others_is_read():
    parts = parts_of(workbook(a_row(), a_row(village="Muara Tubo")))
    name = "xl/worksheets/sheet1.xml"
    parts[name] = re.sub(rb'(r="[A-K]?)3"', rb'\g<1>1048576"', parts[name])
    assert [row.line for row in read_sheet(packed(parts)).rows] == [2, 1048576]


def test_lists_as_excel_writes_them_are_no_hindrance():
    parts = parts_of(workbook(a_row()))
    name = "xl/worksheets/sheet1.xml"
    lists = (
        b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" xmlns:x14='
        b'"http://schemas.microsoft.com/office/spreadsheetml/2009/9/main">'
        b'<x14:dataValidations count="1"><x14:dataValidation type="list"/>'
        b"</x14:dataValidations></ext></extLst></worksheet>"
    )
    parts[name] = parts[name].replace(b"</worksheet>", lists)
    # openpyxl tells its log that it does not keep the lists; the rows are all there.
    with pytest.warns(UserWarning, match="Data Validation"):
        assert len(read_sheet(packed(parts)).rows) == 1


def test_sheets_of_claims_are_no_format_of_reports():
    assert all(not format_.recognises(";".join(HEADER)) for format_ in FORMATS)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
@example(workbook(a_row())[:700])
@example(b"PK\x03\x04" + b"\0" * 100)
def test_any_bytes_are_a_sheet_or_refused(data):
    try:
        content = read_sheet(data)
    except ClaimSheetError:
        return
    assert content.rows


# Made once: a workbook has the time in it.
WHOLE = workbook(a_row())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_a_sheet_or_refused(data):
    whole = bytearray(WHOLE)
    for _time in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        read_sheet(bytes(whole))
    except ClaimSheetError:
        return


# --- rows ----------------------------------------------------------------------


def test_a_row_states_what_its_words_mean():
    stated = statement(
        operator="IM3",
        stated="Lemah sinyal",
        power_hours="12,5 jam",
        other_internet="Starlink",
    )
    assert (stated.operator, stated.stated) == ("INDOSAT", "weak")
    assert stated.stated_date == date(2026, 11, 12)
    assert (stated.power_hours, stated.other_internet) == (12.5, "Starlink")


def test_every_word_of_the_template_is_understood():
    assert {statement(stated=words).stated for words in STATED_CHOICES} == {
        stated.value for stated in STATED_CHOICES.values()
    }
    for words in ("Telkomsel", "Indosat", "XLSmart"):
        assert statement(operator=words).operator == words.upper()
    for words in ("Semua operator", "", "-"):
        assert statement(operator=words).operator == ""


def test_blank_spot_is_kept_as_it_was_said():
    assert statement(stated="BLANKSPOT").stated == "blank_spot"


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("Kepala desa", "village_statement"),
        ("KADES Muhuran", "village_statement"),
        ("Ketua RT 3", "village_statement"),
        ("Lurah", "village_statement"),
        ("Camat", "office_statement"),
        ("Sekretaris camat", "office_statement"),
        ("Kasi Pemerintahan Kecamatan", "office_statement"),
        ("Petugas dinas", "office_statement"),
        ("PLN", "office_statement"),
    ],
)
def test_the_office_of_who_states_it_tells_whose_statement_it_is(role, kind):
    assert statement(stated_by_role=role).kind == kind


@pytest.mark.parametrize(
    ("cells", "column", "word"),
    [
        ({"village": ""}, "Desa/Kelurahan", "empty"),
        ({"stated": ""}, "Keadaan sinyal", "empty"),
        ({"stated": "ada dikit"}, "Keadaan sinyal", "Sinyal lemah"),
        ({"operator": "Telkomsel/XL"}, "Operator", "One operator"),
        ({"operator": "Telkomsel dan Tri"}, "Operator", "One operator"),
        ({"operator": "Esia"}, "Operator", "Telkomsel"),
        ({"stated_date": "kemarin"}, "Tanggal", "23/11/2026"),
        ({"stated_date": "31/02/2026"}, "Tanggal", "23/11/2026"),
        ({"stated_date": "25/11/2026"}, "Tanggal", "to come"),
        ({"stated_date": "1/1/1987"}, "Tanggal", "year"),
        ({"power_hours": "25"}, "Listrik (jam sehari)", "0 to 24"),
        ({"power_hours": "nan"}, "Listrik (jam sehari)", "0 to 24"),
        ({"note": "x" * 301}, "Catatan", "300"),
        ({"stated_by_name": "x" * 101}, "Nama", "100"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named_with_the_reason(cells, column, word):
    assert word in reasons(**cells)[column]


def test_all_problems_of_a_row_are_told_at_once():
    assert set(reasons(stated="?", stated_date="?", operator="?")) == {
        "Keadaan sinyal",
        "Tanggal",
        "Operator",
    }


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-12",
        "12/11/2026",
        "12-11-2026",
        "12.11.2026",
        "12 November 2026",
        "12 Nov. 2026",
        "12 nopember 2026",
        "2026-11-12 00:00:00",
    ],
)
def test_dates_are_read_as_offices_write_them(text):
    assert to_date(text, today=TODAY) == date(2026, 11, 12)


anything = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["Telkomsel", "Lemah", "12/11/2026", "Camat", "24", "="]),
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*COLUMNS, BEYOND]), anything))
def test_any_cells_are_a_statement_or_problems(cells):
    stated, problems = to_statement(cells, today=TODAY)
    assert (stated is None) == bool(problems)
    assert all(problem.reason for problem in problems)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(anything, max_size=13), min_size=1, max_size=6))
def test_no_filled_row_of_a_csv_is_lost(rows):
    def is_filled(row):
        texts = ["".join(c for c in cell if not c.isspace()) for cell in row]
        return any(texts) and not row[0].strip().upper().startswith("CONTOH")

    # The first row settles what separates the cells.
    data = csv_file(a_row(), *rows)
    try:
        found = read_sheet(data).rows
    except ClaimSheetError as error:
        if "quotation" not in error.detail:
            raise
        return
    assert len(found) == 1 + sum(is_filled(row) for row in rows)
