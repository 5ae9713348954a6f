"""Settlements and facilities that an analyst adds, moves, corrects or deletes."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import Facility, Settlement, Village
from villages.services.place_changes import (
    hold_places,
    make_way_for_real,
    note_moved_places,
    village_points,
)
from villages.services.place_values import place_key

# A millionth of a degree is 11 cm.
_SAME_DEG = 5e-7


class PlaceEditError(DomainError):
    title = gettext_noop("The place was not saved.")


@transaction.atomic
def save_place(
    *,
    model: type[Settlement] | type[Facility],
    place_id: int | None,
    values: dict[str, Any],
    user_id: int,
) -> Settlement | Facility:
    """Add a place, or change the one with *place_id*, to have *values*.

    Keeps who did it and when, and tells the worker. A village's invented places give
    way to its first real one. Safe to repeat: saving what is stored changes nothing.

    Raises
    ------
    PlaceEditError
        If another place of the village and kind has this name, or the place is
        invented.
    """
    hold_places()
    village = Village.objects.defer("boundary").get(pk=values["village"].pk)
    place: Any = (
        model(is_demo=False) if place_id is None else model.objects.get(pk=place_id)
    )
    if place.is_demo:
        raise PlaceEditError(
            _("An invented place is not corrected. Add the real one in its stead.")
        )
    others = model.objects.filter(
        village=village, kind=values["kind"], is_demo=False
    ).exclude(pk=place.pk)
    if place_key(values["name"]) in {place_key(other.name) for other in others}:
        raise PlaceEditError(
            _("%(village)s has a place of this kind and name already.")
            % {"village": village.name}
        )
    moved = [] if place_id is None else [place.point, *_stands_for(place)]
    told = [] if place_id is None else _differences(place, values)
    if place_id is not None and not told:
        return place
    for name, value in values.items():
        setattr(place, name, value)
    moved += [place.point, *make_way_for_real(model, [village.pk])]
    place.save()
    note_moved_places(moved)
    _log(place, ADDITION if place_id is None else CHANGE, "; ".join(told), user_id)
    return place


@transaction.atomic
def delete_place(
    *, model: type[Settlement] | type[Facility], place_id: int, user_id: int
) -> Settlement | Facility:
    """Delete a place; keep who did it, and tell the worker."""
    hold_places()
    place: Any = model.objects.get(pk=place_id)
    _log(place, DELETION, f"{place.point.y:.5f}, {place.point.x:.5f}", user_id)
    note_moved_places([place.point, *_stands_for(place)])
    place.delete()
    return place


def history_of(place: Settlement | Facility) -> list[LogEntry]:
    """Return who changed *place* and when, the newest first."""
    return list(
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(type(place)),
            object_id=str(place.pk),
        ).select_related("user")[:20]
    )


def _stands_for(place: Settlement | Facility) -> list[Point]:
    """Return the point that stands for people again when a last settlement goes."""
    return village_points([place.village_id]) if isinstance(place, Settlement) else []


def _differences(place: Any, values: dict[str, Any]) -> list[str]:
    """Return what *values* change, as the log keeps it."""
    told = []
    for name, value in values.items():
        stored = getattr(place, name)
        if name == "point":
            if not value.equals_exact(stored, _SAME_DEG):
                told.append(
                    f"point: {stored.y:.5f}, {stored.x:.5f} → "
                    f"{value.y:.5f}, {value.x:.5f}"
                )
        elif stored != value:
            told.append(f"{name}: {stored or '–'} → {value or '–'}")
    return told


def _log(place: Any, flag: int, message: str, user_id: int) -> None:
    LogEntry.objects.create(
        user_id=user_id,
        content_type=ContentType.objects.get_for_model(type(place)),
        object_id=str(place.pk),
        object_repr=str(place)[:200],
        action_flag=flag,
        change_message=message,
    )
