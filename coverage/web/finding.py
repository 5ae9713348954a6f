"""What the map page needs beside its layers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from coverage.api.basemap import basemap_path


def finding_options(request: HttpRequest, *, is_embedded: bool) -> dict[str, Any]:
    """Return addresses and settings for the script static/js/map/finding.js."""
    geodesic = "npm/geographiclib-geodesic/geographiclib-geodesic.min.js"
    return {
        "isEmbedded": is_embedded,
        "geodesic": static(geodesic),
        "pmtiles": static("npm/pmtiles/pmtiles.js"),
        "protomaps": static("npm/protomaps-leaflet/protomaps-leaflet.js"),
        "basemap": reverse("basemap") if basemap_path() else None,
        "basemapAttribution": settings.KUKAR_BASEMAP_ATTRIBUTION,
        "osm": settings.KUKAR_OSM_TILES or None,
        "map": request.build_absolute_uri(reverse("map")),
        "embed": request.build_absolute_uri(reverse("embedded-map")),
        "isEmbeddable": bool(settings.KUKAR_FRAME_ANCESTORS),
    }
