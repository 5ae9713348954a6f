"""What was observed, and what the database itself refuses to store."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.geos import Polygon
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GistIndex
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.devices import Device
from villages.models.places import Village


class Operator(models.TextChoices):
    TELKOMSEL = "TELKOMSEL", "Telkomsel"
    INDOSAT = "INDOSAT", "Indosat Ooredoo Hutchison"
    XLSMART = "XLSMART", "XLSmart"


class Technology(models.TextChoices):
    UNKNOWN = "", _("not known")
    G2 = "2G", "2G"
    G3 = "3G", "3G"
    G4 = "4G", "4G"
    G5 = "5G", "5G"


class Found(models.TextChoices):
    """What the phone found. No service is an observation, not a missing one."""

    NO_SERVICE = "no_service", _("no signal")
    EMERGENCY_ONLY = "emergency_only", _("emergency calls only")
    VOICE_ONLY = "voice_only", _("calls only")
    DATA = "data", _("internet")


class Internet(models.TextChoices):
    """How the internet felt, where there was any and nobody measured it."""

    SLOW = "slow", _("slow")
    GOOD = "good", _("good")
    UNKNOWN = "", _("not known")


class Environment(models.TextChoices):
    OUTDOOR = "outdoor", _("outdoors")
    INDOOR = "indoor", _("indoors")
    VEHICLE = "vehicle", _("in a vehicle or boat")
    UNKNOWN = "", _("not known")


class PositionSource(models.TextChoices):
    DEVICE = "device", _("the phone's position")
    MANUAL = "manual", _("pin set by hand")


class TimeZone(models.TextChoices):
    """Indonesia's zones and UTC: in which one a file's clock times are."""

    WITA = "WITA", _("WITA (UTC+8), local")
    WIB = "WIB", _("WIB (UTC+7)")
    WIT = "WIT", _("WIT (UTC+9)")
    UTC = "UTC", "UTC"


class ReviewState(models.TextChoices):
    UNREVIEWED = "unreviewed", _("not reviewed")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    # The reporter was asked something; and has answered.
    ASKED = "asked", _("asked back")
    ANSWERED = "answered", _("answered")


# What a phone can report as received power. Outside these a value is a fault of
# the phone, not a weak signal. 2G: RXLEV, TS 45.008 §8.1.4 (-110 … -48 dBm, open
# at both ends; Android reports -113 … -51 by 27.007 §8.5). 3G: CPICH RSCP,
# TS 25.133 §9.1.1.3. 4G: RSRP, TS 36.133 §9.1.4. 5G: SS-RSRP, TS 38.133 §10.1.6.
# Where the technology is not known, RSRP is taken for what it is in 4G.
RSRP_RANGE_DBM = {
    Technology.G2: (-113.0, -47.0),
    Technology.G3: (-120.0, -24.0),
    Technology.G4: (-140.0, -44.0),
    Technology.G5: (-156.0, -31.0),
    Technology.UNKNOWN: (-140.0, -44.0),
}
# RSRQ: TS 36.133 §9.1.7 (-34 … 2.5 with the extended range), TS 38.133 §10.1.11
# (-43 … 20); Ec/N0 of 3G lies inside. SINR: TS 38.133 §10.1.16 (-23 … 40).
RSRQ_RANGE_DB = (-43.0, 20.0)
SINR_RANGE_DB = (-23.0, 40.0)
# Bounds of what can be meant; a fix worse than 100 m is flagged, not refused.
MAX_ACCURACY_M = 100_000.0
MAX_RATE_MBPS = 10_000.0
MAX_LATENCY_MS = 120_000.0
# A month without power; beyond it the place has none, which is for the note.
MAX_POWER_OUT_HOURS = 744.0
# The first commercial 2G network in Indonesia; earlier is a phone without a clock.
EARLIEST_OBSERVED_YEAR = 1993
EARLIEST_OBSERVED = datetime(EARLIEST_OBSERVED_YEAR, 1, 1, tzinfo=UTC)
# Further ahead no clock is wrong by chance, and no date can be reckoned with.
LATEST_OBSERVED = datetime(2100, 1, 1, tzinfo=UTC)


def _between(field: str, low: float, high: float) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(
        **{f"{field}__gte": low, f"{field}__lte": high}
    )


def _rsrp_in_range() -> Q:
    condition = Q(rsrp_dbm__isnull=True)
    for technology, (low, high) in RSRP_RANGE_DBM.items():
        condition |= Q(technology=technology, rsrp_dbm__gte=low, rsrp_dbm__lte=high)
    return condition


def to_be_reviewed() -> Q:
    """Return the condition of the review queue."""
    return Q(review_state=ReviewState.UNREVIEWED) & ~Q(flags=[]) | Q(
        review_state__in=[ReviewState.ASKED, ReviewState.ANSWERED]
    )


class ImportBatch(models.Model):
    """One file that somebody brought, and what became of its rows."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("brought at"), db_default=Now())
    finished_at = models.DateTimeField(_("finished at"), null=True)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        verbose_name=_("imported by"),
    )
    file_name = models.CharField(_("file"), max_length=255)
    format = models.CharField(_("format"), max_length=40, blank=True)
    operator = models.CharField(
        _("operator"), max_length=16, choices=Operator, blank=True
    )
    observed_on = models.DateField(
        _("measured on"),
        null=True,
        blank=True,
        help_text=_("The day that was told for rows without a time."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=4, choices=TimeZone, default=TimeZone.WITA
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING
    )
    is_cancel_wanted = models.BooleanField(_("to be cancelled"), default=False)
    is_atomic = models.BooleanField(_("all or nothing"), default=False)
    is_dry_run = models.BooleanField(_("only a trial"), default=False)
    bytes_total = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    stored = models.PositiveIntegerField(_("stored"), default=0)
    duplicate = models.PositiveIntegerField(_("already there"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                name="import_batch_rows_add_up",
                condition=Q(rows=F("stored") + F("duplicate") + F("rejected")),
            ),
            models.CheckConstraint(
                name="import_batch_time_zone_known",
                condition=Q(time_zone__in=TimeZone),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.created_at:%Y-%m-%d})"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more becomes of it, however it ended."""
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)


