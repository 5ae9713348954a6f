"""How the map's answers are worded, for the templates and for the map's script.

The script has no catalogue of its own: it gets these texts with the page, in the
reader's language.
"""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from coverage.models import ANY_OPERATOR, LayerOperator, Service
from coverage.web.finding_words import finding_texts
from coverage.web.layer_words import layer_texts
from coverage.web.profile_words import profile_texts
from coverage.web.time_words import time_texts
from villages.flags import Flag

STATES = ("covered", "weak", "likely_blank", "blank", "unknown")

STATE_NAMES: dict[str, Promise] = {
    "covered": gettext_lazy("Covered"),
    "weak": gettext_lazy("Weak signal"),
    "likely_blank": gettext_lazy("Probably blank"),
    "blank": gettext_lazy("Blank spot"),
    "unknown": gettext_lazy("Not known"),
}

# From which mean probability on a blank spot's confidence is called so.
CONFIDENCE_HIGH = 0.8
CONFIDENCE_MEDIUM = 0.6


def confidence_word(confidence: float) -> str:
    if confidence >= CONFIDENCE_HIGH:
        return _("high confidence")
    if confidence >= CONFIDENCE_MEDIUM:
        return _("medium confidence")
    return _("low confidence")


def operator_name(operator: str) -> str:
    return str(LayerOperator(operator).label)


def service_name(service: str) -> str:
    return str(Service(service).label)


def state_meanings(operator: str, service: str) -> dict[str, str]:
    """Return for each state one sentence that says what it means in this layer."""
    return _meanings(is_any=operator == ANY_OPERATOR, service=service)


def _meanings(*, is_any: bool, service: str) -> dict[str, str]:
    if service == Service.INTERNET:
        covered = (
            _("A phone outdoors gets usable 4G from at least one operator.")
            if is_any
            else _("A phone outdoors gets usable 4G from this operator.")
        )
        blank = (
            _("Reports show no usable 4G from any operator.")
            if is_any
            else _("Reports show no usable 4G from this operator.")
        )
    else:
        covered = (
            _("A phone outdoors can make calls with at least one operator.")
            if is_any
            else _("A phone outdoors can make calls with this operator.")
        )
        blank = (
            _("Reports show that no operator carries a call.")
            if is_any
            else _("Reports show that this operator carries no call.")
        )
    return {
        "covered": covered,
        "weak": _("Part of covered: near the limit, often lost indoors."),
        "likely_blank": _("Reports point to no signal, but do not settle it yet."),
        "blank": blank,
        "unknown": _("Nobody has measured near enough — this does not mean no signal."),
    }


