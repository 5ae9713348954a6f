"""What every file says of itself: which run it is of, and whether that was measured.

A file leaves the site and is read where nobody can ask; it is said in both languages.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from coverage.models import CoverageRun
from coverage.selectors.runs import as_of_run


def about_run(run: CoverageRun, title: str | Promise) -> dict[str, str]:
    """Return facts about a file called *title*, all text, the same at any time."""
    facts = {
        "title": str(title),
        "description": description_of(run, title),
        "run": str(run.pk),
        "reports_until": run.input_cutoff_at.isoformat(),
        "published_at": run.published_at.isoformat() if run.published_at else "",
        "software": f"Kukar Connect {run.software_version}",
        "map_checksum": run.checksum,
        "is_demo": str(run.is_demo).lower(),
    }
    as_of = as_of_run(run)
    return facts | ({"computed_afterwards_for": as_of.isoformat()} if as_of else {})


def description_of(run: CoverageRun, title: str | Promise) -> str:
    """Return one line in each language."""
    lines = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            lines.append(_line(run, title))
    return "\n".join(dict.fromkeys(lines))


def _line(run: CoverageRun, title: str | Promise) -> str:
    line = _("%(title)s. Kukar Connect, run %(run)d, reports until %(day)s.") % {
        "title": title,
        "run": run.pk,
        "day": run.input_cutoff_at.date().isoformat(),
    }
    if run.is_demo:
        demo = _("DEMONSTRATION DATA: made from generated reports, not measured.")
        return f"{demo} {line}"
    return line
