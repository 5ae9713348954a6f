"""Storing reports: each once, whole, and with a note of where the map is now stale."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Polygon
from django.db import connection, transaction
from django.utils.translation import gettext as _

from villages.models import ReportChange
from villages.models.reports import (
    EARLIEST_OBSERVED,
    LATEST_OBSERVED,
    MAX_ACCURACY_M,
    MAX_LATENCY_MS,
    MAX_POWER_OUT_HOURS,
    MAX_RATE_MBPS,
    RSRP_RANGE_DBM,
    RSRQ_RANGE_DB,
    SINR_RANGE_DB,
    Environment,
    Found,
    Internet,
    Operator,
    PositionSource,
    Technology,
)
from villages.services.measurement_tasks import close_done_tasks
from villages.services.plausibility import (
    FLAGS_SQL,
    IS_WITNESS_SQL,
    limits,
    placed_sql,
)


@dataclass(frozen=True, kw_only=True)
class NewReport:
    """A report that nobody has stored yet. Words and units as in the model."""

    id: UUID
    operator: str
    found: str
    lon: float
    lat: float
    observed_at: datetime
    technology: str = ""
    internet: str = ""
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    download_mbps: float | None = None
    upload_mbps: float | None = None
    latency_ms: float | None = None
    accuracy_m: float | None = None
    position_source: str = PositionSource.DEVICE.value
    environment: str = ""
    power_out_hours: float | None = None
    device_model: str = ""
    note: str = ""

    def digest(self) -> str:
        """Fingerprint the content, to tell a resend from a clash of ids."""
        # What was not said is left out, so that a field that reports gain later does
        # not change the fingerprint of those that were made before.
        content = {
            name: value
            for name, value in self.__dict__.items()
            if value is not None and value != ""
        }
        content["id"] = str(self.id)
        content["observed_at"] = str(self.observed_at.astimezone(UTC))
        return hashlib.sha256(_encode(content).encode()).hexdigest()


_FIELD_NAMES = [field.name for field in fields(NewReport)]
_encode = json.JSONEncoder(sort_keys=True).encode


class Outcome(StrEnum):
    STORED = "stored"
    SAME = "same"
    DIFFERENT = "different"


_CHOICES = {
    "operator": set(Operator.values),
    "technology": set(Technology.values),
    "found": set(Found.values),
    "internet": set(Internet.values),
    "environment": set(Environment.values),
    "position_source": set(PositionSource.values),
}
_RANGES = {
    "rsrq_db": RSRQ_RANGE_DB,
    "sinr_db": SINR_RANGE_DB,
    "download_mbps": (0.0, MAX_RATE_MBPS),
    "upload_mbps": (0.0, MAX_RATE_MBPS),
    "latency_ms": (0.0, MAX_LATENCY_MS),
    "accuracy_m": (0.0, MAX_ACCURACY_M),
    "power_out_hours": (0.0, MAX_POWER_OUT_HOURS),
    "lon": (-180.0, 180.0),
    "lat": (-90.0, 90.0),
}
_RANGES_OF = {
    technology.value: {**_RANGES, "rsrp_dbm": bounds}
    for technology, bounds in RSRP_RANGE_DBM.items()
}
_LENGTHS = {"device_model": 100, "note": 1000}
# A zero, or half of a pair that JSON can write and UTF-8 cannot.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_READINGS = ("rsrp_dbm", "rsrq_db", "sinr_db")
_RATES = ("download_mbps", "upload_mbps", "latency_ms")


def check_report(report: NewReport) -> dict[str, list[str]]:
    """Return what is wrong with *report*, field by field; empty when nothing is.

    The same rules as the database's constraints, in words for the author.
    """
    errors: dict[str, list[str]] = {}

    def refuse(field: str, message: str) -> None:
        errors.setdefault(field, []).append(message)

    values = report.__dict__
    for field, known in _CHOICES.items():
        value = values[field]
        if value not in known:
            names = ", ".join(sorted(name or _("empty") for name in known))
            refuse(
                field,
                _("“%(value)s” is not known here. Use one of: %(names)s.")
                % {"value": value, "names": names},
            )
    for field, (low, high) in _RANGES_OF.get(report.technology, _RANGES).items():
        value = values[field]
        # NaN compares False on both sides and is refused with the rest.
        if value is not None and not low <= value <= high:
            refuse(
                field,
                _("%(value)s is outside what is possible (%(low)g to %(high)g).")
                % {"value": value, "low": low, "high": high},
            )
    for field, length in _LENGTHS.items():
        value = values[field]
        if not value:
            continue
        if len(value) > length:
            refuse(field, _("At most %(length)d characters.") % {"length": length})
        if _UNSTORABLE.search(value):
            refuse(field, _("Contains a character that cannot be stored."))
    if report.found in (Found.NO_SERVICE, Found.EMERGENCY_ONLY):
        for field in _READINGS:
            if values[field] is not None:
                refuse(
                    field,
                    _("A phone without this operator's network has no reading of it."),
                )
    if report.found != Found.DATA:
        for field in _RATES:
            if values[field] is not None:
                refuse(field, _("Only a phone that found internet can measure this."))
        if report.internet:
            refuse("internet", _("Only a phone that found internet can tell this."))
    if report.observed_at.tzinfo is None:
        refuse("observed_at", _("The time needs a time zone, such as +08:00."))
    elif report.observed_at < EARLIEST_OBSERVED:
        refuse("observed_at", _("The phone's clock was not set: this time is too old."))
    elif report.observed_at >= LATEST_OBSERVED:
        refuse("observed_at", _("The phone's clock is wrong: this time is far ahead."))
    return errors


# Sorted by often, so without a language's order.
_TEMP_COLUMNS = (
    'id uuid, digest text, operator text COLLATE "C",'
    " technology text, found text,"
    " internet text, power_out_hours float8,"
    " rsrp_dbm float8, rsrq_db float8, sinr_db float8, download_mbps float8,"
    " upload_mbps float8, latency_ms float8, lon float8, lat float8,"
    " accuracy_m float8, position_source text, environment text,"
    ' observed_at timestamptz, device_model text COLLATE "C", note text, line int'
)
_values = attrgetter(*_FIELD_NAMES)

# One statement finds the village, sets the flags and stores, for one report and
# for ten thousand. Stored sorted by id, so that two identical batches that arrive at
# once wait for each other instead of locking each other out.
_STORE = f"""
INSERT INTO villages_signalreport (
    id, digest, operator, technology, found, internet, rsrp_dbm, rsrq_db, sinr_db,
    download_mbps, upload_mbps, latency_ms, point, accuracy_m, position_source,
    environment, power_out_hours, village_id, observed_at, received_at, clock_skew_s,
    device_model, note,
    reported_by_id, device_id, source, batch_id, flags, is_witness, review_state,
    is_demo
)
SELECT DISTINCT ON (id)
    id, digest, operator, technology, found, internet, rsrp_dbm, rsrq_db, sinr_db,
    download_mbps, upload_mbps, latency_ms, point, accuracy_m, position_source,
    environment, power_out_hours, village_code, observed_at, %(received_at)s,
    %(clock_skew_s)s::float8, device_model, note,
    %(reported_by)s, %(device)s::uuid, %(source)s, %(batch)s::uuid,
    {FLAGS_SQL}, {IS_WITNESS_SQL}, 'unreviewed', %(is_demo)s
