"""What a click on the map is answered, in words: the one place where it is worded."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coverage.core.officials import SUREST
from coverage.models import ANY_OPERATOR, BlankSpot, LayerOperator
from coverage.selectors.at_point import Evidence, LayerAt, PlaceAt
from coverage.templatetags.coverage_words import NO_BREAK, count, km2, percent
from coverage.web import words

# More villages than these are counted, not named.
MOST_NAMED = 3
PRESENT = ("covered", "weak")
MONTH_DAYS, YEAR_DAYS = 30.4, 365.25
# From here on people count in months, and then in years.
MONTHS_FROM_DAYS, YEARS_FROM_DAYS = 45, 730


@dataclass(frozen=True)
class Answer:
    """Sentences, and per operator one line for the chosen service."""

    text: str
    operators: list[dict[str, str]]


def answer_at(
    place: PlaceAt,
    operator: str,
    service: str,
    *,
    spot: BlankSpot | None,
    village_names: list[str],
    age_days: int | None,
) -> Answer:
    """Return the answer for one layer at *place*.

    *spot* is the blank spot that is asked about, *village_names* the villages it lies
    in, *age_days* the age of its newest report.
    """
    if spot is not None:
        sentences = [
            _what_it_is(spot, village_names),
            _on_what_it_rests(spot, age_days),
            _who_is_there(place, service),
        ]
    else:
        sentences = [_what_is_there(place, place.layer(operator, service))]
    return Answer(
        text=" ".join(sentences),
        operators=[
            {
                "operator": o,
                "name": words.operator_name(o),
                "state": place.layer(o, service).state,
                "text": _one_operator(place.layer(o, service)),
            }
            for o in LayerOperator.values
            if o != ANY_OPERATOR and place.layer(o, service).state != "outside"
        ],
    )


def _what_it_is(spot: BlankSpot, village_names: list[str]) -> str:
    names = {
        "state": words.STATE_NAMES[spot.state],
        "area": km2(spot.area_km2),
        "villages": _listed(village_names),
    }
    where = (
        _("%(state)s %(area)s in %(villages)s")
        if village_names
        else _("%(state)s %(area)s outside the villages' boundaries")
    )
    return f"{where % names}: {', '.join(_who_lives_in(spot))}."


def _listed(names: list[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= MOST_NAMED:
        return _("%(first)s and %(last)s") % {
            "first": ", ".join(names[:-1]),
            "last": names[-1],
        }
    rest = len(names) - MOST_NAMED
    return ngettext(
        "%(named)s and %(rest)s more village",
        "%(named)s and %(rest)s more villages",
        rest,
    ) % {"named": ", ".join(names[:MOST_NAMED]), "rest": count(rest)}


def _who_lives_in(spot: BlankSpot) -> list[str]:
    """Return what lies in the spot; what nobody has loaded is said to be missing."""
    parts = []
    is_empty = spot.people == 0 and not spot.settlement_count
    if n := spot.settlement_count:
        parts.append(
            ngettext("%(n)s settlement", "%(n)s settlements", n) % {"n": count(n)}
        )
    if is_empty:
        people = _("no settlement in it")
    elif spot.people is None:
        people = _("the number of people is not known yet")
    else:
        people = ngettext("about %(n)s person", "about %(n)s people", spot.people) % {
            "n": count(spot.people)
        }
    parts.append(people)
    if n := spot.school_count:
        parts.append(ngettext("%(n)s school", "%(n)s schools", n) % {"n": count(n)})
    if n := spot.health_centre_count:
        parts.append(
            ngettext("%(n)s puskesmas", "%(n)s puskesmas", n) % {"n": count(n)}
        )
    return parts


def _on_what_it_rests(spot: BlankSpot, age_days: int | None) -> str:
    confidence = words.confidence_word(spot.confidence)
    if spot.report_count == 0 or age_days is None:
        return _("No report inside; estimated from reports nearby, %(confidence)s.") % {
            "confidence": confidence
        }
    return ngettext(
        "Based on %(n)s report (newest %(age)s), %(confidence)s.",
        "Based on %(n)s reports (newest %(age)s), %(confidence)s.",
        spot.report_count,
    ) % {
        "n": count(spot.report_count),
        "age": age(age_days),
        "confidence": confidence,
    }


def _who_is_there(place: PlaceAt, service: str) -> str:
    """Name the operators with a signal; who was not measured is not called absent."""
    layers = [
        layer
        for layer in place.layers
        if layer.service == service and layer.operator != ANY_OPERATOR
    ]
    present = [words.operator_name(la.operator) for la in layers if la.state in PRESENT]
    unknown = [
        words.operator_name(la.operator) for la in layers if la.state == "unknown"
    ]
    if present:
        said = _("Operators there: %(names)s.") % {"names": ", ".join(present)}
    elif unknown:
        said = _("Operators there: none found so far.")
    else:
        said = _("Operators there: none.")
    if unknown:
        said += " " + _("Not measured: %(names)s.") % {"names": ", ".join(unknown)}
    return said


def _what_is_there(place: PlaceAt, layer: LayerAt) -> str:
    if layer.state == "outside":
        return _("This point lies outside the villages' boundaries.")
    named = {
        "state": words.STATE_NAMES[layer.state],
        "village": place.village.name if place.village else "",
    }
    where = (
        _("%(state)s in %(village)s") % named if place.village else str(named["state"])
    )
    nearest = _nearest(layer.evidence)
    if layer.state == "unknown" and layer.p_blank is None:
        where = (
            _("Not measured in %(village)s") % named
            if place.village
            else _("Not measured")
        )
        return f"{where}: {nearest}. " + _(
            "This does not mean that there is no signal."
        )
    if layer.state == "unknown":
        where = (
            _("Not settled in %(village)s") % named
            if place.village
            else _("Not settled")
        )
        return (
            f"{where}: {nearest}, "
            + _("but what is reported speaks neither for a signal nor against it.")
            + " "
            + _("This does not mean that there is no signal.")
        )
    return f"{where}: {_estimate(layer)}; {nearest}."


def _one_operator(layer: LayerAt) -> str:
    nearest = _nearest(layer.evidence)
    state = words.STATE_NAMES[layer.state]
    if layer.p_blank is None:
        return f"{state}; {nearest}"
    p = layer.p_blank if layer.state in ("blank", "likely_blank") else 1 - layer.p_blank
    said = (
        str(state)
        if layer.state == "unknown"
        else _("%(state)s (probability %(p)s)") % {"state": state, "p": _held(p)}
    )
    return f"{said}{_level(layer, ', %s')}; {nearest}"


def _held(p: float) -> str:
    """Say the probability: nothing is certain."""
    return percent(min(max(p, 1 - SUREST), SUREST))


def _level(layer: LayerAt, pattern: str) -> str:
    if layer.mean_dbm is None or layer.std_db is None:
        return ""
    level = f"{count(round(layer.mean_dbm))} ± {count(round(layer.std_db))} dBm"
    return pattern % level.replace("-", "−").replace(" ", NO_BREAK)


def _estimate(layer: LayerAt) -> str:
    """Say the number with its deviation and the probability of the state."""
    p_blank = layer.p_blank or 0.0
    sure = (
        _("signal with a probability of %(p)s") % {"p": _held(1 - p_blank)}
        if layer.state in (*PRESENT, "unknown")
        else _("no usable signal with a probability of %(p)s") % {"p": _held(p_blank)}
    )
    level = _level(layer, "%s")
    if not level:
        return sure
    return _("estimated %(level)s, %(sure)s") % {"level": level, "sure": sure}


def _nearest(evidence: Evidence) -> str:
    if evidence.distance_km is not None and evidence.age_days is not None:
        return _("nearest report %(km)s away (%(age)s)") % {
            "km": _km(evidence.distance_km),
            "age": age(evidence.age_days),
        }
    if evidence.farther_than_km:
        return _("nearest report more than %(km)s away") % {
            "km": _km(evidence.farther_than_km)
        }
    return _("no report at all")


def _km(distance_km: float) -> str:
    return f"{formats.number_format(distance_km, 1, use_l10n=True)}{NO_BREAK}km"


def age(days: int) -> str:
    """Say how long ago, in the unit in which people would."""
    if days == 0:
        return _("today")
    if days < MONTHS_FROM_DAYS:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    if days < YEARS_FROM_DAYS:
        months = round(days / MONTH_DAYS)
        return ngettext("%(n)s month ago", "%(n)s months ago", months) % {"n": months}
    years = round(days / YEAR_DAYS)
    return ngettext("%(n)s year ago", "%(n)s years ago", years) % {"n": years}
