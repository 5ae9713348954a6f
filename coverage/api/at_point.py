from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import OPERATOR, RUN, SERVICE, NoRunError, run_of
from coverage.models import ANY_OPERATOR, BlankSpot, CoverageRun, LayerOperator, Service
from coverage.selectors.at_point import PlaceAt, place_at
from coverage.web.answer import answer_at
from kukar_connect import params
from kukar_connect.days import days_ago
from kukar_connect.params import ParameterError
from villages.models import Village

# Web Mercator, and so the map, ends there.
MOST_LAT = 85.0


class CoverageAt(APIView):
    """What a run says at one point, or about one blank spot, in numbers and words."""

    @extend_schema(
        operation_id="coverage_at",
        parameters=[
            OpenApiParameter("lon", float, description="Degrees; or give spot."),
            OpenApiParameter("lat", float),
            OpenApiParameter("spot", str, description="Identity of a blank spot."),
            OPERATOR,
            SERVICE,
            RUN,
        ],
        responses=OpenApiTypes.OBJECT,
        description=(
            "Every layer at the point: state, estimate, probability of blank, and the "
            "nearest report's distance (rounded up to 0.1 km) and age. `answer` says "
            "the layer asked for in the reader's language."
        ),
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        run = run_of(request)
        spot = self.spot(query, run)
        operator = params.choice(query, "operator", LayerOperator.values)
        service = params.choice(query, "service", Service.values)
        if spot is not None:
            operator, service = spot.operator, spot.service
        lon, lat = self.position(query, spot)
        now = timezone.now()
        place = place_at(run, lon, lat, now=now)
        return Response(
            described(
                place,
                operator or ANY_OPERATOR,
                service or Service.INTERNET.value,
                spot=spot,
                now=now,
            ),
            headers={"Cache-Control": "private, no-cache"},
        )

    def spot(self, query: QueryDict, run: CoverageRun) -> BlankSpot | None:
        asked = params.text(query, "spot")
        if asked is None:
            return None
        try:
            identity = UUID(asked)
        except ValueError:
            raise ParameterError(
                _("%(name)s is not a code or a name.") % {"name": "spot"}
            ) from None
        spot = BlankSpot.objects.of_run(run.pk).filter(identity=identity).first()
        if spot is None:
            raise NoRunError(_("This run has no such blank spot."))
        return spot

    def position(self, query: QueryDict, spot: BlankSpot | None) -> tuple[float, float]:
        lon, lat = params.number(query, "lon"), params.number(query, "lat")
        if lon is None and lat is None and spot is not None:
            inside = spot.polygon.point_on_surface
            return inside.x, inside.y
        # Written so that NaN is refused as well.
        if (
            lon is None
            or lat is None
            or not (-180 <= lon < 180 and -MOST_LAT <= lat <= MOST_LAT)
        ):
            raise ParameterError(
                _("Give lon and lat in degrees, such as lon=116.9&lat=-0.4.")
            )
        return lon, lat


def described(
    place: PlaceAt,
    operator: str,
    service: str,
    *,
    spot: BlankSpot | None,
    now: datetime,
) -> dict[str, Any]:
    layer = place.layer(operator, service)
    if spot is None and layer.blank_spot:
        spot = BlankSpot.objects.of_run(place.run.pk).get(identity=layer.blank_spot)
    answer = answer_at(
        place,
        operator,
        service,
        spot=spot,
        village_names=village_names(spot),
        age_days=(
            days_ago(spot.newest_report_at, now)
            if spot is not None and spot.newest_report_at
            else None
        ),
    )
    village = place.village
    return {
        "lon": place.lon,
        "lat": place.lat,
        "run": place.run.pk,
        "is_demo": place.run.is_demo,
        "operator": operator,
        "service": service,
        "spot": None if spot is None else str(spot.identity),
        "village": village
        and {
            "code": village.code,
            "name": village.name,
            "district": village.district_id,
            "district_name": village.district.name,
        },
        "layers": [asdict(layer) for layer in place.layers],
        "answer": asdict(answer),
    }


def village_names(spot: BlankSpot | None) -> list[str]:
    """Return the names of the villages that *spot* lies in, most of it first."""
    if spot is None:
        return []
    names = dict(
        Village.objects.filter(code__in=spot.villages).values_list("code", "name")
    )
    return [names[code] for code in spot.villages if code in names]
