"""Bringing in a file of reports: every row stored, there already, or rejected."""

from __future__ import annotations

import csv
import gc
import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop, ngettext, override
from django.utils.translation import gettext as _

from kukar_connect.errors import DomainError
from villages.flags import flag_effects
from villages.importers import (
    Problem,
    Reader,
    ReportFileError,
    Row,
    Told,
    open_file,
)
from villages.importers.reading import ZONES
from villages.models import ImportBatch, SignalReport
from villages.models.reports import TimeZone
from villages.services.submit_reports import NewReport, Outcome, store_reports

# Enough for COPY to be worth its while, little enough to hold and to lose.
ROWS_PER_CHUNK = 5_000
SHOWN_REJECTED = 50
# How many objects are made between two looks for cycles. Rows hold none, and at
# Python's own 700 a seventh of the time would go into looking.
_OBJECTS_PER_COLLECTION = 50_000
# How often an import in one transaction tells how far it is.
PROGRESS_EVERY_S = 1.0

STORED, DUPLICATE, REJECTED = "stored", "duplicate", "rejected"
# The row report's last line when an import was cancelled: what was never read.
NOT_READ = "not_read"
ROW_REPORT_COLUMNS = ("line", "result", "column", "value", "reason", "id")
# Indonesian Excel takes ";" for the list separator (its comma is the decimal sign) and
# knows UTF-8 by the mark at the start; without either it puts a row into one cell.
_DELIMITER = ";"
_MARK = "\ufeff"
_LONGEST_VALUE = 200

ReportProgress = Callable[[int, int], None]


class ImportBusyError(DomainError):
    """Another process is at work on this import."""

    status = 409
    title = gettext_noop("This import is already running.")


def imports_dir() -> Path:
    """Return where uploaded files and row reports are kept; make it if need be."""
    path = Path(settings.KUKAR_LOCAL_DIR) / "imports"
    path.mkdir(parents=True, exist_ok=True)
    return path


def upload_path(batch_id: UUID) -> Path:
    return imports_dir() / f"{batch_id}.upload"


def row_report_path(batch_id: UUID) -> Path:
    return imports_dir() / f"{batch_id}.csv"


def _summary_path(batch_id: UUID) -> Path:
    return imports_dir() / f"{batch_id}.json"


