"""Statements beside measurements: what each says, and how they stand to each other."""

from datetime import date

import pytest

from coverage.core.officials import Official
from coverage.selectors.tallies import OfficialTally
from coverage.web.statements import Says, says, timeline, verdict
from villages.models import Claim


def measured(**counts):
    return OfficialTally(
        counts={state: counts.get(state.value, 0) for state in Official},
        confidence=0.9,
    )


@pytest.mark.parametrize(
    ("status", "kind", "meaning"),
    [
        # As the official record of Kutai Kartanegara words them.
        ("blankspot, menunggu BTS program Kominfo", "listed_blank", Says.NONE),
        ("sudah bersinyal sejak 2021-Jan 2022", "statement", Says.SIGNAL),
        (
            "belum tersambung; internet radio link di kantor desa",
            "statement",
            Says.NONE,
        ),
        ("lemah sinyal", "statement", Says.WEAK),
        # Not mobile, of one site, or only planned.
        ("BTS berfungsi baik", "statement", Says.NOTHING),
        ("BTS tidak berfungsi", "statement", Says.NOTHING),
        ("terlayani internet radio link/Starlink", "statement", Says.NOTHING),
        ("rencana internet 50-100 Mbps di kantor desa/puskesmas", "statement", ""),
        ("akan dibangun tower penguat sinyal", "statement", Says.NOTHING),
        ("layanan kategori rumah tangga dihentikan penyedia", "statement", ""),
    ],
)
def test_the_official_record_is_read_for_what_it_says_of_the_signal(
    status, kind, meaning
):
    assert says(Claim(status=status, kind=kind)) == meaning


@pytest.mark.parametrize("stated", Claim.Stated)
def test_every_word_of_a_sheet_says_something(stated):
    assert says(Claim(stated=stated, kind="village_statement")) != Says.NOTHING


def test_what_is_said_of_one_settlement_is_not_compared_with_the_village():
    claim = Claim(stated="strong", kind="village_statement", settlement="RT 3")
    assert says(claim) == Says.NOTHING


@pytest.mark.parametrize(
    ("counts", "signal", "weak", "none"),
    [
        ({"four_g": 3}, "agrees", "differs", "differs"),
        ({"weak_4g": 3}, "agrees", "agrees", "differs"),
        ({"voice_only": 2}, "differs", "agrees", "agrees"),
        ({"no_signal": 2}, "differs", "differs", "agrees"),
        ({"four_g": 2, "likely_no_signal": 1}, "differs", "agrees", "agrees"),
        ({"four_g": 2, "unknown": 1}, "open", "open", "open"),
        ({"no_signal": 1, "unknown": 5}, "differs", "open", "agrees"),
        ({"no_4g": 2}, "differs", "open", "agrees"),
        ({"no_4g": 1, "no_signal": 1}, "differs", "open", "agrees"),
        ({"no_4g": 1, "voice_only": 1}, "differs", "agrees", "agrees"),
        ({"likely_no_4g": 1, "four_g": 1}, "differs", "agrees", "agrees"),
        ({"unknown": 4}, "not_measured", "not_measured", "not_measured"),
    ],
)
def test_how_a_statement_and_a_measurement_stand(counts, signal, weak, none):
    found = measured(**counts)
    assert verdict(Says.SIGNAL, found) == signal
    assert verdict(Says.WEAK, found) == weak
    assert verdict(Says.NONE, found) == none
    assert verdict(Says.NOTHING, found) == ""


def test_a_statement_about_one_operator_is_compared_with_that_operator():
    claim = Claim(
        stated="good_internet",
        kind="village_statement",
        operator="INDOSAT",
        stated_date=date(2026, 1, 1),
    )
    found = {"ANY": measured(four_g=1), "INDOSAT": measured(no_signal=1)}
    first, regency = timeline([claim], found)
    assert first.claim is claim
    assert first.verdict == "differs"
    assert regency.verdict == "agrees"


def test_one_point_does_not_show_that_a_village_has_signal_everywhere():
    point = measured(four_g=1)
    assert verdict(Says.SIGNAL, point, is_stand_in=True) == "open"
    assert verdict(Says.NONE, point, is_stand_in=True) == "differs"
    blank = measured(no_signal=1)
    assert verdict(Says.SIGNAL, blank, is_stand_in=True) == "differs"


def test_what_stands_on_the_list_and_in_the_record_is_told_once():
    told = {"stated_date": date(2022, 3, 8), "event": "daftar", "status": "blankspot"}
    claims = [Claim(kind="listed_blank", **told), Claim(kind="statement", **told)]
    entries = timeline(claims, {"ANY": measured(four_g=1)})
    assert [entry.claim and entry.claim.kind for entry in entries] == [
        None,
        "listed_blank",
    ]
