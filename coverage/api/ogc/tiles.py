"""OGC API – Tiles, Part 1: vector tiles of every collection that has geometry."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from rest_framework.request import Request

from coverage.api.ogc.query import NotThereError, run_number
from coverage.api.ogc.schemas import Collection
from coverage.api.ogc.tile_sql import MAX_ZOOM, PREPARED, tile_of
from coverage.api.ogc.views import OgcView, collection_named
from coverage.api.run_answers import run_key
from coverage.selectors.runs import run_tag
from kukar_connect import params
from kukar_connect.kept_answers import keep_answer, kept_answer

MVT = "application/vnd.mapbox-vector-tile"
SCHEME = "WebMercatorQuad"


def tiled(name: str, scheme: str = SCHEME) -> Collection:
    """Return the collection of that name if there are tiles of it in *scheme*."""
    collection = collection_named(name)
    if collection.geometry is None or scheme != SCHEME:
        raise NotThereError(_("There are no tiles at this address."))
    return collection


def check_place(z: int, x: int, y: int) -> None:
    if z > MAX_ZOOM or max(x, y) >= 2**z:
        raise NotThereError(_("There is no such tile."))


def tile_parameters(collection: Collection) -> set[str]:
    run = {"run"} if collection.is_of_run else set()
    return {"f", *run, *collection.filters}


class VectorTile(OgcView):
    """One tile. That of a run never changes, that of the current run until the next."""

    def known_parameters(self, **kwargs: Any) -> set[str]:
        return tile_parameters(tiled(kwargs["collection"], kwargs["scheme"]))

    def get(self, request: Request, collection: str, **where: Any) -> HttpResponse:
        one = tiled(collection)
        z, x, y = where["z"], where["x"], where["y"]
        check_place(z, x, y)
        params.choice(request.query_params, "f", ["mvt"])
        run = run_number(request, one)
        equal = {
            name: request.query_params[name][:200].replace("\0", "")
            for name in one.filters
            if name in request.query_params
        }
        if run is None or one.id not in PREPARED:
            return as_it_is(request, tile_of(one, z, x, y, run, equal))
        is_fixed = "run" in request.query_params
        etag = f'W/"{run}-{(run_tag(run) or "")[:12]}"'
        if not is_fixed and (known := get_conditional_response(request, etag=etag)):
            known["ETag"], known["Cache-Control"] = etag, "private, no-cache"
            return known
        key = run_key(request, run)
        if kept := kept_answer(request, key, is_fixed=is_fixed):
            return kept
        response = tile_response(tile_of(one, z, x, y, run, equal), etag)
        return keep_answer(request, key, response, is_fixed=is_fixed)


def tile_response(body: bytes, etag: str) -> HttpResponse:
    # Nothing is there: that is an answer too.
    return HttpResponse(
        body, status=200 if body else 204, content_type=MVT, headers={"ETag": etag}
    )


def as_it_is(request: HttpRequest, body: bytes) -> HttpResponse:
    """Answer what may change at any moment: its ETag names what is in it."""
    digest = hashlib.sha256(body).hexdigest()[:20]
    response = tile_response(body, f'W/"{digest}"')
    response["Cache-Control"] = "private, no-cache"
    return response


def tile_root(collection: Collection) -> str:
    """Return the path of a tile without its zoom, row and column."""
    path = reverse("ogc-tile", args=[collection.id, SCHEME, 0, 0, 0])
    return path.removesuffix("0/0/0")
