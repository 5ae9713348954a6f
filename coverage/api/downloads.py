"""The bulk files of runs: whole, by ranges, and under a name that stays."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.ogc.views import AnyNegotiation
from coverage.models import RunFile
from coverage.selectors.run_files import latest_file_set, run_file
from coverage.services.downloads.disk import folder_of
from kukar_connect.errors import DomainError
from kukar_connect.ranges import FilePart, span

# A year: the address never means anything else. Private, because who may see the map
# is this site's to say.
FOR_EVER = "private, max-age=31536000, immutable"


class NoFileError(DomainError):
    status = 404
    title = gettext_noop("There is no such file.")


class RangeError(DomainError):
    status = 416
    title = gettext_noop("The file is shorter than that.")


class DownloadView(APIView):
    """Errors are problem documents, for who does not read pages."""

    content_negotiation_class = AnyNegotiation
    # Not of the API: described in docs/downloads.md and by the catalogue.
    schema = None

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if "text/html" in self.request.headers.get("Accept", ""):
            if response.status_code == 401:
                return redirect_to_login(  # type: ignore[return-value]  # also an answer
                    self.request.get_full_path(), settings.LOGIN_URL
                )
            if response.status_code == 404:
                raise Http404 from exc
        if isinstance(exc, RangeError):
            response["Content-Range"] = f"bytes */{exc.facts['bytes']}"
        return response


class RunFileView(DownloadView):
    """A file of a run. Its address never means anything else."""

    def get(self, request: Request, run: int, name: str) -> HttpResponseBase:
        found = run_file(run, name)
        if found is None:
            raise NoFileError(_("That run has no file of that name, or none any more."))
        headers = headers_of(found)
        if get_conditional_response(request, etag=headers["ETag"]) is not None:
            return HttpResponse(status=304, headers=_of_304(headers))
        start, length = 0, found.bytes
        part = part_asked_for(request, headers, found.bytes)
        if part is not None:
            start, length = part
            last = start + length - 1
            headers["Content-Range"] = f"bytes {start}-{last}/{found.bytes}"
        headers["Content-Length"] = str(length)
        status = 200 if part is None else 206
        if request.method == "HEAD":
            return HttpResponse(
                status=status, content_type=found.media_type, headers=headers
            )
        try:
            file = (folder_of(run) / found.name).open("rb")
        except OSError as error:
            raise NoFileError(_("The file is not on the disk any more.")) from error
        return StreamingHttpResponse(
            FilePart(file, start, length),
            status=status,
            content_type=found.media_type,
            headers=headers,
        )


def part_asked_for(
    request: Request, headers: dict[str, str], size: int
) -> tuple[int, int] | None:
    """Return which bytes are asked for, None for all of them.

    Raises
    ------
    RangeError
        If there are none of those.
    """
    asked = request.headers.get("Range")
    if asked is None or request.method != "GET":
        return None
    # Who has begun with another version gets all of this one.
    known = request.headers.get("If-Range")
    if known is not None and known not in (headers["ETag"], headers["Last-Modified"]):
        return None
    try:
        part = span(asked, size)
    except ValueError:
        return None
    if part is None:
        raise RangeError(bytes=size)
    return part


def headers_of(found: RunFile) -> dict[str, str]:
    run = found.file_set.run
    ended_at = found.file_set.ended_at
    demo = "-demonstration" if run.is_demo else ""
    name = f"kukar-run-{run.pk}{demo}-{found.name}"
    return {
        "Accept-Ranges": "bytes",
        "ETag": f'"{found.sha256}"',
        "Last-Modified": http_date(ended_at.astimezone(UTC).timestamp())
        if ended_at
        else "",
        "Cache-Control": FOR_EVER,
        # Said to be encoded already, so that no middleware tries to compress it.
        "Content-Encoding": "identity",
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Repr-Digest": f"sha-256=:{_base64(found.sha256)}:",
    }


def _of_304(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("ETag", "Cache-Control", "Last-Modified")}


def _base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


class LatestFileView(DownloadView):
    """A name that stays, and leads to the newest run that has its files."""

    def get(self, request: Request, name: str) -> HttpResponse:
        newest = latest_file_set()
        if newest is None or not newest.files.filter(name=name).exists():
            raise NoFileError(_("The newest run has no file of that name."))
        address = reverse("run-download", args=(newest.pk, name))
        response = HttpResponseRedirect(address)
        response["Cache-Control"] = "private, no-cache"
        return response
