"""Blank spots for programs."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Polygon
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    CharField,
    Func,
    IntegerField,
    QuerySet,
    Value,
)
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from coverage.api.rest import (
    GEOJSON,
    OPERATOR,
    RUN,
    SERVICE,
    NoRunError,
    run_of,
    tag,
    unchanged,
)
from coverage.models import (
    BlankSpot,
    CoverageRun,
    LayerOperator,
    Service,
    SpotState,
)
from kukar_connect import pages, params
from kukar_connect.geojson import (
    features,
    rounded,
)

GEOMETRIES = ["polygon", "outline"]
GEOMETRY = OpenApiParameter(
    "geometry",
    str,
    enum=GEOMETRIES,
    description=(
        "polygon (default): the exact union of the squares. outline: the same with "
        "slopes for stairs, for drawing."
    ),
)


def geometry_of(request: Request) -> str:
    return params.choice(request.query_params, "geometry", GEOMETRIES) or "polygon"


# 0.1 m: neighbouring squares share their edges.
DECIMALS = 6
KEYS = [
    pages.Key("area_km2", pages.as_number, is_falling=True),
    pages.Key("identity", pages.as_uuid),
]


class BlankSpots(APIView):
    """Blank spots of a run, the largest first: measured, and no usable signal."""

    @extend_schema(
        operation_id="blank_spots_list",
        parameters=[
            RUN,
            OPERATOR,
            SERVICE,
            OpenApiParameter("state", str, enum=SpotState.values),
            OpenApiParameter("district", str, description="District code."),
            OpenApiParameter("village", str, description="Village code."),
            OpenApiParameter("bbox", str, description="west,south,east,north"),
            OpenApiParameter("min_area_km2", float),
            GEOMETRY,
            pages.FIELDS,
            *pages.parameters(),
        ],
        responses=GEOJSON,
        description="All pages of one walk are of the run of the first.",
    )
    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        query = request.query_params
        geometry = geometry_of(request)
        paging = pages.paging_of(query, KEYS)
        properties = pages.fields_of(query, spot_properties(run))
        etag = f'"blank-spots-{run.pk}-{geometry}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        page = pages.feature_page(
            request,
            paging,
            asked_spots(request, run),
            geometry=geometry,
            precision=DECIMALS,
            properties=properties,
            pinned={"run": run.pk},
            run=str(run.pk),
        )
        return tag(page, etag)


def asked_spots(request: Request, run: CoverageRun) -> QuerySet:
    query = request.query_params
    spots = BlankSpot.objects.of_run(run.pk)
    for name, known in (
        ("operator", LayerOperator.values),
        ("service", Service.values),
        ("state", SpotState.values),
    ):
        if value := params.choice(query, name, known):
            spots = spots.filter(**{name: value})
    if village := params.text(query, "village"):
        spots = spots.filter(villages__contains=[village])
    if district := params.text(query, "district"):
        spots = spots.filter(districts__contains=[district])
    if bbox := params.bbox(query):
        spots = spots.filter(polygon__intersects=Polygon.from_bbox(bbox))
    if least := params.number(query, "min_area_km2"):
        spots = spots.filter(area_km2__gte=least)
    return spots


def spot_properties(run: CoverageRun) -> dict[str, Any]:
    return {
        "id": "identity",
        "operator": "operator",
        "service": "service",
        "state": "state",
        "area_km2": rounded("area_km2", 4),
        "confidence": rounded("confidence", 3),
        "confidence_std": rounded("confidence_std", 3),
        "reports": "report_count",
        "reporters": "reporter_count",
        "report_kinds": "report_kinds",
        "newest_report_at": "newest_report_at",
        "oldest_report_at": "oldest_report_at",
        "villages": "villages",
        "village_names": Func(
            "villages",
            template=(
                "ARRAY(SELECT v.name FROM unnest(%(expressions)s) WITH ORDINALITY"
                " AS c(code, n) JOIN villages_village v USING (code) ORDER BY n)"
            ),
            output_field=ArrayField(CharField()),
        ),
        "village_areas_km2": "village_areas_km2",
        "village_shares": "village_shares",
        "districts": "districts",
        "settlements": "settlement_count",
        "facilities": "facility_count",
        "people": "people",
        "run": Value(run.pk, output_field=IntegerField()),
        "is_demo": "is_demo",
    }


class BlankSpotDetail(APIView):
    """One blank spot by its identity, which stays the same from run to run."""

    @extend_schema(
        operation_id="blank_spots_read", parameters=[RUN, GEOMETRY], responses=GEOJSON
    )
    def get(self, request: Request, identity: str) -> HttpResponse:
        run = run_of(request)
        spots = BlankSpot.objects.of_run(run.pk).filter(identity=identity)
        texts = features(
            spots,
            geometry=geometry_of(request),
            precision=DECIMALS,
            properties=spot_properties(run),
        )
        if not texts:
            raise NoRunError(_("This run has no such blank spot."))
        return HttpResponse(texts[0], content_type="application/geo+json")
