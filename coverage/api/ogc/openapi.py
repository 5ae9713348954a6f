"""The OpenAPI document of the OGC API, made from its collections."""

from __future__ import annotations

from typing import Any

from coverage.api.ogc.collections import COLLECTIONS
from coverage.api.ogc.crs import CRS84, SYSTEMS
from coverage.api.ogc.order import is_sortable
from coverage.api.ogc.schemas import Collection

PROBLEM = {
    "description": "What is wrong, in words (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}
FORMAT = {
    "name": "f",
    "in": "query",
    "schema": {"type": "string", "enum": ["json", "html"]},
    "description": "json or html; without it, what Accept asks for",
}
RUN = {
    "name": "run",
    "in": "query",
    "schema": {"type": "integer", "minimum": 0},
    "description": "A published run; default: the current one",
}
JSON = "application/json"
BINARY = {"type": "string", "format": "binary"}
MATRIX_SET = {
    "name": "tileMatrixSetId",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": ["WebMercatorQuad"]},
}
TILE_NUMBERS = [
    {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
    for name in ("tileMatrix", "tileRow", "tileCol")
]
SYSTEM = {"type": "string", "enum": list(SYSTEMS), "default": CRS84.uri}
CRS = {"name": "crs", "in": "query", "schema": SYSTEM}


def definition(root: str, *, usual: int, most: int) -> dict[str, Any]:
    """Return the document; *root* is the address of the landing page."""
    paths: dict[str, Any] = {
        "/": _get("landing", "The landing page", [FORMAT], "application/json"),
        "/conformance": _get(
            "conformance", "Which standards this follows", [FORMAT], "application/json"
        ),
        "/collections": _get(
            "collections", "The collections", [FORMAT], "application/json"
        ),
    }
    paths["/tileMatrixSets"] = _get(
        "tile-matrix-sets", "The divisions into tiles", [], JSON, page=False
    )
    paths["/tileMatrixSets/{tileMatrixSetId}"] = _get(
        "tile-matrix-set", "One division into tiles", [MATRIX_SET], JSON, page=False
    )
    for one in COLLECTIONS.values():
        path = f"/collections/{one.id}"
        run = [RUN] if one.is_of_run else []
        paths[path] = _get(
            f"describe-{one.id}", f"{one.id}: what it is", [FORMAT], "application/json"
        )
        paths[f"{path}/queryables"] = _get(
            f"queryables-{one.id}",
            f"{one.id}: what can be filtered by",
            [FORMAT],
            "application/schema+json",
        )
        paths[f"{path}/sortables"] = _get(
            f"sortables-{one.id}",
            f"{one.id}: what can be sorted by",
            [FORMAT],
            "application/schema+json",
        )
        paths[f"{path}/items"] = _get(
            f"items-{one.id}",
            f"{one.id}: features",
            [FORMAT, CRS, *run, *_item_parameters(one, usual, most)],
            "application/geo+json",
        )
        paths[f"{path}/items/{{featureId}}"] = _get(
            f"item-{one.id}",
            f"{one.id}: one feature",
            [
                FORMAT,
                CRS,
                *run,
                {
                    "name": "featureId",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                },
            ],
            "application/geo+json",
        )
        if one.geometry is not None:
            paths |= _tile_paths(one)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Kukar Connect: OGC API – Features", "version": "1"},
        "servers": [{"url": root.rstrip("/")}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The token as the password; any name.",
                },
            }
        },
        "security": [{"token": []}, {"basic": []}],
    }


def _tile_paths(collection: Collection) -> dict[str, Any]:
    name, path = collection.id, f"/collections/{collection.id}/tiles"
    asked = [RUN] if collection.is_of_run else []
    asked += _filters(collection)
    tile = _get(
        f"tile-{name}",
        f"{name}: one vector tile",
        [MATRIX_SET, *TILE_NUMBERS, _format("mvt"), *asked],
        "application/vnd.mapbox-vector-tile",
        page=False,
    )
    content = tile["get"]["responses"]["200"]["content"]
    content["application/vnd.mapbox-vector-tile"]["schema"] = BINARY
    tile["get"]["responses"]["204"] = {"description": "Nothing is there."}
    tile["get"]["responses"]["304"] = {"description": "What the client has is right."}
    return {
        path: _get(f"tilesets-{name}", f"{name}: its tilesets", [], JSON, page=False),
        f"{path}/{{tileMatrixSetId}}": _get(
            f"tileset-{name}",
            f"{name}: one tileset, as the standard has it or as TileJSON",
            [MATRIX_SET, _format("json", "tilejson"), *asked],
            JSON,
            page=False,
        ),
        f"{path}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": tile,
    }


def _format(*known: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": list(known)}
    return {"name": "f", "in": "query", "schema": schema}


def _get(
    operation: str,
    summary: str,
    parameters: list[dict[str, Any]],
    kind: str,
    *,
    page: bool = True,
) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {"schema": {"type": "object"}}}
    if page:
        content["text/html"] = {"schema": {"type": "string"}}
    found = {"description": summary, "content": content}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": found, "default": PROBLEM},
        }
    }


def _item_parameters(
    collection: Collection, usual: int, most: int
) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4}
    found: list[dict[str, Any]] = [
        {"name": "limit", "in": "query", "schema": limit},
        {
            "name": "bbox",
            "in": "query",
            "schema": numbers | {"maxItems": 6},
            "style": "form",
            "explode": False,
        },
        {
            "name": "filter",
            "in": "query",
            "schema": {"type": "string", "maxLength": 4000},
            "description": "CQL2 over the queryables",
        },
        {
            "name": "filter-lang",
            "in": "query",
            "schema": {"type": "string", "enum": ["cql2-text", "cql2-json"]},
        },
        {"name": "filter-crs", "in": "query", "schema": SYSTEM},
        {"name": "bbox-crs", "in": "query", "schema": SYSTEM},
        {"name": "datetime", "in": "query", "schema": {"type": "string"}},
        {
            "name": "after",
            "in": "query",
            "schema": {"type": "string"},
            "description": "From the link to the next page",
        },
    ]
    sortable = [n for n, one in collection.properties.items() if is_sortable(one)]
    for name, known, told in (
        (
            "sortby",
            [f"{sign}{n}" for n in sortable for sign in ("", "+", "-")],
            "+ or -",
        ),
        ("properties", list(collection.properties), "only these"),
    ):
        listed = {"type": "array", "items": {"type": "string", "enum": known}}
        found.append(
            {
                "name": name,
                "in": "query",
                "schema": listed,
                "style": "form",
                "explode": False,
                "description": told,
            }
        )
    return found + _filters(collection)


def _filters(collection: Collection) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": collection.properties[name].schema}
        for name in collection.filters
    ]
