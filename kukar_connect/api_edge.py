"""What every answer of the API and of /ogc/ has at its edge."""

from __future__ import annotations

import brotli
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

PROGRAMS = ("/api/", "/ogc/")
# Shorter answers are not worth it; as Django's own middleware has it.
LEAST_BYTES = 200
# Faster than gzip's usual 6, and smaller.
BROTLI_QUALITY = 4


def is_for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(PROGRAMS)


class RateHeaders(MiddlewareMixin):
    """Says what is left of the caller's rate (`villages.api.rates`)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponse
    ) -> HttpResponse:
        standing = getattr(request, "rate_standing", None)
        if standing is not None:
            response["RateLimit-Limit"] = str(standing.most)
            response["RateLimit-Remaining"] = str(max(standing.left, 0))
            response["RateLimit-Reset"] = str(standing.reset_s)
            response["RateLimit-Policy"] = f"{standing.most};w={standing.window_s}"
        return response


class Compression(GZipMiddleware):
    """Brotli for programs that read it, else gzip; never over what is packed."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if (
            not isinstance(response, HttpResponse)
            or response.has_header("Content-Encoding")
            or not is_for_programs(request)
            or not takes_brotli(request.headers.get("Accept-Encoding", ""))
            or len(response.content) < LEAST_BYTES
        ):
            return super().process_response(request, response)
        patch_vary_headers(response, ["Accept-Encoding"])
        packed = brotli.compress(response.content, quality=BROTLI_QUALITY)
        if len(packed) >= len(response.content):
            return response
        response.content = packed
        response["Content-Length"] = str(len(packed))
        response["Content-Encoding"] = "br"
        # Another form of what the tag names: equal in meaning, not in bytes.
        etag = response.get("ETag", "")
        if etag.startswith('"'):
            response["ETag"] = f"W/{etag}"
        return response


def takes_brotli(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding names brotli and does not refuse it.

    >>> takes_brotli("gzip, br"), takes_brotli("br;q=0, gzip"), takes_brotli("gzip")
    (True, False, False)
    """
    for part in accept_encoding.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "br":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
