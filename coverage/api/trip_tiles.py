"""What a phone may keep of the map before a trip, with its size."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import OPERATOR, SERVICE, run_of, tag, unchanged
from coverage.core.grid import ZOOM
from coverage.models import CoverageRun, LayerOperator, Service
from coverage.selectors.regency import district_tiles
from coverage.services.paint_tile import paint_tile
from coverage.web import words
from kukar_connect import params
from villages.models import District

# At the last of these a square is a pixel; a phone enlarges it for itself.
ZOOMS = range(ZOOM - 2, ZOOM + 1)


class TripTiles(APIView):
    """The surface tiles of every district in one layer of the current run."""

    @extend_schema(
        operation_id="trip_tiles",
        parameters=[OPERATOR, SERVICE],
        responses=OpenApiTypes.OBJECT,
        description=(
            "For phones that go where there is no network. Each district has its "
            "tiles as `[z, x, y, bytes]`; put z, x and y into `address`. A tile may "
            "belong to several districts."
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        operator = params.choice(query, "operator", LayerOperator.values) or "ANY"
        service = params.choice(query, "service", Service.values) or "internet"
        run = run_of(request)
        etag = f'"trip-{run.pk}-{operator}-{service}-{request.LANGUAGE_CODE}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        return tag(Response(trip(run, operator, service)), etag)


def trip(run: CoverageRun, operator: str, service: str) -> dict[str, Any]:
    tiles = {z: district_tiles(z) for z in ZOOMS}
    # By a tile that is, because the address's parts are checked when it is made.
    address = reverse("surface-tile", args=(run.pk, operator, service, 0, 0, 0))
    return {
        "run": run.pk,
        "input_cutoff_at": run.input_cutoff_at,
        "is_demo": run.is_demo,
        "operator": operator,
        "service": service,
        "operators": [{"value": v, "name": str(n)} for v, n in LayerOperator.choices],
        "services": [{"value": v, "name": str(n)} for v, n in Service.choices],
        "states": [
            {"state": s, "name": str(words.STATE_NAMES[s])} for s in words.STATES
        ],
        "address": address.removesuffix("0/0/0.png") + "{z}/{x}/{y}.png",
        "zooms": [ZOOMS.start, ZOOMS.stop - 1],
        "districts": [
            {
                "code": district.code,
                "name": district.name,
                "tiles": [
                    (z, x, y, len(paint_tile(run.pk, operator, service, z, x, y)))
                    for z in ZOOMS
                    for x, y in tiles[z][district.code]
                ],
            }
            for district in District.objects.order_by("name")
            if district.code in tiles[ZOOM]
        ],
    }
