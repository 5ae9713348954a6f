"""Readers of files: whatever comes, every row is a report or says why it is none."""

from __future__ import annotations

import contextlib
import csv
import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings as site
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from villages.importers import ReportFileError, Row, Told, open_file
from villages.importers.own_csv import ALIASES, REQUIRED
from villages.importers.reading import MAX_LINE_BYTES
from villages.services.submit_reports import check_report

SAMPLES = site.BASE_DIR / "fixtures" / "samples"
REAL = site.BASE_DIR.parent / "shared" / "data" / "formats"
HEADER = "operator,found,lon,lat,observed_at,rsrp_dbm,note"
GOOD = "TELKOMSEL,data,116.9,-0.4,2026-11-23 08:30,-95,"
GNETTRACK = (
    "Timestamp\tLongitude\tLatitude\tOperatorname\tOperator\tNetworkTech\t"
    "Level\tQual\tSNR"
)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def read(content: str | bytes, operator: str = "") -> list[Row]:
    data = content.encode() if isinstance(content, str) else content
    _format, reader = open_file(io.BytesIO(data), told=Told(operator))
    rows = list(reader.rows())
    assert reader.bytes_read == len(data)
    return rows


def read_one(line: str, header: str = HEADER, operator: str = "") -> Row:
    (row,) = read(f"{header}\n{line}\n", operator)
    return row


def refusal(content: str | bytes, operator: str = "") -> str:
    with pytest.raises(ReportFileError) as caught:
        read(content, operator)
    return caught.value.detail


# --- our own CSV -------------------------------------------------------------


def test_a_row_becomes_a_report():
    report = read_one(GOOD).report
    assert report is not None
    assert (report.operator, report.found, report.rsrp_dbm) == (
        "TELKOMSEL",
        "data",
        -95,
    )
    assert (report.lon, report.lat) == (116.9, -0.4)
    assert report.observed_at == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


def test_the_sample_that_we_ship_is_read_whole():
    rows = read((SAMPLES / "reports.csv").read_bytes())
    assert [row.problems for row in rows] == [()] * 5
    assert {row.report.found for row in rows if row.report} == {
        "data",
        "no_service",
        "emergency_only",
        "voice_only",
    }


def test_indonesian_names_semicolons_and_decimal_commas():
    row = read_one(
        "indosat;4g;internet;116,987654;-0,41;23/11/2026 08.30;-98,5;Luar Ruangan",
        "Operator;Teknologi;Ditemukan;Bujur;Lintang;Waktu;RSRP (dBm);Lingkungan",
    )
    report = row.report
    assert report is not None, row.problems
    assert (report.operator, report.technology, report.found) == (
        "INDOSAT",
        "4G",
        "data",
    )
    assert (report.lon, report.lat, report.rsrp_dbm) == (116.987654, -0.41, -98.5)
    assert report.environment == "outdoor"
    assert report.observed_at == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


def test_tabs_separate_too():
    assert read_one(GOOD.replace(",", "\t"), HEADER.replace(",", "\t")).report


@pytest.mark.parametrize("alias", [a for names in ALIASES.values() for a in names])
def test_every_name_of_a_column_is_known(alias):
    field = next(field for field, names in ALIASES.items() if alias in names)
    names = [alias, *(name for name in REQUIRED if name != field)]
    _format, reader = open_file(io.BytesIO(",".join(names).encode()))
    assert reader.ignored_columns == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T08:30:00+08:00", "2026-11-23T00:30:00+00:00"),
        ("2026-11-23T00:30:00Z", "2026-11-23T00:30:00+00:00"),
        ("2026-11-23 08:30:15.250", "2026-11-23T00:30:15.250000+00:00"),
        ("2026-11-23 08:30 WITA", "2026-11-23T00:30:00+00:00"),
        ("2026-11-23 08:30 WIB", "2026-11-23T01:30:00+00:00"),
        ("3-1-2026 8:05", "2026-01-03T00:05:00+00:00"),
    ],
)
def test_times_are_wita_unless_they_say_otherwise(text, expected):
    report = read_one(GOOD.replace("2026-11-23 08:30", text)).report
    assert report is not None
    assert report.observed_at.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23",
        "23/11/2026",
        "08:30",
        "yesterday",
        "31/02/2026 08:00",
        "1764000000",
    ],
)
def test_a_time_without_date_and_hour_is_rejected(text):
    (problem,) = read_one(GOOD.replace("2026-11-23 08:30", text)).problems
    assert (problem.column, problem.value) == ("observed_at", text)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("TELKOMSEL", "Telekom", "operator"),
        ("TELKOMSEL", "", "operator"),
        ("data", "weak", "found"),
        ("116.9", "116.9.1", "lon"),
        ("116.9", "216.9", "lon"),
        ("-0.4", "nan", "lat"),
        ("-95", "-9_5", "rsrp_dbm"),
        ("-95", "-20", "rsrp_dbm"),
        ("data", "no_service", "rsrp_dbm"),
    ],
)
def test_a_rejected_row_names_column_and_value(old, new, column):
    row = read_one(GOOD.replace(old, new, 1))
    assert row.report is None
    (problem,) = row.problems
    assert problem.column == column
    assert problem.value == ("-95" if new == "no_service" else new)
    assert problem.reason