FROM placed
ORDER BY id, line
ON CONFLICT (id) DO NOTHING
RETURNING id
"""

# Once: from the importer, in whose name it was stored, to who sends it.
_HAND_OVER = """
UPDATE villages_signalreport AS stored
SET reported_by_id = %(reported_by)s, device_id = %(device)s::uuid
FROM incoming_report AS incoming, villages_importbatch AS batch
WHERE stored.id = incoming.id AND stored.digest = incoming.digest
  AND batch.id = stored.batch_id AND batch.format = 'queue'
  AND stored.device_id IS NULL
  AND stored.reported_by_id IS NOT DISTINCT FROM batch.imported_by_id
"""

_COMPARE = """
SELECT incoming.line, stored.digest = incoming.digest
FROM incoming_report AS incoming
JOIN villages_signalreport AS stored USING (id)
"""


@transaction.atomic
def store_reports(
    *,
    reports: Sequence[NewReport],
    source: str,
    now: datetime,
    reported_by_id: int | None = None,
    device_id: UUID | None = None,
    batch_id: UUID | None = None,
    clock_skew: timedelta | None = None,
    is_demo: bool = False,
) -> list[Outcome]:
    """Store *reports*, each once, and note where they lie for whoever maps them.

    Returns one outcome for each report, in order: stored by this call, the same
    already there, or a different report under the same id (nothing stored).
    Safe to repeat: the same reports again change nothing. The reports must have
    passed :func:`check_report`; what slips through, a constraint refuses whole.
    *clock_skew* is the sender's clock minus ours, where the sender told its time.
    A report that the office brought in with a phone's queue becomes the sender's own
    when the phone itself sends it: only it can know the report.
    """
    if not reports:
        return []
    digests = [report.digest() for report in reports]
    with connection.cursor() as cursor:
        _copy_in(cursor, reports, digests)
        cursor.execute(
            placed_sql(
                batch_id=batch_id, device_id=device_id, reported_by_id=reported_by_id
            )
            + _STORE,
            {
                "received_at": now,
                "reported_by": reported_by_id,
                "device": device_id,
                "source": source,
                "batch": batch_id,
                "is_demo": is_demo,
            }
            | limits(
                now=now,
                source=source,
                batch_id=batch_id,
                reported_by_id=reported_by_id,
                clock_skew=clock_skew,
            ),
        )
        if cursor.rowcount == len(reports):
            # The common case, and the fast one: all are new, and no id comes twice.
            _note_change(reports)
            close_done_tasks(now=now)
            return [Outcome.STORED] * len(reports)
        stored = {row[0] for row in cursor.fetchall()}
        cursor.execute(_COMPARE)
        is_same = dict(cursor.fetchall())
        if batch_id is None and reported_by_id is not None:
            cursor.execute(
                _HAND_OVER, {"reported_by": reported_by_id, "device": device_id}
            )
    if stored:
        _note_change([report for report in reports if report.id in stored])
        close_done_tasks(now=now)

    outcomes = []
    for line, report in enumerate(reports):
        if not is_same.get(line, True):
            outcomes.append(Outcome.DIFFERENT)
        elif report.id in stored:
            # The second of two equal reports in one batch is a resend.
            stored.discard(report.id)
            outcomes.append(Outcome.STORED)
        else:
            outcomes.append(Outcome.SAME)
    return outcomes


def _copy_in(cursor: Any, reports: Sequence[NewReport], digests: list[str]) -> None:
    cursor.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS incoming_report ({_TEMP_COLUMNS})"
        " ON COMMIT DELETE ROWS"
    )
    cursor.execute("TRUNCATE incoming_report")
    # Compiling the statement takes longer than running it, and is done every time.
    cursor.execute("SET LOCAL jit = off")
    text = io.StringIO()
    # None becomes unquoted and empty, which is NULL to COPY; the texts named in
    # FORCE_NOT_NULL stay texts when they are empty.
    csv.writer(text).writerows(
        (line, digest, *_values(report))
        for line, (report, digest) in enumerate(zip(reports, digests, strict=True))
    )
    text.seek(0)
    cursor.copy_expert(
        f"COPY incoming_report (line, digest, {', '.join(_FIELD_NAMES)}) FROM STDIN"
        " WITH (FORMAT csv,"
        " FORCE_NOT_NULL (technology, internet, environment, device_model,"
        " note))",
        text,
    )


def _note_change(reports: Sequence[NewReport]) -> None:
    lons = [report.lon for report in reports]
    lats = [report.lat for report in reports]
    leave_change(
        operators=sorted({report.operator for report in reports}),
        extent=(min(lons), min(lats), max(lons), max(lats)),
    )


def leave_change(
    *, operators: list[str], extent: tuple[float, float, float, float]
) -> None:
    """Leave a note that reports of *operators* changed within *extent*.

    Call it inside the transaction that changes the reports. *extent* is
    (west, south, east, north) in degrees.
    """
    # A single report's extent is a point; the note needs an area that can be drawn.
    margin_deg = 1e-7
    west, south, east, north = extent
    ReportChange.objects.create(
        operators=operators,
        extent=Polygon.from_bbox(
            (
                west - margin_deg,
                south - margin_deg,
                east + margin_deg,
                north + margin_deg,
            )
        ),
    )
