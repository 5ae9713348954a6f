"""The words of officials: the whole table of two services."""

import itertools

import pytest

from coverage.core.officials import (
    WITHOUT_4G,
    WITHOUT_SIGNAL,
    Official,
    official_confidence,
    official_state,
    podes_reading,
)

U = "unknown"
# Rows: internet; columns: calls covered, weak, likely blank, blank, unknown, no layer.
TABLE = {
    "covered": ["four_g"] * 6,
    "weak": ["weak_4g"] * 6,
    "likely_blank": ["likely_voice_only"] * 2
    + ["likely_no_signal"] * 2
    + ["likely_no_4g"] * 2,
    "blank": ["voice_only"] * 2 + ["likely_no_signal", "no_signal"] + ["no_4g"] * 2,
    "unknown": [U] * 6,
    None: [U] * 6,
}
VOICE = ["covered", "weak", "likely_blank", "blank", "unknown", None]


@pytest.mark.parametrize(
    ("internet", "voice", "state"),
    [
        (internet, voice, state)
        for internet, row in TABLE.items()
        for voice, state in zip(VOICE, row, strict=True)
    ],
)
def test_the_table_of_both_services(internet, voice, state):
    assert official_state(internet, voice) == state


def test_without_4g_nothing_is_said_of_calls_that_nobody_measured():
    state = official_state("blank", "unknown")
    assert state in WITHOUT_4G
    assert state not in WITHOUT_SIGNAL


@pytest.mark.parametrize(
    ("state", "internet_p", "voice_p", "confidence"),
    [
        ("four_g", 0.1, None, 0.9),
        ("weak_4g", 0.2, 0.9, 0.8),
        ("voice_only", 0.7, 0.1, 0.7),
        ("voice_only", 0.95, 0.2, 0.8),
        ("no_signal", 0.9, 0.6, 0.6),
        ("likely_no_signal", 0.4, 0.8, 0.4),
        ("four_g", 0.0, 0.0, 0.998),
        ("unknown", 0.9, 0.9, None),
        ("no_signal", 0.9, None, None),
        ("no_4g", 0.9, None, 0.9),
        ("likely_no_4g", 0.6, 0.3, 0.6),
        ("no_4g", 1.0, None, 0.998),
    ],
)
def test_the_less_sure_service_decides_how_sure(state, internet_p, voice_p, confidence):
    found = official_confidence(Official(state), internet_p, voice_p)
    assert found == (confidence if confidence is None else pytest.approx(confidence))


def test_a_category_of_podes_comes_with_its_doubt():
    of_mean = podes_reading(-96.0, 6.0)
    assert of_mean.category == "weak"
    assert (of_mean.low, of_mean.high) == ("weak", "strong")
    # Φ(1/6) − Φ(−15/6), by a table of the normal distribution.
    assert of_mean.confidence == pytest.approx(0.5662 - 0.0062, abs=5e-4)


@pytest.mark.parametrize("mean", [-60.0, -90.0, -100.0, -120.0])
def test_an_estimate_without_doubt_is_as_sure_as_anything_is(mean):
    assert podes_reading(mean, 0.0).confidence == 0.998


def test_every_state_has_one_place_in_the_order_best_first():
    order = list(Official)
    assert order[0] == "four_g"
    assert order[-1] == "unknown"
    assert len(set(order)) == len(order)
    assert all(
        official_state(i, v) in order for i, v in itertools.product(TABLE, VOICE)
    )
