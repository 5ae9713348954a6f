from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from kukar_connect.commands import ReportingCommand
from villages.services.load_places import load_places


class Command(ReportingCommand):
    help = "Load districts, villages, boundaries and the official record."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--boundaries",
            type=Path,
            help="village polygons in any OGR format (GeoJSON, GeoPackage, zipped "
            "Shapefile …), matched by code, else by name within district",
        )

    def run(self, *, boundaries: Path | None, **options: Any) -> dict[str, Any]:
        result = load_places(
            fixtures=settings.BASE_DIR / "fixtures",
            boundaries=boundaries,
            progress=lambda step: self.stderr.write(f"Loading {step} …"),
        )
        return asdict(result)

    def summary(self, result: dict[str, Any]) -> str:
        lines = [
            "Villages: {added} added, {changed} changed, {unchanged} unchanged.".format(
                **result
            ),
            f"Boundaries: {result['boundaries_matched']} matched in the file, "
            f"{result['boundaries_approximate']} villages have an approximate one.",
            f"Official claims: {result['claims']}.",
            f"Statements about internet at village offices: "
            f"{result['office_internet']}; other names: {result['aliases']}.",
        ]
        if result["unmatched_rows"]:
            lines.append("Rows of the file that match no village:")
            lines += [f"  {row}" for row in result["unmatched_rows"]]
            lines.append("Villages that the file does not name:")
            lines += [f"  {name}" for name in result["villages_without_boundary"]]
        return "\n".join(lines)
