"""What is being done, and what the newest run says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from coverage.models import (
    ANY_OPERATOR,
    Action,
    ActionStep,
    BlankSpot,
    CoverageRun,
    PlaceCoverage,
    PlaceState,
    Service,
)
from coverage.models.actions import SAID_TO_WORK
from coverage.selectors.runs import current_run
from villages.models import Village

# Internet at an office and electricity are no mobile coverage: no run speaks of them.
_NOT_MOBILE = (Action.Kind.OFFICE_INTERNET, Action.Kind.ELECTRICITY)


@dataclass(frozen=True)
class Doubt:
    """Why an action that is said to work may not.

    ``is_measured_since``: a blank spot rests on reports made after that was said.
    ``blank`` of ``places`` are blank in the village, where the action names no spot.
    """

    run_id: int
    is_measured_since: bool
    blank: int = 0
    places: int = 0


@dataclass(frozen=True)
class ActionRow:
    """An action with its newest step and the blank spot it is about, if in force."""

    action: Action
    steps: list[ActionStep]
    spot: dict[str, Any] | None
    villages: list[Village]
    doubt: Doubt | None

    @property
    def newest(self) -> ActionStep | None:
        return self.steps[-1] if self.steps else None

    @property
    def is_demo(self) -> bool:
        return bool(self.spot and self.spot["is_demo"])


def actions_of_spots(identities: Iterable[UUID]) -> list[ActionRow]:
    """Return what is done about blank spots, the newest action first."""
    return action_rows(Action.objects.filter(spot__in=list(identities)))


def actions_of_villages(codes: Iterable[str]) -> list[ActionRow]:
    """Return what is done about villages and about the blank spots now in them."""
    known = list(codes)
    return action_rows(
        Action.objects.filter(
            Q(village__in=known) | Q(spot__in=_spots_in(villages__overlap=known))
        )
    )


def actions_in_district(code: str) -> QuerySet[Action]:
    return Action.objects.filter(
        Q(village__district=code) | Q(spot__in=_spots_in(districts__contains=[code]))
    )


def _spots_in(**where: Any) -> QuerySet:
    # Of all runs: an action stays about its villages when the spot is gone.
    return BlankSpot.objects.filter(**where).values("identity")


def action_rows(actions: QuerySet[Action]) -> list[ActionRow]:
    """Return *actions* with all that a list shows of them, in six queries at most."""
    found = list(
        actions.select_related("village__district")
        .defer("village__boundary", "village__district__boundary")
        .prefetch_related(Prefetch("steps", ActionStep.objects.order_by("id")))
        .order_by("-id")
    )
    run = current_run() if found else None
    spots = _spots([a.spot for a in found if a.spot], run)
    codes = {code for spot in spots.values() for code in spot["villages"]}
    villages = {
        v.code: v
        for v in Village.objects.filter(pk__in=codes)
        .select_related("district")
        .defer("boundary", "district__boundary")
    }
    blank = _blank_places([a.village_id for a in found if a.village_id], run)
    rows = []
    for action in found:
        spot = spots.get(action.spot) if action.spot else None
        inside = (
            [villages[c] for c in spot["villages"] if c in villages] if spot else []
        )
        steps = list(action.steps.all())
        rows.append(
            ActionRow(
                action=action,
                steps=steps,
                spot=spot,
                villages=[action.village] if action.village else inside,
                doubt=_doubt(action, steps, spot, blank, run),
            )
        )
    return rows


def _spots(
    identities: list[UUID], run: CoverageRun | None
) -> dict[UUID, dict[str, Any]]:
    """Return the newest row of each blank spot; ``is_now`` if it is in *run*."""
    rows = (
        BlankSpot.objects.filter(identity__in=identities)
        .order_by("first_run_id")
        .values(
            "identity",
            "state",
            "area_km2",
            "operator",
            "service",
            "villages",
            "newest_report_at",
            "ended_run_id",
            "is_demo",
        )
    )
    return {
        row["identity"]: {**row, "is_now": bool(run and row["ended_run_id"] is None)}
        for row in rows
    }


def _blank_places(
    codes: list[str], run: CoverageRun | None
) -> dict[str, tuple[int, int]]:
    """Return for villages how many places of people are blank, and of how many."""
    if run is None or not codes:
        return {}
    rows = (
        PlaceCoverage.objects.of_run(run.pk)
        .filter(
            village__in=codes,
            facility=None,
            operator=ANY_OPERATOR,
            service=Service.INTERNET,
        )
        .values("village_id")
        .annotate(
            places=Count("id"), blank=Count("id", filter=Q(state=PlaceState.BLANK))
        )
        .order_by()
    )
    return {row["village_id"]: (row["blank"], row["places"]) for row in rows}


def _doubt(
    action: Action,
    steps: list[ActionStep],
    spot: dict[str, Any] | None,
    blank: dict[str, tuple[int, int]],
    run: CoverageRun | None,
) -> Doubt | None:
    if run is None or action.status not in SAID_TO_WORK or action.kind in _NOT_MOBILE:
        return None
    said = [step.step_date for step in steps if step.status in SAID_TO_WORK]
    if spot is not None:
        if not spot["is_now"]:
            return None
        newest = spot["newest_report_at"]
        is_since = bool(newest and said and timezone.localdate(newest) > said[-1])
        return Doubt(run_id=run.pk, is_measured_since=is_since)
    count, places = blank.get(action.village_id or "", (0, 0))
    if not count:
        return None
    return Doubt(run_id=run.pk, is_measured_since=False, blank=count, places=places)


@dataclass(frozen=True)
class PointCheck:
    """What is known of the point of a proposal; None where nothing can be said.

    In another regency 19 of 104 proposed points fell at sea or where nobody lives,
    and the ministry dropped them.
    """

    point: Point | None
    village: Village | None
    has_boundaries: bool
    settlements: int
    people: int | None


def point_check(
    *, point: Point | None, spot: UUID | None, village: Village | None
) -> PointCheck:
    """Return whether a point lies in the regency and who is known to live there.

    The point given, else one inside the blank spot, else the village's own. People
    are those of the blank spot, else of the village that the point lies in.
    """
    row = (
        BlankSpot.objects.filter(identity=spot).order_by("-first_run_id").first()
        if spot
        else None
    )
    if point is None and row is not None:
        point = row.polygon.point_on_surface
    if point is None and village is not None:
        point = village.settlement_point or village.point
    known = Village.objects.exclude(boundary=None)
    inside = (
        known.filter(boundary__covers=point)
        .select_related("district")
        .defer("boundary", "district__boundary")
        .first()
        if point
        else None
    )
    here = inside or village
    if row is not None:
        settlements, people = row.settlement_count, row.people
    elif here is not None:
        settlements, people = here.settlements.count(), here.people
    else:
        settlements, people = 0, None
    return PointCheck(
        point=point,
        village=inside,
        has_boundaries=known.exists(),
        settlements=settlements,
        people=people,
    )