def test_all_that_is_wrong_with_a_row_is_said_at_once():
    row = read_one("Telekom,weak,x,y,z,-95,")
    assert [p.column for p in row.problems] == [
        "operator",
        "found",
        "lon",
        "lat",
        "observed_at",
    ]


def test_a_note_may_hold_separators_quotes_and_line_breaks():
    rows = read(f'{HEADER}\n{GOOD}"in the ""kampung"",\nby the river"\n{GOOD}\n')
    assert [row.line for row in rows] == [2, 4]
    assert rows[0].report is not None
    assert rows[0].report.note == 'in the "kampung",\nby the river'


def test_a_quote_that_never_closes_costs_its_own_row_only():
    rows = read(f'{HEADER}\n{GOOD}"open\n' + f"{GOOD}\n" * 50)
    assert [row.line for row in rows if row.report is None] == [2]
    assert len(rows) == 51


def test_the_numbers_of_lines_count_blank_ones():
    rows = read(f"{HEADER}\n\n{GOOD}\n,,,,,,\n  \n{GOOD}")
    assert [row.line for row in rows] == [3, 6]


def test_a_cell_too_few_or_too_many_is_told():
    for line in (GOOD.rsplit(",", 1)[0], GOOD + ",", GOOD.replace("116.9", "116,9")):
        (problem,) = read_one(line).problems
        assert "cells" in problem.reason


def test_windows_text_is_read():
    rows = read(f"{HEADER}\r\n{GOOD}".encode() + "Déjà".encode("latin-1") + b"\r\n")
    assert rows[0].report is not None
    assert rows[0].report.note == "Déjà"


def test_the_mark_of_utf_8_belongs_to_no_column():
    assert read_one(GOOD, "\ufeff" + HEADER).report


def test_a_line_without_end_is_one_rejected_row():
    rows = read(f"{HEADER}\n{GOOD}\n{'x' * 3 * MAX_LINE_BYTES}\n{GOOD}\n")
    assert [(row.line, row.report is None) for row in rows] == [
        (2, False),
        (3, True),
        (4, False),
    ]


def test_the_operator_chosen_for_the_file_fills_what_rows_leave_open():
    header, line = HEADER.removeprefix("operator,"), GOOD.removeprefix("TELKOMSEL,")
    assert "operator" in refusal(f"{header}\n{line}")
    assert read_one(line, header, "INDOSAT").report.operator == "INDOSAT"
    assert read_one(f",{line}", operator="INDOSAT").report.operator == "INDOSAT"
    assert read_one(GOOD, operator="INDOSAT").report.operator == "TELKOMSEL"


def test_a_file_that_is_no_table_is_refused_in_words():
    assert "empty" in refusal(b"")
    assert "empty" in refusal(b"\r\n \n")
    assert "workbook" in refusal(b"PK\x03\x04rest")
    assert "UTF-8" in refusal(HEADER.encode("utf-16"))
    assert "UTF-8" in refusal(b"abc\x00def")
    assert "not a table" in refusal(b"x" * 2 * MAX_LINE_BYTES)
    assert "G-NetTrack" in refusal("mcc,mnc,lon,lat\n510,10,116,0\n")


def test_a_header_that_lacks_names_or_doubles_them_is_refused():
    assert "lat" in refusal(HEADER.replace("lat,", ""))
    assert "lon" in refusal(HEADER + ",bujur")


def test_a_misspelt_column_is_not_lost_silently():
    assert "rsrp_dbm" in refusal(HEADER.replace("rsrp_dbm", "rsrp_dmb"))
    _format, reader = open_file(io.BytesIO((HEADER + ",nama petugas").encode()))
    assert reader.ignored_columns == ["nama petugas"]


# --- ids -----------------------------------------------------------------------


