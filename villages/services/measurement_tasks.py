"""Asking for measurements: tasks are made, dropped, and done by reports that count."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from kukar_connect.roles import has_role
from villages.flags import flag_effects
from villages.models import MeasurementTask
from villages.selectors.used_reports import used_sql

log = logging.getLogger(__name__)

MOST_AT_ONCE = 50


class TaskError(DomainError):
    title = gettext_noop("The tasks were not made.")


def done_within_m() -> float:
    """Return how near to a task a report must be made to answer it.

    As far as the estimator takes a report for evidence: then the map has its answer.
    """
    return float(settings.KUKAR_NEIGHBOUR_RANGE_M)


def _box_deg() -> float:
    # A degree of latitude is shortest at the equator (110 574 m).
    return done_within_m() / 110_574


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task that nobody has stored yet. Words and units as in the model."""

    name: str
    village: str
    lon: float
    lat: float
    operators: Sequence[str]
    reason: str = ""
    is_demo: bool = False


@transaction.atomic
def create_tasks(
    *,
    tasks: Sequence[NewTask],
    by: User,
    due_date: date | None = None,
    assigned_to: User | None = None,
) -> list[MeasurementTask]:
    """Make *tasks*; return those that are new.

    Safe to repeat: where an open task asks for at least the same operators at the
    same place (within a metre), no second one is made.

    Raises
    ------
    TaskError
        If there are more than 50, or *assigned_to* may not send reports.
    """
    if len(tasks) > MOST_AT_ONCE:
        raise TaskError(
            _("Make at most %(most)d tasks at once.") % {"most": MOST_AT_ONCE}
        )
    if assigned_to is not None and not has_role(assigned_to, "field"):
        raise TaskError(_("This account may not send reports. Choose another."))
    # One maker at a time, or two of them would make the same tasks.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(6402, 11)")
    open_ = [
        (task.point.x, task.point.y, set(task.operators))
        for task in MeasurementTask.objects.filter(state=MeasurementTask.State.OPEN)
    ]
    # A metre in degrees, where the ground is.
    same_deg = 1e-5
    new = []
    for task in tasks:
        if any(
            abs(lon - task.lon) < same_deg
            and abs(lat - task.lat) < same_deg
            and operators >= set(task.operators)
            for lon, lat, operators in open_
        ):
            continue
        open_.append((task.lon, task.lat, set(task.operators)))
        new.append(
            MeasurementTask(
                point=Point(task.lon, task.lat, srid=4326),
                village_id=task.village,
                name=task.name[:150],
                operators=list(task.operators),
                reason=task.reason[:500],
                due_date=due_date,
                assigned_to=assigned_to,
                created_by=by,
                is_demo=task.is_demo,
            )
        )
    return MeasurementTask.objects.bulk_create(new)


def drop_task(*, task_id: UUID, now: datetime) -> bool:
    """End an open task undone; tell whether it was open. Safe to repeat."""
    return bool(
        MeasurementTask.objects.filter(
            pk=task_id, state=MeasurementTask.State.OPEN
        ).update(state=MeasurementTask.State.DROPPED, ended_at=now)
    )


# Of the reports that this transaction has just copied in and stored. Exact distances
# only where a box around the task holds the report already. A task that somebody else
# is changing right now is passed over, so that nobody waits.
_CLOSE = """
WITH wanted AS MATERIALIZED (
    SELECT id, point, operators, created_at, is_demo, ST_X(point) AS lon,
           ST_Y(point) AS lat,
           %(box_deg)s / greatest(cos(radians(ST_Y(point))), 0.01) AS wide_deg
    FROM villages_measurementtask
    WHERE state = 'open'
), answer AS (
    SELECT DISTINCT ON (wanted.id) wanted.id, report.id AS report_id
    FROM wanted
    JOIN incoming_report AS incoming
      ON incoming.lat BETWEEN wanted.lat - %(box_deg)s AND wanted.lat + %(box_deg)s
     AND incoming.lon BETWEEN wanted.lon - wide_deg AND wanted.lon + wide_deg
     AND incoming.operator = ANY(wanted.operators)
     AND incoming.observed_at >= wanted.created_at
    JOIN villages_signalreport AS report
      ON report.id = incoming.id AND report.digest = incoming.digest
     AND NOT report.flags && %(held)s::varchar[]
     AND (wanted.is_demo OR NOT report.is_demo)
    WHERE ST_DWithin(wanted.point::geography, report.point::geography, %(within_m)s)
    ORDER BY wanted.id, report.observed_at, report.id
), free AS (
    SELECT id FROM villages_measurementtask
    WHERE state = 'open' AND id IN (SELECT id FROM answer)
    ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE villages_measurementtask AS task
SET state = 'done', ended_at = %(now)s, done_report_id = answer.report_id
FROM answer JOIN free USING (id) WHERE task.id = answer.id
"""


