"""Where to measure next: the list, the route sheet, and files of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView

from coverage.core import measure_next
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors.measuring import (
    MOST_STOPS,
    USUAL_STOPS,
    Stop,
    StopList,
    stops_to_measure,
)
from coverage.selectors.places_without_people import plane_latitude
from coverage.selectors.runs import current_run
from coverage.selectors.ways import way_files
from coverage.services.trip_files import Waypoint, gpx, table_workbook
from coverage.web import measure_words, words
from kukar_connect.roles import RoleRequiredMixin, has_role
from villages.models import Village
from villages.web.devices import accounts_that_report

HOW_MANY = (10, USUAL_STOPS, 30, MOST_STOPS)


@dataclass(frozen=True)
class Leg:
    """The trip of one district: its stops in the order of visiting."""

    district: str
    code: str
    stops: list[Stop]
    length_m: float


class StopsQuery(RoleRequiredMixin):
    """What an address asks for: ?operator=&service=&district=&village=&n=&start=."""

    request: HttpRequest

    @cached_property
    def operator(self) -> str:
        asked = self.request.GET.get("operator", "")
        return asked if asked in LayerOperator.values else ANY_OPERATOR

    @cached_property
    def service(self) -> str:
        asked = self.request.GET.get("service", "")
        return asked if asked in Service.values else Service.INTERNET.value

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        """Every village with its district, for the filters."""
        rows = Village.objects.order_by("district__name", "name").values(
            "code", "name", "district_id", "district__name"
        )
        return [dict(row) for row in rows]

    @cached_property
    def village(self) -> str:
        asked = self.request.GET.get("village", "")
        return asked if any(v["code"] == asked for v in self.places) else ""

    @cached_property
    def district(self) -> str:
        asked = self.request.GET.get("district", "")
        is_known = any(v["district_id"] == asked for v in self.places)
        # A village lies in its own district, whatever else the address says.
        return self.village[:8] or (asked if is_known else "")

    @cached_property
    def start(self) -> str:
        asked = self.request.GET.get("start", "")
        return asked if any(v["code"] == asked for v in self.places) else ""

    @cached_property
    def most(self) -> int:
        asked = self.request.GET.get("n", "")
        return int(asked) if asked in map(str, HOW_MANY) else USUAL_STOPS

    @cached_property
    def run(self) -> CoverageRun | None:
        return current_run()

    @cached_property
    def found(self) -> StopList:
        if self.run is None:
            return StopList([], 0, 0, 0, 1.0)
        return stops_to_measure(
            self.run,
            self.operator,
            self.service,
            district=self.district or None,
            village=self.village or None,
            most=self.most,
        )

    @property
    def query(self) -> str:
        asked = {
            "operator": self.operator,
            "service": self.service,
            "district": self.district,
            "village": self.village,
            "n": str(self.most),
            "start": self.start,
        }
        return urlencode({name: value for name, value in asked.items() if value})

    @cached_property
    def legs(self) -> list[Leg]:
        """The stops by district, each district's in an order of visiting."""
        stops = sorted(
            self.found.stops, key=lambda s: (s.leader.district_name, s.number)
        )
        lat_0 = plane_latitude()
        start = _start_point(self.start)
        legs = []
        for (name, code), group in groupby(
            stops, key=lambda s: (s.leader.district_name, s.leader.district)
        ):
            of_district = list(group)
            # The first is where the trip begins: the start, or the most valuable.
            way = ([start] if start else []) + [
                (s.leader.lon, s.leader.lat) for s in of_district
            ]
            points_m = measure_next.flat_m(*np.array(way).T, lat_0=lat_0)
            order = measure_next.route(points_m)
            visited = [of_district[i - bool(start)] for i in order[bool(start) :]]
            length_m = measure_next.route_m(points_m, order)
            legs.append(Leg(name, code, visited, length_m))
        return legs

    def layer_name(self) -> str:
        return (
            f"{words.operator_name(self.operator)}, {words.service_name(self.service)}"
        )


def _start_point(code: str) -> tuple[float, float] | None:
    """Return where a trip from village *code* begins: its office where it is known."""
    if not code:
        return None
    village = (
        Village.objects.filter(code=code)
        .defer("boundary")
        .prefetch_related("facilities")
    ).get()
    offices = [f for f in village.facilities.all() if f.kind == "village_office"]
    at = offices[0].point if offices else village.settlement_point or village.point
    return at.x, at.y


def stop_row(stop: Stop) -> dict[str, Any]:
    """Return a stop as the templates and the map show it."""
    place = stop.leader
    return {
        "number": stop.number,
        "key": place.key,
        "name": measure_words.place_name(place),
        "village": place.village_name,
        "village_code": place.village,
        "district": place.district_name,
        "state": place.state,
        "state_name": words.STATE_NAMES[place.state],
        "reasons": measure_words.reasons(stop),
        "operators": measure_words.operators_text(stop.operators),
        "value": measure_words.value_text(stop.value),
        "people": stop.people,
        # An edge is told of by the blank spots beside the stop.
        "others": [
            measure_words.place_name(other)
            for other in stop.places[1:]
            if other.kind != "edge"
        ],
        "lon": place.lon,
        "lat": place.lat,
        "is_demo": stop.is_demo,
    }


