"""The reports of a village, counted once for each run.

A village can have a hundred thousand, which take longer to count than a page may take.
"""

from __future__ import annotations

from django.core.cache import cache

from coverage.models import CoverageRun
from villages.models import SignalReport, Village
from villages.selectors.report_counts import (
    ReportCount,
    newest_report_ids,
    village_report_counts,
)

# A new report leads to a new run within seconds. One that is held back does not: it is
# counted after this at the latest.
KEPT_S = 300
MOST_NEWEST = 5


def report_counts(village: Village, run: CoverageRun | None) -> list[ReportCount]:
    """Return the reports by month and operator, at most five minutes old."""
    if run is None:
        return village_report_counts(village.code)
    counts = cache.get_or_set(
        f"report-counts-{run.pk}-{village.code}",
        lambda: village_report_counts(village.code),
        KEPT_S,
    )
    return counts or []


def newest_reports(village: Village, run: CoverageRun | None) -> list[SignalReport]:
    """Return the newest single reports as they are now, for who may see them."""
    if run is None:
        ids = newest_report_ids(village.code, MOST_NEWEST)
    else:
        ids = (
            cache.get_or_set(
                f"newest-reports-{run.pk}-{village.code}",
                lambda: newest_report_ids(village.code, MOST_NEWEST),
                KEPT_S,
            )
            or []
        )
    return list(SignalReport.objects.filter(pk__in=ids).order_by("-observed_at", "pk"))
