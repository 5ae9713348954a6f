"""The colour of each state, for the tile painter and the style sheet alike.

Teal to vermilion, told apart by lightness as well as by hue, so that readers who
see red and green alike, and a grey print, still tell them apart; a test simulates
both. `static/css/site.css` has the same values as custom properties, and a test
compares them.
"""

from __future__ import annotations

Rgba = tuple[int, int, int, int]

# Opacity leaves boundaries and labels readable under the surface.
STATE_COLOURS: dict[str, Rgba] = {
    "covered": (38, 128, 120, 190),
    "weak": (150, 210, 199, 190),
    "likely_blank": (244, 178, 78, 205),
    "blank": (176, 44, 20, 215),
    # Drawn as a hatch, never as an area: nobody has measured there.
    "unknown": (124, 132, 140, 110),
}
