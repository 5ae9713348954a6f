"""Runs that were published."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from coverage.models import CoverageRun


def last_run() -> CoverageRun | None:
    """Return the run that was published last, whose results are in force.

    That is the current one, unless only runs of the past have been computed.
    """
    return CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED).first()


def current_run() -> CoverageRun | None:
    return CoverageRun.objects.filter(is_current=True).first()


def run_number(asked: int | None = None) -> int | None:
    """Return the number of the current run, or *asked* where that was published.

    For answers that need no more of it: a run's row holds all its parameters.
    """
    condition = "is_current" if asked is None else "id = %s AND state = %s"
    values: list[int | str] = (
        [] if asked is None else [asked, CoverageRun.State.PUBLISHED]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM coverage_coveragerun WHERE {condition}",  # noqa: S608 - ours
            values,
        )
        row = cursor.fetchone()
    return None if row is None else row[0]


def as_of_run(run: CoverageRun) -> datetime | None:
    """Return the moment in the past that *run* was computed for, if it was."""
    told = run.parameters.get("as_of")
    return datetime.fromisoformat(told) if told else None
