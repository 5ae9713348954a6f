"""Answers that are written and compressed once and given many times."""

from __future__ import annotations

import gzip

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


def pack(text: str) -> bytes:
    # The time of packing would make two packings of one text differ.
    return gzip.compress(text.encode(), 6, mtime=0)


def packed_response(
    request: HttpRequest, packed: bytes, *, content_type: str
) -> HttpResponse:
    """Answer what `pack` has packed, unpacked for a client that cannot read it so."""
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        packed if takes_gzip else gzip.decompress(packed), content_type=content_type
    )
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
