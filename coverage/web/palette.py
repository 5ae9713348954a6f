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

# The state in officials' words (`coverage.core.officials`): the same colours where
# they mean the same, one for calls without internet, and one for no internet where
# nobody measured calls. `static/css/states.css` has
# the same values.
OFFICIAL_COLOURS: dict[str, tuple[int, int, int]] = {
    "four_g": STATE_COLOURS["covered"][:3],
    "weak_4g": STATE_COLOURS["weak"][:3],
    "likely_voice_only": (178, 146, 206),
    "voice_only": (112, 58, 162),
    "likely_no_4g": (244, 182, 166),
    "no_4g": (228, 118, 94),
    "likely_no_signal": STATE_COLOURS["likely_blank"][:3],
    "no_signal": STATE_COLOURS["blank"][:3],
    "unknown": STATE_COLOURS["unknown"][:3],
}

# How each is drawn where colour may be lost, as on a black-and-white printer.
PATTERNS: dict[str, str] = {
    "covered": "plain",
    "four_g": "plain",
    "weak": "dots",
    "weak_4g": "dots",
    "likely_voice_only": "sparse",
    "voice_only": "lines",
    "likely_no_4g": "sparse",
    "no_4g": "upright",
    "likely_blank": "sparse",
    "likely_no_signal": "sparse",
    "blank": "cross",
    "no_signal": "cross",
    "unknown": "hatch",
}
