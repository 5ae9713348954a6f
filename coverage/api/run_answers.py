"""What belongs to a run never changes: it is kept, and given before all else.

An answer is kept by the view that made it, under `run_key`. Whoever may see the map
without signing in is given it by `KeptRunAnswers`, which asks nothing else of Django;
for all others the view looks for it, after it has asked who they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from coverage.api.ogc.form import FIXED, FORM
from coverage.selectors.runs import run_number, run_tag
from kukar_connect.kept_answers import kept_answer

# Another way of writing an answer is another number: what was kept is left alone.
WRITING = 1
_RUN = re.compile(r"(?:^|&)run=([0-9]{1,18})(?=&|$)")
_SURFACE = re.compile(r"/tiles/([0-9]{1,18})/")


def run_key(request: HttpRequest, run_id: int) -> str | None:
    """Return the key of the answer to *request* of a run, None where none is kept.

    The same for an address that names the run as for one that means the current run.
    The run's tag is part of it: another database has other runs of the same numbers.
    """
    tag = run_tag(run_id)
    if tag is None:
        return None
    path, query = request.path_info, request.META.get("QUERY_STRING", "")
    host, writing = "", str(WRITING)
    if path in FIXED:
        writing = FORM
    if "/tiles/" not in path:
        # There are links in it, and it may be a page as well.
        host = f"{request.scheme}://{request.get_host()}"
        accepted = request.META.get("HTTP_ACCEPT", "")
        if "f=html" in query or ("f=" not in query and "text/html" in accepted):
            return None
    if query:
        parts = sorted(p for p in query.split("&") if not p.startswith("run="))
        query = "&".join(parts)
    return f"{writing} {run_id} {tag[:16]} {host}{path}?{query}"


class KeptRunAnswers:
    """Give what is kept of a run to those for whom everybody's rights are enough."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return _early(request) or self.get_response(request)


def _early(request: HttpRequest) -> HttpResponse | None:
    path = request.path_info
    if (
        not path.startswith(("/ogc/", "/tiles/"))
        or request.method not in ("GET", "HEAD")
        or not settings.KUKAR_PUBLIC_MAP
        # A token that is not good is refused, even where none is needed.
        or "HTTP_AUTHORIZATION" in request.META
    ):
        return None
    if found := _SURFACE.match(path):
        run_id = int(found[1])
    else:
        named = _RUN.findall(request.META.get("QUERY_STRING", ""))
        if not named and path in FIXED:
            # For the view, should nothing be kept.
            request.current_run = current = run_number()  # type: ignore[attr-defined]
            key = run_key(request, current) if current else None
            return kept_answer(request, key, is_fixed=False)
        if len(named) != 1:
            return None
        run_id = int(named[0])
    return kept_answer(request, run_key(request, run_id), is_fixed=True)