def test_the_same_row_has_the_same_id_wherever_it_stands():
    first, second = read(f"{HEADER}\n{GOOD}\n{GOOD}\n")
    elsewhere = read_one(
        "2026-11-23T00:30:00Z;-95,0;116,90;-0,40;internet;Telkomsel",
        "waktu;rsrp_dbm;bujur;lintang;ditemukan;operator",
    )
    assert first.report.id == second.report.id == elsewhere.report.id
    # Fixed for ever: another value would import every old file a second time.
    assert first.report.id == UUID("7686d3e4-14f1-5f81-b414-018d4a2616c7")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TELKOMSEL", "INDOSAT"),
        ("data", "voice_only"),
        ("116.9", "116.900001"),
        ("-0.4", "-0.400001"),
        ("08:30", "08:31"),
        ("-95,", "-96,"),
        ("-95,", "-95,note"),
    ],
)
def test_any_other_content_has_another_id(old, new):
    changed = read_one(GOOD.replace(old, new, 1)).report
    assert changed.id != read_one(GOOD).report.id


def test_a_place_on_the_equator_has_one_spelling():
    north, south = (read_one(GOOD.replace("-0.4", lat)).report for lat in ("0", "-0"))
    assert north.id == south.id


def test_an_id_in_the_file_is_kept_and_a_bad_one_rejected():
    own = "0f9e6a3c-91b1-4d5a-8a55-3f3a5b1d2c10"
    assert read_one(f"{GOOD},{own}", HEADER + ",id").report.id == UUID(own)
    (problem,) = read_one(f"{GOOD},123", HEADER + ",id").problems
    assert problem.column == "id"


# --- properties --------------------------------------------------------------

cell = st.one_of(
    st.sampled_from(["TELKOMSEL", "data", "no_service", "-95", "116.9", "-0.4", ""]),
    st.sampled_from(
        ["2026-11-23 08:30", "0001-01-01T00:00+23:59", "9999-12-31 23:59Z"]
    ),
    st.floats().map(repr),
    # A row may go on over 20 lines; seven of these cells stay below.
    st.text(max_size=30).filter(lambda text: text.count("\n") < 3),
)
# A busy machine is no failure.
patient = settings(deadline=None)


@patient
@given(
    st.lists(st.lists(cell, min_size=7, max_size=7), max_size=8),
    st.sampled_from(",;\t"),
)
@example([["TELKOMSEL", "data", "116", "0", "2026-11-23 08:30", "", 'a"b\r\nc']], ";")
def test_as_many_rows_come_out_as_were_written(table, delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER.split(","))
    writer.writerows(table)
    rows = read(text.getvalue().encode(errors="replace"))
    assert len(rows) == len(table)
    well_formed(rows)


@patient
@given(st.binary(max_size=400))
@example(b'"')
@example(b'"\n' * 30)
def test_no_bytes_make_the_reader_fail(tail):
    well_formed(read(f"{HEADER}\n{GOOD}\n".encode() + tail + b"\n"))


@patient
@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused(data):
    with contextlib.suppress(ReportFileError):
        well_formed(read(data))


@patient
@given(st.lists(st.text("\t-.0123456789NO_CVERAG24G \r\x00é", max_size=60), max_size=6))
def test_no_text_makes_the_log_reader_fail(lines):
    well_formed(read(GNETTRACK + "\n" + "\n".join(lines), operator="TELKOMSEL"))


def well_formed(rows: list[Row]) -> None:
    numbers = [row.line for row in rows]
    assert numbers == sorted(set(numbers))
    for row in rows:
        assert (row.report is None) == bool(row.problems)
        if row.report is not None:
            assert check_report(row.report) == {}
            assert row.report.observed_at.tzinfo is UTC


# --- G-NetTrack --------------------------------------------------------------


def log(*lines: str) -> str:
    return "\r\n".join([GNETTRACK, *(line + "\t" for line in lines)]) + "\r\n"


def log_line(
    operator: str = "51010",
    technology: str = "4G",
    level: str = "-98",
    quality: str = "-11",
    snr: str = "7.0",
    name: str = "op",
    second: int = 10,
) -> str:
    return (
        f"2026.11.23_08.30.{second}\t116.9\t-0.4\t{name}\t{operator}\t{technology}\t"
        f"{level}\t{quality}\t{snr}"
    )


NO_COVERAGE = log_line("", "--", "-200", "-10", "-", "NO_COVERAGE", 20)


