"""Runs that were published."""

from __future__ import annotations

from datetime import datetime

from coverage.models import CoverageRun


def last_run() -> CoverageRun | None:
    """Return the run that was published last, whose results are in force.

    That is the current one, unless only runs of the past have been computed.
    """
    return CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED).first()


def current_run() -> CoverageRun | None:
    return CoverageRun.objects.filter(is_current=True).first()


def as_of_run(run: CoverageRun) -> datetime | None:
    """Return the moment in the past that *run* was computed for, if it was."""
    told = run.parameters.get("as_of")
    return datetime.fromisoformat(told) if told else None
