"""A view of the map drawn for paper: the surface as a picture, the rest as lines."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import pgettext

from coverage.core.frame import Frame, scale_bar_km
from coverage.models import CoverageRun
from coverage.selectors import map_view
from coverage.services.paint_view import paint_view
from coverage.web import words
from villages.models import District, Village

# Names are as wide as their letters, in mm at the size the drawing writes them.
DISTRICT_LETTER_MM, VILLAGE_LETTER_MM, LINE_MM = 1.75, 1.3, 3.2
# Half of the sign of the official list, with a little room around it.
SIGN_MM = 1.7
# Villages' names have room from about 1 : 500,000 on.
VILLAGE_NAMES_FROM_M_PER_MM = 480.0
CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True)
class MapView:
    """What is drawn of which run: one layer, and what lies over it."""

    run: CoverageRun | None
    operator: str
    service: str
    layers: frozenset[str]
    district: str | None = None
    village: str | None = None
    # Whose blank spots alone are drawn.
    in_village: str | None = None
    has_demo: bool = True
    spot: Any = None
    least_km2: float = 0.0
    least_confidence: float = 0.0


@dataclass
class Drawing:
    """The drawing as SVG, and what its words need to know of it."""

    svg: str
    frame: Frame
    spots: list[dict[str, Any]] = field(default_factory=list)
    districts: list[dict[str, Any]] = field(default_factory=list)
    villages: list[dict[str, Any]] = field(default_factory=list)
    listed: int = 0
    settlements: int = 0
    facilities: int = 0

    @property
    def data_uri(self) -> str:
        return svg_uri(self.svg)

    @property
    def has_approximate_boundaries(self) -> bool:
        return any(v["is_approximate"] for v in (*self.districts, *self.villages))


def svg_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def draw(
    view: MapView, frame: Frame, *, selected: Village | District | None = None
) -> Drawing:
    """Draw *view* within *frame*; *selected* is outlined and filters nothing."""
    run, layers = view.run, view.layers
    districts = map_view.district_paths(frame)
    villages = map_view.village_paths(frame)
    has_spots = run is not None and "spots" in layers
    spots = _spots(view, run, frame) if has_spots and run else []
    surface = ""
    if run is not None and layers & {"surface", "unknown"}:
        png = paint_view(
            run.pk,
            view.operator,
            view.service,
            frame,
            is_patterned=not has_spots,
            has_known="surface" in layers,
            has_unknown="unknown" in layers,
        )
        surface = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    points = {
        name: read(frame) if name in layers else []
        for name, read in (
            ("official", map_view.listed_points),
            ("settlements", map_view.settlement_points),
            ("facilities", map_view.facility_points),
        )
    }
    village, district = view.village, view.district
    if isinstance(selected, Village):
        village = selected.pk
    elif isinstance(selected, District):
        district = selected.pk
    if view.spot is not None and run is not None:
        outline = map_view.spot_path(frame, run, view.spot)
    else:
        outline = map_view.place_path(frame, village=village, district=district)
    context = {
        "frame": frame,
        "surface": surface,
        "has_surface": bool(surface),
        "districts": districts,
        "villages": villages if "boundaries" in layers else [],
        "spot_groups": _groups(spots),
        "selected": outline,
        "labels": place_labels(frame, districts, villages, points["official"]),
        "is_far": frame.metres_per_mm > VILLAGE_NAMES_FROM_M_PER_MM,
        "bar": _bar(frame),
        "north": pgettext("letter on a map's arrow", "N"),
        **points,
    }
    return Drawing(
        svg=render_to_string("coverage/sheet/map.svg", context),
        frame=frame,
        spots=spots,
        districts=districts,
        villages=villages,
        listed=len(points["official"]),
        settlements=len(points["settlements"]),
        facilities=len(points["facilities"]),
    )


def _spots(view: MapView, run: CoverageRun, frame: Frame) -> list[dict[str, Any]]:
    return map_view.spot_paths(
        run,
        view.operator,
        view.service,
        frame,
        district=view.district,
        village=view.in_village,
        has_demo=view.has_demo,
        least_km2=view.least_km2,
        least_confidence=view.least_confidence,
    )


def confidence_class(confidence: float) -> str:
    if confidence >= words.CONFIDENCE_HIGH:
        return "high"
    return "medium" if confidence >= words.CONFIDENCE_MEDIUM else "low"


def _groups(spots: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one path for each state and confidence: spots of a layer never overlap."""
    paths: dict[tuple[str, str], list[str]] = {}
    for spot in spots:
        key = (spot["state"], confidence_class(spot["confidence"]))
        paths.setdefault(key, []).append(spot["path"])
    return [
        {"state": state, "confidence": confidence, "path": " ".join(found)}
        for (state, confidence), found in sorted(paths.items())
    ]


