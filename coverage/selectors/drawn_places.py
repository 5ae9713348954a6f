"""Boundaries of districts and villages as the map draws them: smaller, never apart.

Neighbours are simplified together, so that no gap opens between them. What is measured
and counted uses the boundaries as they were loaded.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models import Extent as ExtentOf
from django.db import connection
from numpy.typing import NDArray

from coverage.core.frame import Extent
from coverage.selectors.tables import listed_years
from kukar_connect.packed import Packed, pack
from villages.models import District, Village

# How far a line may move, in degrees, and decimals kept. A pixel of the whole regency
# is 0.004° wide, one of zoom 9.5 is 0.002°, one of zoom 11 is 0.0007°; "near" is what
# other answers round to.
DETAILS = {"far": (0.003, 3), "middle": (0.0012, 4), "near": (0.00008, 5)}


def places_fingerprint() -> str:
    """Return what changes with any village, district or listing.

    Of a row it looks at the transaction that wrote it and at its place in the table,
    which both change with it: to read all boundaries would take longer than to send
    what is drawn of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT md5(concat(
              (SELECT string_agg(concat(tableoid, xmin, ctid), ' ' ORDER BY code)
                 FROM villages_village),
              (SELECT string_agg(concat(tableoid, xmin, ctid), ' ' ORDER BY code)
                 FROM villages_district),
              (SELECT string_agg(concat(village_id, stated_date), ''
                                 ORDER BY village_id, stated_date)
                 FROM villages_claim WHERE kind = 'listed_blank')))
            """
        )
        fingerprint: str = cursor.fetchone()[0]
    return fingerprint


def drawn_extent() -> Extent | None:
    """Return west, south, east and north of all villages, to four decimals (10 m).

    None while none has a boundary. Where the map begins, and what its first picture
    shows: both from the same four numbers.
    """
    box = Village.objects.aggregate(box=ExtentOf("boundary"))["box"]
    if box is None:
        return None
    west, south, east, north = (round(degrees, 4) for degrees in box)
    return west, south, east, north


# Simplifying takes a second; boundaries change once in years.
@lru_cache(maxsize=2 * len(DETAILS))
def drawn_places(fingerprint: str, detail: str) -> Packed:
    """Return districts and villages as packed JSON: two FeatureCollections.

    *fingerprint* is that of `places_fingerprint`, *detail* one of DETAILS.
    """
    listed = listed_years()
    villages = list(
        Village.objects.exclude(boundary=None)
        .select_related("district")
        .defer("district__boundary")
        .order_by("code")
    )
    districts = list(District.objects.exclude(boundary=None).order_by("code"))
    body = {
        "districts": _collection(
            districts,
            detail,
            [
                {
                    "code": d.code,
                    "name": d.name,
                    "boundary_source": d.boundary_source,
                    **_position(d.boundary.point_on_surface if d.boundary else None),
                }
                for d in districts
            ],
        ),
        "villages": _collection(
            villages,
            detail,
            [
                {
                    "code": v.code,
                    "name": v.name,
                    "aliases": v.aliases,
                    "kind": v.kind,
                    "district": v.district_id,
                    "district_name": v.district.name,
                    "area_km2": v.area_km2,
                    "boundary_source": v.boundary_source,
                    "listed_year": listed.get(v.code),
                    **_position(v.point),
                }
                for v in villages
            ],
        ),
    }
    return pack(json.dumps(body, separators=(",", ":"), ensure_ascii=False))


def _position(point: Any) -> dict[str, float | None]:
    if point is None:
        return {"lon": None, "lat": None}
    return {"lon": round(point.x, 5), "lat": round(point.y, 5)}


def _collection(
    places: list[Any], detail: str, properties: list[dict[str, Any]]
) -> dict[str, Any]:
    tolerance_deg, decimals = DETAILS[detail]
    if not places:
        return {"type": "FeatureCollection", "features": []}
    shapes = shapely.from_wkb([bytes(place.boundary.wkb) for place in places])
    simple = shapely.coverage_simplify(shapes, tolerance_deg)

    def rounded(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return coordinates.round(decimals)

    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": json.loads(geometry), "properties": told}
            for geometry, told in zip(
                shapely.to_geojson(shapely.transform(simple, rounded)),
                properties,
                strict=True,
            )
        ],
    }
