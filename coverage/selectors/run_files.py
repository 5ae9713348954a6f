"""The bulk files of runs, as they are offered."""

from __future__ import annotations

from django.db.models import QuerySet

from coverage.models import RunFile, RunFileSet


def file_sets() -> QuerySet[RunFileSet]:
    """Return the sets that are whole, newest run first, with their runs."""
    return (
        RunFileSet.objects.filter(state=RunFileSet.State.WHOLE)
        .select_related("run")
        .order_by("-run_id")
    )


def latest_file_set() -> RunFileSet | None:
    """Return the newest set of a run that was computed in its own time.

    It may be of a run shortly before the current one, while that one's are built.
    """
    return file_sets().exclude(run__parameters__has_key="as_of").first()


def run_file(run_id: int, name: str) -> RunFile | None:
    """Return the file *name* of a run, None where the run has none of that name."""
    return (
        RunFile.objects.filter(
            file_set=run_id, file_set__state=RunFileSet.State.WHOLE, name=name
        )
        .select_related("file_set__run")
        .first()
    )
