"""CellMapper's export: a table without a header and without times."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.utils.translation import gettext_lazy

from villages.importers.reading import Told
from villages.importers.table import (
    TECHNOLOGY_OF,
    Cells,
    TableReader,
    found_with,
    names_of,
)

NAME = "cellmapper"
TITLE = gettext_lazy("CellMapper CSV")
HINT = gettext_lazy("Carries no times: fill in the day on which it was measured.")

_NAMES = (
    "latitude",
    "longitude",
    "altitude",
    "MCC",
    "MNC",
    "LAC",
    "CID",
    "signal",
    "type",
    "subtype",
    "ARFCN",
    "PSC/PCI",
)


def recognises(header: str) -> bool:
    cells = dict(zip(_NAMES, names_of(header), strict=False))
    return (
        header.count(",") == len(_NAMES) - 1
        and cells["type"].upper() in TECHNOLOGY_OF
        and all(cells[name].isdecimal() for name in ("MCC", "MNC"))
    )


def open_file(stream: BinaryIO, *, told: Told) -> CellMapperReader:
    return CellMapperReader(stream, told)


class CellMapperReader(TableReader):
    FIXED = _NAMES
    columns = {
        "lon": "longitude",
        "lat": "latitude",
        "rsrp_dbm": "signal",
        "technology": "type",
    }

    def read(self, cells: Cells) -> dict[str, Any]:
        technology = cells.technology("type")
        return {
            "operator": cells.operator("MCC", "MNC"),
            "technology": technology,
            "found": found_with(technology),
            "rsrp_dbm": cells.level("signal"),
            **cells.position("longitude", "latitude"),
            "observed_at": cells.told_time(),
        }
