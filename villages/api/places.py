from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import F, FloatField, Func, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from kukar_connect import pages
from villages.models import (
    Claim,
    District,
    Facility,
    OfficeInternet,
    Settlement,
    Site,
    Village,
)

GEOJSON = {(200, "application/geo+json"): OpenApiTypes.OBJECT}


def x_of(point: str) -> Func:
    return Func(point, function="ST_X", output_field=FloatField())


def y_of(point: str) -> Func:
    return Func(point, function="ST_Y", output_field=FloatField())


def _label_point(boundary: str) -> Func:
    return Func(boundary, function="ST_PointOnSurface")


class PlaceList(APIView, ABC):
    """Places of one kind as GeoJSON, by default as many as one page holds."""

    geometry: str
    keys: ClassVar[Sequence[pages.Key]] = [pages.Key("id", pages.as_whole_number)]
    properties: ClassVar[dict[str, Any]]

    @abstractmethod
    def rows(self) -> QuerySet: ...

    @extend_schema(
        parameters=[pages.FIELDS, *pages.parameters(default=pages.MOST)],
        responses=GEOJSON,
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        response = pages.feature_page(
            request,
            pages.paging_of(query, self.keys, default=pages.MOST),
            self.rows(),
            geometry=self.geometry,
            properties=pages.fields_of(query, self.properties),
        )
        response["Cache-Control"] = "private, no-cache"
        return response


CODE = [pages.Key("code", pages.as_text)]
OF_VILLAGE = [
    pages.Key("village_id", pages.as_text),
    pages.Key("id", pages.as_whole_number),
]
DISTRICT: dict[str, Any] = {
    "code": "code",
    "name": "name",
    "boundary_source": "boundary_source",
    "lon": x_of("label"),
    "lat": y_of("label"),
}


def drawn_districts() -> QuerySet:
    """Return the districts that have a boundary, with a point inside for the name."""
    return District.objects.exclude(boundary=None).annotate(
        label=_label_point("boundary")
    )


class Districts(APIView):
    """Kecamatan with their boundaries."""

    # The report form keeps this list and the next on a phone that nobody has signed in
    # on yet. Both are on any public map; who reported what is in neither.
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="districts_list",
        parameters=[pages.FIELDS, *pages.parameters()],
        responses=GEOJSON,
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        response = pages.feature_page(
            request,
            pages.paging_of(query, CODE),
            drawn_districts(),
            geometry="boundary",
            properties=pages.fields_of(query, DISTRICT),
        )
        response["Cache-Control"] = "private, no-cache"
        return response


class VillagePoints(PlaceList):
    """Every village's name and centre: small enough for a phone to keep."""

    permission_classes = [AllowAny]
    geometry = "point"
    keys = CODE
    properties = {"code": "code", "name": "name", "district_name": F("district__name")}

    def rows(self) -> QuerySet:
        return Village.objects.all()


class OfficialList(PlaceList):
    """Villages that Diskominfo itself listed as blank spots: claims, not readings."""

    geometry = "village__point"
    keys = OF_VILLAGE
    properties = {
        "code": "village_id",
        "name": F("village__name"),
        "district_name": F("village__district__name"),
        "year": Func("stated_date", template="EXTRACT(YEAR FROM %(expressions)s)::int"),
        "stated_date": "stated_date",
        "event": "event",
        "status": "status",
        "responsible": "responsible",
        "source": "source",
    }

    def rows(self) -> QuerySet:
        return Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)


class Settlements(PlaceList):
    """RT, dusun and kampung, where the office has loaded them."""

    geometry = "point"
    properties = {
        name: name
        for name in (
            "id",
            "name",
            "kind",
            "village_id",
            "households",
            "people",
            "source",
            "is_demo",
        )
    }

    def rows(self) -> QuerySet:
        return Settlement.objects.all()


class Facilities(PlaceList):
    """Schools, puskesmas, village offices and the like."""

    geometry = "point"
    properties = {
        name: name
        for name in (
            "id",
            "name",
            "kind",
            "village_id",
            "pupils",
            "patients",
            "source",
            "is_demo",
        )
    }

    def rows(self) -> QuerySet:
        return Facility.objects.all()


class Sites(PlaceList):
    """BTS, repeaters and VSAT that somebody told of; built is not working.

    `status` is what was seen of a site, `verified_date` when.
    """

    geometry = "point"
    properties = {
        name: name
        for name in (
            "id",
            "name",
            "kind",
            "village_id",
            "operators",
            "technologies",
            "height_m",
            "owner",
            "status",
            "verified_date",
            "source",
            "note",
            "is_demo",
        )
    }

    def rows(self) -> QuerySet:
        return Site.objects.all()


class OfficeInternets(PlaceList):
    """Statements about internet at village offices, which is no mobile coverage.

    Dated, and they may contradict each other: all of them are kept.
    """

    geometry = "village__point"
    keys = OF_VILLAGE
    properties = {
        "id": "id",
        "code": "village_id",
        "name": F("village__name"),
        "kinds": "kinds",
        "status": "status",
        "stated_date": "stated_date",
        "source": "source",
        "note": "note",
    }

    def rows(self) -> QuerySet:
        return OfficeInternet.objects.all()
