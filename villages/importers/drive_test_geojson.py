"""A drive test as GeoJSON: one point per reading, as professional tools write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.json_items import (
    DamagedError,
    ItemError,
    parse_item,
    read_items,
)
from villages.importers.reading import Problem, Row, Told
from villages.importers.table import Cells, damaged, found_with, row_of

NAME = "drive_test_geojson"
TITLE = gettext_lazy("Drive test as GeoJSON")
HINT = gettext_lazy(
    "One point per reading, with rsrp, tech, mcc, mnc and timestamp among its "
    "properties."
)

# Properties are compared in lower case; each tool has names of its own.
_ALIASES = {
    "rsrp": ("rsrp", "rsrp_dbm", "rscp", "rxlev"),
    "rsrq": ("rsrq", "rsrq_db"),
    "sinr": ("sinr", "sinr_db", "snr", "rssnr"),
    "tech": ("tech", "technology", "rat", "network_type"),
    "timestamp": ("timestamp", "time", "datetime", "observed_at"),
    "operator": ("operator", "operator_name"),
    "accuracy": ("accuracy", "accuracy_m"),
    "mcc": ("mcc",),
    "mnc": ("mnc",),
}
_NAME_OF = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_COLUMNS = {
    "lon": "coordinates[0]",
    "lat": "coordinates[1]",
    "rsrp_dbm": "rsrp",
    "rsrq_db": "rsrq",
    "sinr_db": "sinr",
    "technology": "tech",
    "accuracy_m": "accuracy",
    "observed_at": "timestamp",
}


def recognises(header: str) -> bool:
    return header.startswith("{") and (
        '"features"' in header or '"FeatureCollection"' in header
    )


def open_file(stream: BinaryIO, *, told: Told) -> DriveTestReader:
    return DriveTestReader(stream, told)


class DriveTestReader:
    """Reads features one by one; the "line" of a row is the feature's number."""

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._stream = stream
        self.told = told
        self.ignored_columns: list[str] = []

    @property
    def bytes_read(self) -> int:
        return self._stream.tell()

    def rows(self) -> Iterator[Row]:
        number = 0
        try:
            for text in read_items(self._stream, "features"):
                number += 1
                yield self._row(number, text)
        except DamagedError as error:
            yield damaged(number + 1, error)
        # Nothing behind the list is of use.
        self._stream.seek(0, 2)

    def _row(self, number: int, text: bytes | None) -> Row:
        try:
            texts = _texts_of(parse_item(text))
        except ItemError as error:
            written = (text or b"").decode("utf-8", "replace")
            return Row(number, None, [Problem("", written, str(error))])
        return row_of(number, Cells(texts, self.told), _read, _COLUMNS)


def _read(cells: Cells) -> dict[str, Any]:
    technology = cells.technology("tech")
    return {
        "operator": cells.operator("mcc", "mnc", "operator"),
        "technology": technology,
        "found": found_with(technology),
        "rsrp_dbm": cells.level("rsrp"),
        "rsrq_db": cells.number("rsrq"),
        "sinr_db": cells.number("sinr"),
        **cells.position("coordinates[0]", "coordinates[1]"),
        "accuracy_m": cells.number("accuracy"),
        "observed_at": cells.time("timestamp"),
    }


def _texts_of(feature: Any) -> dict[str, str]:
    """Return a feature's properties and place as texts, by the names of `_COLUMNS`."""
    if not isinstance(feature, dict):
        raise ItemError(_("Not a feature."))
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        geometry = {}
    place = geometry.get("coordinates")
    if not isinstance(place, list) or geometry.get("type") != "Point":
        raise ItemError(_("Not a point: only points are readings."))
    texts = {f"coordinates[{index}]": str(value) for index, value in enumerate(place)}
    properties = feature.get("properties")
    if isinstance(properties, dict):
        for alias, value in properties.items():
            name = _NAME_OF.get(alias.lower())
            if name and isinstance(value, str | int | float):
                texts.setdefault(name, str(value))
    return texts
