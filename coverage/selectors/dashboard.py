"""What the dashboard counts: villages by state, people, areas and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection

from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from villages.models import Claim
from villages.selectors.used_reports import used_sql

# From the best to the worst, and what is not known last.
VILLAGE_STATES = ("covered", "partly", "blank", "incomplete", "unknown")
# A day: the answer belongs to one run and never changes.
KEEP_S = 86_400


@dataclass
class VillageCount:
    """One village in one layer, by the places where its people are."""

    village: str
    name: str
    district: str
    district_name: str
    operator: str
    state: str
    places: int
    blank_places: int
    unknown_places: int
    # Of the blank places whose people are counted; None where none is.
    people_blank: int | None
    # Blank places that nobody has counted.
    blank_uncounted: int
    # Sum over the blank places of the probability that they are blank.
    p_blank_sum: float
    is_stand_in: bool
    is_demo: bool


# A place counts as blank where it is blank or probably so. Where no settlement is
# loaded the village's point stands in, with the people of the whole village.
_VILLAGES = """
SELECT v.code, v.name, v.district_id, d.name, of_layer.*
FROM villages_village AS v
JOIN villages_district AS d ON d.code = v.district_id
JOIN (
    SELECT c.village_id, c.operator,
           count(*) AS places,
           count(*) FILTER (WHERE is_blank) AS blank_places,
           count(*) FILTER (WHERE state = 'unknown') AS unknown_places,
           sum(people) FILTER (WHERE is_blank) AS people_blank,
           count(*) FILTER (WHERE is_blank AND people IS NULL) AS blank_uncounted,
           coalesce(sum(p_blank) FILTER (WHERE is_blank), 0) AS p_blank_sum,
           bool_or(settlement_id IS NULL) AS is_stand_in,
           bool_or(is_demo) AS is_demo
    FROM (
        SELECT c.*, c.state IN ('blank', 'likely_blank') AS is_blank,
               CASE WHEN c.settlement_id IS NULL THEN v.people ELSE s.people END
                   AS people,
               coalesce(s.is_demo, FALSE) AS is_demo
        FROM coverage_placecoverage AS c
        JOIN villages_village AS v ON v.code = c.village_id
        LEFT JOIN villages_settlement AS s ON s.id = c.settlement_id
        WHERE c.facility_id IS NULL AND c.service = %(service)s
          AND c.first_run_id <= %(run)s
          AND (c.ended_run_id IS NULL OR c.ended_run_id > %(run)s)
    ) AS c
    GROUP BY c.village_id, c.operator
) AS of_layer ON of_layer.village_id = v.code
ORDER BY d.name, v.name
"""


def village_counts(run: CoverageRun, service: str) -> list[VillageCount]:
    """Return every village in every operator's layer, by district and name."""
    with connection.cursor() as cursor:
        cursor.execute(_VILLAGES, {"run": run.pk, "service": service})
        rows = cursor.fetchall()
    counts = []
    for code, name, district, district_name, _code, operator, *rest in rows:
        places, blank_places, unknown_places, people, uncounted, p_sum, *marks = rest
        counts.append(
            VillageCount(
                village=code,
                name=name,
                district=district,
                district_name=district_name,
                operator=operator,
                state=village_state(places, blank_places, unknown_places),
                places=places,
                blank_places=blank_places,
                unknown_places=unknown_places,
                people_blank=people,
                blank_uncounted=uncounted,
                p_blank_sum=p_sum,
                is_stand_in=marks[0],
                is_demo=marks[1],
            )
        )
    return counts


def village_state(places: int, blank: int, unknown: int) -> str:
    """Return which of VILLAGE_STATES a village is in.

    Examples
    --------
    >>> village_state(3, 0, 0), village_state(3, 1, 0), village_state(3, 2, 1)
    ('covered', 'partly', 'blank')
    >>> village_state(3, 0, 1), village_state(3, 0, 3)
    ('incomplete', 'unknown')
    """
    if unknown == places:
        return "unknown"
    if blank and blank + unknown == places:
        return "blank"
    if blank:
        return "partly"
    return "incomplete" if unknown else "covered"


