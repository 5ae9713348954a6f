"""Blank-spot polygons of a layer, replaced where the layer changed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection
from numpy.typing import NDArray
from scipy import ndimage

from coverage.core.classify import P_STEPS, State
from coverage.core.grid import Window
from coverage.core.polygons import Patch, label_patches, patch_polygons
from coverage.models import BlankSpot, CoverageRun, SpotState
from coverage.selectors.regency import Regency
from villages.selectors.used_reports import used_sql

STATES = {SpotState.BLANK: State.BLANK, SpotState.LIKELY_BLANK: State.LIKELY_BLANK}
# Demonstration reports this near have shaped a spot: the estimator's search radius,
# in degrees on the equator.
DEMO_REACH_DEG = 0.0725


class Drawn:
    """Polygons drawn ahead, while others may still publish.

    A polygon depends on the squares of its patch, on those around them, and on where
    they lie; whatever those are when it is published, it is looked up by them.
    """

    def __init__(self) -> None:
        self._polygons: dict[bytes, tuple[MultiPolygon, MultiPolygon]] = {}

    def polygons_of(
        self,
        marked: Marked,
        patch: Patch,
        window: Window,
        *,
        kinds: NDArray[np.uint8],
    ) -> tuple[MultiPolygon, MultiPolygon]:
        """Return the exact polygon of *patch* and the one to be drawn."""
        rows, columns = (slice(max(s.start - 1, 0), s.stop + 1) for s in patch.box)
        here = (window.row + patch.box[0].start, window.column + patch.box[1].start)
        where = (*here, *(s.stop - s.start for s in patch.box))
        digest = hashlib.sha256(repr(where).encode())
        digest.update(kinds[rows, columns].tobytes())
        digest.update((marked.labels[patch.box] == patch.label).tobytes())
        key = digest.digest()
        if key not in self._polygons:
            exact, drawn = patch_polygons(marked.labels, patch, window, kinds=kinds)
            self._polygons[key] = _geometry(exact), _geometry(drawn)
        return self._polygons[key]

    def draw(self, state: NDArray[np.uint8], window: Window) -> None:
        """Draw every spot of a layer."""
        kinds = kinds_of(state)
        for mark in STATES.values():
            marked = Marked(*label_patches(state == mark))
            for patch in marked.patches:
                self.polygons_of(marked, patch, window, kinds=kinds)


def kinds_of(state: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what each square is drawn as: its state where that is a spot's, else 0."""
    is_spot = np.isin(state, list(STATES.values()))
    return np.where(is_spot, state, 0).astype(np.uint8)


@dataclass(frozen=True)
class Marked:
    """The patches of one state of one layer."""

    labels: NDArray[np.int32]
    patches: list[Patch]

    def touched(self, mask: NDArray[np.bool_]) -> list[Patch]:
        if mask.all():
            return self.patches
        numbers = set(np.unique(self.labels[mask]).tolist())
        return [patch for patch in self.patches if patch.label in numbers]

    def anchor(self, patch: Patch) -> tuple[int, int]:
        """Return (row, column) of the first square of *patch* in the array."""
        inside = self.labels[patch.box] == patch.label
        row = int(inside.any(axis=1).argmax())
        column = int(inside[row].argmax())
        return patch.box[0].start + row, patch.box[1].start + column


def replace_spots(
    *,
    run: CoverageRun,
    operator: str,
    service: str,
    places: Regency,
    state: NDArray[np.uint8],
    p_blank: NDArray[np.uint8],
    previous_state: NDArray[np.uint8],
    changed: NDArray[np.bool_],
    drawn: Drawn | None = None,
    as_of: datetime | None = None,
) -> None:
    """End the spots that *changed* touches and make those that are there now.

    A new spot takes the identity of the old one with which it shares the largest
    area; each identity is passed on at most once. Its evidence is what was known
    *as_of* that moment, where one is given. Call it inside the transaction that
    publishes *run*.
    """
    # A patch that only lost squares has changes beside it, not inside.
    near = ndimage.binary_dilation(changed) if not changed.all() else changed
    in_force = {
        (spot.state, spot.anchor_row, spot.anchor_column): spot
        for spot in BlankSpot.objects.filter(
            operator=operator, service=service, ended_run=None
        ).only("pk", "identity", "state", "anchor_row", "anchor_column")
    }
    if changed.all():
        # Also those of an older grid, whose squares are no longer in this window.
        ended = list(in_force.values())
    else:
        ended = []
        for spot_state, mark in STATES.items():
            old = Marked(*label_patches(previous_state == mark))
            for patch in old.touched(near):
                row, column = old.anchor(patch)
                key = (
                    spot_state,
                    row + places.window.row,
                    column + places.window.column,
                )
                ended.append(in_force[key])
    heritage = _heritage(ended, previous_state, places)
    drawn = drawn or Drawn()
    fresh: list[tuple[BlankSpot, NDArray[np.int64]]] = []
    kinds = kinds_of(state)
    for spot_state, mark in STATES.items():
        now = Marked(*label_patches(state == mark))
        for patch in now.touched(near):
            fresh.append(
                _new_spot(
                    run,
                    operator,
                    service,
                    spot_state,
                    now,
                    patch,
                    places,
                    p_blank,
                    polygons=drawn.polygons_of(now, patch, places.window, kinds=kinds),
                )
            )
    _pass_on_identities(fresh, heritage, ended, places)

    BlankSpot.objects.filter(pk__in=[spot.pk for spot in ended]).update(ended_run=run)
    created = BlankSpot.objects.bulk_create([spot for spot, _squares in fresh])
    _count_evidence([spot.pk for spot in created], as_of)


