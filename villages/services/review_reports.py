"""Deciding about reports: accepted, rejected, or a question to the reporter."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.flags import Flag
from villages.models import ReviewState
from villages.models.reviews import LONGEST_REASON
from villages.selectors.review_queue import can_be_asked_sql, own_reports
from villages.services.measurement_tasks import follow_reviews
from villages.services.submit_reports import leave_change
from villages.services.webhook_events import leave_reviews

DECISIONS = (ReviewState.ACCEPTED, ReviewState.REJECTED, ReviewState.ASKED)
# What one request can decide in a few seconds; more is done by deciding again.
MOST_AT_ONCE = 20_000
# Decisions become visible in the order of their numbers: one at a time.
_LOCK_KEY = 6_402_0008


class ReviewError(DomainError):
    title = gettext_noop("The decision was not taken.")


class NotAskedError(DomainError):
    status = 409
    title = gettext_noop("There is no open question about this report.")


# Counting for the map changes only between these three.
_COUNTS = "CASE WHEN {} IN ('accepted', 'rejected') THEN {} ELSE 'open' END"

_DECIDE = f"""
WITH chosen AS (
    SELECT id, review_state AS previous
    FROM villages_signalreport
    WHERE id = ANY(%(ids)s::uuid[])
      AND (%(decision)s <> 'asked' OR {can_be_asked_sql()})
      AND (%(decision)s <> 'accepted' OR NOT flags @> %(never)s::varchar[])
    ORDER BY id FOR UPDATE
),
changed AS (
    UPDATE villages_signalreport AS report SET review_state = %(decision)s
    FROM chosen
    WHERE report.id = chosen.id AND (
        chosen.previous <> %(decision)s
        OR %(reason)s IS DISTINCT FROM (
            SELECT reason FROM villages_reportreview AS review
            WHERE review.report_id = chosen.id ORDER BY review.id DESC LIMIT 1)
    )
    RETURNING report.id, chosen.previous, report.operator, report.point,
              report.reported_by_id,
              {_COUNTS.format("chosen.previous", "chosen.previous")}
              <> {_COUNTS.format("%(decision)s", "%(decision)s")} AS is_for_the_map
),
noted AS (
    INSERT INTO villages_reportreview
        (report_id, decision, previous_state, reason, decided_at, decided_by_id,
         decided_by_name)
    SELECT id, %(decision)s, previous, %(reason)s, clock_timestamp(), %(by)s, %(name)s
    FROM changed ORDER BY id
)
SELECT count(*), array_agg(DISTINCT operator) FILTER (WHERE is_for_the_map),
       min(ST_X(point)) FILTER (WHERE is_for_the_map),
       min(ST_Y(point)) FILTER (WHERE is_for_the_map),
       max(ST_X(point)) FILTER (WHERE is_for_the_map),
       max(ST_Y(point)) FILTER (WHERE is_for_the_map),
       array_agg(id) FILTER (WHERE is_for_the_map),
       array_agg(id::text ORDER BY id), array_agg(reported_by_id ORDER BY id),
       clock_timestamp()
FROM changed
"""


@transaction.atomic
def review_reports(
    *, ids: Sequence[UUID], decision: str, by: User, reason: str = ""
) -> int:
    """Take *decision* about the reports *ids*; return about how many it is new.

    Each is noted in the audit trail; the map is told where reports count otherwise than
    before, and tasks follow them. *reason* is what the reporter reads: why it was
    rejected, or the question; where nobody can be asked, nothing is, and a report of an
    impossible time is never accepted. Safe to repeat: the same decision with the same
    reason changes nothing.

    Raises
    ------
    ReviewError
        If there is no such decision, too many reports, or no reason where one is due.
    """
    reason = reason.strip()
    if decision not in DECISIONS:
        raise ReviewError(_("Decide to accept, to reject or to ask."))
    if decision != ReviewState.ACCEPTED and not reason:
        raise ReviewError(
            _("Write the question to the reporter.")
            if decision == ReviewState.ASKED
            else _("Write why it is rejected: the reporter reads it.")
        )
    _check_text(reason)
    if len(ids) > MOST_AT_ONCE:
        raise ReviewError(
            _("Decide about at most %(most)d reports at once.") % {"most": MOST_AT_ONCE}
        )
    return _decide(ids, decision, reason, by)


@transaction.atomic
def answer_question(
    *, report_id: UUID, text: str, by: User, device_id: UUID | None = None
) -> bool:
    """Answer the question about the own report *report_id*; return whether it is new.

    With *device_id* it must be one that this phone may answer for (`own_reports`).

    The report goes back to the verifiers. Safe to repeat: the same answer again
    changes nothing.

    Raises
    ------
    NotAskedError
        If *by* has no such report, nothing was asked, or it was answered otherwise.
    ReviewError
        If the answer is empty or too long.
    """
    text = text.strip()
    if not text:
        raise ReviewError(_("The answer is empty."))
    _check_text(text)
    own = own_reports(user_id=by.pk, device_id=device_id).filter(pk=report_id)
    report = own.select_for_update(of=["self"]).first()
    last = report.reviews.last() if report else None
    if last is None or last.decision not in (ReviewState.ASKED, ReviewState.ANSWERED):
        raise NotAskedError(_("Nothing was asked about this report."))
    if last.decision == ReviewState.ANSWERED:
        if last.reason == text:
            return False
        raise NotAskedError(_("The question was answered already."))
    return _decide([report_id], ReviewState.ANSWERED, text, by) > 0


def _check_text(text: str) -> None:
    if len(text) > LONGEST_REASON or "\x00" in text:
        raise ReviewError(
            _("At most %(length)d characters.") % {"length": LONGEST_REASON}
        )


def _decide(ids: Sequence[UUID], decision: str, reason: str, by: User) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        cursor.execute(
            _DECIDE,
            {
                "ids": [str(id_) for id_ in ids],
                "decision": str(decision),
                # Accepted, it would count as new for ever.
                "never": [Flag.IMPOSSIBLE_TIME.value],
                "reason": reason,
                "by": by.pk,
                "name": by.get_username(),
            },
        )
        count, operators, *extent, counted_otherwise, decided, senders, at = (
            cursor.fetchone()
        )
    if operators:
        west, south, east, north = extent
        leave_change(operators=operators, extent=(west, south, east, north))
        follow_reviews(report_ids=counted_otherwise)
    if count and decision in DECISIONS:
        leave_reviews(
            reviewed=list(zip(decided, senders, strict=True)),
            state=str(decision),
            now=at,
        )
    return count
