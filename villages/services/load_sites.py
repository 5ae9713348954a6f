"""Lists of sites: towers, repeaters and VSAT that somebody told of."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from villages.importers.place_files import PlaceRow, PlaceTable
from villages.models import Site
from villages.services import place_values as values
from villages.services.place_loads import (
    ADDED,
    CHANGED,
    LEFT_OUT,
    UNCHANGED,
    PlaceLoad,
    RowResult,
    RowVillages,
)
from villages.services.place_values import RowError, place_key


def _site(row: PlaceRow, today: date) -> dict[str, Any]:
    cells = row.cells
    return {
        "kind": values.choice(cells, "kind", values.SITE_KINDS),
        "operators": values.choices(cells, "operators", values.OPERATOR_WORDS) or None,
        "technologies": values.choices(cells, "technologies", values.TECHNOLOGY_WORDS)
        or None,
        "height_m": values.height_m(cells),
        "owner": values.text(cells, "owner", 150) or None,
        "status": values.choice(cells, "status", values.SITE_STATUSES),
        "verified_date": values.day(cells, today),
        "note": values.text(cells, "note", 1000) or None,
    }


def load_sites(table: PlaceTable, source: str, today: date) -> PlaceLoad:
    """Bring in sites. They change no estimate: the map's own file does that."""
    villages = RowVillages(table)
    stored = {place_key(s.name): s for s in Site.objects.filter(is_demo=False)}
    seen: dict[str, int] = {}
    load = PlaceLoad()
    for row in table.rows:
        shown = RowResult(row.line, row.cells.get("name", "")[:150], LEFT_OUT)
        load.rows.append(shown)
        try:
            told = {n: v for n, v in _site(row, today).items() if v is not None}
            lonlat = values.position(row)
            name = values.text(row.cells, "name", 150) or _site_name(told, lonlat)
            if not name:
                raise RowError(_("The row has neither name nor position."))
            shown.name = name
            key = place_key(name)
            if key in seen:
                raise RowError(
                    _("The same place as in row %(line)d.") % {"line": seen[key]}
                )
            site = stored.get(key)
            if site is None and lonlat is None:
                raise RowError(_("The row has no position."))
            village = villages.of(row)
        except RowError as error:
            shown.reason = str(error)
            continue
        seen[key] = row.line
        if lonlat:
            told["point"] = Point(*lonlat, srid=4326)
            shown.warning = villages.warning(row, village)
        if village is not None:
            told["village_id"] = village.code
            shown.village = f"{village.name}, {village.district.name}"
        if site is None:
            kind = {"kind": Site.Kind.BTS}
            Site.objects.create(name=name, source=source, **(kind | told))
            shown.result = ADDED
        elif all(_is_same(getattr(site, n), v) for n, v in told.items()):
            shown.result = UNCHANGED
        else:
            for name, value in told.items():
                setattr(site, name, value)
            site.source = source
            site.save()
            shown.result = CHANGED
    if load.count(ADDED) or load.count(CHANGED):
        # Invented sites never stand beside real ones.
        Site.objects.filter(is_demo=True).delete()
    return load


def _site_name(told: dict[str, Any], lonlat: tuple[float, float] | None) -> str:
    """Return a name for a site of a file that has none, as the estimator's file."""
    if lonlat is None:
        return ""
    operators = " ".join(told.get("operators", []))
    return f"Site {operators} {lonlat[1]:.5f}, {lonlat[0]:.5f}".replace("  ", " ")


def _is_same(stored: Any, told: Any) -> bool:
    if isinstance(told, Point):
        return told.equals_exact(stored, 5e-7)
    return stored == told
