"""A computation with its inputs, and what an unfinished one has so far."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models import Operator

# "Any operator" is a layer beside those of the operators.
ANY_OPERATOR = "ANY"


class LayerOperator(models.TextChoices):
    ANY = ANY_OPERATOR, _("Any operator")
    TELKOMSEL = Operator.TELKOMSEL.value, Operator.TELKOMSEL.label
    INDOSAT = Operator.INDOSAT.value, Operator.INDOSAT.label
    XLSMART = Operator.XLSMART.value, Operator.XLSMART.label


class Service(models.TextChoices):
    INTERNET = "internet", _("Internet (4G)")
    VOICE = "voice", _("Calls")


class CoverageRun(models.Model):
    """One computation with its inputs; citable for as long as it is kept."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PUBLISHED = "published", _("published")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.RUNNING
    )
    is_current = models.BooleanField(_("current"), default=False)
    is_full = models.BooleanField(_("whole regency"))
    is_demo = models.BooleanField(_("contains demonstration data"), default=False)
    started_at = models.DateTimeField(_("started at"), db_default=Now())
    published_at = models.DateTimeField(_("published at"), null=True)
    # Reports received up to this moment are in it.
    input_cutoff_at = models.DateTimeField(_("reports until"))
    report_counts = models.JSONField(_("reports per operator"), default=dict)
    # Thresholds, and per layer the law that was learned from the reports.
    parameters = models.JSONField(_("parameters"), default=dict)
    software_version = models.CharField(_("software"), max_length=40)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True)
    tiles_total = models.PositiveIntegerField(default=0)
    tiles_done = models.PositiveIntegerField(default=0)
    # Of these, how many a process had computed that ended before the run did.
    tiles_resumed = models.PositiveIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)
    # Named on paper or in a letter: it is never thinned.
    is_cited = models.BooleanField(_("cited"), default=False)
    # While a full run is computed: the notes (ReportChange) that are in its input.
    seen_notes = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(
                name="coverage_run_one_current",
                fields=["is_current"],
                condition=Q(is_current=True),
            ),
            models.CheckConstraint(
                name="coverage_run_current_is_published",
                condition=Q(is_current=False)
                | Q(state="published", published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class StagedLayer(models.Model):
    """What an unfinished full run starts from in one layer, frozen.

    A run that is resumed reads this and not the reports, which may have changed.
    """

    run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="staged_layers")
    operator = models.CharField(max_length=16, choices=Operator)
    service = models.CharField(max_length=8, choices=Service)
    law = models.JSONField()
    # An .npz of the arrays of `coverage.core.observations.Pooled`.
    pooled = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="staged_layer_once", fields=["run", "operator", "service"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.operator}/{self.service}"


class StagedTile(models.Model):
    """A tile that an unfinished full run has computed; published or thrown away."""

    run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="staged_tiles")
    operator = models.CharField(max_length=16, choices=Operator)
    service = models.CharField(max_length=8, choices=Service)
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    # As in SurfaceTile.
    mean_ddbm = models.BinaryField()
    std_ddb = models.BinaryField()
    p_blank = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="staged_tile_once",
                fields=["run", "operator", "service", "x", "y"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.operator}/{self.service} 10/{self.x}/{self.y}"


class LateChange(models.Model):
    """A change that was published while a full run was unfinished.

    The full run does not know it and has to make up for it before it is published,
    or the map would step back.
    """

    run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="late_changes")
    operators = ArrayField(models.CharField(max_length=16, choices=Operator))
    extent = models.PolygonField()

    def __str__(self) -> str:
        return f"{self.run} {', '.join(self.operators)}"
