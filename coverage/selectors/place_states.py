"""The places of a layer, with the state a run found at each and who is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.db.models import FloatField, Func, Q, QuerySet
from django.db.models.functions import Coalesce

from coverage.core import measure_next
from coverage.models import ANY_OPERATOR, CoverageRun, PlaceCoverage, PlaceState


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


def is_open() -> Q:
    """Return the condition of places whose state nobody is sure of."""
    return Q(state__in=[PlaceState.UNKNOWN, PlaceState.LIKELY_BLANK]) | Q(
        p_blank__gt=1 - measure_next.SURE_FROM, p_blank__lt=measure_next.SURE_FROM
    )


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
