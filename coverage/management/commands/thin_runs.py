from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from coverage.services.thin_runs import thin_runs
from kukar_connect.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Keep of the runs older than a year one a month, and those that are cited; "
        "the worker does it once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="only say which runs would go"
        )

    def run(self, *, dry_run: bool, **options: Any) -> dict[str, Any]:
        gone = thin_runs(now=timezone.now(), is_dry_run=dry_run)
        return {"runs": gone, "is_dry_run": dry_run}

    def summary(self, result: dict[str, Any]) -> str:
        if not result["runs"]:
            return "No run to thin."
        told = ", ".join(map(str, result["runs"]))
        would = "would be " if result["is_dry_run"] else ""
        return f"{len(result['runs'])} runs {would}removed: {told}."
