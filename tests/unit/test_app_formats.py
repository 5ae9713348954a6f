"""Files of other apps, and the queue of a phone: what of each becomes a report."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.conf import settings as site
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.test_importers import well_formed
from villages.importers import FORMATS, Reader, ReportFileError, Row, Told, open_file
from villages.importers.reading import MAX_LINE_BYTES
from villages.services.submit_reports import NewReport

SAMPLES = site.BASE_DIR / "fixtures" / "samples"
REAL = site.BASE_DIR.parent / "shared" / "data" / "formats"
DAY = date(2026, 1, 8)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def read(content: str | bytes, told: Told | None = None) -> tuple[str, list[Row]]:
    data = content.encode() if isinstance(content, str) else content
    format_, reader = open_file(io.BytesIO(data), told=told or Told())
    rows = list(reader.rows())
    assert reader.bytes_read == len(data)
    well_formed(rows)
    return format_.NAME, rows


def read_one(content: str | bytes, told: Told | None = None) -> Row:
    _name, (row,) = read(content, told)
    return row


def sample(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode()


def report_of(row: Row) -> NewReport:
    assert row.report is not None, row.problems
    return row.report


def said(row: Row) -> tuple[str, str]:
    (problem,) = row.problems
    return problem.column, problem.reason


def brief(row: Row) -> tuple[object, ...] | str:
    """Return what matters of a row, or the column that it is rejected for."""
    if row.report is None:
        return row.problems[0].column
    report = row.report
    return report.operator, report.technology, report.found, report.rsrp_dbm


# --- every format: a sample of ours, and a real file where there is one ----------------

T, ISAT, X = "TELKOMSEL", "INDOSAT", "XLSMART"
EXPECTED = {
    "gnettrack_pro.csv": (
        "gnettrack",
        [
            (T, "4G", "data", -97),
            (T, "4G", "data", -101),
            (T, "3G", "data", -103),
            (T, "2G", "voice_only", -95),
            (T, "", "no_service", None),
            "RSRP",
        ],
    ),
    "gnettrack_pro.kml": (
        "gnettrack_kml",
        [
            (T, "4G", "data", -98),
            (T, "4G", "data", -104),
            (T, "5G", "data", -88),
            (T, "", "no_service", None),
        ],
    ),
    "cellmapper.csv": (
        "cellmapper",
        [
            (T, "4G", "data", -96),
            (T, "4G", "data", -96),
            (ISAT, "4G", "data", -88),
            (X, "3G", "data", -99),
            (T, "2G", "voice_only", -87),
        ],
    ),
    "network_cell_info.csv": (
        "opencellid",
        [
            (T, "4G", "data", -100),
            (T, "4G", "data", -103),
            (ISAT, "4G", "data", -97),
            (T, "2G", "voice_only", -91),
        ],
    ),
    "tower_collector_opencellid.csv": (
        "opencellid",
        [
            # Android's ASU, from which the level follows in 4G and 2G alone.
            (T, "4G", "data", 42 - 140),
            (T, "4G", "data", -101),
            (X, "2G", "voice_only", 2 * 9 - 113),
            (X, "3G", "data", None),
        ],
    ),
    "tower_collector.csv": (
        "tower_collector",
        [
            (T, "4G", "data", -99),
            "neighboring",
            (X, "3G", "data", -98),
            (T, "2G", "voice_only", -91),
            (ISAT, "5G", "data", -93),
        ],
    ),
    "network_survey_lte.csv": (
        "network_survey",
        [(T, "4G", "data", -95), "servingCell", (ISAT, "4G", "data", -102)],
    ),
    "network_survey_gsm.csv": ("network_survey", [(T, "2G", "voice_only", -89)]),
    "drive_test.geojson": (
        "drive_test_geojson",
        [
            (T, "4G", "data", -97),
            (T, "4G", "data", -99.5),
            (ISAT, "4G", "data", -101),
            (T, "4G", "data", -96),
        ],
    ),
    "rf_signal_tracker.csv": (
        "rf_signal_tracker",
        # Of 4G it tells the power of the whole channel, which is no RSRP.
        [(T, "2G", "voice_only", -99), (T, "4G", "data", None)],
    ),
    "queue.json": (
        "queue",
        [
            (T, "4G", "data", -109),
            (ISAT, "", "no_service", None),
            (X, "", "emergency_only", None),
        ],
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_sample_of_each_format_is_read(name):
    told = (
        Told(observed_on=DAY)
        if name in ("cellmapper.csv", "drive_test.geojson")
        else None
    )
    format_name, rows = read(sample(name), told)
    assert (format_name, [brief(row) for row in rows]) == EXPECTED[name]
    for row in rows:
        if row.report:
            assert 116 < row.report.lon < 117
            assert -0.5 < row.report.lat < 0.2
            assert row.report.observed_at.date() in (DAY, date(2026, 1, 9))


def test_every_format_has_a_sample_of_ours():
    shown = {name for name, _rows in EXPECTED.values()}
    assert {format_.NAME for format_ in FORMATS} - shown == {
        "csv",
        "netmonster",
    }


# What of each real file becomes reports when the operator and the day are told.
REAL_FILES = {
    "cellmapper_signal_telekom.csv": ("cellmapper", 6, 6),
    "enqt_drivetest_lte.geojson": ("drive_test_geojson", 4, 4),
    "gnettrack_lite_log.txt": ("gnettrack", 2955, 2955),
    "gnettrack_pro_2026.kml": ("gnettrack_kml", 3, 3),
    "gnettrack_pro_ucc.csv": ("gnettrack", 5, 5),
    "network_cell_info_lite_opencellid.csv": ("opencellid", 5, 5),
    "network_survey_lte.csv": ("network_survey", 1, 1),
    "opencellid_upload_towercollector_header.csv": ("opencellid", 0, 0),
    "rf_signal_tracker.csv": ("rf_signal_tracker", 1, 1),
    "towercollector_export_header.csv": ("tower_collector", 0, 0),
}


@pytest.mark.parametrize("name", REAL_FILES)
def test_the_real_file_of_an_app_is_read_whole(name):
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the real {name} is not on this machine")
    format_name, rows = read(path.read_bytes(), Told(T, DAY))
    reports = [row for row in rows if row.report]
    assert (format_name, len(rows), len(reports)) == REAL_FILES[name]
    # All of them were measured abroad: without a word from whoever brings them, none.
    assert not any(row.report for row in read(path.read_bytes())[1])


def test_a_list_of_sites_is_refused_in_words():
    for path in (SAMPLES / "netmonster.ntm", REAL / "netmonster_sample.ntm"):
        if not path.exists():
            pytest.skip("the real NetMonster file is not on this machine")
        with pytest.raises(ReportFileError) as caught:
            read(path.read_bytes())
        assert "sites" in caught.value.detail


# --- times, and what is told for a whole file ------------------------------------------


def test_rows_without_a_time_need_the_day_to_be_told():
    line = sample("cellmapper.csv").splitlines()[0]
    _column, reason = said(read_one(line))
    assert "Measured on" in reason
    moment = report_of(read_one(line, Told(observed_on=DAY))).observed_at
    assert moment == datetime(2026, 1, 8, 4, tzinfo=UTC)
    rows = read(sample("drive_test.geojson"))[1]
    assert [row.report is None for row in rows] == [False, False, False, True]
    assert said(rows[3])[0] == "timestamp"


def test_our_own_csv_takes_the_day_that_was_told():
    header = "operator,found,lon,lat,observed_at"
    told = Told(observed_on=DAY, zone=UTC)
    noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    without = read_one("operator,found,lon,lat\nXL,data,116,0\n", told)
    empty = read_one(f"{header}\nXL,data,116,0,\n", told)
    own = read_one(f"{header}\nXL,data,116,0,2026-01-05 08:30\n", told)
    assert report_of(without).observed_at == report_of(empty).observed_at == noon
    assert report_of(own).observed_at == datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    # A time that was meant and cannot be read is not replaced by another.
    assert (
        said(read_one(f"{header}\nXL,data,116,0,noonish\n", told))[0] == "observed_at"
    )


@pytest.mark.parametrize(
    "name",
    [
        "gnettrack.txt",
        "gnettrack_pro.csv",
        "gnettrack_pro.kml",
        "rf_signal_tracker.csv",
    ],
)
def test_the_clock_times_of_apps_are_of_the_zone_that_is_told(name):
    wita, wib = (
        report_of(read(sample(name), Told(zone=timezone(timedelta(hours=hours))))[1][0])
        for hours in (8, 7)
    )
    assert wib.observed_at - wita.observed_at == timedelta(hours=1)
    assert wita.id != wib.id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1767838000123", datetime(2026, 1, 8, 2, 6, 40, 123000, UTC)),
        ("1767838000", datetime(2026, 1, 8, 2, 6, 40, 0, UTC)),
        ("2026-01-08 10:06:40", datetime(2026, 1, 8, 2, 6, 40, 0, UTC)),
        ("2026-01-08T02:06:40Z", datetime(2026, 1, 8, 2, 6, 40, 0, UTC)),
    ],
)
def test_epochs_and_written_times_are_read(text, expected):
    first = "\n".join(sample("network_cell_info.csv").splitlines()[:2])
    report = report_of(read_one(first.replace("1767838000000", text)))
    assert report.observed_at == expected


@pytest.mark.parametrize("text", ["soon", "9" * 30, "--1", "2026-01-08"])
def test_a_time_that_is_none_is_told(text):
    first = "\n".join(sample("network_cell_info.csv").splitlines()[:2])
    assert said(read_one(first.replace("1767838000000", text)))[0] == "measured_at"


# --- what is odd in one format or another ---------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("-99,rssi", "-99,rssi", ""),
        (",-100,", ",,", "signal"),
        ("510,10,", "510,77,", "mnc"),
        ("510,10,", "262,1,", "mnc"),
        ("LTE", "WIMAX", "act"),
        (",-0.4123000,", ",,", "lat"),
        (",116.9876000,", ",east,", "lon"),
        (",3.0,", ",-1,", "rating"),
        (",-100,", ",-20,", "signal"),
    ],
)
def test_a_row_that_makes_no_report_says_which_column_is_to_blame(old, new, column):
    first = "\n".join(sample("network_cell_info.csv").splitlines()[:2])
    row = read_one(first.replace(old, new, 1))
    assert (row.report is None) == bool(column)
    if column:
        assert said(row)[0] == column


def test_a_missing_cell_and_an_open_quote_are_told():
    header, line = sample("tower_collector.csv").splitlines()[:2]
    for bad in (line.rsplit(",", 1)[0], line + ",", line.replace('"', "", 1)):
        assert read_one(f"{header}\n{bad}\n").report is None


def test_columns_may_be_quoted_and_a_needed_one_must_not_be_missing():
    header, line = sample("network_cell_info.csv").splitlines()[:2]
    quoted = ",".join(f'"{name}"' for name in header.split(","))
    assert read_one(f"{quoted}\n{line}").report
    header, line = sample("network_survey_lte.csv").splitlines()[2:4]
    with pytest.raises(ReportFileError) as caught:
        read(f"{header.replace('longitude', 'easting')}\n{line}")
    assert "longitude" in caught.value.detail
    # Without the comments before it the file is known by its columns.
    assert read_one(f"{header}\n{line}").report


def test_network_survey_of_another_radio_is_refused():
    text = sample("network_survey_gsm.csv").replace("signalStrength", "level")
    with pytest.raises(ReportFileError) as caught:
        read(text)
    assert "LTE" in caught.value.detail


def test_a_kml_without_service_and_without_an_operator_is_nobodys():
    text = sample("gnettrack_pro.kml")
    alone = text[: text.index("<Placemark>")] + text[text.rindex("<Placemark>") :]
    assert said(read_one(alone))[0] == "CGI"
    assert report_of(read_one(alone, Told(ISAT))).operator == ISAT


def test_a_placemark_that_is_no_reading_is_not_taken_for_one_without_service():
    kml = (
        "<kml><Placemark><name>Kantor desa</name><Point><coordinates>116.9,-0.4"
        "</coordinates></Point></Placemark></kml>"
    )
    assert said(read_one(kml, Told(T)))[0] == "TECHNOLOGY"


def test_geojson_of_other_tools_is_known_by_their_names_for_things():
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [116.9, -0.4, 12]},
        "properties": {
            "Technology": "LTE",
            "RSRP_dBm": "-101",
            "MCC": 510.0,
            "MNC": 10.0,
            "Time": "2026-01-08T10:06:40+08:00",
            "cells": [1, 2],
        },
    }
    report = report_of(read_one(json.dumps({"features": [feature]})))
    assert (report.operator, report.rsrp_dbm) == (T, -101)
    named = feature | {
        "properties": {
            "rat": "3G",
            "rscp": -98,
            "operator": "Tri",
            "datetime": "2026-01-08 10:06",
        }
    }
    report = report_of(read_one(json.dumps({"features": [named]})))
    assert (report.operator, report.technology) == (ISAT, "3G")


def test_features_that_are_no_points_are_rejected_one_by_one():
    line = '{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1, 2]]}}'
    good = json.dumps(json.loads(sample("drive_test.geojson"))["features"][0])
    text = f'{{"type": "FeatureCollection", "features": [{line}, 5, null, [], {good}]}}'
    rows = read(text)[1]
    assert [row.report is None for row in rows] == [True] * 4 + [False]
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]


# --- the queue of a phone --------------------------------------------------------------


def queue(*reports: object, version: object = 1) -> str:
    return json.dumps(
        {"format": "kukar-connect-queue", "version": version, "reports": reports}
    )


def queued(**values: object) -> dict[str, object]:
    first = json.loads(sample("queue.json"))["reports"][0]
    return {**first, **values}


def test_a_queued_report_keeps_all_that_the_phone_said():
    report = report_of(read_one(queue(queued())))
    assert report == NewReport(
        id=UUID("8c4f1f6e-6a35-4d0e-9a39-0e2f7f5b1a01"),
        operator=T,
        found="data",
        internet="slow",
        lon=116.98765,
        lat=-0.41234,
        accuracy_m=8.0,
        technology="4G",
        rsrp_dbm=-109.0,
        environment="outdoor",
        power_out_hours=12.0,
        note="CONTOH: posisi karangan",
        observed_at=datetime(2026, 1, 8, 2, 15, 0, 123000, UTC),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", "17"),
        ("id", 17),
        ("operator", "Telkom"),
        ("found", ""),
        ("found", ["data"]),
        ("lon", "east"),
        ("lat", True),
        ("lat", 10**400),
        ("observed_at", "2026-01-08"),
        ("observed_at", 1767838000),
        ("rsrp_dbm", -300),
        ("note", {"a": 1}),
        ("note", "x" * 1001),
        ("note", "\ud800"),
        ("note", "\x00"),
        ("internet", "fast"),
    ],
)
def test_a_queued_report_that_is_not_one_names_the_field(name, value):
    row = read_one(queue(queued(**{name: value})))
    assert row.report is None
    assert {problem.column for problem in row.problems} == {name}


def test_fields_that_this_server_does_not_know_are_told():
    data = queue(queued(photo="x", **{"\ud800": 1}), queued(photo="y")).encode()
    _format, reader = open_file(io.BytesIO(data))
    assert all(row.report for row in reader.rows())
    assert reader.ignored_columns == ["photo"]


@pytest.mark.parametrize("version", [2, 11, "1", None])
def test_a_queue_of_another_version_is_refused(version):
    with pytest.raises(ReportFileError) as caught:
        read(queue(queued(), version=version))
    assert "version" in caught.value.detail


def test_a_queue_that_was_cut_off_gives_what_is_whole():
    text = sample("queue.json")
    rows = read(text[: text.rindex("emergency_only")])[1]
    assert [row.report is None for row in rows] == [False, False, True]
    assert "damaged" in said(rows[2])[1]


# --- files made to do harm ---------------------------------------------------------------


def test_an_xml_that_declares_entities_is_refused():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        "<kml><Placemark>&b;</Placemark></kml>"
    )
    with pytest.raises(ReportFileError) as caught:
        read(bomb)
    assert "entities" in caught.value.detail
    # Behind a comment that hides it from the first look, too.
    hidden = f"<!--<kml>{'x' * MAX_LINE_BYTES}-->{bomb[21:]}"
    assert "entities" in said(read_one(hidden))[1]


def test_packed_files_are_not_unpacked():
    for head in (b"\x1f\x8b\x08\x00", b"7z\xbc\xaf'\x1c", b"Rar!\x1a", b"\xfd7zXZ\x00"):
        with pytest.raises(ReportFileError) as caught:
            read(head + b"\x00" * 100)
        assert "packed" in caught.value.detail


CHUNK = 1024 * 1024


class Endless(io.RawIOBase):
    """A file of *head* and then *tail* again and again, that is nowhere in memory."""

    def __init__(self, head: bytes, tail: bytes, size: int) -> None:
        self._head = head
        self._tail = tail * (CHUNK // len(tail))
        self._size = size
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        left = self._size - self._at
        if self._at < len(self._head):
            data = self._head[self._at :]
        else:
            at = (self._at - len(self._head)) % len(self._tail)
            data = self._tail[at : at + len(buffer)]
        data = data[: min(len(buffer), left)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


QUEUE_HEAD = b'{"format": "kukar-connect-queue", "version": 1, "reports": ['
GEOJSON_HEAD = b'{"type": "FeatureCollection", "features": ['
ONE_ROW = {
    "a text without end": (QUEUE_HEAD + b'{"note": "', b"x"),
    "a text of escapes": (QUEUE_HEAD + b'{"note": "', b"\\"),
    "lists in lists": (GEOJSON_HEAD, b"["),
    "objects in objects": (GEOJSON_HEAD, b'{"a":'),
    "a key without end": (b'{"FeatureCollection": 1, "', b"features"),
    "a number without end": (GEOJSON_HEAD, b"1"),
    "a tag without end": (b"<kml><Placemark><name ", b"a"),
    "an attribute without end": (b'<kml><Placemark a="', b"a"),
    "a comment without end": (b"<kml><!--", b"a"),
    "elements in elements": (b"<kml>", b"<a>"),
    "values without end": (b"<kml><Placemark><value>", b"a"),
    "texts without end": (b"<kml><Placemark>", b"a"),
}


@pytest.mark.parametrize("name", ONE_ROW)
def test_what_never_ends_is_one_row(name):
    head, tail = ONE_ROW[name]
    size = len(head) + 4 * MAX_LINE_BYTES
    reader = reader_of(head, tail, size)
    assert [row.report for row in reader.rows()] == [None]
    assert reader.bytes_read == size


def reader_of(head: bytes, tail: bytes, size: int) -> Reader:
    stream = io.BufferedReader(Endless(head, tail, size))
    return open_file(stream, told=Told(T))[1]


def a_placemark() -> bytes:
    text = sample("gnettrack_pro.kml")
    return text[text.index("<Placemark>") : text.index("</Placemark>") + 12].encode()


LARGE = {
    "a text": ONE_ROW["a text without end"],
    "a number": ONE_ROW["a number without end"],
    "an attribute": ONE_ROW["an attribute without end"],
    "a comment": ONE_ROW["a comment without end"],
    "a value": ONE_ROW["values without end"],
    "values": (b"<kml><Placemark>", b'<Data name="x"><value>1</value></Data>'),
    "placemarks": (b"<kml>", a_placemark()),
    "features": (GEOJSON_HEAD, b'{"a": 1%s},' % (b" " * 1000)),
}


@pytest.mark.parametrize("name", LARGE)
def test_however_much_there_is_memory_stays_flat(name):
    reader = reader_of(*LARGE[name], 2 * CHUNK)
    tracemalloc.start()
    try:
        for _row in reader.rows():
            pass
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < CHUNK


def test_elements_must_not_lie_too_deep():
    assert "deep" in said(read_one("<kml>" + "<a>" * 50 + "</a>" * 50 + "</kml>"))[1]


def test_an_item_that_is_too_long_costs_only_itself():
    good = json.dumps(json.loads(sample("drive_test.geojson"))["features"][0])
    route = json.dumps({"coordinates": list(range(MAX_LINE_BYTES))})
    deep = "[" * 5000 + "]" * 5000
    text = f'{{"features": [{good}, {route}, {deep}, {good}, NaN]}}'
    rows = read(text)[1]
    assert [row.report is None for row in rows] == [False, True, True, False, True]


TABLES = [name for name in EXPECTED if name.endswith(".csv")]


@pytest.mark.parametrize("name", [*TABLES, "gnettrack.txt"])
def test_a_line_without_end_costs_only_itself(name):
    before = read(sample(name), Told(T, DAY))[1]
    rows = read(sample(name) + "x" * 3 * MAX_LINE_BYTES, Told(T, DAY))[1]
    assert [brief(row) for row in rows[:-1]] == [brief(row) for row in before]
    assert "longer than" in said(rows[-1])[1]


def test_a_list_is_found_wherever_the_file_is_cut_into_chunks():
    good = sample("drive_test.geojson")
    features = good[good.index('"features"') :]
    whole = [brief(row) for row in read(good)[1]]
    for more in range(64 * 1024 - 40, 64 * 1024 + 2):
        begin = '{"type": "FeatureCollection", "name": "'
        # The name ends in an escaped quote, which the cut may fall into, too.
        text = begin + "x" * (more - len(begin)) + '\\",",' + features
        assert [brief(row) for row in read(text)[1]] == whole


# --- properties --------------------------------------------------------------

patient = settings(deadline=None)
NAMES = [*EXPECTED, "gnettrack.txt", "reports.csv", "netmonster.ntm"]
tolds = st.sampled_from([Told(), Told(T), Told(observed_on=DAY), Told(X, DAY, UTC)])


def readable(data: bytes, told: Told) -> Iterator[Row]:
    with contextlib.suppress(ReportFileError):
        yield from read(data, told)[1]


@patient
@given(st.sampled_from(NAMES), st.binary(max_size=300), tolds)
@example("queue.json", b'{"\\ud800": NaN}', Told())
def test_no_bytes_behind_a_sample_make_its_reader_fail(name, tail, told):
    data = (SAMPLES / name).read_bytes()
    list(readable(data + tail, told))


@patient
@given(st.sampled_from(NAMES), st.data(), tolds)
def test_a_sample_that_was_cut_and_patched_is_read_or_refused(name, data, told):
    text = (SAMPLES / name).read_bytes()
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 40)))
    patch = data.draw(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                [b"", b"-", b"\n", b",", b'"', b"\x00", b"{", b"]", b"<", b"&#x0;"]
            ),
            st.sampled_from([b"99999999999999999999", b"1e999", b"\\ud800", b"null"]),
        )
    )
    list(readable(text[:begin] + patch + text[end:], told))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
names = st.sampled_from(sorted(NewReport.__annotations__))
report_like = st.dictionaries(names, json_values, max_size=8).map(
    lambda changes: queued(**changes)
)


@patient
@given(st.lists(report_like | json_values, max_size=6))
def test_any_reports_in_a_queue_come_out_as_that_many_rows(reports):
    assert len(read(queue(*reports))[1]) == len(reports)


@patient
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "geometry": json_values
                | st.just({"type": "Point", "coordinates": [116.9, -0.4]}),
                "properties": json_values
                | st.dictionaries(
                    st.sampled_from(["rsrp", "tech", "mcc", "mnc", "timestamp"]),
                    json_values | st.sampled_from([-90, "LTE", 510, 10, 1767838000000]),
                ),
            }
        )
        | json_values,
        max_size=6,
    ),
    tolds,
)
def test_any_features_come_out_as_that_many_rows(features, told):
    text = json.dumps({"type": "FeatureCollection", "features": features})
    assert len(read(text, told)[1]) == len(features)