def map_data(stops: list[Stop], legs: list[Leg] | None = None) -> dict[str, Any]:
    """Return what static/js/planning/map.js draws, numbered as in the list."""
    return {
        "points": [
            {
                "lon": round(stop.leader.lon, 6),
                "lat": round(stop.leader.lat, 6),
                "label": str(stop.number),
                "text": measure_words.place_name(stop.leader),
                "kind": stop.leader.state,
            }
            for stop in stops
        ],
        "lines": [
            [[s.leader.lon, s.leader.lat] for s in leg.stops] for leg in legs or []
        ],
        "circles": [],
    }


class MeasurePage(StopsQuery, TemplateView):
    """The list of stops, best first, with a map."""

    template_name = "coverage/measure.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.found
        can_make_tasks = has_role(self.request.user, "analyst")
        return super().get_context_data(
            **kwargs,
            **filter_context(self),
            rows=[stop_row(stop) for stop in found.stops],
            found=found,
            stand_in=measure_words.value_text(found.stand_in),
            map_data=map_data(found.stops),
            can_make_tasks=can_make_tasks,
            accounts=accounts_that_report() if can_make_tasks else [],
            ticked=set(self.request.GET.getlist("stop")),
            tasks_url=f"{reverse('measure-tasks')}?{self.query}",
        )


def filter_context(page: StopsQuery) -> dict[str, Any]:
    """Return what the filters' form and the page's head show."""
    return {
        "run": page.run,
        "operator": page.operator,
        "service": page.service,
        "district": page.district,
        "village": page.village,
        "most": page.most,
        "start": page.start,
        "query": page.query,
        "operators": LayerOperator.choices,
        "services": Service.choices,
        "layer_name": page.layer_name(),
        "districts": [
            {"code": code, "name": name, "villages": list(villages)}
            for (code, name), villages in groupby(
                page.places, key=lambda v: (v["district_id"], v["district__name"])
            )
        ],
        "how_many": HOW_MANY,
        "way_files": way_files(),
        "states": [(s, words.STATE_NAMES[s]) for s in ("unknown", "likely_blank")],
    }


class RouteSheet(StopsQuery, TemplateView):
    """The stops in an order of visiting, to be printed and taken along."""

    template_name = "coverage/route_sheet.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        start = next((v for v in self.places if v["code"] == self.start), None)
        legs = []
        for leg in self.legs:
            legs.append(
                {
                    "district": leg.district,
                    "code": leg.code,
                    "length": measure_words.kilometres(leg.length_m)
                    if leg.length_m
                    else "",
                    "rows": [stop_row(stop) for stop in leg.stops],
                    "map": map_data(leg.stops, [leg]),
                    "map_id": f"leg-data-{leg.code}",
                }
            )
        return super().get_context_data(
            **kwargs,
            **filter_context(self),
            legs=legs,
            start_village=start,
            today=timezone.now(),
        )


class StopsGpx(StopsQuery, View):
    """The route sheet for a phone's map."""

    def get(self, request: HttpRequest) -> HttpResponse:
        routes = [
            (
                f"{leg.district}: {self.layer_name()}",
                [
                    Waypoint(
                        f"{stop.number:02d} {measure_words.place_and_village(stop)}",
                        ". ".join(
                            [stop.leader.village_name, measure_words.reason_text(stop)]
                        ),
                        stop.leader.lon,
                        stop.leader.lat,
                    )
                    for stop in leg.stops
                ],
            )
            for leg in self.legs
        ]
        title = _("Where to measure next: %(layer)s") % {"layer": self.layer_name()}
        return _file(
            gpx(routes, title=title, now=timezone.now()),
            "application/gpx+xml",
            f"ukur-{self.operator.lower()}-{self.service}.gpx",
        )


class StopsWorkbook(StopsQuery, View):
    """The list as a sheet."""

    def get(self, request: HttpRequest) -> HttpResponse:
        header = [
            _("Rank"),
            _("Place"),
            _("Village"),
            _("District"),
            _("State"),
            _("Look for"),
            _("People"),
            _("Value"),
            _("Why"),
            _("Longitude"),
            _("Latitude"),
            _("Demonstration"),
        ]
        rows = [
            (
                stop.number,
                measure_words.place_name(stop.leader),
                stop.leader.village_name,
                stop.leader.district_name,
                str(words.STATE_NAMES[stop.leader.state]),
                measure_words.operators_text(stop.operators),
                stop.people,
                round(stop.value, 3),
                measure_words.reason_text(stop),
                round(stop.leader.lon, 6),
                round(stop.leader.lat, 6),
                _("yes") if stop.is_demo else "",
            )
            for stop in self.found.stops
        ]
        notes = [
            self.layer_name(),
            _("Run %(id)s") % {"id": self.run.pk if self.run else "–"},
            _(
                "Value: people × how open the question is (0 to 1 bit), and what the "
                "answer settles of blank spots within 1 km."
            ),
        ]
        return _file(
            table_workbook(
                title=_("Measure next"),
                header=header,
                rows=rows,
                notes=notes,
                about_title=_("About this table"),
            ),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            f"ukur-{self.operator.lower()}-{self.service}.xlsx",
        )


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
