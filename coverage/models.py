"""What was derived from the reports, run by run."""

from __future__ import annotations

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models import Facility, Operator, Settlement, Village

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


class SpotState(models.TextChoices):
    BLANK = "blank", _("blank spot")
    LIKELY_BLANK = "likely_blank", _("probably blank")


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


class OfRunQuerySet(models.QuerySet):
    def of_run(self, run_id: int) -> OfRunQuerySet:
        """Return the rows that were in force when run *run_id* was published."""
        return self.filter(
            Q(ended_run__isnull=True) | Q(ended_run__gt=run_id),
            first_run__lte=run_id,
        )


class RunRow(models.Model):
    """A result that holds from one run until another replaces it.

    A run that recomputes one tile then costs one tile: everything else stays
    as it is and belongs to both runs.
    """

    first_run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="+")
    ended_run = models.ForeignKey(
        CoverageRun, models.CASCADE, null=True, blank=True, related_name="+"
    )
    operator = models.CharField(_("operator"), max_length=16, choices=LayerOperator)
    service = models.CharField(_("service"), max_length=8, choices=Service)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_ends_after_it_began",
                condition=Q(ended_run__isnull=True) | Q(ended_run__gt=F("first_run")),
            ),
            models.CheckConstraint(
                name="%(class)s_layer_known",
                condition=Q(
                    operator__in=[o.value for o in LayerOperator],
                    service__in=["internet", "voice"],
                ),
            ),
        ]


