"""Why a stop is worth the way, in the words of the people who go there."""

from __future__ import annotations

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coverage.models import PlaceState
from coverage.selectors.measuring import Stop
from coverage.selectors.place_states import Place
from coverage.templatetags.coverage_words import count, km2, percent
from coverage.web.words import confidence_word
from villages.models import Facility, Operator, Settlement

# Short enough for a list; the page's filter names them in full.
OPERATOR_NAMES: dict[str, str] = {
    Operator.TELKOMSEL.value: "Telkomsel",
    Operator.INDOSAT.value: "Indosat",
    Operator.XLSMART.value: "XLSmart",
}
_FACILITY_NAMES: dict[str, Promise] = {
    Facility.Kind.SCHOOL.value: gettext_lazy("school"),
    Facility.Kind.HEALTH_CENTRE.value: gettext_lazy("puskesmas"),
    Facility.Kind.VILLAGE_OFFICE.value: gettext_lazy("village office"),
    Facility.Kind.WORSHIP.value: gettext_lazy("place of worship"),
    Facility.Kind.OTHER.value: gettext_lazy("other place"),
}


def operators_text(operators: list[str]) -> str:
    return ", ".join(OPERATOR_NAMES[operator] for operator in operators)


def place_name(place: Place) -> str:
    values = {"name": place.name, "village": place.village_name}
    if place.kind == "edge":
        return _("Edge of a blank spot near %(village)s") % {"village": place.name}
    if place.kind == "river":
        return _("River %(name)s near %(village)s") % values
    if place.kind == "road":
        return _("Road %(name)s near %(village)s") % values
    if place.kind == "village":
        return _("%(village)s (the village's point)") % {"village": place.name}
    if place.kind == "settlement":
        kind = str(Settlement.Kind(place.sub_kind).label)
        if place.name.lower().startswith(kind.lower()):
            return place.name
        return f"{kind} {place.name}".strip()
    return place.name


def place_and_village(stop: Stop) -> str:
    """Return a name that is understood without the list beside it."""
    name = place_name(stop.leader)
    if stop.leader.kind in ("settlement", "facility"):
        return f"{name}, {stop.leader.village_name}"
    return name


def people_text(people: int | None) -> str:
    if people is None:
        return _("number of people: not loaded")
    return ngettext("±%(n)s person", "±%(n)s people", people) % {"n": count(people)}


def reasons(stop: Stop) -> list[str]:
    """Return why to measure at *stop*: what is not known, for whom, beside what."""
    return [_state(stop), *_who(stop), *_beside(stop)]


def _state(stop: Stop) -> str:
    place = stop.leader
    if place.kind == "edge":
        word = confidence_word(place.p_blank or 0.0)
        return _("The blank spot is in doubt (%(confidence)s, %(percent)s)") % {
            "confidence": word,
            "percent": percent(place.p_blank or 0.0),
        }
    if place.state == PlaceState.UNKNOWN:
        return _("Not measured yet: %(operators)s") % {
            "operators": operators_text(stop.operators)
        }
    values = {
        "operators": operators_text(stop.operators),
        "percent": percent(place.p_blank or 0.0),
        "confidence": confidence_word(place.p_blank or 0.0),
    }
    if place.state == PlaceState.LIKELY_BLANK:
        return (
            _("Probably blank, not settled yet (%(percent)s sure): %(operators)s")
            % values
        )
    if place.state == PlaceState.BLANK:
        return _("Blank spot, %(confidence)s (%(percent)s): %(operators)s") % values
    return _("Not sure yet (%(percent)s likely blank): %(operators)s") % values


def _who(stop: Stop) -> list[str]:
    parts = []
    if stop.homes:
        parts.append(people_text(stop.people))
        if len(stop.homes) > 1:
            parts.append(_("%(n)s settlements") % {"n": count(len(stop.homes))})
    facilities = stop.facilities
    if facilities:
        first = facilities[0]
        name = str(_FACILITY_NAMES[first.sub_kind])
        text = f"{name} {first.name}"
        if first.pupils is not None:
            text += " " + _("(%(n)s pupils)") % {"n": count(first.pupils)}
        if len(facilities) > 1:
            text += " " + _("and %(n)s more") % {"n": count(len(facilities) - 1)}
        parts.append(text)
    return parts


def _beside(stop: Stop) -> list[str]:
    if not stop.spots:
        return []
    area = {"area": km2(stop.spots[0].area_km2)}
    if stop.leader.state in (PlaceState.BLANK, PlaceState.LIKELY_BLANK):
        text = _("in or beside a blank spot of %(area)s") % area
    else:
        text = _("beside a blank spot of %(area)s") % area
    if len(stop.spots) > 1:
        text += " " + _("and %(n)s more") % {"n": count(len(stop.spots) - 1)}
    return [text]


def reason_text(stop: Stop) -> str:
    return "; ".join(reasons(stop))


def value_text(value: float) -> str:
    """Show a value: whole where it is large, with two digits where it is not."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    return formats.number_format(
        round(value, decimals), decimals, use_l10n=True, force_grouping=True
    )


def kilometres(length_m: float) -> str:
    decimals = 0 if length_m >= 100_000 else 1
    number = formats.number_format(
        round(length_m / 1000, decimals), decimals, use_l10n=True, force_grouping=True
    )
    return f"{number}\N{NO-BREAK SPACE}km"
