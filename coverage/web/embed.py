"""The map within a page of another site."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from coverage.web.views import MapPage


class EmbeddedMap(MapPage):
    """The map alone, for a frame in a page of a site that the office has named."""

    template_name = "coverage/embed.html"
    is_embedded = True

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        allow_framing(response)
        return response

    def handle_no_permission(self) -> HttpResponse:  # type: ignore[override]
        # A page for signing in would not be shown in a frame, nor should it be.
        return render(self.request, "coverage/embed_closed.html", status=403)


def allow_framing(response: HttpResponseBase) -> None:
    """Let the sites of KUKAR_FRAME_ANCESTORS, and no others, show *response*."""
    ancestors = settings.KUKAR_FRAME_ANCESTORS or [NONE]
    response._csp_replace = {"frame-ancestors": ancestors}  # type: ignore[attr-defined]  # django-csp's own way
    if ancestors == ["'self'"]:
        response["X-Frame-Options"] = "SAMEORIGIN"
    elif settings.KUKAR_FRAME_ANCESTORS:
        # It cannot name sites; browsers that know frame-ancestors do not need it.
        response.xframe_options_exempt = True  # type: ignore[attr-defined]
