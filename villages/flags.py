"""What can be odd about a report: each flag's name, its reason, its limit, its effect.

The database sets them when a report arrives (services/plausibility.py); nothing is
dropped for one. docs/review.md has the table with the sources of the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# A fix worse than this may lie in another square's neighbourhood.
POOR_ACCURACY_M = 100.0
# Phone clocks drift by minutes; more than this is a wrong clock.
CLOCK_TOLERANCE = timedelta(minutes=10)
OLD_AGE = timedelta(days=730)
# One metre, and the fifth decimal by which the API tells the villages' points.
CENTROID_DEG = 1e-5
# Logs and spreadsheets round times to the minute: a report may be this much off.
TIME_ROUNDING = timedelta(seconds=60)
# Whose accuracy is not told is taken for this; the worst that is not flagged.
UNTOLD_ACCURACY_M = POOR_ACCURACY_M
# At 250 km/h one is across the regency in less: an earlier report says nothing.
SPEED_WINDOW = timedelta(hours=3)
# A place is a square of 0.005°, about 550 m, so that a phone that lies still is in one
# place, or in four where it lies on a corner. Two readings together are equal at two
# neighbouring places about once in ten times by chance, RSRP alone as a person rounds
# it (to 5 dB) once in seven: so many in a row happen once in ten thousand and once in
# eight hundred thousand.
PLACE_DEG = 0.005
REPEATS_OF_SEVERAL = 5
REPEATS_OF_RSRP = 8
REPEATS_WINDOW = timedelta(days=7)
# 20 dB above the threshold of internet: two and a half times the deviation of
# shadowing, so that no shadow makes "no signal" of it.
GOOD_RSRP_DBM = -90.0
# Others' visits that must all say the opposite, none farther away in time than this.
LEAST_NEIGHBOURS = 3
# So many of their reports are looked at; more would say no more.
MOST_NEIGHBOURS = 1000
NEIGHBOUR_AGE = timedelta(days=365)

HOLD: Literal["hold"] = "hold"


class Flag(models.TextChoices):
    OUTSIDE_REGENCY = "outside_regency", gettext_lazy("outside Kutai Kartanegara")
    POOR_ACCURACY = "poor_accuracy", gettext_lazy("inaccurate position")
    NULL_ISLAND = "null_island", gettext_lazy("position zero (0, 0)")
    VILLAGE_CENTROID = (
        "village_centroid",
        gettext_lazy("exactly at a village's centre"),
    )
    IMPOSSIBLE_SPEED = "impossible_speed", gettext_lazy("moved too fast")
    REPEATED_READING = (
        "repeated_reading",
        gettext_lazy("same reading at many places"),
    )
    CONTRADICTS_NEIGHBOURS = (
        "contradicts_neighbours",
        gettext_lazy("contradicts the reports around"),
    )
    FUTURE = "future", gettext_lazy("time in the future")
    # Only of reports that were stored before times were bounded (migration 0016).
    IMPOSSIBLE_TIME = "impossible_time", gettext_lazy("time that cannot be")
    OLD = "old", gettext_lazy("over two years old")
    WRONG_CLOCK = "wrong_clock", gettext_lazy("the phone's clock is wrong")


def reason_of(flag: Flag) -> str:
    """Return why a report has *flag*, in a sentence for a verifier."""
    reasons = {
        Flag.OUTSIDE_REGENCY: _("The place lies in no village of the regency."),
        Flag.POOR_ACCURACY: _(
            "The position is accurate to worse than %(metres)d m. The worse it is, the "
            "less the map counts it: half at 200 m."
        )
        % {"metres": POOR_ACCURACY_M},
        Flag.NULL_ISLAND: _(
            "Longitude and latitude are zero: the phone had no position."
        ),
        Flag.VILLAGE_CENTROID: _(
            "The place is exactly a village's point from the list, so it was taken "
            "from there and not measured."
        ),
        Flag.IMPOSSIBLE_SPEED: _(
            "To be here after the report before, or before the one after it, the phone "
            "would have had to move faster than %(speed)d km/h: place or time is wrong."
        )
        % {"speed": settings.KUKAR_MOST_SPEED_KMH},
        Flag.REPEATED_READING: _(
            "The same phone or file tells exactly the same reading at %(several)d "
            "places in a row (RSRP alone: at %(alone)d): it may be stuck or copied."
        )
        % {"several": REPEATS_OF_SEVERAL, "alone": REPEATS_OF_RSRP},
        Flag.CONTRADICTS_NEIGHBOURS: _(
            "All reports by others within %(metres)d m and a year of it, from at least "
            "%(count)d visits, found the opposite of this operator."
        )
        % {"metres": settings.KUKAR_NEIGHBOUR_RANGE_M, "count": LEAST_NEIGHBOURS},
        Flag.FUTURE: _("It was observed after it arrived here."),
        Flag.IMPOSSIBLE_TIME: _(
            "Nobody can have observed it then, and nobody knows when it was: it can be "
            "rejected or asked about, but it cannot count."
        ),
        Flag.OLD: _(
            "It was observed more than two years before it arrived. The older it is, "
            "the less the map counts it: half after two years."
        ),
        Flag.WRONG_CLOCK: _(
            "The phone's clock was more than %(minutes)d minutes off when it sent."
        )
        % {"minutes": CLOCK_TOLERANCE.total_seconds() / 60},
    }
    return reasons[flag]


@dataclass(frozen=True)
class Effect:
    """What a flag does until somebody has accepted or rejected the report."""

    flag: Flag
    is_held: bool
    weight: float

    @property
    def name(self) -> str:
        return str(self.flag.label)

    @property
    def reason(self) -> str:
        return reason_of(self.flag)

    @property
    def text(self) -> str:
        if self.is_held:
            return _("held back until accepted")
        if self.weight == 1:
            return _("counts in full")
        return _("counts %(percent)g%%") % {"percent": round(100 * self.weight, 1)}


def flag_effects() -> list[Effect]:
    """Return the table of the settings: the effect of every flag, in order."""
    return [
        Effect(flag, is_held=True, weight=1.0)
        if (effect := settings.KUKAR_FLAG_EFFECTS[flag.value]) == HOLD
        else Effect(flag, is_held=False, weight=float(effect))
        for flag in Flag
    ]


def check_settings(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse to start with flags or limits that mean nothing."""
    problems: list[CheckMessage] = []

    def refuse(message: str) -> None:
        problems.append(Error(message, id="villages.E001"))

    effects = settings.KUKAR_FLAG_EFFECTS
    known = {flag.value for flag in Flag}
    for name in sorted(set(effects) - known):
        refuse(f"KUKAR_FLAG_EFFECTS: there is no flag {name!r}.")
    for name in sorted(known - set(effects)):
        refuse(f"KUKAR_FLAG_EFFECTS: {name!r} is missing.")
    if effects.get(Flag.IMPOSSIBLE_TIME.value, HOLD) != HOLD:
        refuse(
            f'KUKAR_FLAG_EFFECTS: {Flag.IMPOSSIBLE_TIME.value!r} can only be "{HOLD}": '
            "the age of such a report is not known."
        )
    for name in sorted(known & set(effects)):
        effect = effects[name]
        is_weight = (
            isinstance(effect, int | float)
            and not isinstance(effect, bool)
            and 0 < effect <= 1
        )
        if effect != HOLD and not is_weight:
            refuse(
                f"KUKAR_FLAG_EFFECTS: {name!r} is {effect!r}; give "
                f'"{HOLD}" or a weight above 0 and up to 1.'
            )
    for setting, most in (
        ("KUKAR_MOST_SPEED_KMH", 2_000.0),
        ("KUKAR_NEIGHBOUR_RANGE_M", 10_000.0),
    ):
        if not 0 < getattr(settings, setting) <= most:
            refuse(f"{setting} is a number above 0 and up to {most:g}.")
    return problems
