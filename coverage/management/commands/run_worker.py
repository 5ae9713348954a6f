from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker

from coverage.management.commands.compute_coverage import CANCELLED
from coverage.selectors.report_squares import keep_report_squares
from coverage.selectors.runs import current_run
from coverage.services.compute_run import (
    compute_changes,
    has_interrupted_run,
    needs_full_run,
)
from coverage.services.count_blocks import count_report_blocks
from coverage.services.downloads.keep import runs_without_files, thin_files
from coverage.services.first_picture import lay_picture_ready
from coverage.services.thin_runs import thin_runs
from villages.models import ReportChange
from villages.services.count_requests import forget_ended_counts
from villages.services.deliver_webhooks import Sender
from villages.services.store_photos import clean_photos
from villages.services.webhooks import purge_deliveries
from villages.tasks import resume_imports

log = logging.getLogger("kukar_connect.worker")

# How often the change log is looked at: a report is on the map within seconds.
POLL_S = 1.0
# After a failure, so that a fault that stays does not fill the log.
MAX_WAIT_S = 60.0
# How long a running task may take to reach its end when the worker is stopped.
TASK_END_S = 5.0
# After a failure to read or write the outbox of webhooks.
SEND_AGAIN_S = 10.0
# A full run that failed is tried again after this: it costs a minute of computing.
FULL_AGAIN_S = 300.0
# How often is asked whether a run has no files yet: they take a minute to build.
FILES_EVERY_S = 60.0
# What is left over of photos, and runs to thin, are looked for when the worker starts
# and every day.
CLEAN_EVERY_S = 86_400.0
# What the map begins with and the reports that it counts are laid ready after a run,
# for at most this part of the worker's time: a million take seconds, and runs may
# follow each other as quickly.
KEEP_SHARE = 0.1


def _in_silence(done: int, total: int | None, label: str) -> None:
    """Take progress and show none: nobody watches the worker."""


