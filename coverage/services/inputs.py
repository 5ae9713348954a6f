"""What a run starts from: the laws, the pooled observations, the tiles to estimate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from importlib import metadata
from io import BytesIO
from typing import Any

import numpy as np
from django.db import connection

from coverage.core import grid
from coverage.core.classify import StateRules
from coverage.core.estimate import Observations, SignalLaw
from coverage.core.evidence import THRESHOLD_DBM, bounds_for
from coverage.core.law import Layer
from coverage.core.observations import Pooled
from coverage.core.parallel import (
    Held,
    Spread,
    Task,
    core_digest,
    learn_layer,
)
from coverage.core.trend import pool_for
from coverage.models import CoverageRun, StagedLayer
from coverage.selectors.regency import Regency
from coverage.selectors.report_arrays import ReportArrays, report_arrays
from coverage.services.ground import ground_digest, ground_of
from coverage.services.layers import Change, Tile
from villages.flags import flag_effects
from villages.models import Operator
from villages.selectors.used_reports import used_sql

SERVICES = tuple(THRESHOLD_DBM)


@dataclass
class Inputs:
    """The layers to estimate: law, observations and tiles of each."""

    laws: dict[Layer, SignalLaw] = field(default_factory=dict)
    pooled: dict[Layer, Pooled] = field(default_factory=dict)
    tiles: dict[Layer, list[Tile]] = field(default_factory=dict)

    def held(self) -> Held:
        return {
            layer: (self.laws[layer], self.pooled[layer], ground_of(layer[0]))
            for layer in self.pooled
        }

    def wanted(self) -> list[tuple[Layer, int, int]]:
        return [(layer, x, y) for layer in self.tiles for x, y in self.tiles[layer]]


def software_version() -> str:
    try:
        return metadata.version("kukar-connect")
    except metadata.PackageNotFoundError:
        return "from source"


def settings_of(places: Regency, rules: StateRules) -> dict[str, Any]:
    """Return what a map depends on besides the reports."""
    return {
        "threshold_dbm": THRESHOLD_DBM,
        "states": asdict(rules),
        "boundaries": places.fingerprint,
        "zoom": grid.ZOOM,
        "ground": ground_digest(),
        "flag_effects": {
            effect.flag.value: 0.0 if effect.is_held else effect.weight
            for effect in flag_effects()
        },
        # A law of an earlier version cannot be used by this one.
        "law": sorted(f.name for f in fields(SignalLaw)),
        # A map of an earlier version lacks what pages now read of every run.
        "results": [
            "surface",
            "blank spots",
            "nobody inside is nobody",
            "villages",
            "places",
        ],
    }


def fingerprint_of(settings: dict[str, Any]) -> str:
    """Return what two processes have in common that may finish each other's run."""
    told = json.dumps(settings, sort_keys=True) + core_digest()
    return hashlib.sha256(told.encode()).hexdigest()


