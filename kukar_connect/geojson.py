"""GeoJSON that PostGIS writes and Python only passes on."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import Func, JSONField, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject
from django.http import HttpResponse

# 5 decimals of a degree are 1.1 m: finer than any boundary or fix we hold.
PRECISION = 5
CONTENT_TYPE = "application/geo+json"


def features(
    rows: QuerySet,
    *,
    geometry: str,
    properties: dict[str, Any],
    precision: int = PRECISION,
) -> list[str]:
    """Return each row of *rows* as the text of a GeoJSON feature.

    *properties* maps each property's name to a field name or expression.
    """
    texts = with_text(rows, geometry, properties, precision)
    return list(texts.values_list("feature_text", flat=True))


def with_text(
    rows: QuerySet, geometry: str, properties: dict[str, Any], precision: int
) -> QuerySet:
    """Return *rows* with each one's feature as ``feature_text``."""
    feature = JSONObject(
        type=Value("Feature"),
        geometry=Cast(AsGeoJSON(geometry, precision=precision), JSONField()),
        properties=JSONObject(**properties),
    )
    return rows.annotate(feature_text=Cast(feature, TextField()))


def rounded(field: str, digits: int) -> Func:
    return Func(
        field,
        template=f"ROUND((%(expressions)s)::numeric, {digits})::float8",
        output_field=JSONField(),
    )


def collection_text(texts: list[str], **members: str) -> str:
    """Return a FeatureCollection; *members* are further members as JSON text."""
    extra = "".join(f'"{name}":{text},' for name, text in members.items())
    return f'{{"type":"FeatureCollection",{extra}"features":[{",".join(texts)}]}}'


def collection_response(texts: list[str], **members: str) -> HttpResponse:
    """Answer a FeatureCollection; *members* are further members as JSON text."""
    return HttpResponse(collection_text(texts, **members), content_type=CONTENT_TYPE)
