"""What was stated about a village beside what was measured, as what each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from coverage.core.officials import CALLS_UNKNOWN, WITHOUT_4G, WITHOUT_SIGNAL, Official
from coverage.models import ANY_OPERATOR
from coverage.selectors.tallies import OfficialTally
from villages.models import Claim


class Says(StrEnum):
    """What a statement says of the mobile signal itself."""

    SIGNAL = "signal"
    WEAK = "weak"
    NONE = "none"
    # Plans, and internet that is not mobile: nothing that could be compared.
    NOTHING = ""


class Verdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    # Nothing measured contradicts it, but not all places are measured.
    OPEN = "open"
    NOT_MEASURED = "not_measured"
    NOT_COMPARED = ""


_OF_SHEETS = {
    Claim.Stated.NO_SERVICE: Says.NONE,
    Claim.Stated.EMERGENCY_ONLY: Says.NONE,
    Claim.Stated.BLANK_SPOT: Says.NONE,
    Claim.Stated.VOICE_ONLY: Says.WEAK,
    Claim.Stated.WEAK: Says.WEAK,
    Claim.Stated.SLOW_INTERNET: Says.SIGNAL,
    Claim.Stated.GOOD_INTERNET: Says.SIGNAL,
    Claim.Stated.STRONG: Says.SIGNAL,
}
# How the official record begins what it says of a mobile signal. Radio links,
# Starlink, plans and whether one operator's BTS works say nothing of it.
_OF_RECORD = (
    ("bebas blank", Says.SIGNAL),
    ("sudah bersinyal", Says.SIGNAL),
    ("belum tersambung", Says.NONE),
    ("blankspot", Says.NONE),
    ("blank spot", Says.NONE),
    ("lemah sinyal", Says.WEAK),
)


def says(claim: Claim) -> Says:
    """Return what a statement says of the mobile signal of the whole village."""
    if claim.settlement:
        return Says.NOTHING
    if claim.stated:
        return _OF_SHEETS[Claim.Stated(claim.stated)]
    status = claim.status.strip().lower()
    for beginning, meaning in _OF_RECORD:
        if status.startswith(beginning):
            return meaning
    return Says.NONE if claim.kind == Claim.Kind.LISTED_BLANK else Says.NOTHING


def verdict(
    stated: Says, measured: OfficialTally, *, is_stand_in: bool = False
) -> Verdict:
    """Return how a statement and the measurement of its operator stand to each other.

    "Blank spot" is used for no signal and for no 4G; either agrees with it. Where one
    point stands in for the village, it cannot show that all of it has a signal.
    """
    if stated == Says.NOTHING:
        return Verdict.NOT_COMPARED
    if measured.single == Official.UNKNOWN:
        return Verdict.NOT_MEASURED
    unknown = measured.counts[Official.UNKNOWN]
    without = measured.of(WITHOUT_4G)
    if stated == Says.SIGNAL:
        # One settlement without is enough to differ; to agree, all have to be known.
        if without:
            return Verdict.DIFFERS
        return Verdict.OPEN if unknown or is_stand_in else Verdict.AGREES
    if stated == Says.NONE:
        agrees = without > 0
    else:
        # Neither 4G everywhere nor nothing anywhere, whatever calls turn out to do.
        known = measured.total - unknown
        nothing = measured.of((*WITHOUT_SIGNAL, *CALLS_UNKNOWN))
        agrees = known not in (measured.counts[Official.FOUR_G], nothing)
        unknown += measured.of(CALLS_UNKNOWN)
    if agrees:
        return Verdict.AGREES
    return Verdict.OPEN if unknown else Verdict.DIFFERS


@dataclass(frozen=True)
class RegencyStatement:
    """What was stated about the whole regency, by month where no day is known."""

    month: date
    status: str
    event: str
    source: str


# docs/blank-spot-definition.md, "In officials' words", names the sources.
REGENCY_STATEMENTS = (
    RegencyStatement(
        month=date(2023, 10, 1),
        status="Kukar dinyatakan bebas blankspot",
        event="Kepala Diskominfo, Oktober–November 2023",
        source="metroikn.co; suarafajar.com",
    ),
)


@dataclass(frozen=True)
class Entry:
    """One line of the timeline: a claim about the village, or about the regency."""

    when: date
    claim: Claim | None
    regency: RegencyStatement | None
    verdict: Verdict
    measured: OfficialTally


def timeline(
    claims: Sequence[Claim],
    measured: dict[str, OfficialTally],
    *,
    is_stand_in: bool = False,
) -> list[Entry]:
    """Return all statements, newest first, each beside the measurement of now.

    What put a village on the official list is kept as a statement as well: told once.

    Parameters
    ----------
    measured : of each operator
    """
    of_all = measured[ANY_OPERATOR]
    listed = {
        (claim.stated_date, claim.event)
        for claim in claims
        if claim.kind == Claim.Kind.LISTED_BLANK
    }
    entries = [
        Entry(
            when=claim.stated_date,
            claim=claim,
            regency=None,
            verdict=verdict(
                says(claim),
                measured.get(claim.operator, of_all),
                is_stand_in=is_stand_in,
            ),
            measured=measured.get(claim.operator, of_all),
        )
        for claim in claims
        if claim.kind != Claim.Kind.STATEMENT
        or (claim.stated_date, claim.event) not in listed
    ]
    entries += [
        Entry(
            when=statement.month,
            claim=None,
            regency=statement,
            verdict=verdict(Says.SIGNAL, of_all, is_stand_in=is_stand_in),
            measured=of_all,
        )
        for statement in REGENCY_STATEMENTS
    ]
    return sorted(entries, key=lambda entry: entry.when, reverse=True)
