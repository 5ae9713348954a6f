"""What verifiers look at: the queue by flag, and what lies around one report."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from villages.flags import Flag, flag_effects
from villages.models import ReviewState, SignalReport
from villages.models.reports import to_be_reviewed

QUEUES = (
    "held",
    "answered",
    "flagged",
    "asked",
    "open",
    "accepted",
    "rejected",
)
# Whose reports: the name in the address and the column. One line for each.
SOURCES = {
    "batch": "batch_id",
    "device": "device_id",
    "account": "reported_by_id",
}
SHOWN = 50
MOST_NEIGHBOURS = 40
MOST_OF_DAY = 30
OPEN = (ReviewState.UNREVIEWED, ReviewState.ASKED, ReviewState.ANSWERED)


@dataclass(frozen=True)
class ReviewFilter:
    """What part of all reports a verifier has before them."""

    queue: str = "held"
    flag: str = ""
    source: str = ""
    source_id: str = ""

    def query(self, **changes: str) -> str:
        """Return the address's query for this filter, with *changes* to it."""
        own = replace(self, **{k: v for k, v in changes.items() if k in ("queue",)})
        parts = {"queue": own.queue, "flag": changes.get("flag", own.flag)}
        if own.source:
            parts[own.source] = own.source_id
        parts |= {k: v for k, v in changes.items() if k in ("report", "after")}
        return urlencode({k: v for k, v in parts.items() if v})

    def reports(self) -> QuerySet[SignalReport]:
        """Return the reports, those that arrived first first."""
        reports = self._of_source()
        if self.queue in ("held", "flagged"):
            reports = reports.filter(_for_us())
        if self.queue == "held":
            reports = reports.filter(flags__overlap=held_flags())
        elif self.queue == "open":
            reports = reports.filter(review_state__in=OPEN)
        elif self.queue != "flagged":
            reports = reports.filter(review_state=self.queue)
        if self.flag:
            reports = reports.filter(flags__contains=[self.flag])
        return reports.order_by("received_at", "observed_at", "id")

    def _of_source(self) -> QuerySet[SignalReport]:
        reports = SignalReport.objects.all()
        if self.source:
            reports = reports.filter(**{SOURCES[self.source]: self.source_id})
        return reports

    def counts(self) -> dict[str, int]:
        """Return how many wait in each queue and under each flag."""
        for_us = _for_us()
        waiting = self._of_source().filter(to_be_reviewed())
        return waiting.order_by().aggregate(
            held=Count("pk", filter=for_us & Q(flags__overlap=held_flags())),
            flagged=Count("pk", filter=for_us),
            answered=Count("pk", filter=Q(review_state=ReviewState.ANSWERED)),
            asked=Count("pk", filter=Q(review_state=ReviewState.ASKED)),
            **{
                flag.value: Count("pk", filter=for_us & Q(flags__contains=[flag.value]))
                for flag in Flag
            },
        )


def _for_us() -> Q:
    """Return what has a flag and does not wait for the reporter."""
    # Beginning with the words of the index, so that it is used.
    return (
        to_be_reviewed()
        & ~Q(flags=[])
        & Q(review_state__in=[ReviewState.UNREVIEWED, ReviewState.ANSWERED])
    )


def held_flags() -> list[str]:
    return [effect.flag.value for effect in flag_effects() if effect.is_held]


def own_reports(
    *, user_id: int | None, device_id: UUID | None
) -> QuerySet[SignalReport]:
    """Return the reports whose author is asked and told about.

    Of a phone these are its own, and those of the account that no other phone in use
    has sent: what it sent before it was enrolled anew, or while its owner was signed
    in. A phone that is lost tells nothing of the others.
    """
    own = SignalReport.objects.filter(reported_by=user_id)
    if device_id is None:
        return own
    return own.filter(
        Q(device=device_id) | Q(device=None) | Q(device__revoked_at__isnull=False)
    )


def can_be_asked_sql() -> str:
    """Return the condition under which somebody reads a question about a report.

    That is whoever sent it with a phone. Who brought in a file knows no more than the
    file; of a phone's queue the phone itself, once it has sent the report again.
    """
    return """(reported_by_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM villages_importbatch AS batch
        WHERE batch.id = batch_id AND (
            batch.format <> 'queue'
            OR batch.imported_by_id = reported_by_id AND device_id IS NULL)))"""


