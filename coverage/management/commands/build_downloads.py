from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from coverage.models import CoverageRun, RunFileSet
from coverage.services.downloads.build import build_files
from coverage.services.downloads.keep import runs_without_files
from kukar_connect.commands import ReportingCommand
from kukar_connect.errors import DomainError


class Command(ReportingCommand):
    help = (
        "Build the bulk files of runs: those that the worker would build now, or the "
        "runs that are named. Runs that have their files are left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("runs", nargs="*", type=int, help="numbers of runs")
        parser.add_argument(
            "--all", action="store_true", dest="is_all", help="every published run"
        )
        parser.add_argument(
            "--next",
            action="store_true",
            dest="is_next_only",
            help="only the first of those that the worker would build",
        )

    def run(
        self, *, runs: list[int], is_all: bool, is_next_only: bool, **options: Any
    ) -> dict[str, Any]:
        now = timezone.now()
        published = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        if runs:
            wanted = list(published.filter(pk__in=runs))
            if missing := sorted(set(runs) - {run.pk for run in wanted}):
                message = f"There is no published run {', '.join(map(str, missing))}."
                raise DomainError(message)
        else:
            wanted = list(published) if is_all else runs_without_files(now=now)
        if is_next_only:
            wanted = wanted[:1]
        built: list[RunFileSet] = [
            build_files(run, now=timezone.now(), progress=self.progress)
            for run in wanted
        ]
        return {
            "runs": [
                {
                    "run": file_set.pk,
                    "files": file_set.files.count(),
                    "bytes": sum(file_set.files.values_list("bytes", flat=True)),
                }
                for file_set in built
            ]
        }

    def summary(self, result: dict[str, Any]) -> str:
        if not result["runs"]:
            return "No run is without files."
        return "\n".join(
            f"Run {one['run']}: {one['files']} files,"
            f" {one['bytes'] / 1_000_000:.1f} MB."
            for one in result["runs"]
        )