def _bar(frame: Frame) -> dict[str, Any]:
    km = scale_bar_km(frame)
    mm = km * 1000 / frame.metres_per_mm
    return {
        "name": f"{formats.number_format(km if km < 1 else int(km))} km",
        "mm": f"{mm:.2f}",
        "half": f"{mm / 2:.2f}",
        "box": f"{mm + 14:.2f}",
    }


def place_labels(
    frame: Frame,
    districts: list[dict[str, Any]],
    villages: list[dict[str, Any]],
    signs: Sequence[tuple[float, float]] = (),
) -> list[dict[str, Any]]:
    """Return the names that have room, each where it begins to be written (its middle).

    Close by, villages come first; from afar there are districts only. A name gives
    way to *signs* (mm on the sheet): below, above, to the right or to the left.
    """
    is_near = frame.metres_per_mm <= VILLAGE_NAMES_FROM_M_PER_MM
    wanted = [("district", place, DISTRICT_LETTER_MM) for place in districts]
    if is_near:
        # A district's name stands where the villages' leave room for it.
        wanted = [("village", v, VILLAGE_LETTER_MM) for v in villages] + wanted
    kept_free = [(x - SIGN_MM, y - SIGN_MM, x + SIGN_MM, y + SIGN_MM) for x, y in signs]
    # The scale and the arrow, where coverage/sheet/map.svg puts them.
    taken: list[Box] = [
        (0, frame.height_mm - 10, 64, frame.height_mm),
        (frame.width_mm - 16, 0, frame.width_mm, 16),
    ]
    placed = []
    for kind, place, letter_mm in wanted:
        half = len(place["name"]) * letter_mm / 2
        at = frame.place(place["lon"], place["lat"])
        # Without a position off every sign, one whose letters a sign covers.
        for avoided in (kept_free + taken, taken):
            found = _free_middle(frame, at, half, avoided)
            if found:
                x, y = found
                taken.append(_name_box(x, y, half))
                placed.append({"kind": kind, "name": place["name"], "x": x, "y": y})
                break
    return placed


Box = tuple[float, float, float, float]


def _name_box(x: float, y: float, half: float) -> Box:
    return (x - half, y - LINE_MM / 2, x + half, y + LINE_MM / 2)


def _free_middle(
    frame: Frame, at: tuple[float, float], half: float, avoided: Sequence[Box]
) -> tuple[float, float] | None:
    """Return where a name of *half* its width has room at *at* or beside it."""
    down, aside = (size + SIGN_MM + 0.1 for size in (LINE_MM / 2, half))
    for right, below in ((0, 0), (0, down), (0, -down), (aside, 0), (-aside, 0)):
        x, y = at[0] + right, at[1] + below
        box = _name_box(x, y, half)
        is_inside = (
            box[0] > 1
            and box[2] < frame.width_mm - 1
            and box[1] > 1
            and box[3] < frame.height_mm - 1
        )
        if is_inside and not any(_overlap(box, other) for other in avoided):
            return x, y
    return None


def _overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )
