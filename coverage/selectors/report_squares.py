"""Every report as a square, a day and a few small numbers: a million at once.

What the map counts by cells (`coverage.core.crowds`), under any choice of operator,
technology, time and place. Read from the database once for a run, about 20 bytes a
report, because a million rows take the database seconds each time, and kept in a file,
which every process and the next start read in a blink.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Lock, get_ident
from zipfile import BadZipFile

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from coverage.core.crowds import Cells, count_by_cell
from coverage.core.grid import position_of
from coverage.models import CoverageRun
from villages.models import Found, Operator, Technology, Village
from villages.selectors.used_reports import used_sql

log = logging.getLogger(__name__)

FOUND = list(Found.values)
OPERATORS = list(Operator.values)
TECHNOLOGIES = list(Technology.values)
EPOCH = date(1970, 1, 1)
NO_VILLAGE = -1


@dataclass(frozen=True)
class Choice:
    """Which reports are meant; None is any. ``since`` and ``until`` are included."""

    operator: str | None = None
    technology: str | None = None
    since: date | None = None
    until: date | None = None
    villages: Collection[str] | None = None
    has_demo: bool = True


@dataclass(frozen=True)
class ReportSquares:
    """Reports in the order of their day (in WITA, since 1970): n in each array."""

    day: NDArray[np.int32]
    column: NDArray[np.int32]
    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    operator: NDArray[np.uint8]
    technology: NDArray[np.uint8]
    village: NDArray[np.int16]
    is_used: NDArray[np.bool_]
    is_demo: NDArray[np.bool_]
    # The villages by the number that ``village`` has for them.
    codes: list[str]

    def cells(
        self,
        choice: Choice,
        *,
        level: int,
        box: tuple[int, int, int, int],
        is_used_only: bool,
    ) -> Cells:
        """Return how many reports of *choice* found what, by cell within *box*.

        Raises
        ------
        ValueError
            If the box holds too many cells (`coverage.core.crowds`).
        """
        # Days ascend, so that a time is a slice.
        first = (
            0
            if choice.since is None
            else np.searchsorted(self.day, day_of(choice.since))
        )
        last = (
            len(self.day)
            if choice.until is None
            else np.searchsorted(self.day, day_of(choice.until), side="right")
        )
        part = slice(int(first), int(last))
        wanted = np.ones(max(part.stop - part.start, 0), bool)
        if is_used_only:
            wanted &= self.is_used[part]
        if choice.operator is not None:
            wanted &= self.operator[part] == OPERATORS.index(choice.operator)
        if choice.technology is not None:
            wanted &= self.technology[part] == TECHNOLOGIES.index(choice.technology)
        if choice.villages is not None:
            numbers = [n for n, c in enumerate(self.codes) if c in choice.villages]
            wanted &= np.isin(self.village[part], np.array(numbers, np.int16))
        if not choice.has_demo:
            wanted &= ~self.is_demo[part]
        column, row = self.column[part], self.row[part]
        found, day = self.found[part], self.day[part]
        if not wanted.all():
            column, row = column[wanted], row[wanted]
            found, day = found[wanted], day[wanted]
        return count_by_cell(
            column=column,
            row=row,
            kind=found,
            day=day,
            kinds=len(FOUND),
            level=level,
            box=box,
        )


def day_of(when: date) -> int:
    return (when - EPOCH).days


# Binary COPY, every column of one width and never null (see report_arrays).
_COLUMNS = {
    "lon": ">f8",
    "lat": ">f8",
    "day": ">i4",
    "found": ">i2",
    "operator": ">i2",
    "technology": ">i2",
    "village": ">i2",
    "is_used": "?",
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
_COPY_HEAD, _COPY_TAIL = 19, 2
_REPORTS = """
COPY (
SELECT ST_X(r.point), ST_Y(r.point),
       (r.observed_at AT TIME ZONE 'Asia/Makassar')::date - DATE '1970-01-01' AS day,
       array_position(%(found)s::varchar[], r.found)::int2,
       array_position(%(operators)s::varchar[], r.operator)::int2,
       array_position(%(technologies)s::varchar[], r.technology)::int2,
       coalesce(v.number, 0)::int2,
       {is_used},
       r.is_demo
FROM villages_signalreport AS r
LEFT JOIN unnest(%(codes)s::varchar[]) WITH ORDINALITY AS v (code, number)
  ON v.code = r.village_id
) TO STDOUT (FORMAT binary)
"""


_reading = Lock()
# Those of runs that somebody may still be looking at.
_MOST_FILES = 3


def report_squares(run: CoverageRun) -> ReportSquares:
    """Return every stored report; read anew for every run.

    Each run that is published has seen reports that the one before had not.
    """
    # Two requests that come together wait for one reading.
    with _reading:
        return _squares_of(_file_of(run))


def keep_report_squares(run: CoverageRun) -> bool:
    """Make the file of *run* before anybody asks; tell whether it was not there."""
    path = _file_of(run)
    if path.exists():
        return False
    _keep(path, _read())
    return True


@lru_cache(maxsize=1)
def _squares_of(path: Path) -> ReportSquares:
    found = _kept(path)
    if found is None:
        found = _read()
        _keep(path, found)
    return found


def _file_of(run: CoverageRun) -> Path:
    # A number comes again where a database was made anew.
    published = run.published_at.isoformat() if run.published_at else ""
    told = sha256(f"{run.checksum} {published}".encode()).hexdigest()[:16]
    return Path(settings.KUKAR_LOCAL_DIR, "squares", f"{run.pk}-{told}.npz")


def _kept(path: Path) -> ReportSquares | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            told = {name: arrays[name] for name in arrays.files}
        return ReportSquares(**{**told, "codes": told["codes"].tolist()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        log.exception("The reports kept for the map are read anew.")
        return None


def _keep(path: Path, squares: ReportSquares) -> None:
    """Write the file whole or not at all; without room for it the map does as well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.stem}-{os.getpid()}-{get_ident()}.new")
        with new.open("wb") as file:
            np.savez(file, **{**vars(squares), "codes": np.array(squares.codes, str)})
        new.replace(path)
        files = sorted(path.parent.glob("*.npz"), key=lambda p: p.stat().st_mtime)
        for old in files[:-_MOST_FILES]:
            old.unlink(missing_ok=True)
    except OSError:
        log.exception("The reports for the map could not be kept in a file.")


def _read() -> ReportSquares:
    codes = list(Village.objects.order_by("code").values_list("code", flat=True))
    copied = BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(
            _REPORTS.format(is_used=used_sql("r")),
            {
                "found": FOUND,
                "operators": OPERATORS,
                "technologies": TECHNOLOGIES,
                "codes": codes,
            },
        )
        cursor.copy_expert(statement, copied)
    rows = np.frombuffer(copied.getbuffer()[_COPY_HEAD:-_COPY_TAIL], _ROW)
    order = np.argsort(rows["day"].astype(np.int32), kind="stable")
    column, row = position_of(rows["lon"], rows["lat"])
    # array_position and ordinality count from one.
    return ReportSquares(
        day=rows["day"][order].astype(np.int32),
        column=np.floor(column)[order].astype(np.int32),
        row=np.floor(row)[order].astype(np.int32),
        found=(rows["found"][order] - 1).astype(np.uint8),
        operator=(rows["operator"][order] - 1).astype(np.uint8),
        technology=(rows["technology"][order] - 1).astype(np.uint8),
        village=(rows["village"][order] - 1).astype(np.int16),
        is_used=rows["is_used"][order],
        is_demo=rows["is_demo"][order],
        codes=codes,
    )
