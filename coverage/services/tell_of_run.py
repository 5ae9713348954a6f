"""What a published run changed, written for those who asked to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from coverage.models import CoverageRun
from villages.models import WebhookEvent
from villages.services.webhook_events import in_parts, leave_messages, listeners

# A spot is replaced also where only what is known about it changed. It is another to
# its readers when its state or its squares are; the same squares may be drawn from
# another corner on.
_CHANGES = """
SELECT CASE WHEN was.id IS NULL THEN 'opened'
            WHEN spot.id IS NULL THEN 'closed' ELSE 'changed' END AS change,
       coalesce(spot.identity, was.identity)::text AS id,
       coalesce(spot.operator, was.operator) AS operator,
       coalesce(spot.service, was.service) AS service,
       spot.state, was.state AS previous_state,
       spot.area_km2, was.area_km2 AS previous_area_km2,
       coalesce(spot.villages, was.villages) AS villages,
       coalesce(spot.districts, was.districts) AS districts,
       coalesce(spot.is_demo, was.is_demo) AS is_demo
FROM (SELECT * FROM coverage_blankspot WHERE first_run_id = %(run)s
      AND ended_run_id IS NULL) AS spot
FULL JOIN (SELECT * FROM coverage_blankspot WHERE ended_run_id = %(run)s) AS was
    ON was.identity = spot.identity
WHERE was.id IS NULL OR spot.id IS NULL
   OR was.state <> spot.state
   OR abs(was.area_km2 - spot.area_km2) > 1e-9
   OR NOT ST_Equals(was.polygon, spot.polygon)
ORDER BY operator, service, id
"""
_EVENTS = {
    "opened": WebhookEvent.SPOT_OPENED,
    "closed": WebhookEvent.SPOT_CLOSED,
    "changed": WebhookEvent.SPOT_CHANGED,
}


def tell_of_run(run: CoverageRun, *, as_of: datetime | None, now: datetime) -> None:
    """Leave the messages about *run* and the blank spots that it changed.

    Call it inside the transaction that publishes *run*, after its spots are stored.
    Not safe to repeat.
    """
    hearers = {event: listeners(event) for event in _EVENTS.values()}
    changes = _changes(run) if any(hearers.values()) else {}
    run_of = {"run": run.pk, "as_of": as_of.isoformat() if as_of else None}
    for change, event in _EVENTS.items():
        parts = in_parts("blank_spots", changes.get(change, []))
        leave_messages(
            webhooks=hearers[event],
            event=event,
            messages=[run_of | part for part in parts],
            now=now,
        )
    leave_messages(
        webhooks=listeners(WebhookEvent.RUN_PUBLISHED),
        event=WebhookEvent.RUN_PUBLISHED,
        messages=[
            run_of
            | {
                "is_current": run.is_current,
                "is_full": run.is_full,
                "is_demo": run.is_demo,
                "input_cutoff_at": run.input_cutoff_at.isoformat(),
                "report_counts": run.report_counts,
                "software_version": run.software_version,
                "checksum": run.checksum,
            }
        ],
        now=now,
    )


def _changes(run: CoverageRun) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"run": run.pk})
        names = [column.name for column in cursor.description]
        for row in cursor:
            change, *values = row
            spot = dict(zip(names[1:], values, strict=True))
            found.setdefault(change, []).append(spot)
    return found
