from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.gis.geos import Polygon
from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect import pages, params
from kukar_connect.errors import DomainError
from kukar_connect.problems import CONTENT_TYPE as PROBLEM
from kukar_connect.roles import CanSubmitReports, has_role
from kukar_connect.schema import failures
from villages.api.serializers import ReportSerializer, SubmissionResultSerializer
from villages.models import Device, Operator, SignalReport, Technology
from villages.models.reports import receipt
from villages.services.submit_reports import NewReport, Outcome, store_reports

MAX_REPORTS = 500
MAX_SHOWN = 5_000
KEYS = [
    pages.Key("observed_at", pages.as_moment, is_falling=True),
    pages.Key("id", pages.as_uuid),
]
PROPERTIES: dict[str, Any] = {
    name: name
    for name in (
        "id",
        "operator",
        "technology",
        "found",
        "internet",
        "rsrp_dbm",
        "rsrq_db",
        "sinr_db",
        "download_mbps",
        "upload_mbps",
        "latency_ms",
        "accuracy_m",
        "position_source",
        "environment",
        "power_out_hours",
        "observed_at",
        "received_at",
        "clock_skew_s",
        "device_model",
        "note",
        "source",
        "flags",
        "review_state",
        "is_demo",
    )
} | {
    "village": "village_id",
    "village_name": F("village__name"),
    "reported_by": F("reported_by__username"),
    "device": F("device__name"),
}


class TooManyReportsError(DomainError):
    status = 413
    title = gettext_noop("Too many reports at once.")


class NotReportsError(DomainError):
    title = gettext_noop("This is not a report.")


class OtherAccountError(DomainError):
    status = 412
    title = gettext_noop("Another account is signed in.")


