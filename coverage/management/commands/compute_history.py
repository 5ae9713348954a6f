from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from coverage.selectors.runs import last_run
from coverage.services.compute_history import compute_history
from kukar_connect.commands import ReportingCommand
from villages.models import SignalReport


class Command(ReportingCommand):
    help = (
        "Compute the map of past month ends from the reports there are, before the "
        "first run of the present. Where that is published already, it is refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--months", type=int, default=12, help="how many months back (12)"
        )
        parser.add_argument(
            "--every", type=int, default=1, help="one run in so many months (1)"
        )
        parser.add_argument(
            "--threads", type=int, default=2, help="how many to compute with"
        )
        parser.add_argument(
            "--if-demo",
            action="store_true",
            help="do nothing unless demonstration reports are loaded and no run of "
            "the present is published",
        )

    def run(
        self, *, months: int, every: int, threads: int, if_demo: bool, **options: Any
    ) -> dict[str, Any]:
        started_s = time.monotonic()
        if threads < 1:
            message = f"--threads must be 1 or more, got {threads}."
            raise CommandError(message)
        if if_demo and not _is_wanted():
            return {"runs": [], "seconds": 0.0}
        try:
            runs = compute_history(
                now=timezone.now(),
                progress=self.progress,
                months=months,
                every=every,
                threads=threads,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        return {
            "runs": [
                {"id": run.pk, "as_of": run.input_cutoff_at.isoformat()} for run in runs
            ],
            "seconds": round(time.monotonic() - started_s, 2),
        }

    def summary(self, result: dict[str, Any]) -> str:
        if not result["runs"]:
            return "No run of the past was computed."
        told = ", ".join(f"{run['id']} ({run['as_of'][:10]})" for run in result["runs"])
        return f"Runs of the past: {told} ({result['seconds']} s)."


def _is_wanted() -> bool:
    last = last_run()
    is_before_present = last is None or "as_of" in last.parameters
    return is_before_present and SignalReport.objects.filter(is_demo=True).exists()
