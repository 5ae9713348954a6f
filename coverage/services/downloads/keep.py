"""Which runs have bulk files: the current one, one a month, and what is cited.

The worker may publish hundreds of runs a day, and the files of each are megabytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from coverage.models import CoverageRun, RunFileSet
from coverage.selectors.history import monthly_runs
from coverage.selectors.runs import current_run
from coverage.services.downloads.disk import folder_of, remove_folder
from coverage.services.thin_runs import cited_runs
from villages.models import SignalReport

# What failed is tried again after this: a full disk does not empty by itself.
AGAIN_AFTER = timedelta(hours=1)


def runs_without_files(*, now: datetime) -> list[CoverageRun]:
    """Return the runs whose files are to be built now, the most wanted first.

    The current run has to wait while the last files are younger than
    ``KUKAR_FILES_EVERY_MINUTES``, and what failed for an hour.
    """
    stopped = RunFileSet.objects.filter(
        Q(state=RunFileSet.State.WHOLE)
        | Q(state=RunFileSet.State.FAILED, ended_at__gt=now - AGAIN_AFTER)
    )
    settled = set(stopped.values_list("pk", flat=True))
    current = current_run()
    wanted = [current.pk] if current and _is_time(current, now) else []
    past = {run.pk for run in monthly_runs()} | cited_runs()
    wanted += sorted(past - {current.pk if current else None}, reverse=True)
    published = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
    if not SignalReport.objects.filter(is_demo=True).exists():
        # The demonstration is over: nobody is given files of it any more.
        published = published.filter(is_demo=False)
    runs = published.in_bulk([pk for pk in wanted if pk not in settled])
    return [runs[pk] for pk in wanted if pk in runs]


def _is_time(current: CoverageRun, now: datetime) -> bool:
    every = timedelta(minutes=settings.KUKAR_FILES_EVERY_MINUTES)
    # Those of past months do not count: they say nothing of today.
    newest = (
        RunFileSet.objects.filter(state=RunFileSet.State.WHOLE)
        .select_related("run")
        .exclude(run__parameters__has_key="as_of")
        .order_by("-run_id")
        .first()
    )
    if newest is None or newest.began_at <= now - every:
        return True
    # Nobody shall go on getting demonstration data when the first measurements are in.
    return newest.run.is_demo != current.is_demo


def thin_files(*, now: datetime) -> list[int]:
    """Remove files of runs that nobody needs to find again; return the runs.

    They are older than ``KUKAR_FILES_KEEP_DAYS`` and of runs that are neither the
    current one, nor the newest of their month, nor cited. Safe to repeat; the runs
    themselves stay, and `build_files` makes their files again.
    """
    current = current_run()
    stay = {run.pk for run in monthly_runs()} | cited_runs()
    long_ago = now - timedelta(days=settings.KUKAR_FILES_KEEP_DAYS)
    gone = list(
        RunFileSet.objects.filter(ended_at__lt=long_ago)
        .exclude(pk__in=stay | {current.pk if current else 0})
        .values_list("pk", flat=True)
    )
    return _remove(gone)


def remove_demo_files() -> list[int]:
    """Remove the files of every run with demonstration data in it; return the runs."""
    return _remove(
        list(RunFileSet.objects.filter(run__is_demo=True).values_list("pk", flat=True))
    )


def _remove(runs: list[int]) -> list[int]:
    RunFileSet.objects.filter(pk__in=runs).delete()
    for number in runs:
        remove_folder(folder_of(number))
    return sorted(runs)
