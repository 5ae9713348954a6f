"""How a ranking is asked for in an address, and how its parts are worded."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coverage.models.actions import DEFAULT_WEIGHT, HEAVIEST
from coverage.selectors.priorities import HOURS_OF_DAY, PARTS, Weights
from kukar_connect import params

PART_NAMES: dict[str, Promise] = {
    "people": gettext_lazy("People"),
    "pupils": gettext_lazy("Pupils"),
    "patients": gettext_lazy("Patients a year"),
    "services": gettext_lazy("Public services"),
    "distance": gettext_lazy("Distance to a signal"),
    "listed": gettext_lazy("Years on the official list"),
    "power": gettext_lazy("Electricity"),
}
PART_HELP: dict[str, Promise] = {
    "people": gettext_lazy("who live in it"),
    "pupils": gettext_lazy("of the schools in it"),
    "patients": gettext_lazy("of the puskesmas in it"),
    "services": gettext_lazy("schools, puskesmas, offices and others in it"),
    "distance": gettext_lazy("from its edge to the nearest square with a signal"),
    "listed": gettext_lazy("since one of its villages was first on the list"),
    "power": gettext_lazy("hours a day: where there is power, a site can run"),
}
METHOD = gettext_lazy(
    "Each part is the blank spot's value as a share of the largest value in this "
    "layer, from 0 to 1. The score is the mean of the parts, each weighted as set, "
    "times 100. A part that is not known is left out and its weight goes to the "
    "others."
)


def weights_asked(
    query: QueryDict, names: Mapping[str, str | Promise] = PART_NAMES
) -> Weights | None:
    """Return the weights of an address, None where it names none.

    An address that names some stands for itself: what it leaves out is the default
    and not what somebody saved, so that it means the same to everyone. With
    ``weights=standard`` all of them are the default, whatever else it names.

    Raises
    ------
    ParameterError
        If one is not a whole number from 0 to 10; told by its name of *names*.
    """
    if query.get("weights") == "standard":
        return Weights()
    if not any(name in query for name in (*PARTS, "confident")):
        return None
    parts = []
    for name in PARTS:
        try:
            weight = params.whole_number(query, name)
        except params.ParameterError:
            weight = HEAVIEST + 1
        if weight is not None and weight > HEAVIEST:
            raise params.ParameterError(
                _("%(name)s is a whole number from 0 to %(most)d.")
                % {"name": names[name], "most": HEAVIEST}
            )
        parts.append(DEFAULT_WEIGHT if weight is None else weight)
    confident = params.choice(query, "confident", ["0", "1"])
    return Weights(parts=tuple(parts), by_confidence=confident == "1")


def kilometres(metres: float) -> str:
    if metres < 1000:
        return f"{_whole(metres)}\N{NO-BREAK SPACE}m"
    number = formats.number_format(round(metres / 1000, 1), 1, use_l10n=True)
    return f"{number}\N{NO-BREAK SPACE}km"


def part_value(name: str, value: float | None) -> str:
    """Show a part's value in its own unit; empty where it is not known."""
    if value is None:
        return ""
    if name == "distance":
        return kilometres(value)
    if name == "listed":
        if not value:
            return _("not listed")
        years = formats.number_format(round(value, 1), 1, use_l10n=True)
        return _("%(years)s years") % {"years": years}
    if name == "power":
        hours = round(value * HOURS_OF_DAY)
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return _whole(value)


def _whole(number: float) -> str:
    return formats.number_format(round(number), 0, use_l10n=True, force_grouping=True)