def read_summary(batch_id: UUID) -> dict[str, Any]:
    """Return an import's columns left aside, first rejected rows and flagged rows."""
    nothing = {"ignored_columns": [], "first_rejected": [], "flagged_rows": 0}
    try:
        told = json.loads(_summary_path(batch_id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return nothing
    return nothing | told


def import_reports(
    *,
    stream: BinaryIO,
    file_name: str,
    now: datetime,
    operator: str = "",
    observed_on: date | None = None,
    time_zone: str = TimeZone.WITA.value,
    is_dry_run: bool = False,
    is_atomic: bool = False,
    imported_by_id: int | None = None,
    progress: ReportProgress | None = None,
) -> ImportBatch:
    """Import the reports of a seekable file, in one go.

    Effect, results and refusals as :func:`run_import`. Safe to repeat: the same
    file again stores nothing.
    """
    batch = ImportBatch.objects.create(
        file_name=file_name[-255:],
        operator=operator,
        observed_on=observed_on,
        time_zone=time_zone,
        is_dry_run=is_dry_run,
        is_atomic=is_atomic,
        imported_by_id=imported_by_id,
    )
    return run_import(batch=batch, stream=stream, now=now, progress=progress)


def accept_upload(
    *,
    chunks: Iterable[bytes],
    file_name: str,
    operator: str = "",
    observed_on: date | None = None,
    time_zone: str = TimeZone.WITA.value,
    is_dry_run: bool = False,
    is_atomic: bool = False,
    imported_by_id: int | None = None,
) -> ImportBatch:
    """Keep an uploaded file for the worker; the import waits.

    Not safe to repeat: each call makes an import of its own (which then finds its
    reports already stored).
    """
    batch_id = uuid4()
    path = upload_path(batch_id)
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += file.write(chunk)
    return ImportBatch.objects.create(
        id=batch_id,
        file_name=file_name[-255:],
        operator=operator,
        observed_on=observed_on,
        time_zone=time_zone,
        is_dry_run=is_dry_run,
        is_atomic=is_atomic,
        imported_by_id=imported_by_id,
        bytes_total=size,
    )


def run_import(
    *,
    batch: ImportBatch,
    stream: BinaryIO,
    now: datetime,
    progress: ReportProgress | None = None,
) -> ImportBatch:
    """Import the file of *batch* and write its row report.

    The rows are stored in chunks, each in a transaction that also counts it, so an
    import that was cut off goes on after its last whole chunk when it is run again,
    and counts no row twice. A trial, and an import that is all or nothing, are one
    transaction; the latter stores nothing when any row is rejected and ends as
    failed. *progress* is told the bytes done and in total. Whoever wants it cancelled
    says so with :func:`cancel_import`, which is looked for before every chunk.

    Safe to repeat: a finished import is left as it is.

    Raises
    ------
    ReportFileError
        If the file is not of a known format. The import ends as failed.
    ImportBusyError
        If another process is running it.
    """
    with _only_one(batch.id):
        batch.refresh_from_db()
        if batch.is_finished:
            return batch
        batch.bytes_total = stream.seek(0, os.SEEK_END)
        try:
            format_, reader = open_file(stream, told=_told(batch))
        except ReportFileError as error:
            _finish(batch, ImportBatch.State.FAILED, error=error.detail)
            raise
        batch.format = format_.NAME
        batch.state = ImportBatch.State.RUNNING
        batch.save(update_fields=["format", "state", "bytes_total"])
        _Import(batch, reader, now, progress or _tell_nobody).run()
    return batch


def _told(batch: ImportBatch) -> Told:
    return Told(batch.operator, batch.observed_on, ZONES[batch.time_zone])


def cancel_import(batch: ImportBatch) -> None:
    """Have an import stop: at once, or before the next chunk if it is being run.

    What it stored before stays; of a trial, and of one that is all or nothing, there
    is nothing to stay. Safe to repeat; a finished import is left as it is.
    """
    ImportBatch.objects.filter(pk=batch.pk).update(is_cancel_wanted=True)
    try:
        with _only_one(batch.id):
            batch.refresh_from_db()
            if not batch.is_finished:
                with RowReport(batch.id, keep_rows=batch.rows) as report:
                    _cancel(batch, report)
    except ImportBusyError:
        # Whoever is at work on it sees the wish.
        return
    if batch.is_finished:
        upload_path(batch.id).unlink(missing_ok=True)


def _cancel(batch: ImportBatch, report: RowReport) -> None:
    report.write_not_read()
    report.flush()
    _finish(batch, ImportBatch.State.CANCELLED)


def _is_cancel_wanted(batch: ImportBatch) -> bool:
    return ImportBatch.objects.filter(pk=batch.pk, is_cancel_wanted=True).exists()


def is_interrupted(batch: ImportBatch) -> bool:
    """Tell whether *batch* began and no process is at work on it any more."""
    if batch.state != ImportBatch.State.RUNNING:
        return False
    key = _lock_key(batch.id) & 0xFFFF_FFFF_FFFF_FFFF
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database AS base"
            " ON base.oid = pg_locks.database WHERE locktype = 'advisory'"
            " AND datname = current_database() AND objsubid = 1"
            " AND classid::bigint = %s AND objid::bigint = %s)",
            [key >> 32, key & 0xFFFF_FFFF],
        )
        return not cursor.fetchone()[0]


def _tell_nobody(done: int, total: int) -> None:
    pass


def _lock_key(batch_id: UUID) -> int:
    return int.from_bytes(batch_id.bytes[:8], "big", signed=True)


@contextmanager
def _only_one(batch_id: UUID) -> Iterator[None]:
    """Hold the database's word that nobody else runs this import.

    The lock goes with the connection, so a process that dies holds nothing up.
    """
    key = [_lock_key(batch_id)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", key)
        if not cursor.fetchone()[0]:
            raise ImportBusyError(_("This import is already running."))
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", key)


def _finish(batch: ImportBatch, state: ImportBatch.State, *, error: str = "") -> None:
    batch.state = state
    batch.error = error
    batch.finished_at = timezone.now()
    batch.save()


class _Import:
    """One run through a file."""

    def __init__(
        self,
        batch: ImportBatch,
        reader: Reader,
        now: datetime,
        progress: ReportProgress,
    ) -> None:
        self.batch = batch
        self.reader = reader
        self.now = now
        self.progress = progress

    def run(self) -> None:
        with _rare_collections():
            if self.batch.is_dry_run or self.batch.is_atomic:
                self._run_in_one_transaction()
            else:
                self._run_in_chunks()

    def _run_in_chunks(self) -> None:
        batch = self.batch
        with (
            RowReport(batch.id, keep_rows=batch.rows) as report,
            closing(_read_ahead(self.reader)) as chunks,
        ):
            if report.kept_rows < batch.rows:
                # The row report is gone, so nobody knows any more what became of the
                # rows that were counted: count them anew.
                batch.rows = batch.stored = batch.duplicate = batch.rejected = 0
            report.ignored_columns = self.reader.ignored_columns
            rows_before = batch.rows
            for rows, bytes_read in chunks:
                if _is_cancel_wanted(batch):
                    _cancel(batch, report)
                    return
                chunk = rows[rows_before:]
                rows_before -= len(rows) - len(chunk)
                if chunk:
                    self._store_and_count(chunk, report, bytes_read)
                self.progress(bytes_read, batch.bytes_total)
        batch.bytes_read = batch.bytes_total
        _finish(batch, ImportBatch.State.DONE)

    def _store_and_count(
        self, chunk: Sequence[Row], report: RowReport, bytes_read: int
    ) -> None:
        batch = self.batch
        with transaction.atomic():
            self._store(chunk, report)
            report.flush()
            batch.bytes_read = bytes_read
            batch.save(
                update_fields=["rows", "stored", "duplicate", "rejected", "bytes_read"]
            )

    def _run_in_one_transaction(self) -> None:
        batch = self.batch
        is_cancelled = False
        with (
            _teller(batch.id) as tell,
            RowReport(batch.id) as report,
            closing(_read_ahead(self.reader)) as chunks,
        ):
            report.ignored_columns = self.reader.ignored_columns
            with transaction.atomic():
                for chunk, bytes_read in chunks:
                    is_cancelled = _is_cancel_wanted(batch)
                    if is_cancelled:
                        report.write_not_read()
                        break
                    self._store(chunk, report)
                    tell(bytes_read)
                    self.progress(bytes_read, batch.bytes_total)
                rows_wrong = batch.rejected
                is_refused = batch.is_atomic and rows_wrong > 0
                is_undone = batch.is_dry_run or is_refused or is_cancelled
                transaction.set_rollback(is_undone)
                if not is_cancelled:
                    batch.bytes_read = batch.bytes_total
                if not is_undone:
                    _finish(batch, ImportBatch.State.DONE)
            report.flush()
        if is_refused or (is_cancelled and not batch.is_dry_run):
            reason = (
                _("Not stored, because the import was cancelled.")
                if is_cancelled
                else _("Not stored, because other rows of the file are rejected.")
            )
            withdraw_stored(batch.id, reason)
            batch.rejected += batch.stored
            batch.stored = 0
        if is_cancelled:
            _finish(batch, ImportBatch.State.CANCELLED)
        elif is_refused:
            error = ngettext(
                "Nothing was stored: %(count)d row is wrong, and the file was to be "
                "stored as a whole or not at all. Correct the row and import again.",
                "Nothing was stored: %(count)d rows are wrong, and the file was to be "
                "stored as a whole or not at all. Correct the rows and import again.",
                rows_wrong,
            ) % {"count": rows_wrong}
            _finish(batch, ImportBatch.State.FAILED, error=error)
        elif is_undone:
            _finish(batch, ImportBatch.State.DONE)

    def _store(self, chunk: Sequence[Row], report: RowReport) -> None:
        batch = self.batch
        reports = [row.report for row in chunk if row.report is not None]
        outcomes = iter(
            store_reports(
                reports=reports,
                source=f"import:{batch.format}",
                now=self.now,
                reported_by_id=batch.imported_by_id,
                batch_id=batch.id,
            )
        )
        remarks = _remarks(batch.id, reports)
        for row in chunk:
            if row.report is None:
                report.write(row.line, REJECTED, row.problems)
                batch.rejected += 1
                continue
            outcome = next(outcomes)
            if outcome is Outcome.STORED:
                remark = remarks.get(row.report.id, "")
                report.write(row.line, STORED, id_=row.report.id, remark=remark)
                batch.stored += 1
            elif outcome is Outcome.SAME:
                report.write(row.line, DUPLICATE, id_=row.report.id)
                batch.duplicate += 1
            else:
                reason = _(
                    "Another report with other content already has this id. Empty the "
                    "cell to store this row as a report of its own."
                )
                problem = Problem("id", str(row.report.id), reason)
                report.write(row.line, REJECTED, [problem])
                batch.rejected += 1
        batch.rows += len(chunk)


def _remarks(batch_id: UUID, reports: Sequence[NewReport]) -> dict[UUID, str]:
    """Return, of the reports that got a flag, each flag and what it does."""
    effects = {effect.flag.value: effect for effect in flag_effects()}
    flagged = SignalReport.objects.filter(
        batch=batch_id, id__in=[report.id for report in reports]
    ).exclude(flags=[])
    return {
        report_id: "; ".join(
            f"{effects[flag].name} ({effects[flag].text})" for flag in flags
        )
        for report_id, flags in flagged.values_list("id", "flags")
    }


@contextmanager
def _rare_collections() -> Iterator[None]:
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _read_ahead(reader: Reader) -> Generator[tuple[list[Row], int], None, None]:
    """Yield the rows in chunks, each with the bytes read so far.

    The next chunk is read while the database is at work on the one before: each takes
    about as long as the other.
    """
    rows = reader.rows()
    language = get_language()

    def read() -> tuple[list[Row], int]:
        # The language belongs to a thread; the reasons are words.
        with override(language):
            return list(islice(rows, ROWS_PER_CHUNK)), reader.bytes_read

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(read)
        while (chunk := ahead.result())[0]:
            ahead = pool.submit(read)
            yield chunk


@contextmanager
def _teller(batch_id: UUID) -> Iterator[Callable[[int], None]]:
    """Tell, past the transaction that is open, how far an import is."""
    own = connection.copy()
    told_s = time.monotonic()

    def tell(bytes_read: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= PROGRESS_EVERY_S:
            told_s = time.monotonic()
            with own.cursor() as cursor:
                cursor.execute(
                    "UPDATE villages_importbatch SET bytes_read = %s WHERE id = %s",
                    [bytes_read, batch_id],
                )

    try:
        yield tell
    finally:
        own.close()


class RowReport:
    """The row report of an import: a table for spreadsheets, one line for each row.

    With *keep_rows* it goes on after that many rows of an earlier run; `kept_rows`
    tells how many there were.
    """

    def __init__(self, batch_id: UUID, *, keep_rows: int = 0) -> None:
        self._path = row_report_path(batch_id)
        self._summary_path = _summary_path(batch_id)
        self.ignored_columns: list[str] = []
        self._first_rejected: list[dict[str, Any]] = []
        self._flagged_rows = 0
        self._is_changed = True
        self._last_line = 0
        self.kept_rows = 0
        if keep_rows:
            self.kept_rows = self._cut_after(keep_rows)
        if self.kept_rows:
            summary = read_summary(batch_id)
            self._flagged_rows = self._count_remarks()
            self.ignored_columns = summary["ignored_columns"]
            self._first_rejected = [
                row
                for row in summary["first_rejected"]
                if row["line"] <= self._last_line
            ]
        self._file = self._path.open(
            "a" if self.kept_rows else "w", encoding="utf-8", newline=""
        )
        self._writer = csv.writer(self._file, delimiter=_DELIMITER)
        if not self.kept_rows:
            self._file.write(_MARK)
            self._writer.writerow(ROW_REPORT_COLUMNS)

    def __enter__(self) -> RowReport:
        return self

    def __exit__(self, *exception: object) -> None:
        self.flush()
        self._file.close()

    def write(
        self,
        line: int,
        result: str,
        problems: Sequence[Problem] = (),
        id_: UUID | None = None,
        remark: str = "",
    ) -> None:
        self._last_line = line
        if not problems:
            self._writer.writerow((line, result, "", "", remark, id_))
            if remark:
                self._flagged_rows += 1
                self._is_changed = True
            return
        cells = {
            "column": ", ".join(problem.column for problem in problems),
            "value": " | ".join(_cell(problem.value) for problem in problems),
            "reason": " ".join(problem.reason for problem in problems),
        }
        self._writer.writerow(
            (line, result, *(_without_formula(cell) for cell in cells.values()), "")
        )
        if len(self._first_rejected) < SHOWN_REJECTED:
            self._first_rejected.append({"line": line, **cells})
            self._is_changed = True

    def write_not_read(self) -> None:
        """Say where the reading ended, as the last line."""
        reason = _(
            "The import was cancelled: this line and what follows were not read."
        )
        self._writer.writerow((self._last_line + 1, NOT_READ, "", "", reason, ""))

    def flush(self) -> None:
        """Have all that was written on the disk before the database counts it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._is_changed:
            summary = {
                "ignored_columns": self.ignored_columns,
                "first_rejected": self._first_rejected,
                "flagged_rows": self._flagged_rows,
            }
            self._summary_path.write_text(json.dumps(summary), encoding="utf-8")
            self._is_changed = False

    def _count_remarks(self) -> int:
        """Count the rows of an earlier run that were stored with a remark."""
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            return sum(
                row["result"] == STORED and row["reason"] != ""
                for row in csv.DictReader(file, delimiter=_DELIMITER)
            )

    def _cut_after(self, rows: int) -> int:
        """Cut what an interrupted run wrote beyond *rows*; return the rows left."""
        try:
            file = self._path.open("r+b")
        except FileNotFoundError:
            return 0
        with file:
            if not file.readline():
                return 0
            kept = 0
            line = b""
            while kept < rows and (line := file.readline()).endswith(b"\n"):
                self._last_line = int(line.split(_DELIMITER.encode(), 1)[0])
                kept += 1
            if kept < rows:
                return 0
            file.truncate(file.tell())
        return kept


def withdraw_stored(batch_id: UUID, reason: str) -> None:
    """Mark a row report's stored rows as rejected: their transaction was undone."""
    path = row_report_path(batch_id)
    copy = path.with_suffix(".new")
    with (
        path.open(encoding="utf-8", newline="") as old,
        copy.open("w", encoding="utf-8", newline="") as new,
    ):
        writer = csv.writer(new, delimiter=_DELIMITER)
        for cells in csv.reader(old, delimiter=_DELIMITER):
            if cells[1] == STORED:
                cells = [cells[0], REJECTED, "", "", reason, cells[5]]
            writer.writerow(cells)
    copy.replace(path)


def _cell(text: str) -> str:
    """Return *text* short and on one line, as a row report needs it."""
    line = " ".join(text.split())
    plain = "".join(c if c.isprintable() else "\ufffd" for c in line)
    return plain if len(plain) <= _LONGEST_VALUE else plain[:_LONGEST_VALUE] + " …"


def _without_formula(text: str) -> str:
    """Keep a spreadsheet from calculating with what stood in a stranger's file."""
    if not text.startswith(("=", "+", "-", "@")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
