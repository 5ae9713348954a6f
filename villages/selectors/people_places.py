"""Where people are: settlements, and what stands in where none is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from villages.models import Facility, Settlement


@dataclass(frozen=True)
class PeoplePlace:
    """A settlement, a facility, or the point of a village that has no settlement."""

    village: str
    settlement: int | None
    facility: int | None
    lon: float
    lat: float

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        return self.village, self.settlement, self.facility


# A village's probable settlement where its schools show one, else its own point.
_PLACES = """
SELECT village_id, id, NULL, ST_X(point), ST_Y(point) FROM villages_settlement
UNION ALL
SELECT village_id, NULL, id, ST_X(point), ST_Y(point) FROM villages_facility
UNION ALL
SELECT code, NULL, NULL, ST_X(coalesce(settlement_point, point)),
       ST_Y(coalesce(settlement_point, point))
FROM villages_village AS v
WHERE NOT EXISTS (SELECT 1 FROM villages_settlement AS s WHERE s.village_id = v.code)
ORDER BY 1, 2, 3
"""


# Every page asks, so it is one question.
_HAS_DEMO_DATA = """
SELECT EXISTS (SELECT FROM villages_signalreport WHERE is_demo)
    OR EXISTS (SELECT FROM villages_settlement WHERE is_demo)
    OR EXISTS (SELECT FROM villages_facility WHERE is_demo)
    OR EXISTS (SELECT FROM villages_site WHERE is_demo)
"""


def people_places() -> list[PeoplePlace]:
    with connection.cursor() as cursor:
        cursor.execute(_PLACES)
        return [PeoplePlace(*row) for row in cursor.fetchall()]


def has_demo_places() -> bool:
    return (
        Settlement.objects.filter(is_demo=True).exists()
        or Facility.objects.filter(is_demo=True).exists()
    )


def has_demo_data() -> bool:
    """Tell whether anything of the demonstration is in the database."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_DEMO_DATA)
        return bool(cursor.fetchone()[0])
