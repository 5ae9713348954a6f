from __future__ import annotations

from typing import Any

from django.utils import timezone

from kukar_connect.commands import ReportingCommand
from villages.services.store_photos import clean_photos


class Command(ReportingCommand):
    help = "Remove photos that nobody waits for, and files that belong to none."

    def run(self, **options: Any) -> dict[str, Any]:
        return clean_photos(now=timezone.now())
