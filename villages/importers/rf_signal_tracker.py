"""RF Signal Tracker's CSV, whose coordinates are degrees times a million."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import Told
from villages.importers.table import (
    CellError,
    Cells,
    TableReader,
    found_with,
    names_of,
)
from villages.models.reports import Technology

NAME = "rf_signal_tracker"
TITLE = gettext_lazy("RF Signal Tracker CSV")
HINT = gettext_lazy("Its level is kept for 2G only; of others it is another power.")

_PER_DEGREE = 1e6
# English, whatever the machine speaks.
_MONTHS = [
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
]


def recognises(header: str) -> bool:
    return {"rssi", "logdate", "site_lat", "tech"} <= set(names_of(header))


def open_file(stream: BinaryIO, *, told: Told) -> RfSignalTrackerReader:
    return RfSignalTrackerReader(stream, told)


class RfSignalTrackerReader(TableReader):
    required = ("latitude", "longitude", "rssi", "logdate", "mcc", "mnc", "tech")
    columns = {
        "lon": "longitude",
        "lat": "latitude",
        "rsrp_dbm": "rssi",
        "technology": "tech",
        "observed_at": "logdate",
    }

    def read(self, cells: Cells) -> dict[str, Any]:
        technology = cells.technology("tech")
        place = cells.position("longitude", "latitude")
        is_2g = technology == Technology.G2.value
        return {
            "operator": cells.operator("mcc", "mnc"),
            "technology": technology,
            "found": found_with(technology),
            # The power of the whole channel. In 2G that is the level; in 3G and 4G it
            # is far above that of the reference signal.
            "rsrp_dbm": cells.level("rssi") if is_2g else None,
            "lon": place["lon"] / _PER_DEGREE,
            "lat": place["lat"] / _PER_DEGREE,
            "observed_at": _time(cells, "logdate"),
        }


def _time(cells: Cells, column: str) -> datetime:
    """Read the app's local time, such as 14 Aug 2010 13:56:03."""
    try:
        day, month, year, clock = cells.text(column).split(" ")
        number = _MONTHS.index(month) + 1
        local = datetime.fromisoformat(f"{year}-{number:02}-{int(day):02}T{clock}")
        return local.replace(tzinfo=cells.told.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(column, _("Not a time with date and hour.")) from None
