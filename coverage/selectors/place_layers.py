"""Villages and places in one layer of a run, as the map colours them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q

from coverage.models import CoverageRun, PlaceCoverage, PlaceState

# Where no settlement is loaded the village's own point stands in: one row with neither
# settlement nor facility.
_VILLAGES = """
SELECT c.village_id, bool_or(c.settlement_id IS NULL),
       bool_or(coalesce(s.is_demo, FALSE)),
       {counts}
FROM coverage_placecoverage AS c
LEFT JOIN villages_settlement AS s ON s.id = c.settlement_id
WHERE c.facility_id IS NULL
  AND c.operator = %(operator)s AND c.service = %(service)s
  AND c.first_run_id <= %(run)s
  AND (c.ended_run_id IS NULL OR c.ended_run_id > %(run)s)
GROUP BY c.village_id
ORDER BY c.village_id
"""


def village_shares(
    run: CoverageRun, operator: str, service: str
) -> dict[str, dict[str, Any]]:
    """Return for each village how many of its settlements are in which state.

    Where nobody has looked for the operator there are no rows: nothing is known.
    """
    counts = ", ".join(
        f"count(*) FILTER (WHERE c.state = '{state}')" for state in PlaceState.values
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _VILLAGES.format(counts=counts),
            {"run": run.pk, "operator": operator, "service": service},
        )
        return {
            code: {
                "is_stand_in": is_stand_in,
                "is_demo": is_demo,
                **dict(zip(PlaceState.values, by_state, strict=True)),
            }
            for code, is_stand_in, is_demo, *by_state in cursor.fetchall()
        }


def place_states(
    run: CoverageRun, operator: str, service: str
) -> dict[str, dict[int, str]]:
    """Return the state at each settlement and facility, by its number."""
    rows = (
        PlaceCoverage.objects.of_run(run.pk)
        .filter(operator=operator, service=service)
        .exclude(Q(settlement=None, facility=None))
        .values_list("settlement_id", "facility_id", "state")
    )
    settlements: dict[int, str] = {}
    facilities: dict[int, str] = {}
    for settlement, facility, state in rows:
        if settlement is not None:
            settlements[settlement] = state
        else:
            facilities[facility] = state
    return {"settlements": settlements, "facilities": facilities}