def _heritage(
    ended: list[BlankSpot], previous_state: NDArray[np.uint8], places: Regency
) -> NDArray[np.int32]:
    """Return for each square which of *ended* it belonged to (from 1), else 0."""
    heir = np.zeros(previous_state.shape, np.int32)
    for spot_state, mark in STATES.items():
        labels, _patches = label_patches(previous_state == mark)
        number_of = np.zeros(labels.max() + 1, np.int32)
        for number, spot in enumerate(ended, start=1):
            row = spot.anchor_row - places.window.row
            column = spot.anchor_column - places.window.column
            is_inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
            if spot.state == spot_state and is_inside and labels[row, column]:
                number_of[labels[row, column]] = number
        heir = np.maximum(heir, number_of[labels])
    return heir


def _new_spot(
    run: CoverageRun,
    operator: str,
    service: str,
    spot_state: str,
    marked: Marked,
    patch: Patch,
    places: Regency,
    p_blank: NDArray[np.uint8],
    *,
    polygons: tuple[MultiPolygon, MultiPolygon],
) -> tuple[BlankSpot, NDArray[np.int64]]:
    rows, columns = np.nonzero(marked.labels[patch.box] == patch.label)
    rows = rows + patch.box[0].start
    columns = columns + patch.box[1].start
    areas = places.area_km2[rows]
    p = p_blank[rows, columns] / P_STEPS
    mean = float(np.average(p, weights=areas))
    variance = float(np.average((p - mean) ** 2, weights=areas))
    by_village = np.bincount(
        places.owner[rows, columns], weights=areas, minlength=len(places.codes)
    )
    order = np.argsort(-by_village, kind="stable")
    inside = [int(index) for index in order if by_village[index] > 0]
    spot = BlankSpot(
        first_run=run,
        operator=operator,
        service=service,
        state=spot_state,
        anchor_row=int(rows[0]) + places.window.row,
        anchor_column=int(columns[0]) + places.window.column,
        polygon=polygons[0],
        outline=polygons[1],
        area_km2=float(areas.sum()),
        confidence=min(mean, 1.0),
        confidence_std=variance**0.5,
        report_count=0,
        reporter_count=0,
        villages=[places.codes[index] for index in inside],
        village_areas_km2=[float(by_village[index]) for index in inside],
        village_shares=[float(by_village[i] / places.village_km2[i]) for i in inside],
        districts=list(dict.fromkeys(places.districts[index] for index in inside)),
    )
    return spot, rows * places.window.width + columns


def _geometry(polygon: shapely.MultiPolygon) -> MultiPolygon:
    wkb = memoryview(shapely.to_wkb(polygon))
    return cast("MultiPolygon", GEOSGeometry(wkb, srid=4326))