class SurfaceTile(RunRow):
    """The squares of one zoom-10 tile of one layer, row 0 northernmost."""

    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    # zlib of uint8 (256, 256) `coverage.core.classify.State`.
    state = models.BinaryField()
    # zlib of int16 (256, 256): estimated mean in tenths of a dBm.
    mean_ddbm = models.BinaryField()
    # zlib of uint8 (256, 256): standard deviation in tenths of a dB, capped.
    std_ddb = models.BinaryField()
    # zlib of uint8 (256, 256): probability of blank in steps of 1/250, 255 unknown.
    p_blank = models.BinaryField()
    # SHA-256 of the four arrays before compression.
    digest = models.CharField(max_length=64)

    class Meta(RunRow.Meta):
        constraints = [
            *RunRow.Meta.constraints,
            models.UniqueConstraint(
                name="surface_tile_one_current",
                fields=["operator", "service", "x", "y"],
                condition=Q(ended_run__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator}/{self.service} 10/{self.x}/{self.y}"


class BlankSpot(RunRow):
    """A polygon where reports show no usable signal, or probably none."""

    # What letters and plans cite: the same from run to run while it is one place.
    identity = models.UUIDField(default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=SpotState)
    # Its first square, north to south and west to east, on the world's grid.
    anchor_column = models.PositiveIntegerField()
    anchor_row = models.PositiveIntegerField()
    # The exact union of its squares; the outline is the same with slopes for stairs.
    polygon = models.MultiPolygonField(_("polygon"))
    outline = models.MultiPolygonField(_("outline"), spatial_index=False)
    area_km2 = models.FloatField(_("area (km²)"))
    # Mean probability that a phone in it finds less than usable signal.
    confidence = models.FloatField(_("confidence"))
    # How much that probability varies within it.
    confidence_std = models.FloatField()
    report_count = models.PositiveIntegerField(_("reports"))
    reporter_count = models.PositiveIntegerField(_("people who reported"))
    # How many of the reports found what ("no_service": 3, …), and "reading": with dBm.
    report_kinds = models.JSONField(_("what the reports found"), default=dict)
    newest_report_at = models.DateTimeField(_("newest report"), null=True)
    oldest_report_at = models.DateTimeField(_("oldest report"), null=True)
    villages = ArrayField(models.CharField(max_length=13), verbose_name=_("villages"))
    # Of each of them in that order: the spot's area in it, and that as a share of
    # the village's own.
    village_areas_km2 = ArrayField(
        models.FloatField(), default=list, verbose_name=_("areas (km²)")
    )
    village_shares = ArrayField(
        models.FloatField(), default=list, verbose_name=_("shares")
    )
    districts = ArrayField(models.CharField(max_length=8), verbose_name=_("districts"))
    settlement_count = models.PositiveIntegerField(_("settlements"), default=0)
    facility_count = models.PositiveIntegerField(_("facilities"), default=0)
    school_count = models.PositiveIntegerField(_("schools"), default=0)
    health_centre_count = models.PositiveIntegerField(_("health centres"), default=0)
    # Empty where the office has loaded no such numbers.
    people = models.PositiveIntegerField(_("people"), null=True)
    pupils = models.PositiveIntegerField(_("pupils"), null=True)
    patients = models.PositiveIntegerField(_("patients a year"), null=True)
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta(RunRow.Meta):
        verbose_name = _("blank spot")
        verbose_name_plural = _("blank spots")
        indexes = [
            models.Index(
                name="blank_spot_layer", fields=["operator", "service", "first_run"]
            ),
            models.Index(name="blank_spot_identity", fields=["identity"]),
        ]
        constraints = [
            *RunRow.Meta.constraints,
            models.CheckConstraint(
                name="blank_spot_state_known",
                condition=Q(state__in=["blank", "likely_blank"]),
            ),
            models.CheckConstraint(
                name="blank_spot_confidence_is_a_probability",
                condition=Q(confidence__gte=0, confidence__lte=1),
            ),
            models.CheckConstraint(
                name="blank_spot_area_positive", condition=Q(area_km2__gt=0)
            ),
            models.UniqueConstraint(
                name="blank_spot_identity_once",
                fields=["identity"],
                condition=Q(ended_run__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator}/{self.service} {self.area_km2:.1f} km²"


class VillageCoverage(RunRow):
    """How a village's area divides into the states of one layer.

    The four areas add up to the village's area on the grid; weak is inside
    covered and not added again.
    """

    village = models.ForeignKey(Village, models.CASCADE, related_name="coverage")
    covered_km2 = models.FloatField(_("covered (km²)"))
    weak_km2 = models.FloatField(_("of which weak (km²)"))
    likely_blank_km2 = models.FloatField(_("probably blank (km²)"))
    blank_km2 = models.FloatField(_("blank (km²)"))
    unknown_km2 = models.FloatField(_("unknown (km²)"))
    report_count = models.PositiveIntegerField(_("reports"))

    class Meta(RunRow.Meta):
        indexes = [
            models.Index(
                name="village_coverage_layer",
                fields=["operator", "service", "first_run"],
            ),
        ]
        constraints = [
            *RunRow.Meta.constraints,
            models.UniqueConstraint(
                name="village_coverage_one_current",
                fields=["operator", "service", "village"],
                condition=Q(ended_run__isnull=True),
            ),
            models.CheckConstraint(
                name="village_coverage_areas_not_negative",
                condition=Q(
                    covered_km2__gte=0,
                    weak_km2__gte=0,
                    likely_blank_km2__gte=0,
                    blank_km2__gte=0,
                    unknown_km2__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="village_coverage_weak_within_covered",
                # Sums of the same squares: rounding may differ in the last bit.
                condition=Q(weak_km2__lte=F("covered_km2") + 1e-9),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.village} {self.operator}/{self.service}"


class PlaceState(models.TextChoices):
    COVERED = "covered", _("covered")
    WEAK = "weak", _("weak signal")
    LIKELY_BLANK = "likely_blank", _("probably blank")
    BLANK = "blank", _("blank spot")
    UNKNOWN = "unknown", _("not known")


class PlaceCoverage(RunRow):
    """The state of one layer where people are: at a settlement or a facility.

    A village without a settlement has one row with neither: its own point stands in.
    """

    village = models.ForeignKey(Village, models.CASCADE, related_name="+")
    settlement = models.ForeignKey(
        Settlement, models.CASCADE, null=True, related_name="coverage"
    )
    facility = models.ForeignKey(
        Facility, models.CASCADE, null=True, related_name="coverage"
    )
    state = models.CharField(_("state"), max_length=12, choices=PlaceState)
    # Probability that a phone there finds less than usable signal; empty: unknown.
    p_blank = models.FloatField(_("probability of blank"), null=True)

    class Meta(RunRow.Meta):
        indexes = [
            models.Index(
                name="place_coverage_layer",
                fields=["operator", "service", "first_run"],
            ),
        ]
        constraints = [
            *RunRow.Meta.constraints,
            models.CheckConstraint(
                name="place_coverage_state_known",
                condition=Q(
                    state__in=["covered", "weak", "likely_blank", "blank", "unknown"]
                ),
            ),
            models.CheckConstraint(
                name="place_coverage_unknown_has_no_probability",
                condition=Q(state="unknown", p_blank__isnull=True)
                | Q(~Q(state="unknown"), p_blank__gte=0, p_blank__lte=1),
            ),
            models.CheckConstraint(
                name="place_coverage_of_one_place",
                condition=Q(settlement__isnull=True) | Q(facility__isnull=True),
            ),
            models.UniqueConstraint(
                name="place_coverage_settlement_once",
                fields=["operator", "service", "settlement"],
                condition=Q(ended_run__isnull=True, settlement__isnull=False),
            ),
            models.UniqueConstraint(
                name="place_coverage_facility_once",
                fields=["operator", "service", "facility"],
                condition=Q(ended_run__isnull=True, facility__isnull=False),
            ),
            models.UniqueConstraint(
                name="place_coverage_village_once",
                fields=["operator", "service", "village"],
                condition=Q(
                    ended_run__isnull=True,
                    settlement__isnull=True,
                    facility__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        place = self.settlement or self.facility or self.village
        return f"{place} {self.operator}/{self.service}"
