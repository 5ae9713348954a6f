"""Runs of the past, computed afterwards: what the map would have been at month ends.

A run's number is its order of publication, and results hold from one run to the next
(docs/adr/0001). So the past can only be computed before the present is: oldest first,
and never where a run of the present is published already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coverage.models import CoverageRun
from coverage.selectors.history import ZONE
from coverage.selectors.runs import as_of_run, last_run
from coverage.services.compute_run import Progress, compute_full
from coverage.services.inputs import count_reports
from coverage.services.run_life import FULL_KEY, held
from kukar_connect.errors import DomainError

# A history of ten years is as many runs as anybody waits for.
MOST_MONTHS = 120


class HistoryError(DomainError):
    status = 409
    title = gettext_noop("The past cannot be computed.")


def month_ends(now: datetime, *, months: int, every: int) -> list[datetime]:
    """Return the last seconds of months that are over, oldest first.

    Of the last *months* months every one that is a multiple of *every* before the
    newest of them.

    Raises
    ------
    ValueError
        If *months* is not from 1 to 120, or *every* not from 1 to *months*.

    Examples
    --------
    >>> from datetime import UTC
    >>> ends = month_ends(datetime(2026, 1, 15, tzinfo=UTC), months=6, every=3)
    >>> [str(end) for end in ends]
    ['2025-09-30 23:59:59+08:00', '2025-12-31 23:59:59+08:00']
    """
    if not 1 <= months <= MOST_MONTHS or not 1 <= every <= months:
        message = (
            f"months is from 1 to {MOST_MONTHS} and every from 1 to months, "
            f"got {months} and {every}."
        )
        raise ValueError(message)
    local = now.astimezone(ZONE)
    ends = []
    for back in range(0, months, every):
        index = local.year * 12 + local.month - 1 - back
        after = datetime(index // 12, index % 12 + 1, 1, tzinfo=ZONE)
        ends.append(after - timedelta(seconds=1))
    return ends[::-1]


def compute_history(
    *,
    now: datetime,
    progress: Progress,
    months: int = 12,
    every: int = 1,
    threads: int = 2,
) -> list[CoverageRun]:
    """Compute and publish the map of past month ends; return the runs.

    From what had been observed and received until then, with ages counted from then;
    settlements, boundaries and reviews are those of today. Each run says with
    ``parameters["as_of"]`` that it was computed afterwards. None becomes the current
    run: compute that one next. Moments without a single report are left out. Safe to
    repeat: what is there already is not computed again.

    Raises
    ------
    HistoryError
        If a run of the present is published: a run of the past would get a later
        number, and the order of the runs would say that the past came after it.
    """
    ends = month_ends(now, months=months, every=every)
    # Held through to the end, so that no run of the present comes in between. Taken
    # once more by each run, which PostgreSQL counts.
    with held(FULL_KEY):
        last = last_run()
        done = as_of_run(last) if last is not None else None
        if last is not None and done is None:
            raise HistoryError(
                _(
                    "Run %(run)s of the map is published already, and runs are "
                    "numbered in the order in which they are published: a run of the "
                    "past would stand after it. The history grows by itself from here."
                )
                % {"run": last.pk}
            )
        left = [end for end in ends if done is None or end > done]
        runs = []
        for number, end in enumerate(left, start=1):
            if not count_reports(end)[0]:
                continue
            progress(number - 1, len(left), f"Map of {end:%B %Y}")
            runs.append(
                compute_full(
                    now=now,
                    progress=_told(progress, f"Map of {end:%B %Y}"),
                    threads=threads,
                    is_resuming=True,
                    as_of=end,
                )
            )
        return runs


def _told(progress: Progress, name: str) -> Progress:
    return lambda done, total, label: progress(done, total, f"{name}: {label}")
