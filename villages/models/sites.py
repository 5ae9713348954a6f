"""What carries a signal: sites, and the internet of village offices."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from villages.models.places import Village
from villages.models.reports import Operator, Technology


class Site(models.Model):
    """A tower (BTS), a repeater or a VSAT, where somebody has told us of one.

    Built is not working: what was seen there, and when, is kept beside it.
    """

    class Kind(models.TextChoices):
        BTS = "bts", _("BTS")
        REPEATER = "repeater", _("repeater")
        VSAT = "vsat", _("VSAT")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        BUILT = "built", _("built, not on air")
        ON_AIR = "on_air", _("on air")
        OFF_AIR = "off_air", _("not working")
        NOT_KNOWN = "not_known", _("not known")

    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    point = models.PointField(_("point"))
    village = models.ForeignKey(
        Village,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sites",
        verbose_name=_("village"),
    )
    # Empty where it is not known whose they are.
    operators = ArrayField(
        models.CharField(max_length=16, choices=Operator),
        default=list,
        blank=True,
        verbose_name=_("operators"),
    )
    technologies = ArrayField(
        models.CharField(max_length=2, choices=Technology),
        default=list,
        blank=True,
        verbose_name=_("technologies"),
    )
    height_m = models.FloatField(_("height of the antenna (m)"), null=True, blank=True)
    owner = models.CharField(_("owner"), max_length=150, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.NOT_KNOWN
    )
    verified_date = models.DateField(_("last seen on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300)
    note = models.TextField(_("note"), blank=True)
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.CheckConstraint(
                name="site_kind_known",
                condition=Q(kind__in=["bts", "repeater", "vsat"]),
            ),
            models.CheckConstraint(
                name="site_status_known",
                condition=Q(
                    status__in=["planned", "built", "on_air", "off_air", "not_known"]
                ),
            ),
            models.CheckConstraint(
                name="site_operators_known",
                condition=Q(operators__contained_by=Operator.values),
            ),
            models.CheckConstraint(
                name="site_technologies_known",
                condition=Q(technologies__contained_by=Technology.values),
            ),
            models.CheckConstraint(
                name="site_height_plausible",
                condition=Q(height_m__gte=1, height_m__lte=500),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfficeInternet(models.Model):
    """Internet at a village office that is not mobile coverage, as somebody said.

    A radio link, Starlink or Orbit at the office serves the office: it is never
    counted as coverage. Statements are dated and may contradict each other.
    """

    class Kind(models.TextChoices):
        RADIO_LINK = "radio_link", _("radio link")
        SATELLITE = "satellite", _("satellite (Starlink and others)")
        CELLULAR = "cellular", _("mobile router (Orbit)")
        FIBRE = "fibre", _("fibre")
        NOT_TOLD = "not_told", _("kind not told")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        WORKING = "working", _("working")
        ENDED = "ended", _("ended")

    village = models.ForeignKey(
        Village,
        models.CASCADE,
        related_name="office_internet",
        verbose_name=_("village"),
    )
    kinds = ArrayField(
        models.CharField(max_length=12, choices=Kind), verbose_name=_("kinds")
    )
    status = models.CharField(_("status"), max_length=8, choices=Status)
    stated_date = models.DateField(_("stated on"))
    source = models.CharField(_("source"), max_length=300)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering = ["village", "-stated_date"]
        verbose_name = _("internet at the village office")
        verbose_name_plural = _("internet at village offices")
        constraints = [
            models.CheckConstraint(
                name="office_internet_kinds_known",
                condition=Q(
                    kinds__contained_by=[
                        "radio_link",
                        "satellite",
                        "cellular",
                        "fibre",
                        "not_told",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="office_internet_status_known",
                condition=Q(status__in=["planned", "working", "ended"]),
            ),
            models.UniqueConstraint(
                name="office_internet_stated_once",
                fields=["village", "stated_date", "source"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.village} {self.stated_date}"
