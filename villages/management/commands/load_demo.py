from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from kukar_connect.commands import ReportingCommand
from villages.models import SignalReport
from villages.services.demo import load_demo
from villages.services.demo_places import load_demo_places


class Command(ReportingCommand):
    help = "Load demonstration reports and places, marked as such everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="do nothing when there is any report that is no demonstration",
        )

    def run(self, *, if_empty: bool, **options: Any) -> dict[str, Any]:
        if if_empty and SignalReport.objects.filter(is_demo=False).exists():
            return {"stored": 0, "is_needed": False}
        stored = load_demo(now=timezone.now(), progress=self.progress)
        return {"stored": stored, "is_needed": True, **load_demo_places()}

    def summary(self, result: dict[str, Any]) -> str:
        if not result["is_needed"]:
            return "There are reports already: no demonstration data was loaded."
        return (
            f"Demonstration reports stored: {result['stored']:,}; settlements "
            f"{result['settlements']:,}, facilities {result['facilities']:,}, sites "
            f"{result['sites']:,}."
        )
