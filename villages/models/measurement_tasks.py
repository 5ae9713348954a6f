"""Where somebody is asked to measure."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.places import Village
from villages.models.reports import Operator, SignalReport


class MeasurementTask(models.Model):
    """A place at which an analyst wants to know what a phone finds.

    Done when a report of one of its operators arrives that was made near it after
    the task was (`villages.services.measurement_tasks.close_done_tasks`), and for as
    long as that report counts (`follow_reviews`).
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    point = models.PointField(_("place"))
    village = models.ForeignKey(
        Village,
        models.CASCADE,
        related_name="measurement_tasks",
        verbose_name=_("village"),
    )
    name = models.CharField(_("name"), max_length=150)
    operators = ArrayField(
        models.CharField(max_length=16, choices=Operator),
        verbose_name=_("operators to look for"),
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    due_date = models.DateField(_("due"), null=True, blank=True)
    # Empty: anybody who passes.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="measurement_tasks",
        verbose_name=_("for"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("made at"), db_default=Now())
    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.OPEN
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    done_report = models.ForeignKey(
        SignalReport,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("done by report"),
    )
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        ordering = ["due_date", "created_at", "id"]
        verbose_name = _("measurement task")
        verbose_name_plural = _("measurement tasks")
        indexes = [
            models.Index(
                name="measurement_task_open", fields=["id"], condition=Q(state="open")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="measurement_task_state_known",
                condition=Q(state__in=["open", "done", "dropped"]),
            ),
            models.CheckConstraint(
                name="measurement_task_open_or_ended",
                condition=Q(state="open", ended_at__isnull=True)
                | Q(~Q(state="open"), ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="measurement_task_report_ends_it",
                condition=Q(state="done") | Q(done_report__isnull=True),
            ),
            models.CheckConstraint(
                name="measurement_task_operators_known",
                condition=Q(operators__contained_by=Operator.values)
                & Q(operators__len__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name
