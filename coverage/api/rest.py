from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Polygon
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    CharField,
    Exists,
    F,
    Func,
    IntegerField,
    JSONField,
    Min,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, ExtractYear, JSONObject
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.models import (
    ANY_OPERATOR,
    BlankSpot,
    CoverageRun,
    LayerOperator,
    Service,
    SpotState,
    VillageCoverage,
)
from coverage.selectors.places import place_rows
from coverage.selectors.runs import current_run
from coverage.selectors.tables import AREAS, village_layers
from coverage.selectors.tallies import tallies_of, with_all_operators
from coverage.web.profile_words import kind_and_name, village_sentence
from kukar_connect import params
from kukar_connect.errors import DomainError
from kukar_connect.geojson import (
    collection_response,
    features,
)
from villages.api.places import x_of, y_of
from villages.models import Claim, SignalReport, Village

GEOJSON = {(200, "application/geo+json"): OpenApiTypes.OBJECT}
RUN = OpenApiParameter("run", int, description="Default: the current run.")
OPERATOR = OpenApiParameter("operator", str, enum=LayerOperator.values)
SERVICE = OpenApiParameter("service", str, enum=Service.values)


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
        spots,
        geometry=geometry,
        precision=6,
        properties=spot_properties(run),
    )


class BlankSpots(APIView):
    """Blank spots of a run: measured, and no usable signal."""

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
        ],
        responses=GEOJSON,
    )
    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        spots = self.filtered(request, run)
        geometry = geometry_of(request)
        etag = f'"blank-spots-{run.pk}-{geometry}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        texts = spot_features(spots.order_by("-area_km2", "identity"), run, geometry)
        return tag(collection_response(texts, run=str(run.pk)), etag)

    def filtered(self, request: Request, run: CoverageRun) -> QuerySet:
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
        "area_km2": _rounded("area_km2", 4),
        "confidence": _rounded("confidence", 3),
        "confidence_std": _rounded("confidence_std", 3),
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


def _rounded(field: str, digits: int) -> Func:
    return Func(
        field,
        template=f"ROUND((%(expressions)s)::numeric, {digits})::float8",
        output_field=JSONField(),
    )


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


class Villages(APIView):
    """Villages with their boundary and, for one layer, their area by state."""

    @extend_schema(
        operation_id="villages_list",
        parameters=[
            RUN,
            OPERATOR,
            SERVICE,
            OpenApiParameter("district", str, description="District code."),
            OpenApiParameter("bbox", str, description="west,south,east,north"),
        ],
        responses=GEOJSON,
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        run = current_run() if "run" not in query else run_of(request)
        operator = params.choice(query, "operator", LayerOperator.values) or "ANY"
        service = params.choice(query, "service", Service.values) or "internet"
        villages = Village.objects.exclude(boundary=None)
        if district := params.text(query, "district"):
            villages = villages.filter(district_id=district)
        if bbox := params.bbox(query):
            villages = villages.filter(boundary__intersects=Polygon.from_bbox(bbox))
        layer = (
            VillageCoverage.objects.of_run(run.pk if run else 0)
            .filter(village=OuterRef("pk"), operator=operator, service=service)
            .values(
                areas=JSONObject(
                    reports="report_count",
                    **{name: _rounded(name, 4) for name in AREAS},
                )
            )
        )
        texts = features(
            villages,
            geometry="boundary",
            properties=village_properties()
            | {
                "operator": Value(operator),
                "service": Value(service),
                "run": Value(run.pk if run else None, output_field=IntegerField()),
                "coverage": Subquery(layer),
            },
        )
        response = collection_response(texts)
        response["Cache-Control"] = "private, no-cache"
        return response


def village_properties() -> dict[str, Any]:
    listed = (
        Claim.objects.filter(village=OuterRef("pk"), kind=Claim.Kind.LISTED_BLANK)
        .order_by()
        .values("village")
        .annotate(first=Min(ExtractYear("stated_date")))
        .values("first")
    )
    return {
        "code": "code",
        "name": "name",
        "kind": "kind",
        "district": "district_id",
        "district_name": F("district__name"),
        "area_km2": "area_km2",
        "boundary_source": "boundary_source",
        "lon": x_of("point"),
        "lat": y_of("point"),
        "listed_year": Subquery(listed),
        "is_demo": Exists(
            SignalReport.objects.filter(village=OuterRef("pk"), is_demo=True)
        ),
    }


class VillageDetail(APIView):
    """One village: every layer, its state in officials' words, and what was claimed.

    `state.sentence` is written in the reader's language. `state.operators` has for
    each operator `state` (four_g, weak_4g, likely_voice_only, voice_only,
    likely_no_signal, no_signal, unknown, or mixed where places differ), `places` (how
    many of them are in which state) and `confidence` (mean probability that these
    states are right; null where nothing is measured). The places are the village's
    settlements, or its own point where `state.is_stand_in`. Claims come newest first.
    """

    @extend_schema(operation_id="villages_read", parameters=[RUN], responses=GEOJSON)
    def get(self, request: Request, code: str) -> Response:
        village = Village.objects.filter(code=code.replace("\0", "")).first()
        if village is None:
            raise NoRunError(_("There is no village with this code."))
        run = current_run() if "run" not in request.query_params else run_of(request)
        feature = (
            Village.objects.filter(code=code)
            .annotate(
                f=JSONObject(
                    geometry=Cast(
                        Func(
                            "boundary",
                            Value(5),
                            function="ST_AsGeoJSON",
                            output_field=CharField(),
                        ),
                        JSONField(),
                    ),
                    properties=JSONObject(**village_properties()),
                )
            )
            .values_list("f", flat=True)[0]
        )
        feature["properties"] |= {
            "run": run.pk if run else None,
            "coverage": [
                {"reports": row.pop("report_count"), **row}
                for row in (village_layers(run, village) if run else [])
            ],
            "state": village_state(run, village) if run else None,
            "claims": list(
                village.claims.order_by("-stated_date", "pk").values(
                    "kind",
                    "stated_date",
                    "event",
                    "status",
                    "responsible",
                    "source",
                    "name_in_source",
                    "note",
                    "stated",
                    "operator",
                    "settlement",
                    "stated_by_role",
                    "verification",
                )
            ),
        }
        return Response(
            {"type": "Feature", **feature}, content_type="application/geo+json"
        )


def village_state(run: CoverageRun, village: Village) -> dict[str, Any]:
    rows = with_all_operators(place_rows(run, [village.code]), [village.code])
    tallies = tallies_of(rows)
    is_stand_in = all(row.settlement is None for row in rows if row.is_of_people)
    return {
        "sentence": village_sentence(
            kind_and_name(village), tallies[ANY_OPERATOR], is_stand_in=is_stand_in
        ),
        "is_stand_in": is_stand_in,
        "operators": [
            {
                "operator": operator,
                "state": found.single.value if found.single else "mixed",
                "places": {state.value: n for state, n in found.present},
                "confidence": (
                    None if found.confidence is None else round(found.confidence, 3)
                ),
            }
            for operator, found in tallies.items()
        ],
    }


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
            OpenApiParameter("before", int, description="Runs older than this.")
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        runs = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        before = params.whole_number(request.query_params, "before")
        if before is not None:
            runs = runs.filter(pk__lt=before)
        return Response({"runs": [run_summary(run) for run in runs[:100]]})


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
