from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.params import ParameterError
from villages.selectors.find_places import LEAST_TYPED, MOST_TYPED, found_places


class Search(APIView):
    """Villages, settlements, facilities and sites by name, however it is spelled."""

    @extend_schema(
        operation_id="search",
        parameters=[
            OpenApiParameter(
                "q",
                str,
                required=True,
                description=f"{LEAST_TYPED} to {MOST_TYPED} characters of a name.",
            )
        ],
        responses=OpenApiTypes.OBJECT,
        description=(
            "Accents, spaces, doubled letters and q for k do not matter. Each result "
            "has its group, name, where it lies, and what else it is called (`also`)."
        ),
    )
    def get(self, request: Request) -> Response:
        typed = request.query_params.get("q", "")
        if len(typed) > MOST_TYPED or "\0" in typed:
            raise ParameterError(
                _("Search for at most %(most)d letters.") % {"most": MOST_TYPED}
            )
        return Response(
            {"results": found_places(typed)}, headers={"Cache-Control": "no-cache"}
        )
