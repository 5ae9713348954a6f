"""Where nobody lives and an answer is wanted: edges of blank spots, and ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.db.models import Avg, FloatField, Func, TextField
from django.db.models.expressions import RawSQL
from numpy.typing import NDArray

from coverage.core import measure_next
from coverage.models import BlankSpot, CoverageRun, PlaceState
from coverage.selectors.place_states import Place
from coverage.selectors.ways import unmeasured_ways
from villages.models import Village
from villages.selectors.people_places import people_places


def plane_latitude() -> float:
    """Return the parallel along which distances are true: the villages' middle."""
    found = Village.objects.aggregate(
        lat=Avg(Func("point", function="ST_Y", output_field=FloatField()))
    )["lat"]
    return float(round(found or 0.0, 1))


def villages_by_code() -> dict[str, dict[str, Any]]:
    rows = Village.objects.values("code", "name", "district_id", "district__name")
    return {row["code"]: dict(row) for row in rows}


@dataclass(frozen=True)
class SpotShapes:
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
def spot_shapes(
    run_id: int,
    published_at: datetime | None,
    operator: str,
    service: str,
    lat_0: float,
) -> SpotShapes:
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

    return SpotShapes(
        [str(row[0]) for row in rows],
        flat,
        column(2),
        column(3),
        column(4),
        column(5),
        [dict(zip(row[6], row[7], strict=False)) for row in rows],
    )


def spot_sizes(spots: SpotShapes, stand_in: float) -> NDArray[np.float64]:
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


def unmeasured_stretches(
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


def edges_near_people(
    spots: SpotShapes, villages: dict[str, dict[str, Any]], lat_0: float
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
