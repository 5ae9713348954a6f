"""Where one more site would help most: a first look without terrain."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView

from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors.runs import current_run
from coverage.services.best_sites import MOST_SITES, BestSites, find_best_sites
from coverage.services.site_files import CONTENT_TYPES, site_file, site_rows
from coverage.web import measure_words, words
from kukar_connect.roles import RoleRequiredMixin
from villages.models import District, Facility, Settlement

USUAL_COUNT = 3
# What a visitor may choose, and what stands there before one has chosen. How far a
# site reaches depends on band, height and terrain: no number here says so.
LEAST_KM, MOST_KM, USUAL_KM = 0.5, 30.0, 5.0


class SitesQuery(RoleRequiredMixin):
    """What an address asks for: ?operator=&service=&district=&k=&radius=&unknown=1."""

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
    def districts(self) -> list[tuple[str, str]]:
        return list(District.objects.order_by("name").values_list("code", "name"))

    @cached_property
    def district(self) -> str:
        asked = self.request.GET.get("district", "")
        return asked if asked in dict(self.districts) else ""

    @cached_property
    def count(self) -> int:
        asked = self.request.GET.get("k", "")
        allowed = map(str, range(1, MOST_SITES + 1))
        return int(asked) if asked in allowed else USUAL_COUNT

    @cached_property
    def radius_km(self) -> float | None:
        """The radius asked for; None where it cannot be used."""
        asked = self.request.GET.get("radius", "")
        if not asked:
            return USUAL_KM
        try:
            radius_km = float(asked.replace(",", ".")[:20])
        except ValueError:
            return None
        # NaN compares False on both sides.
        return radius_km if LEAST_KM <= radius_km <= MOST_KM else None

    @cached_property
    def is_unknown_counted(self) -> bool:
        return self.request.GET.get("unknown") == "1"

    @cached_property
    def run(self) -> CoverageRun | None:
        return current_run()

    @property
    def query(self) -> str:
        asked = {
            "operator": self.operator,
            "service": self.service,
            "district": self.district,
            "k": str(self.count),
            "radius": f"{self.radius_km or USUAL_KM:g}",
            "unknown": "1" if self.is_unknown_counted else "",
        }
        return urlencode({name: value for name, value in asked.items() if value})

    @cached_property
    def best(self) -> BestSites | None:
        if self.run is None or self.radius_km is None:
            return None
        return find_best_sites(
            self.run,
            self.operator,
            self.service,
            count=self.count,
            radius_m=self.radius_km * 1000,
            district=self.district or None,
            is_unknown_counted=self.is_unknown_counted,
        )


class BestSitesPage(SitesQuery, TemplateView):
    """The places as circles on a map and as a table."""

    template_name = "coverage/best_sites.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        best = self.best
        rows = table_rows(best) if best else []
        return super().get_context_data(
            **kwargs,
            run=self.run,
            operator=self.operator,
            service=self.service,
            layer_name=(
                f"{words.operator_name(self.operator)}, "
                f"{words.service_name(self.service)}"
            ),
            operators=LayerOperator.choices,
            services=Service.choices,
            districts=self.districts,
            district=self.district,
            count=self.count,
            counts=range(1, MOST_SITES + 1),
            radius=self.request.GET.get("radius") or f"{USUAL_KM:g}",
            radius_km=self.radius_km,
            radius_text=measure_words.kilometres((self.radius_km or 0) * 1000),
            least_km=LEAST_KM,
            most_km=MOST_KM,
            is_unknown_counted=self.is_unknown_counted,
            query=self.query,
            best=best,
            rows=rows,
            homes=len(best.homes) if best else 0,
            unsized=sum(p.people is None for p in best.homes) if best else 0,
            stand_in_villages=sum(p.kind == "village" for p in best.homes)
            if best
            else 0,
            has_settlements=Settlement.objects.exists(),
            has_schools=Facility.objects.filter(kind=Facility.Kind.SCHOOL).exists(),
            unknown_homes=sum(p.state == "unknown" for p in best.homes) if best else 0,
            stand_in=measure_words.value_text(best.stand_in) if best else "",
            map_data=map_data(best, (self.radius_km or 0) * 1000),
        )


def kind_name(kind: str) -> str:
    return {
        "settlement": _("settlement"),
        "village": _("village point"),
        "site": _("existing site"),
    }[kind]


def table_rows(best: BestSites) -> list[dict[str, Any]]:
    rows, people, settlements = [], 0, 0
    is_people_known = False
    for site in best.sites:
        is_people_known = is_people_known or site.people is not None
        people += site.people or 0
        settlements += len(site.homes)
        rows.append(
            {
                "number": site.number,
                "name": site.candidate.name,
                "kind": kind_name(site.candidate.kind),
                "village": site.candidate.village,
                "district": site.candidate.district,
                "people": site.people,
                "unsized": site.unsized,
                "settlements": len(site.homes),
                "unknown": len(site.unknown),
                "schools": len(site.schools),
                "names": [p.name for p in site.homes],
                "total_people": people if is_people_known else None,
                "total_settlements": settlements,
                "lon": site.candidate.lon,
                "lat": site.candidate.lat,
                "is_demo": site.candidate.is_demo or any(p.is_demo for p in site.homes),
            }
        )
    return rows


def map_data(best: BestSites | None, radius_m: float) -> dict[str, Any]:
    """Return what static/js/planning/map.js draws."""
    sites = best.sites if best else []
    reached = {home.key for site in sites for home in site.homes}
    return {
        "points": [
            {
                "lon": round(site.candidate.lon, 6),
                "lat": round(site.candidate.lat, 6),
                "label": str(site.number),
                "text": site.candidate.name,
                "kind": "site",
            }
            for site in sites
        ],
        "circles": [
            {
                "lon": round(site.candidate.lon, 6),
                "lat": round(site.candidate.lat, 6),
                "radius_m": radius_m,
            }
            for site in sites
        ],
        "dots": [
            {
                "lon": round(home.lon, 5),
                "lat": round(home.lat, 5),
                "state": home.state,
                "text": home.name,
                "is_reached": home.key in reached,
            }
            for home in (best.homes if best else [])
        ],
        "lines": [],
    }


class BestSitesFile(SitesQuery, View):
    """The table as a file that planning tools take."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        if kind not in CONTENT_TYPES or self.best is None or self.run is None:
            raise Http404
        rows = site_rows(
            self.best,
            run_id=self.run.pk,
            operator=self.operator,
            service=self.service,
            radius_m=(self.radius_km or USUAL_KM) * 1000,
        )
        if not rows:
            raise Http404(_("There is no place to be written."))
        name = f"lokasi-site-{self.operator.lower()}-{self.service}.{kind}"
        return HttpResponse(
            site_file(rows, kind),
            content_type=CONTENT_TYPES[kind],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
