"""The pages of the whole regency: the map, and the same as a table."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from coverage.core.frame import Extent
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors.drawn_places import drawn_extent
from coverage.selectors.runs import current_run
from coverage.selectors.tables import (
    AREAS,
    blank_spot_table,
    village_table,
)
from coverage.services.first_picture import picture_addresses
from coverage.web import layer_words, words
from coverage.web.finding import finding_options
from coverage.web.time_words import change_names
from kukar_connect.roles import RoleRequiredMixin
from villages.models import BoundarySource, Facility, Settlement, Site, Village

# The largest; a reader who wants the rest asks for it.
SPOTS_AT_FIRST = 20


class LayerPage(RoleRequiredMixin, TemplateView):
    """A page about one layer, which the address names: ?operator=…&service=…."""

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
    def run(self) -> CoverageRun | None:
        return current_run()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        meanings = words.state_meanings(self.operator, self.service)
        return super().get_context_data(
            **kwargs,
            run=self.run,
            operator=self.operator,
            service=self.service,
            operator_name=words.operator_name(self.operator),
            service_name=words.service_name(self.service),
            operators=LayerOperator.choices,
            services=Service.choices,
            layer_query=urlencode({"operator": self.operator, "service": self.service}),
            legend=[
                {"state": s, "name": words.STATE_NAMES[s], "meaning": meanings[s]}
                for s in words.STATES
            ],
            run_counts=[
                {"operator": words.operator_name(operator), "count": count}
                for operator, count in (
                    self.run.report_counts if self.run else {}
                ).items()
                if operator in LayerOperator.values
            ],
        )


class MapPage(LayerPage):
    """The map; without script it leads on to the table."""

    template_name = "coverage/map.html"
    is_embedded = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        root = reverse("map")
        return super().get_context_data(
            **kwargs,
            map_texts=words.map_texts(),
            change_names=change_names(),
            finding=finding_options(self.request, is_embedded=self.is_embedded),
            api_root=f"{root}api/v1/",
            tiles_root=f"{root}tiles/",
            # The script puts an identity in the place of ID.
            spot_url=reverse("blank-spot", args=[UUID(int=0)]).replace(
                str(UUID(int=0)), "ID"
            ),
            # Where the map begins, and stays.
            extent=",".join(f"{degrees:.4f}" for degrees in self.extent or ()),
            first_picture=self.first_picture(),
            osm_tiles=settings.KUKAR_OSM_TILES,
            confidence_high=words.CONFIDENCE_HIGH,
            confidence_medium=words.CONFIDENCE_MEDIUM,
            filter_choices=layer_words.filter_choices(
                medium=words.CONFIDENCE_MEDIUM, high=words.CONFIDENCE_HIGH
            ),
            share_legend=layer_words.share_legend(),
            density_legend=layer_words.density_legend(),
            has_sites=Site.objects.exists(),
            has_settlements=Settlement.objects.exists(),
            has_facilities=Facility.objects.exists(),
            has_approximate_boundaries=Village.objects.filter(
                boundary_source=BoundarySource.APPROXIMATE
            ).exists(),
        )

    @cached_property
    def extent(self) -> Extent | None:
        return drawn_extent()

    def first_picture(self) -> dict[str, str]:
        """Return the addresses of what is seen until the map is drawn, or nothing.

        An address that asks for more than a layer asks for another view.
        """
        is_plain = set(self.request.GET) <= {"operator", "service"}
        if self.run is None or not is_plain or self.extent is None:
            return {}
        return picture_addresses(self.run.pk, self.operator, self.service)


class TablePage(LayerPage):
    """The layer as tables: villages by district, and blank spots."""

    template_name = "coverage/table.html"

    def table(self) -> dict[str, Any]:
        """Return the layer's villages by district, and their sum."""
        if self.run is None:
            return {"districts": [], "total": None}
        rows = village_table(self.run, self.operator, self.service)
        for row in rows:
            row["shares"] = shares(row)
        return {
            "districts": [
                {
                    "name": name,
                    "code": code,
                    "villages": (own := list(villages)),
                    "total": total(own),
                }
                for (name, code), villages in groupby(
                    rows, key=lambda row: (row["district"], row["district_code"])
                )
            ],
            "total": total(rows),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        spots = (
            spots_of(self.run, self.operator, self.service)
            if self.run is not None
            else []
        )
        is_whole = self.request.GET.get("spots") == "all"
        return super().get_context_data(
            **kwargs,
            spots=spots if is_whole else spots[:SPOTS_AT_FIRST],
            spots_total=len(spots),
            **self.table(),
        )


def spots_of(
    run: CoverageRun, operator: str, service: str, village: str | None = None
) -> list[dict[str, Any]]:
    """Return blank spots with the layer they belong to."""
    layer = {
        "operator": operator,
        "operator_name": words.operator_name(operator),
        "service": service,
    }
    return [
        {**spot, **layer} for spot in blank_spot_table(run, operator, service, village)
    ]


def shares(row: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the states of *row* as parts that add up to 1, or None without areas.

    Weak is inside covered; here it is taken out, so that the parts are disjoint.
    """
    areas = {
        "covered": max(row["covered_km2"] - row["weak_km2"], 0.0),
        "weak": row["weak_km2"],
        "likely_blank": row["likely_blank_km2"],
        "blank": row["blank_km2"],
        "unknown": row["unknown_km2"],
    }
    whole = sum(areas.values())
    if not whole:
        return None
    parts, start = [], 0.0
    for state in words.STATES:
        share = areas[state] / whole
        parts.append(
            {
                "state": state,
                "name": words.STATE_NAMES[state],
                "area_km2": areas[state],
                "share": share,
                # Where the part lies in a bar 100 wide.
                "x": f"{start * 100:.3f}",
                "width": f"{share * 100:.3f}",
            }
        )
        start += share
    return parts


def total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of village rows with its shares."""
    names = (*AREAS, "report_count")
    summed: dict[str, Any] = {name: sum(row[name] for row in rows) for name in names}
    summed["area_km2"] = sum(summed[name] for name in AREAS) - summed["weak_km2"]
    summed["shares"] = shares(summed)
    return summed
