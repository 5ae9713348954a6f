"""Runs that were published."""

from __future__ import annotations

import time
from datetime import datetime
from hashlib import sha256

from django.db import connection

from coverage.models import CoverageRun


def last_run() -> CoverageRun | None:
    """Return the run that was published last, whose results are in force.

    That is the current one, unless only runs of the past have been computed.
    """
    return CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED).first()


def current_run() -> CoverageRun | None:
    return CoverageRun.objects.filter(is_current=True).first()


# For so long a new run may go unnoticed by programs that name none: to ask takes longer
# than to give them a page that is kept.
CURRENT_FOR_S = 0.5
_current: dict[str, tuple[float, int]] = {}


def run_number() -> int | None:
    """Return the number of the current run, of half a second ago at the latest.

    For answers that need no more of it: a run's row holds all its parameters.
    """
    until, number = _current.get("run", (0.0, 0))
    now = time.monotonic()
    if now < until:
        return number
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM coverage_coveragerun WHERE is_current")
        row = cursor.fetchone()
    if row is None:
        return None
    _current["run"] = (now + CURRENT_FOR_S, row[0])
    return int(row[0])


# A run that is taken away is still known for so long.
KNOWN_FOR_S = 60.0
_known: dict[int, tuple[float, str]] = {}


def run_tag(run_id: int) -> str | None:
    """Return what no other published run has, None where there is no such run.

    A database that was made anew has a run of the same number, and with the same
    reports of the same surface; but it was not published at the same moment. Asked for
    every tile: it is asked of the database once a minute.
    """
    until, tag = _known.get(run_id, (0.0, ""))
    now = time.monotonic()
    if now < until:
        return tag
    found = (
        CoverageRun.objects.filter(pk=run_id, state=CoverageRun.State.PUBLISHED)
        .values_list("checksum", "published_at")
        .first()
    )
    if found is None:
        _known.pop(run_id, None)
        return None
    checksum, published_at = found
    tag = sha256(f"{checksum} {published_at}".encode()).hexdigest()
    if len(_known) > 1000:
        _known.clear()
    _known[run_id] = (now + KNOWN_FOR_S, tag)
    return tag


def as_of_run(run: CoverageRun) -> datetime | None:
    """Return the moment in the past that *run* was computed for, if it was."""
    told = run.parameters.get("as_of")
    return datetime.fromisoformat(told) if told else None
