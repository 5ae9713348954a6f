"""The site's menu: which pages there are for whom, in groups of few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True)
class Page:
    """An entry that leads to a page; *needs* is a key of the site's context."""

    url_name: str
    name: Text
    needs: str
    help: Text = ""


@dataclass(frozen=True)
class Group:
    """Pages under one word."""

    name: Text
    pages: tuple[Page, ...]


MENU: tuple[Page | Group, ...] = (
    Page("map", _("Map"), "can_see_map"),
    Page("dashboard", _("Dashboard"), "can_see_map"),
    Group(
        pgettext_lazy("navigation", "Decide"),
        (
            Page(
                "priorities",
                _("Priorities"),
                "can_see_map",
                _("Which blank spots matter most"),
            ),
            Page(
                "measure",
                _("Where to measure next"),
                "can_see_map",
                _("Unknown places, as a route or as tasks"),
            ),
            Page(
                "best-sites",
                _("Where one site helps"),
                "can_see_map",
                _("A first look without terrain"),
            ),
            Page(
                "actions",
                _("Actions"),
                "can_see_map",
                _("What is being done about them"),
            ),
        ),
    ),
    Page("report-form", pgettext_lazy("verb, navigation", "Report"), "can_report"),
    Group(
        pgettext_lazy("navigation", "Data"),
        (
            Page(
                "coverage-table",
                _("Table"),
                "can_see_map",
                _("Every village and blank spot"),
            ),
            Page(
                "downloads",
                _("Downloads"),
                "can_see_map",
                _("Files for GIS, spreadsheets and analysis"),
            ),
            Page(
                "review",
                pgettext_lazy("verb, navigation", "Review"),
                "can_see_reports",
                _("Reports that somebody should look at"),
            ),
            Page(
                "claims",
                _("Statements"),
                "can_see_reports",
                _("What villages say, not measured"),
            ),
            Page(
                "report-import",
                pgettext_lazy("verb, navigation", "Import"),
                "can_import",
                _("Files from measuring apps"),
            ),
            Page(
                "places",
                _("Settlements"),
                "can_import",
                _("RT, schools and puskesmas: load and edit"),
            ),
            Page(
                "devices",
                pgettext_lazy("navigation", "Devices"),
                "is_admin",
                _("Phones that may send reports"),
            ),
            Page("admin:index", _("Admin"), "is_admin", _("Accounts and tables")),
        ),
    ),
)


def menu_for(allowed: dict[str, bool], path: str) -> list[dict[str, Any]]:
    """Return the menu of a visitor at *path*; a group of one page is that page alone.

    Each entry has ``name``, ``is_current``, and either ``url`` or ``pages``.
    """
    entries: list[dict[str, Any]] = []
    for entry in MENU:
        listed = entry.pages if isinstance(entry, Group) else (entry,)
        pages = [_shown(page, path) for page in listed if allowed.get(page.needs)]
        if len(pages) == 1:
            entries.append(pages[0])
        elif pages:
            is_current = any(page["is_current"] for page in pages)
            entries.append(
                {"name": entry.name, "pages": pages, "is_current": is_current}
            )
    return entries


def _shown(page: Page, path: str) -> dict[str, Any]:
    url = reverse(page.url_name)
    return {
        "name": page.name,
        "help": page.help,
        "url": url,
        "is_current": path == url,
    }
