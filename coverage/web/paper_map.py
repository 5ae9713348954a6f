"""Any view of the map as one sheet of A4: /peta.pdf with the map's own query."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _
from django.views.generic import View

from coverage.core.frame import Extent, Frame, fit
from coverage.core.grid import TILE_SQUARES, ZOOM, lat_at, lon_at, position_of
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors import map_view
from coverage.selectors.runs import current_run
from coverage.templatetags.coverage_words import count, km2, percent
from coverage.web import words
from coverage.web.map_drawing import CONFIDENCES, Drawing, MapView, draw, svg_uri
from coverage.web.paper import frame_of_sheet, pdf_response, public_root
from kukar_connect.roles import RoleRequiredMixin
from villages.models import District, Village

# What a sheet can draw of the map's layers; the rest it names as left out.
DRAWN = (
    "surface",
    "unknown",
    "spots",
    "boundaries",
    "official",
    "settlements",
    "facilities",
)
USUAL = ("surface", "unknown", "spots", "boundaries", "official")
# Keys that say how the sheet is cut, not what the map shows.
CUT = {"bbox", "paper", "at"}
KNOWN = {
    *("operator", "service", "layers", "run", "village", "district", "spot"),
    *("in_village", "min_area", "min_confidence", "demo", "basemap", *CUT),
}
# Drawing in mm on A4, with room for the head, the legend and the foot.
# static/css/paper-map.css has the same sizes.
DRAWING_MM = {"landscape": (202.0, 121.0), "portrait": (184.0, 145.0)}
# Without a place to look at: the regency and its shores.
REGENCY: Extent = (115.2, -1.2, 117.7, 1.6)
CLOSEST_MARGIN = 0.12
NAMED_DISTRICTS = 3


class MapSheet(RoleRequiredMixin, View):
    """The map's permalink as PDF. What it does not know it leaves out, and says so."""

    request: HttpRequest

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        drawing = draw(self.view, self.frame)
        context = {
            **self.words(drawing),
            "paper": frame_of_sheet(request, self.permalink),
            "run": self.view.run,
            "drawing": drawing,
            "orientation": self.orientation,
        }
        html = render_to_string(
            "coverage/sheet/map.html", context, request, using="paper"
        )
        run = self.view.run
        parts = (
            "peta",
            slugify(self.place_name(drawing))[:60],
            self.view.operator.lower(),
            self.view.service,
            f"run-{run.pk}" if run else "",
            get_language(),
        )
        name = "-".join(filter(None, parts))
        return pdf_response(request, html, f"{name}.pdf", run)

    # --- what is asked for ---------------------------------------------------

    @cached_property
    def query(self) -> QueryDict:
        return self.request.GET

    @cached_property
    def orientation(self) -> str:
        asked = self.query.get("paper", "")
        if asked in DRAWING_MM:
            return asked
        west, south, east, north = self.asked_extent
        return "landscape" if east - west >= north - south else "portrait"

    @cached_property
    def view(self) -> MapView:
        run = self.asked_run()
        return MapView(
            run=run,
            operator=self.one_of("operator", LayerOperator.values, ANY_OPERATOR),
            service=self.one_of("service", Service.values, Service.INTERNET.value),
            layers=frozenset(self.asked_layers),
            district=self.one_of(
                "district", District.objects.values_list("code", flat=True), None
            ),
            village=self.one_of(
                "village", Village.objects.values_list("code", flat=True), None
            ),
            spot=self.asked_spot(run),
            in_village=self.one_of(
                "in_village", Village.objects.values_list("code", flat=True), None
            ),
            least_km2=self.number("min_area"),
            least_confidence=min(self.number("min_confidence"), 1.0),
            has_demo=self.query.get("demo") != "off",
        )

    def one_of(self, name: str, known: Any, usual: Any) -> Any:
        asked = self.query.get(name, "")
        return asked if asked and asked in known else usual

    @cached_property
    def asked_layers(self) -> list[str]:
        asked = self.query.get("layers")
        return list(USUAL) if asked is None else asked[:200].split(",")

    def asked_run(self) -> CoverageRun | None:
        asked = self.query.get("run", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            found = CoverageRun.objects.filter(
                pk=int(asked), state=CoverageRun.State.PUBLISHED
            ).first()
            if found:
                return found
        return current_run()

    def asked_spot(self, run: CoverageRun | None) -> UUID | None:
        try:
            identity = UUID(self.query.get("spot", ""))
        except ValueError:
            return None
        return identity if run and map_view.spot_in(run, identity) else None

    def number(self, name: str) -> float:
        try:
            value = float(self.query.get(name, ""))
        except ValueError:
            return 0.0
        return value if math.isfinite(value) and value > 0 else 0.0

    # --- where the sheet is cut ----------------------------------------------

    @cached_property
    def asked_extent(self) -> Extent:
        """Return the view's own, else that of its place, else the regency's."""
        return (
            self.bbox()
            or self.around_position()
            or self.extent_of_place()
            or map_view.extent_of()
            or REGENCY
        )

    @cached_property
    def is_cut(self) -> bool:
        """Return whether the address itself says what of the map is shown."""
        return bool(self.bbox() or self.around_position())

    @cached_property
    def frame(self) -> Frame:
        margin = (
            0.0 if self.is_cut else CLOSEST_MARGIN if self.extent_of_place() else 0.02
        )
        return fit(self.asked_extent, *DRAWING_MM[self.orientation], margin=margin)

    def numbers(self, name: str, sign: str, length: int) -> list[float] | None:
        parts = self.query.get(name, "").split(sign)
        try:
            values = [float(part) for part in parts]
        except ValueError:
            return None
        is_usable = len(values) == length and all(map(math.isfinite, values))
        return values if is_usable else None

    def bbox(self) -> Extent | None:
        values = self.numbers("bbox", ",", 4)
        if values is None:
            return None
        west, south, east, north = values
        if not (-180 <= west < east <= 180 and -80 <= south < north <= 80):
            return None
        return west, south, east, north

    def around_position(self) -> Extent | None:
        """Return what a screen of 1,200 by 800 shows at ``at=zoom/lat/lon``."""
        values = self.numbers("at", "/", 3)
        if values is None:
            return None
        zoom, lat, lon = values
        if not (3 <= zoom <= 20 and -80 <= lat <= 80 and -180 <= lon <= 180):
            return None
        column, row = (float(v) for v in position_of(lon, lat))
        squares_per_px = 2.0 ** (ZOOM - zoom)
        half_width, half_height = 600 * squares_per_px, 400 * squares_per_px
        west, east = lon_at(column - half_width), lon_at(column + half_width)
        south, north = lat_at(row + half_height), lat_at(row - half_height)
        return float(west), float(south), float(east), float(north)

    def extent_of_place(self) -> Extent | None:
        view = self.view
        if view.spot and view.run:
            spot = map_view.spot_in(view.run, view.spot)
            return spot.polygon.extent if spot else None
        village = view.village or view.in_village
        if village or view.district:
            return map_view.extent_of(village=village, district=view.district)
        return None

    @cached_property
    def permalink(self) -> str:
        """Return the map's address with the same query, cut as the sheet is."""
        kept = [
            (key, value[:200])
            for key, value in self.query.items()
            if key not in CUT and len(key) <= 32
        ][:20]
        lon, lat = self.frame.centre
        # The sheet's long side on a screen of about 1,000 pixels.
        squares = max(self.frame.width_mm, self.frame.height_mm)
        squares *= self.frame.squares_per_mm
        zoom = ZOOM - math.log2(squares / (4 * TILE_SQUARES))
        search = f"?{urlencode(kept, safe=',')}" if kept else ""
        page = f"{public_root(self.request)}{reverse('map')}{search}"
        return f"{page}#{max(zoom, 5):.2f}/{lat:.4f}/{lon:.4f}"

    # --- in words ------------------------------------------------------------

    def chosen_name(self) -> str:
        """Return the name of the place that is chosen on the map, if one is."""
        view = self.view
        if view.village:
            village = Village.objects.select_related("district").get(pk=view.village)
            kind = gettext(village.get_kind_display()).capitalize()
            return _("%(kind)s %(village)s, district of %(district)s") % {
                "kind": kind,
                "village": village.name,
                "district": village.district.name,
            }
        if view.district:
            name = District.objects.get(pk=view.district).name
            return _("District of %(name)s") % {"name": name}
        return ""

    def place_name(self, drawing: Drawing) -> str:
        """Return what the sheet shows; cut, that is not just the chosen place."""
        if not self.is_cut and (chosen := self.chosen_name()):
            return chosen
        names = [district["name"] for district in drawing.districts]
        if not names:
            return _("Part of Kutai Kartanegara regency")
        if len(names) > NAMED_DISTRICTS:
            all_there_are = District.objects.exclude(boundary=None).count()
            return (
                _("Kutai Kartanegara regency")
                if len(names) == all_there_are
                else _("Part of Kutai Kartanegara regency")
            )
        return ngettext(
            "District of %(names)s", "Districts of %(names)s", len(names)
        ) % {"names": ", ".join(names)}

    def words(self, drawing: Drawing) -> dict[str, Any]:
        view = self.view
        meanings = words.state_meanings(view.operator, view.service)
        shares = {
            "high": percent(words.CONFIDENCE_HIGH),
            "medium": percent(words.CONFIDENCE_MEDIUM),
        }
        return {
            "title": f"{words.service_name(view.service)} · "
            f"{words.operator_name(view.operator)}",
            "place": self.place_name(drawing),
            "scale": count(_rounded_scale(drawing.frame)),
            "legend": [
                {
                    "name": words.STATE_NAMES[s],
                    "meaning": meanings[s],
                    "picture": _picture("state", s),
                }
                for s in words.STATES
                if s != "unknown" or "unknown" in view.layers
            ],
            "confidences": [
                {"name": name, "picture": _picture("confidence", confidence)}
                for confidence, name in zip(
                    CONFIDENCES,
                    (
                        _("high confidence (%(high)s and more)") % shares,
                        _("medium confidence (%(medium)s to %(high)s)") % shares,
                        _("low confidence (below %(medium)s)") % shares,
                    ),
                    strict=True,
                )
            ],
            "signs": self.signs(drawing),
            "spot_sentence": spot_sentence(drawing),
            "filters": self.filters(),
            "left_out": self.left_out(),
            "counts": [
                (words.operator_name(operator), number)
                for operator, number in (
                    view.run.report_counts if view.run else {}
                ).items()
                if operator in LayerOperator.values
            ],
        }

    def signs(self, drawing: Drawing) -> list[dict[str, str]]:
        signs = []
        if self.is_cut and (chosen := self.chosen_name()):
            signs.append(("selected", chosen))
        signs.append(("district", _("district boundary")))
        if "boundaries" in self.view.layers:
            signs.append(("village", _("village boundary")))
        if "official" in self.view.layers:
            signs.append(
                (
                    "official",
                    _("on the official list: a statement, not a measurement"),
                )
            )
        if drawing.settlements:
            signs.append(("settlement", _("settlement")))
        if drawing.facilities:
            signs.append(("facility", _("public service")))
        return [{"picture": _picture("sign", sign), "name": n} for sign, n in signs]

    def filters(self) -> list[str]:
        """Return what was taken out of the blank spots, in words."""
        view, found = self.view, []
        if view.least_km2:
            found.append(
                _("only blank spots of %(area)s and more")
                % {"area": km2(view.least_km2)}
            )
        if view.least_confidence:
            found.append(
                _("only with a confidence of %(percent)s and more")
                % {"percent": percent(view.least_confidence)}
            )
        if view.district or view.in_village:
            found.append(_("only blank spots that touch this place"))
        if "unknown" not in view.layers:
            found.append(_("without the hatch over what nobody has measured"))
        if not view.has_demo:
            found.append(_("without demonstration data"))
        return found

    def left_out(self) -> list[str]:
        """Return the layers and filters of the address that a sheet does not draw."""
        asked = {name for name in self.asked_layers if name and name not in DRAWN}
        return sorted({name[:24] for name in asked | (set(self.query) - KNOWN)})[:8]


def spot_sentence(drawing: Drawing) -> str:
    if not drawing.spots:
        return _("No blank spot of this layer lies in this view.")
    counts = dict.fromkeys(("blank", "likely_blank"), 0)
    areas = dict.fromkeys(counts, 0.0)
    for spot in drawing.spots:
        counts[spot["state"]] += 1
        areas[spot["state"]] += spot["area_km2"]
    return _(
        "In this view: %(blank)s blank spots (%(blank_km2)s), and %(likely)s that are "
        "probably blank (%(likely_km2)s); areas in full, also where the edge cuts them."
    ) % {
        "blank": count(counts["blank"]),
        "blank_km2": km2(areas["blank"]),
        "likely": count(counts["likely_blank"]),
        "likely_km2": km2(areas["likely_blank"]),
    }


def _rounded_scale(frame: Frame) -> int:
    """Return N of the scale 1 : N with two digits that count."""
    n = frame.metres_per_mm * 1000
    step = 10 ** (math.floor(math.log10(n)) - 1)
    return int(round(n / step) * step)


def _picture(kind: str, name: str) -> str:
    return svg_uri(
        render_to_string("coverage/sheet/sign.svg", {"kind": kind, "name": name})
    )
