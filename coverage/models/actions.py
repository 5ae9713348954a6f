"""What is being done about blank spots, and how a user weighs them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.gis.db import models
from django.core.validators import MaxValueValidator
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models import Village

FIRST_YEAR, LAST_YEAR = 2010, 2060


class ActionStatus(models.TextChoices):
    PROPOSED = "proposed", _("proposed")
    AGREED = "agreed", _("agreed")
    UNDER_CONSTRUCTION = "under_construction", _("under construction")
    # Built is not working: sites have stood for months before they carried a call.
    BUILT = "built", _("built, not on air")
    ON_AIR = "on_air", _("said to be on air")
    VERIFIED = "verified", _("verified in the field")
    DROPPED = "dropped", _("dropped")


# What the newest run may contradict: somebody says that there is a signal.
SAID_TO_WORK = (ActionStatus.ON_AIR, ActionStatus.VERIFIED)


class Action(models.Model):
    """Something that is done, or asked for, about a blank spot or a village.

    ``spot`` is a blank spot's identity, which outlives every run. The status is that
    of the newest step.
    """

    class Kind(models.TextChoices):
        PROPOSAL = "proposal", _("proposal to the ministry (SIGNAL portal)")
        LETTER = "letter", _("letter to an operator")
        BTS = "bts", _("BTS by an operator")
        REPEATER = "repeater", _("repeater by the regency")
        OFFICE_INTERNET = "office_internet", _("internet at the village office")
        FIELD_CHECK = "field_check", _("field check")
        ELECTRICITY = "electricity", _("electricity")
        OTHER = "other", _("other action")

    spot = models.UUIDField(_("blank spot"), null=True, blank=True)
    village = models.ForeignKey(
        Village,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="actions",
        verbose_name=_("village"),
    )
    kind = models.CharField(_("kind of action"), max_length=16, choices=Kind)
    status = models.CharField(_("status"), max_length=20, choices=ActionStatus)
    responsible = models.CharField(_("who is responsible"), max_length=150)
    programme = models.CharField(_("programme"), max_length=150, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    # The point that a proposal names, where it is not the spot's or village's own.
    point = models.PointField(_("point"), null=True, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        ordering = ["-id"]
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        indexes = [models.Index(name="action_spot", fields=["spot"])]
        constraints = [
            models.CheckConstraint(
                name="action_kind_known",
                condition=Q(
                    kind__in=[
                        "proposal",
                        "letter",
                        "bts",
                        "repeater",
                        "office_internet",
                        "field_check",
                        "electricity",
                        "other",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="action_status_known",
                condition=Q(status__in=ActionStatus.values),
            ),
            models.CheckConstraint(
                name="action_about_a_place",
                condition=Q(spot__isnull=False) | Q(village__isnull=False),
            ),
            models.CheckConstraint(
                name="action_has_a_responsible", condition=~Q(responsible="")
            ),
            models.CheckConstraint(
                name="action_year_plausible",
                condition=Q(year__gte=FIRST_YEAR, year__lte=LAST_YEAR),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_status_display()})"


class ActionStep(models.Model):
    """One dated step of an action, with its source; only added to.

    The database refuses to change or remove one; when its author's account is
    removed, the link is cut and the name stays.
    """

    action = models.ForeignKey(
        Action, models.PROTECT, related_name="steps", verbose_name=_("action")
    )
    status = models.CharField(_("status"), max_length=20, choices=ActionStatus)
    step_date = models.DateField(_("date"))
    source = models.CharField(_("source or letter number"), max_length=200, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    made_by_name = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        ordering = ["id"]
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.CheckConstraint(
                name="action_step_status_known",
                condition=Q(status__in=ActionStatus.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_date} {self.get_status_display()}"


HEAVIEST = 10
# Nothing weighs more than anything else until somebody says so.
DEFAULT_WEIGHT = 5
_WEIGHT: dict[str, Any] = {
    "default": DEFAULT_WEIGHT,
    "validators": [MaxValueValidator(HEAVIEST)],
}


class RankingWeights(models.Model):
    """How one user weighs the parts of a blank spot's score, 0 to 10 each."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="ranking_weights"
    )
    people = models.PositiveSmallIntegerField(_("people"), **_WEIGHT)
    pupils = models.PositiveSmallIntegerField(_("pupils"), **_WEIGHT)
    patients = models.PositiveSmallIntegerField(_("patients a year"), **_WEIGHT)
    services = models.PositiveSmallIntegerField(_("public services"), **_WEIGHT)
    distance = models.PositiveSmallIntegerField(_("distance to a signal"), **_WEIGHT)
    listed = models.PositiveSmallIntegerField(
        _("years on the official list"), **_WEIGHT
    )
    power = models.PositiveSmallIntegerField(_("electricity"), **_WEIGHT)
    by_confidence = models.BooleanField(_("times the confidence"), default=False)
    saved_at = models.DateTimeField(_("saved at"), db_default=Now())

    class Meta:
        verbose_name = _("weights of a ranking")
        verbose_name_plural = _("weights of rankings")
        constraints = [
            models.CheckConstraint(
                name="ranking_weights_in_range",
                condition=Q(
                    people__lte=HEAVIEST,
                    pupils__lte=HEAVIEST,
                    patients__lte=HEAVIEST,
                    services__lte=HEAVIEST,
                    distance__lte=HEAVIEST,
                    listed__lte=HEAVIEST,
                    power__lte=HEAVIEST,
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)
