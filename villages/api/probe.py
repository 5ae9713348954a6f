"""What a phone measures its connection against: bytes that nothing can compress."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from kukar_connect import params
from kukar_connect.errors import DomainError
from kukar_connect.roles import CanSubmitReports
from kukar_connect.schema import failures

# One measurement stays below 1 MB; static/js/report/probe.js asks for less than these.
MAX_BYTES = 500_000


class TooManyBytesError(DomainError):
    status = 413
    title = gettext_noop("Too many bytes at once.")


def _refuse_more_than_most(count: int) -> None:
    if count > MAX_BYTES:
        raise TooManyBytesError(
            _("At most %(most)d bytes at once.") % {"most": MAX_BYTES}
        )


class ForgetfulParser(BaseParser):
    """Reads a body to its last byte, so that it takes its time, and keeps nothing."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        come = 0
        while part := stream.read(64 * 1024):
            come += len(part)
            _refuse_more_than_most(come)
        return {}


class ProbeThrottle(UserRateThrottle):
    """Ten measurements an hour of a dozen requests each."""

    scope = "probe"
    rate = "120/hour"


class Probe(APIView):
    """Sends as many random bytes as are asked for, and takes what it is sent."""

    permission_classes = [CanSubmitReports]
    device_methods = ("GET", "POST")
    throttle_classes = [ProbeThrottle]
    parser_classes = [ForgetfulParser]
    answers = ("application/octet-stream",)

    @extend_schema(
        operation_id="probe_download",
        parameters=[
            OpenApiParameter("bytes", int, description=f"0 to {MAX_BYTES}; default 0")
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        extensions=failures({413: "Too many bytes at once."}),
        description="For measuring a connection. 120 requests an hour.",
    )
    def get(self, request: Request) -> HttpResponse:
        count = params.whole_number(request.query_params, "bytes") or 0
        _refuse_more_than_most(count)
        # Said to be encoded already, so that no middleware tries to compress it.
        headers = {"Cache-Control": "no-store", "Content-Encoding": "identity"}
        return HttpResponse(
            os.urandom(count), content_type="application/octet-stream", headers=headers
        )

    @extend_schema(
        operation_id="probe_upload",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={204: None},
        description=f"Takes up to {MAX_BYTES} bytes and forgets them.",
    )
    def post(self, request: Request) -> HttpResponse:
        # Asked for, it is read.
        _body = request.data
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
