"""Beside load_demo's own app: what was computed from a demonstration is here."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from coverage.services.downloads.keep import remove_demo_files
from kukar_connect.commands import ReportingCommand
from villages.services.demo import remove_demo


class Command(ReportingCommand):
    help = (
        "Remove all demonstration reports, places and accounts, and the files made of "
        "them. The worker brings the map up to date, and the runs computed of them "
        "leave the history; without it, run compute_coverage --full."
    )

    def run(self, **options: Any) -> dict[str, Any]:
        removed = {**remove_demo(), "runs_with_files": len(remove_demo_files())}
        (settings.KUKAR_LOCAL_DIR / "demo-accounts.txt").unlink(missing_ok=True)
        return removed

    def summary(self, result: dict[str, Any]) -> str:
        return (
            f"Removed {result['reports']:,} demonstration reports, "
            f"{result['settlements']:,} settlements, {result['facilities']:,} "
            f"facilities, {result['sites']:,} sites, {result['accounts']} accounts and "
            f"the files of {result['runs_with_files']} runs."
        )
