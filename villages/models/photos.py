"""Pictures that belong to reports, and how much of each has come."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.geos import Polygon
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from villages.models.reports import SignalReport


class Photo(models.Model):
    """A picture taken at a visit, of which every report may be one's evidence.

    It comes in pieces, each at the end of what is there, and is known by the SHA-256 of
    the bytes that the phone sends. What is kept is another file: drawn anew without
    metadata, so that the fingerprint is the sender's alone.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", pgettext_lazy("photo", "arriving")
        KEPT = "kept", pgettext_lazy("photo", "kept")
        REFUSED = "refused", pgettext_lazy("photo", "refused")

    class Refusal(models.TextChoices):
        NOT_AN_IMAGE = (
            "not_an_image",
            _("The photo cannot be opened. Send a JPEG, PNG or WebP."),
        )
        TOO_MANY_PIXELS = (
            "too_many_pixels",
            _("The photo has too many pixels. Take it with a lower resolution."),
        )
        DAMAGED = (
            "damaged",
            _("The photo arrived damaged, twice. Take it or choose it anew."),
        )

    # Also the name of its file, which nobody outside can choose or guess.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reports = models.ManyToManyField(
        SignalReport, related_name="photos", verbose_name=_("reports")
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="photos",
        verbose_name=_("sent by"),
    )
    sha256 = models.CharField(max_length=64, editable=False)
    size_bytes = models.PositiveIntegerField(_("size (bytes)"))
    received_bytes = models.PositiveIntegerField(_("received (bytes)"), default=0)
    # How often it came whole and was not what had been announced.
    damaged_count = models.PositiveSmallIntegerField(default=0)

    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.ARRIVING
    )
    refusal = models.CharField(
        _("why it is refused"), max_length=16, choices=Refusal, blank=True
    )
    format = models.CharField(_("format"), max_length=4, blank=True)
    width_px = models.PositiveIntegerField(_("width (pixels)"), null=True)
    height_px = models.PositiveIntegerField(_("height (pixels)"), null=True)

    # As the phone read them in the photo, before it made it smaller.
    exif_point = models.PointField(_("the photo's own place"), null=True)
    taken_at = models.DateTimeField(_("taken at"), null=True)

    begun_at = models.DateTimeField(_("begun at"), db_default=Now())
    last_piece_at = models.DateTimeField(_("last piece at"))
    kept_at = models.DateTimeField(_("kept at"), null=True)

    class Meta:
        ordering = ["begun_at", "id"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [
            # Of each sender: who only knows a fingerprint gets nobody's photo by it.
            models.UniqueConstraint(
                name="photo_once_per_sender", fields=["sent_by", "sha256"]
            ),
            models.CheckConstraint(
                name="photo_sha256_form",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(
                name="photo_received_within_size",
                condition=Q(size_bytes__gt=0, received_bytes__lte=F("size_bytes")),
            ),
            models.CheckConstraint(
                name="photo_state_known",
                condition=Q(state="arriving", refusal="", kept_at__isnull=True)
                | Q(
                    state="kept",
                    refusal="",
                    received_bytes=F("size_bytes"),
                    format__in=["JPEG", "PNG", "WEBP"],
                    width_px__isnull=False,
                    height_px__isnull=False,
                    kept_at__isnull=False,
                )
                | (Q(state="refused", kept_at__isnull=True) & ~Q(refusal="")),
            ),
            models.CheckConstraint(
                name="photo_exif_point_on_earth",
                condition=Q(exif_point__isnull=True)
                | Q(
                    exif_point__coveredby=Polygon.from_bbox(
                        (-180.0, -90.0, 180.0, 90.0)
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:8]} ({self.state})"
