"""Making a run the current one: all of it is seen, or nothing.

What came out equal stays as it is, and what changed replaces what was, in one
transaction. A run of changes looks only at the part of the map that its changes can
reach, and comes to the same as if it had looked at all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet

from coverage.core.classify import (
    UNKNOWN_P,
    StateRules,
    Surface,
    combine_any,
)
from coverage.core.law import Layer
from coverage.models import (
    ANY_OPERATOR,
    CoverageRun,
    LateChange,
    StagedLayer,
    StagedTile,
)
from coverage.selectors.regency import Regency
from coverage.selectors.runs import as_of_run, last_run
from coverage.services.inputs import SERVICES, count_reports, laws_of
from coverage.services.layers import (
    Change,
    LayerResult,
    Tile,
    box_around,
    box_of,
    finish_part,
    finish_whole,
    lay_in,
    load_layer,
    over_box,
    part_of,
    start_layer,
    unpack,
    whole,
)
from coverage.services.publish_rows import (
    map_checksum,
    replace_place_coverage,
    replace_tiles,
    replace_village_coverage,
    reports_by_village,
)
from coverage.services.publish_spots import Drawn, replace_spots
from coverage.services.run_life import RunCancelledError
from coverage.services.tell_of_run import tell_of_run
from villages.models import ReportChange
from villages.selectors.people_places import has_demo_places, people_places


@dataclass
class FreshTiles:
    """The tiles that a run computed: in memory, and staged where it is a full one."""

    staged_by: CoverageRun | None = None
    held: dict[Layer, dict[Tile, Surface]] = field(default_factory=dict)

    def layers(self) -> set[Layer]:
        layers = set(self.held)
        if self.staged_by is not None:
            layers |= set(
                self.staged_by.staged_layers.values_list("operator", "service")
            )
        return layers

    def of(self, layer: Layer) -> Iterator[tuple[Tile, Surface]]:
        """Yield the tiles of *layer*; those in memory are newer than those staged."""
        held = self.held.get(layer, {})
        if self.staged_by is not None:
            operator, service = layer
            staged = self.staged_by.staged_tiles.filter(
                operator=operator, service=service
            )
            for row in staged.iterator(chunk_size=16):
                if (row.x, row.y) not in held:
                    yield (
                        (row.x, row.y),
                        Surface(
                            unpack(row.mean_ddbm, np.int16),
                            unpack(row.std_ddb, np.uint8),
                            unpack(row.p_blank, np.uint8),
                        ),
                    )
        yield from held.items()

    def version(self) -> tuple[tuple[Layer, Tile, int], ...]:
        """Return what tells whether the tiles in memory are still the same."""
        return tuple(
            sorted(
                (layer, tile, id(surface))
                for layer, tiles in self.held.items()
                for tile, surface in tiles.items()
            )
        )


ServiceLayers = tuple[Regency, dict[Layer, LayerResult], list[str]]


@dataclass
class Ahead:
    """What a full run has ready before it is its turn to publish."""

    before_id: int | None
    version: tuple[tuple[Layer, Tile, int], ...]
    drawn: Drawn = field(default_factory=Drawn)
    services: dict[str, ServiceLayers] = field(default_factory=dict)

    def of(
        self, service: str, before: CoverageRun | None, fresh: FreshTiles
    ) -> ServiceLayers | None:
        """Return the layers of *service* if nothing has changed since."""
        is_same = (before.pk if before else None) == self.before_id
        return (
            self.services.get(service)
            if is_same and fresh.version() == self.version
            else None
        )


@transaction.atomic
def publish_run(
    run: CoverageRun,
    *,
    places: Regency,
    fresh: FreshTiles,
    changes: Sequence[Change],
    notes: Sequence[int],
    rules: StateRules,
    now: datetime,
    ahead: Ahead | None = None,
) -> None:
    """Make *run* the current one. Call it while nobody else publishes.

    A run of the past (`as_of_run`) is published and is not the current one; none may
    be, then.

    Parameters
    ----------
    changes : what changed since the run that is current, for a run of changes
    notes : keys of the ReportChange that are in *run* and are deleted with it
    ahead : what `prepare` made ready

    Raises
    ------
    RunCancelledError
        If *run* was cancelled meanwhile; nothing has changed then.
    """
    unfinished = CoverageRun.objects.select_for_update().get(pk=run.pk)
    if unfinished.state != CoverageRun.State.RUNNING:
        raise RunCancelledError
    before, as_of = last_run(), as_of_run(run)
    if before is not None and before.pk > run.pk:
        # Numbers of published runs are their order: it gets the next one now.
        run.pk = None
        run.save(force_insert=True)
    counts: dict[str, dict[str, int]] = {}
    measured = dict(before.parameters.get("measured", {})) if before else {}
    where_people_are = people_places()
    for service in SERVICES:
        operators = _operators_of(run, service, fresh, before)
        if not operators:
            continue
        ready = ahead.of(service, before, fresh) if ahead else None
        part, layers, measured[service] = ready or _layers_of_service(
            run, service, operators, fresh, changes, places, rules, before
        )
        for name, layer in sorted(layers.items()):
            if name[0] not in counts:
                counts[name[0]] = reports_by_village(name[0], as_of)
            replace_tiles(run, name, layer, part, is_whole=run.is_full)
            if layer.box is not None:
                replace_spots(
                    run=run,
                    operator=name[0],
                    service=name[1],
                    places=over_box(part, layer.box),
                    state=layer.state[layer.box],
                    p_blank=layer.surface.p_blank[layer.box],
                    previous_state=layer.previous_state[layer.box],
                    changed=layer.changed[layer.box],
                    drawn=ahead.drawn if ahead else None,
                    as_of=as_of,
                )
            replace_village_coverage(
                run, name, layer, part, places, counts[name[0]], is_whole=run.is_full
            )
            replace_place_coverage(
                run, name, layer, part, where_people_are, is_whole=run.is_full
            )
    run.parameters["measured"] = measured
    run.report_counts, has_demo_reports = count_reports(as_of)
    run.is_demo = has_demo_reports or has_demo_places()
    run.checksum = map_checksum()
    CoverageRun.objects.filter(is_current=True).update(is_current=False)
    run.state = CoverageRun.State.PUBLISHED
    # The map of a moment that is past is never what the map is now.
    run.is_current = as_of is None
    run.published_at = now
    run.error = ""
    run.seen_notes = []
    run.save()
    tell_of_run(run, as_of=as_of, now=now)
    # Notes that came in meanwhile are not among these and wait for the next run.
    ReportChange.objects.filter(pk__in=notes).delete()
    if run.is_full:
        forget_staged(CoverageRun.objects.filter(pk=unfinished.pk))
        if unfinished.pk != run.pk:
            unfinished.delete()
    else:
        _tell_unfinished_runs(changes)


def prepare(
    run: CoverageRun, *, places: Regency, fresh: FreshTiles, rules: StateRules
) -> Ahead:
    """Make the layers of a full run and draw its spots, while others may publish.

    What changes until it is its turn is made anew then; the rest is ready.
    """
    before = last_run()
    ahead = Ahead(before.pk if before else None, fresh.version())
    for service in SERVICES:
        operators = _operators_of(run, service, fresh, before)
        if operators:
            made = _layers_of_service(
                run, service, operators, fresh, [], places, rules, before
            )
            ahead.services[service] = made
            for layer in made[1].values():
                ahead.drawn.draw(layer.state, made[0].window)
    return ahead


def _operators_of(
    run: CoverageRun, service: str, fresh: FreshTiles, before: CoverageRun | None
) -> set[str]:
    operators = {op for op, s in fresh.layers() if s == service}
    if run.is_full:
        # Operators whose reports are all gone go unknown.
        operators |= {op for op, s in laws_of(before) if s == service}
    return operators


def forget_staged(runs: QuerySet[CoverageRun]) -> None:
    """Delete what *runs* had computed and not published."""
    StagedTile.objects.filter(run__in=runs).delete()
    StagedLayer.objects.filter(run__in=runs).delete()
    LateChange.objects.filter(run__in=runs).delete()


def _tell_unfinished_runs(changes: Sequence[Change]) -> None:
    """Leave *changes* with the full runs that began before them and may yet end."""
    unfinished = CoverageRun.objects.filter(
        Q(state=CoverageRun.State.RUNNING) | Q(staged_layers__isnull=False),
        is_full=True,
    ).distinct()
    LateChange.objects.bulk_create(
        LateChange(run=other, operators=change.operators, extent=change.extent)
        for other in unfinished
        for change in changes
    )


# --- the layers of one service ---------------------------------------------------


def _measured_before(before: CoverageRun | None, service: str) -> list[str] | None:
    if before is None:
        return None
    told: list[str] | None = before.parameters.get("measured", {}).get(service)
    return told


def _layers_of_service(
    run: CoverageRun,
    service: str,
    operators: set[str],
    fresh: FreshTiles,
    changes: Sequence[Change],
    places: Regency,
    rules: StateRules,
    before: CoverageRun | None,
) -> ServiceLayers:
    """Return a part of the regency and, over it, the layers that may differ.

    The part holds every patch that reaches into the fresh tiles, so that sieving and
    drawing it alone equals doing so with the whole. Also returns the operators that
    are known anywhere, on which "any operator" depends everywhere.
    """
    box = whole(places)
    measured = _measured_before(before, service)
    if not run.is_full and measured is not None:
        tiles = {op: fresh.held[op, service] for op in operators}
        is_measured = {
            op: any((tile.p_blank != UNKNOWN_P).any() for tile in of_operator.values())
            for op, of_operator in tiles.items()
        }
        if all((op in measured) == known for op, known in is_measured.items()):
            box = box_of(tile for of_operator in tiles.values() for tile in of_operator)
    part = part_of(places, box)
    arguments = (service, operators, fresh, before)
    if run.is_full:
        layers, surfaces = _layers_over(part, *arguments, is_anew=True)
        found = _measured_of(surfaces)
        layers[ANY_OPERATOR, service] = _any_of(
            service, surfaces, found, part, rules, before
        )
        for name, layer in layers.items():
            finish_whole(layer, name[1], part, rules)
        return part, layers, found
    # Widened once by a tile, which is enough but for large patches; then all of it.
    for wider in (box_around(box, places), whole(places), None):
        layers, surfaces = _layers_over(part, *arguments, is_anew=False)
        known = (
            _measured_of(surfaces)
            if measured is None or box == whole(places)
            else measured
        )
        layers[ANY_OPERATOR, service] = _any_of(
            service, surfaces, known, part, rules, before
        )
        is_enough = [
            finish_part(name, layer, part, places, rules, changes)
            for name, layer in layers.items()
        ]
        if all(is_enough) or wider is None:
            break
        box, part = wider, part_of(places, wider)
    return part, layers, known


def _layers_over(
    part: Regency,
    service: str,
    operators: set[str],
    fresh: FreshTiles,
    before: CoverageRun | None,
    *,
    is_anew: bool,
) -> tuple[dict[Layer, LayerResult], dict[str, Surface]]:
    """Return the layers with fresh tiles, and the surfaces of all operators."""
    layers: dict[Layer, LayerResult] = {}
    surfaces: dict[str, Surface] = {}
    for operator in sorted(operators | {op for op, _ in laws_of(before)}):
        name = (operator, service)
        if operator not in operators:
            surfaces[operator] = load_layer(name, part, before)[0]
            continue
        layer = start_layer(name, part, before, is_anew=is_anew)
        for (x, y), tile in fresh.of(name):
            lay_in(layer.surface, tile, part, x, y)
        layers[name] = layer
        surfaces[operator] = layer.surface
    return layers, surfaces


def _measured_of(surfaces: dict[str, Surface]) -> list[str]:
    """Return the operators that are known anywhere.

    An operator without a single report was looked for nowhere: it says nothing, or
    no place could be blank before all three are measured.
    """
    return [
        operator
        for operator, surface in surfaces.items()
        if (surface.p_blank != UNKNOWN_P).any()
    ]


def _any_of(
    service: str,
    surfaces: dict[str, Surface],
    measured: list[str],
    part: Regency,
    rules: StateRules,
    before: CoverageRun | None,
) -> LayerResult:
    layer = start_layer((ANY_OPERATOR, service), part, before, is_anew=True)
    if measured:
        layer.surface = combine_any([surfaces[op] for op in measured], rules=rules)
    return layer
