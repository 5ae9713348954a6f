"""Reports as arrays, for the core."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from coverage.core.evidence import ENVIRONMENT_WEIGHT
from villages.models import Found, Technology
from villages.models.reports import Internet
from villages.selectors.used_reports import used_sql, weight_sql


@dataclass(frozen=True)
class ReportArrays:
    """Reports of one operator that count for the map: n in each array."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    found: NDArray[np.str_]
    technology: NDArray[np.str_]
    internet: NDArray[np.str_]
    rsrp_dbm: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    age_days: NDArray[np.float64]
    weight: NDArray[np.float64]
    visit: NDArray[np.int64]
    is_demo: bool

    def __len__(self) -> int:
        return len(self.lon)


# Reports travel as PostgreSQL's binary COPY: every column of one width and never
# null, so that all rows are one array (two-byte count of columns, then for each
# column four bytes of length and the value, big-endian).
_COLUMNS = {
    "lon": ">f8",
    "lat": ">f8",
    "found": ">i2",
    "technology": ">i2",
    "internet": ">i2",
    "rsrp_dbm": ">f8",
    "accuracy_m": ">f8",
    "age_days": ">f8",
    "environment": ">i2",
    "weight": ">f8",
    "visit": ">i8",
    "is_demo": "?",
}
_ROW = np.dtype(
    [("columns", ">i2")]
    + [
        field
        for name, kind in _COLUMNS.items()
        for field in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
# An 11-byte signature, flags, the length of an extension that is empty; at the end -1.
_COPY_HEAD, _COPY_TAIL = 19, 2

# A visit is one person, phone or file within one hour: rows of one visit are not
# independent evidence.
_REPORTS = """
COPY (
SELECT ST_X(point), ST_Y(point),
       array_position(%(found)s::varchar[], found)::int2,
       array_position(%(technology)s::varchar[], technology)::int2,
       array_position(%(internet)s::varchar[], internet)::int2,
       coalesce(rsrp_dbm, 'NaN'), coalesce(accuracy_m, 'NaN'),
       GREATEST(0, EXTRACT(EPOCH FROM %(cutoff)s - observed_at) / 86400)::float8,
       array_position(%(environment)s::varchar[], environment)::int2,
       {weight},
       hashtextextended(
           concat_ws('/', reported_by_id, batch_id, device_model,
                     floor(EXTRACT(EPOCH FROM observed_at) / 3600)), 0),
       is_demo
FROM villages_signalreport
WHERE operator = %(operator)s AND {is_used}
  AND (%(west)s::float8 IS NULL OR point && ST_MakeEnvelope(
        %(west)s, %(south)s, %(east)s, %(north)s, 4326))
) TO STDOUT (FORMAT binary)
"""


def report_arrays(
    *,
    operator: str,
    cutoff: datetime,
    extent: tuple[float, float, float, float] | None = None,
    as_of: datetime | None = None,
) -> ReportArrays:
    """Return *operator*'s reports, all or those within *extent* (degrees).

    Their ages are counted from *cutoff*. With *as_of*, only what was known then.
    """
    west, south, east, north = extent or (None, None, None, None)
    environments = list(ENVIRONMENT_WEIGHT)
    copied = BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(
            _REPORTS.format(is_used=used_sql(as_of=as_of), weight=weight_sql()),
            {
                "cutoff": cutoff,
                "operator": operator,
                "found": Found.values,
                "technology": Technology.values,
                "internet": Internet.values,
                "environment": environments,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
            },
        )
        cursor.copy_expert(statement, copied)
    rows = np.frombuffer(copied.getbuffer()[_COPY_HEAD:-_COPY_TAIL], _ROW)
    # array_position counts from one.
    return ReportArrays(
        lon=rows["lon"].astype(float),
        lat=rows["lat"].astype(float),
        found=np.array(Found.values)[rows["found"] - 1],
        technology=np.array(Technology.values)[rows["technology"] - 1],
        internet=np.array(Internet.values)[rows["internet"] - 1],
        rsrp_dbm=rows["rsrp_dbm"].astype(float),
        accuracy_m=rows["accuracy_m"].astype(float),
        age_days=rows["age_days"].astype(float),
        weight=np.array([ENVIRONMENT_WEIGHT[e] for e in environments], float)[
            rows["environment"] - 1
        ]
        * rows["weight"],
        visit=rows["visit"].astype(np.int64),
        is_demo=bool(rows["is_demo"].any()),
    )