def can_be_asked(report: SignalReport) -> bool:
    """Tell whether somebody would read a question about *report*."""
    return (
        SignalReport.objects.filter(pk=report.pk)
        .extra(  # noqa: S610 - our own words
            where=[can_be_asked_sql()]
        )
        .exists()
    )


def report_of_receipt(code: str) -> SignalReport | None:
    """Return the report whose receipt a reporter names, such as C03F-D92D."""
    digits = code.replace("-", "").strip().lower()
    if not re.fullmatch("[0-9a-f]{8}", digits):
        return None
    return (
        SignalReport.objects.select_related("village", "reported_by", "device", "batch")
        .filter(digest__startswith=digits)
        .order_by("-received_at")
        .first()
    )


def part_of_queue(
    reports: QuerySet[SignalReport], after: SignalReport | None
) -> list[SignalReport]:
    """Return up to SHOWN reports of the queue, from the one behind *after* on."""
    if after is not None:
        reports = reports.filter(
            Q(received_at__gt=after.received_at)
            | Q(received_at=after.received_at, observed_at__gt=after.observed_at)
            | Q(
                received_at=after.received_at,
                observed_at=after.observed_at,
                id__gt=after.id,
            )
        )
    return list(reports.select_related("village", "reported_by")[:SHOWN])


_AROUND = """
SELECT r.id, r.operator, r.found, r.internet, r.technology, r.rsrp_dbm, r.environment,
       r.observed_at, r.review_state, r.source, r.device_model, u.username,
       v.name AS village, ST_X(r.point) AS lon, ST_Y(r.point) AS lat,
       ST_DistanceSphere(r.point, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))
       AS distance_m
FROM villages_signalreport AS r
LEFT JOIN auth_user AS u ON u.id = r.reported_by_id
LEFT JOIN villages_village AS v ON v.code = r.village_id
WHERE r.id <> %(id)s
"""

_NEIGHBOURS = f"""
SELECT * FROM ({_AROUND}
  AND r.is_witness AND r.operator = %(operator)s
  AND r.point && ST_Expand(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326),
                           %(range_deg)s / GREATEST(cosd(%(lat)s), 0.01), %(range_deg)s)
ORDER BY r.point <-> ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)
LIMIT %(most)s) AS near
WHERE distance_m <= %(range_m)s ORDER BY distance_m, id
"""

_OF_DAY = f"""
SELECT * FROM ({_AROUND}
  AND {{of_source}} AND r.observed_at >= %(begin)s AND r.observed_at < %(end)s
ORDER BY abs(date_part('epoch', r.observed_at - %(observed_at)s)), r.id
LIMIT %(most)s) AS near
ORDER BY observed_at, id
"""


def neighbours_of(report: SignalReport) -> list[dict[str, Any]]:
    """Return what others and earlier visits found of the operator near *report*.

    One report of each visit, place and finding; the nearest first.
    """
    range_m = settings.KUKAR_NEIGHBOUR_RANGE_M
    return _rows(
        _NEIGHBOURS,
        report,
        operator=report.operator,
        range_m=range_m,
        range_deg=range_m / 110_574.0,
        most=MOST_NEIGHBOURS,
    )


def same_day_of(report: SignalReport) -> list[dict[str, Any]]:
    """Return the reports of the same file or person on the day of *report* (WITA)."""
    if report.batch_id:
        of_source, source_id = "r.batch_id = %(source_id)s", str(report.batch_id)
    elif report.device_id:
        of_source, source_id = "r.device_id = %(source_id)s", str(report.device_id)
    elif report.reported_by_id:
        of_source = (
            "r.reported_by_id = %(source_id)s AND r.batch_id IS NULL"
            " AND r.device_id IS NULL"
        )
        source_id = str(report.reported_by_id)
    else:
        return []
    begin = timezone.localtime(report.observed_at).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    # Reports of before times were bounded may be of the last day that there is.
    is_last_day = begin.date() == date.max
    return _rows(
        _OF_DAY.format(of_source=of_source),
        report,
        source_id=source_id,
        begin=begin,
        end=report.observed_at if is_last_day else begin + timedelta(days=1),
        observed_at=report.observed_at,
        most=MOST_OF_DAY,
    )


def _rows(
    sql: str, report: SignalReport, **parameters: str | float | datetime
) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            parameters
            | {"id": str(report.id), "lon": report.point.x, "lat": report.point.y},
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
