"""Where to measure next in a layer: places nobody is sure of, as stops of a trip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models import GeometryField
from django.db.models import Avg, FloatField, Func, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from coverage.core import measure_next
from coverage.models import (
    ANY_OPERATOR,
    BlankSpot,
    CoverageRun,
    PlaceCoverage,
    PlaceState,
)
from coverage.selectors.ways import unmeasured_ways
from villages.models import Operator, Village
from villages.selectors.people_places import people_places

# Places closer together than this are one stop: what one can walk to from a boat.
STOP_WITHIN_M = 1_000.0
# Where nobody lives: worth what an answer says of blank spots, and after all others.
UNINHABITED = ("edge", "river", "road")
MOST_STOPS = 50
USUAL_STOPS = 20


@dataclass(frozen=True)
class Place:
    """Somewhere an answer is wanted: where people are, or the edge of a blank spot."""

    key: str
    # "settlement", "facility", "village" (its point stands in), "edge" (of a blank
    # spot), "river" or "road".
    kind: str
    # The settlement's or facility's own kind; empty for the others.
    sub_kind: str
    name: str
    village: str
    village_name: str
    district: str
    district_name: str
    lon: float
    lat: float
    state: str
    p_blank: float | None
    people: int | None
    pupils: int | None
    is_demo: bool


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


def is_open() -> Q:
    """Return the condition of places whose state nobody is sure of."""
    return Q(state__in=[PlaceState.UNKNOWN, PlaceState.LIKELY_BLANK]) | Q(
        p_blank__gt=1 - measure_next.SURE_FROM, p_blank__lt=measure_next.SURE_FROM
    )


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
    spots = _spots(run.pk, run.published_at, operator, service, lat_0)
    places = layer_places(run, operator, service, only_open=True)
    villages = _villages()
    places += _edges(spots, villages, lat_0)
    places += _ways(run, operator, service, villages, lat_0)
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
    spot_size = _spot_sizes(spots, stand_in)
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


def plane_latitude() -> float:
    """Return the parallel along which distances are true: the villages' middle."""
    found = Village.objects.aggregate(
        lat=Avg(Func("point", function="ST_Y", output_field=FloatField()))
    )["lat"]
    return float(round(found or 0.0, 1))


def _people(place: Place) -> float:
    """Return who is affected: residents, or a school's pupils; NaN: not known."""
    if place.kind in UNINHABITED:
        return 0.0
    number = place.pupils if place.kind == "facility" else place.people
    return np.nan if number is None else float(number)


def place_rows(run: CoverageRun, operator: str, service: str) -> QuerySet:
    """Return the places of a layer as rows of the columns that `Place` is made of."""

    def first_of(*names: str) -> Coalesce:
        return Coalesce(*names, output_field=GeometryField())

    point = first_of(
        "settlement__point",
        "facility__point",
        "village__settlement_point",
        "village__point",
    )
    return (
        PlaceCoverage.objects.of_run(run.pk)
        .filter(operator=operator, service=service)
        # Not what was deleted since.
        .exclude(settlement_id__isnull=False, settlement__name__isnull=True)
        .exclude(facility_id__isnull=False, facility__name__isnull=True)
        .annotate(
            at=point,
            lon=Func("at", function="ST_X", output_field=FloatField()),
            lat=Func("at", function="ST_Y", output_field=FloatField()),
        )
        .order_by("pk")
        .values_list(
            "settlement_id",
            "facility_id",
            "settlement__name",
            "settlement__kind",
            "settlement__people",
            "settlement__is_demo",
            "facility__name",
            "facility__kind",
            "facility__pupils",
            "facility__is_demo",
            "village_id",
            "village__name",
            "village__people",
            "village__district_id",
            "village__district__name",
            "lon",
            "lat",
            "state",
            "p_blank",
        )
    )


def as_place(row: tuple[Any, ...]) -> Place:
    (settlement, facility, s_name, s_kind, s_people, s_demo, *row_) = row
    (f_name, f_kind, pupils, f_demo, village, v_name, v_people, *rest) = row_
    district, district_name, lon, lat, state, p_blank = rest
    if settlement is not None:
        own = (f"s{settlement}", "settlement", s_kind, s_name)
        numbers = (s_people, None, s_demo)
    elif facility is not None:
        own = (f"f{facility}", "facility", f_kind, f_name)
        numbers = (None, pupils, f_demo)
    else:
        own = (f"v{village}", "village", "", v_name)
        numbers = (v_people, None, False)
    return Place(
        *own,
        village,
        v_name,
        district,
        district_name,
        lon,
        lat,
        state,
        p_blank,
        *numbers,
    )


def layer_places(
    run: CoverageRun, operator: str, service: str, *, only_open: bool = False
) -> list[Place]:
    """Return the places of a layer; of one that nobody has reported all are unknown."""
    rows = place_rows(run, operator, service)
    places = [as_place(row) for row in (rows.filter(is_open()) if only_open else rows)]
    if places or operator == ANY_OPERATOR or rows.exists():
        return places
    # A run has no layer of an operator without a report.
    return [
        replace(as_place(row), state=PlaceState.UNKNOWN.value, p_blank=None)
        for row in place_rows(run, ANY_OPERATOR, service)
    ]


