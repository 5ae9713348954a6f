"""What was reported while a full run was being computed."""

from __future__ import annotations

from dataclasses import dataclass, field

from coverage.core.classify import Surface
from coverage.core.estimate import SignalLaw
from coverage.core.law import Layer
from coverage.core.parallel import Spread, surface_of_tile, tile_tasks
from coverage.models import CoverageRun
from coverage.selectors.regency import Regency
from coverage.services.inputs import inputs_of_changes
from coverage.services.layers import Change, Tile, within_regency
from villages.models import ReportChange


@dataclass
class LateChanges:
    """The changes that a full run does not know yet, and their tiles by its laws."""

    run: CoverageRun
    places: Regency
    laws: dict[Layer, SignalLaw]
    tiles: dict[Layer, dict[Tile, Surface]] = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)

    def catch_up(self, spread: Spread) -> bool:
        """Compute the tiles of what changed since; tell whether anything did."""
        waiting = list(
            ReportChange.objects.exclude(pk__in=[*self.run.seen_notes, *self.notes])
        )
        published = list(self.run.late_changes.exclude(pk__in=self.told))
        changes: list[Change] = [*waiting, *published]
        if not changes:
            return False
        inputs = inputs_of_changes(
            self.run.input_cutoff_at, changes, self.places, self.laws
        )
        self.laws = inputs.laws
        tasks = tile_tasks(inputs.held(), inputs.wanted())
        for (layer, x, y), tile in spread(surface_of_tile, tasks):
            tiles = self.tiles.setdefault(layer, {})
            tiles[x, y] = within_regency(tile, self.places, x, y)
        self.notes += [note.pk for note in waiting]
        self.told += [change.pk for change in published]
        return True
