"""What stands beside every table of a run that leaves the site."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from coverage.models import CoverageRun


def notes_of_run(run: CoverageRun) -> list[tuple[str, Any]]:
    """Return the notes of a workbook with results of *run*: source, date, meaning."""
    notes: list[tuple[str, Any]] = [
        (_("Source"), _("Kukar Connect, computed from measured reports")),
        (_("Run"), run.pk),
        (_("Reports received until"), run.input_cutoff_at),
        (_("Run published"), run.published_at),
        (_("Software"), run.software_version),
        (_("File written"), timezone.now()),
        (
            _("Meaning"),
            _(
                "An estimate from reports, not a survey of every place. The confidence "
                "beside each result is the probability that a phone there finds no "
                "usable signal. Where nobody has measured, nothing is known: that is "
                "not the same as no signal."
            ),
        ),
        (
            _("Empty cells"),
            _("Nothing is known there; an empty cell is never the same as 0."),
        ),
    ]
    if run.is_demo:
        notes.append(
            (
                _("Demonstration data"),
                _("Made from generated reports, not from measurements."),
            )
        )
    return notes
