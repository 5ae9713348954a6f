"""OpenCellID's upload, as Network Cell Info and Tower Collector write it."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.utils.translation import gettext_lazy

from villages.importers.reading import Told
from villages.importers.table import (
    Cells,
    TableReader,
    found_with,
    names_of,
)
from villages.models.reports import Technology

NAME = "opencellid"
TITLE = gettext_lazy("OpenCellID upload")
HINT = gettext_lazy("As Network Cell Info and Tower Collector save it.")

# The layout allows Android's ASU for the level (27.007 §8.5 and §8.69), from 0 on. In
# 3G two scales of it are in use, so there it does not tell the level.
_ASU = {Technology.G2.value: (31, 2, -113), Technology.G4.value: (97, 1, -140)}


def recognises(header: str) -> bool:
    names = {"mcc", "mnc", "signal", "measured_at", "act"}
    return names <= set(names_of(header))


def open_file(stream: BinaryIO, *, told: Told) -> OpenCellIdReader:
    return OpenCellIdReader(stream, told)


class OpenCellIdReader(TableReader):
    required = ("lat", "lon", "mcc", "mnc", "signal", "measured_at", "act")
    columns = {
        "lon": "lon",
        "lat": "lat",
        "rsrp_dbm": "signal",
        "technology": "act",
        "accuracy_m": "rating",
        "observed_at": "measured_at",
        "device_model": "devn",
    }

    def read(self, cells: Cells) -> dict[str, Any]:
        technology = cells.technology("act")
        return {
            "operator": cells.operator("mcc", "mnc"),
            "technology": technology,
            "found": found_with(technology),
            "rsrp_dbm": _level(cells, technology),
            **cells.position("lon", "lat"),
            # OpenCellID's word for the accuracy of the position in metres.
            "accuracy_m": cells.number("rating"),
            "observed_at": cells.time("measured_at"),
            "device_model": cells.text("devn"),
        }


def _level(cells: Cells, technology: str) -> float | None:
    value = cells.number("signal")
    if value is None or value < 0:
        return cells.level("signal")
    if technology not in _ASU:
        return None
    most, step_db, least_dbm = _ASU[technology]
    # Beyond the scale lies 99, which is "not known".
    return least_dbm + step_db * value if value <= most else None
