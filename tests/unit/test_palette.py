"""The states' colours: one value everywhere, and told apart by every eye."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from coverage.core.officials import Official
from coverage.web.palette import OFFICIAL_COLOURS, PATTERNS, STATE_COLOURS

STYLE_SHEET = Path(__file__).parents[2] / "static" / "css" / "site.css"

# How colours reach the eye without one kind of cone (Machado, Oliveira and
# Fernandes 2009, severity 1.0), on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)
WHITE = np.array([0.9505, 1.0, 1.089])
LAND = np.array([247, 245, 239])
# CIE76; about 2 is just noticeable, and areas of one map need many times that.
LEAST_DIFFERENCE = 18


def lab(rgb, sight):
    """Return CIE L*a*b* of an sRGB colour as *sight* sees it."""
    unit = np.asarray(rgb) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def over_land(rgba):
    opacity = rgba[3] / 255
    return np.array(rgba[:3]) * opacity + LAND * (1 - opacity)


def test_the_style_sheet_and_the_tiles_have_the_same_colours():
    found = re.findall(
        r"--state-([a-z-]+): rgb\((\d+) (\d+) (\d+)\)", STYLE_SHEET.read_text()
    )
    in_css = {name.replace("-", "_"): tuple(map(int, rgb)) for name, *rgb in found}
    assert in_css == {name: rgba[:3] for name, rgba in STATE_COLOURS.items()}


@pytest.mark.parametrize("sight", SIGHT)
def test_every_eye_tells_the_states_apart(sight):
    # Unknown is a hatch, not a colour.
    filled = {k: over_land(v) for k, v in STATE_COLOURS.items() if k != "unknown"}
    for one, other in itertools.combinations(filled, 2):
        difference = np.linalg.norm(
            lab(filled[one], SIGHT[sight]) - lab(filled[other], SIGHT[sight])
        )
        assert difference >= LEAST_DIFFERENCE, (one, other)


@pytest.mark.parametrize("sight", SIGHT)
def test_every_eye_tells_officials_words_apart(sight):
    # What is only likely shares a hue with what is sure and is striped as well.
    sure = {k: v for k, v in OFFICIAL_COLOURS.items() if k != "unknown"}
    del sure["likely_voice_only"], sure["likely_no_4g"]
    for one, other in itertools.combinations(sure, 2):
        difference = np.linalg.norm(
            lab(sure[one], SIGHT[sight]) - lab(sure[other], SIGHT[sight])
        )
        assert difference >= LEAST_DIFFERENCE, (one, other)


def test_the_signs_of_officials_words_have_the_charts_colours():
    sheet = STYLE_SHEET.with_name("states.css").read_text()
    own = {"likely_voice_only", "voice_only", "likely_no_4g", "no_4g"}
    for state, rgb in OFFICIAL_COLOURS.items():
        if state != "unknown":
            rule = re.search(rf"\.swatch--{state} {{(.*?)}}", sheet)
            colour = "rgb({} {} {})".format(*rgb) if state in own else "var(--state-"
            assert colour in rule[1]


def test_every_state_has_a_colour_and_a_pattern():
    assert list(OFFICIAL_COLOURS) == [state.value for state in Official]
    assert set(PATTERNS) == set(OFFICIAL_COLOURS) | set(STATE_COLOURS)


def lightness(rgb):
    return lab(rgb, SIGHT["usual"])[0]


# What a laser printer without colours keeps apart by its grey alone.
LEAST_GREY_STEP = 8


def test_what_looks_alike_in_grey_has_another_pattern():
    filled = {k: over_land(v) for k, v in STATE_COLOURS.items()}
    for one, other in itertools.combinations(filled, 2):
        step = abs(lightness(filled[one]) - lightness(filled[other]))
        assert step >= LEAST_GREY_STEP or PATTERNS[one] != PATTERNS[other], (one, other)


def test_no_signal_is_the_darkest_of_the_states_and_signal_is_told_from_none_in_grey():
    filled = {k: over_land(v) for k, v in STATE_COLOURS.items()}
    assert min(filled, key=lambda state: lightness(filled[state])) == "blank"
    step = lightness(filled["covered"]) - lightness(filled["blank"])
    assert step >= LEAST_GREY_STEP


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("state", [s for s in STATE_COLOURS if s != "unknown"])
def test_every_eye_tells_a_state_from_the_land_it_lies_on(sight, state):
    seen = lab(over_land(STATE_COLOURS[state]), SIGHT[sight])
    # Less than between states: bare land of the regency is hatched, being unknown.
    assert np.linalg.norm(seen - lab(LAND, SIGHT[sight])) >= 14


# Drawings for paper have the states' colours written out.
SHEETS = Path(__file__).parents[2] / "templates" / "coverage" / "sheet"


def test_paper_has_the_same_colours():
    def hexadecimal(state):
        return "#" + bytes(STATE_COLOURS[state][:3]).hex()

    legend = (SHEETS / "sign.svg").read_text()
    for state in STATE_COLOURS:
        assert hexadecimal(state) in legend, state
    spots = (SHEETS / "spots.svg").read_text()
    assert hexadecimal("blank") in spots
    assert hexadecimal("likely_blank") in spots