class Beside:
    """A command of ours in a process beside this one, at most one at a time.

    It ends with this process, however that ends.
    """

    def __init__(self, *arguments: str, is_patient: bool = False) -> None:
        self._arguments = arguments
        # Whoever is patient lets everybody else compute first.
        self._first = ["/usr/bin/nice", "-n", "10"] if is_patient else []
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *("/usr/bin/setpriv", "--pdeathsig", "TERM", *self._first),
                sys.executable,
                str(settings.BASE_DIR / "manage.py"),
                *self._arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Progress; what went wrong stands with the run.
            stderr=subprocess.DEVNULL,
        )

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def take_result(self) -> int | None:
        """Return how it ended, once; None while it runs or where none was begun."""
        result = None if self._process is None else self._process.poll()
        if result is not None:
            self._process = None
        return result

    def end(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(TASK_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Command(BaseCommand):
    _worker: Worker | None = None
    _full_not_before_s = 0.0
    # Whether there may be a reason for a full run that nobody has looked into.
    _is_full_due = False
    _files_not_before_s = 0.0
    _clean_not_before_s = 0.0
    _keep_not_before_s = 0.0
    help = "Keep the map up to date with the reports and run the background tasks."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._full = Beside("compute_coverage", "--resume")
        # A process for each run, so that what libraries keep in memory does not add up.
        self._files = Beside("build_downloads", "--next", is_patient=True)

    def handle(self, **options: Any) -> None:
        stop = threading.Event()

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGINT, ask_to_stop)
        signal.signal(signal.SIGTERM, ask_to_stop)
        # Imports may take minutes; the map must not wait for them.
        resume_imports()
        tasks = threading.Thread(target=self._run_tasks, args=(stop,), daemon=True)
        tasks.start()
        webhooks = threading.Thread(
            target=self._send_webhooks, args=(stop,), daemon=True
        )
        webhooks.start()
        log.info("Worker is ready.")
        self._follow_changes(stop)
        self._full.end()
        self._files.end()
        if self._worker is not None:
            self._worker.running = False
        tasks.join(TASK_END_S)
        webhooks.join(TASK_END_S)

    def _follow_changes(self, stop: threading.Event) -> None:
        wait_s = POLL_S
        is_first = True
        while not stop.wait(wait_s):
            wait_s = POLL_S
            started_s = time.monotonic()
            try:
                is_changed = ReportChange.objects.exists()
                run = compute_changes(
                    now=timezone.now(), progress=_in_silence, may_learn=False
                )
                self._is_full_due |= is_first or is_changed
                is_first = False
                self._see_to_full()
                self._see_to_files()
                self._lay_ready()
                self._clean_up()
            except Exception:
                # The notes of what changed are still there: try again, ever slower.
                log.exception("The map could not be brought up to date.")
                wait_s = min(MAX_WAIT_S, max(2 * POLL_S, 2 * wait_s))
                self._reconnect()
            else:
                if run is not None:
                    log.info(
                        "Run %s is published (%s tiles, %.1f s).",
                        run.pk,
                        run.tiles_done,
                        time.monotonic() - started_s,
                    )

    def _see_to_full(self) -> None:
        """Begin a full run, or go on with one, in a process beside this one.

        The changes that come in meanwhile do not wait for it.
        """
        if self._full.is_running():
            return
        result = self._full.take_result()
        if result not in (None, 0, CANCELLED):
            log.warning("The full run did not end well (%s).", result)
            self._full_not_before_s = time.monotonic() + FULL_AGAIN_S
            self._is_full_due = True
        if not self._is_full_due or time.monotonic() < self._full_not_before_s:
            return
        self._is_full_due = False
        if has_interrupted_run() or needs_full_run():
            self._full.begin()

    def _see_to_files(self) -> None:
        """Build the files of runs that should have some, once nothing else is to do."""
        if self._files.is_running():
            return
        if self._files.take_result() not in (None, 0):
            log.warning("Files of a run could not be built; the reason is with it.")
        if self._full.is_running() or time.monotonic() < self._files_not_before_s:
            return
        self._files_not_before_s = time.monotonic() + FILES_EVERY_S
        if runs_without_files(now=timezone.now()):
            self._files.begin()

    def _lay_ready(self) -> None:
        """Lay ready what is seen of the current run, so that nobody waits for it."""
        started_s = time.monotonic()
        if started_s < self._keep_not_before_s:
            return
        run = current_run()
        if run is None:
            return
        is_new = lay_picture_ready(run)
        is_new |= keep_report_squares(run)
        if count_report_blocks(run) or is_new:
            took_s = time.monotonic() - started_s
            self._keep_not_before_s = time.monotonic() + took_s / KEEP_SHARE

    def _clean_up(self) -> None:
        if time.monotonic() < self._clean_not_before_s:
            return
        self._clean_not_before_s = time.monotonic() + CLEAN_EVERY_S
        removed = clean_photos(now=timezone.now())
        if any(removed.values()):
            log.info("Left over of photos and removed: %s.", removed)
        if thinned := thin_runs(now=timezone.now()):
            log.info("%s runs of more than a year ago were thinned.", len(thinned))
        if purged := purge_deliveries(now=timezone.now()):
            log.info("%s old messages of webhooks were removed.", purged)
        forget_ended_counts(now=timezone.now())
        if unneeded := thin_files(now=timezone.now()):
            log.info("Files of %s earlier runs were removed.", len(unneeded))

    def _run_tasks(self, stop: threading.Event) -> None:
        while not stop.is_set():
            worker = Worker(
                queue_names=["default"],
                interval=POLL_S,
                batch=False,
                backend_name="default",
                startup_delay=False,
                max_tasks=None,
                worker_id="kukar-connect",
                excluded_queue_names=[],
            )
            self._worker = worker
            try:
                worker.run()
            except OperationalError:
                log.exception("The task queue could not be read.")
                self._reconnect()
                stop.wait(POLL_S)

    def _send_webhooks(self, stop: threading.Event) -> None:
        """Send what the outbox of webhooks holds, beside everything else."""
        sender = Sender()
        while not stop.is_set():
            try:
                if sender.step(now=timezone.now()):
                    sender.wait(POLL_S)
                else:
                    stop.wait(POLL_S)
            except Exception:
                # What waits is still there: try again.
                log.exception("The outbox of webhooks could not be sent.")
                self._reconnect()
                stop.wait(SEND_AGAIN_S)
        sender.close(patience_s=TASK_END_S / 2, now=timezone.now())
        connection.close()

    def _reconnect(self) -> None:
        close_old_connections()
        connection.close()
