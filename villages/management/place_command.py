"""What the commands that bring in lists of places have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from kukar_connect.commands import ReportingCommand
from villages.services.load_place_file import load_place_file
from villages.services.place_loads import LEFT_OUT


class PlaceListCommand(ReportingCommand):
    """Brings in the list *what*; docs/places.md says which columns are known."""

    what: str

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file", type=Path, help="any map that GDAL reads, a workbook (.xlsx) or CSV"
        )
        parser.add_argument(
            "--source", required=True, help="where the list comes from, with its date"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="store nothing and say what would become of every row",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        load = load_place_file(
            what=self.what,
            path=options["file"],
            source=options["source"],
            today=timezone.localdate(),
            is_own=True,
            is_dry_run=options["dry_run"],
        )
        return {
            **load.counts,
            "is_dry_run": options["dry_run"],
            "ignored_columns": load.ignored_columns,
            "rows_left_out": [
                f"row {row.line}: {row.name or row.village}: {row.reason}"
                for row in load.rows
                if row.result == LEFT_OUT
            ],
            "warnings": [
                f"row {row.line}: {row.name}: {row.warning}"
                for row in load.rows
                if row.warning and row.result != LEFT_OUT
            ],
        }

    def summary(self, result: dict[str, Any]) -> str:
        lines = [
            "{added} added, {changed} changed, {unchanged} unchanged, {left_out} left "
            "out.".format(**result)
        ]
        if result["is_dry_run"]:
            lines.append("This was a trial: nothing was stored.")
        if result["ignored_columns"]:
            lines.append("Columns not used: " + ", ".join(result["ignored_columns"]))
        for title, name in (
            ("Rows left out:", "rows_left_out"),
            ("Used, but look at them:", "warnings"),
        ):
            if result[name]:
                lines += [title, *(f"  {row}" for row in result[name])]
        return "\n".join(lines)
