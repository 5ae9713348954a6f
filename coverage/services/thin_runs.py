"""Removing runs: old ones but for one a month, and those of a demonstration.

Results hold from run to run (docs/adr/0001), so a run is not deleted with its rows:
they move to the next run that is kept, which shows exactly what it showed before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from django.db import connection, transaction
from django.db.models import ForeignKey, Model

from coverage.models import (
    BlankSpot,
    CoverageRun,
    LateChange,
    PlaceCoverage,
    RunDifference,
    RunFileSet,
    StagedLayer,
    StagedTile,
    SurfaceTile,
    VillageCoverage,
)
from coverage.selectors.history import monthly_runs
from coverage.services.downloads.disk import remove_lost_folders
from coverage.services.run_life import PUBLISH_KEY, held

KEEP_ALL_FOR = timedelta(days=365)
RESULTS: tuple[type[Model], ...] = (
    SurfaceTile,
    BlankSpot,
    VillageCoverage,
    PlaceCoverage,
)
# What belongs to a run and goes with it; any other reference cites it.
OWN: tuple[type[Model], ...] = (
    *RESULTS,
    StagedLayer,
    StagedTile,
    LateChange,
    RunDifference,
    RunFileSet,
)


def thin_runs(*, now: datetime, is_dry_run: bool = False) -> list[int]:
    """Remove what a month's newest run makes superfluous; return the runs removed.

    Of the published runs with an input cut-off more than a year ago stay: the newest
    of each month, those that are cited (`cited_runs`), and the last one there is. The
    rows of every run that stays are the same before and after. Safe to repeat; runs
    that are not published are not touched.
    """
    with held(PUBLISH_KEY), transaction.atomic():
        gone, kept = _sorted_out(now)
        if not is_dry_run:
            _remove(gone, kept)
    if not is_dry_run:
        remove_lost_folders()
    return gone


def remove_demo_runs() -> list[int]:
    """Remove runs that demonstration data went into, once the last one is without.

    What still holds without it moves to the next run that stays. Those that are cited
    stay as they are, marked. Returns the runs removed. Safe to repeat.
    """
    with held(PUBLISH_KEY), transaction.atomic():
        published = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        is_demo = dict(published.order_by("pk").values_list("pk", "is_demo"))
        if not is_demo or is_demo[max(is_demo)] or not any(is_demo.values()):
            return []
        stay = cited_runs()
        gone = [pk for pk, of_demo in is_demo.items() if of_demo and pk not in stay]
        _remove(gone, [pk for pk in is_demo if pk not in set(gone)])
    remove_lost_folders()
    return gone


def cited_runs() -> set[int]:
    """Return the runs that are marked as cited, or that another table refers to."""
    cited = set(CoverageRun.objects.filter(is_cited=True).values_list("pk", flat=True))
    for relation in CoverageRun._meta.related_objects:
        model, field = relation.related_model, relation.field
        if isinstance(model, str) or model in OWN or not isinstance(field, ForeignKey):
            continue
        cited |= set(
            model._default_manager.exclude(**{field.name: None}).values_list(
                field.attname, flat=True
            )
        )
    return cited


def _sorted_out(now: datetime) -> tuple[list[int], list[int]]:
    """Return the runs to remove and those to keep, in order."""
    published = dict(
        CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        .order_by("pk")
        .values_list("pk", "input_cutoff_at")
    )
    if not published:
        return [], []
    # The last one's rows are in force: they have nowhere to go.
    stay = cited_runs() | {run.pk for run in monthly_runs()} | {max(published)}
    long_ago = now - KEEP_ALL_FOR
    gone = [pk for pk, at in published.items() if at < long_ago and pk not in stay]
    return gone, [pk for pk in published if pk not in set(gone)]


def _remove(gone: list[int], kept: list[int]) -> None:
    if gone:
        _move_rows(gone, kept)
        CoverageRun.objects.filter(pk__in=gone).delete()


def _move_rows(gone: list[int], kept: list[int]) -> None:
    """Move what begins or ends with a run of *gone* to the next run of *kept*."""
    following = dict(_followers(gone, kept))
    runs = {"gone": list(following), "next": list(following.values())}
    # What began and ended between two kept runs is in neither. Ends are moved before
    # beginnings, so that each row ends after it began all the while.
    with connection.cursor() as cursor:
        for model in RESULTS:
            table = connection.ops.quote_name(model._meta.db_table)
            for statement in (_DELETE, _MOVE_ENDS, _MOVE_BEGINNINGS):
                cursor.execute(statement.format(table=table), runs)


_DELETE = """
DELETE FROM {table} AS r
USING unnest(%(gone)s::bigint[], %(next)s::bigint[]) AS run(gone, next)
WHERE r.first_run_id = run.gone AND r.ended_run_id <= run.next
"""
_MOVE_ENDS = """
UPDATE {table} AS r SET ended_run_id = run.next
FROM unnest(%(gone)s::bigint[], %(next)s::bigint[]) AS run(gone, next)
WHERE r.ended_run_id = run.gone
"""
_MOVE_BEGINNINGS = """
UPDATE {table} AS r SET first_run_id = run.next
FROM unnest(%(gone)s::bigint[], %(next)s::bigint[]) AS run(gone, next)
WHERE r.first_run_id = run.gone
"""


def _followers(gone: list[int], kept: list[int]) -> list[tuple[int, int]]:
    """Return with each run of *gone* the first of *kept* after it.

    Examples
    --------
    >>> _followers([2, 3, 5], [1, 4, 6])
    [(2, 4), (3, 4), (5, 6)]
    """
    bounds = list(pairwise([0, *kept]))
    return [
        (run, after) for run in gone for before, after in bounds if before < run < after
    ]
