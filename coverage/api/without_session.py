"""Features and tiles for programs that bring no session: the short way.

A client of a map that is open to everybody has neither cookie nor token. What sessions,
forms and pages need is not asked for it: that costs more than to read ten features. The
view, its rates and how its answer is packed are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import translation

from kukar_connect.api_edge import Compression, RateHeaders

_PATH = re.compile(
    r"/tiles/\d+/|/ogc/collections/[^/]+/(?:items|tiles/[^/]+/\d+/\d+/\d+)$"
)


class WithoutSession:
    """Call the view of a program's request at once; all others go the usual way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.short_way = Compression(RateHeaders(_view))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_plain(request):
            return cast("HttpResponseBase", self.short_way(request))
        return self.get_response(request)


def _is_plain(request: HttpRequest) -> bool:
    given = request.META
    return (
        settings.KUKAR_PUBLIC_MAP
        and request.method == "GET"
        and _PATH.match(request.path_info) is not None
        and not given.get("HTTP_COOKIE")
        and "HTTP_AUTHORIZATION" not in given
        # A page has a menu, which is another for everybody.
        and "text/html" not in given.get("HTTP_ACCEPT", "")
        and "f=html" not in given.get("QUERY_STRING", "")
    )


def _view(request: HttpRequest) -> HttpResponseBase:
    found = resolve(request.path_info)
    request.resolver_match = found
    # What may be wrong is said in the caller's language.
    with translation.override(translation.get_language_from_request(request)):
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        if isinstance(answer, HttpResponse) and hasattr(answer, "render"):
            # A problem, which the REST framework writes only when it is asked to.
            answer.render()
    return answer
