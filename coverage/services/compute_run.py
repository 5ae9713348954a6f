"""Computing a run: reports in, surfaces and blank spots out, published at once.

A full run learns the law of each layer from all its reports and estimates every tile;
its inputs and each finished tile are kept, so that another process can go on after a
crash. A run of changes keeps the laws and estimates only the tiles near the reports
that changed; it does not wait for a full run, which makes up for it before it is
published. docs/adr/0004 has the reasons.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from coverage.core.classify import StateRules
from coverage.core.law import Layer
from coverage.core.parallel import (
    Spread,
    spread_over,
    surface_of_tile,
    tile_tasks,
)
from coverage.models import CoverageRun, StagedTile
from coverage.selectors.regency import Regency, regency
from coverage.selectors.runs import as_of_run, current_run
from coverage.services.count_blocks import count_report_blocks
from coverage.services.inputs import (
    Inputs,
    count_reports,
    fingerprint_of,
    inputs_of_all,
    inputs_of_changes,
    keep_inputs,
    kept_inputs,
    laws_of,
    laws_told,
    observations_of,
    settings_of,
    software_version,
)
from coverage.services.late_changes import LateChanges
from coverage.services.layers import (
    load_layer,
    pack,
    unpack,
    within_regency,
)
from coverage.services.publish_run import (
    FreshTiles,
    forget_staged,
    prepare,
    publish_run,
)
from coverage.services.run_life import (
    FULL_KEY,
    PUBLISH_KEY,
    RunCancelledError,
    cancel_full_run,
    ending,
    has_interrupted_run,
    held,
    mark_interrupted,
    until_cancelled,
)
from coverage.services.thin_runs import remove_demo_runs
from kukar_connect.errors import DomainError
from villages.models import ReportChange

__all__ = [
    "NoVillagesError",
    "RunCancelledError",
    "cancel_full_run",
    "compute_changes",
    "compute_full",
    "has_interrupted_run",
    "is_of_these_boundaries",
    "load_layer",
    "needs_full_run",
    "observations_of",
    "software_version",
    "unpack",
]

Progress = Callable[[int, int | None, str], None]
log = logging.getLogger("kukar_connect.runs")

# A law is learned again when a fifth more reports have come than it was learned from,
# or so many have gone. A few that are rejected change no law.
REFIT_GROWTH = 1.2
# Rounds of catching up before the lock is taken; what comes after is caught up with
# while others wait.
ROUNDS = 5


class NoVillagesError(DomainError):
    title = gettext_noop("There are no villages yet.")


def compute_full(
    *,
    now: datetime,
    progress: Progress,
    threads: int = 2,
    scheduler: str | None = None,
    is_resuming: bool = False,
    as_of: datetime | None = None,
) -> CoverageRun:
    """Compute every layer from all reports and publish.

    With *as_of* it is the map of that moment: from what was known then, published
    but not made the current run, and what waits to be computed goes on waiting.
    `compute_history` sees to it that this comes before every run of the present.

    A second call waits for the first. With *is_resuming* the last run that was
    interrupted or cancelled is continued from its own inputs, if there is one that
    this program would compute the same way.

    Raises
    ------
    NoVillagesError
        If no village has a boundary: there is nothing to map.
    RunCancelledError
        If somebody cancelled it; what was computed is kept for resuming.
    """
    with held(FULL_KEY):
        mark_interrupted(is_full=True)
        places, rules = _places(), StateRules()
        settings = settings_of(places, rules)
        if as_of is not None:
            # Among the settings, so that nobody continues it as anything else.
            settings["as_of"] = as_of.isoformat()
        run = _run_to_resume(settings) if is_resuming else None
        if run is None:
            run = _begin_full(now, settings, as_of)
        with (
            ending(run),
            spread_over(threads=threads, scheduler=scheduler) as spread,
        ):
            watched = until_cancelled(run, spread)
            inputs = _full_inputs(run, places, watched, progress)
            _compute_tiles(run, inputs, places, watched, progress)
            late = LateChanges(run, places, inputs.laws)
            inputs.pooled.clear()
            for _ in range(0 if as_of else ROUNDS):
                if not late.catch_up(watched):
                    break
            progress(0, None, "Drawing blank spots")
            fresh = FreshTiles(staged_by=_same(run), held=late.tiles)
            ahead = prepare(run, places=places, fresh=fresh, rules=rules)
            with held(PUBLISH_KEY):
                if as_of is None:
                    late.catch_up(watched)
                progress(0, None, "Publishing")
                run.parameters["laws"] = laws_told(late.laws)
                publish_run(
                    run,
                    places=places,
                    fresh=fresh,
                    changes=[],
                    notes=[*run.seen_notes, *late.notes],
                    rules=rules,
                    now=now,
                    ahead=ahead,
                )
    if as_of is None:
        count_report_blocks(run)
        remove_demo_runs()
    return run


def compute_changes(
    *, now: datetime, progress: Progress, may_learn: bool = True
) -> CoverageRun | None:
    """Bring the map up to date with the reports that changed, if any did.

    Returns None when nothing was waiting. Safe to repeat. Where the laws are to be
    learned anew it becomes a full run, unless *may_learn* is False: then it does what
    it can with the laws there are, and `needs_full_run` tells that there is more to do.
    """
    if not ReportChange.objects.exists():
        return None
    places, rules = _places(), StateRules()
    settings = settings_of(places, rules)
    before = current_run()
    if before is None or not _has_settings(before, settings):
        return compute_full(now=now, progress=progress) if may_learn else None
    if may_learn and _has_outgrown_laws(before):
        return compute_full(now=now, progress=progress)
    with held(PUBLISH_KEY):
        mark_interrupted(is_full=False)
        run = _publish_changes(now, progress, places, rules, settings)
    if run is not None:
        remove_demo_runs()
    return run


def _publish_changes(
    now: datetime,
    progress: Progress,
    places: Regency,
    rules: StateRules,
    settings: dict[str, Any],
) -> CoverageRun | None:
    before = current_run()
    notes = list(ReportChange.objects.order_by("pk"))
    # Somebody else may have published them while this waited for its turn.
    if before is None or not notes or not _has_settings(before, settings):
        return None
    counts, is_demo = count_reports()
    run = CoverageRun.objects.create(
        is_full=False,
        is_demo=is_demo,
        input_cutoff_at=now,
        report_counts=counts,
        software_version=software_version(),
    )
    with ending(run):
        progress(0, None, "Reading reports")
        inputs = inputs_of_changes(now, notes, places, laws_of(before))
        wanted = inputs.wanted()
        run.tiles_total = run.tiles_done = len(wanted)
        run.parameters = settings | {
            "laws": laws_told(inputs.laws),
            "fitted_counts": before.parameters.get("fitted_counts", {}),
        }
        fresh = FreshTiles()
        with spread_over() as spread:
            tasks = tile_tasks(inputs.held(), wanted)
            for (layer, x, y), tile in spread(surface_of_tile, tasks):
                tiles = fresh.held.setdefault(layer, {})
                tiles[x, y] = within_regency(tile, places, x, y)
                progress(
                    sum(map(len, fresh.held.values())), len(wanted), "Estimating tiles"
                )
        progress(0, None, "Publishing")
        publish_run(
            run,
            places=places,
            fresh=fresh,
            changes=notes,
            notes=[note.pk for note in notes],
            rules=rules,
            now=now,
        )
    return run


def needs_full_run() -> bool:
    """Tell whether the map needs laws learned anew, or a run over other boundaries."""
    places, before = regency(), current_run()
    if places is None:
        return False
    if before is None or not _has_settings(before, settings_of(places, StateRules())):
        return True
    return _has_outgrown_laws(before)


def is_of_these_boundaries(run: CoverageRun) -> bool:
    """Tell whether *run* was computed over the villages' boundaries of today."""
    places = regency()
    return places is not None and run.parameters["boundaries"] == places.fingerprint