def close_done_tasks(*, now: datetime) -> int:
    """Mark as done what the reports being stored answer; return how many tasks.

    Called inside the transaction that stores, while `incoming_report` holds them.
    A report that is held back answers nothing before a verifier has accepted it
    (`follow_reviews`). Storing never waits for a task and
    never fails for one: what goes wrong is logged and taken back.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                _CLOSE,
                {
                    "now": now,
                    "within_m": done_within_m(),
                    "box_deg": _box_deg(),
                    "held": [e.flag.value for e in flag_effects() if e.is_held],
                },
            )
            return cursor.rowcount
    except DatabaseError:
        log.exception("Tasks were not closed.")
        return 0


# Whether a report answers a task, whose columns go by the name of "task".
_ANSWERS = """
    report.point && ST_Expand(
        task.point,
        %(box_deg)s / greatest(cos(radians(ST_Y(task.point))), 0.01), %(box_deg)s)
    AND report.operator = ANY(task.operators)
    AND report.observed_at >= task.created_at
    AND (task.is_demo OR NOT report.is_demo)
    AND ST_DWithin(task.point::geography, report.point::geography, %(within_m)s)
    AND {is_used}
"""

# Another report that answers the task stands in, or the task is open again.
_REOPEN = """
WITH lost AS (
    SELECT task.id, task.point, task.operators, task.created_at, task.is_demo
    FROM villages_measurementtask AS task
    JOIN villages_signalreport AS report ON report.id = task.done_report_id
    WHERE task.done_report_id = ANY(%(ids)s::uuid[]) AND NOT {is_used}
    ORDER BY task.id FOR UPDATE OF task
), answer AS (
    SELECT task.id, (
        SELECT report.id FROM villages_signalreport AS report WHERE {answers}
        ORDER BY report.observed_at, report.id LIMIT 1
    ) AS report_id
    FROM lost AS task
)
UPDATE villages_measurementtask AS task
SET state = CASE WHEN answer.report_id IS NULL THEN 'open' ELSE 'done' END,
    ended_at = CASE WHEN answer.report_id IS NOT NULL THEN task.ended_at END,
    done_report_id = answer.report_id
FROM answer WHERE task.id = answer.id
"""

_CLOSE_REVIEWED = """
WITH answer AS (
    SELECT DISTINCT ON (task.id) task.id, report.id AS report_id
    FROM villages_measurementtask AS task
    JOIN villages_signalreport AS report
      ON report.id = ANY(%(ids)s::uuid[]) AND {answers}
    WHERE task.state = 'open'
    ORDER BY task.id, report.observed_at, report.id
), free AS (
    SELECT id FROM villages_measurementtask
    WHERE state = 'open' AND id IN (SELECT id FROM answer)
    ORDER BY id FOR UPDATE
)
UPDATE villages_measurementtask AS task
SET state = 'done', ended_at = statement_timestamp(), done_report_id = answer.report_id
FROM answer JOIN free USING (id) WHERE task.id = answer.id
"""


def follow_reviews(*, report_ids: Sequence[UUID]) -> None:
    """Let tasks follow what was decided about the reports *report_ids*.

    A task done by a report that no longer counts is open again, unless another report
    answers it; an open one is done by a report that counts now. Safe to repeat.
    """
    is_used = used_sql("report")
    answers = _ANSWERS.format(is_used=is_used)
    values: dict[str, Any] = {
        "ids": [str(id_) for id_ in report_ids],
        "within_m": done_within_m(),
        "box_deg": _box_deg(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REOPEN.format(is_used=is_used, answers=answers), values)
        cursor.execute(_CLOSE_REVIEWED.format(answers=answers), values)
