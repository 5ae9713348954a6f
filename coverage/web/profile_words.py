"""The state of villages and districts in the words that officials use."""

from __future__ import annotations

from typing import Any

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from coverage.core.officials import Official, Podes
from coverage.selectors.tallies import OfficialTally
from villages.models import Village

OFFICIAL_NAMES: dict[Official, Promise] = {
    Official.FOUR_G: pgettext_lazy("officials' word", "4G"),
    Official.WEAK_4G: pgettext_lazy("officials' word", "weak 4G"),
    Official.LIKELY_VOICE_ONLY: pgettext_lazy(
        "officials' word", "probably calls only (2G)"
    ),
    Official.VOICE_ONLY: pgettext_lazy("officials' word", "calls only (2G)"),
    Official.LIKELY_NO_4G: pgettext_lazy(
        "officials' word", "probably no 4G (calls not measured)"
    ),
    Official.NO_4G: pgettext_lazy("officials' word", "no 4G (calls not measured)"),
    Official.LIKELY_NO_SIGNAL: pgettext_lazy("officials' word", "probably no signal"),
    Official.NO_SIGNAL: pgettext_lazy("officials' word", "no signal"),
    Official.UNKNOWN: pgettext_lazy("officials' word", "not measured yet"),
}

PODES_NAMES: dict[Podes, Promise] = {
    Podes.VERY_STRONG: pgettext_lazy("PODES", "very strong"),
    Podes.STRONG: pgettext_lazy("PODES", "strong"),
    Podes.WEAK: pgettext_lazy("PODES", "weak"),
    Podes.NONE: pgettext_lazy("PODES", "none"),
}


def official_meanings() -> list[tuple[Official, str, str]]:
    """Return each state with its name and what it means."""
    meanings = {
        Official.FOUR_G: _("The internet layer is covered there."),
        Official.WEAK_4G: _("4G is there, but near its limit: often lost indoors."),
        Official.LIKELY_VOICE_ONLY: _("4G is probably missing; calls work."),
        Official.VOICE_ONLY: _("4G is missing; calls work, over 2G as a rule."),
        Official.LIKELY_NO_4G: _(
            "4G is probably missing; nobody has measured calls near enough."
        ),
        Official.NO_4G: _("4G is missing; nobody has measured calls near enough."),
        Official.LIKELY_NO_SIGNAL: _(
            "Neither 4G nor calls, and at least one of the two is not sure yet."
        ),
        Official.NO_SIGNAL: _("Neither 4G nor calls."),
        Official.UNKNOWN: _(
            "Nobody has measured near enough. It does not mean no signal."
        ),
    }
    return [(s, str(OFFICIAL_NAMES[s]), meanings[s]) for s in Official]


def state_word(found: OfficialTally) -> str:
    """Return the one word for all places, or that they differ."""
    if found.single is not None:
        return str(OFFICIAL_NAMES[found.single])
    return pgettext("officials' word", "mixed")


def distribution(found: OfficialTally) -> str:
    """Return "4G: 5 · no signal: 2", best first; no line begins with the mark."""
    parts = [f"{OFFICIAL_NAMES[state]}: {_count(n)}" for state, n in found.present]
    return "\u00a0· ".join(parts)


def kind_and_name(village: Village) -> str:
    kind = village.get_kind_display()
    return f"{kind[:1].upper()}{kind[1:]} {village.name}"


def village_sentence(name: str, found: OfficialTally, *, is_stand_in: bool) -> str:
    """Return the sentence that opens a village's page.

    Parameters
    ----------
    found : of any operator, over the settlements or over the village's point alone
    """
    if is_stand_in:
        if found.single == Official.UNKNOWN:
            return _(
                "%(name)s: the signal at the village's point is not measured yet."
            ) % {"name": name}
        return _("%(name)s, at the village's point: %(state)s.") % {
            "name": name,
            "state": state_word(found),
        }
    if found.single is not None:
        return _alike(found.single, found.total) % {
            "name": name,
            "total": _count(found.total),
            "state": OFFICIAL_NAMES[found.single],
        }
    return _("%(name)s: %(parts)s.") % {"name": name, "parts": _parts(found)}


def _alike(state: Official, total: int) -> str:
    # Indonesian has no plural, but says "one" and "all" differently too.
    if state == Official.UNKNOWN:
        return (
            _("%(name)s: its one settlement is not measured yet.")
            if total == 1
            else _("%(name)s: none of its %(total)s settlements is measured yet.")
        )
    return (
        _("%(name)s: its one settlement has %(state)s.")
        if total == 1
        else _("%(name)s: all %(total)s settlements have %(state)s.")
    )


def district_sentence(name: str, found: OfficialTally, *, stand_ins: int) -> str:
    """Return the sentence that opens a district's page.

    Parameters
    ----------
    stand_ins : how many of the places are points of villages without settlements
    """
    if stand_ins == found.total:
        parts = _("%(parts)s, each at its village's point") % {
            "parts": _parts(found, of_villages=True)
        }
    else:
        parts = _parts(found)
    return _("District of %(name)s: %(parts)s.") % {"name": name, "parts": parts}


def _parts(found: OfficialTally, *, of_villages: bool = False) -> str:
    (first, number), *others = found.present
    text = (
        ngettext(
            "%(n)s of %(total)s village %(state)s",
            "%(n)s of %(total)s villages %(state)s",
            found.total,
        )
        if of_villages
        else ngettext(
            "%(n)s of %(total)s settlement %(state)s",
            "%(n)s of %(total)s settlements %(state)s",
            found.total,
        )
    )
    begin = text % {
        "n": _count(number),
        "total": _count(found.total),
        "state": OFFICIAL_NAMES[first],
    }
    return ", ".join(
        [begin, *(f"{_count(n)} {OFFICIAL_NAMES[state]}" for state, n in others)]
    )


def _count(number: int) -> str:
    return formats.number_format(number, 0, use_l10n=True, force_grouping=True)


def profile_texts() -> dict[str, Any]:
    """Return what the map's village panel says of this."""
    return {
        "state": _("State, any operator"),
        "operators": _("State per operator"),
        "statements": _("Official statements, newest first"),
        "statements_note": _("Stated, not measured."),
        "statements_more": _("{count} more on the village page"),
        "names": {state.value: str(name) for state, name in OFFICIAL_NAMES.items()},
        "mixed": pgettext("officials' word", "mixed"),
    }
