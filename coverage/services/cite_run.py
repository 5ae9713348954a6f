"""Keeping what paper and letters name."""

from __future__ import annotations

from coverage.models import CoverageRun


def cite_run(*, run_id: int) -> None:
    """Keep a run for good, because a paper or a letter names it. Safe to repeat."""
    CoverageRun.objects.filter(pk=run_id, is_cited=False).update(is_cited=True)