def map_texts() -> dict[str, Any]:
    """Return every text that the map's script shows.

    Names in braces are filled in by the script; ``…_one`` is taken where the
    language has a singular.
    """
    return {
        "states": {state: str(name) for state, name in STATE_NAMES.items()},
        "meanings": {
            service.value: {
                "any": _meanings(is_any=True, service=service),
                "one": _meanings(is_any=False, service=service),
            }
            for service in Service
        },
        "operators": {o.value: str(o.label) for o in LayerOperator},
        "services": {s.value: str(s.label) for s in Service},
        "confidence": {
            "high": _("high confidence"),
            "medium": _("medium confidence"),
            "low": _("low confidence"),
        },
        "found": {
            "no_service": _("no signal"),
            "emergency_only": _("emergency calls only"),
            "voice_only": _("calls only"),
            "data": _("internet"),
        },
        "environment": {
            "outdoor": _("outdoors"),
            "indoor": _("indoors"),
            "vehicle": _("in a vehicle or boat"),
            "": _("not known"),
        },
        "facility": {
            "school": _("school"),
            "health_centre": _("puskesmas"),
            "village_office": _("village office"),
            "worship": _("place of worship"),
            "other": _("other"),
        },
        # Status line and progress
        "run": _("Run {id}"),
        "run_until": _("reports received until {when}"),
        "run_reports": _("Reports: {counts}"),
        "loading": _("Loading the map …"),
        "loaded": _("Map loaded: {operator}, {service}. {spots}."),
        "updated": _("The map has been updated with new reports (run {id})."),
        "spots_one": _("1 blank spot"),
        "spots_other": _("{count} blank spots"),
        "spots_none": _("no blank spots"),
        # Errors
        "error_network": _(
            "No connection to the server. The map shows what it had; it tries "
            "again by itself."
        ),
        "error_session": _("Your session has ended. Sign in again to go on."),
        "error_server": _(
            "The server could not answer. Try again in a minute; if it stays so, "
            "tell the administrator."
        ),
        "error_gone": _("What this link shows no longer exists in the current run."),
        "error_surface": _("Part of the signal surface could not be loaded."),
        "error_osm": _(
            "The OpenStreetMap background cannot be reached. The map works without it."
        ),
        "retry": _("Try again"),
        "sign_in": _("Sign in"),
        "dismiss": _("Close this message"),
        # Map controls
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "home": _("Show the whole regency"),
        # Search
        "search_none": _("No village or district of that name"),
        "search_count_one": _("1 result"),
        "search_count_other": _("{count} results"),
        "district": _("District"),
        "district_name": _("District of {name}"),
        "desa": _("Village"),
        "kelurahan": _("Urban village"),
        # Panels
        "spot_title": _("{state}, {area}"),
        "spot_in": _("In {villages}"),
        "spot_village_share": _("{percent} of the village"),
        "spot_outside": _("Outside the villages' boundaries"),
        "spot_layer": _("{operator} · {service}"),
        "spot_confidence": _("Confidence"),
        "spot_confidence_value": _("{word} ({percent})"),
        "spot_confidence_note": _(
            "The probability that a phone here finds no usable signal, averaged over "
            "the area."
        ),
        "spot_reports": _("Based on"),
        "reports_one": _("1 report"),
        "reports_other": _("{count} reports"),
        "reports_none": _("no report inside; estimated from reports nearby"),
        "kinds_reading": _("among them with a reading in dBm: {count}"),
        "reporters_one": _("from 1 person"),
        "reporters_other": _("from {count} people"),
        "newest": _("Newest report"),
        "oldest": _("Oldest report"),
        "people": _("People"),
        "people_value": _("about {count}"),
        "settlements": _("Settlements"),
        "facilities": _("Public services"),
        "demo_mark": _("Demonstration data"),
        "demo_note": _("Made from generated reports, not from measurements."),
        "village_area": _("{kind} in the district of {district}, official area {area}"),
        "village_shares": _("Share of the area: {operator}, {service}"),
        "village_no_run": _("There is no coverage computed yet."),
        "village_operators": _("Operators side by side ({service})"),
        "village_reports": _("Reports"),
        "village_listed": _("On the official list of blank spots since {year}"),
        "village_claims_one": _("1 statement of the village or its offices"),
        "village_claims_other": _("{count} statements of the village or its offices"),
        "village_approximate": _(
            "This boundary is approximate, so the shares are approximate too."
        ),
        "village_page": _("Village page with all details"),
        "spot_page": _("Page of this blank spot"),
        "spot_table": _("See it in the table"),
        "demo_hidden": _(
            "The signal surface and shares are computed from demonstration data too, "
            "so they are hidden with it."
        ),
        "zoom_to": _("Zoom to it"),
        "list_title": _("Blank spots in this view"),
        "list_empty": _("No blank spot of this layer lies in this view."),
        "list_more": _("{count} more: zoom in, or see the table."),
        "nothing_here": _(
            "There is nothing to open at this point of the map. Choose a place "
            "within the regency."
        ),
        "source": _("Source"),
        "report_title": _("Report: {found}"),
        "operator": _("Operator"),
        "technology": _("Technology"),
        "rsrp": _("Received power (RSRP)"),
        "observed": _("Observed"),
        "where": _("Where"),
        "accuracy": _("Accuracy of the position"),
        "accuracy_value": _("within {metres} m"),
        "reported_by": _("Reported by"),
        "report_source": _("Came by"),
        "flags": _("Notes by the system"),
        "flag_names": {flag.value: str(flag.label) for flag in Flag},
        "village": pgettext("field name", "Village"),
        "reports_limited": _(
            "Only {count} reports of this view are shown. Zoom in to see all."
        ),
        "households": _("Households"),
        "settlement": _("Settlement"),
        "profile": profile_texts(),
        **time_texts(),
        "layers": layer_texts(),
        "finding": finding_texts(),
    }
