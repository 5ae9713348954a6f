"""The ranking of blank spots: which come first, and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView

from coverage.models import (
    ANY_OPERATOR,
    CoverageRun,
    LayerOperator,
    Service,
)
from coverage.models.actions import HEAVIEST
from coverage.selectors.priorities import (
    HOURS_OF_DAY,
    PARTS,
    RankedSpot,
    RankedSpots,
    Weights,
    ranked_spots,
    saved_weights,
)
from coverage.selectors.runs import current_run
from coverage.services.save_weights import save_weights
from coverage.web import words
from coverage.web.priority_words import (
    METHOD,
    PART_HELP,
    PART_NAMES,
    part_value,
    weights_asked,
)
from coverage.web.sheet_notes import notes_of_run
from kukar_connect.params import ParameterError
from kukar_connect.roles import RoleRequiredMixin, SignedInMixin
from kukar_connect.spreadsheets import Column, Sheet, csv_response, workbook_response
from villages.models import District

SPOTS_A_PAGE = 25
# With ?rows=all; Kukar has fewer, and a page stays one that a phone can open.
MOST_SPOTS_A_PAGE = 500
COUNTED = ("people", "pupils", "patients", "services")


class Ranking(RoleRequiredMixin, View):
    """What the page and its files share: a layer, a district, weights."""

    request: HttpRequest
    weights_error = ""

    @cached_property
    def operator(self) -> str:
        asked = self.request.GET.get("operator", "")
        return asked if asked in LayerOperator.values else ANY_OPERATOR

    @cached_property
    def service(self) -> str:
        asked = self.request.GET.get("service", "")
        return asked if asked in Service.values else Service.INTERNET.value

    @cached_property
    def districts(self) -> list[District]:
        return list(District.objects.defer("boundary").order_by("name"))

    @cached_property
    def district(self) -> str:
        asked = self.request.GET.get("district", "")
        return asked if any(d.code == asked for d in self.districts) else ""

    @cached_property
    def saved(self) -> Weights | None:
        return saved_weights(self.request.user)

    @cached_property
    def weights(self) -> Weights:
        try:
            asked = weights_asked(self.request.GET)
        except ParameterError as error:
            self.weights_error = error.detail
            asked = None
        return asked or self.saved or Weights()

    @cached_property
    def run(self) -> CoverageRun | None:
        return current_run()

    @cached_property
    def spots(self) -> RankedSpots | None:
        """All of the layer, or those of the district with their place among all."""
        if self.run is None:
            return None
        spots = ranked_spots(self.run, self.operator, self.service, self.weights)
        return spots.in_district(self.district) if self.district else spots

    @property
    def query(self) -> str:
        """The address that shows the same to everyone."""
        asked = {"operator": self.operator, "service": self.service}
        if self.district:
            asked["district"] = self.district
        return urlencode(asked | self.weights.query)


class PrioritiesPage(Ranking, TemplateView):
    template_name = "coverage/priorities.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("weights") == "standard":
            return redirect(f"{reverse('priorities')}?{self.query}")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Read first: it may have something to say about the address.
        weights = self.weights
        # A part that is known of no blank spot of the list has no column.
        known = self.spots.known_parts() if self.spots else []
        is_all = self.request.GET.get("rows") == "all"
        pages = Paginator(
            self.spots or [], MOST_SPOTS_A_PAGE if is_all else SPOTS_A_PAGE
        )
        page = pages.get_page(self.request.GET.get("page"))
        return super().get_context_data(
            **kwargs,
            run=self.run,
            operator=self.operator,
            service=self.service,
            operator_name=words.operator_name(self.operator),
            service_name=words.service_name(self.service),
            operators=LayerOperator.choices,
            services=Service.choices,
            districts=self.districts,
            district=self.district,
            weights=[
                {
                    "name": name,
                    "label": PART_NAMES[name],
                    "help": PART_HELP[name],
                    "value": weights.by_name[name],
                }
                for name in PARTS
            ],
            heaviest=HEAVIEST,
            by_confidence=weights.by_confidence,
            weights_error=self.weights_error,
            is_weighted=any(weights.parts),
            is_saved=self.saved == weights,
            can_save=self.request.user.is_authenticated,
            known=[{"name": n, "label": PART_NAMES[n]} for n in known],
            unknown=[PART_NAMES[n] for n in PARTS if n not in known],
            page=page,
            rows=[self.row(spot, known) for spot in page],
            total=pages.count,
            is_all=is_all,
            first=SPOTS_A_PAGE,
            most=min(pages.count, MOST_SPOTS_A_PAGE),
            query=self.query,
            share_url=self.request.build_absolute_uri(
                f"{reverse('priorities')}?{self.query}"
            ),
            method=METHOD,
        )

    def row(self, spot: RankedSpot, known: list[str]) -> dict[str, Any]:
        return {
            "spot": spot,
            "score": None if spot.score is None else spot.score * 100,
            "width": f"{(spot.score or 0) * 100:.1f}",
            "is_partly_known": spot.known < 1,
            "parts": [
                {
                    "label": PART_NAMES[name],
                    "text": part_value(name, spot.values[name]),
                    "width": f"{(spot.parts[name] or 0) * 100:.1f}",
                    "is_weightless": not self.weights.by_name[name],
                }
                for name in known
            ],
        }


class PrioritiesFile(Ranking):
    """The ranking as a file, with the weights and the run inside."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        if self.run is None:
            raise Http404
        name = f"prioritas-blank-spot-{self.run.pk}.{kind}"
        if kind == "csv":
            return csv_response(name, self.sheet(is_alone=True))
        return workbook_response(name, [self.sheet()], notes=self.notes())

    def sheet(self, *, is_alone: bool = False) -> Sheet:
        """Return the ranking; a table that stands alone says in each row where from."""
        assert self.run is not None
        columns = [
            Column(_("Rank"), "0"),
            Column(_("Score (0–100)"), "0.0"),
            Column(_("Weight that is known"), "0%"),
            Column(_("State")),
            Column(_("Villages")),
            Column(_("Districts")),
            Column(_("Area (km²)"), "0.00"),
            Column(_("Confidence"), "0%"),
            Column(_("Reports"), "0"),
            Column(_("Newest report")),
            Column(_("People"), "#,##0"),
            Column(_("Pupils"), "#,##0"),
            Column(_("Patients a year"), "#,##0"),
            Column(_("Public services"), "#,##0"),
            Column(_("Distance to a signal (m)"), "#,##0"),
            Column(_("Years on the official list"), "0.0"),
            Column(_("Hours of electricity a day"), "0"),
            *(
                Column(_("Part: %(name)s") % {"name": PART_NAMES[name]}, "0.00")
                for name in PARTS
            ),
            Column(_("Blank spot")),
            Column(_("Demonstration data")),
            Column(_("Page")),
        ]
        origin: list[Any] = []
        if is_alone:
            columns += [
                Column(_("Run")),
                Column(_("Reports received until")),
                Column(_("Layer")),
                Column(_("Weights")),
                Column(_("Method")),
            ]
            origin = [
                self.run.pk,
                self.run.input_cutoff_at,
                f"{self.operator}/{self.service}",
                urlencode(self.weights.query),
                METHOD,
            ]
        rows = [[*self.cells(spot), *origin] for spot in self.spots or []]
        return Sheet(_("Priorities"), columns, rows)

    def cells(self, spot: RankedSpot) -> list[Any]:
        values = {
            # Whole, as they were counted.
            name: round(value) if value is not None and name in COUNTED else value
            for name, value in spot.values.items()
        }
        power = values.pop("power")
        path = reverse("blank-spot", args=[spot.identity])
        return [
            spot.rank,
            None if spot.score is None else spot.score * 100,
            spot.known,
            words.STATE_NAMES[spot.state],
            [name for _code, name in spot.villages],
            [name for _code, name in spot.districts],
            spot.area_km2,
            spot.confidence,
            spot.report_count,
            spot.newest_report_at,
            *values.values(),
            None if power is None else round(power * HOURS_OF_DAY),
            *spot.parts.values(),
            spot.identity,
            _("yes") if spot.is_demo else _("no"),
            self.request.build_absolute_uri(path),
        ]

    def notes(self) -> list[tuple[str, Any]]:
        assert self.run is not None
        names = {d.code: d.name for d in self.districts}
        return [
            *notes_of_run(self.run),
            (
                _("Layer"),
                f"{words.operator_name(self.operator)}, "
                f"{words.service_name(self.service)}",
            ),
            (_("District"), names.get(self.district, _("all"))),
            (_("Method"), METHOD),
            *(
                (
                    _("Weight of: %(name)s") % {"name": PART_NAMES[name]},
                    self.weights.by_name[name],
                )
                for name in PARTS
            ),
            (
                _("Times the confidence"),
                _("yes") if self.weights.by_confidence else _("no"),
            ),
            (
                _("The same on the site"),
                self.request.build_absolute_uri(
                    f"{reverse('priorities')}?{self.query}"
                ),
            ),
        ]


class SaveWeights(SignedInMixin, View):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        page = reverse("priorities")
        try:
            weights = weights_asked(request.POST)
        except ParameterError as error:
            messages.error(request, error.detail)
            return redirect(page)
        weights = weights or Weights()
        assert request.user.is_authenticated
        save_weights(user=request.user, weights=weights)
        messages.success(
            request, _("Your weights have been saved. Only you see them applied.")
        )
        asked = {
            name: request.POST[name]
            for name, known in (
                ("operator", LayerOperator.values),
                ("service", Service.values),
            )
            if request.POST.get(name) in known
        }
        return redirect(f"{page}?{urlencode(asked | weights.query)}")
