"""One district with what a run says of it."""

from __future__ import annotations

from django.db.models import IntegerField, Value
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from coverage.api.rest import GEOJSON, RUN, NoRunError, run_of
from coverage.selectors.districts import district_layers, villages_of_district
from coverage.selectors.runs import current_run
from kukar_connect.geojson import CONTENT_TYPE, features
from villages.api.places import DISTRICT, drawn_districts


class DistrictDetail(APIView):
    """One district: its villages, and its area by state in every layer."""

    @extend_schema(operation_id="districts_read", parameters=[RUN], responses=GEOJSON)
    def get(self, request: Request, code: str) -> HttpResponse:
        districts = drawn_districts().filter(code=code.replace("\0", ""))
        run = current_run() if "run" not in request.query_params else run_of(request)
        number = run.pk if run else None
        texts = features(
            districts,
            geometry="boundary",
            properties=DISTRICT
            | {
                "run": Value(number, output_field=IntegerField()),
                "villages": villages_of_district(),
                "coverage": district_layers(number or 0),
            },
        )
        if not texts:
            raise NoRunError(_("There is no district with this code."))
        response = HttpResponse(texts[0], content_type=CONTENT_TYPE)
        response["Cache-Control"] = "private, no-cache"
        return response
