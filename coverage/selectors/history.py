"""The published runs as a history: one for each month, and the current one."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import TruncMonth

from coverage.models import CoverageRun

# Months are the regency's own, whatever zone the server is in.
ZONE = ZoneInfo("Asia/Makassar")
# Twenty years: far beyond what a slider or a chart can show.
MOST_MONTHS = 240


def monthly_runs() -> QuerySet[CoverageRun]:
    """Return the newest published run of each month, in the order of the months.

    A run belongs to the month of its input cut-off. Each has ``month`` (its first
    moment) and ``as_of`` (text; None where it was computed in its own time).
    """
    return (
        CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        .annotate(
            month=TruncMonth("input_cutoff_at", tzinfo=ZONE),
            as_of=KeyTextTransform("as_of", "parameters"),
        )
        .defer("parameters", "seen_notes")
        .order_by("month", "-pk")
        .distinct("month")
    )


def runs_for_history() -> list[CoverageRun]:
    """Return one run for each month and the current one, oldest first.

    The current run is the newest of its month. Read the results of each through
    ``.of_run(run.pk)``; ``run.month`` is the month to label it with, and a run with
    ``run.as_of`` was computed afterwards.
    """
    return list(monthly_runs())[-MOST_MONTHS:]
