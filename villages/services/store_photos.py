"""Photos come piece by piece over bad links; each is kept once, or refused in words.

Where they lie, under ``MEDIA_ROOT/photos``:

arriving/<id>.part   the bytes so far
<xx>/<id>.jpg        the photo that is kept; xx are the first two digits of its id
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import Photo, SignalReport
from villages.services.redraw_photo import CannotRedrawError, redraw

# One request's worth: over GPRS a minute or two.
MAX_PIECE_BYTES = 256 * 1024
# A visit has one; some more for corrections, and for what was refused.
MAX_PHOTOS_PER_REPORT = 5
# What came whole and is not what was announced may be one fault of the way here, and is
# asked for once more. A second time the phone's own copy is at fault.
MAX_DAMAGED = 2
# A photo of which nothing came for so long begins anew; the phone still has it.
FORGOTTEN_AFTER = timedelta(days=60)
# A file is there some moments before its row is.
STRAY_AFTER = timedelta(days=1)


class PhotoReportError(DomainError):
    status = 404
    title = gettext_noop("You have sent no report with this id.")


class PhotoTooLargeError(DomainError):
    status = 413
    title = gettext_noop("The photo is too large.")


class PhotoSizeError(DomainError):
    status = 409
    title = gettext_noop("Another size was announced for this photo.")


class TooManyPhotosError(DomainError):
    status = 422
    title = gettext_noop("This report has enough photos.")


class NoRoomError(DomainError):
    status = 507
    title = gettext_noop("The server has no room for photos.")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some bytes of a photo, from *first* on; without *content* it only asks."""

    total: int
    first: int = 0
    content: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the phone read in the photo it took."""

    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None


def photos_dir() -> Path:
    return Path(settings.MEDIA_ROOT) / "photos"


def part_path(photo_id: UUID) -> Path:
    return photos_dir() / "arriving" / f"{photo_id}.part"


def kept_path(photo_id: UUID) -> Path:
    return photos_dir() / str(photo_id)[:2] / f"{photo_id}.jpg"


def receive_piece(
    *,
    report_id: UUID,
    sha256: str,
    piece: Piece,
    sent_by_id: int,
    now: datetime,
    told: Told = Told(),
) -> Photo:
    """Join the photo *sha256* to a report and add *piece* to what is there of it.

    The photo that is returned says how much is there, and whether it is kept or
    refused. A piece that begins beyond that stores nothing, one that overlaps only its
    rest. Safe to repeat, in any order, and at the same time as others.

    Raises
    ------
    PhotoReportError
        If *sent_by_id* has sent no report *report_id*.
    PhotoTooLargeError, PhotoSizeError, TooManyPhotosError
        If this cannot become a photo of it.
    NoRoomError
        If the disk is full, or nearly so; nothing is lost of what was there.
    """
    if piece.total > settings.KUKAR_MAX_PHOTO_BYTES:
        raise PhotoTooLargeError(
            _("A photo has at most %(most)d kB. Make it smaller.")
            % {"most": settings.KUKAR_MAX_PHOTO_BYTES // 1000}
        )
    with transaction.atomic():
        photo = _photo_of(report_id, sha256, piece, sent_by_id, now, told)
        is_begun = photo.received_bytes > 0 or bool(piece.content)
        if photo.state == Photo.State.ARRIVING and is_begun:
            with _room():
                _add(photo, piece, now)
            photo.save()
    return photo


def _photo_of(
    report_id: UUID,
    sha256: str,
    piece: Piece,
    sent_by_id: int,
    now: datetime,
    told: Told,
) -> Photo:
    """Return the photo, joined to the report; its row is ours until we commit."""
    if not SignalReport.objects.filter(pk=report_id, reported_by=sent_by_id).exists():
        raise PhotoReportError(_("You have sent no report with this id."))
    has_place = told.lon is not None and told.lat is not None
    Photo.objects.get_or_create(
        sent_by_id=sent_by_id,
        sha256=sha256,
        defaults={
            "size_bytes": piece.total,
            "last_piece_at": now,
            "exif_point": Point(told.lon, told.lat, srid=4326) if has_place else None,
            "taken_at": told.taken_at,
        },
    )
    photo = Photo.objects.select_for_update().get(sent_by=sent_by_id, sha256=sha256)
    if photo.size_bytes != piece.total:
        raise PhotoSizeError(
            _("This photo was announced with %(size)d bytes.")
            % {"size": photo.size_bytes}
        )
    if not photo.reports.filter(pk=report_id).exists():
        # So that two photos at once cannot both be the last that is allowed.
        report = SignalReport.objects.select_for_update(no_key=True).get(pk=report_id)
        if report.photos.count() >= MAX_PHOTOS_PER_REPORT:
            raise TooManyPhotosError(
                _("A report has at most %(most)d photos.")
                % {"most": MAX_PHOTOS_PER_REPORT}
            )
        photo.reports.add(report)
    return photo


def _add(photo: Photo, piece: Piece, now: datetime) -> None:
    with _open_part(photo.id) as part:
        # The row is written after the file has reached the disk, so it never promises
        # more than there was; but a restored backup may have the row without the file.
        there = min(photo.received_bytes, os.fstat(part.fileno()).st_size)
        if piece.content and piece.first <= there:
            fresh = piece.content[there - piece.first : photo.size_bytes - piece.first]
            if fresh:
                part.seek(there)
                part.write(fresh)
                part.flush()
                os.fsync(part.fileno())
                there += len(fresh)
                photo.last_piece_at = now
        photo.received_bytes = there
        if there == photo.size_bytes:
            part.seek(0)
            _finish(photo, part.read(there), now)
    if photo.state != Photo.State.ARRIVING:
        path = part_path(photo.id)
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _finish(photo: Photo, content: bytes, now: datetime) -> None:
    """Keep *content*, all bytes of *photo*, or say why it is not kept."""
    if hashlib.sha256(content).hexdigest() != photo.sha256:
        photo.damaged_count += 1
        if photo.damaged_count < MAX_DAMAGED:
            photo.received_bytes = 0
        else:
            _refuse(photo, Photo.Refusal.DAMAGED)
        return
    try:
        redrawn = redraw(content)
    except CannotRedrawError as error:
        _refuse(photo, error.refusal)
        return
    _write_whole(kept_path(photo.id), redrawn.jpeg)
    photo.state = Photo.State.KEPT
    photo.format = redrawn.format
    photo.width_px, photo.height_px = redrawn.width_px, redrawn.height_px
    photo.kept_at = now


def _refuse(photo: Photo, refusal: Photo.Refusal) -> None:
    photo.state = Photo.State.REFUSED
    photo.refusal = refusal


# --- the disk ------------------------------------------------------------------------


@contextmanager
def _room() -> Iterator[None]:
    """Turn photos away while the disk is nearly full: reports need what is left."""
    _make_dir(part_path(UUID(int=0)).parent)
    reserve = settings.KUKAR_PHOTO_RESERVE_BYTES
    message = _("The server has no room for photos now. It is tried again later.")
    if shutil.disk_usage(photos_dir()).free < reserve:
        raise NoRoomError(message)
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoomError(message) from error
        raise


def _make_dir(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _open_part(photo_id: UUID) -> Iterator[BinaryIO]:
    path = part_path(photo_id)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        yield file
    _sync_dir(path.parent)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole, on the disk, or not at all."""
    _make_dir(path.parent)
    unfinished = path.with_suffix(".new")
    descriptor = os.open(
        unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
    )
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync_dir(path.parent)


