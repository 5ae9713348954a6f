"""What the map says while one searches, locates, measures, shares and prints."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from villages.models import Site


def finding_texts() -> dict[str, Any]:
    return {
        # Search
        "groups": {
            "coordinates": _("Coordinates"),
            "village": _("Villages"),
            "district": _("Districts"),
            "settlement": _("Settlements"),
            "facility": _("Public services"),
            "site": _("Sites"),
        },
        "also": _("{name} (also: {names})"),
        "in_village": _("{kind} in {village}"),
        "settlement_kind": {
            "rt": _("RT"),
            "dusun": _("dusun"),
            "kampung": _("kampung"),
        },
        "site_kind": {kind.value: str(kind.label) for kind in Site.Kind},
        "search_none": _("Nothing of that name was found. Coordinates work as well."),
        "search_unreachable": _(
            "Only villages and districts were searched: the server cannot be reached."
        ),
        "latitude_north": _("{degrees}° N"),
        "latitude_south": _("{degrees}° S"),
        "longitude_east": _("{degrees}° E"),
        "longitude_west": _("{degrees}° W"),
        # The answer
        "answer_label": _("In short"),
        "answer_operators": _("At this point, per operator: {service}"),
        "answer_operators_spot": _("At one point of it, per operator: {service}"),
        "answer_failed": _("The answer for this point could not be loaded."),
        # My place
        "locate": _("Find my place"),
        "locate_waiting": _("Looking for your position …"),
        "locate_found": _("You are within {metres} m of the blue point."),
        "locate_denied": _(
            "The browser may not use your position. Allow it in the browser's "
            "settings for this site and try again."
        ),
        "locate_unavailable": _(
            "Your position was not found. Go outdoors, switch on the phone's location, "
            "and try again."
        ),
        "locate_timeout": _(
            "Your position was not found in time. Try again under the open sky."
        ),
        "locate_insecure": _(
            "A browser only tells its position to a site with https. Open this site by "
            "its https address."
        ),
        "locate_outside": _("You are outside the map's area; it stays where it was."),
        # Measuring
        "measure": _("Measure distance or area"),
        "measure_what": _("What to measure"),
        "measure_line": _("Distance"),
        "measure_area": _("Area"),
        "measure_help": _(
            "Click the map; or move it with the arrow keys, Enter puts a point in its "
            "middle."
        ),
        "measure_more": _("One more point is needed."),
        "measure_more_area": _("An area needs at least 3 points."),
        "measure_line_is": _("Distance {length}, {points} points."),
        "measure_area_is": _("Area {area}, perimeter {length}."),
        "measure_crossing": _("The line crosses itself: put the points in order."),
        "measure_most": _("No more than {count} points."),
        "measure_add": _("Point in the middle"),
        "measure_undo": _("Undo"),
        "measure_finish": _("Finish"),
        "measure_continue": _("Add points"),
        "measure_close": _("Close and remove the measurement"),
        "measure_failed": _("The tool could not be loaded. Reload the page."),
        # The other tools
        "tools": _("Tools"),
        "full_screen": _("Full screen"),
        "full_screen_end": _("Leave full screen"),
        "print": pgettext("verb", "Print"),
        "north": _("North is up"),
        "north_letter": pgettext("letter on a north arrow", "N"),
        # Sharing
        "share": _("Share"),
        "share_copied": _("Copied."),
        "share_not_copied": _("Select the text and copy it with Ctrl+C."),
        "share_title": _("Coverage map of Kutai Kartanegara"),
        # Background
        "error_basemap": _(
            "The office's background map cannot be read. The map works without it."
        ),
    }
