"""What a run says of places where people are, an operator's services in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connection

from coverage.core.officials import Official, official_confidence, official_state
from coverage.models import CoverageRun


@dataclass(frozen=True)
class PlaceRow:
    """One operator at a settlement, a facility, or the point of a village without any.

    ``*_p`` is the probability that a phone there finds less than usable signal.
    """

    village: str
    settlement: int | None
    facility: int | None
    operator: str
    internet: str | None
    internet_p: float | None
    voice: str | None
    voice_p: float | None

    @property
    def is_of_people(self) -> bool:
        """Whether it stands for people who live there, not for a facility."""
        return self.facility is None

    def state_of(self, service: str) -> str:
        state = self.internet if service == "internet" else self.voice
        return state or "unknown"

    @cached_property
    def official(self) -> Official:
        return official_state(self.internet, self.voice)

    @property
    def confidence(self) -> float | None:
        return official_confidence(self.official, self.internet_p, self.voice_p)


_OF_RUN = """
SELECT village_id, settlement_id, facility_id, operator,
       max(state) FILTER (WHERE service = 'internet'),
       max(p_blank) FILTER (WHERE service = 'internet'),
       max(state) FILTER (WHERE service = 'voice'),
       max(p_blank) FILTER (WHERE service = 'voice')
FROM coverage_placecoverage
WHERE village_id = ANY(%(codes)s) AND first_run_id <= %(run)s
  AND (ended_run_id IS NULL OR ended_run_id > %(run)s)
GROUP BY village_id, settlement_id, facility_id, operator
ORDER BY village_id, settlement_id, facility_id, operator
"""


def place_rows(run: CoverageRun, codes: Sequence[str]) -> list[PlaceRow]:
    """Return every place of the villages *codes*, with one row an operator."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_RUN, {"codes": list(codes), "run": run.pk})
        return [PlaceRow(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class HistoryRow:
    """How many places of people had these two states for an operator in a run."""

    run: int
    operator: str
    official: Official
    count: int


# Counted where the rows are: a long history has many times what one run has.
_OF_RUNS = """
SELECT run, operator, internet, voice, count(*)
FROM (
    SELECT r.id AS run, p.operator,
           max(p.state) FILTER (WHERE p.service = 'internet') AS internet,
           max(p.state) FILTER (WHERE p.service = 'voice') AS voice
    FROM unnest(%(runs)s::bigint[]) AS r (id)
    JOIN coverage_placecoverage AS p
      ON p.first_run_id <= r.id AND (p.ended_run_id IS NULL OR p.ended_run_id > r.id)
    WHERE p.village_id = ANY(%(codes)s) AND p.facility_id IS NULL
    GROUP BY r.id, p.operator, p.village_id, p.settlement_id
) AS place
GROUP BY run, operator, internet, voice
"""


def place_history(
    runs: Sequence[CoverageRun], codes: Sequence[str]
) -> list[HistoryRow]:
    """Return how many places of people were in which state, run by run."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_RUNS, {"codes": list(codes), "runs": [run.pk for run in runs]}
        )
        return [
            HistoryRow(run, operator, official_state(internet, voice), count)
            for run, operator, internet, voice, count in cursor.fetchall()
        ]


_AREAS = """
SELECT r.id, sum(c.covered_km2 - c.weak_km2), sum(c.weak_km2),
       sum(c.likely_blank_km2), sum(c.blank_km2), sum(c.unknown_km2)
FROM unnest(%(runs)s::bigint[]) AS r (id)
JOIN coverage_villagecoverage AS c
  ON c.first_run_id <= r.id AND (c.ended_run_id IS NULL OR c.ended_run_id > r.id)
WHERE c.village_id = ANY(%(codes)s) AND c.operator = %(operator)s
  AND c.service = %(service)s
GROUP BY r.id
"""


def area_history(
    runs: Sequence[CoverageRun], codes: Sequence[str], operator: str, service: str
) -> dict[int, list[float]]:
    """Return for each run the km² in each state, in the order of `words.STATES`.

    Covered is without weak, so that the five add up to the area.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _AREAS,
            {
                "codes": list(codes),
                "runs": [run.pk for run in runs],
                "operator": operator,
                "service": service,
            },
        )
        return {run: [max(v, 0.0) for v in areas] for run, *areas in cursor.fetchall()}
