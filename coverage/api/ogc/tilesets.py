"""OGC API – Tiles, Part 1: what tells a client which tiles there are, and TileJSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from coverage.api.ogc.crs import CRS84, EPSG
from coverage.api.ogc.items import extent_of
from coverage.api.ogc.query import NotThereError, run_number
from coverage.api.ogc.schemas import Collection
from coverage.api.ogc.tile_sql import UNITS_ZOOM
from coverage.api.ogc.tiles import MVT, SCHEME, tile_parameters, tile_root, tiled
from coverage.api.ogc.views import OgcView, link
from coverage.core.grid import SEMI_MAJOR_M
from kukar_connect import params

SCHEME_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{SCHEME}"
MERCATOR = f"{EPSG}3857"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
JSON = "application/json"
TILE_PIXELS = 256
# Of a pixel that a screen's is taken for, by the standard.
PIXEL_M = 0.00028
HALF_WORLD_M = 3.141592653589793 * SEMI_MAJOR_M
# Past this a client enlarges what it has: a unit is less than a metre.
ZOOMS = range(UNITS_ZOOM + 1)


class Tilesets(OgcView):
    """The list of a collection's tilesets: there is one."""

    def get(self, request: Request, collection: str) -> HttpResponse:
        one = tiled(collection)
        path = reverse("ogc-tilesets", args=[one.id])
        own = reverse("ogc-tileset", args=[one.id, SCHEME])
        return JsonResponse(
            {
                "links": [link(request, path, "self", JSON)],
                "tilesets": [
                    {
                        **beginning(one),
                        "links": [link(request, own, "self", JSON, str(one.title))],
                    }
                ],
            }
        )


class Tileset(OgcView):
    """One tileset: as the standard describes it, or as TileJSON."""

    def known_parameters(self, **kwargs: Any) -> set[str]:
        return tile_parameters(tiled(kwargs["collection"], kwargs["scheme"]))

    def get(self, request: Request, collection: str, scheme: str) -> HttpResponse:
        one = tiled(collection)
        asked = params.choice(request.query_params, "f", ["json", "tilejson"])
        if asked == "tilejson":
            return JsonResponse(self.tilejson(request, one))
        path = reverse("ogc-tileset", args=[one.id, SCHEME])
        document: dict[str, Any] = {
            **beginning(one),
            "description": str(one.description),
            "links": [
                link(request, path, "self", JSON),
                link(request, f"{path}?f=tilejson", "describedby", JSON, "TileJSON"),
                link(
                    request,
                    reverse("ogc-tile-scheme", args=[SCHEME]),
                    f"{REL}tiling-scheme",
                    JSON,
                ),
                {
                    "href": whole_address(
                        request, one, names=("tileMatrix", "tileRow", "tileCol")
                    ),
                    "rel": "item",
                    "type": MVT,
                    "templated": True,
                },
            ],
            "layers": [
                {
                    "id": one.id,
                    "title": str(one.title),
                    "dataType": "vector",
                    "minTileMatrix": str(ZOOMS.start),
                    "maxTileMatrix": str(ZOOMS.stop - 1),
                    "propertiesSchema": {
                        "type": "object",
                        "properties": {
                            name: {"title": str(p.title), **p.schema}
                            for name, p in one.properties.items()
                        },
                    },
                }
            ],
        }
        extent = extent_of(one)
        if extent is not None:
            document["boundingBox"] = {
                "lowerLeft": extent[:2],
                "upperRight": extent[2:],
                "crs": CRS84.uri,
            }
        return JsonResponse(document)

    def tilejson(self, request: Request, one: Collection) -> dict[str, Any]:
        """Return the TileJSON; its tiles are those of the run that is current now.

        They may be kept for ever: the next run has other addresses, and this document
        tells them.
        """
        run = run_number(request, one)
        query = [
            (name, str(value))
            for name, value in request.query_params.items()
            if name not in ("f", "run")
        ]
        if run:
            query.append(("run", str(run)))
        document = {
            "tilejson": "3.0.0",
            "name": str(one.title),
            "description": str(one.description),
            "scheme": "xyz",
            "tiles": [whole_address(request, one, query=query)],
            "minzoom": ZOOMS.start,
            "maxzoom": ZOOMS.stop - 1,
            "vector_layers": [
                {
                    "id": one.id,
                    "fields": {
                        "id": "String",
                        **{name: field(p.schema) for name, p in one.properties.items()},
                    },
                }
            ],
        }
        extent = extent_of(one)
        return document | ({"bounds": extent} if extent is not None else {})


class Schemes(OgcView):
    def get(self, request: Request) -> HttpResponse:
        own = reverse("ogc-tile-scheme", args=[SCHEME])
        listed = {
            "id": SCHEME,
            "title": "Google Maps Compatible for the World",
            "uri": SCHEME_URI,
            "links": [link(request, own, "self", JSON)],
        }
        path = reverse("ogc-tile-schemes")
        return JsonResponse(
            {
                "links": [link(request, path, "self", JSON)],
                "tileMatrixSets": [listed],
            }
        )


class Scheme(OgcView):
    def get(self, request: Request, scheme: str) -> HttpResponse:
        if scheme != SCHEME:
            raise NotThereError(_("There are no tiles at this address."))
        return JsonResponse(
            {
                "id": SCHEME,
                "title": "Google Maps Compatible for the World",
                "uri": SCHEME_URI,
                "crs": MERCATOR,
                "orderedAxes": ["X", "Y"],
                "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/"
                "GoogleMapsCompatible",
                "tileMatrices": [matrix(z) for z in ZOOMS],
            }
        )


def matrix(z: int) -> dict[str, Any]:
    """Return zoom *z* as a tile matrix.

    Examples
    --------
    >>> round(matrix(0)["scaleDenominator"], 4)
    559082264.0287
    """
    pixel_m = 2 * HALF_WORLD_M / TILE_PIXELS / 2**z
    return {
        "id": str(z),
        "scaleDenominator": pixel_m / PIXEL_M,
        "cellSize": pixel_m,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-HALF_WORLD_M, HALF_WORLD_M],
        "tileWidth": TILE_PIXELS,
        "tileHeight": TILE_PIXELS,
        "matrixWidth": 2**z,
        "matrixHeight": 2**z,
    }


def beginning(collection: Collection) -> dict[str, Any]:
    return {
        "title": str(collection.title),
        "dataType": "vector",
        "crs": MERCATOR,
        "tileMatrixSetURI": SCHEME_URI,
    }


def whole_address(
    request: HttpRequest,
    collection: Collection,
    *,
    names: tuple[str, str, str] = ("z", "y", "x"),
    query: Sequence[tuple[str, str]] = (),
) -> str:
    """Return a tile's address, with *names* in braces where its numbers stand."""
    asked = f"?{urlencode(query)}" if query else ""
    # Braces would be quoted if they went through Django.
    root = request.build_absolute_uri(tile_root(collection))
    return root + "/".join(f"{{{name}}}" for name in names) + asked


def field(schema: Any) -> str:
    kinds = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
    return kinds.get(schema["type"], "String")
