"""Where to measure next in a layer: places nobody is sure of, as stops of a trip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from coverage.core import measure_next
from coverage.models import ANY_OPERATOR, CoverageRun, PlaceCoverage
from coverage.selectors.place_states import Place, is_open, layer_places
from coverage.selectors.places_without_people import (
    SpotShapes,
    edges_near_people,
    plane_latitude,
    spot_shapes,
    spot_sizes,
    unmeasured_stretches,
    villages_by_code,
)
from villages.models import Operator

# Places closer together than this are one stop: what one can walk to from a boat.
STOP_WITHIN_M = 1_000.0
# Where nobody lives: worth what an answer says of blank spots, and after all others.
UNINHABITED = ("edge", "river", "road")
MOST_STOPS = 50
USUAL_STOPS = 20


@dataclass(frozen=True)
class NearSpot:
    """A blank spot that an answer would confirm or shrink."""

    identity: str
    area_km2: float
    confidence: float


@dataclass
class Stop:
    """Places within walking distance, led by the one worth most."""

    number: int
    value: float
    places: list[Place]
    spots: list[NearSpot]
    operators: list[str] = field(default_factory=list)

    @property
    def leader(self) -> Place:
        return self.places[0]

    @property
    def homes(self) -> list[Place]:
        return [p for p in self.places if p.kind in ("settlement", "village")]

    @property
    def facilities(self) -> list[Place]:
        return [p for p in self.places if p.kind == "facility"]

    @property
    def people(self) -> int | None:
        """People known to live there, None where nobody has loaded any."""
        known = [p.people for p in self.homes if p.people is not None]
        return sum(known) if known else None

    @property
    def is_demo(self) -> bool:
        return any(place.is_demo for place in self.places)


@dataclass(frozen=True)
class StopList:
    stops: list[Stop]
    # How many there are, also beyond those shown.
    total: int
    # How many of the places have no number of people, and what they count as.
    unsized: int
    places: int
    stand_in: float


def stops_to_measure(
    run: CoverageRun,
    operator: str,
    service: str,
    *,
    district: str | None = None,
    village: str | None = None,
    most: int = USUAL_STOPS,
) -> StopList:
    """Return the *most* stops worth most in a layer, the best first."""
    lat_0 = plane_latitude()
    spots = spot_shapes(run.pk, run.published_at, operator, service, lat_0)
    places = layer_places(run, operator, service, only_open=True)
    villages = villages_by_code()
    places += edges_near_people(spots, villages, lat_0)
    places += unmeasured_stretches(run, operator, service, villages, lat_0)
    if district is not None:
        places = [p for p in places if p.district == district]
    if village is not None:
        places = [p for p in places if p.village == village]
    if not places:
        return StopList([], 0, 0, 0, 1.0)
    points_m = measure_next.flat_m(
        [p.lon for p in places], [p.lat for p in places], lat_0=lat_0
    )
    people = np.array([_people(p) for p in places], float)
    is_edge = np.array([p.kind in UNINHABITED for p in places])
    size = np.zeros(len(places))
    size[~is_edge], stand_in = measure_next.sizes(people[~is_edge])
    p_blank = np.array([np.nan if p.p_blank is None else p.p_blank for p in places])
    shares = measure_next.shares_in_reach(points_m, spots.polygons_m)
    spot_size = spot_sizes(spots, stand_in)
    bonus = measure_next.spot_bonus(
        len(places), shares, spot_size=spot_size, confidence=spots.confidence
    )
    own = measure_next.values(size, p_blank)
    leaders = measure_next.stops(points_m, own + bonus, within_m=STOP_WITHIN_M)
    found = _stops(places, own, bonus, leaders, shares, spots)
    found.sort(key=lambda stop: (-stop.value, stop.leader.key))
    shown = found[:most]
    for number, stop in enumerate(shown, 1):
        stop.number = number
    _tell_operators(shown, run, operator, service)
    sized = ~is_edge
    return StopList(
        shown,
        len(found),
        int(np.isnan(people[sized]).sum()),
        int(sized.sum()),
        stand_in,
    )


def _people(place: Place) -> float:
    """Return who is affected: residents, or a school's pupils; NaN: not known."""
    if place.kind in UNINHABITED:
        return 0.0
    number = place.pupils if place.kind == "facility" else place.people
    return np.nan if number is None else float(number)


def _stops(
    places: list[Place],
    own: NDArray[np.float64],
    bonus: NDArray[np.float64],
    leaders: NDArray[np.int64],
    shares: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    spots: SpotShapes,
) -> list[Stop]:
    near: dict[int, set[int]] = {}
    for point, spot in zip(shares[0], shares[1], strict=True):
        near.setdefault(int(leaders[point]), set()).add(int(spot))
    members: dict[int, list[int]] = {}
    for index in np.argsort(-(own + bonus), kind="stable"):
        members.setdefault(int(leaders[index]), []).append(int(index))
    found = []
    for leader, indices in members.items():
        # The pupils of a school live in the settlement beside it: not twice.
        homes = [own[i] for i in indices if places[i].kind in ("settlement", "village")]
        others = [own[i] for i in indices if places[i].kind == "facility"]
        value = sum(homes) if homes else max(others, default=0.0)
        # What one answer says of a spot, its neighbours say as well.
        value += max(bonus[i] for i in indices)
        around = sorted(near.get(leader, ()), key=lambda s: -spots.area_km2[s])
        found.append(
            Stop(
                0,
                float(value),
                [places[i] for i in indices],
                [
                    NearSpot(
                        spots.identities[s],
                        float(spots.area_km2[s]),
                        float(spots.confidence[s]),
                    )
                    for s in around
                ],
            )
        )
    return found


def _tell_operators(
    stops: list[Stop], run: CoverageRun, operator: str, service: str
) -> None:
    """Set for each stop which operators are to be looked for there."""
    if operator != ANY_OPERATOR:
        for stop in stops:
            stop.operators = [operator]
        return
    places = [place for stop in stops for place in stop.places]
    wanted = Q(settlement_id__in=[int(p.key[1:]) for p in places if p.key[0] == "s"])
    wanted |= Q(facility_id__in=[int(p.key[1:]) for p in places if p.key[0] == "f"])
    wanted |= Q(
        village_id__in=[p.village for p in places if p.kind == "village"],
        settlement__isnull=True,
        facility__isnull=True,
    )
    settled: dict[str, set[str]] = {}
    for settlement, facility, village, name in (
        PlaceCoverage.objects.of_run(run.pk)
        .filter(wanted, ~is_open(), service=service)
        .exclude(operator=ANY_OPERATOR)
        .values_list("settlement_id", "facility_id", "village_id", "operator")
    ):
        key = (
            f"s{settlement}"
            if settlement is not None
            else f"f{facility}"
            if facility is not None
            else f"v{village}"
        )
        settled.setdefault(key, set()).add(name)
    for stop in stops:
        # On an edge nothing is settled: every operator's answer counts there.
        open_ = [set(Operator.values) - settled.get(p.key, set()) for p in stop.places]
        names = set().union(*open_)
        stop.operators = [o for o in Operator.values if o in names] or Operator.values
