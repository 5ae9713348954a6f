"""The office's own background: a PMTiles file, of which a map reads single ranges."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

CONTENT_TYPE = "application/vnd.pmtiles"
# What a map reads at once is below 1 MB; a longer range is answered by its beginning.
MOST_BYTES = 4 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def basemap_path() -> Path | None:
    """Return the office's file, None where none is set or it is not there."""
    if not settings.KUKAR_BASEMAP:
        return None
    path = Path(settings.KUKAR_BASEMAP)
    return path if path.is_file() else None


def span(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and how many, of a Range header for *size* bytes.

    None where it cannot be satisfied; raises ValueError where it is not one range of
    bytes, which by RFC 9110 is as if it had not been sent.

    >>> span("bytes=0-126", 1000), span("bytes=-100", 1000), span("bytes=990-", 1000)
    ((0, 127), (900, 100), (990, 10))
    >>> span("bytes=1000-", 1000) is None
    True
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        raise ValueError(header)
    first, last = match[1], match[2]
    if not first:
        start, end = max(size - int(last), 0), size
        if int(last) == 0:
            return None
    else:
        start = int(first)
        end = size if not last else min(int(last) + 1, size)
        if last and int(last) < start:
            raise ValueError(header)
    if start >= size:
        return None
    return start, min(end - start, MOST_BYTES)


class Basemap(APIView):
    """The file for who may see the map, by ranges."""

    @extend_schema(
        operation_id="basemap",
        responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY},
        description=(
            "PMTiles; ask for ranges. A range of more than 4 MB is answered by its "
            "first 4 MB. 404 where the office has set no such file."
        ),
    )
    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        path = basemap_path()
        if path is None:
            return HttpResponse(status=404)
        stat = path.stat()
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
            "Cache-Control": "private, max-age=3600",
            # Said to be encoded already, so that no middleware tries to compress it.
            "Content-Encoding": "identity",
        }
        try:
            part = span(request.headers.get("Range", ""), stat.st_size)
        except ValueError:
            # The stream is closed with the response.
            return FileResponse(
                path.open("rb"), content_type=CONTENT_TYPE, headers=headers
            )
        if part is None:
            return HttpResponse(
                status=416, headers={"Content-Range": f"bytes */{stat.st_size}"}
            )
        start, length = part
        with path.open("rb") as file:
            file.seek(start)
            body = file.read(length)
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{stat.st_size}"
        return HttpResponse(
            body, status=206, content_type=CONTENT_TYPE, headers=headers
        )
