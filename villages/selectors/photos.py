"""What is known of the photos of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.measure import Distance as Measured
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from villages.models import Photo, SignalReport

# Phones write the last place they knew into a photo, minutes old in a boat at speed.
# Farther than this it was hardly taken at the report's place.
FAR_M = 1_000.0


@dataclass(frozen=True)
class ReportPhoto:
    id: UUID
    url: str
    width_px: int
    height_px: int
    taken_at: datetime | None
    # From the report to the place that the photo itself names; None: it names none.
    distance_m: float | None
    # For whoever judges the report; empty when nothing is odd.
    remark: str


def photos_of(report: SignalReport) -> list[ReportPhoto]:
    """Return the photos of *report* that are kept, in the order in which they came."""
    photos = report.photos.filter(state=Photo.State.KEPT).annotate(
        distance=Distance("exif_point", report.point, spheroid=True)
    )
    return [_seen(photo, photo.distance) for photo in photos]


def _seen(photo: Photo, distance: Measured | None) -> ReportPhoto:
    distance_m = None if distance is None else distance.m
    return ReportPhoto(
        id=photo.id,
        url=reverse("photo", args=[photo.id]),
        width_px=photo.width_px or 0,
        height_px=photo.height_px or 0,
        taken_at=photo.taken_at,
        distance_m=distance_m,
        remark=_remark(distance_m),
    )


def _remark(distance_m: float | None) -> str:
    if distance_m is None or distance_m <= FAR_M:
        return ""
    return _("By its own position the photo was taken %(km)s km from here.") % {
        "km": number_format(distance_m / 1000, 1)
    }
