"""How the history of the map is worded, for its script and for the time bar."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def change_names() -> dict[str, str]:
    """Return the name of each change, as the legend and the table have it."""
    return {
        "newly_covered": _("blank spot became covered"),
        "newly_blank": _("covered became blank spot"),
        "better_sign": _("signs of getting better"),
        "worse_sign": _("signs of getting worse"),
        "newly_measured": _("measured for the first time"),
        "unknown_again": _("no longer known"),
    }


def time_texts() -> dict[str, Any]:
    """Return the texts of the time bar, for words.js as `map_texts` has them."""
    return {
        "time_play": _("Play the months"),
        "time_pause": _("Pause"),
        "time_stopped": _("Stopped at {month}"),
        "time_is_current": _("{month}, the current map"),
        "time_past": _("Map as of {when}, not the current one."),
        "time_past_afterwards": _(
            "Map as of {when}, not the current one; computed afterwards from the "
            "reports known then."
        ),
        "time_divider": _("Divider between before and after"),
        "time_divider_at": _("{percent}%: left {before}, right {after}"),
        "time_no_earlier": _("There is no earlier map to compare this one with."),
        "time_changes": change_names(),
        "time_since": _("Since {since}: {changes}."),
        "time_nothing": _("Since {since} nothing has changed in this layer."),
        "time_change_area": {
            "newly_covered": _("{area} of blank spots became covered"),
            "newly_blank": _("{area} that were covered became blank spots"),
            "better_sign": _("{area} show signs of getting better"),
            "worse_sign": _("{area} show signs of getting worse"),
            "newly_measured": _("{area} were measured for the first time"),
            "unknown_again": _("{area} are no longer known"),
        },
        "time_places": {
            "newly_covered": _("Became covered: {places}."),
            "newly_blank": _("Became blank: {places}."),
            "newly_measured": _("Measured for the first time: {places}."),
        },
        "time_people": _("{settlements} (about {people} people)"),
        "time_people_unknown": _("{settlements} (number of people not loaded)"),
        "time_settlements_one": _("1 settlement"),
        "time_settlements_other": _("{count} settlements"),
        "time_village_points_one": _("the point of 1 village"),
        "time_village_points_other": _("the points of {count} villages"),
        "time_schools_one": _("1 school"),
        "time_schools_other": _("{count} schools"),
        "time_health_centres_one": _("1 puskesmas"),
        "time_health_centres_other": _("{count} puskesmas"),
        "time_table_title": _("Changes since {since}"),
        "time_table_caption": _("Changes per district, in km²"),
    }