def _has_settings(before: CoverageRun, settings: dict[str, Any]) -> bool:
    return {k: before.parameters.get(k) for k in settings} == settings


def _has_outgrown_laws(before: CoverageRun) -> bool:
    counts, _ = count_reports()
    fitted = before.parameters.get("fitted_counts", before.report_counts)
    return any(
        counts.get(operator, 0) > REFIT_GROWTH * fitted.get(operator, 0)
        or counts.get(operator, 0) * REFIT_GROWTH < fitted.get(operator, 0)
        for operator in counts | fitted
    )


def _places() -> Regency:
    places = regency()
    if places is None:
        message = "Load the villages first: bin/manage load_villages."
        raise NoVillagesError(message)
    return places


# --- a full run, step by step ----------------------------------------------------


def _begin_full(
    now: datetime, settings: dict[str, Any], as_of: datetime | None
) -> CoverageRun:
    counts, is_demo = count_reports(as_of)
    with transaction.atomic():
        forget_staged(CoverageRun.objects.all())
        run = CoverageRun.objects.create(
            is_full=True,
            is_demo=is_demo,
            input_cutoff_at=as_of or now,
            report_counts=counts,
            parameters=settings
            | {"fitted_counts": counts, "fingerprint": fingerprint_of(settings)},
            software_version=software_version(),
        )
    if as_of is not None:
        return run
    # Only now, and before any report is read: a note that is consumed from here on
    # is left with this run, one consumed before is of reports that will be read.
    run.seen_notes = list(ReportChange.objects.values_list("pk", flat=True))
    run.save(update_fields=["seen_notes"])
    return run


