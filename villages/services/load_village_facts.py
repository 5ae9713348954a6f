"""Lists of facts about villages: people, power, other names, office internet."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from villages.importers.place_files import PlaceRow, PlaceTable
from villages.models import OfficeInternet, Village
from villages.models.claims import HOURS_OF_DAY
from villages.services import place_values as values
from villages.services.place_loads import (
    CHANGED,
    LEFT_OUT,
    UNCHANGED,
    PlaceLoad,
    RowResult,
    RowVillages,
)
from villages.services.place_values import RowError

LONGEST_NAME = 100


def load_village_facts(table: PlaceTable, source: str, today: date) -> PlaceLoad:
    villages = RowVillages(table)
    seen: dict[tuple[str, str], int] = {}
    load = PlaceLoad()
    for row in table.rows:
        shown = RowResult(row.line, row.cells.get("village", "")[:100], LEFT_OUT)
        load.rows.append(shown)
        try:
            village = villages.needed(row)
            shown.name = village.name
            shown.village = f"{village.name}, {village.district.name}"
            told, internet = _village_facts(row, today)
            if not told and internet is None:
                raise RowError(_("Nothing is filled in beside the village."))
            key = (village.code, str(internet and internet["stated_date"]))
            if key in seen:
                raise RowError(
                    _("The same village as in row %(line)d.") % {"line": seen[key]}
                )
        except RowError as error:
            shown.reason = str(error)
            continue
        seen[key] = row.line
        is_changed = _keep_village_facts(village, told, source)
        if internet is not None:
            is_changed |= _keep_internet(village, internet, source)
        shown.result = CHANGED if is_changed else UNCHANGED
    return load


def _village_facts(
    row: PlaceRow, today: date
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    cells = row.cells
    told: dict[str, Any] = {}
    people = values.count(cells, "people")
    if people is not None:
        told["people"] = people
    power_hours = values.count(cells, "power_hours")
    if power_hours is not None:
        if power_hours > HOURS_OF_DAY:
            raise RowError(_("Hours of electricity a day are from 0 to 24."))
        told["power_hours"] = power_hours
    names = re.split(r"[;,]", values.text(cells, "aliases", 500))
    aliases = [name.strip() for name in names if name.strip()]
    if any(len(name) > LONGEST_NAME for name in aliases):
        raise RowError(_("Another name is longer than 100 characters."))
    if aliases:
        told["aliases"] = aliases
    kinds = values.choices(cells, "internet", values.INTERNET_KINDS)
    if not kinds:
        return told, None
    status = values.choice(cells, "status", values.INTERNET_STATUSES)
    stated_date = values.day(cells, today)
    if status is None or stated_date is None:
        raise RowError(
            _("Internet at the office needs its state and the date of the statement.")
        )
    return told, {
        "kinds": kinds,
        "status": status,
        "stated_date": stated_date,
        "note": values.text(cells, "note", 1000),
    }


def _keep_village_facts(village: Village, told: dict[str, Any], source: str) -> bool:
    known = (village.name, *village.aliases)
    new = [n for n in dict.fromkeys(told.pop("aliases", [])) if n not in known]
    changed = {n: v for n, v in told.items() if getattr(village, n) != v}
    if "people" in changed:
        changed["people_source"] = source
    if "power_hours" in changed:
        changed["power_source"] = source
    if new:
        changed["aliases"] = [*village.aliases, *new]
    for name, value in changed.items():
        setattr(village, name, value)
    if changed:
        village.save(update_fields=list(changed))
    return bool(changed)


def _keep_internet(village: Village, told: dict[str, Any], source: str) -> bool:
    key = {"village": village, "stated_date": told.pop("stated_date"), "source": source}
    known = OfficeInternet.objects.filter(**key).first()
    if known is not None and all(getattr(known, n) == v for n, v in told.items()):
        return False
    OfficeInternet.objects.update_or_create(**key, defaults=told)
    return True
