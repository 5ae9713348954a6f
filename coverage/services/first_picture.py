"""The first picture of the map: a layer over the whole regency, as one small image.

It lies on the map's page while scripts and data are on their way, and leaves when they
have drawn the same (`static/js/map/first-picture.js`). So it is drawn as they draw:
`templates/coverage/first_picture.svg` has the lines of base.js and layers.js, and
`_look` is their `spotStyle`.
"""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np
import resvg_py
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image

from coverage.core.frame import Frame
from coverage.core.grid import TILE_SQUARES, ZOOM, position_of
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors import map_view
from coverage.selectors.drawn_places import drawn_extent, places_fingerprint
from coverage.selectors.runs import run_tag
from coverage.services.paint_tile import MAX_ZOOM, MIN_ZOOM, paint_tile
from coverage.web.palette import STATE_COLOURS
from kukar_connect.kept_answers import is_kept, keep

# Another way of drawing is another number: what was kept is left alone.
DRAWING = 2
# As large as the map is on a common screen; more would only be more to send.
MOST_PX = 1000
# On a phone it is seen for a moment over a slow line: coarser, half as much to send.
SIZES = FULL, SMALL = "full", "small"
SMALL_PX = 600
SMALL_QUALITY = 60
# A map of four states, three kinds of line and their edges looks the same with these.
COLOURS = 64
# Between no confidence and full confidence, as layers.js has it.
LOOKS = 40
SURE = 0.8
# Below this zoom lines are thin, for the map's scripts as well.
NEAR_ZOOM = 9.5


def picture_addresses(run_id: int, operator: str, service: str) -> dict[str, str]:
    """Return where the picture is, by size; another boundary is another address."""
    path = reverse("first-picture", args=(run_id, operator, service))
    places = places_fingerprint()
    return {size: f"{path}?places={places}&size={size}" for size in SIZES}


def picture_key(
    run_id: int, operator: str, service: str, places: str, size: str
) -> str | None:
    """Return under which key the picture is kept, None where there is none."""
    if operator not in LayerOperator.values or service not in Service.values:
        return None
    tag = run_tag(run_id)
    if tag is None or size not in SIZES:
        return None
    layer = f"{run_id} {tag[:16]} {operator} {service}"
    return f"picture {DRAWING} {layer} {places} {size}"


def lay_picture_ready(run: CoverageRun) -> bool:
    """Keep the picture that the map opens with; return whether it had to be drawn."""
    layer = run.pk, ANY_OPERATOR, Service.INTERNET.value
    places = places_fingerprint()
    keys = {size: picture_key(*layer, places, size) for size in SIZES}
    missing = [size for size, key in keys.items() if key and not is_kept(key)]
    if not missing:
        return False
    pictures = first_pictures(*layer, places, missing)
    for size, picture in pictures.items():
        keep(keys[size], picture)
    return bool(pictures)


def first_pictures(
    run_id: int, operator: str, service: str, places: str, sizes: Collection[str]
) -> dict[str, HttpResponse]:
    """Draw the picture as WebP of each of *sizes*.

    None of them where *places* are not the boundaries of today. Half a second for 2,000
    blank spots; it is the caller's to keep them.
    """
    extent = drawn_extent()
    if extent is None or places != places_fingerprint():
        return {}
    run = CoverageRun.objects.get(pk=run_id)
    zoom, frame = _frame(extent)
    spots = map_view.spot_paths(run, operator, service, frame)
    svg = render_to_string(
        "coverage/first_picture.svg",
        {
            "frame": frame,
            "surface": _surface(run_id, operator, service, zoom, frame),
            "districts": map_view.district_paths(frame),
            "villages": map_view.village_paths(frame),
            "spot_groups": _groups(spots, is_far=zoom < NEAR_ZOOM),
            "is_far": zoom < NEAR_ZOOM,
        },
    )
    drawn = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    image = Image.open(io.BytesIO(drawn)).convert("RGB")
    pictures = {}
    for size in sizes:
        content = _packed(image, size)
        pictures[size] = HttpResponse(content, content_type="image/webp")
        pictures[size]["ETag"] = f'W/"{run_id}-{places}-{size}"'
    return pictures


