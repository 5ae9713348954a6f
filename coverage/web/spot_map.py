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
# A village with less of the drawing than this has no room for its name.
LEAST_NAMED = 0.03
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
    for _code, name, source, wkb in villages_around(box, fine_deg=0.5 / scale):
        boundary = shapely.from_wkb(wkb)
        if boundary.is_empty:
            continue
        is_approximate |= source == BoundarySource.APPROXIMATE
        label = shapely.point_on_surface(boundary)
        is_named = boundary.area * squeeze * scale**2 > LEAST_NAMED * WIDTH * HEIGHT
        villages.append(
            {
                "name": name if is_named else "",
                "path": _path(boundary, frame),
                "x": _number(min(max(frame.x(label.x), 50), WIDTH - 50)),
                "y": _number(min(max(frame.y(label.y), 16), HEIGHT - 40)),
            }
        )
    most = WIDTH / 4 * frame.metres
    bar_m = max(length for length in BAR_LENGTHS_M if length <= max(most, 10))
    return {
        "width": _number(WIDTH),
        "height": _number(HEIGHT),
        "villages": villages,
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