@dataclass
class Summed:
    """Villages of one operator, of the regency or of one district, summed up."""

    villages: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(VILLAGE_STATES, 0)
    )
    places: int = 0
    blank_places: int = 0
    unknown_places: int = 0
    people_blank: int | None = None
    blank_uncounted: int = 0
    stand_ins: int = 0
    is_demo: bool = False
    # Blank or probably so, as places are counted; and what of it is only probable.
    blank_km2: float = 0.0
    likely_blank_km2: float = 0.0
    unknown_km2: float = 0.0
    area_km2: float = 0.0
    spots: int = 0
    _p_blank_sum: float = 0.0

    @property
    def confidence(self) -> float | None:
        """The mean probability that a blank place finds no usable signal."""
        if self.blank_places == 0:
            return None
        return min(self._p_blank_sum / self.blank_places, 1.0)

    def add(self, count: VillageCount) -> None:
        self.villages[count.state] += 1
        self.places += count.places
        self.blank_places += count.blank_places
        self.unknown_places += count.unknown_places
        if count.people_blank is not None:
            self.people_blank = (self.people_blank or 0) + count.people_blank
        self.blank_uncounted += count.blank_uncounted
        self.stand_ins += count.is_stand_in
        self.is_demo = self.is_demo or count.is_demo
        self._p_blank_sum += count.p_blank_sum


def summed_by(
    counts: Sequence[VillageCount], *, operator: str | None = None
) -> dict[str, Summed]:
    """Return sums by operator, or by district within *operator*."""
    sums: dict[str, Summed] = {}
    for count in counts:
        if operator is not None and count.operator != operator:
            continue
        key = count.operator if operator is None else count.district
        sums.setdefault(key, Summed()).add(count)
    return sums


def add_areas(
    run: CoverageRun,
    service: str,
    *,
    by_operator: dict[str, Summed],
    by_district: dict[str, Summed],
    operator: str,
) -> None:
    """Add areas and the number of blank spots to the sums of `summed_by`."""
    rows = (
        VillageCoverage.objects.of_run(run.pk)
        .filter(service=service)
        .values_list(
            "operator",
            "village__district",
            "covered_km2",
            "likely_blank_km2",
            "blank_km2",
            "unknown_km2",
        )
    )
    for of_operator, district, covered, likely, blank, unknown in rows:
        sums = [by_operator.get(of_operator)]
        if of_operator == operator:
            sums.append(by_district.get(district))
        for one in filter(None, sums):
            one.blank_km2 += blank + likely
            one.likely_blank_km2 += likely
            one.unknown_km2 += unknown
            one.area_km2 += covered + likely + blank + unknown
    spots = (
        BlankSpot.objects.of_run(run.pk)
        .filter(service=service)
        .values_list("operator", "districts")
    )
    for of_operator, districts in spots:
        if of_operator in by_operator:
            by_operator[of_operator].spots += 1
        if of_operator == operator:
            for district in districts:
                if district in by_district:
                    by_district[district].spots += 1


@dataclass(frozen=True)
class Evidence:
    """When and how much was reported: *months* as (operator, "2026-03", reports)."""

    months: list[tuple[str, str, int]]
    # Of each village and operator the newest report; a village without one is absent.
    newest: dict[tuple[str, str], datetime]


_EVIDENCE = """
SELECT village_id, operator,
       to_char(observed_at AT TIME ZONE 'Asia/Makassar', 'YYYY-MM') AS month,
       count(*), max(observed_at)
FROM villages_signalreport
WHERE {is_used} AND village_id IS NOT NULL AND observed_at <= %(cutoff)s
GROUP BY 1, 2, 3
"""


def evidence(run: CoverageRun) -> Evidence:
    """Return the reports that count, by month and by village, as of *run*.

    A report reviewed after the first reader of a run shows in the next run only.
    """
    key = f"dashboard-evidence-{run.pk}-{run.checksum}"
    kept: Evidence | None = cache.get(key)
    if kept is not None:
        return kept
    with connection.cursor() as cursor:
        cursor.execute(
            _EVIDENCE.format(is_used=used_sql()), {"cutoff": run.input_cutoff_at}
        )
        rows = cursor.fetchall()
    months: dict[tuple[str, str], int] = {}
    newest: dict[tuple[str, str], datetime] = {}
    for village, operator, month, count, last in rows:
        months[operator, month] = months.get((operator, month), 0) + count
        key_of = (village, operator)
        newest[key_of] = max(newest.get(key_of, last), last)
    found = Evidence(
        months=[(op, month, n) for (op, month), n in sorted(months.items())],
        newest=newest,
    )
    cache.set(key, found, KEEP_S)
    return found


def listed_villages() -> dict[str, dict[str, Any]]:
    """Return the villages on the official list, each with its first listing."""
    rows: Iterable[Mapping[str, Any]] = (
        Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)
        .order_by("-stated_date", "village__name")
        .values(
            "village_id", "village__name", "event", "status", "source", "stated_date"
        )
    )
    # The last of each village wins, and that is its first listing.
    return {str(row["village_id"]): dict(row) for row in rows}
