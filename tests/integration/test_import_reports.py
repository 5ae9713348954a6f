"""Imports into a real database: every row accounted for, nothing stored twice."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone, translation

from villages.importers import ReportFileError
from villages.models import ImportBatch, ReportChange, SignalReport
from villages.services import import_reports as service
from villages.services.import_reports import (
    ImportBusyError,
    accept_upload,
    cancel_import,
    import_reports,
    is_interrupted,
    row_report_path,
    run_import,
)
from villages.tasks import import_uploaded_file, resume_imports

pytestmark = pytest.mark.django_db

SAMPLES = settings.BASE_DIR / "fixtures" / "samples"
REAL_LOG = settings.BASE_DIR.parent / "shared/data/formats/gnettrack_lite_log.txt"
HEADER = "operator,found,lon,lat,observed_at,rsrp_dbm,note\n"


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


def line(minute: int = 0, level: str = "-95", note: str = "", **more: str) -> str:
    operator = more.get("operator", "TELKOMSEL")
    return f"{operator},data,116.9,-0.4,2026-11-23 08:{minute:02},{level},{note}\n"


def bring(text: str | bytes, **how: object) -> ImportBatch:
    data = text.encode() if isinstance(text, str) else text
    return import_reports(
        stream=io.BytesIO(data), file_name="file.csv", now=timezone.now(), **how
    )


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    batch.refresh_from_db()
    return batch.rows, batch.stored, batch.duplicate, batch.rejected


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_every_row_is_stored_duplicate_or_rejected():
    batch = bring(HEADER + line(1) + line(2) + line(1) + line(3, level="-20"))
    assert counts(batch) == (4, 2, 1, 1)
    assert batch.state == ImportBatch.State.DONE
    assert SignalReport.objects.count() == 2
    report = SignalReport.objects.first()
    assert report is not None
    assert (report.source, report.batch_id) == ("import:csv", batch.id)
    assert ReportChange.objects.count() == 1


def test_the_same_file_again_stores_nothing():
    text = HEADER + line(1) + line(2)
    bring(text)
    changes = ReportChange.objects.count()
    assert counts(bring(text)) == (2, 0, 2, 0)
    assert SignalReport.objects.count() == 2
    assert ReportChange.objects.count() == changes


def test_the_row_report_opens_in_a_spreadsheet():
    batch = bring(HEADER + line(1) + line(1) + line(2, level="=1+1", note="n"))
    data = row_report_path(batch.id).read_bytes()
    assert data.startswith(b"\xef\xbb\xbfline;result;column;value;reason;id\r\n")
    rows = table_of(row_report_path(batch.id))
    assert [(row["line"], row["result"]) for row in rows] == [
        ("2", "stored"),
        ("3", "duplicate"),
        ("4", "rejected"),
    ]
    # What begins like a formula must not become one when the report is opened.
    assert rows[2]["column"] == "rsrp_dbm"
    assert rows[2]["value"] == "'=1+1"
    assert rows[2]["reason"]


def test_a_row_report_has_one_line_for_each_row(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    note = '"two\nlines"'
    bad = "Telekom,x,116.9,-0.4,never,-1,\n" + line(9, level='"-\n1"')
    batch = bring(HEADER + line(1) + line(2, note=note) + bad)
    assert counts(batch) == (4, 2, 0, 2)
    assert len(row_report_path(batch.id).read_bytes().splitlines()) == 1 + 4


def test_an_id_with_other_content_is_rejected_with_its_reason():
    header = HEADER.replace("\n", ",id\n")
    own = ",0f9e6a3c-91b1-4d5a-8a55-3f3a5b1d2c10\n"
    first, other = line(1).strip() + own, line(2).strip() + own
    batch = bring(header + first + other + first)
    assert counts(batch) == (3, 1, 1, 1)
    rejected = [
        row
        for row in table_of(row_report_path(batch.id))
        if row["result"] == "rejected"
    ]
    assert [(row["line"], row["column"]) for row in rejected] == [("3", "id")]


def test_a_trial_stores_nothing_and_counts_as_if(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    bring(HEADER + line(1))
    changes = ReportChange.objects.count()
    text = HEADER + line(1) + line(2) + line(3, level="-1") + line(2)
    batch = bring(text, is_dry_run=True)
    assert counts(batch) == (4, 1, 2, 1)
    assert SignalReport.objects.count() == 1
    assert ReportChange.objects.count() == changes
    assert counts(bring(text)) == (4, 1, 2, 1)


def test_all_or_nothing_is_nothing_when_a_row_is_rejected(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    text = HEADER + line(1) + line(2) + line(3) + line(4, level="-1") + line(1)
    batch = bring(text, is_atomic=True)
    assert counts(batch) == (5, 0, 1, 4)
    assert batch.state == ImportBatch.State.FAILED
    assert "1 row is wrong" in batch.error
    assert SignalReport.objects.count() == 0
    assert ReportChange.objects.count() == 0
    results = [row["result"] for row in table_of(row_report_path(batch.id))]
    assert results == ["rejected"] * 4 + ["duplicate"]
    # The rows that are to blame come first, not those that went down with them.
    (shown,) = service.read_summary(batch.id)["first_rejected"]
    assert shown["line"] == 5


def test_all_or_nothing_is_all_when_every_row_is_good():
    batch = bring(HEADER + line(1) + line(2), is_atomic=True)
    assert counts(batch) == (2, 2, 0, 0)
    assert batch.state == ImportBatch.State.DONE
    assert SignalReport.objects.count() == 2


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"PK\x03\x04", b"a,b\n1,2\n"])
def test_a_file_that_cannot_be_read_leaves_its_reason(data):
    with pytest.raises(ReportFileError):
        bring(data)
    batch = ImportBatch.objects.get()
    assert batch.state == ImportBatch.State.FAILED
    assert batch.error
    assert counts(batch) == (0, 0, 0, 0)
    assert batch.finished_at is not None


def test_progress_goes_up_to_the_whole_file(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 1)
    seen: list[tuple[int, int]] = []
    text = HEADER + line(1) + line(2) + line(3)
    bring(text, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) == 3
    assert seen[-1] == (len(text), len(text))


def test_our_samples_are_imported():
    batch = bring((SAMPLES / "reports.csv").read_bytes())
    assert counts(batch) == (5, 5, 0, 0)
    batch = bring((SAMPLES / "gnettrack.txt").read_bytes())
    assert counts(batch) == (13, 11, 1, 1)
    assert batch.format == "gnettrack"


def test_a_real_log_is_imported_whole_and_only_once():
    if not REAL_LOG.exists():
        pytest.skip("the real G-NetTrack log is not on this machine")
    batch = bring(REAL_LOG.read_bytes(), operator="TELKOMSEL")
    # Counted from the file itself: two rows are one report when the phone says the
    # same of the same moment, place, technology and reading.
    kept = set()
    lines = REAL_LOG.read_text().splitlines()[1:]
    for text in lines:
        cells = text.split("\t")
        is_served = cells[10] != "-200"
        reading = (cells[9], *(float(c) if c != "-" else None for c in cells[10:13]))
        kept.add((cells[0], cells[1], cells[2], reading if is_served else None))
    assert counts(batch) == (len(lines), len(kept), len(lines) - len(kept), 0)
    assert (len(lines), len(kept)) == (2955, 2504)
    without = SignalReport.objects.filter(found="no_service")
    assert without.count() == len([k for k in kept if k[3] is None])
    assert not SignalReport.objects.exclude(
        flags__contains=["outside_regency"]
    ).exists()
    again = bring(REAL_LOG.read_bytes(), operator="TELKOMSEL")
    assert counts(again) == (2955, 0, 2955, 0)
    assert counts(bring(REAL_LOG.read_bytes())) == (2955, 0, 0, 2955)


# --- cut off, and gone on with -----------------------------------------------------


def upload(text: str) -> ImportBatch:
    return accept_upload(chunks=[text.encode()], file_name="up.csv")


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize("rows_before", range(0, 9, 2))
def test_an_import_that_was_cut_off_goes_on_and_counts_nothing_twice(
    monkeypatch, rows_before
):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    text = HEADER + line(0) + line(1) + line(0) + line(2, level="-1")
    text += line(3) + line(1) + line(4) + line(5, level="-1")
    expected = (8, 4, 2, 2)
    batch = upload(text)
    path = service.upload_path(batch.id)

    store, calls = service.store_reports, []

    def store_until_the_power_goes(**facts):
        if len(calls) * 2 >= rows_before:
            raise PowerCutError
        calls.append(1)
        return store(**facts)

    monkeypatch.setattr(service, "store_reports", store_until_the_power_goes)
    if rows_before < 8:
        with pytest.raises(PowerCutError):
            import_uploaded_file.call(str(batch.id))
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.RUNNING
        assert (
            batch.rows
            == SignalReport.objects.count() + batch.duplicate + batch.rejected
        )
        assert is_interrupted(batch)
        # What the last, lost chunk may have left on the disk.
        with row_report_path(batch.id).open("a") as file:
            file.write("99;stored;;;;\r\n98;sto")
        summary = service.read_summary(batch.id)
        lost = {"line": 99, "column": "", "value": "", "reason": ""}
        summary["first_rejected"].append(lost)
        service._summary_path(batch.id).write_text(json.dumps(summary))
    monkeypatch.setattr(service, "store_reports", store)
    assert resume_imports() == ([batch.id] if rows_before < 8 else [])
    import_uploaded_file.call(str(batch.id))
    assert counts(batch) == expected
    assert SignalReport.objects.count() == 4
    rows = table_of(row_report_path(batch.id))
    assert [row["line"] for row in rows] == [str(n) for n in range(2, 10)]
    shown = service.read_summary(batch.id)["first_rejected"]
    assert [row["line"] for row in shown] == [5, 9]
    assert not path.exists()
    import_uploaded_file.call(str(batch.id))
    assert counts(batch) == expected


def test_an_import_whose_row_report_is_gone_counts_anew(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    batch = upload(HEADER + line(0) + line(1) + line(2))
    store, calls = service.store_reports, []

    def store_once(**facts):
        if calls:
            raise PowerCutError
        calls.append(1)
        return store(**facts)

    monkeypatch.setattr(service, "store_reports", store_once)
    with pytest.raises(PowerCutError):
        import_uploaded_file.call(str(batch.id))
    row_report_path(batch.id).unlink()
    monkeypatch.setattr(service, "store_reports", store)
    import_uploaded_file.call(str(batch.id))
    assert counts(batch) == (3, 1, 2, 0)
    assert len(table_of(row_report_path(batch.id))) == 3


def test_two_workers_do_not_run_the_same_import():
    batch = upload(HEADER + line(0))
    other = connection.copy()
    key = [service._lock_key(batch.id)]
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", key)
        stream = service.upload_path(batch.id).open("rb")
        with stream, pytest.raises(ImportBusyError):
            run_import(batch=batch, stream=stream, now=timezone.now())
        ImportBatch.objects.update(state=ImportBatch.State.RUNNING)
        batch.refresh_from_db()
        assert not is_interrupted(batch)
        assert resume_imports() == []
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", key)
    finally:
        other.close()
    assert is_interrupted(batch)


def test_the_lock_is_let_go_when_the_import_is_done():
    batch = bring(HEADER + line(0))
    with connection.cursor() as cursor:
        # Of this database: the same cluster may serve a site that is importing.
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database AS base"
            " ON base.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
    assert not is_interrupted(batch)


# Rows, stored, there already, rejected, of each sample when the day is told.
SAMPLE_COUNTS = {
    "reports.csv": (5, 5, 0, 0),
    "gnettrack.txt": (13, 11, 1, 1),
    "gnettrack_pro.csv": (6, 5, 0, 1),
    "gnettrack_pro.kml": (4, 4, 0, 0),
    "cellmapper.csv": (5, 5, 0, 0),
    "network_cell_info.csv": (4, 4, 0, 0),
    "network_survey_gsm.csv": (1, 1, 0, 0),
    "network_survey_lte.csv": (3, 2, 0, 1),
    "tower_collector.csv": (5, 4, 0, 1),
    "tower_collector_opencellid.csv": (4, 4, 0, 0),
    "drive_test.geojson": (4, 4, 0, 0),
    "rf_signal_tracker.csv": (2, 2, 0, 0),
    "queue.json": (3, 3, 0, 0),
}


def test_each_sample_is_imported_once_however_often_it_is_cut_off(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    shipped = {path.name for path in SAMPLES.iterdir()}
    assert shipped - set(SAMPLE_COUNTS) == {"netmonster.ntm"}
    store, calls = service.store_reports, []

    def store_every_second_time(**facts):
        calls.append(1)
        if len(calls) % 2 == 0:
            raise PowerCutError
        return store(**facts)

    monkeypatch.setattr(service, "store_reports", store_every_second_time)
    for name, expected in SAMPLE_COUNTS.items():
        calls.clear()
        before = SignalReport.objects.count()
        batch = accept_upload(
            chunks=[(SAMPLES / name).read_bytes()],
            file_name=name,
            observed_on=date(2026, 1, 8),
        )
        while not batch.is_finished:
            with contextlib.suppress(PowerCutError):
                import_uploaded_file.call(str(batch.id))
            batch.refresh_from_db()
        assert counts(batch) == expected, name
        assert batch.state == ImportBatch.State.DONE
        assert SignalReport.objects.count() - before == expected[1]
        results = [row["result"] for row in table_of(row_report_path(batch.id))]
        assert len(results) == expected[0]


def test_the_day_and_the_zone_are_those_that_were_told():
    text = (SAMPLES / "cellmapper.csv").read_bytes()
    assert counts(bring(text)) == (5, 0, 0, 5)
    bring(text, observed_on=date(2026, 1, 8), time_zone="WIB")
    moments = SignalReport.objects.values_list("observed_at", flat=True)
    assert set(moments) == {datetime(2026, 1, 8, 5, tzinfo=UTC)}


# --- cancelled ---------------------------------------------------------------------


def cancel_after(monkeypatch, chunks: int) -> None:
    """Have the import that runs be cancelled once so many chunks are stored."""
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    store, calls = service.store_reports, []

    def store_and_cancel(**facts):
        calls.append(1)
        outcomes = store(**facts)
        if len(calls) == chunks:
            cancel_from_elsewhere(facts["batch_id"])
        return outcomes

    monkeypatch.setattr(service, "store_reports", store_and_cancel)


def cancel_from_elsewhere(batch_id) -> None:
    # The lock is the importing connection's own, which would get it once more.
    ImportBatch.objects.filter(pk=batch_id).update(is_cancel_wanted=True)


def test_what_was_stored_before_a_cancellation_stays(monkeypatch):
    cancel_after(monkeypatch, 2)
    text = HEADER + "".join(line(minute) for minute in range(9))
    batch = upload(text)
    import_uploaded_file.call(str(batch.id))
    assert counts(batch) == (4, 4, 0, 0)
    assert batch.state == ImportBatch.State.CANCELLED
    assert batch.finished_at is not None
    assert SignalReport.objects.count() == 4
    assert not service.upload_path(batch.id).exists()
    rows = table_of(row_report_path(batch.id))
    assert [(row["line"], row["result"]) for row in rows] == [
        ("2", "stored"),
        ("3", "stored"),
        ("4", "stored"),
        ("5", "stored"),
        ("6", "not_read"),
    ]
    # It is over: nobody begins it again, and the file can be brought once more.
    import_uploaded_file.call(str(batch.id))
    assert resume_imports() == []
    assert counts(batch) == (4, 4, 0, 0)
    assert counts(bring(text)) == (9, 5, 4, 0)


@pytest.mark.parametrize("how", ["is_atomic", "is_dry_run"])
def test_a_cancelled_import_in_one_transaction_stores_nothing(monkeypatch, how):
    cancel_after(monkeypatch, 1)
    text = HEADER + "".join(line(minute) for minute in range(6))
    batch = bring(text, **{how: True})
    assert batch.state == ImportBatch.State.CANCELLED
    assert SignalReport.objects.count() == 0
    assert ReportChange.objects.count() == 0
    stored, rejected = (2, 0) if how == "is_dry_run" else (0, 2)
    assert counts(batch) == (2, stored, 0, rejected)
    results = [row["result"] for row in table_of(row_report_path(batch.id))]
    word = "stored" if how == "is_dry_run" else "rejected"
    assert results == [word, word, "not_read"]


def test_an_import_that_waits_is_cancelled_at_once():
    batch = upload(HEADER + line(0))
    cancel_import(batch)
    assert batch.state == ImportBatch.State.CANCELLED
    assert not service.upload_path(batch.id).exists()
    # The queue still holds it.
    import_uploaded_file.call(str(batch.id))
    assert counts(batch) == (0, 0, 0, 0)
    assert SignalReport.objects.count() == 0


def test_an_import_that_was_cut_off_is_cancelled_where_it_was(monkeypatch):
    monkeypatch.setattr(service, "ROWS_PER_CHUNK", 2)
    header = HEADER.replace("note", "petugas")
    batch = upload(header + line(0) + line(1) + line(2))
    store, calls = service.store_reports, []

    def store_once(**facts):
        if calls:
            raise PowerCutError
        calls.append(1)
        return store(**facts)

    monkeypatch.setattr(service, "store_reports", store_once)
    with pytest.raises(PowerCutError):
        import_uploaded_file.call(str(batch.id))
    batch.refresh_from_db()
    cancel_import(batch)
    assert service.read_summary(batch.id)["ignored_columns"] == ["petugas"]
    assert counts(batch) == (2, 2, 0, 0)
    assert batch.state == ImportBatch.State.CANCELLED
    results = [row["result"] for row in table_of(row_report_path(batch.id))]
    assert results == ["stored", "stored", "not_read"]


def test_whoever_runs_an_import_sees_that_it_is_to_be_cancelled():
    batch = upload(HEADER + line(0))
    other = connection.copy()
    key = [service._lock_key(batch.id)]
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", key)
        cancel_import(batch)
        batch.refresh_from_db()
        assert (batch.state, batch.is_cancel_wanted) == ("waiting", True)
        assert service.upload_path(batch.id).exists()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", key)
    finally:
        other.close()
    import_uploaded_file.call(str(batch.id))
    batch.refresh_from_db()
    assert (batch.state, batch.rows) == ("cancelled", 0)


def test_a_finished_import_cannot_be_cancelled():
    batch = bring(HEADER + line(0))
    cancel_import(batch)
    assert batch.state == ImportBatch.State.DONE
    assert counts(batch) == (1, 1, 0, 0)
    assert len(table_of(row_report_path(batch.id))) == 1


# --- the command ---------------------------------------------------------------


def run_command(*arguments: object) -> str:
    out = io.StringIO()
    call_command("import_reports", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_command_ends_with_its_result_as_json(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text(
        HEADER.replace("\n", ",petugas\n") + line(1).replace("\n", ",Siti\n")
    )
    report = tmp_path / "rows.csv"
    result = json.loads(
        run_command(file, "--json", "--report", report).splitlines()[-1]
    )
    assert (result["rows"], result["stored"]) == (1, 1)
    assert (result["duplicate"], result["rejected"]) == (0, 0)
    assert result["ignored_columns"] == ["petugas"]
    assert [row["result"] for row in table_of(report)] == ["stored"]


def test_the_command_is_told_the_day_and_the_zone():
    file = SAMPLES / "cellmapper.csv"
    text = run_command(file, "--observed-on", "2026-01-08", "--time-zone", "wit")
    assert "5 stored" in text
    moment = SignalReport.objects.values_list("observed_at", flat=True)[0]
    assert moment == datetime(2026, 1, 8, 3, tzinfo=UTC)
    with pytest.raises(CommandError, match="not a day"):
        run_command(file, "--observed-on", "8 January")


def test_the_command_says_what_is_wrong_and_where(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text(HEADER + line(1) + line(2, level="-1"))
    text = run_command(file, "--dry-run")
    assert "1 would be stored" in text
    assert "line 3: rsrp_dbm “-1”" in text
    assert SignalReport.objects.count() == 0


def test_the_command_fails_when_nothing_could_be_imported(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text(HEADER + line(1) + line(2, level="-1"))
    with pytest.raises(CommandError, match="1 row is wrong"):
        run_command(file, "--atomic")
    assert SignalReport.objects.count() == 0
    with pytest.raises(CommandError, match="No such file"):
        run_command(tmp_path / "none.csv")
    with pytest.raises(CommandError):
        run_command(tmp_path)
    file.write_text("no,table\n1,2\n")
    with pytest.raises(CommandError, match="no format known"):
        run_command(file)
