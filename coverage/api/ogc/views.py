"""OGC API – Features, Part 1: landing page, conformance, collections and items.

Answers in JSON or, for a browser, as a page; ``f=json`` and ``f=html`` say which.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import (
    HttpRequest,
    HttpResponse,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from coverage.api.ogc.collections import COLLECTIONS, Collection
from coverage.api.ogc.crs import CRS84, SYSTEMS
from coverage.api.ogc.items import (
    extent_of,
)
from coverage.api.ogc.openapi import definition
from coverage.api.ogc.query import (
    MOST,
    USUAL_LIMIT,
    NotThereError,
)
from kukar_connect import params

CONFORMANCE = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
        )
    ),
]
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


class AnyNegotiation(BaseContentNegotiation):
    """We choose between JSON and a page ourselves, from ``f`` or ``Accept``."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[Any],
        format_suffix: str | None = None,
    ) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class OgcView(APIView):
    content_negotiation_class = AnyNegotiation
    # Described by its own document, which /ogc/api answers.
    schema = None

    parameters: set[str] = {"f"}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known_parameters(**kwargs)
        for name in request.query_params:
            if name not in known:
                raise params.ParameterError(
                    _("There is no parameter “%(name)s” here. Known are: %(known)s.")
                    % {"name": name[:40], "known": ", ".join(sorted(known))}
                )

    def known_parameters(self, **kwargs: Any) -> set[str]:
        return self.parameters

    def answer(
        self, request: Request, document: dict[str, Any], template: str
    ) -> HttpResponse:
        if wants_html(request):
            return render(request, template, {"document": document})
        return JsonResponse(document)


def wants_html(request: Request) -> bool:
    asked = params.choice(request.query_params, "f", ["json", "html"])
    if asked is not None:
        return asked == "html"
    accepted = request.headers.get("Accept", "")
    is_json = "json" in accepted
    return "text/html" in accepted and not is_json


def link(
    request: HttpRequest, path: str, rel: str, kind: str, title: str = ""
) -> dict[str, str]:
    # Our own paths need nothing quoted, which build_absolute_uri would look for.
    href = f"{request.scheme}://{request.get_host()}{path}"
    found = {"href": href, "rel": rel, "type": kind}
    return found | ({"title": title} if title else {})


def both(
    request: HttpRequest, path: str, rel: str, title: str = ""
) -> list[dict[str, str]]:
    """Return links to the JSON and to the page of *path*; *rel* is of the first."""
    other = "alternate" if rel == "self" else rel
    return [
        link(request, path, rel, "application/json", title),
        link(request, f"{path}?f=html", other, "text/html", title),
    ]


class Landing(OgcView):
    def get(self, request: Request) -> HttpResponse:
        document = {
            "title": "Kukar Connect",
            "description": _(
                "Mobile coverage of Kutai Kartanegara from measured reports: covered, "
                "blank, or unknown, never mixed up."
            ),
            "links": [
                *both(request, reverse("ogc"), "self"),
                link(
                    request,
                    reverse("ogc-api"),
                    "service-desc",
                    OPENAPI,
                    _("The definition of this API"),
                ),
                link(
                    request,
                    reverse("api-docs"),
                    "service-doc",
                    "text/html",
                    _("Documentation"),
                ),
                *both(request, reverse("ogc-conformance"), "conformance"),
                *both(request, reverse("ogc-collections"), "data", _("The data")),
            ],
        }
        return self.answer(request, document, "coverage/ogc/landing.html")


class Conformance(OgcView):
    def get(self, request: Request) -> HttpResponse:
        document = {"conformsTo": CONFORMANCE}
        return self.answer(request, document, "coverage/ogc/conformance.html")


class Definition(OgcView):
    def get(self, request: Request) -> HttpResponse:
        document = definition(
            request.build_absolute_uri(reverse("ogc")), usual=USUAL_LIMIT, most=MOST
        )
        return HttpResponse(json.dumps(document), content_type=OPENAPI)


class Collections(OgcView):
    def get(self, request: Request) -> HttpResponse:
        document = {
            "links": both(request, reverse("ogc-collections"), "self"),
            "collections": [described(request, one) for one in COLLECTIONS.values()],
        }
        return self.answer(request, document, "coverage/ogc/collections.html")


class CollectionPage(OgcView):
    def get(self, request: Request, collection: str) -> HttpResponse:
        document = described(request, collection_named(collection))
        return self.answer(request, document, "coverage/ogc/collection.html")


class Queryables(OgcView):
    """What a filter may name, as a JSON schema."""

    def get(self, request: Request, collection: str) -> HttpResponse:
        one = collection_named(collection)
        queryables: dict[str, Any] = {
            name: {"title": str(p.title), **p.schema}
            for name, p in one.properties.items()
        }
        if one.geometry is not None:
            queryables["geometry"] = {"title": "geometry", "format": "geometry-any"}
        document = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": request.build_absolute_uri(request.path),
            "type": "object",
            "title": str(one.title),
            "properties": queryables,
            "additionalProperties": False,
        }
        if wants_html(request):
            rows = [
                (name, schema.get("format") or schema["type"], schema["title"])
                for name, schema in queryables.items()
            ]
            shown = {"collection": one, "queryables": rows}
            return render(request, "coverage/ogc/queryables.html", shown)
        return HttpResponse(json.dumps(document), content_type=SCHEMA)


def collection_named(name: str) -> Collection:
    if name not in COLLECTIONS:
        raise NotThereError(
            _("There is no collection “%(name)s”. There are: %(known)s.")
            % {"name": name[:40], "known": ", ".join(COLLECTIONS)}
        )
    return COLLECTIONS[name]


def described(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    path = reverse("ogc-collection", args=[collection.id])
    items = reverse("ogc-items", args=[collection.id])
    document: dict[str, Any] = {
        "id": collection.id,
        "title": str(collection.title),
        "description": str(collection.description),
        "itemType": "feature",
        "crs": list(SYSTEMS),
        "storageCrs": CRS84.uri,
        "links": [
            *both(request, path, "self"),
            link(request, items, "items", GEOJSON, str(collection.title)),
            link(request, f"{items}?f=html", "items", "text/html"),
            link(
                request,
                reverse("ogc-queryables", args=[collection.id]),
                QUERYABLES,
                SCHEMA,
                _("What can be filtered by"),
            ),
        ],
    }
    extent = extent_of(collection)
    if extent is not None:
        document["extent"] = {"spatial": {"bbox": [extent], "crs": CRS84.uri}}
    return document
