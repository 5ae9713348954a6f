"""Settlements and facilities as their pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.gis.db.models import MultiPolygonField
from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import Func, Value

from kukar_connect.geojson import features
from villages.models import Village

# A pixel or two where a district fills the screen.
SIMPLIFIED_DEG = 0.0003


def nearest_village(point: Point) -> tuple[Village, float] | None:
    """Return the village whose own point is nearest to *point*, and how many km."""
    village = (
        Village.objects.annotate(apart=Distance("point", point, spheroid=False))
        .only("name")
        .order_by("apart")
        .first()
    )
    return None if village is None else (village, village.apart.km)


@dataclass(frozen=True)
class VillagePlaces:
    """How many places of each sort a village has; None where nobody told a number."""

    code: str
    name: str
    district: str
    settlements: int
    people: int | None
    facilities: int
    # Invented ones, which never stand beside real ones of the same sort.
    has_demo_settlements: bool
    has_demo_facilities: bool


_BY_VILLAGE = """
SELECT v.code, v.name, d.name, coalesce(s.n, 0), s.people, coalesce(f.n, 0),
       coalesce(s.demo, FALSE), coalesce(f.demo, FALSE)
FROM villages_village AS v
JOIN villages_district AS d ON d.code = v.district_id
LEFT JOIN (
    SELECT village_id, count(*) AS n, sum(people) AS people, bool_or(is_demo) AS demo
    FROM villages_settlement GROUP BY village_id
) AS s ON s.village_id = v.code
LEFT JOIN (
    SELECT village_id, count(*) AS n, bool_or(is_demo) AS demo
    FROM villages_facility GROUP BY village_id
) AS f ON f.village_id = v.code
ORDER BY d.name, v.name
"""


def places_by_village() -> list[VillagePlaces]:
    with connection.cursor() as cursor:
        cursor.execute(_BY_VILLAGE)
        return [VillagePlaces(*row) for row in cursor.fetchall()]


def village_outlines(district_code: str) -> list[str]:
    """Return the outlines of a district's villages as GeoJSON features, simplified."""
    rows = (
        Village.objects.filter(district=district_code)
        .exclude(boundary=None)
        .annotate(
            outline=Func(
                "boundary",
                Value(SIMPLIFIED_DEG),
                function="ST_SimplifyPreserveTopology",
                output_field=MultiPolygonField(),
            )
        )
    )
    return features(
        rows, geometry="outline", properties={"code": "code", "name": "name"}
    )