@dataclass(frozen=True)
class _Spots:
    """The blank spots of a layer, with their polygons in metres on our plane."""

    identities: list[str]
    polygons_m: NDArray[Any]
    area_km2: NDArray[np.float64]
    confidence: NDArray[np.float64]
    people: NDArray[np.float64]
    settlements: NDArray[np.float64]
    # Of each spot its villages, and the spot's share of the area of each.
    villages: list[dict[str, float]]


# A published run does not change, and its polygons are slow to read.
@lru_cache(maxsize=8)
def _spots(
    run_id: int,
    published_at: datetime | None,
    operator: str,
    service: str,
    lat_0: float,
) -> _Spots:
    rows = list(
        BlankSpot.objects.of_run(run_id)
        .filter(operator=operator, service=service)
        .order_by("identity")
        .annotate(wkb=RawSQL("ST_AsBinary(polygon)", [], output_field=TextField()))
        .values_list(
            "identity",
            "wkb",
            "area_km2",
            "confidence",
            "people",
            "settlement_count",
            "villages",
            "village_shares",
        )
    )
    polygons = shapely.from_wkb([bytes(row[1]) for row in rows])
    flat = shapely.transform(
        np.asarray(polygons, object),
        lambda c: measure_next.flat_m(c[:, 0], c[:, 1], lat_0=lat_0),
    )

    def column(index: int) -> NDArray[np.float64]:
        return np.array(
            [np.nan if row[index] is None else row[index] for row in rows], float
        )

    return _Spots(
        [str(row[0]) for row in rows],
        flat,
        column(2),
        column(3),
        column(4),
        column(5),
        [dict(zip(row[6], row[7], strict=False)) for row in rows],
    )


def _spot_sizes(spots: _Spots, stand_in: float) -> NDArray[np.float64]:
    """Return the people of each blank spot to count with.

    Those of its settlements; where it has some without numbers, each as one of
    unknown size; where it has none, its villages' people spread evenly over them.
    """
    people = dict(Village.objects.values_list("code", "people"))
    spread = np.array(
        [
            sum(
                share * (stand_in if (n := people.get(code)) is None else n)
                for code, share in shares.items()
            )
            for shares in spots.villages
        ]
    )
    counted = np.where(spots.settlements > 0, spots.settlements * stand_in, spread)
    return np.where(np.isnan(spots.people), counted, spots.people)


def _villages() -> dict[str, dict[str, Any]]:
    rows = Village.objects.values("code", "name", "district_id", "district__name")
    return {row["code"]: dict(row) for row in rows}


def _ways(
    run: CoverageRun,
    operator: str,
    service: str,
    villages: dict[str, dict[str, Any]],
    lat_0: float,
) -> list[Place]:
    """Return the stretches of rivers and roads that nobody has measured along."""
    return [
        Place(
            f"w{kind}{lon:.5f},{lat:.5f}",
            kind,
            "",
            name,
            code,
            villages[code]["name"],
            villages[code]["district_id"],
            villages[code]["district__name"],
            lon,
            lat,
            PlaceState.UNKNOWN.value,
            None,
            None,
            None,
            False,
        )
        for kind, name, lon, lat, code in unmeasured_ways(
            run, operator, service, lat_0=lat_0
        )
        if code in villages
    ]


def _edges(
    spots: _Spots, villages: dict[str, dict[str, Any]], lat_0: float
) -> list[Place]:
    """Return for each doubtful blank spot the point of its edge nearest to people."""
    doubtful = np.flatnonzero(spots.confidence < measure_next.UNSURE_BELOW)
    if not doubtful.size:
        return []
    everywhere = [p for p in people_places() if p.facility is None]
    if not everywhere:
        return []
    here_m = measure_next.flat_m(
        [p.lon for p in everywhere], [p.lat for p in everywhere], lat_0=lat_0
    )
    rings = shapely.boundary(spots.polygons_m[doubtful])
    homes = shapely.points(here_m)
    _ring, nearest = shapely.STRtree(homes).query_nearest(rings, all_matches=False)
    lines = shapely.shortest_line(rings, homes[nearest])
    # One metre of this plane in degrees, along each axis.
    one_degree = measure_next.flat_m([1.0], [1.0], lat_0=lat_0)[0]
    edges = []
    for spot, home, line in zip(doubtful, nearest, lines, strict=True):
        lon, lat = np.array(line.coords[0]) / one_degree
        village = villages[everywhere[home].village]
        edges.append(
            Place(
                f"e{spots.identities[spot]}",
                "edge",
                "",
                village["name"],
                village["code"],
                village["name"],
                village["district_id"],
                village["district__name"],
                float(lon),
                float(lat),
                PlaceState.LIKELY_BLANK.value,
                float(spots.confidence[spot]),
                None,
                None,
                False,
            )
        )
    return edges


def _stops(
    places: list[Place],
    own: NDArray[np.float64],
    bonus: NDArray[np.float64],
    leaders: NDArray[np.int64],
    shares: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    spots: _Spots,
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