def count_reports(as_of: datetime | None = None) -> tuple[dict[str, int], bool]:
    """Return how many reports count for each operator, and whether any is invented."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT operator, count(*), bool_or(is_demo) FROM villages_signalreport"
            f" WHERE {used_sql(as_of=as_of)} GROUP BY operator ORDER BY operator"
        )
        rows = cursor.fetchall()
    return {operator: count for operator, count, _ in rows}, any(r[2] for r in rows)


def observations_of(reports: ReportArrays, service: str) -> Observations:
    """Return what *reports* say of *service*, as the estimator takes it."""
    bounds = bounds_for(
        service,
        found=reports.found,
        technology=reports.technology,
        internet=reports.internet,
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


def inputs_of_all(
    cutoff: datetime, places: Regency, spread: Spread, as_of: datetime | None = None
) -> Inputs:
    """Read every report and learn the law of each layer that has any."""
    inputs = Inputs()
    to_learn = _layers_to_learn(cutoff, Operator.values, as_of)
    learned = dict(spread(learn_layer, to_learn))
    for layer in sorted(learned):
        inputs.laws[layer], inputs.pooled[layer] = learned[layer]
        inputs.tiles[layer] = places.tiles
    return inputs


def _layers_to_learn(
    cutoff: datetime, operators: Sequence[str], as_of: datetime | None = None
) -> Iterator[Task]:
    for operator in operators:
        reports = report_arrays(operator=operator, cutoff=cutoff, as_of=as_of)
        if len(reports):
            for service in SERVICES:
                observations = observations_of(reports, service)
                yield (
                    (operator, service),
                    (observations, THRESHOLD_DBM[service], ground_of(operator)),
                )


def inputs_of_changes(
    cutoff: datetime,
    changes: Sequence[Change],
    places: Regency,
    laws: dict[Layer, SignalLaw],
) -> Inputs:
    """Read the reports around *changes*; an operator without a law gets its own."""
    inputs = Inputs(laws=dict(laws))
    known = set(places.tiles)
    for operator in sorted({op for change in changes for op in change.operators}):
        if (operator, SERVICES[0]) not in inputs.laws:
            for layer, task in _layers_to_learn(cutoff, [operator]):
                inputs.laws[layer] = learn_layer(*task)[0]
        if (operator, SERVICES[0]) not in inputs.laws:
            continue
        margin_m = inputs.laws[operator, SERVICES[0]].search_radius_m
        tiles = sorted(
            {
                tile
                for change in changes
                if operator in change.operators
                for tile in grid.tiles_over(change.extent.extent, margin_m=margin_m)
                if tile in known
            }
        )
        if not tiles:
            continue
        extent = _extent_of(tiles, margin_m)
        reports = report_arrays(operator=operator, cutoff=cutoff, extent=extent)
        for service in SERVICES:
            inputs.pooled[operator, service] = pool_for(
                inputs.laws[operator, service],
                observations_of(reports, service),
                ground_of(operator),
            )
            inputs.tiles[operator, service] = tiles
    return inputs


def _extent_of(tiles: list[Tile], margin_m: float) -> tuple[float, float, float, float]:
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


# --- kept with an unfinished run -------------------------------------------------


def keep_inputs(run: CoverageRun, inputs: Inputs) -> None:
    """Keep *inputs* with *run*, so that another process can go on from the same."""
    StagedLayer.objects.bulk_create(
        StagedLayer(
            run=run,
            operator=operator,
            service=service,
            law=inputs.laws[operator, service].to_dict(),
            pooled=_to_bytes(inputs.pooled[operator, service]),
        )
        for operator, service in inputs.tiles
    )


def kept_inputs(run: CoverageRun, places: Regency) -> Inputs:
    """Return the inputs that were kept with *run*."""
    inputs = Inputs()
    for row in run.staged_layers.order_by("operator", "service"):
        layer = (row.operator, row.service)
        inputs.laws[layer] = SignalLaw.from_dict(row.law)
        inputs.pooled[layer] = _from_bytes(row.pooled)
        inputs.tiles[layer] = places.tiles
    return inputs


def laws_of(run: CoverageRun | None) -> dict[Layer, SignalLaw]:
    """Return the laws that a published run was computed with."""
    told = run.parameters["laws"] if run is not None else {}
    return {
        (name.split("/")[0], name.split("/")[1]): SignalLaw.from_dict(law)
        for name, law in told.items()
    }


def laws_told(laws: dict[Layer, SignalLaw]) -> dict[str, dict[str, Any]]:
    """Return *laws* as they stand in a run's parameters."""
    return {
        f"{op}/{service}": law.to_dict() for (op, service), law in sorted(laws.items())
    }


def _to_bytes(pooled: Pooled) -> bytes:
    kept = BytesIO()
    np.savez(kept, **{f.name: getattr(pooled, f.name) for f in fields(pooled)})
    return kept.getvalue()


def _from_bytes(kept: bytes | memoryview) -> Pooled:
    with np.load(BytesIO(bytes(kept)), allow_pickle=False) as arrays:
        return Pooled(**{f.name: arrays[f.name] for f in fields(Pooled)})