def _packed(image: Image.Image, size: str) -> bytes:
    out = io.BytesIO()
    if size == SMALL:
        small = image.copy()
        small.thumbnail((SMALL_PX, SMALL_PX))
        small.save(out, "WEBP", quality=SMALL_QUALITY)
    else:
        few = image.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
        few.save(out, "WEBP", lossless=True)
    return out.getvalue()


def _frame(extent: tuple[float, float, float, float]) -> tuple[int, Frame]:
    """Return the nearest zoom that is small enough, and *extent* in pixels of it."""
    west, south, east, north = extent
    column, row = position_of(np.array([west, east]), np.array([north, south]))
    left, top = float(column[0]), float(row[0])
    wide, tall = float(column[1]) - left, float(row[1]) - top
    zoom = MAX_ZOOM
    while zoom > MIN_ZOOM and max(wide, tall) * 2.0 ** (zoom - ZOOM) > MOST_PX:
        zoom -= 1
    squares_per_px = 2.0 ** (ZOOM - zoom)
    return zoom, Frame(
        column=left,
        row=top,
        # Of this frame a millimetre is a pixel.
        squares_per_mm=squares_per_px,
        width_mm=wide / squares_per_px,
        height_mm=tall / squares_per_px,
    )


def _surface(
    run_id: int, operator: str, service: str, zoom: int, frame: Frame
) -> dict[str, Any]:
    """Return the tiles under *frame* as one picture: where it lies, and what it is."""
    left, top = (
        at / frame.squares_per_mm / TILE_SQUARES for at in (frame.column, frame.row)
    )
    columns = range(int(left), int(left + frame.width_mm / TILE_SQUARES) + 1)
    rows = range(int(top), int(top + frame.height_mm / TILE_SQUARES) + 1)
    size = (len(columns) * TILE_SQUARES, len(rows) * TILE_SQUARES)
    whole = Image.new("RGBA", size)
    for x in columns:
        for y in rows:
            tile = Image.open(
                io.BytesIO(paint_tile(run_id, operator, service, zoom, x, y))
            )
            at = ((x - columns.start) * TILE_SQUARES, (y - rows.start) * TILE_SQUARES)
            whole.paste(tile.convert("RGBA"), at)
    out = io.BytesIO()
    whole.save(out, "PNG", compress_level=1)
    return {
        "x": (columns.start - left) * TILE_SQUARES,
        "y": (rows.start - top) * TILE_SQUARES,
        "width": size[0],
        "height": size[1],
        "uri": f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}",
    }


def _groups(spots: list[dict[str, Any]], *, is_far: bool) -> list[dict[str, Any]]:
    """Return one path for each look: spots of a layer never overlap."""
    paths: dict[tuple[str, float, bool], list[str]] = defaultdict(list)
    for spot in spots:
        confidence = round(spot["confidence"] * LOOKS) / LOOKS
        look = (spot["state"], confidence, spot["confidence"] >= SURE)
        paths[look].append(spot["path"])
    return [
        {**_look(*look, is_far), "path": " ".join(found)}
        for look, found in sorted(paths.items())
    ]


def _look(state: str, confidence: float, is_sure: bool, is_far: bool) -> dict[str, Any]:
    red, green, blue, _alpha = STATE_COLOURS[state]
    return {
        "fill": f"#{red:02x}{green:02x}{blue:02x}",
        "fill_opacity": f"{0.25 * confidence:.3f}",
        "stroke": "#5d1206" if state == "blank" else "#7a4b00",
        "stroke_opacity": f"{0.4 + 0.6 * confidence:.3f}",
        "stroke_width": (2.2 if is_sure else 1.2) * (0.4 if is_far else 1),
        "dashes": "" if state == "blank" or is_far else "5 3",
    }