def _pass_on_identities(
    fresh: list[tuple[BlankSpot, NDArray[np.int64]]],
    heritage: NDArray[np.int32],
    ended: list[BlankSpot],
    places: Regency,
) -> None:
    shares = []
    for index, (spot, squares) in enumerate(fresh):
        numbers, counts = np.unique(heritage.ravel()[squares], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number:
                shares.append(
                    (-count, spot.anchor_row, spot.anchor_column, index, number)
                )
    has_identity, is_passed_on = set(), set()
    for _count, _row, _column, index, number in sorted(shares):
        if index not in has_identity and number not in is_passed_on:
            fresh[index][0].identity = ended[number - 1].identity
            has_identity.add(index)
            is_passed_on.add(number)
    for index, (spot, _squares) in enumerate(fresh):
        if index not in has_identity:
            spot.identity = uuid.uuid4()


_EVIDENCE = """
UPDATE coverage_blankspot AS spot SET
    report_count = evidence.reports, reporter_count = evidence.reporters,
    report_kinds = evidence.kinds,
    newest_report_at = evidence.newest, oldest_report_at = evidence.oldest,
    settlement_count = evidence.settlements, people = evidence.people_inside,
    facility_count = evidence.facilities, school_count = evidence.schools,
    health_centre_count = evidence.health_centres,
    pupils = evidence.pupils_inside, patients = evidence.patients_inside,
    is_demo = evidence.is_demo
FROM (
    SELECT s.id, reports.*, settlements.*, facilities.*,
        -- Nobody inside is nobody where the office loaded places of every village;
        -- where it did not, or nobody counted those inside, it is not known.
        CASE WHEN settlements.settlements = 0 AND loaded.has_settlements THEN 0
             ELSE settlements.people END AS people_inside,
        CASE WHEN facilities.schools = 0 AND loaded.has_schools THEN 0
             ELSE facilities.pupils END AS pupils_inside,
        CASE WHEN facilities.health_centres = 0 AND loaded.has_health_centres THEN 0
             ELSE facilities.patients END AS patients_inside,
        settlements.has_demo_settlement OR facilities.has_demo_facility
        OR EXISTS (SELECT 1 FROM villages_signalreport AS r
                WHERE r.is_demo AND s.operator IN ('ANY', r.operator)
                AND r.point && ST_Expand(s.polygon, %(demo_reach_deg)s)) AS is_demo
    FROM coverage_blankspot AS s
    CROSS JOIN LATERAL (
        SELECT count(*) AS reports,
               count(DISTINCT concat_ws('/', r.reported_by_id, r.batch_id,
                                        r.device_model)) AS reporters,
               max(LEAST(r.observed_at, r.received_at)) AS newest,
               min(r.observed_at) AS oldest,
               jsonb_build_object(
                   'no_service', count(*) FILTER (WHERE r.found = 'no_service'),
                   'emergency_only', count(*) FILTER (WHERE r.found = 'emergency_only'),
                   'voice_only', count(*) FILTER (WHERE r.found = 'voice_only'),
                   'data', count(*) FILTER (WHERE r.found = 'data'),
                   'reading', count(r.rsrp_dbm)
               ) AS kinds
        FROM villages_signalreport AS r
        WHERE ST_Covers(s.polygon, r.point) AND {is_used}
          AND s.operator IN ('ANY', r.operator)
    ) AS reports
    CROSS JOIN LATERAL (
        SELECT count(*) AS settlements, sum(p.people) AS people,
               coalesce(bool_or(p.is_demo), FALSE) AS has_demo_settlement
        FROM villages_settlement AS p WHERE ST_Covers(s.polygon, p.point)
    ) AS settlements
    CROSS JOIN LATERAL (
        SELECT count(*) AS facilities,
               count(*) FILTER (WHERE f.kind = 'school') AS schools,
               count(*) FILTER (WHERE f.kind = 'health_centre') AS health_centres,
               sum(f.pupils) AS pupils, sum(f.patients) AS patients,
               coalesce(bool_or(f.is_demo), FALSE) AS has_demo_facility
        FROM villages_facility AS f WHERE ST_Covers(s.polygon, f.point)
    ) AS facilities
    CROSS JOIN LATERAL (
        -- NULL, and so not known, for a spot outside every village.
        SELECT bool_and(EXISTS (SELECT 1 FROM villages_settlement AS p
                   WHERE p.village_id = code)) AS has_settlements,
               bool_and(EXISTS (SELECT 1 FROM villages_facility AS f
                   WHERE f.village_id = code AND f.kind = 'school')) AS has_schools,
               bool_and(EXISTS (SELECT 1 FROM villages_facility AS f
                   WHERE f.village_id = code AND f.kind = 'health_centre'))
                   AS has_health_centres
        FROM unnest(s.villages) AS code
    ) AS loaded
    WHERE s.id = ANY(%(ids)s)
) AS evidence
WHERE evidence.id = spot.id
"""


def _count_evidence(ids: list[int], as_of: datetime | None) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                _EVIDENCE.format(is_used=used_sql("r", as_of=as_of)),
                {"ids": ids, "demo_reach_deg": DEMO_REACH_DEG},
            )
