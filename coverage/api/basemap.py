"""The office's own background: a PMTiles file, of which a map reads single ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from kukar_connect.ranges import span

CONTENT_TYPE = "application/vnd.pmtiles"
# What a map reads at once is below 1 MB; a longer range is answered by its beginning.
MOST_BYTES = 4 * 1024 * 1024


def basemap_path() -> Path | None:
    """Return the office's file, None where none is set or it is not there."""
    if not settings.KUKAR_BASEMAP:
        return None
    path = Path(settings.KUKAR_BASEMAP)
    return path if path.is_file() else None


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
            part = span(request.headers.get("Range", ""), stat.st_size, most=MOST_BYTES)
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
