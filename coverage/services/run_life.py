"""The life of a run: one at a time, cancelled, interrupted, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from coverage.core.parallel import Spread, Task
from coverage.models import CoverageRun
from kukar_connect.errors import DomainError

# Keys of PostgreSQL's advisory locks. One full run at a time holds the first for all
# of its life; who publishes holds the second, a run of changes from its beginning.
FULL_KEY = 64_02
PUBLISH_KEY = 64_03


class RunCancelledError(DomainError):
    title = gettext_noop("The run was cancelled.")


def cancel_full_run() -> int | None:
    """Ask the full run that is being computed to stop; return its number.

    It stops before its next tile. What it has computed is kept for resuming.
    """
    with transaction.atomic():
        running = CoverageRun.objects.select_for_update().filter(
            state=CoverageRun.State.RUNNING, is_full=True
        )
        run = running.first()
        if run is None:
            return None
        run.state = CoverageRun.State.CANCELLED
        run.save(update_fields=["state"])
    return run.pk


def has_interrupted_run() -> bool:
    """Tell whether the process of a full run ended before the run did."""
    running = CoverageRun.objects.filter(state=CoverageRun.State.RUNNING, is_full=True)
    return running.exists() and _is_free(FULL_KEY)


@contextmanager
def held(key: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _is_free(key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_free = bool(cursor.fetchone()[0])
        if is_free:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    return is_free


def mark_interrupted(*, is_full: bool) -> None:
    """Mark runs whose process is gone: whoever holds the lock knows that it is."""
    CoverageRun.objects.filter(state=CoverageRun.State.RUNNING, is_full=is_full).update(
        state=CoverageRun.State.FAILED, error="The process ended before the run did."
    )


@contextmanager
def ending(run: CoverageRun) -> Iterator[None]:
    """Say with *run* why it ended when it did not end well."""
    number = run.pk
    try:
        yield
    except BaseException as error:
        is_cancelled = isinstance(error, (RunCancelledError, KeyboardInterrupt))
        CoverageRun.objects.filter(pk=number).update(
            state=CoverageRun.State.CANCELLED
            if is_cancelled
            else CoverageRun.State.FAILED,
            error="" if is_cancelled else f"{type(error).__name__}: {error}",
        )
        raise


def until_cancelled(run: CoverageRun, spread: Spread) -> Spread:
    """Return *spread* that stops when somebody has cancelled *run*."""

    def watched(
        function: Callable[..., Any], tasks: Iterable[Task]
    ) -> Iterator[tuple[Any, Any]]:
        running = CoverageRun.objects.filter(pk=run.pk, state=CoverageRun.State.RUNNING)
        for key, result in spread(function, tasks):
            if not running.exists():
                raise RunCancelledError
            yield key, result

    return watched
