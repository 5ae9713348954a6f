"""Blank spots for programs, and for the map."""

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
    collection_response,
    features,
    rounded,
)
from kukar_connect.params import ParameterError

DECIMALS = 6
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


def spot_features(spots: QuerySet, run: CoverageRun, geometry: str) -> list[str]:
    """Return *spots* of *run* as texts of GeoJSON features."""
    return features(
        spots, geometry=geometry, precision=DECIMALS, properties=spot_properties(run)
    )


KEYS = [
    pages.Key("area_km2", pages.as_number, is_falling=True),
    pages.Key("identity", pages.as_uuid),
]
ORDER = ["-area_km2", "identity"]
LAYER = {"operator": LayerOperator.values, "service": Service.values}


class MapOutlines(APIView):
    """Blank spots of one layer of a run within a box, with their outlines."""

    @extend_schema(
        operation_id="map_outlines",
        parameters=[
            RUN,
            *(
                OpenApiParameter(name, str, enum=known, required=True)
                for name, known in LAYER.items()
            ),
            OpenApiParameter(
                "bbox", str, required=True, description="west,south,east,north"
            ),
        ],
        responses=GEOJSON,
        description=(
            "What the map draws close by. Programs read `blank-spots/`, page by page."
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        query = request.query_params
        layer = {name: params.choice(query, name, LAYER[name]) for name in LAYER}
        bbox = params.bbox(query)
        if None in layer.values() or bbox is None:
            raise ParameterError(
                _("Name one layer and a box: operator=…, service=… and bbox=….")
            )
        etag = f'"map-outlines-{run.pk}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        spots = BlankSpot.objects.of_run(run.pk).filter(
            polygon__intersects=Polygon.from_bbox(bbox), **layer
        )
        texts = spot_features(spots.order_by(*ORDER), run, "outline")
        return tag(collection_response(texts, run=str(run.pk)), etag)


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
        spots = asked_spots(request, run)
        paging = pages.paging_of(query, KEYS)
        properties = pages.fields_of(query, spot_properties(run))
        etag = f'"blank-spots-{run.pk}-{geometry}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        page = pages.feature_page(
            request,
            paging,
            spots,
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
        texts = spot_features(spots, run, geometry_of(request))
        if not texts:
            raise NoRunError(_("This run has no such blank spot."))
        return HttpResponse(texts[0], content_type="application/geo+json")