class Reports(APIView):
    """Reports as they come from the field."""

    device_methods = ("POST",)

    def get_permissions(self) -> list[BasePermission]:
        # Whoever sends reports may read their own, and verifiers all of them.
        return [CanSubmitReports()]

    @extend_schema(
        operation_id="reports_submit",
        request=ReportSerializer(many=True),
        responses=dict.fromkeys((200, 201, 207), SubmissionResultSerializer)
        | dict.fromkeys(((409, PROBLEM), (422, PROBLEM)), SubmissionResultSerializer),
        extensions=failures({412: "Another account is signed in (`X-Account`)."}),
        description=(
            "Send one report, or a list of up to 500. The answer holds one result per "
            "report, in order. Safe to repeat: a report is stored once by its id. The "
            "HTTP status is that of the results when they agree, else 207. With your "
            "clock in the header `X-Client-Time` (ISO 8601 with offset) a wrong clock "
            "is recognised. With the header `X-Account` (a user name, "
            "percent-encoded) nothing is stored when another account is signed in: 412."
        ),
    )
    def post(self, request: Request) -> Response:
        _refuse_another_account(request)
        items = request.data if isinstance(request.data, list) else [request.data]
        if not items or not all(isinstance(item, dict) for item in items):
            raise NotReportsError(_("Send one report as an object, or a list of them."))
        if len(items) > MAX_REPORTS:
            raise TooManyReportsError(
                _("Send at most %(most)d reports at once.") % {"most": MAX_REPORTS}
            )
        results = submit(
            items,
            reported_by_id=request.user.pk,
            device_id=request.auth.pk if isinstance(request.auth, Device) else None,
            clock_skew=_clock_skew(request),
        )
        statuses = {result["status"] for result in results}
        status = statuses.pop() if len(statuses) == 1 else 207
        if status < 400:
            return Response({"results": results}, status=status)
        problem = {
            "type": "about:blank",
            "title": results[0]["title"] if len(results) == 1 else _("Nothing stored."),
            "status": status,
            "results": results,
        }
        if len(results) == 1 and "errors" in results[0]:
            problem["errors"] = results[0]["errors"]
        return Response(problem, status=status, content_type=PROBLEM)

    @extend_schema(
        operation_id="reports_list",
        parameters=[
            OpenApiParameter("bbox", str, description="west,south,east,north"),
            OpenApiParameter("operator", str, enum=Operator.values),
            OpenApiParameter("technology", str, enum=[t for t in Technology if t]),
            OpenApiParameter("since", str, description="First day, 2026-01-31."),
            OpenApiParameter("until", str, description="Last day, included."),
            OpenApiParameter("district", str),
            OpenApiParameter("village", str),
            OpenApiParameter("demo", str, enum=["off"]),
            OpenApiParameter(
                "by", str, enum=["me"], description="me: only those of the account."
            ),
            pages.FIELDS,
            *pages.parameters(MAX_SHOWN, MAX_SHOWN),
        ],
        responses={(200, "application/geo+json"): OpenApiTypes.OBJECT},
        description=(
            "Single reports, newest first. Verifiers and above see all of them, field "
            "staff those of their own account."
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        reports = SignalReport.objects.all()
        is_own = params.choice(query, "by", ["me"]) == "me"
        if is_own or not has_role(cast("User", request.user), "verifier"):
            reports = reports.filter(reported_by=request.user.pk)
        if bbox := params.bbox(query):
            reports = reports.filter(point__coveredby=Polygon.from_bbox(bbox))
        if operator := params.choice(query, "operator", Operator.values):
            reports = reports.filter(operator=operator)
        technologies = [t for t in Technology.values if t]
        if technology := params.choice(query, "technology", technologies):
            reports = reports.filter(technology=technology)
        # Days as they are counted here, in WITA.
        if since := params.day(query, "since"):
            reports = reports.filter(observed_at__date__gte=since)
        if until := params.day(query, "until"):
            reports = reports.filter(observed_at__date__lte=until)
        if district := params.text(query, "district"):
            reports = reports.filter(village__district_id=district)
        if village := params.text(query, "village"):
            reports = reports.filter(village_id=village)
        if params.choice(query, "demo", ["off"]):
            reports = reports.filter(is_demo=False)
        return pages.feature_page(
            request,
            pages.paging_of(query, KEYS, most=MAX_SHOWN, default=MAX_SHOWN),
            reports,
            geometry="point",
            precision=6,
            properties=pages.fields_of(query, PROPERTIES),
        )


def _refuse_another_account(request: Request) -> None:
    """Refuse what was meant to be sent by somebody else than who is signed in.

    On a phone that two people share one may sign in while the other's reports are on
    their way, and they would be taken for the wrong person's.
    """
    meant = request.headers.get("X-Account")
    if meant is not None and unquote(meant) != request.user.get_username():
        raise OtherAccountError(
            _("Another account has signed in meanwhile. Nothing was stored.")
        )


def _clock_skew(request: Request) -> timedelta | None:
    """Return by how much the sender's clock is ahead of ours, if it told its time."""
    try:
        told = parse_datetime(request.headers.get("X-Client-Time", ""))
    except ValueError:
        return None
    return told - timezone.now() if told and told.tzinfo else None


def submit(
    items: list[dict[str, Any]],
    *,
    reported_by_id: int | None,
    device_id: UUID | None = None,
    clock_skew: timedelta | None = None,
) -> list[dict[str, Any]]:
    """Check and store *items*; return one result each, in order."""
    results: list[dict[str, Any] | None] = [None] * len(items)
    good: list[tuple[int, NewReport]] = []
    for index, item in enumerate(items):
        serializer = ReportSerializer(data=item)
        if serializer.is_valid():
            good.append((index, serializer.validated_data))
        else:
            results[index] = {
                "id": str(item["id"]) if "id" in item else None,
                "status": 422,
                "title": _("Some fields are not valid."),
                "errors": serializer.errors,
            }
    outcomes = store_reports(
        reports=[report for _index, report in good],
        source="api",
        now=timezone.now(),
        reported_by_id=reported_by_id,
        device_id=device_id,
        clock_skew=clock_skew,
    )
    stored = SignalReport.objects.select_related("village").in_bulk(
        [report.id for _index, report in good]
    )
    for (index, report), outcome in zip(good, outcomes, strict=True):
        results[index] = _result(report, outcome, stored[report.id])
    fields = ReportSerializer().fields
    for item, result in zip(items, results, strict=True):
        unknown = sorted(str(name) for name in item if name not in fields)
        if unknown and result is not None:
            result["unknown_fields"] = unknown
    return [result for result in results if result is not None]


def _result(
    report: NewReport, outcome: Outcome, stored: SignalReport
) -> dict[str, Any]:
    if outcome is Outcome.DIFFERENT:
        return {
            "id": str(report.id),
            "status": 409,
            "title": _("Another report already has this id."),
        }
    is_new = outcome is Outcome.STORED
    return {
        "id": str(report.id),
        "status": 201 if is_new else 200,
        "title": _("Stored.") if is_new else _("Already stored."),
        "receipt": receipt(stored.digest),
        "village": stored.village_id,
        "village_name": stored.village.name if stored.village else None,
        "flags": stored.flags,
    }