def read_log(*lines: str, operator: str = "") -> list[Row]:
    return read(log(*lines), operator)


def test_a_log_row_becomes_a_report():
    (row,) = read_log(log_line())
    report = row.report
    assert report is not None, row.problems
    assert (report.operator, report.technology, report.found) == (
        "TELKOMSEL",
        "4G",
        "data",
    )
    assert (report.rsrp_dbm, report.rsrq_db, report.sinr_db) == (-98, -11, 7)
    assert report.observed_at == datetime(2026, 11, 23, 0, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("network", "operator"),
    [
        ("51010", "TELKOMSEL"),
        ("51001", "INDOSAT"),
        ("5101", "INDOSAT"),
        ("51021", "INDOSAT"),
        ("510-89", "INDOSAT"),
        ("51011", "XLSMART"),
        ("51008", "XLSMART"),
        ("51009", "XLSMART"),
        ("51028", "XLSMART"),
    ],
)
def test_the_network_number_names_the_operator(network, operator):
    (row,) = read_log(log_line(network))
    assert row.report is not None
    assert row.report.operator == operator


def test_a_foreign_network_needs_an_operator_to_be_chosen():
    (row,) = read_log(log_line("60803"))
    (problem,) = row.problems
    assert (problem.column, problem.value) == ("Operator", "60803")
    (row,) = read_log(log_line("60803"), operator="XLSMART")
    assert row.report is not None
    assert row.report.operator == "XLSMART"


def test_no_coverage_is_no_service_of_the_logs_own_operator():
    first, _service, last = read_log(NO_COVERAGE, log_line(), NO_COVERAGE)
    for row in (first, last):
        assert row.report is not None, row.problems
        assert (row.report.operator, row.report.found) == ("TELKOMSEL", "no_service")
        assert row.report.rsrp_dbm is None
        assert row.report.rsrq_db is None


def test_no_coverage_in_a_log_of_two_operators_is_nobodys():
    rows = read_log(log_line("51010"), NO_COVERAGE, log_line("51001"))
    assert [row.report is None for row in rows] == [False, True, False]
    (problem,) = rows[1].problems
    assert problem.column == "Operator"
    rows = read_log(log_line("51010"), NO_COVERAGE, operator="INDOSAT")
    assert [row.report.operator for row in rows if row.report] == [
        "TELKOMSEL",
        "INDOSAT",
    ]


@pytest.mark.parametrize(
    ("technology", "level"),
    [("4G", "-43"), ("4G", "-141"), ("4G", "-200"), ("2G", "-20"), ("--", "-98")],
)
def test_an_impossible_level_is_rejected_and_never_no_service(technology, level):
    (row,) = read_log(log_line(technology=technology, level=level))
    (problem,) = row.problems
    assert (problem.column, problem.value) == ("Level", level)


def test_what_a_technology_cannot_measure_is_left_out():
    two, three = read_log(
        log_line(technology="2G", level="-90", quality="3", snr="-"),
        log_line(technology="3G", level="-101", quality="-8", snr="-"),
    )
    assert two.report is not None
    assert (two.report.found, two.report.rsrq_db) == ("voice_only", None)
    assert three.report is not None
    assert (three.report.rsrp_dbm, three.report.rsrq_db) == (-101, -8)


def test_a_log_that_was_cut_off_loses_its_last_row_only():
    rows = read(log(log_line(), log_line(second=11))[:-30])
    assert [row.report is None for row in rows] == [False, True]


def test_the_log_of_events_is_told_from_the_log_of_readings():
    assert "events" in refusal(GNETTRACK + "\tEventType\tEventDetails\n")


def test_our_sample_log_is_read():
    rows = read((SAMPLES / "gnettrack.txt").read_bytes())
    assert Counter(row.report.found if row.report else "" for row in rows) == {
        "data": 7,
        "voice_only": 2,
        "no_service": 3,
        "": 1,
    }


def test_a_real_log_is_read_whole_when_its_operator_is_told():
    path: Path = REAL / "gnettrack_lite_log.txt"
    if not path.exists():
        pytest.skip("the real G-NetTrack log is not on this machine")
    rows = read(path.read_bytes(), operator="TELKOMSEL")
    # Counted here from the file itself, without the reader.
    lines = path.read_text().splitlines()[1:]
    expected = Counter(
        "no_service" if line.split("\t")[10] == "-200" else "data" for line in lines
    )
    assert len(lines) == 2955
    assert Counter(row.report.found for row in rows if row.report) == expected
    assert all(row.report is None for row in read(path.read_bytes()))
