"""Bringing in lists of settlements, facilities, sites and facts about villages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.importers.place_files import PlaceTable, read_place_file
from villages.models import Facility, Settlement, Site, Village
from villages.services.load_people_places import load_facilities, load_settlements
from villages.services.load_sites import load_sites
from villages.services.load_village_facts import load_village_facts
from villages.services.place_changes import hold_places
from villages.services.place_loads import PlaceLoad

LONGEST_SOURCE = 300

_VILLAGE_FIELDS = ("code", "village", "district")
FIELDS = {
    "settlements": (
        *(*_VILLAGE_FIELDS, "name", "rw", "dusun", "kind", "households", "people"),
    ),
    "facilities": (*_VILLAGE_FIELDS, "name", "kind", "pupils", "patients"),
    "sites": (
        *(*_VILLAGE_FIELDS, "name", "kind", "operators", "technologies", "height_m"),
        *("owner", "status", "date", "note"),
    ),
    "village_facts": (
        *(*_VILLAGE_FIELDS, "people", "power_hours", "aliases", "internet"),
        *("status", "date", "note"),
    ),
}


_LOADERS: dict[str, Callable[[PlaceTable, str, date], PlaceLoad]] = {
    "settlements": load_settlements,
    "facilities": load_facilities,
    "sites": load_sites,
    "village_facts": load_village_facts,
}


class PlaceLoadError(DomainError):
    title = gettext_noop("The list of places was not brought in.")


def load_place_file(
    *,
    what: str,
    path: Path,
    source: str,
    today: date,
    is_own: bool = False,
    is_dry_run: bool = False,
    user_id: int | None = None,
    file_name: str = "",
) -> PlaceLoad:
    """Bring in the list *what* (a key of FIELDS) from a file, whole or not at all.

    Safe to repeat: a place is known by its village, kind and name (a site by its name),
    and what is the same is left alone. A row that cannot be used is left out with its
    reason; an empty cell leaves what is stored; what the file does not name stays.
    Invented places give way in every village that the file has a place of. One note
    tells the worker where people's places came or moved.

    Raises
    ------
    PlaceLoadError
        If *source* is empty or too long.
    PlaceFileError, ClaimSheetError
        If the file cannot be read.
    """
    source = " ".join(source.split())
    if not source or len(source) > LONGEST_SOURCE:
        raise PlaceLoadError(
            _("Say in at most %(count)d characters where the list comes from.")
            % {"count": LONGEST_SOURCE}
        )
    table = read_place_file(path, fields=FIELDS[what], is_own=is_own)
    with transaction.atomic():
        hold_places()
        load = _LOADERS[what](table, source, today)
        load.ignored_columns = table.ignored_columns
        if is_dry_run:
            transaction.set_rollback(True)
        elif user_id is not None:
            _log(what, load, user_id, f"{file_name or path.name} ({source})")
    return load


def _log(what: str, load: PlaceLoad, user_id: int, name: str) -> None:
    model = {"settlements": Settlement, "facilities": Facility, "sites": Site}.get(
        what, Village
    )
    LogEntry.objects.create(
        user_id=user_id,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=name[:200],
        action_flag=ADDITION,
        change_message=", ".join(f"{n}: {c}" for n, c in load.counts.items()),
    )