def _sync_dir(path: Path) -> None:
    """Let a file's name, too, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- what is left over ---------------------------------------------------------------


def clean_photos(*, now: datetime) -> dict[str, int]:
    """Remove photos that nobody waits for, and files that belong to none.

    Photos of which nothing came for two months, photos whose reports are gone, and
    files older than a day that belong to no photo. Returns how many of each. Safe to
    repeat, and while photos arrive.
    """
    forgotten = Photo.objects.filter(
        state=Photo.State.ARRIVING, last_piece_at__lt=now - FORGOTTEN_AFTER
    )
    return {
        "forgotten_photos": _remove(forgotten),
        "photos_without_report": _remove(Photo.objects.filter(reports=None)),
        "stray_files": _remove_strays(now),
    }


@transaction.atomic
def _remove(photos: QuerySet[Photo]) -> int:
    """Remove rows, then their files; a photo that arrives just now stays."""
    ids = [
        photo.id for photo in photos.select_for_update(skip_locked=True, of=("self",))
    ]
    Photo.objects.filter(id__in=ids).delete()

    def remove_files() -> None:
        for photo_id in ids:
            part_path(photo_id).unlink(missing_ok=True)
            kept_path(photo_id).unlink(missing_ok=True)

    transaction.on_commit(remove_files)
    return len(ids)


def _remove_strays(now: datetime) -> int:
    ids = Photo.objects.values_list("id", flat=True)
    known = {f"{each}.part" for each in ids.filter(state=Photo.State.ARRIVING)}
    known |= {f"{each}.jpg" for each in ids.filter(state=Photo.State.KEPT)}
    oldest_s = (now - STRAY_AFTER).timestamp()
    removed = 0
    for path in photos_dir().glob("*/*"):
        if path.name not in known and path.stat().st_mtime < oldest_s:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
