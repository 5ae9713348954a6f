"""The nearest report of each operator to many places at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from threading import Lock

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from pyproj import Geod
from scipy.spatial import KDTree

from coverage.models import CoverageRun
from villages.models import Operator
from villages.selectors.used_reports import used_sql

WGS84 = Geod(ellps="WGS84")
# As high as the strips in which places are put in order.
STRIP_DEGREES = 0.05


@dataclass(frozen=True)
class NearestReports:
    """Of each of n places: how far the nearest report lies, and when it was made.

    Metres on the ellipsoid, NaN where there is none; microseconds since 1970.
    """

    metres: NDArray[np.float64]
    observed_us: NDArray[np.int64]


@dataclass(frozen=True)
class _Known:
    """The reports of one operator, the newest of each position."""

    # In degrees, as PostGIS orders by distance.
    tree: KDTree
    observed_us: NDArray[np.int64]


_reading = Lock()


def nearest_reports(
    run: CoverageRun, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> dict[str, NearestReports]:
    """Return for each operator the reports nearest to places in degrees.

    The reports are read once for a run, about 50 bytes each.
    """
    # Two requests that come together wait for one reading.
    with _reading:
        known = _known_reports(run.pk, run.input_cutoff_at)
    # Beside one another in the tree, most of what a place needs is at hand already.
    order = np.lexsort([lon, np.floor(lat / STRIP_DEGREES)])
    places = np.column_stack([lon, lat])[order]

    def nearest(operator: str) -> NearestReports:
        metres = np.full(len(lon), np.nan)
        observed_us = np.zeros(len(lon), np.int64)
        if operator in known and len(lon):
            reports = known[operator]
            _degrees, at = reports.tree.query(places)
            there = reports.tree.data[at]
            metres[order] = WGS84.inv(*places.T, *there.T)[2]
            observed_us[order] = reports.observed_us[at]
        return NearestReports(metres, observed_us)

    # Both the tree and the ellipsoid let other threads compute meanwhile.
    with ThreadPoolExecutor(len(Operator.values)) as threads:
        found = threads.map(nearest, Operator.values)
        return dict(zip(Operator.values, found, strict=True))


# Binary COPY, every column of one width and never null (see report_arrays).
_ROW = np.dtype(
    [
        ("columns", ">i2"),
        *(
            field
            for name, kind in (
                ("lon", ">f8"),
                ("lat", ">f8"),
                ("operator", ">i2"),
                ("observed_us", ">i8"),
            )
            for field in ((f"{name}_length", ">i4"), (name, kind))
        ),
    ]
)
_COPY_HEAD, _COPY_TAIL = 19, 2
_REPORTS = """
COPY (
SELECT ST_X(r.point), ST_Y(r.point),
       array_position(%(operators)s::varchar[], r.operator)::int2,
       (EXTRACT(EPOCH FROM r.observed_at) * 1000000)::int8
FROM villages_signalreport AS r
WHERE r.received_at <= %(cutoff)s AND {is_used}
) TO STDOUT (FORMAT binary)
"""


# The current run, and one of the past that somebody compares with it.
@lru_cache(maxsize=2)
def _known_reports(_run_id: int, cutoff: datetime) -> dict[str, _Known]:
    copied = BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(
            _REPORTS.format(is_used=used_sql("r")),
            {"operators": Operator.values, "cutoff": cutoff},
        )
        cursor.copy_expert(statement, copied)
    rows = np.frombuffer(copied.getbuffer()[_COPY_HEAD:-_COPY_TAIL], _ROW)
    known = {}
    # array_position counts from one.
    for number, operator in enumerate(Operator.values, start=1):
        of_operator = rows[rows["operator"] == number]
        if not len(of_operator):
            continue
        lon = of_operator["lon"].astype(float)
        lat = of_operator["lat"].astype(float)
        observed_us = of_operator["observed_us"].astype(np.int64)
        order = np.lexsort([-observed_us, lat, lon])
        lon, lat, observed_us = lon[order], lat[order], observed_us[order]
        is_first = np.append(True, (np.diff(lon) != 0) | (np.diff(lat) != 0))
        known[operator] = _Known(
            # Not balanced: built in a third of the time, asked as fast.
            KDTree(
                np.column_stack([lon, lat])[is_first], leafsize=32, balanced_tree=False
            ),
            observed_us[is_first],
        )
    return known
