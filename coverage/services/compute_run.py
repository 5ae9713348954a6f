"""Computing a run: reports in, surfaces and blank spots out, published at once.

A full run learns the law of each layer from all its reports and estimates every
tile. A run of changes keeps the laws and estimates only the tiles near the reports
that changed. Both publish the same way: what came out equal stays as it is, and
what changed replaces what was, in one transaction.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import metadata
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from coverage.core import grid
from coverage.core.classify import (
    UNKNOWN_P,
    State,
    StateRules,
    Surface,
    classify,
    combine_any,
    sieve,
)
from coverage.core.estimate import Observations, SignalLaw, fit_law
from coverage.core.evidence import THRESHOLD_DBM, bounds_for
from coverage.core.exposure import NOWHERE, areas_by_state
from coverage.core.observations import Pooled, pool
from coverage.core.parallel import Layer, estimate_tiles
from coverage.models import (
    ANY_OPERATOR,
    CoverageRun,
    SurfaceTile,
    VillageCoverage,
)
from coverage.selectors import (
    AREAS,
    Regency,
    ReportArrays,
    current_run,
    regency,
    report_arrays,
)
from coverage.services.publish_spots import replace_spots
from kukar_connect.errors import DomainError
from villages.models import Operator, ReportChange

Progress = Callable[[int, int | None, str], None]
SERVICES = tuple(THRESHOLD_DBM)

# A law learned from few reports is learned again when a fifth more have come.
REFIT_GROWTH = 1.2
# One run at a time, of whatever process: the key of PostgreSQL's advisory lock.
LOCK_KEY = 64_02


class NoVillagesError(DomainError):
    title = "There are no villages yet."


@dataclass
class LayerResult:
    """One layer on its way to publication, over the regency's window."""

    surface: Surface
    state: NDArray[np.uint8]
    previous: Surface
    previous_state: NDArray[np.uint8]
    # Squares whose blank spots are to be made anew.
    changed: NDArray[np.bool_]


@dataclass
class Inputs:
    """What a run starts from."""

    cutoff: datetime
    notes: list[ReportChange]
    laws: dict[Layer, SignalLaw]
    pooled: dict[Layer, Pooled]
    tiles: dict[Layer, list[tuple[int, int]]]
    counts: dict[str, int] = field(default_factory=dict)
    is_demo: bool = False


def compute_full(
    *, now: datetime, progress: Progress, processes: int = 2
) -> CoverageRun:
    """Compute every layer from all reports and publish.

    Not safe to run twice at once; a second call waits for the first.

    Raises
    ------
    NoVillagesError
        If no village has a boundary: there is nothing to map.
    """
    with _one_at_a_time():
        return _run(now=now, progress=progress, processes=processes, is_full=True)


def compute_changes(*, now: datetime, progress: Progress) -> CoverageRun | None:
    """Bring the map up to date with the reports that changed, if any did.

    Returns None when nothing was waiting. Safe to repeat.
    """
    if not ReportChange.objects.exists():
        return None
    with _one_at_a_time():
        return _run(now=now, progress=progress, processes=1, is_full=False)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def _run(
    *, now: datetime, progress: Progress, processes: int, is_full: bool
) -> CoverageRun:
    places = regency()
    if places is None:
        message = "Load the villages first: bin/manage load_villages."
        raise NoVillagesError(message)
    before = current_run()
    rules = StateRules()
    settings = _settings(places, rules)
    notes = list(ReportChange.objects.order_by("pk"))
    counts, is_demo = _count_reports()
    is_full = is_full or before is None or _needs_full(before, settings, counts)
    run = CoverageRun.objects.create(
        is_full=is_full,
        is_demo=is_demo,
        input_cutoff_at=now,
        report_counts=counts,
        software_version=software_version(),
    )
    try:
        progress(0, None, "Reading reports")
        inputs = (
            _inputs_full(now, notes, places)
            if is_full or before is None
            else _inputs_of_changes(now, notes, places, before)
        )
        run.tiles_total = sum(len(tiles) for tiles in inputs.tiles.values())
        run.save(update_fields=["tiles_total"])
        layers = _estimate(run, inputs, places, before, processes, progress)
        for operator, service in [k for k in layers if k[0] != ANY_OPERATOR]:
            _finish(layers[operator, service], service, places, rules)
        _add_any(layers, places, rules, before)
        _mark_evidence(layers, places, notes, is_full=is_full)
        run.parameters = settings | {
            "laws": {
                f"{op}/{service}": law.to_dict()
                for (op, service), law in sorted(inputs.laws.items())
            }
        }
        progress(0, None, "Publishing")
        _publish(run, layers, places, before, notes, now)
    except BaseException as error:
        CoverageRun.objects.filter(pk=run.pk).update(
            state=CoverageRun.State.FAILED, error=f"{type(error).__name__}: {error}"
        )
        raise
    return run


