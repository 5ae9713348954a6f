"""The state of a place in the words that officials use, from both services.

Documented with its sources in docs/blank-spot-definition.md, "In officials' words".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Official(StrEnum):
    """What an official calls the signal of one operator at one place, best first."""

    FOUR_G = "four_g"
    WEAK_4G = "weak_4g"
    LIKELY_VOICE_ONLY = "likely_voice_only"
    VOICE_ONLY = "voice_only"
    # Nobody measured calls there.
    LIKELY_NO_4G = "likely_no_4g"
    NO_4G = "no_4g"
    LIKELY_NO_SIGNAL = "likely_no_signal"
    NO_SIGNAL = "no_signal"
    UNKNOWN = "unknown"


WITHOUT_4G = (
    Official.LIKELY_VOICE_ONLY,
    Official.VOICE_ONLY,
    Official.LIKELY_NO_4G,
    Official.NO_4G,
    Official.LIKELY_NO_SIGNAL,
    Official.NO_SIGNAL,
)
CALLS_UNKNOWN = (Official.LIKELY_NO_4G, Official.NO_4G)
WITHOUT_SIGNAL = (Official.LIKELY_NO_SIGNAL, Official.NO_SIGNAL)
WITH_4G = (Official.FOUR_G, Official.WEAK_4G)

# Probabilities are stored in steps of 1/250: nothing is known better than to half one.
SUREST = 1.0 - 0.5 / 250

_USABLE = ("covered", "weak")
_BLANK = ("blank", "likely_blank")


def official_state(internet: str | None, voice: str | None) -> Official:
    """Return the state of a place from those of its two services.

    Nothing is guessed: where 4G is missing and nobody measured calls, that is said.

    Parameters
    ----------
    internet, voice : state of the layer there, None where the layer does not exist

    Examples
    --------
    >>> official_state("covered", "unknown").value
    'four_g'
    >>> official_state("likely_blank", "weak").value
    'likely_voice_only'
    >>> official_state("blank", None).value
    'no_4g'
    """
    if internet == "covered":
        return Official.FOUR_G
    if internet == "weak":
        return Official.WEAK_4G
    if internet not in _BLANK:
        return Official.UNKNOWN
    is_sure = internet == "blank"
    if voice in _USABLE:
        return Official.VOICE_ONLY if is_sure else Official.LIKELY_VOICE_ONLY
    if voice in _BLANK:
        is_sure = is_sure and voice == "blank"
        return Official.NO_SIGNAL if is_sure else Official.LIKELY_NO_SIGNAL
    return Official.NO_4G if is_sure else Official.LIKELY_NO_4G


def official_confidence(
    state: Official, internet_p: float | None, voice_p: float | None
) -> float | None:
    """Return the probability that the state's words hold, None where unknown.

    Of two services the less sure one counts: they are not independent and never
    multiplied.

    Parameters
    ----------
    internet_p, voice_p : probability that a phone there finds less than usable signal

    Examples
    --------
    >>> official_confidence(Official.FOUR_G, 0.25, None)
    0.75
    >>> official_confidence(Official.VOICE_ONLY, 0.75, 0.125)
    0.75
    >>> official_confidence(Official.UNKNOWN, 0.75, None) is None
    True
    """
    if state == Official.UNKNOWN or internet_p is None:
        return None
    if state in WITH_4G:
        return min(1.0 - internet_p, SUREST)
    if state in CALLS_UNKNOWN:
        return min(internet_p, SUREST)
    if voice_p is None:
        return None
    voice = voice_p if state in WITHOUT_SIGNAL else 1.0 - voice_p
    return min(internet_p, voice, SUREST)


class Podes(StrEnum):
    """Categories of the village census (PODES), strongest first."""

    VERY_STRONG = "very_strong"
    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


# RTR's steps for LTE RSRP (rtr-nettest, ClassificationUtils) under PODES' names: a
# proposal, since no agency says in dBm where its categories begin.
PODES_FROM_DBM = (
    (Podes.VERY_STRONG, -85.0),
    (Podes.STRONG, -95.0),
    (Podes.WEAK, -111.0),
    (Podes.NONE, -math.inf),
)


@dataclass(frozen=True)
class PodesReading:
    """A category with its doubt: those a deviation away, and how probable it is."""

    category: Podes
    low: Podes
    high: Podes
    confidence: float


def podes_category(rsrp_dbm: float) -> Podes:
    """Return the category of a received power.

    Examples
    --------
    >>> [podes_category(v).value for v in (-85.0, -85.1, -95.0, -111.0, -111.1)]
    ['very_strong', 'strong', 'strong', 'weak', 'none']
    """
    return next(name for name, least in PODES_FROM_DBM if rsrp_dbm >= least)


def podes_reading(mean_dbm: float, std_db: float) -> PodesReading:
    """Return the category of an estimate with its doubt.

    Examples
    --------
    >>> reading = podes_reading(-90.0, 5.0)
    >>> reading.category.value, round(reading.confidence, 3)
    ('strong', 0.683)
    >>> podes_reading(-96.0, 3.0).high.value
    'strong'
    """
    category = podes_category(mean_dbm)
    steps = [least for _, least in PODES_FROM_DBM]
    place = [name for name, _ in PODES_FROM_DBM].index(category)
    above = steps[place - 1] if place else math.inf
    return PodesReading(
        category=category,
        low=podes_category(mean_dbm - std_db),
        high=podes_category(mean_dbm + std_db),
        confidence=min(
            _below(above, mean_dbm, std_db) - _below(steps[place], mean_dbm, std_db),
            SUREST,
        ),
    )


def _below(limit: float, mean: float, std: float) -> float:
    """Return the normal probability of less than *limit*."""
    if std <= 0:
        return float(mean < limit)
    return 0.5 * (1.0 + math.erf((limit - mean) / (std * math.sqrt(2.0))))
