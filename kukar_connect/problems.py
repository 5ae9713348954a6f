"""Answer every API failure in one form: RFC 9457 problem details."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from kukar_connect.errors import DomainError

CONTENT_TYPE = "application/problem+json"


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn *exc* into a problem document; None leaves it to Django as a 500."""
    if isinstance(exc, DomainError):
        problem = {"title": _(exc.title), "detail": str(exc.detail), **exc.facts}
        return _problem(exc.status, problem)

    if isinstance(exc, RequestDataTooBig):
        return _problem(413, {"title": _title(413)})
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        problem = {"title": _("Some fields are not valid."), "errors": response.data}
    else:
        problem = {"title": _title(response.status_code), **response.data}
    # Keep what DRF has put in the headers: Retry-After, WWW-Authenticate.
    return _problem(response.status_code, problem, headers=dict(response.items()))


def _title(status: int) -> str:
    titles = {
        401: _("Sign in first."),
        403: _("Your account may not do this."),
        404: _("There is nothing at this address."),
        405: _("This address does not take that method."),
        406: _("This address does not answer in that form."),
        413: _("Too many bytes at once."),
        415: _("Send JSON."),
        429: _("Too many requests; try again later."),
    }
    return titles.get(status, _("The request was refused."))


def _problem(
    status: int, problem: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    headers = {k: v for k, v in (headers or {}).items() if k.lower() != "content-type"}
    return Response(
        {"type": "about:blank", "status": status, **problem},
        status=status,
        headers=headers,
        content_type=CONTENT_TYPE,
    )
