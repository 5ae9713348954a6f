"""Pages of the site that belong to no domain, and what it says when something fails."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views import defaults
from drf_spectacular.views import SpectacularSwaggerSplitView

from kukar_connect.api_edge import is_for_programs
from kukar_connect.problems import plain_problem


class ApiDocs(SpectacularSwaggerSplitView):
    """The API's documentation: script and style come as files, for our strict CSP."""

    url_name = "schema"


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_for_programs(request):
        return plain_problem(400)
    return defaults.bad_request(request, exception)


def refused(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_for_programs(request):
        return plain_problem(403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_for_programs(request):
        return plain_problem(404)
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponseBase:
    if is_for_programs(request):
        return plain_problem(500)
    return defaults.server_error(request)
