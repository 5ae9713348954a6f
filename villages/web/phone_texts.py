"""What the report form's further scripts say, in the visitor's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def probe_texts() -> dict[str, str]:
    """Return the words of static/js/report/probe.js."""
    return {
        "probe_which": _("Choose whose internet the phone uses."),
        "probe_wifi": _("The phone is on Wi-Fi. Switch it off and measure again."),
        "probe_latency": _("Measuring the delay …"),
        "probe_download": _("Measuring the download …"),
        "probe_upload": _("Measuring the upload …"),
        "probe_done": _("Measured. It is saved with the report."),
        "probe_cancelled": _("Cancelled. Nothing was measured."),
        "probe_network": _(
            "The connection broke off: nothing was measured. The report can be saved "
            "without it."
        ),
        "probe_signed_out": _("Sign in first, then measure again."),
        "probe_too_often": _("Measured too often. Try again in an hour."),
        "probe_result": _(
            "{operator}: download {download} Mbps, upload {upload} Mbps, delay "
            "{latency} ms"
        ),
        "probe_none": _("not through"),
    }


def trip_texts() -> dict[str, str]:
    """Return the words of static/js/report/trip.js and kept.js."""
    return {
        "trip_none": _("nothing kept yet"),
        "trip_kept": _("{districts} ({layer}), {size}, reports until {date}"),
        "trip_asking": _("Looking up the sizes …"),
        "trip_choose": _("Choose the districts you travel to."),
        "trip_size": _(
            "{count} pictures, {size} together. What neighbours share is counted once."
        ),
        "trip_coming": _("The map is coming …"),
        "trip_done": _("The map is on this phone."),
        "trip_stopped": _("Stopped. What the phone had before is still there."),
        "trip_cut_off": _(
            "The connection broke off. Press “Keep on this phone” again: what has "
            "come is not loaded twice."
        ),
        "trip_full": _(
            "The phone's memory is full. Make room, or choose fewer districts."
        ),
        "trip_removed": _("The map was removed from this phone."),
        "trip_offline": _("To choose a map there must be a connection."),
        "trip_signed_out": _("Only who is signed in with an account may choose a map."),
        "trip_not_allowed": _("Your account may not see the coverage map."),
        "trip_no_run": _("There is no coverage map yet. The office computes it."),
        "trip_failed": _("The server had a problem. Close this and open it again."),
        "trip_legend": _("Coverage map: {layer}. Reports until {date}."),
        "trip_legend_demo": _(
            "Coverage map: {layer}. Demonstration data, nothing measured. {date}."
        ),
        "trip_not_kept": _("No colour: not kept on this phone"),
    }


def task_texts() -> dict[str, str]:
    """Return the words of static/js/report/task_list.js."""
    return {
        # Eight words without spaces, clockwise from north.
        "directions": _(
            "north north-east east south-east south south-west west north-west"
        ),
        "task_count": _("{count} open"),
        "task_away": _("{distance} to the {direction}"),
        "task_until": _("until {date}"),
        "task_demo": _("demonstration"),
        "task_look": _("Look for: {operators}."),
        "task_begin": _("Report here"),
        "task_waits": _("Measured, waiting to be sent."),
        "task_done": _("Done."),
        "task_dropped": _("No longer needed."),
        "task_doing": _("Task: {name}, {village}."),
    }
