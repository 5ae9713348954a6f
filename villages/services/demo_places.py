"""Demonstration settlements, schools, puskesmas and sites: invented, and marked so.

They let the pages about people be tried out before the office has loaded its own
lists. Nothing here is known of any village: numbers and positions are drawn by chance,
always the same ones, around the village's point.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from django.contrib.gis.geos import Point
from django.db import transaction

from villages.models import Facility, Operator, Settlement, Site, Village
from villages.services.place_changes import note_moved_places, village_points

SEED = 640_210
SOURCE = "demonstrasi"
M_PER_DEG = 111_000.0
SITES = 12
# How far from the village's point, and how many times a place is drawn anew until it
# lies in the village.
SPREAD_M, TRIES = 900.0, 20


@transaction.atomic
def load_demo_places() -> dict[str, int]:
    """Make the demonstration places, and note the change; return how many.

    A village that has a settlement or a facility already gets no invented ones of
    that sort. Safe to repeat: where any is there, nothing is made.
    """
    if (
        Settlement.objects.filter(is_demo=True).exists()
        or Facility.objects.filter(is_demo=True).exists()
        or Site.objects.filter(is_demo=True).exists()
    ):
        return {"settlements": 0, "facilities": 0, "sites": 0}
    villages = list(Village.objects.order_by("code"))
    settlements: list[Settlement] = []
    facilities: list[Facility] = []
    by_district: dict[str, list[Village]] = defaultdict(list)
    for village in villages:
        by_district[village.district_id].append(village)
        # A generator of its own, so that one village more changes no other's.
        random = np.random.default_rng([SEED, int(village.code.replace(".", ""))])
        own = _settlements(village, random)
        settlements += own
        facilities += _schools(village, own, random)
    facilities += [_health_centre(of_one[0]) for of_one in by_district.values()]
    with_settlements = set(Settlement.objects.values_list("village_id", flat=True))
    with_facilities = set(Facility.objects.values_list("village_id", flat=True))
    settlements = [s for s in settlements if s.village_id not in with_settlements]
    facilities = [f for f in facilities if f.village_id not in with_facilities]
    sites = [] if Site.objects.exists() else _sites(villages)
    Settlement.objects.bulk_create(settlements)
    Facility.objects.bulk_create(facilities)
    Site.objects.bulk_create(sites)
    places = [s.point for s in settlements] + [f.point for f in facilities]
    stood_for = village_points({s.village_id for s in settlements})
    note_moved_places([*places, *stood_for])
    return {
        "settlements": len(settlements),
        "facilities": len(facilities),
        "sites": len(sites),
    }


@transaction.atomic
def remove_demo_places() -> dict[str, int]:
    """Remove every demonstration place, and note the change. Safe to repeat."""
    removed = {}
    points: list[Point] = []
    models = (
        ("settlements", Settlement),
        ("facilities", Facility),
        ("sites", Site),
    )
    for name, model in models:
        demo = model.objects.filter(is_demo=True)
        places = list(demo.values_list("village_id", "point"))
        removed[name] = len(places)
        if places and model is not Site:
            points += [point for _village, point in places]
            points += village_points({village for village, _point in places})
        demo.delete()
    note_moved_places(points)
    return removed


def _around(
    village: Village, random: np.random.Generator, spread_m: float = SPREAD_M
) -> Point:
    """Return a point near where people may live, within the village."""
    middle = village.settlement_point or village.point
    for _time in range(TRIES):
        east, north = random.normal(scale=spread_m / M_PER_DEG, size=2)
        point = Point(
            round(middle.x + float(east), 5),
            round(middle.y + float(north), 5),
            srid=4326,
        )
        if village.boundary is None or village.boundary.covers(point):
            return point
    return village.point


def _settlements(village: Village, random: np.random.Generator) -> list[Settlement]:
    is_town = village.kind == Village.Kind.KELURAHAN
    count = int(random.integers(6, 13) if is_town else random.integers(2, 7))
    rows = []
    for number in range(1, count + 1):
        households = int(
            random.integers(60, 160) if is_town else random.integers(18, 80)
        )
        # The last of a village lies apart, as the ones without a signal often do.
        spread_m = 3 * SPREAD_M if number == count and count > 2 else SPREAD_M
        rows.append(
            Settlement(
                village=village,
                name=f"RT {number:02d}",
                kind=Settlement.Kind.RT,
                point=_around(village, random, spread_m),
                households=households,
                people=round(households * float(random.uniform(3.2, 4.2))),
                source=SOURCE,
                is_demo=True,
            )
        )
    return rows


def _schools(
    village: Village, settlements: list[Settlement], random: np.random.Generator
) -> list[Facility]:
    people = sum(s.people or 0 for s in settlements)
    count = 1 if people < 1_500 else 2
    return [
        Facility(
            village=village,
            name=f"SD {number} {village.name} (contoh)",
            kind=Facility.Kind.SCHOOL,
            point=_near(settlements[(number - 1) % len(settlements)].point, random),
            pupils=max(18, round(people * float(random.uniform(0.1, 0.15)) / count)),
            source=SOURCE,
            is_demo=True,
        )
        for number in range(1, count + 1)
    ]


def _health_centre(village: Village) -> Facility:
    random = np.random.default_rng([SEED, int(village.district_id.replace(".", ""))])
    return Facility(
        village=village,
        name=f"Puskesmas {village.district.name} (contoh)",
        kind=Facility.Kind.HEALTH_CENTRE,
        point=_around(village, random, 300.0),
        patients=int(random.integers(40, 260)) * 100,
        source=SOURCE,
        is_demo=True,
    )


def _sites(villages: list[Village]) -> list[Site]:
    """Return sites in villages that lie evenly through the list."""
    random = np.random.default_rng([SEED, 0])
    chosen = villages[:: max(1, math.ceil(len(villages) / SITES))]
    statuses = [Site.Status.ON_AIR, Site.Status.BUILT, Site.Status.OFF_AIR]
    return [
        Site(
            name=f"Site contoh {number:02d} {village.name}",
            kind=Site.Kind.REPEATER if number % 4 == 0 else Site.Kind.BTS,
            point=_around(village, random, 400.0),
            village=village,
            operators=[Operator.values[number % len(Operator.values)]],
            technologies=["2G", "4G"] if number % 2 else ["4G"],
            height_m=float(random.integers(6, 15) * 5),
            status=statuses[0 if number % 5 else 1 + number % 2],
            source=SOURCE,
            is_demo=True,
        )
        for number, village in enumerate(chosen, start=1)
    ]


def _near(point: Point, random: np.random.Generator) -> Point:
    east, north = random.normal(scale=120.0 / M_PER_DEG, size=2)
    return Point(
        round(point.x + float(east), 5), round(point.y + float(north), 5), srid=4326
    )
