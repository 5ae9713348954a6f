"""What the map's layers are drawn from, small and quick enough for every move of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import OPERATOR, RUN, SERVICE, run_of, tag, unchanged
from coverage.core.crowds import Cells
from coverage.core.grid import position_of
from coverage.models import ANY_OPERATOR, LayerOperator, Service
from coverage.selectors.drawn_places import DETAILS, drawn_places, places_fingerprint
from coverage.selectors.map_spots import sketched_spots
from coverage.selectors.place_layers import place_states, village_shares
from coverage.selectors.report_squares import (
    FOUND,
    Choice,
    report_squares,
)
from kukar_connect import params
from kukar_connect.packed import packed_response
from kukar_connect.params import ParameterError
from kukar_connect.roles import CanSeeReports
from villages.models import Technology, Village

MAX_LEVEL = 12


class MapBoundaries(APIView):
    """Districts and villages, simplified together for drawing."""

    @extend_schema(
        operation_id="map_boundaries",
        parameters=[
            OpenApiParameter(
                "detail",
                str,
                enum=list(DETAILS),
                description=(
                    "far (default): for the whole regency; middle: from zoom 9.5; "
                    "near: from zoom 11."
                ),
            )
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        known = list(DETAILS)
        detail = params.choice(request.query_params, "detail", known) or "far"
        fingerprint = places_fingerprint()
        etag = f'"places-{detail}-{fingerprint}"'
        return unchanged(request, etag) or tag(
            packed_response(
                request,
                drawn_places(fingerprint, detail),
                content_type="application/json",
            ),
            etag,
        )


class MapSpots(APIView):
    """Blank spots of a layer as TopoJSON, for drawing the whole regency.

    What is said of one of them is at `blank-spots/{id}/`, its exact shape too.
    """

    @extend_schema(
        operation_id="map_blank_spots",
        parameters=[RUN, OPERATOR, SERVICE],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        etag = f'"map-blank-spots-{run.pk}-{run.checksum}"'
        return unchanged(request, etag) or tag(
            packed_response(
                request,
                sketched_spots(run.pk, run.checksum, *layer_of(request)),
                content_type="application/json",
            ),
            etag,
        )


class LayerOfRun(APIView, ABC):
    """Something about one layer of one run, which never changes."""

    name: str

    @extend_schema(parameters=[RUN, OPERATOR, SERVICE], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        layer = layer_of(request)
        etag = f'"{self.name}-{run.pk}-{run.checksum}"'
        return unchanged(request, etag) or tag(
            Response({"run": run.pk, **self.found(run, *layer)}), etag
        )

    @abstractmethod
    def found(self, run: Any, operator: str, service: str) -> dict[str, Any]: ...


class VillageShares(LayerOfRun):
    """Of each village, how many settlements are in which state of a layer.

    Where none is loaded the village's own point stands in (`is_stand_in`).
    """

    name = "village-shares"

    def found(self, run: Any, operator: str, service: str) -> dict[str, Any]:
        return {"villages": village_shares(run, operator, service)}


class PlaceStates(LayerOfRun):
    """The state of a layer at each settlement and each facility, by id."""

    name = "place-states"

    def found(self, run: Any, operator: str, service: str) -> dict[str, Any]:
        return dict(place_states(run, operator, service))


@dataclass(frozen=True)
class View:
    """Which part of the world is looked at, and in cells of which size."""

    level: int
    box: tuple[int, int, int, int]


CELL_PARAMETERS = [
    RUN,
    OpenApiParameter("operator", str, enum=LayerOperator.values),
    OpenApiParameter("technology", str, enum=[t for t in Technology.values if t]),
    OpenApiParameter("since", str, description="First day, 2026-01-31."),
    OpenApiParameter("until", str, description="Last day, included."),
    OpenApiParameter("district", str, description="District code."),
    OpenApiParameter("village", str, description="Village code."),
    OpenApiParameter("demo", str, enum=["off"], description="off: without them."),
    OpenApiParameter("bbox", str, required=True, description="west,south,east,north"),
    OpenApiParameter(
        "level",
        int,
        required=True,
        description=f"A cell is 2^level squares wide, 0 to {MAX_LEVEL}.",
    ),
]


class CellsView(APIView, ABC):
    """Reports counted by cells of the grid; never where one of them was made.

    A cell is [column, row, newest day, count …]: column and row in cells of the whole
    map from its north-west corner, the day in days since 1970 (WITA).
    """

    is_used_only: bool

    def get(self, request: Request) -> HttpResponse:
        run = run_of(request)
        view = view_of(request)
        choice = choice_of(request)
        try:
            cells = report_squares(run).cells(
                choice,
                level=view.level,
                box=view.box,
                is_used_only=self.is_used_only,
            )
        except ValueError:
            raise ParameterError(
                _("The area is too large for cells so small: choose a higher level.")
            ) from None
        response = Response({"run": run.pk, "level": cells.level, **self.told(cells)})
        response["Cache-Control"] = "private, no-cache"
        return response

    @abstractmethod
    def told(self, cells: Cells) -> dict[str, Any]: ...


class Evidence(CellsView):
    """Where was measured, how often, and when last: reports that count for the map."""

    is_used_only = True

    @extend_schema(
        operation_id="evidence_cells",
        parameters=CELL_PARAMETERS,
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        return super().get(request)

    def told(self, cells: Cells) -> dict[str, Any]:
        count = cells.count.sum(axis=1)
        columns = (cells.column, cells.row, cells.newest_day, count)
        return {
            "total": int(count.sum()),
            "cells": [
                list(c) for c in zip(*(c.tolist() for c in columns), strict=True)
            ],
        }


class ReportCells(CellsView):
    """How many reports found what, by cell, whether they count or not."""

    is_used_only = False

    def get_permissions(self) -> list[BasePermission]:
        return [CanSeeReports()]

    @extend_schema(
        operation_id="report_cells",
        parameters=CELL_PARAMETERS,
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        return super().get(request)

    def told(self, cells: Cells) -> dict[str, Any]:
        columns = (cells.column, cells.row, cells.newest_day, *cells.count.T)
        return {
            "found": FOUND,
            "total": int(cells.count.sum()),
            "cells": [
                list(c) for c in zip(*(c.tolist() for c in columns), strict=True)
            ],
        }


def layer_of(request: Request) -> tuple[str, str]:
    query = request.query_params
    operator = params.choice(query, "operator", LayerOperator.values)
    service = params.choice(query, "service", Service.values)
    return operator or ANY_OPERATOR, service or Service.INTERNET.value


def view_of(request: Request) -> View:
    query = request.query_params
    extent = params.bbox(query)
    level = params.whole_number(query, "level")
    if extent is None or level is None or level > MAX_LEVEL:
        raise ParameterError(
            _("Give bbox=west,south,east,north and level=0 to %(most)d.")
            % {"most": MAX_LEVEL}
        )
    west, south, east, north = extent
    # The grid ends at 85° north and south, as web maps do.
    column, row = position_of([west, east], [min(north, 85.0), max(south, -85.0)])
    return View(
        level=level,
        box=(int(column[0]), int(row[0]), int(column[1]), int(row[1])),
    )


def choice_of(request: Request) -> Choice:
    """Return the filters that an address names (`static/js/map/filters.js`)."""
    query = request.query_params
    operator = params.choice(query, "operator", LayerOperator.values)
    technologies = [t for t in Technology.values if t]
    villages = None
    if district := params.text(query, "district"):
        villages = set(
            Village.objects.filter(district=district).values_list("code", flat=True)
        )
    if village := params.text(query, "village"):
        villages = {village} if villages is None else villages & {village}
    return Choice(
        operator=None if operator == ANY_OPERATOR else operator,
        technology=params.choice(query, "technology", technologies),
        since=params.day(query, "since"),
        until=params.day(query, "until"),
        villages=villages,
        has_demo=params.choice(query, "demo", ["off"]) is None,
    )
