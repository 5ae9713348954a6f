"""What lies around a village: neighbours, sites, blank spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.contrib.gis.measure import D
from django.db import connection
from django.db.models import QuerySet

from coverage.models import BlankSpot, CoverageRun
from villages.models import Site

# Beyond this no site serves a village: GSM's own limit is 35 km (TS 45.010, timing
# advance), and a rural 4G cell reaches less.
SITE_RADIUS_M = 35_000
MOST_SITES = 5


@dataclass(frozen=True)
class Neighbour:
    code: str
    name: str
    kind: str
    district: str


# Two outlines of one border never agree to the last bit: 0.0001° is 11 m.
_NEIGHBOURS = """
SELECT n.code, n.name, n.kind, d.name
FROM villages_village AS v
JOIN villages_village AS n
  ON n.code <> v.code AND ST_DWithin(v.boundary, n.boundary, 0.0001)
JOIN villages_district AS d ON d.code = n.district_id
WHERE v.code = %s
ORDER BY n.name, n.code
"""


def neighbours_of(code: str) -> list[Neighbour]:
    """Return the villages whose boundary touches that of village *code*."""
    with connection.cursor() as cursor:
        cursor.execute(_NEIGHBOURS, [code])
        return [Neighbour(*row) for row in cursor.fetchall()]


def sites_near(point: Point) -> QuerySet[Site]:
    """Return the nearest known sites, with their distance."""
    return (
        Site.objects.filter(point__dwithin=(point, SITE_RADIUS_M / 110_574))
        .annotate(distance=Distance("point", point, spheroid=False))
        .filter(distance__lte=D(m=SITE_RADIUS_M))
        .order_by("distance")[:MOST_SITES]
    )


@dataclass(frozen=True)
class SpotRow:
    """A blank spot as a row."""

    identity: UUID
    operator: str
    service: str
    state: str
    area_km2: float
    confidence: float
    report_count: int
    newest_report_at: datetime | None
    villages: list[str]
    village_areas_km2: list[float]
    settlement_count: int
    people: int | None
    is_demo: bool

    def part_km2(self, code: str) -> float | None:
        """Return how much of it lies in village *code*, None where it is not known."""
        # Runs of long ago did not divide their spots among villages.
        areas = dict(zip(self.villages, self.village_areas_km2, strict=False))
        return areas.get(code)


def spots_in(run: CoverageRun, codes: Sequence[str]) -> list[SpotRow]:
    """Return the blank spots of every layer that touch the villages, largest first."""
    rows = (
        BlankSpot.objects.of_run(run.pk)
        .filter(villages__overlap=list(codes))
        .order_by("-area_km2", "identity")
        .values_list(
            "identity",
            "operator",
            "service",
            "state",
            "area_km2",
            "confidence",
            "report_count",
            "newest_report_at",
            "villages",
            "village_areas_km2",
            "settlement_count",
            "people",
            "is_demo",
        )
    )
    return [SpotRow(*values) for values in rows]


@dataclass(frozen=True)
class SpotCount:
    """The blank spots of one layer in a village.

    ``stalest_at`` is the newest report of the spot that has gone longest without one.
    """

    count: int
    area_km2: float
    stalest_at: datetime | None


# Runs of long ago did not divide their spots among villages: then the area is short.
_COUNTS = """
SELECT part.code, count(*), coalesce(sum(part.area_km2), 0), min(newest_report_at)
FROM coverage_blankspot AS s
CROSS JOIN LATERAL unnest(s.villages, s.village_areas_km2) AS part (code, area_km2)
WHERE s.villages && %(codes)s::varchar[] AND part.code = ANY(%(codes)s)
  AND s.operator = %(operator)s AND s.service = %(service)s
  AND s.first_run_id <= %(run)s
  AND (s.ended_run_id IS NULL OR s.ended_run_id > %(run)s)
GROUP BY part.code
"""


def spot_counts(
    run: CoverageRun, codes: Sequence[str], operator: str, service: str
) -> dict[str, SpotCount]:
    """Return for each village that has any what its blank spots of a layer are."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS,
            {
                "codes": list(codes),
                "run": run.pk,
                "operator": operator,
                "service": service,
            },
        )
        return {code: SpotCount(*row) for code, *row in cursor.fetchall()}
