"""Lists of settlements and facilities become places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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


def _part(row: PlaceRow) -> str:
    """Return what an RT is one of, where its row tells: RW 02 Dusun Hulu."""
    rw = values.text(row.cells, "rw", 20)
    dusun = values.text(row.cells, "dusun", 50)
    if rw.isdecimal():
        rw = f"RW {int(rw):02d}"
    if dusun and place_key(dusun).split(" ")[0] not in ("dusun", "dukuh", "lingkungan"):
        dusun = f"Dusun {dusun}"
    return f"{rw} {dusun}".strip()


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


# Village, kind and name, however it is written.
Key = tuple[str, str, str]


@dataclass(slots=True)
class _ReadRow:
    """A row with what it says; the reason it cannot be used stands in *shown*."""

    row: PlaceRow
    shown: RowResult
    values: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    warning: str = ""
    lonlat: tuple[float, float] | None = None
    village: Village | None = None

    @property
    def key(self) -> Key:
        code = self.village.code if self.village else ""
        return code, self.values["kind"], place_key(self.values["name"])


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
        self.first_line: dict[Key, int] = {}
        self.new: list[Any] = []
        self.changed: list[Any] = []
        self.moved: list[Point] = []

    def run(self) -> PlaceLoad:
        read = [self._read(row) for row in self.table.rows]
        self._tell_apart(read)
        load = PlaceLoad([self._store(one) for one in read])
        names = [f.name for f in self.model._meta.fields if not f.primary_key]
        codes = {place.village_id for place in self.new}
        self.moved += make_way_for_real(self.model, codes)
        self.model.objects.bulk_create(self.new, batch_size=1000)
        self.model.objects.bulk_update(self.changed, names, batch_size=500)
        note_moved_places(self.moved)
        return load

    def _read(self, row: PlaceRow) -> _ReadRow:
        shown = RowResult(row.line, row.cells.get("name", "")[:100], LEFT_OUT)
        one = _ReadRow(row, shown)
        try:
            one.values = self.read(row)
            shown.name = one.values["name"]
            if not shown.name:
                raise RowError(_("The row has no name."))
            if one.values["kind"] == Settlement.Kind.RT:
                one.part = _part(row)
            one.lonlat = values.position(row)
            one.village = self.villages.needed(row)
            shown.village = f"{one.village.name}, {one.village.district.name}"
        except RowError as error:
            shown.reason = str(error)
        return one

    def _tell_apart(self, rows: list[_ReadRow]) -> None:
        """Put what an RT is one of into its name, where the number alone is of two.

        A village whose numbers go through keeps the short names, in which it may
        have been brought before.
        """
        parts: dict[Key, set[str]] = {}
        for one in rows:
            if one.part and one.village:
                parts.setdefault(one.key, set()).add(place_key(one.part))
        begin_anew = {(k[0], k[1]) for k, of_one in parts.items() if len(of_one) > 1}
        for one in rows:
            if not (one.part and one.village):
                continue
            long = f"{one.values['name']} {one.part}"[:100]
            is_stored_long = (*one.key[:2], place_key(long)) in self.stored
            if is_stored_long or one.key[:2] in begin_anew:
                short = self.stored.get(one.key)
                if short is not None:
                    one.warning = _(
                        "“%(name)s” of an earlier list stays beside it. Delete it "
                        "where it is the same."
                    ) % {"name": short.name}
                one.values["name"] = one.shown.name = long

    def _store(self, one: _ReadRow) -> RowResult:
        shown, village = one.shown, one.village
        if shown.reason or village is None:
            return shown
        known = self.stored.get(one.key)
        if one.key in self.first_line:
            shown.reason = _("The same place as in row %(line)d.") % {
                "line": self.first_line[one.key]
            }
            if one.values["kind"] == Settlement.Kind.RT and not one.part:
                shown.reason += " " + _(
                    "If they are two, tell the RW or dusun of each in a column."
                )
            return shown
        if known is None and one.lonlat is None:
            shown.reason = _(
                "The row has no position. A place is not shown anywhere but "
                "where it is known to stand."
            )
            return shown
        self.first_line[one.key] = one.row.line
        point = Point(*one.lonlat, srid=4326) if one.lonlat else None
        if known is None:
            self._add(village, one.values, point)
            shown.result = ADDED
        else:
            shown.result = self._change(known, one.values, point)
        warnings = [one.warning]
        if one.lonlat:
            warnings.append(self.villages.warning(one.row, village))
        shown.warning = " ".join(filter(None, warnings))
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
