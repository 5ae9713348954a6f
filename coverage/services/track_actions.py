"""What is being done: actions are recorded and go on step by step."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from coverage.models import Action, ActionStep, BlankSpot
from kukar_connect.errors import DomainError

# What may be put right later; the rest goes on by steps.
CHANGEABLE = ("kind", "responsible", "programme", "year", "point", "note")
# Whoever tells the same later means another one.
SAME_WITHIN = timedelta(hours=1)


class NoSuchSpotError(DomainError):
    title = gettext_noop("There is no such blank spot.")


class FutureStepError(DomainError):
    title = gettext_noop("A step has happened: its date is not in the future.")


@transaction.atomic
def record_action(
    *,
    user: User,
    today: date,
    spot: UUID | None,
    village_id: str | None,
    kind: str,
    status: str,
    responsible: str,
    step_date: date,
    programme: str = "",
    year: int | None = None,
    point: Point | None = None,
    source: str = "",
    note: str = "",
) -> tuple[Action, bool]:
    """Keep a new action with its first step; return it, and whether it is new.

    Safe to repeat: what the same account told in the last `SAME_WITHIN` is there
    already, as when a form is sent once more by the browser's button back.

    Raises
    ------
    NoSuchSpotError
        If no run has ever had the blank spot *spot*.
    FutureStepError
        If *step_date* is after *today*.
    """
    if spot is not None and not BlankSpot.objects.filter(identity=spot).exists():
        raise NoSuchSpotError
    told: dict[str, Any] = {
        "spot": spot,
        "village_id": village_id,
        "kind": kind,
        "responsible": responsible,
        "programme": programme,
        "year": year,
        "point": point,
        "note": note,
        "created_by": user,
    }
    # Two that are sent at once wait for each other.
    User.objects.select_for_update().get(pk=user.pk)
    there = Action.objects.filter(
        **told,
        created_at__gt=timezone.now() - SAME_WITHIN,
        steps__status=status,
        steps__step_date=step_date,
        steps__source=source,
    ).first()
    if there is not None:
        return there, False
    action = Action.objects.create(**told, status=status)
    add_step(
        action_id=action.pk,
        user=user,
        today=today,
        status=status,
        step_date=step_date,
        source=source,
    )
    return action, True


@transaction.atomic
def add_step(
    *,
    action_id: int,
    user: User,
    today: date,
    status: str,
    step_date: date,
    source: str = "",
    note: str = "",
) -> ActionStep:
    """Add a step; the action's status is that of the step added last.

    Safe to repeat: the same step as the newest one is not added again.

    Raises
    ------
    FutureStepError
        If *step_date* is after *today*.
    """
    if step_date > today:
        raise FutureStepError
    action = Action.objects.select_for_update().get(pk=action_id)
    told = {"status": status, "step_date": step_date, "source": source, "note": note}
    newest = action.steps.order_by("-id").first()
    if newest is not None and all(getattr(newest, k) == v for k, v in told.items()):
        return newest
    name = user.get_full_name() or user.get_username()
    step = ActionStep.objects.create(
        action=action, made_by=user, made_by_name=name[:150], **told
    )
    action.status = status
    action.save(update_fields=["status"])
    return step


@transaction.atomic
def change_action(*, action_id: int, values: dict[str, Any]) -> Action:
    """Put right what was recorded of an action. Safe to repeat.

    Raises
    ------
    ValueError
        If *values* names anything else than `CHANGEABLE`.
    """
    if unknown := set(values) - set(CHANGEABLE):
        message = f"These are not changed here: {sorted(unknown)}."
        raise ValueError(message)
    action = Action.objects.select_for_update().get(pk=action_id)
    for name, value in values.items():
        setattr(action, name, value)
    action.save(update_fields=list(values))
    return action
