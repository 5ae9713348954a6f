"""What the pages of villages and districts show, as rows for their templates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.gis.geos import Point

from coverage.core.officials import CALLS_UNKNOWN, WITH_4G, Official, podes_reading
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors.around import SpotCount, SpotRow
from coverage.selectors.places import PlaceRow
from coverage.selectors.surface_points import PointEstimate, estimates_at
from coverage.selectors.tables import listed_years
from coverage.selectors.tallies import OfficialTally, people_without_4g, tally
from coverage.web import words
from coverage.web.profile_charts import month_name, reports_chart
from coverage.web.profile_words import (
    OFFICIAL_NAMES,
    PODES_NAMES,
    distribution,
    state_word,
)
from villages.models import Facility, Settlement, Village
from villages.selectors.report_counts import ReportCount

MOST_TO_MEASURE = 15
KM_OF_A_DEGREE = 111.32


def operator_rows(
    tallies: dict[str, OfficialTally],
    estimates: dict[str, PointEstimate],
    *,
    with_podes: bool,
) -> list[dict[str, Any]]:
    """Return each operator with its state, and PODES' category at the point."""
    rows = []
    for operator, found in tallies.items():
        estimate = estimates.get(operator)
        rows.append(
            {
                "operator": operator,
                "name": words.operator_name(operator),
                **state_of(found),
                "podes": _podes(estimate) if with_podes and estimate else None,
            }
        )
    return rows


def run_counts(run: CoverageRun | None) -> list[dict[str, Any]]:
    return [
        {"operator": words.operator_name(operator), "count": count}
        for operator, count in (run.report_counts if run else {}).items()
        if operator in LayerOperator.values
    ]


def state_of(found: OfficialTally) -> dict[str, Any]:
    return {
        "tally": found,
        "key": (found.single or Official.UNKNOWN).value if found.single else "mixed",
        "word": state_word(found),
        "distribution": distribution(found),
        "confidence": found.confidence,
        "parts": [
            {"key": s.value, "name": OFFICIAL_NAMES[s], "count": n}
            for s, n in found.present
        ],
    }


def _podes(estimate: PointEstimate) -> dict[str, Any]:
    reading = podes_reading(estimate.mean_dbm, estimate.std_db)
    return {
        "name": PODES_NAMES[reading.category],
        "low": PODES_NAMES[reading.low],
        "high": PODES_NAMES[reading.high],
        "is_sure": reading.low == reading.high,
        "confidence": reading.confidence,
        "mean_dbm": estimate.mean_dbm,
        "std_db": estimate.std_db,
    }


def own_point(village: Village, facilities: Sequence[Facility]) -> tuple[Point, str]:
    """Return the point that stands for *village*, and what is there."""
    for facility in facilities:
        if facility.kind == Facility.Kind.VILLAGE_OFFICE:
            return facility.point, "office"
    if village.settlement_point:
        return village.settlement_point, "settlement"
    return village.point, "point"


def podes_point(
    village: Village, settlements: Sequence[Settlement], facilities: Sequence[Facility]
) -> tuple[Point, str]:
    """Return where PODES' category is read, and what is there.

    It asks a person about most of the village: without an office, that is the loaded
    settlement with most people, the first of them where nobody has counted.
    """
    point, kind = own_point(village, facilities)
    if kind != "office" and settlements:
        return max(settlements, key=lambda one: one.people or 0).point, "largest"
    return point, kind


def podes_estimates(run: CoverageRun, where: Point) -> dict[str, PointEstimate]:
    return estimates_at(run, Service.INTERNET.value, lon=where.x, lat=where.y)


def rows_of(rows: Iterable[PlaceRow], code: str, operator: str) -> list[PlaceRow]:
    return [
        r
        for r in rows
        if r.village == code and r.operator == operator and r.is_of_people
    ]


def with_states(
    places: Sequence[Any], rows: Sequence[PlaceRow], name: str
) -> list[dict[str, Any]]:
    """Return each settlement or facility with its state for each operator."""
    states = {(getattr(r, name), r.operator): r for r in rows}
    return [
        {
            "place": place,
            "states": [
                _place_state(states.get((place.pk, operator)))
                for operator in LayerOperator.values
            ],
        }
        for place in places
    ]


def _place_state(row: PlaceRow | None) -> dict[str, Any]:
    state = row.official if row else Official.UNKNOWN
    return {
        "key": state.value,
        "name": OFFICIAL_NAMES[state],
        "confidence": row.confidence if row else None,
    }