def is_of_these_boundaries(run: CoverageRun) -> bool:
    """Tell whether *run* was computed over the villages' boundaries of today."""
    places = regency()
    return places is not None and run.parameters["boundaries"] == places.fingerprint


def software_version() -> str:
    try:
        return metadata.version("kukar-connect")
    except metadata.PackageNotFoundError:
        return "from source"


def _settings(places: Regency, rules: StateRules) -> dict[str, Any]:
    return {
        "threshold_dbm": THRESHOLD_DBM,
        "states": asdict(rules),
        "boundaries": places.fingerprint,
        "zoom": grid.ZOOM,
    }


def _needs_full(
    before: CoverageRun, settings: dict[str, Any], counts: dict[str, int]
) -> bool:
    if {k: before.parameters.get(k) for k in settings} != settings:
        return True
    fitted = before.parameters.get("fitted_counts", before.report_counts)
    return any(
        count > REFIT_GROWTH * fitted.get(operator, 0)
        or count < fitted.get(operator, 0)
        for operator, count in counts.items()
    )


def _count_reports() -> tuple[dict[str, int], bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT operator, count(*), bool_or(is_demo) FROM villages_signalreport"
            " WHERE review_state <> 'rejected' GROUP BY operator ORDER BY operator"
        )
        rows = cursor.fetchall()
    return {operator: count for operator, count, _ in rows}, any(r[2] for r in rows)


# --- inputs --------------------------------------------------------------------


def observations_of(reports: ReportArrays, service: str) -> Observations:
    """Return what *reports* say of *service*, as the estimator takes it."""
    bounds = bounds_for(
        service,
        found=reports.found,
        technology=reports.technology,
        rsrp_dbm=reports.rsrp_dbm,
    )
    says = bounds.says
    return Observations(
        lon=reports.lon[says],
        lat=reports.lat[says],
        low_dbm=bounds.low_dbm[says],
        high_dbm=bounds.high_dbm[says],
        accuracy_m=reports.accuracy_m[says],
        age_days=reports.age_days[says],
        weight=reports.weight[says],
        visit=reports.visit[says],
    )


def _inputs_full(now: datetime, notes: list[ReportChange], places: Regency) -> Inputs:
    inputs = Inputs(now, notes, {}, {}, {})
    for operator in Operator.values:
        reports = report_arrays(operator=operator, cutoff=now)
        if not len(reports):
            continue
        for service in SERVICES:
            layer = (operator, service)
            observations = observations_of(reports, service)
            inputs.pooled[layer] = pool(
                observations, threshold_dbm=THRESHOLD_DBM[service]
            )
            inputs.laws[layer] = fit_law(
                observations, threshold_dbm=THRESHOLD_DBM[service]
            )
            inputs.tiles[layer] = places.tiles
    return inputs


def _inputs_of_changes(
    now: datetime, notes: list[ReportChange], places: Regency, before: CoverageRun
) -> Inputs:
    inputs = Inputs(now, notes, {}, {}, {})
    laws = before.parameters["laws"]
    for name, law in laws.items():
        operator, service = name.split("/")
        inputs.laws[operator, service] = SignalLaw.from_dict(law)
    known = set(places.tiles)
    for operator in sorted({op for note in notes for op in note.operators}):
        law = inputs.laws[operator, SERVICES[0]]
        extents = [note.extent.extent for note in notes if operator in note.operators]
        tiles = sorted(
            {
                tile
                for extent in extents
                for tile in grid.tiles_over(extent, margin_m=law.search_radius_m)
                if tile in known
            }
        )
        if not tiles:
            continue
        reports = report_arrays(
            operator=operator,
            cutoff=now,
            extent=_extent_of(tiles, law.search_radius_m),
        )
        for service in SERVICES:
            inputs.pooled[operator, service] = pool(
                observations_of(reports, service), threshold_dbm=THRESHOLD_DBM[service]
            )
            inputs.tiles[operator, service] = tiles
    return inputs


