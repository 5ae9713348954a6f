"""Where people live."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BoundarySource(models.TextChoices):
    OFFICIAL = "official", _("from a boundary file")
    # Voronoi cells of the village points: a stand-in until the office has polygons.
    APPROXIMATE = "approximate", _("approximate")


class District(models.Model):
    """A kecamatan, as the Ministry of Home Affairs numbers it."""

    code = models.CharField(_("code"), max_length=8, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    boundary = models.MultiPolygonField(_("boundary"), null=True, blank=True)
    boundary_source = models.CharField(
        _("boundary source"),
        max_length=12,
        choices=BoundarySource,
        default=BoundarySource.APPROXIMATE,
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("district")
        verbose_name_plural = _("districts")
        constraints = [
            models.CheckConstraint(
                name="district_code_form",
                condition=Q(code__regex=r"^\d{2}\.\d{2}\.\d{2}$"),
            ),
            models.CheckConstraint(
                name="district_boundary_source_known",
                condition=Q(boundary_source__in=BoundarySource),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Village(models.Model):
    """A desa or kelurahan."""

    class Kind(models.TextChoices):
        DESA = "desa", _("desa")
        KELURAHAN = "kelurahan", _("kelurahan")

    code = models.CharField(_("code"), max_length=13, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    district = models.ForeignKey(
        District, models.PROTECT, related_name="villages", verbose_name=_("district")
    )
    point = models.PointField(
        _("point"), help_text=_("A point inside the village, for labels.")
    )
    settlement_point = models.PointField(
        _("probable settlement"),
        null=True,
        blank=True,
        help_text=_("Middle of the village's schools: an estimate, not a survey."),
    )
    area_km2 = models.FloatField(_("area (km²)"))
    boundary = models.MultiPolygonField(_("boundary"), null=True, blank=True)
    boundary_source = models.CharField(
        _("boundary source"),
        max_length=12,
        choices=BoundarySource,
        default=BoundarySource.APPROXIMATE,
    )
    # Sources spell names differently (Buluq Sen, Buluk Sen); the code is the key.
    aliases = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        verbose_name=_("other names"),
    )
    # Of the whole village, where the office has loaded it; never estimated by us.
    people = models.PositiveIntegerField(_("people"), null=True, blank=True)
    people_source = models.CharField(
        _("source of the population"), max_length=300, blank=True
    )
    power_hours = models.PositiveSmallIntegerField(
        _("hours of electricity a day"), null=True, blank=True
    )
    power_source = models.CharField(
        _("source of the electricity"), max_length=300, blank=True
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("village")
        verbose_name_plural = _("villages")
        constraints = [
            models.CheckConstraint(
                name="village_code_form",
                condition=Q(code__regex=r"^\d{2}\.\d{2}\.\d{2}\.\d{4}$"),
            ),
            models.CheckConstraint(
                name="village_kind_known", condition=Q(kind__in=["desa", "kelurahan"])
            ),
            models.CheckConstraint(
                name="village_area_positive", condition=Q(area_km2__gt=0)
            ),
            models.CheckConstraint(
                name="village_boundary_source_known",
                condition=Q(boundary_source__in=BoundarySource),
            ),
            models.CheckConstraint(
                name="village_power_hours_of_a_day", condition=Q(power_hours__lte=24)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Settlement(models.Model):
    """People within a village: an RT, a dusun or a kampung, as a point."""

    class Kind(models.TextChoices):
        RT = "rt", _("RT")
        DUSUN = "dusun", _("dusun")
        KAMPUNG = "kampung", _("kampung")

    village = models.ForeignKey(
        Village, models.PROTECT, related_name="settlements", verbose_name=_("village")
    )
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    point = models.PointField(_("point"))
    households = models.PositiveIntegerField(_("households"), null=True, blank=True)
    people = models.PositiveIntegerField(_("people"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300)
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        ordering = ["village", "name"]
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        constraints = [
            models.CheckConstraint(
                name="settlement_kind_known",
                condition=Q(kind__in=["rt", "dusun", "kampung"]),
            ),
            models.UniqueConstraint(
                name="settlement_once_per_village", fields=["village", "kind", "name"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.village}"


class Facility(models.Model):
    """A public service that people depend on."""

    class Kind(models.TextChoices):
        SCHOOL = "school", _("school")
        HEALTH_CENTRE = "health_centre", _("puskesmas")
        VILLAGE_OFFICE = "village_office", _("village office")
        WORSHIP = "worship", _("place of worship")
        OTHER = "other", _("other")

    village = models.ForeignKey(
        Village, models.PROTECT, related_name="facilities", verbose_name=_("village")
    )
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    point = models.PointField(_("point"))
    # Of a school and of a health centre, as the office counts them.
    pupils = models.PositiveIntegerField(_("pupils"), null=True, blank=True)
    patients = models.PositiveIntegerField(_("patients a year"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300)
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        ordering = ["village", "name"]
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")
        constraints = [
            models.CheckConstraint(
                name="facility_kind_known",
                condition=Q(
                    kind__in=[
                        "school",
                        "health_centre",
                        "village_office",
                        "worship",
                        "other",
                    ]
                ),
            ),
            models.UniqueConstraint(
                name="facility_once_per_village", fields=["village", "kind", "name"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.village}"
