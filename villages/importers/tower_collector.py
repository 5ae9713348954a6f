"""Tower Collector's own export, with the rows of neighbouring cells."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.utils.translation import gettext_lazy

from villages.importers.reading import Told
from villages.importers.table import Cells, TableReader, found_with, names_of
from villages.models.reports import Technology

NAME = "tower_collector"
TITLE = gettext_lazy("Tower Collector CSV")
HINT = gettext_lazy("Rows of neighbouring cells are left out, each with its reason.")

# The columns of each technology's level and quality; "dbm" serves where they are empty.
_READINGS = {
    Technology.G2.value: {"rsrp_dbm": "dbm"},
    Technology.G3.value: {"rsrp_dbm": "rscp", "rsrq_db": "ec_no"},
    Technology.G4.value: {"rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "rssnr"},
    Technology.G5.value: {
        "rsrp_dbm": "ss_rsrp",
        "rsrq_db": "ss_rsrq",
        "sinr_db": "ss_sinr",
    },
}


def recognises(header: str) -> bool:
    return {"net_type", "neighboring", "dbm"} <= set(names_of(header))


def open_file(stream: BinaryIO, *, told: Told) -> TowerCollectorReader:
    return TowerCollectorReader(stream, told)


class TowerCollectorReader(TableReader):
    required = ("mcc", "mnc", "lat", "lon", "measured_at", "dbm", "net_type")
    columns = {
        "lon": "lon",
        "lat": "lat",
        "rsrp_dbm": "dbm",
        "technology": "net_type",
        "accuracy_m": "accuracy",
        "observed_at": "measured_at",
        "device_model": "device",
    }

    def read(self, cells: Cells) -> dict[str, Any]:
        cells.must_be_serving("neighboring", serving="false")
        technology = cells.technology("net_type")
        readings = {
            field: cells.number(column)
            for field, column in _READINGS[technology].items()
        }
        if readings["rsrp_dbm"] is None:
            readings["rsrp_dbm"] = cells.level("dbm")
        return {
            "operator": cells.operator("mcc", "mnc"),
            "technology": technology,
            "found": found_with(technology),
            **readings,
            **cells.position("lon", "lat"),
            "accuracy_m": cells.number("accuracy"),
            "observed_at": cells.time("measured_at"),
            "device_model": cells.text("device"),
        }