def _extent_of(
    tiles: list[tuple[int, int]], margin_m: float
) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of *tiles*, widened by more than *margin_m*."""
    window = grid.window_of_tiles(tiles)
    # Half as much again: the search radius is measured on the ellipsoid.
    margin_deg = 1.5 * margin_m / 110_574.0
    return (
        float(grid.lon_at(window.column)) - margin_deg,
        float(grid.lat_at(window.row + window.height)) - margin_deg,
        float(grid.lon_at(window.column + window.width)) + margin_deg,
        float(grid.lat_at(window.row)) + margin_deg,
    )


# --- estimating ----------------------------------------------------------------


def _estimate(
    run: CoverageRun,
    inputs: Inputs,
    places: Regency,
    before: CoverageRun | None,
    processes: int,
    progress: Progress,
) -> dict[Layer, LayerResult]:
    # Operators whose reports are all gone (demonstration data removed) go unknown.
    layers = {
        layer: _start_layer(layer, places, before, is_full=run.is_full)
        for layer in _all_layers(inputs, before, is_full=run.is_full)
    }
    held = {layer: (inputs.laws[layer], inputs.pooled[layer]) for layer in inputs.tiles}
    jobs = [(layer, x, y) for layer, tiles in inputs.tiles.items() for x, y in tiles]
    outside = places.owner == NOWHERE
    done_tiles = estimate_tiles(held, jobs, processes=processes)
    for done, (layer, x, y, tile) in enumerate(done_tiles, start=1):
        where = grid.slice_in(places.window, x, y)
        surface = layers[layer].surface
        mask = outside[where]
        surface.mean_ddbm[where] = np.where(mask, 0, tile.mean_ddbm)
        surface.std_ddb[where] = np.where(mask, 0, tile.std_ddb)
        surface.p_blank[where] = np.where(mask, UNKNOWN_P, tile.p_blank)
        progress(done, len(jobs), "Estimating tiles")
        if done % 16 == 0:
            CoverageRun.objects.filter(pk=run.pk).update(tiles_done=done)
    run.tiles_done = len(jobs)
    return layers


def _all_layers(
    inputs: Inputs, before: CoverageRun | None, *, is_full: bool
) -> list[Layer]:
    layers = set(inputs.tiles)
    if is_full and before is not None:
        for name in before.parameters.get("laws", {}):
            operator, service = name.split("/")
            layers.add((operator, service))
    return sorted(layers)


def _empty_surface(shape: tuple[int, int]) -> Surface:
    return Surface(
        np.zeros(shape, np.int16),
        np.zeros(shape, np.uint8),
        np.full(shape, UNKNOWN_P, np.uint8),
    )


def load_layer(
    layer: Layer, places: Regency, run: CoverageRun | None
) -> tuple[Surface, NDArray[np.uint8]]:
    """Return the published surface and states of *layer*, unknown where none is."""
    surface = _empty_surface(places.window.shape)
    state = np.where(places.owner == NOWHERE, State.OUTSIDE, State.UNKNOWN).astype(
        np.uint8
    )
    if run is None:
        return surface, state
    rows = SurfaceTile.objects.of_run(run.pk).filter(
        operator=layer[0], service=layer[1]
    )
    known = set(places.tiles)
    for row in rows:
        if (row.x, row.y) not in known:
            continue
        where = grid.slice_in(places.window, row.x, row.y)
        surface.mean_ddbm[where] = unpack(row.mean_ddbm, np.int16)
        surface.std_ddb[where] = unpack(row.std_ddb, np.uint8)
        surface.p_blank[where] = unpack(row.p_blank, np.uint8)
        state[where] = unpack(row.state, np.uint8)
    return surface, state


def unpack(packed: bytes | memoryview, dtype: Any) -> NDArray:
    """Return the array (256, 256) of a column of SurfaceTile."""
    side = grid.TILE_SQUARES
    return np.frombuffer(zlib.decompress(packed), dtype).reshape(side, side)


def _start_layer(
    layer: Layer, places: Regency, before: CoverageRun | None, *, is_full: bool
) -> LayerResult:
    previous, previous_state = load_layer(layer, places, before)
    surface = (
        _empty_surface(places.window.shape)
        if is_full
        else Surface(
            previous.mean_ddbm.copy(), previous.std_ddb.copy(), previous.p_blank.copy()
        )
    )
    nothing = np.zeros(places.window.shape, bool)
    return LayerResult(surface, previous_state, previous, previous_state, nothing)


def _finish(
    layer: LayerResult, service: str, places: Regency, rules: StateRules
) -> None:
    """Derive the states, and which squares differ from what was published."""
    state = classify(layer.surface, threshold_dbm=THRESHOLD_DBM[service], rules=rules)
    state[places.owner == NOWHERE] = State.OUTSIDE
    layer.state = sieve(state, area_km2=places.area_km2, rules=rules)
    layer.changed = (
        (layer.surface.p_blank != layer.previous.p_blank)
        | (layer.surface.mean_ddbm != layer.previous.mean_ddbm)
        | (layer.surface.std_ddb != layer.previous.std_ddb)
        | (layer.state != layer.previous_state)
    )


def _add_any(
    layers: dict[Layer, LayerResult],
    places: Regency,
    rules: StateRules,
    before: CoverageRun | None,
) -> None:
    """Add "any operator" for every service in which an operator was estimated."""
    known = {op for op, _ in layers}
    if before is not None:
        known |= {name.split("/")[0] for name in before.parameters.get("laws", {})}
    for service in SERVICES:
        if not any(s == service for _, s in layers):
            continue
        surfaces = [
            layers[operator, service].surface
            if (operator, service) in layers
            else load_layer((operator, service), places, before)[0]
            for operator in sorted(known)
        ]
        # An operator without a single report was looked for nowhere: it says nothing,
        # or no place could be blank before all three are measured.
        measured = [s for s in surfaces if (s.p_blank != UNKNOWN_P).any()]
        layer = _start_layer((ANY_OPERATOR, service), places, before, is_full=True)
        if measured:
            layer.surface = combine_any(measured, rules=rules)
        _finish(layer, service, places, rules)
        layers[ANY_OPERATOR, service] = layer


def _mark_evidence(
    layers: dict[Layer, LayerResult],
    places: Regency,
    notes: list[ReportChange],
    *,
    is_full: bool,
) -> None:
    """Mark also the squares whose evidence changed, though their state did not."""
    for (operator, _service), layer in layers.items():
        if is_full:
            layer.changed[:] = True
            continue
        for note in notes:
            if operator not in (ANY_OPERATOR, *note.operators):
                continue
            west, south, east, north = note.extent.extent
            column, row = grid.position_of(
                np.array([west, east]), np.array([north, south])
            )
            left, right = np.floor(column).astype(int) - places.window.column
            top, bottom = np.floor(row).astype(int) - places.window.row
            layer.changed[
                max(top, 0) : max(bottom + 1, 0), max(left, 0) : max(right + 1, 0)
            ] = True


# --- publishing ----------------------------------------------------------------


@transaction.atomic
def _publish(
    run: CoverageRun,
    layers: dict[Layer, LayerResult],
    places: Regency,
    before: CoverageRun | None,
    notes: list[ReportChange],
    now: datetime,
) -> None:
    """Make *run* the current one: all of it is seen, or nothing."""
    for name, layer in sorted(layers.items()):
        _replace_tiles(run, name, layer, places)
        replace_spots(
            run=run,
            operator=name[0],
            service=name[1],
            places=places,
            state=layer.state,
            p_blank=layer.surface.p_blank,
            previous_state=layer.previous_state,
            changed=layer.changed,
        )
        _replace_village_coverage(run, name, layer, places)
    if run.is_full:
        run.parameters["fitted_counts"] = run.report_counts
    elif before is not None:
        run.parameters["fitted_counts"] = before.parameters.get("fitted_counts", {})
    run.checksum = _checksum()
    CoverageRun.objects.filter(is_current=True).update(is_current=False)
    run.state = CoverageRun.State.PUBLISHED
    run.is_current = True
    run.published_at = now
    run.save()
    # Notes that came in meanwhile are not among these and wait for the next run.
    ReportChange.objects.filter(pk__in=[note.pk for note in notes]).delete()


def _replace_tiles(
    run: CoverageRun, name: Layer, layer: LayerResult, places: Regency
) -> None:
    operator, service = name
    in_force = SurfaceTile.objects.filter(
        operator=operator, service=service, ended_run=None
    )
    digests = {(t.x, t.y): t.digest for t in in_force.only("x", "y", "digest")}
    fresh = []
    for x, y in places.tiles:
        where = grid.slice_in(places.window, x, y)
        arrays = {
            "state": layer.state[where],
            "mean_ddbm": layer.surface.mean_ddbm[where],
            "std_ddb": layer.surface.std_ddb[where],
            "p_blank": layer.surface.p_blank[where],
        }
        raw = {
            key: np.ascontiguousarray(array).tobytes() for key, array in arrays.items()
        }
        digest = hashlib.sha256(b"".join(raw.values())).hexdigest()
        if digests.pop((x, y), None) == digest:
            continue
        fresh.append(
            SurfaceTile(
                first_run=run,
                operator=operator,
                service=service,
                x=x,
                y=y,
                digest=digest,
                **{key: zlib.compress(data, 6) for key, data in raw.items()},
            )
        )
    for tile in fresh:
        in_force.filter(x=tile.x, y=tile.y).update(ended_run=run)
    # What is left has no square in the regency any more: its boundaries moved.
    for x, y in digests:
        in_force.filter(x=x, y=y).update(ended_run=run)
    SurfaceTile.objects.bulk_create(fresh)


def _replace_village_coverage(
    run: CoverageRun, name: Layer, layer: LayerResult, places: Regency
) -> None:
    operator, service = name
    areas = areas_by_state(
        layer.state, places.owner, area_km2=places.area_km2, count=len(places.codes)
    )
    counts = _reports_by_village(operator)
    in_force = {
        row.village_id: row
        for row in VillageCoverage.objects.filter(
            operator=operator, service=service, ended_run=None
        )
    }
    fresh, ended = [], []
    for code, of_village in zip(places.codes, areas, strict=True):
        row = VillageCoverage(
            first_run=run,
            operator=operator,
            service=service,
            village_id=code,
            covered_km2=float(of_village[State.COVERED] + of_village[State.WEAK]),
            weak_km2=float(of_village[State.WEAK]),
            likely_blank_km2=float(of_village[State.LIKELY_BLANK]),
            blank_km2=float(of_village[State.BLANK]),
            unknown_km2=float(of_village[State.UNKNOWN]),
            report_count=counts.get(code, 0),
        )
        old = in_force.pop(code, None)
        compared = (*AREAS, "report_count")
        if old and all(getattr(old, key) == getattr(row, key) for key in compared):
            continue
        fresh.append(row)
        if old:
            ended.append(old.pk)
    ended += [row.pk for row in in_force.values()]
    VillageCoverage.objects.filter(pk__in=ended).update(ended_run=run)
    VillageCoverage.objects.bulk_create(fresh)


def _reports_by_village(operator: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT village_id, count(*) FROM villages_signalreport"
            " WHERE village_id IS NOT NULL AND review_state <> 'rejected'"
            " AND %s IN ('ANY', operator) GROUP BY village_id",
            [operator],
        )
        return dict(cursor.fetchall())


def _checksum() -> str:
    """Return the SHA-256 of all surfaces in force, the same for the same map."""
    digest = hashlib.sha256()
    rows = SurfaceTile.objects.filter(ended_run=None).order_by(
        "operator", "service", "x", "y"
    )
    for row in rows.values_list("operator", "service", "x", "y", "digest"):
        digest.update("/".join(map(str, row)).encode())
    return digest.hexdigest()
