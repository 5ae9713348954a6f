"""What a run says at one place: every layer there, and how near the evidence is."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point
from django.db import connection

from coverage.core import grid
from coverage.core.classify import P_STEPS, UNKNOWN_P, State
from coverage.models import (
    ANY_OPERATOR,
    BlankSpot,
    CoverageRun,
    LayerOperator,
    Service,
    SurfaceTile,
)
from kukar_connect.days import days_ago
from villages.models import Operator, Village
from villages.selectors.used_reports import used_sql

# Of so many reports around a place, of whichever operators and whether the run knew
# them or not, the nearest of each is looked for: that many are read in a few
# milliseconds wherever they lie.
MOST_NEAR = 1_000
# So few reports of an operator are all compared, however far they lie.
FEW_REPORTS = 2_000
# No nearer is told, or the answers to many questions would say where single reports
# were made.
STEP_KM = 0.1


@dataclass(frozen=True)
class Evidence:
    """The nearest report of an operator; where it was not found, how far it is not."""

    distance_km: float | None = None
    age_days: int | None = None
    farther_than_km: float | None = None


@dataclass(frozen=True)
class LayerAt:
    """One layer at one place. Without an estimate the numbers are None."""

    operator: str
    service: str
    state: str
    mean_dbm: float | None
    std_db: float | None
    p_blank: float | None
    blank_spot: str | None
    evidence: Evidence


@dataclass(frozen=True)
class PlaceAt:
    lon: float
    lat: float
    run: CoverageRun
    village: Village | None
    layers: list[LayerAt]

    def layer(self, operator: str, service: str) -> LayerAt:
        return next(
            layer
            for layer in self.layers
            if (layer.operator, layer.service) == (operator, service)
        )


def place_at(run: CoverageRun, lon: float, lat: float, *, now: datetime) -> PlaceAt:
    """Return what *run* says at a place in degrees, in every layer."""
    point = Point(lon, lat, srid=4326)
    squares = _squares_at(run, lon, lat)
    spots = {
        (spot.operator, spot.service): str(spot.identity)
        for spot in BlankSpot.objects.of_run(run.pk)
        .filter(polygon__intersects=point)
        .only("operator", "service", "identity")
    }
    evidence = _nearest_reports(run, lon, lat, now=now)
    nothing = ("outside" if not squares else "unknown", None, None, None)
    layers = [
        LayerAt(
            operator,
            service,
            *squares.get((operator, service), nothing),
            blank_spot=spots.get((operator, service)),
            evidence=evidence[operator],
        )
        for service in Service.values
        for operator in LayerOperator.values
    ]
    village = (
        Village.objects.filter(boundary__intersects=point)
        .select_related("district")
        .defer("boundary", "district__boundary")
        .order_by("code")
        .first()
    )
    return PlaceAt(lon, lat, run, village, layers)


Square = tuple[str, float | None, float | None, float | None]


def _squares_at(
    run: CoverageRun, lon: float, lat: float
) -> dict[tuple[str, str], Square]:
    column, row = grid.position_of(np.array(lon), np.array(lat))
    x, left = divmod(int(column), grid.TILE_SQUARES)
    y, top = divmod(int(row), grid.TILE_SQUARES)
    found = {}
    tiles = SurfaceTile.objects.of_run(run.pk).filter(x=x, y=y)
    for tile in tiles:
        at = top * grid.TILE_SQUARES + left
        state = State(_value(tile.state, np.uint8, at))
        p = _value(tile.p_blank, np.uint8, at)
        numbers = (
            (None, None, None)
            if p == UNKNOWN_P or state == State.OUTSIDE
            else (
                _value(tile.mean_ddbm, np.int16, at) / 10,
                _value(tile.std_ddb, np.uint8, at) / 10,
                p / P_STEPS,
            )
        )
        found[tile.operator, tile.service] = (state.name.lower(), *numbers)
    return found


def _value(packed: bytes | memoryview, dtype: Any, at: int) -> int:
    # No more is unpacked than what comes before it.
    size = np.dtype(dtype).itemsize
    until = zlib.decompressobj().decompress(packed, (at + 1) * size)
    return int(np.frombuffer(until, dtype)[at])


_NEAREST = """
WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point),
near AS MATERIALIZED (
    SELECT r.operator, r.observed_at, r.point,
           r.received_at <= %(cutoff)s AND {is_used} AS is_known
    FROM villages_signalreport AS r
    ORDER BY r.point <-> (SELECT point FROM here) LIMIT %(most)s
),
few AS MATERIALIZED (
    SELECT r.operator, r.observed_at, r.point, TRUE AS is_known
    FROM villages_signalreport AS r
    WHERE r.operator = ANY(%(few)s) AND r.received_at <= %(cutoff)s AND {is_used}
),
nearest AS (
    SELECT DISTINCT ON (operator) operator, observed_at, point
    FROM (SELECT * FROM near UNION ALL SELECT * FROM few) AS known
    WHERE is_known
    ORDER BY operator, known.point <-> (SELECT point FROM here), observed_at DESC
),
last AS (
    SELECT point FROM near
    ORDER BY point <-> (SELECT point FROM here) DESC LIMIT 1
)
SELECT operator, observed_at,
       ST_Distance(nearest.point::geography, here.point::geography)
FROM nearest, here
UNION ALL
SELECT NULL, NULL, ST_Distance(last.point::geography, here.point::geography)
FROM last, here WHERE (SELECT count(*) FROM near) >= %(most)s
"""


def _nearest_reports(
    run: CoverageRun, lon: float, lat: float, *, now: datetime
) -> dict[str, Evidence]:
    few = [
        operator
        for operator in Operator.values
        if 0 < run.report_counts.get(operator, 0) <= FEW_REPORTS
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST.format(is_used=used_sql("r")),
            {
                "lon": lon,
                "lat": lat,
                "cutoff": run.input_cutoff_at,
                "most": MOST_NEAR,
                "few": few,
            },
        )
        rows = cursor.fetchall()
    farther_than_m = next((m for operator, _, m in rows if operator is None), None)
    found = {
        operator: Evidence(
            distance_km=_coarse_km(metres), age_days=days_ago(observed_at, now)
        )
        for operator, observed_at, metres in rows
        if operator is not None
    }
    missing = Evidence(
        farther_than_km=None
        if farther_than_m is None
        else math.floor(farther_than_m / 1000 / STEP_KM) * STEP_KM
    )
    nearest = [e for e in found.values() if e.distance_km is not None]
    any_operator = min(
        nearest, key=lambda e: (e.distance_km or 0.0, e.age_days or 0), default=missing
    )
    return {ANY_OPERATOR: any_operator} | {
        operator: found.get(operator, missing) for operator in Operator.values
    }


def _coarse_km(metres: float) -> float:
    """Return a distance rounded up to whole steps, so that it is never too near."""
    return round(math.ceil(metres / 1000 / STEP_KM) * STEP_KM, 1)
