"""The ranking of blank spots for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import OPERATOR, RUN, SERVICE, run_of
from coverage.models import ANY_OPERATOR, LayerOperator, Service
from coverage.selectors.priorities import PARTS, RankedSpot, Weights, ranked_spots
from coverage.web.priority_words import METHOD, PART_HELP, weights_asked
from kukar_connect import pages, params

MOST = 2000
PLACE = [pages.Key("place", pages.as_whole_number)]


class Priorities(APIView):
    """Blank spots, the most urgent first, with every part of their score.

    A part is the spot's value as a share of the layer's largest, 0 to 1; the score is
    the mean of the parts by weight. What is not known is null, is left out of the mean
    and never taken for 0; `known` is the share of the weight that is known.
    """

    @extend_schema(
        operation_id="priorities_list",
        parameters=[
            RUN,
            OPERATOR,
            SERVICE,
            OpenApiParameter("district", str, description="District code."),
            *(
                OpenApiParameter(
                    name,
                    int,
                    description=f"Weight, 0 to 10, default 5: {PART_HELP[name]}.",
                )
                for name in PARTS
            ),
            OpenApiParameter(
                "confident",
                str,
                enum=["0", "1"],
                description="1 multiplies the score by the confidence.",
            ),
            *pages.parameters(MOST, MOST),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        run = run_of(request)
        operator = params.choice(query, "operator", LayerOperator.values)
        service = params.choice(query, "service", Service.values)
        operator = operator or ANY_OPERATOR
        service = service or Service.INTERNET.value
        weights = weights_asked(query, {name: name for name in PARTS}) or Weights()
        spots = ranked_spots(run, operator, service, weights)
        if district := params.text(query, "district"):
            spots = spots.in_district(district)
        paging = pages.paging_of(query, PLACE, most=MOST, default=MOST)
        # The ranking is worked out as a whole; a page is a part of it.
        left = spots if paging.after is None else spots.after(paging.after[0])
        shown = left[: paging.limit]
        following = None
        if len(left) > len(shown):
            last = [left.place(len(shown) - 1)]
            following = paging.link_to_next(request, last, run=run.pk)
        answer = Response(
            {
                "run": run.pk,
                "operator": operator,
                "service": service,
                "weights": weights.by_name,
                "by_confidence": weights.by_confidence,
                "method": METHOD,
                "count": len(spots),
                "spots": [_spot(spot) for spot in shown],
                "next": following,
            }
        )
        return pages.link(answer, following)


def _spot(spot: RankedSpot) -> dict[str, Any]:
    return {
        "rank": spot.rank,
        "score": None if spot.score is None else round(spot.score * 100, 4),
        "known": round(spot.known, 4),
        "id": str(spot.identity),
        "state": spot.state,
        "area_km2": round(spot.area_km2, 4),
        "confidence": round(spot.confidence, 3),
        "reports": spot.report_count,
        "newest_report_at": spot.newest_report_at,
        "villages": [code for code, _name in spot.villages],
        "village_names": [name for _code, name in spot.villages],
        "districts": [code for code, _name in spot.districts],
        "values": spot.values,
        "parts": {k: v if v is None else round(v, 6) for k, v in spot.parts.items()},
        "is_demo": spot.is_demo,
    }
