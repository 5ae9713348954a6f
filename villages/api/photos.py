"""Photos of reports, in pieces: a cut connection goes on where it was."""

from __future__ import annotations

import math
import re
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.errors import DomainError
from kukar_connect.roles import CanSubmitReports
from kukar_connect.schema import failures
from villages.models import Photo
from villages.models.reports import EARLIEST_OBSERVED_YEAR
from villages.services.store_photos import (
    MAX_PIECE_BYTES,
    Piece,
    Told,
    receive_piece,
)

# RFC 9110, 14.4; the last form asks how much is there.
_RANGE = re.compile(r"bytes (?:([0-9]{1,9})-([0-9]{1,9})|\*)/([1-9][0-9]{0,8})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
RESUME_INCOMPLETE = 308


class PieceError(DomainError):
    title = gettext_noop("This is not a piece of a photo.")


class PieceTooLargeError(DomainError):
    status = 413
    title = gettext_noop("The piece is too large.")


class PhotoRefusedError(DomainError):
    status = 422
    title = gettext_noop("The photo is not accepted.")


class PhotoPieces(APIView):
    """A photo on its way to a report."""

    permission_classes = [CanSubmitReports]
    device_methods = ("PUT",)

    @extend_schema(
        operation_id="photos_put",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(
                "Content-Range",
                str,
                OpenApiParameter.HEADER,
                description=(
                    "`bytes 0-65535/180000` for a piece, `bytes */180000` with no body "
                    "to ask. Without it the body is the whole photo."
                ),
            ),
            OpenApiParameter(
                "X-Photo-Position",
                str,
                OpenApiParameter.HEADER,
                description="`lon,lat` as the camera wrote it in, only to compare.",
            ),
            OpenApiParameter(
                "X-Photo-Time",
                str,
                OpenApiParameter.HEADER,
                description="When it was taken, ISO 8601 with offset.",
            ),
        ],
        responses=dict.fromkeys(
            (200, 201, 308),
            inline_serializer(
                "Photo",
                {
                    "sha256": serializers.CharField(),
                    "state": serializers.ChoiceField(["arriving", "kept"]),
                    "received": serializers.IntegerField(),
                    "size": serializers.IntegerField(),
                },
            ),
        ),
        extensions=failures(
            {
                409: "The photo is of another size than was told.",
                422: "It is not kept, with the reason.",
                507: "No room is left for photos.",
            }
        ),
        description=(
            "Send a photo of a report that you sent, in pieces of at most "
            f"{MAX_PIECE_BYTES // 1024} kB, named by the SHA-256 of all its bytes. The "
            "protocol is that of resumable uploads with 308: as long as bytes are "
            "missing the answer is 308 with `Range: bytes=0-N` (absent: nothing is "
            "there) and `received`, from which to go on. 201 and 200 mean that it is "
            "kept, 422 that it is not, with the reason. Safe to repeat: nothing is "
            "stored of a piece that is there already, nor of one that begins too far "
            "on. When a connection was cut, ask and go on. One photo may belong to "
            "several reports: ask under the second report's address, and it has it "
            "without being sent again. JPEG, PNG and WebP are taken; what is kept is "
            "drawn anew without metadata."
        ),
    )
    def put(self, request: Request, report_id: UUID, sha256: str) -> Response:
        if not _SHA256.fullmatch(sha256):
            raise NotFound
        piece = _piece(request)
        now = timezone.now()
        photo = receive_piece(
            report_id=report_id,
            sha256=sha256,
            piece=piece,
            sent_by_id=request.user.pk,  # type: ignore[arg-type]  # signed in
            now=now,
            told=_told(request, now),
        )
        if photo.state == Photo.State.REFUSED:
            raise PhotoRefusedError(photo.get_refusal_display())
        body = {
            "sha256": photo.sha256,
            "state": photo.state,
            "received": photo.received_bytes,
            "size": photo.size_bytes,
        }
        if photo.state == Photo.State.KEPT:
            return Response(body, status=201 if photo.kept_at == now else 200)
        headers = {}
        if photo.received_bytes:
            headers["Range"] = f"bytes=0-{photo.received_bytes - 1}"
        return Response(body, status=RESUME_INCOMPLETE, headers=headers)


def _piece(request: Request) -> Piece:
    length = request.META.get("CONTENT_LENGTH") or "0"
    # Before a byte of it is read.
    if not length.isdecimal() or int(length) > MAX_PIECE_BYTES:
        raise PieceTooLargeError(
            _("Send at most %(most)d bytes at once, with Content-Range.")
            % {"most": MAX_PIECE_BYTES}
        )
    content: bytes = request.body
    whole = f"bytes 0-{int(length) - 1}/{length}"
    match = _RANGE.fullmatch(request.headers.get("Content-Range", whole))
    if match is None:
        raise PieceError(_("Write Content-Range like bytes 0-65535/180000."))
    first, last, total = match.groups()
    if first is None:
        if content:
            raise PieceError(_("A question has no body."))
        return Piece(total=int(total))
    if not int(first) <= int(last) < int(total):
        raise PieceError(_("Write Content-Range like bytes 0-65535/180000."))
    # A connection that was cut in the middle leaves less: as good as it is long.
    if len(content) > int(last) - int(first) + 1:
        raise PieceError(_("The body is longer than Content-Range says."))
    return Piece(total=int(total), first=int(first), content=content)


def _told(request: Request, now: datetime) -> Told:
    """Read what the camera wrote; it is only a check, so nonsense is left out."""
    lon, lat = _position(request.headers.get("X-Photo-Position", ""))
    try:
        taken_at = parse_datetime(request.headers.get("X-Photo-Time", ""))
    except ValueError:
        taken_at = None
    is_meant = (
        taken_at is not None
        and taken_at.tzinfo is not None
        and EARLIEST_OBSERVED_YEAR <= taken_at.year <= now.year + 1
    )
    return Told(lon=lon, lat=lat, taken_at=taken_at if is_meant else None)


def _position(text: str) -> tuple[float | None, float | None]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return None, None
    # Cameras without a fix write zeros.
    is_on_earth = -180 <= lon <= 180 and -90 <= lat <= 90 and (lon, lat) != (0, 0)
    return (lon, lat) if is_on_earth and math.isfinite(lon + lat) else (None, None)
