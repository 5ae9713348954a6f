from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from coverage.models import CoverageRun
from coverage.selectors import current_run
from coverage.services.compute_run import (
    compute_changes,
    compute_full,
    is_of_these_boundaries,
)
from kukar_connect.commands import ReportingCommand


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
            "--if-needed",
            action="store_true",
            help="do nothing when there is a run over today's boundaries",
        )
        parser.add_argument(
            "--processes", type=int, default=2, help="how many to compute with"
        )

    def run(
        self, *, full: bool, if_needed: bool, processes: int, **options: Any
    ) -> dict[str, Any]:
        before = current_run()
        started_s = time.monotonic()
        is_fresh = before is not None and is_of_these_boundaries(before)
        if if_needed and is_fresh:
            run: CoverageRun | None = None
        elif full or not is_fresh:
            run = compute_full(
                now=timezone.now(), progress=self.progress, processes=processes
            )
        else:
            run = compute_changes(now=timezone.now(), progress=self.progress)
        shown = run or before
        return {
            "computed": run is not None,
            "run": shown.pk if shown else None,
            "is_full": shown.is_full if shown else None,
            "reports": shown.report_counts if shown else {},
            "tiles": run.tiles_done if run else 0,
            "checksum": shown.checksum if shown else None,
            "seconds": round(time.monotonic() - started_s, 2),
        }

    def summary(self, result: dict[str, Any]) -> str:
        if not result["computed"]:
            return f"Nothing to do: run {result['run']} is up to date."
        counts = ", ".join(f"{op} {n:,}" for op, n in result["reports"].items())
        return (
            f"Run {result['run']} is published ({result['tiles']} tiles, "
            f"{result['seconds']} s). Reports: {counts or 'none'}."
        )