def _run_to_resume(settings: dict[str, Any]) -> CoverageRun | None:
    run = CoverageRun.objects.filter(is_full=True, staged_layers__isnull=False).first()
    if run is None:
        return None
    if run.parameters["fingerprint"] != fingerprint_of(settings):
        log.warning(
            "Run %s began with other settings or another version and is not continued.",
            run.pk,
        )
        return None
    run.state = CoverageRun.State.RUNNING
    run.error = ""
    run.tiles_resumed = run.staged_tiles.count()
    run.save(update_fields=["state", "error", "tiles_resumed"])
    log.info("Run %s goes on with %s tiles done.", run.pk, run.tiles_resumed)
    return run


def _full_inputs(
    run: CoverageRun, places: Regency, spread: Spread, progress: Progress
) -> Inputs:
    if run.staged_layers.exists():
        return kept_inputs(run, places)
    progress(0, None, "Learning from the reports")
    inputs = inputs_of_all(run.input_cutoff_at, places, spread, as_of_run(run))
    run.tiles_total = len(inputs.wanted())
    with transaction.atomic():
        keep_inputs(run, inputs)
        run.save(update_fields=["tiles_total"])
    return inputs


def _compute_tiles(
    run: CoverageRun,
    inputs: Inputs,
    places: Regency,
    spread: Spread,
    progress: Progress,
) -> None:
    staged = {
        ((operator, service), x, y)
        for operator, service, x, y in run.staged_tiles.values_list(
            "operator", "service", "x", "y"
        )
    }
    left = [wanted for wanted in inputs.wanted() if wanted not in staged]
    done = len(staged)
    for (layer, x, y), tile in spread(surface_of_tile, tile_tasks(inputs.held(), left)):
        done += 1
        _stage(run, layer, x, y, within_regency(tile, places, x, y), done)
        progress(done, run.tiles_total, "Estimating tiles")
    run.tiles_done = done


def _stage(
    run: CoverageRun, layer: Layer, x: int, y: int, tile: Any, done: int
) -> None:
    """Keep a finished tile. The same tile twice is kept once."""
    with transaction.atomic(), connection.cursor() as cursor:
        # A tile that a power cut takes back is computed again; waiting for the disk
        # after each of them costs more.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        StagedTile.objects.bulk_create(
            [
                StagedTile(
                    run=run,
                    operator=layer[0],
                    service=layer[1],
                    x=x,
                    y=y,
                    mean_ddbm=pack(tile.mean_ddbm),
                    std_ddb=pack(tile.std_ddb),
                    p_blank=pack(tile.p_blank),
                )
            ],
            ignore_conflicts=True,
        )
        CoverageRun.objects.filter(pk=run.pk).update(tiles_done=done)


def _same(run: CoverageRun) -> CoverageRun:
    """Return *run* under the number its tiles are staged with, whatever it becomes."""
    return CoverageRun.objects.get(pk=run.pk)
