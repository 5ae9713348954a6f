"""Lists of settlements and facilities become places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from villages.importers.place_files import PlaceRow, PlaceTable
from villages.models import Facility, Settlement, Village
from villages.services import place_values as values
from villages.services.place_changes import (
    make_way_for_real,
    note_moved_places,
)
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


def _settlement(row: PlaceRow) -> dict[str, Any]:
    name = values.text(row.cells, "name", 100)
    kind = values.choice(row.cells, "kind", values.SETTLEMENT_KINDS)
    if kind is None:
        # “RT 3” and “Dusun Hulu” say it themselves.
        first = place_key(name).split(" ")[0]
        kind = values.SETTLEMENT_KINDS.get(first, Settlement.Kind.KAMPUNG)
        if name.isdecimal():
            kind = Settlement.Kind.RT
    if name.isdecimal() and kind is Settlement.Kind.RT:
        name = f"RT {int(name):02d}"
    return {
        "name": name,
        "kind": kind,
        "households": values.count(row.cells, "households"),
        "people": values.count(row.cells, "people"),
    }


def _facility(row: PlaceRow) -> dict[str, Any]:
    name = values.text(row.cells, "name", 150)
    kind = values.choice(row.cells, "kind", values.FACILITY_KINDS)
    if kind is None:
        words = place_key(name).split(" ")
        found = [values.FACILITY_KINDS.get(" ".join(words[:n])) for n in (1, 2)]
        kind = next((k for k in found if k), None)
    if kind is None:
        raise RowError(
            _("What kind of facility is it? Write for instance Sekolah or Puskesmas.")
        )
    return {
        "name": name,
        "kind": kind,
        "pupils": values.count(row.cells, "pupils"),
        "patients": values.count(row.cells, "patients"),
    }


def load_settlements(table: PlaceTable, source: str, today: date) -> PlaceLoad:
    return _PlaceLoader(Settlement, _settlement, table, source).run()


def load_facilities(table: PlaceTable, source: str, today: date) -> PlaceLoad:
    return _PlaceLoader(Facility, _facility, table, source).run()


class _PlaceLoader:
    def __init__(
        self,
        model: type[Settlement | Facility],
        read: Callable[[PlaceRow], dict[str, Any]],
        table: PlaceTable,
        source: str,
    ) -> None:
        self.model, self.read, self.table, self.source = model, read, table, source
        self.villages = RowVillages(table)
        self.stored = {
            (p.village_id, p.kind, place_key(p.name)): p
            for p in model.objects.filter(is_demo=False)
        }
        self.first_line: dict[tuple[str, str, str], int] = {}
        self.new: list[Any] = []
        self.changed: list[Any] = []
        self.moved: list[Point] = []

    def run(self) -> PlaceLoad:
        load = PlaceLoad([self._row(row) for row in self.table.rows])
        names = [f.name for f in self.model._meta.fields if not f.primary_key]
        codes = {place.village_id for place in self.new}
        self.moved += make_way_for_real(self.model, codes)
        self.model.objects.bulk_create(self.new, batch_size=1000)
        self.model.objects.bulk_update(self.changed, names, batch_size=500)
        note_moved_places(self.moved)
        return load

    def _row(self, row: PlaceRow) -> RowResult:
        shown = RowResult(row.line, row.cells.get("name", "")[:100], LEFT_OUT)
        try:
            read = self.read(row)
            shown.name = read["name"]
            if not read["name"]:
                raise RowError(_("The row has no name."))
            lonlat = values.position(row)
            village = self.villages.needed(row)
            shown.village = f"{village.name}, {village.district.name}"
            key = (village.code, read["kind"], place_key(read["name"]))
            if key in self.first_line:
                raise RowError(
                    _("The same place as in row %(line)d.")
                    % {"line": self.first_line[key]}
                )
            known = self.stored.get(key)
            if known is None and lonlat is None:
                raise RowError(
                    _(
                        "The row has no position. A place is not shown anywhere but "
                        "where it is known to stand."
                    )
                )
        except RowError as error:
            shown.reason = str(error)
            return shown
        self.first_line[key] = row.line
        point = Point(*lonlat, srid=4326) if lonlat else None
        if known is None:
            self._add(village, read, point)
            shown.result = ADDED
        else:
            shown.result = self._change(known, read, point)
        if lonlat:
            shown.warning = self.villages.warning(row, village)
        return shown

    def _add(self, village: Village, read: dict[str, Any], point: Any) -> None:
        self.new.append(
            self.model(village=village, point=point, source=self.source, **read)
        )
        self.moved.append(point)

    def _change(self, known: Any, read: dict[str, Any], point: Any) -> str:
        told = {n: v for n, v in read.items() if v is not None and n != "name"}
        is_moved = point is not None and not point.equals_exact(known.point, 5e-7)
        if not is_moved and all(getattr(known, n) == v for n, v in told.items()):
            return UNCHANGED
        self.moved.append(known.point)
        for name, value in told.items():
            setattr(known, name, value)
        if is_moved:
            known.point = point
            self.moved.append(point)
        known.source = self.source
        self.changed.append(known)
        return CHANGED