class SignalReport(models.Model):
    """One observation of one operator at one place and moment.

    The key is made on the phone, so that a report sent twice over a bad link
    is stored once. ``rsrp_dbm`` is the received power of the technology's
    reference signal: RSRP in 4G and 5G, RSCP in 3G, RxLev in 2G.
    """

    id = models.UUIDField(primary_key=True)
    digest = models.CharField(max_length=64, editable=False)

    operator = models.CharField(_("operator"), max_length=16, choices=Operator)
    technology = models.CharField(
        _("technology"), max_length=2, choices=Technology, blank=True
    )
    found = models.CharField(_("found"), max_length=16, choices=Found)
    internet = models.CharField(
        _("internet felt"), max_length=4, choices=Internet, blank=True
    )
    rsrp_dbm = models.FloatField(_("RSRP (dBm)"), null=True, blank=True)
    rsrq_db = models.FloatField(_("RSRQ (dB)"), null=True, blank=True)
    sinr_db = models.FloatField(_("SINR (dB)"), null=True, blank=True)
    download_mbps = models.FloatField(_("download (Mbit/s)"), null=True, blank=True)
    upload_mbps = models.FloatField(_("upload (Mbit/s)"), null=True, blank=True)
    latency_ms = models.FloatField(_("latency (ms)"), null=True, blank=True)

    point = models.PointField(_("place"))
    accuracy_m = models.FloatField(_("accuracy (m)"), null=True, blank=True)
    position_source = models.CharField(
        _("position from"),
        max_length=8,
        choices=PositionSource,
        default=PositionSource.DEVICE,
    )
    environment = models.CharField(
        _("environment"), max_length=8, choices=Environment, blank=True
    )
    power_out_hours = models.FloatField(_("hours without power"), null=True, blank=True)
    village = models.ForeignKey(
        Village,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=_("village"),
        # The index of villages below begins with it.
        db_index=False,
    )

    observed_at = models.DateTimeField(_("observed at"))
    received_at = models.DateTimeField(_("received at"), db_default=Now())
    clock_skew_s = models.FloatField(
        _("phone's clock ahead (s)"),
        null=True,
        blank=True,
        help_text=_("The phone's time minus the server's when the report arrived."),
    )
    device_model = models.CharField(_("device"), max_length=100, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="signal_reports",
        verbose_name=_("reported by"),
    )
    device = models.ForeignKey(
        Device,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        # Indexed below for the few that have one: imports bring millions without.
        db_index=False,
        verbose_name=_("sent by device"),
    )
    source = models.CharField(_("source"), max_length=40)
    batch = models.ForeignKey(
        ImportBatch,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=_("import"),
        # The index by batch and time serves for both.
        db_index=False,
    )

    flags = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("flags"),
        default=list,
        blank=True,
    )
    # One of each visit, place, operator and finding: what later reports are compared
    # with, so that a long log is not looked at row by row.
    is_witness = models.BooleanField(default=False, editable=False)
    review_state = models.CharField(
        _("review"),
        max_length=12,
        choices=ReviewState,
        default=ReviewState.UNREVIEWED,
    )
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        ordering = ["-observed_at", "id"]
        verbose_name = _("signal report")
        verbose_name_plural = _("signal reports")
        indexes = [
            models.Index(name="signal_report_operator", fields=["operator"]),
            # The order of lists that are read page by page.
            models.Index(name="signal_report_newest", fields=["-observed_at", "id"]),
            # With all that tells whether a report counts: pages sum up by village
            # without reading the reports themselves.
            models.Index(
                name="signal_report_of_village",
                fields=["village", "operator", "observed_at"],
                include=["review_state", "flags", "is_demo"],
            ),
            models.Index(
                name="signal_report_demo", fields=["id"], condition=Q(is_demo=True)
            ),
            models.Index(
                name="signal_report_device",
                fields=["device"],
                condition=Q(device__isnull=False),
            ),
            BrinIndex(name="signal_report_received", fields=["received_at"]),
            models.Index(
                name="signal_report_of_batch",
                fields=["batch", "observed_at"],
                condition=Q(batch__isnull=False),
            ),
            models.Index(
                name="signal_report_of_person",
                fields=["reported_by", "observed_at"],
                condition=Q(batch__isnull=True),
            ),
            # As an expression, or PostGIS' backend forgets the condition.
            GistIndex(
                F("point"),
                name="signal_report_witness",
                condition=Q(is_witness=True),
            ),
            # What verifiers have to look at, oldest first.
            models.Index(
                name="signal_report_queue",
                fields=["received_at", "observed_at", "id"],
                condition=to_be_reviewed(),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="signal_report_operator_known",
                condition=Q(operator__in=Operator),
            ),
            models.CheckConstraint(
                name="signal_report_technology_known",
                condition=Q(technology__in=Technology),
            ),
            models.CheckConstraint(
                name="signal_report_found_known", condition=Q(found__in=Found)
            ),
            models.CheckConstraint(
                name="signal_report_environment_known",
                condition=Q(environment__in=Environment),
            ),
            models.CheckConstraint(
                name="signal_report_position_source_known",
                condition=Q(position_source__in=PositionSource),
            ),
            models.CheckConstraint(
                name="signal_report_review_state_known",
                condition=Q(review_state__in=ReviewState),
            ),
            models.CheckConstraint(
                name="signal_report_rsrp_in_range", condition=_rsrp_in_range()
            ),
            models.CheckConstraint(
                name="signal_report_rsrq_in_range",
                condition=_between("rsrq_db", *RSRQ_RANGE_DB),
            ),
            models.CheckConstraint(
                name="signal_report_sinr_in_range",
                condition=_between("sinr_db", *SINR_RANGE_DB),
            ),
            models.CheckConstraint(
                name="signal_report_reading_needs_service",
                # A phone without the operator's network has no reading of it.
                condition=Q(found__in=[Found.VOICE_ONLY, Found.DATA])
                | Q(rsrp_dbm__isnull=True, rsrq_db__isnull=True, sinr_db__isnull=True),
            ),
            models.CheckConstraint(
                name="signal_report_internet_known",
                condition=Q(internet="") | Q(internet__in=Internet, found=Found.DATA),
            ),
            models.CheckConstraint(
                name="signal_report_power_out_in_range",
                condition=_between("power_out_hours", 0, MAX_POWER_OUT_HOURS),
            ),
            models.CheckConstraint(
                name="signal_report_rate_needs_data",
                condition=Q(found=Found.DATA)
                | Q(
                    download_mbps__isnull=True,
                    upload_mbps__isnull=True,
                    latency_ms__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="signal_report_download_in_range",
                condition=_between("download_mbps", 0, MAX_RATE_MBPS),
            ),
            models.CheckConstraint(
                name="signal_report_upload_in_range",
                condition=_between("upload_mbps", 0, MAX_RATE_MBPS),
            ),
            models.CheckConstraint(
                name="signal_report_latency_in_range",
                condition=_between("latency_ms", 0, MAX_LATENCY_MS),
            ),
            models.CheckConstraint(
                name="signal_report_accuracy_in_range",
                condition=_between("accuracy_m", 0, MAX_ACCURACY_M),
            ),
            models.CheckConstraint(
                name="signal_report_point_on_earth",
                condition=Q(
                    point__coveredby=Polygon.from_bbox((-180.0, -90.0, 180.0, 90.0))
                ),
            ),
            models.CheckConstraint(
                name="signal_report_observed_at_possible",
                condition=Q(
                    observed_at__gte=EARLIEST_OBSERVED, observed_at__lt=LATEST_OBSERVED
                )
                # From before there were bounds: kept, and never set for a new report.
                | Q(flags__contains=["impossible_time"]),
            ),
            models.CheckConstraint(
                name="signal_report_digest_form",
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator} {self.observed_at:%Y-%m-%d} ({self.id})"


def receipt(digest: str) -> str:
    """Return the short code by which a reporter can name a stored report."""
    return f"{digest[:4]}-{digest[4:8]}".upper()


class ReportChange(models.Model):
    """A note, left in the transaction that changed reports, of where they lie.

    Whoever derives something from reports takes these notes (deletes them) and
    does that area anew. A note is never updated, so a change that commits late
    is still found.
    """

    operators = ArrayField(models.CharField(max_length=16, choices=Operator))
    extent = models.PolygonField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="report_change_names_an_operator", condition=~Q(operators=[])
            ),
        ]

    def __str__(self) -> str:
        return f"{', '.join(self.operators)} at {self.changed_at:%Y-%m-%d %H:%M:%S}"
