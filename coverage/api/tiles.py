from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from coverage.api.run_answers import run_key
from coverage.models import LayerOperator, Service
from coverage.selectors.runs import run_tag
from coverage.services.first_picture import FULL, SIZES, first_pictures, picture_key
from coverage.services.paint_tile import MAX_ZOOM, MIN_ZOOM, PARTS, paint_tile
from kukar_connect.kept_answers import keep_answer, kept_answer


class SurfaceTileView(APIView):
    """A PNG tile of one run: its address never means anything else."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "part", str, enum=PARTS, description="Which states; default all."
            )
        ],
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, **where: Any) -> HttpResponse:
        run, z, x, y = where["run"], where["z"], where["x"], where["y"]
        part = request.query_params.get("part", "all")
        is_askable = (
            part in PARTS
            and where["operator"] in LayerOperator.values
            and where["service"] in Service.values
            and MIN_ZOOM <= z <= MAX_ZOOM
            and max(x, y) < 2**z
            and run_tag(run) is not None
        )
        if not is_askable:
            return HttpResponse(status=404)
        is_plain = set(request.query_params) <= {"part"}
        key = run_key(request, run) if is_plain else None
        if kept := kept_answer(request, key, is_fixed=True):
            return kept
        png = paint_tile(run, where["operator"], where["service"], z, x, y, part)
        response = HttpResponse(png, content_type="image/png")
        response["ETag"] = f'W/"{run}"'
        return keep_answer(request, key, response, is_fixed=True)


class FirstPicture(APIView):
    """A layer of one run over the whole regency, with its boundaries, as one WebP."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "places", str, required=True, description="Of which boundaries."
            ),
            OpenApiParameter(
                "size",
                str,
                enum=SIZES,
                description="Of a phone or a desk; default full.",
            ),
        ],
        responses={(200, "image/webp"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, **where: Any) -> HttpResponse:
        layer = where["run"], where["operator"], where["service"]
        places = request.query_params.get("places", "")
        size = request.query_params.get("size", FULL)
        key = picture_key(*layer, places, size)
        if kept := kept_answer(request, key, is_fixed=True):
            return kept
        pictures = first_pictures(*layer, places, [size]) if key else {}
        picture = pictures.get(size)
        if picture is None:
            return HttpResponse(status=404)
        return keep_answer(request, key, picture, is_fixed=True)
