"""How the map's layers and filters are worded, for the template and the script."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from villages.models import Site, Technology


def layer_texts() -> dict[str, Any]:
    """Return the texts of `static/js/map/layer-details.js` and `filter-form.js`."""
    return {
        "filters_on_one": _("1 filter is on"),
        "filters_on_other": _("{count} filters are on"),
        "spots_left": _("{shown} of {all} blank spots"),
        "demo_hidden": _("{count} rows of demonstration data hidden"),
        "share": _("{covered} of {total} settlements covered"),
        "share_unknown": _(
            "{covered} of {total} settlements covered, {unknown} not known"
        ),
        "stand_in": {
            "covered": _("The village's point stands in: covered"),
            "uncovered": _("The village's point stands in: not covered"),
            "unknown": _("The village's point stands in: not known"),
        },
        "site_kind": pgettext("site", "Kind"),
        "site_kinds": {str(k.value): str(k.label) for k in Site.Kind},
        "site_status": pgettext("site", "Status"),
        "site_statuses": {str(s.value): str(s.label) for s in Site.Status},
        "not_told": _("not known"),
        "owner": pgettext("site", "Owner"),
        "height": _("Height of the antenna"),
        "verified": _("Last seen on the spot"),
        "evidence_title": _("Measured here"),
        "used_one": _("1 report that counts"),
        "used_other": _("{count} reports that count"),
        "evidence_note": _(
            "Counted by squares of the map; no single report's place is shown."
        ),
    }


def filter_choices(*, medium: float, high: float) -> dict[str, Any]:
    """Return what the filters' form offers beside districts and villages.

    *medium* and *high* are the confidences that are called so.
    """
    return {
        "technologies": [t.value for t in Technology if t.value],
        "confidences": [
            {"value": str(medium), "name": _("medium or high")},
            {"value": str(high), "name": _("high only")},
        ],
    }


def share_legend() -> list[dict[str, Any]]:
    """Return the classes of `static/js/map/counts.js`, from all covered to none."""
    return [
        {"number": n, "name": name}
        for n, name in enumerate(
            (
                _("all"),
                _("75 % and more"),
                _("50 to 75 %"),
                _("25 to 50 %"),
                _("below 25 %"),
                _("none"),
            )
        )
    ]


def density_legend() -> list[dict[str, Any]]:
    """Return the classes of DENSITY in `static/js/map/counts.js`."""
    return [
        {"number": n, "name": name}
        for n, name in enumerate(
            (
                _("above 100"),
                _("10 to 100"),
                _("1 to 10"),
                _("0.1 to 1"),
                _("below 0.1"),
            )
        )
    ]