def spot_row(spot: SpotRow, code: str) -> dict[str, Any]:
    return {
        "identity": spot.identity,
        "operator": spot.operator,
        "operator_name": words.operator_name(spot.operator),
        "service": spot.service,
        "service_name": words.service_name(spot.service),
        "state": spot.state,
        "state_name": words.STATE_NAMES[spot.state],
        "area_km2": spot.area_km2,
        "part_km2": spot.part_km2(code),
        "is_shared": len(spot.villages) > 1,
        "confidence": spot.confidence,
        "report_count": spot.report_count,
        "newest_report_at": spot.newest_report_at,
        "settlement_count": spot.settlement_count,
        "people": spot.people,
        "is_demo": spot.is_demo,
    }


def report_rows(counts: Sequence[ReportCount]) -> dict[str, Any] | None:
    """Return a village's reports by operator and month, None without any."""
    if not counts:
        return None
    by_operator: dict[str, list[ReportCount]] = defaultdict(list)
    for row in counts:
        by_operator[row.operator].append(row)
    return {
        "total": sum(row.count for row in counts),
        "newest_at": max(row.newest_at for row in counts),
        "is_demo": any(row.is_demo for row in counts),
        "first_month": month_name(min(row.month for row in counts)),
        "operators": [
            {
                "name": words.operator_name(operator),
                "count": sum(row.count for row in by_operator[operator]),
                "used": sum(row.used for row in by_operator[operator]),
                "newest_at": max(
                    (row.newest_at for row in by_operator[operator]), default=None
                ),
            }
            for operator in LayerOperator.values
            if operator != ANY_OPERATOR
        ],
        "chart": reports_chart(counts),
    }


def to_measure(
    rows: Sequence[PlaceRow],
    village: Village,
    settlements: Sequence[Settlement],
    facilities: Sequence[Facility],
    start: Point,
) -> list[dict[str, Any]]:
    """Return the places whose state nobody knows, nearest to *start* first.

    With ``is_calls`` where only calls were not measured.
    """
    by_pk: dict[tuple[str, int], Settlement | Facility] = {
        ("settlement", s.pk): s for s in settlements
    }
    by_pk |= {("facility", f.pk): f for f in facilities}
    found: list[dict[str, Any]] = []
    for row in rows:
        is_calls = row.official in CALLS_UNKNOWN
        is_known = not is_calls and row.official != Official.UNKNOWN
        if row.operator != ANY_OPERATOR or is_known:
            continue
        if row.settlement is not None:
            place = by_pk.get(("settlement", row.settlement))
        elif row.facility is not None:
            place = by_pk.get(("facility", row.facility))
        else:
            where = village.settlement_point or village.point
            found.append(
                {
                    "name": None,
                    "kind": "",
                    "point": where,
                    "km": 0.0,
                    "is_calls": is_calls,
                }
            )
            continue
        if place is None:
            continue
        # On the equator a degree is as long in either direction.
        km = place.point.distance(start) * KM_OF_A_DEGREE
        found.append(
            {
                "name": place.name,
                "kind": place.get_kind_display(),
                "point": place.point,
                "km": km,
                "is_calls": is_calls,
                "is_demo": place.is_demo,
            }
        )
    found.sort(key=lambda each: each["km"])
    return found[:MOST_TO_MEASURE]


def village_rows(
    villages: Sequence[Village],
    rows: Sequence[PlaceRow],
    people: dict[int, int | None],
    spots: dict[str, SpotCount],
) -> list[dict[str, Any]]:
    of_village: dict[tuple[str, str], list[PlaceRow]] = defaultdict(list)
    for row in rows:
        if row.is_of_people:
            of_village[row.village, row.operator].append(row)
    listed = listed_years()
    table = []
    for village in villages:
        own = of_village[village.code, ANY_OPERATOR]
        found = tally(own)
        without, unmeasured = people_without_4g(own, people)
        spot = spots.get(village.code)
        table.append(
            {
                "code": village.code,
                "name": village.name,
                "is_stand_in": all(row.settlement is None for row in own),
                "with_4g": found.of(WITH_4G),
                "operators": [
                    state_of(tally(of_village[village.code, operator]))
                    for operator in LayerOperator.values
                ],
                "people_without_4g": without,
                "people_unmeasured": unmeasured,
                "spot_count": spot.count if spot else 0,
                "spot_km2": spot.area_km2 if spot else 0.0,
                "stalest_at": spot.stalest_at if spot else None,
                "listed_year": listed.get(village.code),
                **state_of(found),
            }
        )
    return table


def middle_of(villages: Sequence[Village]) -> dict[str, float] | None:
    if not villages:
        return None
    return {
        "lon": sum(v.point.x for v in villages) / len(villages),
        "lat": sum(v.point.y for v in villages) / len(villages),
    }
