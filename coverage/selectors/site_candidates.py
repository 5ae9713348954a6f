"""Who is without a signal, and where a site could stand."""

from __future__ import annotations

from dataclasses import dataclass

from coverage.models import CoverageRun, PlaceState
from coverage.selectors.place_states import Place, layer_places
from villages.models import Facility, Site

ALWAYS_COUNTED = (PlaceState.BLANK.value, PlaceState.LIKELY_BLANK.value)


@dataclass(frozen=True)
class Candidate:
    """A settlement, the point of a village, or a site that stands already."""

    kind: str
    name: str
    village: str
    district: str
    lon: float
    lat: float
    is_demo: bool


@dataclass(frozen=True)
class Demand:
    """What sites are wanted for: homes and schools without a signal."""

    homes: list[Place]
    schools: list[Place]


def demand_and_candidates(
    run: CoverageRun,
    operator: str,
    service: str,
    *,
    district: str | None = None,
    is_unknown_counted: bool = False,
) -> tuple[Demand, list[Candidate]]:
    """Return the places without a signal, and everywhere a site could stand.

    Of a district only the demand is limited: a site just beyond its border may be
    the best for it.
    """
    places = layer_places(run, operator, service)
    states = {*ALWAYS_COUNTED}
    if is_unknown_counted:
        states.add(PlaceState.UNKNOWN.value)
    without = [
        place
        for place in places
        if place.state in states and (district is None or place.district == district)
    ]
    candidates = [
        Candidate(
            place.kind,
            place.name,
            place.village_name,
            place.district_name,
            place.lon,
            place.lat,
            place.is_demo,
        )
        for place in places
        if place.kind != "facility"
    ]
    candidates += [
        Candidate(
            "site",
            site.name,
            site.village.name if site.village else "",
            site.village.district.name if site.village else "",
            site.point.x,
            site.point.y,
            site.is_demo,
        )
        for site in Site.objects.select_related("village__district")
        .defer("village__boundary", "village__district__boundary")
        .order_by("pk")
    ]
    return (
        Demand(
            homes=[p for p in without if p.kind != "facility"],
            schools=[
                p
                for p in without
                if p.kind == "facility" and p.sub_kind == Facility.Kind.SCHOOL
            ],
        ),
        candidates,
    )
