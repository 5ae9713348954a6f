"""What a run found: surfaces, blank spots, and what they mean for places."""

from __future__ import annotations

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from coverage.models.runs import CoverageRun, LayerOperator, Service
from villages.models import Facility, Settlement, Village


class SpotState(models.TextChoices):
    BLANK = "blank", _("blank spot")
    LIKELY_BLANK = "likely_blank", _("probably blank")


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
    """A polygon where reports show no usable signal, or probably none.

    The table has a column more, ``feature_text``, which a trigger writes and the OGC
    API reads (migration 0008).
    """

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
    # A place that the office deletes was there in the runs of its time: its rows stay.
    settlement = models.ForeignKey(
        Settlement,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="coverage",
    )
    facility = models.ForeignKey(
        Facility,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="coverage",
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
        place = self.settlement_id or self.facility_id or self.village_id
        return f"{place} {self.operator}/{self.service}"
