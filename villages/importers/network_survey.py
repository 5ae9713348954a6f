"""Network Survey's CSV, one file per technology, which begins with comments."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import ReportFileError, Told
from villages.importers.table import Cells, TableReader, found_with, names_of
from villages.models.reports import Technology

NAME = "network_survey"
TITLE = gettext_lazy("Network Survey CSV")
HINT = gettext_lazy("The files of GSM, UMTS, LTE and NR.")

# The columns by which the technology of a file is known, and what they become.
_READINGS = {
    Technology.G5.value: {
        "rsrp_dbm": "ssRsrp",
        "rsrq_db": "ssRsrq",
        "sinr_db": "ssSinr",
    },
    Technology.G4.value: {"rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "snr"},
    Technology.G3.value: {"rsrp_dbm": "rscp", "rsrq_db": "ecno"},
    Technology.G2.value: {"rsrp_dbm": "signalStrength"},
}


def recognises(header: str) -> bool:
    return header.startswith("# Created by Network Survey") or {
        "deviceTime",
        "missionId",
    } <= set(names_of(header))


def open_file(stream: BinaryIO, *, told: Told) -> NetworkSurveyReader:
    return NetworkSurveyReader(stream, told)


class NetworkSurveyReader(TableReader):
    required = ("deviceTime", "latitude", "longitude", "mcc", "mnc")

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        super().__init__(stream, told)
        known = [
            (technology, readings)
            for technology, readings in _READINGS.items()
            if readings["rsrp_dbm"] in self.names
        ]
        if not known:
            raise ReportFileError(
                _(
                    "Of Network Survey's files those of GSM, UMTS, LTE and NR can be "
                    "read; this one has no column of any of them."
                )
            )
        # A file of LTE has a signalStrength too; the most telling column comes first.
        self._technology, self._readings = known[0]
        self.columns = {
            **self._readings,
            "lon": "longitude",
            "lat": "latitude",
            "accuracy_m": "accuracy",
            "observed_at": "deviceTime",
        }

    def read(self, cells: Cells) -> dict[str, Any]:
        cells.must_be_serving("servingCell", serving="true")
        readings = {
            field: cells.number(column) for field, column in self._readings.items()
        }
        return {
            "operator": cells.operator("mcc", "mnc", "provider"),
            "technology": self._technology,
            "found": found_with(self._technology),
            **readings,
            "rsrp_dbm": cells.level(self._readings["rsrp_dbm"]),
            **cells.position("longitude", "latitude"),
            "accuracy_m": cells.number("accuracy"),
            "observed_at": cells.time("deviceTime"),
        }
