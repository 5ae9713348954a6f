"""Villages with what a run says of them."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Polygon
from django.db.models import (
    CharField,
    Exists,
    F,
    Func,
    IntegerField,
    JSONField,
    Min,
    OuterRef,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, ExtractYear, JSONObject
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import GEOJSON, OPERATOR, RUN, SERVICE, NoRunError, run_of
from coverage.models import (
    ANY_OPERATOR,
    CoverageRun,
    LayerOperator,
    Service,
    VillageCoverage,
)
from coverage.selectors.places import place_rows
from coverage.selectors.runs import current_run
from coverage.selectors.tables import AREAS, village_layers
from coverage.selectors.tallies import tallies_of, with_all_operators
from coverage.web.profile_words import kind_and_name, village_sentence
from kukar_connect import pages, params
from kukar_connect.geojson import rounded
from villages.api.places import x_of, y_of
from villages.models import Claim, SignalReport, Village


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
            pages.FIELDS,
            *pages.parameters(),
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
                    **{name: rounded(name, 4) for name in AREAS},
                )
            )
        )
        properties = village_properties() | {
            "operator": Value(operator),
            "service": Value(service),
            "run": Value(run.pk if run else None, output_field=IntegerField()),
            "coverage": Subquery(layer),
        }
        response = pages.feature_page(
            request,
            pages.paging_of(query, [pages.Key("code", pages.as_text)]),
            villages,
            geometry="boundary",
            properties=pages.fields_of(query, properties),
            pinned={"run": run.pk} if run else {},
        )
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
    likely_no_4g, no_4g, likely_no_signal, no_signal, unknown, or mixed where places
    differ; no_4g says nothing of calls, which nobody measured there), `places` (how
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
