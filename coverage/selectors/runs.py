"""Runs that were published."""

from __future__ import annotations

from coverage.models import CoverageRun


def current_run() -> CoverageRun | None:
    return CoverageRun.objects.filter(is_current=True).first()
