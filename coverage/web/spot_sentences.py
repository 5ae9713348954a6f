"""A blank spot in sentences, for its page."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coverage.models import BlankSpot, SpotState
from coverage.templatetags.coverage_words import km2
from coverage.web import words
from kukar_connect.days import days_ago

NAMES_IN_TITLE = 3


def title(spot: BlankSpot, names: list[str]) -> str:
    """Return such as “Blank spot of 12.4 km² in Muara Tiq”."""
    texts = {"area": km2(spot.area_km2), "villages": some_of(names)}
    is_blank = spot.state == SpotState.BLANK
    if not names:
        return (
            _("Blank spot of %(area)s outside the villages' boundaries") % texts
            if is_blank
            else _("Probably blank, %(area)s outside the villages' boundaries") % texts
        )
    if is_blank:
        return _("Blank spot of %(area)s in %(villages)s") % texts
    return _("Probably blank: %(area)s in %(villages)s") % texts


def some_of(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    if len(names) <= NAMES_IN_TITLE:
        return ", ".join(names)
    more = len(names) - NAMES_IN_TITLE
    return ngettext(
        "%(names)s and %(n)d other village", "%(names)s and %(n)d other villages", more
    ) % {"names": ", ".join(names[:NAMES_IN_TITLE]), "n": more}


def who_is_in_it(spot: BlankSpot, *, has_settlements: bool) -> str:
    """Say who is known to be inside; what nobody loaded is said and not counted."""
    said = []
    is_empty = spot.people == 0 and not spot.settlement_count
    if is_empty:
        said.append(_("no settlement"))
    elif spot.settlement_count:
        n = spot.settlement_count
        said.append(
            ngettext("%(n)s settlement", "%(n)s settlements", n) % {"n": number(n)}
        )
    elif has_settlements:
        said.append(_("no known settlement"))
    if spot.people is not None and not is_empty:
        n = spot.people
        said.append(
            ngettext("about %(n)s person", "about %(n)s people", n) % {"n": number(n)}
        )
    if spot.school_count:
        n = spot.school_count
        said.append(ngettext("%(n)s school", "%(n)s schools", n) % {"n": number(n)})
    if spot.health_centre_count:
        n = spot.health_centre_count
        said.append(
            ngettext("%(n)s puskesmas", "%(n)s puskesmas", n) % {"n": number(n)}
        )
    if not said:
        return _("Who lives in it is not known: no data has been loaded yet.")
    sentence = _("In it: %(list)s.") % {"list": ", ".join(said)}
    if spot.people is None:
        sentence += " " + _("How many people is not known: no data yet.")
    return sentence


def based_on(spot: BlankSpot, now: datetime) -> str:
    """Say on how many reports it rests, how old they are, and how sure it is."""
    sure = words.confidence_word(spot.confidence)
    if not spot.report_count:
        return _(
            "No report was made inside; it is estimated from reports nearby, %(sure)s."
        ) % {"sure": sure}
    n = spot.report_count
    texts = {"n": number(n), "sure": sure, "age": age(spot.newest_report_at, now)}
    return (
        ngettext(
            "Based on %(n)s report (newest %(age)s), %(sure)s.",
            "Based on %(n)s reports (newest %(age)s), %(sure)s.",
            n,
        )
        % texts
    )


def age(when: datetime | None, now: datetime) -> str:
    if when is None:
        return _("of unknown age")
    days = days_ago(when, now)
    if days == 0:
        return _("today")
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": number(days)}


def number(value: int) -> str:
    return formats.number_format(value, 0, use_l10n=True, force_grouping=True)
