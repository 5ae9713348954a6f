"""What has been stated about villages: claims, never measurements."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.places import Village
from villages.models.reports import Operator

HOURS_OF_DAY = 24


class ClaimSheet(models.Model):
    """A spreadsheet of claims that somebody brought to the office.

    It waits, its rows without effect, until it is confirmed; then each row is a
    claim or says why it is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    occasion = models.CharField(_("letter or occasion"), max_length=200, blank=True)
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("brought by"),
    )
    brought_at = models.DateTimeField(_("brought at"), db_default=Now())
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    ignored_columns = models.JSONField(_("columns left aside"), default=list)
    row_count = models.PositiveIntegerField(_("rows"))
    stored = models.PositiveIntegerField(_("stored"), default=0)
    duplicate = models.PositiveIntegerField(_("already there"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)

    class Meta:
        ordering = ["-brought_at"]
        verbose_name = _("sheet of claims")
        verbose_name_plural = _("sheets of claims")
        constraints = [
            models.CheckConstraint(
                name="claim_sheet_sha256_form",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
            ),
            models.UniqueConstraint(name="claim_sheet_file_once", fields=["sha256"]),
            models.CheckConstraint(
                name="claim_sheet_rows_add_up",
                condition=Q(
                    confirmed_at__isnull=True,
                    stored=0,
                    duplicate=0,
                    left_out=0,
                    rejected=0,
                )
                | Q(
                    confirmed_at__isnull=False,
                    row_count=F("stored")
                    + F("duplicate")
                    + F("left_out")
                    + F("rejected"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.brought_at:%Y-%m-%d})"


class Claim(models.Model):
    """Something stated about a village's signal by somebody, never measured.

    Claims contradict each other; they are kept as they were made, each with
    its date and source. Those that came in a sheet are verified one by one; the
    official record is not.
    """

    class Kind(models.TextChoices):
        # Diskominfo's own list of blank-spot villages, a layer of its own.
        LISTED_BLANK = "listed_blank", _("on the official list of blank spots")
        STATEMENT = "statement", _("statement")
        # From sheets: who speaks for the village itself, and who for an office.
        VILLAGE_STATEMENT = "village_statement", _("statement of the village")
        OFFICE_STATEMENT = "office_statement", _("statement of an office")

    class Stated(models.TextChoices):
        """What a sheet says of the signal, in the words of offices and of PODES."""

        NO_SERVICE = "no_service", _("no signal")
        EMERGENCY_ONLY = "emergency_only", _("emergency calls only")
        VOICE_ONLY = "voice_only", _("calls only")
        WEAK = "weak", _("weak signal")
        SLOW_INTERNET = "slow_internet", _("slow internet")
        GOOD_INTERNET = "good_internet", _("good internet")
        STRONG = "strong", _("strong signal")
        # The word has two meanings in use (no 4G, no signal at all), so it stays.
        BLANK_SPOT = "blank_spot", _("“blank spot”, not said more exactly")

    class Verification(models.TextChoices):
        TO_VERIFY = "to_verify", _("not verified yet")
        CONFIRMED = "confirmed", _("confirmed")
        REFUTED = "refuted", _("refuted")
        NOT_ASKED = "", _("on record")

    RECORD_KINDS = (Kind.LISTED_BLANK, Kind.STATEMENT)
    SHEET_KINDS = (Kind.VILLAGE_STATEMENT, Kind.OFFICE_STATEMENT)

    village = models.ForeignKey(
        Village, models.PROTECT, related_name="claims", verbose_name=_("village")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    stated_date = models.DateField(_("stated on"))
    event = models.CharField(_("occasion"), max_length=200)
    status = models.CharField(_("what was stated"), max_length=300)
    responsible = models.CharField(_("responsible"), max_length=150, blank=True)
    source = models.CharField(_("source"), max_length=300)
    name_in_source = models.CharField(_("name in the source"), max_length=100)
    note = models.CharField(_("note"), max_length=300, blank=True)

    sheet = models.ForeignKey(
        ClaimSheet,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("sheet"),
    )
    digest = models.CharField(max_length=64, blank=True, editable=False)
    stated = models.CharField(
        _("stated signal"), max_length=16, choices=Stated, blank=True
    )
    operator = models.CharField(
        _("operator"), max_length=16, choices=Operator, blank=True
    )
    settlement = models.CharField(_("RT or dusun"), max_length=100, blank=True)
    stated_by_role = models.CharField(
        _("stated by (office)"), max_length=100, blank=True
    )
    stated_by_name = models.CharField(_("stated by (name)"), max_length=100, blank=True)
    power_hours = models.FloatField(_("hours of power a day"), null=True, blank=True)
    # Starlink at the village office is not mobile coverage: kept apart.
    other_internet = models.CharField(
        _("internet that is not mobile"), max_length=100, blank=True
    )
    verification = models.CharField(
        _("verification"), max_length=10, choices=Verification, blank=True
    )

    class Meta:
        ordering = ["village", "-stated_date", "event"]
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.CheckConstraint(
                name="claim_kind_known",
                condition=Q(
                    kind__in=[
                        "listed_blank",
                        "statement",
                        "village_statement",
                        "office_statement",
                    ]
                ),
            ),
            models.UniqueConstraint(
                name="claim_stated_once",
                fields=["village", "kind", "stated_date", "event"],
                condition=Q(digest=""),
            ),
            models.UniqueConstraint(
                name="claim_content_once", fields=["digest"], condition=~Q(digest="")
            ),
            models.CheckConstraint(
                name="claim_on_record_or_from_a_sheet",
                condition=Q(
                    kind__in=["listed_blank", "statement"],
                    sheet__isnull=True,
                    digest="",
                    stated="",
                    verification="",
                )
                | Q(
                    kind__in=["village_statement", "office_statement"],
                    sheet__isnull=False,
                    digest__regex=r"^[0-9a-f]{64}$",
                    stated__in=[
                        "no_service",
                        "emergency_only",
                        "voice_only",
                        "weak",
                        "slow_internet",
                        "good_internet",
                        "strong",
                        "blank_spot",
                    ],
                    verification__in=["to_verify", "confirmed", "refuted"],
                ),
            ),
            models.CheckConstraint(
                name="claim_operator_known",
                condition=Q(operator="") | Q(operator__in=Operator),
            ),
            models.CheckConstraint(
                name="claim_power_hours_in_range",
                condition=Q(power_hours__isnull=True)
                | Q(power_hours__gte=0, power_hours__lte=HOURS_OF_DAY),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.village}, {self.stated_date}: {self.status}"


class ClaimRow(models.Model):
    """One row of a sheet as it was written, and what became of it."""

    class Result(models.TextChoices):
        WAITING = "", _("waits for confirmation")
        STORED = "stored", _("stored")
        DUPLICATE = "duplicate", _("already there")
        LEFT_OUT = "left_out", _("left out")
        REJECTED = "rejected", _("rejected")

    sheet = models.ForeignKey(ClaimSheet, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(_("row"))
    # By field of the reader; text, as it stood in the cells.
    cells = models.JSONField(_("as written"))
    result = models.CharField(_("result"), max_length=10, choices=Result, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    claim = models.ForeignKey(
        Claim, models.PROTECT, null=True, related_name="rows", verbose_name=_("claim")
    )

    class Meta:
        ordering = ["sheet", "line"]
        verbose_name = _("row of a sheet")
        verbose_name_plural = _("rows of sheets")
        constraints = [
            models.UniqueConstraint(name="claim_row_once", fields=["sheet", "line"]),
            models.CheckConstraint(
                name="claim_row_result_fits_its_claim",
                condition=Q(result__in=["stored", "duplicate"], claim__isnull=False)
                | Q(result__in=["", "left_out", "rejected"], claim__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sheet_id}, {self.line}"


class ClaimDecision(models.Model):
    """What a verifier found out about a claim. Rows are added, never changed."""

    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="decisions", verbose_name=_("claim")
    )
    verification = models.CharField(
        _("verification"), max_length=10, choices=Claim.Verification
    )
    reason = models.CharField(_("reason"), max_length=500)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), db_default=Now())

    class Meta:
        ordering = ["-decided_at", "-id"]
        verbose_name = _("decision on a claim")
        verbose_name_plural = _("decisions on claims")
        constraints = [
            models.CheckConstraint(
                name="claim_decision_known",
                condition=Q(verification__in=["confirmed", "refuted"]),
            ),
            models.CheckConstraint(
                name="claim_decision_has_a_reason", condition=~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.verification}"
