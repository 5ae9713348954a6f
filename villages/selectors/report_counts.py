"""How many reports a village has, counted in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from villages.models import SignalReport
from villages.selectors.used_reports import used_sql


@dataclass(frozen=True)
class ReportCount:
    """Reports of one operator in one calendar month of the regency.

    ``used`` of them count for the map; the others were rejected or are held back.
    """

    month: date
    operator: str
    count: int
    used: int
    newest_at: datetime
    is_demo: bool


def village_report_counts(code: str) -> list[ReportCount]:
    """Return the reports of a village by month and operator, newest month first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', observed_at AT TIME ZONE %s)::date, operator,"
            f" count(*), count(*) FILTER (WHERE {used_sql()}), max(observed_at),"
            " bool_or(is_demo)"
            " FROM villages_signalreport WHERE village_id = %s"
            " GROUP BY 1, 2 ORDER BY 1 DESC, 2",
            [settings.TIME_ZONE, code],
        )
        return [ReportCount(*row) for row in cursor.fetchall()]


def newest_report_ids(code: str, most: int) -> list[UUID]:
    """Return the reports of a village that were measured last, newest first."""
    reports = SignalReport.objects.filter(village=code).order_by("-observed_at", "pk")
    return list(reports.values_list("pk", flat=True)[:most])
