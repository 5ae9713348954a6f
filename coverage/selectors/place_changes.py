"""What became of the places where people are, from one run to another."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from coverage.core.classify import State
from coverage.core.difference import Change, change_of


@dataclass(frozen=True)
class PlaceChange:
    """Places of one kind in one village that went the same way.

    ``kind`` is ``settlement``, ``village`` (its own point, where no settlement is
    loaded) or the kind of a facility. ``people`` is the sum where it is known, None
    where it is known of none; ``without_people`` counts those without a number.
    """

    village: str
    kind: str
    change: Change
    count: int
    people: int | None
    without_people: int
    is_demo: bool


# Places that were loaded later stand in no earlier run and have nothing to compare.
_CHANGES = """
SELECT after.village_id,
       CASE WHEN after.settlement_id IS NOT NULL THEN 'settlement'
            ELSE coalesce(f.kind, 'village') END AS kind,
       before.state, after.state, count(*), sum(s.people),
       count(*) FILTER (WHERE s.id IS NOT NULL AND s.people IS NULL),
       bool_or(coalesce(s.is_demo, f.is_demo, FALSE))
FROM coverage_placecoverage AS before
JOIN coverage_placecoverage AS after
  ON after.operator = before.operator AND after.service = before.service
 AND after.village_id = before.village_id
 AND after.settlement_id IS NOT DISTINCT FROM before.settlement_id
 AND after.facility_id IS NOT DISTINCT FROM before.facility_id
 AND after.state <> before.state
LEFT JOIN villages_settlement AS s ON s.id = after.settlement_id
LEFT JOIN villages_facility AS f ON f.id = after.facility_id
WHERE before.operator = %(operator)s AND before.service = %(service)s
  AND before.first_run_id <= %(from_run)s
  AND (before.ended_run_id IS NULL OR before.ended_run_id > %(from_run)s)
  AND after.first_run_id <= %(to_run)s
  AND (after.ended_run_id IS NULL OR after.ended_run_id > %(to_run)s)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""


def place_changes(
    *, from_run: int, to_run: int, operator: str, service: str
) -> list[PlaceChange]:
    """Return what became of settlements, facilities and villages' points in a layer."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGES,
            {
                "from_run": from_run,
                "to_run": to_run,
                "operator": operator,
                "service": service,
            },
        )
        rows = cursor.fetchall()
    found = []
    for village, kind, before, after, count, people, without, is_demo in rows:
        change = change_of(State[before.upper()], State[after.upper()])
        if change != Change.SAME:
            found.append(
                PlaceChange(village, kind, change, count, people, without, is_demo)
            )
    return found
