"""A small map of one blank spot as SVG: outline, boundaries, places and a scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils import formats

from coverage.models import BlankSpot
from coverage.selectors.spots import villages_around
from villages.models import BoundarySource, Facility, Settlement

WIDTH, HEIGHT = 640.0, 420.0
# Of the spot's own size, on each side; and never less than this.
MARGIN, LEAST_MARGIN_DEG = 0.25, 0.005
# Metres in a degree of the equator, and of the meridian near it (WGS84).
M_OF_LON, M_OF_LAT = 111_319.5, 110_574.0
# Of a name on the map, in units of the drawing: about so wide a letter, so high a line
# on a phone, where the names are largest (priorities.css).
LETTER, LINE = 12.0, 25.0
# Where the arrow to the north stands.
NORTH = [{"x": 622.0, "y": y, "half": 12.0} for y in (18.0, 36.0, 54.0)]
BAR_LENGTHS_M = [m * 10**k for k in range(1, 6) for m in (1, 2, 5)]


@dataclass(frozen=True)
class Frame:
    """From degrees to the drawing: as wide as high on the ground."""

    west: float
    north: float
    squeeze: float
    scale: float

    def x(self, lon: float) -> float:
        return (lon - self.west) * self.squeeze * self.scale

    def y(self, lat: float) -> float:
        return (self.north - lat) * self.scale

    @property
    def metres(self) -> float:
        """How many metres one unit of the drawing is."""
        return M_OF_LAT / self.scale


def spot_map(
    spot: BlankSpot,
    settlements: Iterable[Settlement],
    facilities: Iterable[Facility],
    *,
    is_ended: bool,
) -> dict[str, Any]:
    """Return what `coverage/spot_map.html` draws."""
    west, south, east, north = spot.outline.extent
    margin = max((east - west) * MARGIN, (north - south) * MARGIN, LEAST_MARGIN_DEG)
    squeeze = math.cos(math.radians((south + north) / 2)) * M_OF_LON / M_OF_LAT
    wide = (east - west + 2 * margin) * squeeze
    high = north - south + 2 * margin
    scale = min(WIDTH / wide, HEIGHT / high)
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    frame = Frame(
        west=middle_lon - WIDTH / scale / squeeze / 2,
        north=middle_lat + HEIGHT / scale / 2,
        squeeze=squeeze,
        scale=scale,
    )
    box = (
        frame.west,
        frame.north - HEIGHT / scale,
        frame.west + WIDTH / scale / squeeze,
        frame.north,
    )
    villages = []
    is_approximate = False
    # Half a unit of the drawing.
    for code, name, source, wkb in villages_around(box, fine_deg=0.5 / scale):
        boundary = shapely.from_wkb(wkb)
        if boundary.is_empty:
            continue
        is_approximate |= source == BoundarySource.APPROXIMATE
        villages.append((code not in spot.villages, -boundary.area, name, boundary))
    villages.sort(key=lambda village: village[:3])
    labels: list[dict[str, Any]] = []
    for _is_other, _area, name, boundary in villages:
        label = _label(name, boundary, frame)
        if not any(_overlap(label, other) for other in (*labels, *NORTH)):
            labels.append(label)
    most = WIDTH / 4 * frame.metres
    bar_m = max(length for length in BAR_LENGTHS_M if length <= max(most, 10))
    return {
        "width": _number(WIDTH),
        "height": _number(HEIGHT),
        "villages": [
            _path(boundary, frame) for _other, _area, _name, boundary in villages
        ],
        "labels": [
            {"name": one["name"], "x": _number(one["x"]), "y": _number(one["y"])}
            for one in labels
        ],
        "spot": _path(shapely.from_wkb(bytes(spot.outline.wkb)), frame),
        "kind": "ended" if is_ended else spot.state,
        "settlements": _points(settlements, frame),
        "facilities": _points(facilities, frame),
        "bar_width": _number(bar_m / frame.metres),
        "bar_end": _number(20 + bar_m / frame.metres),
        "bar_middle": _number(20 + bar_m / frame.metres / 2),
        "bar_y": _number(HEIGHT - 14),
        "bar_text_y": _number(HEIGHT - 22),
        "bar_text": (
            f"{formats.number_format(bar_m // 1000)} km"
            if bar_m >= 1000
            else f"{bar_m} m"
        ),
        "is_approximate": is_approximate,
    }


def _label(name: str, boundary: Any, frame: Frame) -> dict[str, Any]:
    inside = shapely.point_on_surface(boundary)
    half = len(name) * LETTER / 2
    return {
        "name": name,
        "half": half,
        "x": min(max(frame.x(inside.x), half + 4), WIDTH - half - 4),
        # Above the scale bar.
        "y": min(max(frame.y(inside.y), LINE), HEIGHT - 2.5 * LINE),
    }


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (
        abs(one["x"] - other["x"]) < one["half"] + other["half"]
        and abs(one["y"] - other["y"]) < LINE
    )


def _points(places: Iterable[Any], frame: Frame) -> list[dict[str, str]]:
    return [
        {"x": _number(frame.x(p.point.x)), "y": _number(frame.y(p.point.y))}
        for p in places
    ]


def _path(geometry: Any, frame: Frame) -> str:
    rings = []
    for polygon in shapely.get_parts(geometry):
        if polygon.geom_type != "Polygon":
            continue
        for ring in (polygon.exterior, *polygon.interiors):
            points = " ".join(
                f"{_number(frame.x(lon))},{_number(frame.y(lat))}"
                for lon, lat in ring.coords[:-1]
            )
            rings.append(f"M{points}Z")
    return "".join(rings)


def _number(value: float) -> str:
    return f"{value:.1f}"
