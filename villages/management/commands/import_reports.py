from __future__ import annotations

import argparse
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from kukar_connect.commands import ReportingCommand
from villages.models import ImportBatch, Operator
from villages.models.reports import TimeZone
from villages.services.import_reports import (
    import_reports,
    read_summary,
    row_report_path,
)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"“{text}” is not a day such as 2026-11-23"
        raise argparse.ArgumentTypeError(message) from None


class Command(ReportingCommand):
    help = (
        "Import reports from a file: our own CSV, the logs of drive-test apps, or the "
        "queue of a phone (docs/imports.md). The format is told by the content."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--operator",
            type=str.upper,
            choices=Operator.values,
            default="",
            help="the operator of rows that do not name one of ours",
        )
        parser.add_argument(
            "--observed-on",
            type=_day,
            help="the day (2026-11-23) of rows that carry no time",
        )
        parser.add_argument(
            "--time-zone",
            type=str.upper,
            choices=TimeZone.values,
            default=TimeZone.WITA.value,
            help="of times that name none (%(default)s)",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            dest="is_dry_run",
            help="store nothing, and tell what would become of every row",
        )
        parser.add_argument(
            "--atomic",
            action="store_true",
            dest="is_atomic",
            help="store the whole file, or nothing when any row is rejected",
        )
        parser.add_argument(
            "--report", type=Path, help="copy the row report to this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.refusal = ""
        super().handle(*args, **options)
        if self.refusal:
            raise CommandError(self.refusal)

    def run(
        self,
        *,
        file: Path,
        operator: str,
        observed_on: date | None,
        time_zone: str,
        is_dry_run: bool,
        is_atomic: bool,
        report: Path | None,
        **options: Any,
    ) -> dict[str, Any]:
        try:
            stream = file.open("rb")
        except OSError as error:
            message = f"{file}: {error.strerror}"
            raise CommandError(message) from error
        with stream:
            batch = import_reports(
                stream=stream,
                file_name=file.name,
                operator=operator,
                observed_on=observed_on,
                time_zone=time_zone,
                is_dry_run=is_dry_run,
                is_atomic=is_atomic,
                now=timezone.now(),
                progress=lambda done, total: self.progress(done, total, "Importing"),
            )
        if batch.state == ImportBatch.State.FAILED:
            self.refusal = batch.error
        row_report = row_report_path(batch.id)
        if report is not None:
            shutil.copyfile(row_report, report)
            row_report = report
        return {
            "id": str(batch.id),
            "file": file.name,
            "format": batch.format,
            "is_dry_run": batch.is_dry_run,
            "is_atomic": batch.is_atomic,
            "rows": batch.rows,
            "stored": batch.stored,
            "duplicate": batch.duplicate,
            "rejected": batch.rejected,
            "error": batch.error,
            "report": str(row_report),
            **read_summary(batch.id),
        }

    def summary(self, result: dict[str, Any]) -> str:
        lines = [
            "{rows} rows ({format}): {stored} {verb}, {duplicate} already there, "
            "{rejected} rejected.".format(
                verb="would be stored" if result["is_dry_run"] else "stored", **result
            )
        ]
        if result["ignored_columns"]:
            lines.append(f"Columns left aside: {', '.join(result['ignored_columns'])}.")
        shown = result["first_rejected"][:10]
        lines += [
            f"  line {row['line']}: {row['column']} “{row['value']}”: {row['reason']}"
            for row in shown
        ]
        if result["rejected"] > len(shown):
            lines.append(f"  … and {result['rejected'] - len(shown)} more")
        lines.append(f"What became of every row: {result['report']}")
        return "\n".join(lines)
