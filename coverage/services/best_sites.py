"""The k places from which most people would newly be reached.

The maximal covering location problem (Church and ReVelle 1974), stated by PySAL's
spopt and solved by HiGHS. A site is taken to reach everything within a radius and
nothing beyond it: a first look without terrain, not a radio plan.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from coverage.core import measure_next
from coverage.core.best_sites import by_gain, covers, distinct_candidates, merge_demand
from coverage.models import CoverageRun
from coverage.selectors.place_states import Place
from coverage.selectors.places_without_people import plane_latitude
from coverage.selectors.site_candidates import Candidate, demand_and_candidates

MOST_SITES = 10
# Beyond, the building of the program takes longer than a page may: the candidates
# that reach least alone are left out, and the answer is named as not proved best.
MOST_PAIRS = 100_000
TIME_LIMIT_S = 2.0
# HiGHS keeps one scheduler for a process.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class ChosenSite:
    """One of the places, with what it reaches that those before it do not."""

    number: int
    candidate: Candidate
    homes: list[Place]
    schools: list[Place]
    weight: float

    @property
    def people(self) -> int | None:
        known = [p.people for p in self.homes if p.people is not None]
        return sum(known) if known else None

    @property
    def unsized(self) -> int:
        """How many of its settlements have no number of people."""
        return sum(place.people is None for place in self.homes)

    @property
    def unknown(self) -> list[Place]:
        return [place for place in self.homes if place.state == "unknown"]


@dataclass(frozen=True)
class BestSites:
    sites: list[ChosenSite]
    homes: list[Place]
    # What a settlement without a number of people counts as.
    stand_in: float
    # Whether candidates were left out, and whether the solver came to its end.
    is_cut: bool
    is_proved: bool


def find_best_sites(
    run: CoverageRun,
    operator: str,
    service: str,
    *,
    count: int,
    radius_m: float,
    district: str | None = None,
    is_unknown_counted: bool = False,
) -> BestSites:
    """Return the *count* places that would newly reach most people. Stores nothing.

    Raises
    ------
    ValueError
        If *count* is not 1 to 10, or the radius not positive.
    """
    if not 1 <= count <= MOST_SITES or not radius_m > 0:
        message = f"{count} sites of {radius_m} m cannot be looked for."
        raise ValueError(message)
    demand, candidates = demand_and_candidates(
        run, operator, service, district=district, is_unknown_counted=is_unknown_counted
    )
    homes = demand.homes
    if not homes or not candidates:
        return BestSites([], homes, 1.0, is_cut=False, is_proved=True)
    lat_0 = plane_latitude()

    def on_plane(places: list[Place] | list[Candidate]) -> NDArray[np.float64]:
        return measure_next.flat_m(
            [p.lon for p in places], [p.lat for p in places], lat_0=lat_0
        )

    weight, stand_in = measure_next.sizes(
        [np.nan if p.people is None else p.people for p in homes]
    )
    candidates_m = on_plane(candidates)
    reached = covers(candidates_m, on_plane(homes), radius_m=radius_m)
    rows, merged = merge_demand(reached, weight)
    kept, is_cut = distinct_candidates(
        rows, merged, most=max(count, MOST_PAIRS // max(len(rows), 1))
    )
    chosen, is_proved = solve(rows[:, kept], merged, count=count)
    order = by_gain(reached, weight, [int(kept[index]) for index in chosen])
    schools_reached = (
        covers(candidates_m, on_plane(demand.schools), radius_m=radius_m)
        if demand.schools
        else np.zeros((0, len(candidates)), bool)
    )
    is_open = np.ones(len(demand.schools), bool)
    sites = []
    for number, (index, new) in enumerate(order, 1):
        new_schools = np.flatnonzero(is_open & schools_reached[:, index])
        is_open[new_schools] = False
        sites.append(
            ChosenSite(
                number,
                candidates[index],
                [homes[i] for i in new],
                [demand.schools[i] for i in new_schools],
                float(weight[new].sum()),
            )
        )
    return BestSites(sites, homes, stand_in, is_cut=is_cut, is_proved=is_proved)


def solve(
    reached: NDArray[np.bool_], weight: NDArray[np.float64], *, count: int
) -> tuple[list[int], bool]:
    """Return the candidates that together reach most weight, and if that is proved.

    Parameters
    ----------
    reached : array of bool, shape (n, m): which demand which candidate reaches
    weight : array, shape (n,), not negative
    count : how many may be chosen; fewer are where all is reached before
    """
    if not reached.size or not weight.sum():
        return [], True
    if reached.shape[1] <= count:
        chosen = list(range(reached.shape[1]))
        return _useful(reached, weight, chosen), True
    # Slow to load, and only this page wants them. They load numba, which must have
    # been told before that this application is not coverage.py.
    import_module("coverage.core.compiled")
    import pulp
    from spopt.locate import MCLP

    # spopt asks for distances and a radius: reached is nearer than one.
    model = MCLP.from_cost_matrix(
        np.where(reached, 0.0, 2.0), weight, 1.0, p_facilities=count
    )
    solver = pulp.HiGHS(msg=False, timeLimit=TIME_LIMIT_S, threads=1, gapRel=0)
    with _ONE_AT_A_TIME:
        model.problem.solve(solver)
    values = [variable.value() for variable in model.fac_vars]
    is_proved = model.problem.sol_status == pulp.LpSolutionOptimal
    if any(value is None for value in values):
        # Out of time before there was any answer: the simplest one that is some.
        return _greedy(reached, weight, count), False
    chosen = [index for index, value in enumerate(values) if value > 0.5]
    return _useful(reached, weight, chosen), is_proved


def _useful(
    reached: NDArray[np.bool_], weight: NDArray[np.float64], chosen: list[int]
) -> list[int]:
    """Leave out what was only chosen to make up the number."""
    return [
        site for site, new in by_gain(reached, weight, chosen) if weight[new].sum() > 0
    ]


def _greedy(
    reached: NDArray[np.bool_], weight: NDArray[np.float64], count: int
) -> list[int]:
    # Sorted by what each reaches alone; the best are among the first.
    first = list(range(min(reached.shape[1], 20 * count)))
    order = by_gain(reached, weight, first)
    return [site for site, _new in order[:count]]
