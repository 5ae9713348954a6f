"""The published runs that a history is told by."""

from __future__ import annotations

from django.utils import timezone

from coverage.models import CoverageRun


def runs_for_history() -> list[CoverageRun]:
    """Return the last published run of each month, oldest first, current one last."""
    last = {
        timezone.localtime(run.published_at).strftime("%Y-%m"): run
        for run in CoverageRun.objects.filter(
            state=CoverageRun.State.PUBLISHED, published_at__isnull=False
        ).order_by("published_at", "pk")
        if run.published_at
    }
    return list(last.values())
