"""The colour of each state, for the tile painter and the style sheet alike.

Teal to vermilion, told apart by more than red against green; a test simulates the
three kinds of colour blindness. `static/css/site.css` has the same values as
custom properties, and a test compares them.
"""

from __future__ import annotations

Rgba = tuple[int, int, int, int]

# Opacity leaves boundaries and labels readable under the surface.
STATE_COLOURS: dict[str, Rgba] = {
    "covered": (30, 122, 115, 190),
    "weak": (132, 200, 190, 195),
    "likely_blank": (244, 178, 78, 205),
    "blank": (160, 36, 16, 215),
    # Drawn as a hatch, never as an area: nobody has measured there.
    "unknown": (124, 132, 140, 110),
}
