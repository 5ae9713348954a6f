from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from coverage.core.parallel import ClusterError
from coverage.models import CoverageRun
from coverage.selectors.runs import current_run
from coverage.services.compute_run import (
    RunCancelledError,
    cancel_full_run,
    compute_changes,
    compute_full,
    is_of_these_boundaries,
)
from kukar_connect.commands import ReportingCommand

# What a shell says of a command that Ctrl-C ended.
CANCELLED = 130


class Command(ReportingCommand):
    help = "Compute the coverage map and publish it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--full",
            action="store_true",
            help="everything anew; without it only what changed since the last run",
        )
        parser.add_argument(
            "--resume",
            action="store_true",
            help="go on with the full run that was interrupted or cancelled; "
            "where there is none, begin one",
        )
        parser.add_argument(
            "--cancel",
            action="store_true",
            help="stop the full run that is being computed",
        )
        parser.add_argument(
            "--if-needed",
            action="store_true",
            help="do nothing when there is a run over today's boundaries",
        )
        parser.add_argument(
            "--threads", type=int, default=2, help="how many to compute with"
        )
        parser.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="compute a full run on the workers of this Dask scheduler, "
            "for instance tcp://10.0.0.5:8786",
        )

    def run(
        self,
        *,
        full: bool,
        resume: bool,
        cancel: bool,
        if_needed: bool,
        threads: int,
        scheduler: str | None,
        **options: Any,
    ) -> dict[str, Any]:
        if threads < 1:
            message = f"--threads must be 1 or more, got {threads}."
            raise CommandError(message)
        if cancel:
            return {"cancelled": cancel_full_run()}
        before = current_run()
        started_s = time.monotonic()
        is_fresh = before is not None and is_of_these_boundaries(before)
        run: CoverageRun | None = None
        try:
            with _cancelled_by_term():
                if full or resume or scheduler or not is_fresh:
                    run = compute_full(
                        now=timezone.now(),
                        progress=self.progress,
                        threads=threads,
                        scheduler=scheduler,
                        is_resuming=resume,
                    )
                elif not if_needed:
                    run = compute_changes(now=timezone.now(), progress=self.progress)
        except (KeyboardInterrupt, RunCancelledError) as error:
            message = "Cancelled; the map is as it was. --resume goes on from here."
            raise CommandError(message, returncode=CANCELLED) from error
        except ClusterError as error:
            raise CommandError(str(error)) from error
        shown = run or before
        return {
            "computed": run is not None,
            "run": shown.pk if shown else None,
            "is_full": shown.is_full if shown else None,
            "reports": shown.report_counts if shown else {},
            "tiles": run.tiles_done if run else 0,
            "tiles_resumed": run.tiles_resumed if run else 0,
            "checksum": shown.checksum if shown else None,
            "seconds": round(time.monotonic() - started_s, 2),
        }

    def summary(self, result: dict[str, Any]) -> str:
        if "cancelled" in result:
            if result["cancelled"] is None:
                return "No full run is being computed."
            return f"Run {result['cancelled']} stops before its next tile."
        if not result["computed"]:
            return f"Nothing to do: run {result['run']} is up to date."
        counts = ", ".join(f"{op} {n:,}" for op, n in result["reports"].items())
        resumed = result["tiles_resumed"]
        before = f", {resumed} of them computed before" if resumed else ""
        return (
            f"Run {result['run']} is published ({result['tiles']} tiles{before}, "
            f"{result['seconds']} s). Reports: {counts or 'none'}."
        )


@contextmanager
def _cancelled_by_term() -> Iterator[None]:
    """Let a request to end be what Ctrl-C is."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)
