"""OGC API – Features, Part 1: features, page by page, and each by its id."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.request import Request

from coverage.api.ogc.collections import Collection
from coverage.api.ogc.items import (
    ItemQuery,
    Page,
    feature_of,
    page_of,
    pages_of,
    written,
)
from coverage.api.ogc.query import (
    MOST,
    NotThereError,
    crs_of,
    query_of,
    run_number,
)
from coverage.api.ogc.views import (
    GEOJSON,
    OgcView,
    collection_named,
    link,
    wants_html,
)

# A page for people shows no more than they read.
HTML_LIMIT = 50
OWN_PARAMETERS = {
    "f",
    "limit",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "after",
    "run",
    "filter",
    "filter-lang",
    "filter-crs",
}
# What the code makes of rows that stay the same: of every answer's ETag.
FORM = hashlib.sha256(
    b"".join(
        Path(__file__).with_name(f"{name}.py").read_bytes()
        for name in ("collections", "items", "item_views")
    )
).hexdigest()


class Items(OgcView):
    """Features of one collection, page by page.

    The link to the next page names the last feature of this one and the run, so that
    a walk through all pages sees every feature once, though the map goes on.
    """

    def known_parameters(self, **kwargs: Any) -> set[str]:
        return OWN_PARAMETERS | set(collection_named(kwargs["collection"]).filters)

    def get(self, request: Request, collection: str) -> HttpResponseBase:
        one = collection_named(collection)
        is_html = wants_html(request)
        query = query_of(request, one, HTML_LIMIT if is_html else MOST)
        if is_html:
            page = page_of(one, query)
            links = self.links(request, one, query, page.next_after)
            shown = items_shown(one, page, links)
            return render(request, "coverage/ogc/items.html", shown)
        tag = self.tag(request, one, query)
        if tag and tag in parse_etags(request.headers.get("If-None-Match", "")):
            response: HttpResponseBase = HttpResponse(status=304)
        else:
            response = self.features(request, one, query)
            response["Content-Crs"] = f"<{query.crs.uri}>"
        if tag:
            response["ETag"] = tag
        return response

    def features(
        self, request: Request, collection: Collection, query: ItemQuery
    ) -> HttpResponseBase:
        def links(last: str | None) -> str:
            return json.dumps(self.links(request, collection, query, last))

        pages = pages_of(collection, query)
        # Before anything is answered, so that what fails, fails as a problem.
        first = next(pages)
        text = written(chain([first], pages), links)
        if first.next_after is None or first.number_returned == query.limit:
            return HttpResponse("".join(text), content_type=GEOJSON)
        return StreamingHttpResponse(text, content_type=GEOJSON)

    def tag(
        self, request: Request, collection: Collection, query: ItemQuery
    ) -> str | None:
        """Return the ETag of an answer that never changes, None for the others.

        A weak one: the answer says when it was written.
        """
        if not collection.is_fixed:
            return None
        told = f"{query.run} {request.build_absolute_uri()} {FORM}"
        return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'

    def links(
        self,
        request: Request,
        collection: Collection,
        query: ItemQuery,
        next_after: str | None,
    ) -> list[dict[str, str]]:
        path = reverse("ogc-items", args=[collection.id])
        asked = {k: v for k, v in request.query_params.items() if k != "f"}

        def at(**more: Any) -> str:
            text = urlencode(asked | more)
            return f"{path}?{text}" if text else path

        links = [
            link(request, at(), "self", GEOJSON),
            link(request, at(f="html"), "alternate", "text/html"),
            link(
                request,
                reverse("ogc-collection", args=[collection.id]),
                "collection",
                "application/json",
            ),
        ]
        if next_after is not None:
            more: dict[str, Any] = {"limit": query.limit, "after": next_after}
            if query.run is not None:
                more["run"] = query.run
            links.append(link(request, at(**more), "next", GEOJSON))
        return links


def items_shown(
    collection: Collection, page: Page, links: list[dict[str, str]]
) -> dict[str, Any]:
    features = json.loads(f"[{page.text}]")
    following = next((one["href"] for one in links if one["rel"] == "next"), None)
    return {
        "collection": collection,
        "names": [str(p.title) for p in collection.properties.values()],
        "rows": [(f["id"], list(f["properties"].values())) for f in features],
        "matched": page.number_matched,
        "next": following and f"{following}&f=html",
    }


class Item(OgcView):
    parameters = {"f", "run", "crs"}

    def get(self, request: Request, collection: str, key: str) -> HttpResponse:
        one = collection_named(collection)
        crs = crs_of(request, "crs")
        run = run_number(request, one)
        text = feature_of(one, key.replace("\0", ""), run, crs)
        if text is None:
            raise NotThereError(_("This collection has no feature with this id."))
        path = reverse("ogc-item", args=[one.id, key])
        links = [
            link(request, path, "self", GEOJSON),
            link(request, f"{path}?f=html", "alternate", "text/html"),
            link(
                request,
                reverse("ogc-collection", args=[one.id]),
                "collection",
                "application/json",
            ),
        ]
        if wants_html(request):
            feature = json.loads(text)
            titles = [str(p.title) for p in one.properties.values()]
            pairs = zip(titles, feature["properties"].values(), strict=True)
            return render(
                request,
                "coverage/ogc/item.html",
                {"collection": one, "key": feature["id"], "pairs": list(pairs)},
            )
        response = HttpResponse(
            f'{text[:-1]},"links":{json.dumps(links)}}}', content_type=GEOJSON
        )
        response["Content-Crs"] = f"<{crs.uri}>"
        return response
