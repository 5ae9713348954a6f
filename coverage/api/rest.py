from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.models import CoverageRun, LayerOperator, Service
from coverage.selectors.runs import current_run
from kukar_connect import pages, params
from kukar_connect.errors import DomainError

GEOJSON = {(200, "application/geo+json"): OpenApiTypes.OBJECT}
RUN = OpenApiParameter("run", int, description="Default: the current run.")
OPERATOR = OpenApiParameter("operator", str, enum=LayerOperator.values)
SERVICE = OpenApiParameter("service", str, enum=Service.values)


USUAL_RUNS, MOST_RUNS = 100, 1_000


class NoRunError(DomainError):
    status = 404
    title = gettext_noop("There is no such run.")


def run_of(request: Request) -> CoverageRun:
    """Return the published run that the request asks for, else the current one."""
    if request.query_params.get("run") == "current":
        number = None
    else:
        number = params.whole_number(request.query_params, "run")
    run = current_run() if number is None else published(number)
    if run is None:
        raise NoRunError(_("No map has been computed yet, or there is no such run."))
    return run


def published(run_id: int) -> CoverageRun | None:
    return CoverageRun.objects.filter(
        pk=run_id, state=CoverageRun.State.PUBLISHED
    ).first()


def unchanged(request: HttpRequest, etag: str) -> HttpResponse | None:
    """Return 304 when the client holds what *etag* names, before any work is done."""
    return get_conditional_response(request, etag=etag)


def tag(response: HttpResponse, etag: str) -> HttpResponse:
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def run_summary(run: CoverageRun) -> dict[str, Any]:
    parameters = {k: v for k, v in run.parameters.items() if k != "fitted_counts"}
    return {
        "id": run.pk,
        "is_current": run.is_current,
        "is_full": run.is_full,
        "is_demo": run.is_demo,
        "published_at": run.published_at,
        "input_cutoff_at": run.input_cutoff_at,
        "report_counts": run.report_counts,
        "parameters": parameters,
        "software_version": run.software_version,
        "checksum": run.checksum,
    }


class Runs(APIView):
    """Published runs, newest first."""

    @extend_schema(
        operation_id="runs_list",
        parameters=[
            OpenApiParameter("before", int, description="Runs older than this."),
            *pages.parameters(MOST_RUNS, USUAL_RUNS),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        keys = [pages.Key("pk", pages.as_whole_number, is_falling=True)]
        paging = pages.paging_of(query, keys, most=MOST_RUNS, default=USUAL_RUNS)
        runs = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        before = params.whole_number(query, "before")
        if before is not None:
            runs = runs.filter(pk__lt=before)
        page = list(paging.cut(runs))
        shown = page[: paging.limit]
        following = None
        if len(page) > len(shown):
            following = paging.link_to_next(request, [shown[-1].pk])
        answer = {"runs": [run_summary(run) for run in shown], "next": following}
        return pages.link(Response(answer), following)


class CurrentRun(APIView):
    """The run that the map shows now; cheap to ask again with If-None-Match."""

    @extend_schema(operation_id="runs_current", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponse:
        run = current_run()
        if run is None:
            raise NoRunError(_("No map has been computed yet."))
        etag = f'"run-{run.pk}"'
        return unchanged(request, etag) or tag(Response(run_summary(run)), etag)


class RunDetail(APIView):
    @extend_schema(operation_id="runs_read", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, run_id: int) -> Response:
        run = published(run_id)
        if run is None:
            raise NoRunError(_("There is no such run."))
        return Response(run_summary(run))
