"""Tasks as their two readers see them: the field worker, and the analyst."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet

from villages.models import MeasurementTask

# Long enough for a phone that was away on a trip to show what became of its tasks.
ENDED_SHOWN_FOR = timedelta(days=30)


def tasks_for(user: User, *, now: datetime) -> QuerySet[MeasurementTask]:
    """Return the tasks of *user* and of anybody: open, or ended not long ago."""
    return (
        MeasurementTask.objects.filter(
            Q(assigned_to=user) | Q(assigned_to__isnull=True),
            Q(state=MeasurementTask.State.OPEN)
            | Q(ended_at__gte=now - ENDED_SHOWN_FOR),
        )
        .select_related("village")
        .only(
            "name",
            "point",
            "operators",
            "reason",
            "due_date",
            "state",
            "ended_at",
            "is_demo",
            "assigned_to_id",
            "created_at",
            "village__name",
        )
        # Open first, one's own before anybody's, and what is due before the rest.
        .order_by(
            F("ended_at").desc(nulls_first=True),
            F("assigned_to").asc(nulls_last=True),
            F("due_date").asc(nulls_last=True),
            "created_at",
            "id",
        )
    )


def all_tasks(state: str | None = None) -> QuerySet[MeasurementTask]:
    """Return tasks with all that a list of them shows."""
    tasks = MeasurementTask.objects.select_related(
        "village",
        "assigned_to",
        "created_by",
        "done_report",
        "done_report__reported_by",
    ).defer("village__boundary")
    if state is not None:
        tasks = tasks.filter(state=state)
    return tasks.order_by(
        F("ended_at").desc(nulls_first=True),
        F("due_date").asc(nulls_last=True),
        "created_at",
        "id",
    )
