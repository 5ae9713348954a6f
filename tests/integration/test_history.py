"""The history of the map: runs by month, computed afterwards, thinned."""

from datetime import UTC, datetime

import pytest

from coverage.models import CoverageRun
from coverage.selectors.history import runs_for_history

pytestmark = pytest.mark.django_db


def a_published_run(when, **values):
    return CoverageRun.objects.create(
        state="published",
        is_full=True,
        input_cutoff_at=when,
        published_at=when,
        software_version="test",
        **values,
    )


def test_of_each_month_the_newest_run_stands_for_it_in_the_regencys_time():
    first = a_published_run(datetime(2026, 8, 3, tzinfo=UTC))
    august = a_published_run(datetime(2026, 8, 31, 15, 59, tzinfo=UTC))
    # Half an hour later it is September in Tenggarong.
    september = a_published_run(
        datetime(2026, 8, 31, 16, 30, tzinfo=UTC),
        parameters={"as_of": "2026-08-31T16:30:00+00:00"},
    )
    CoverageRun.objects.create(
        is_full=True, input_cutoff_at=datetime(2026, 10, 1, tzinfo=UTC)
    )
    current = a_published_run(datetime(2026, 11, 2, tzinfo=UTC), is_current=True)

    runs = runs_for_history()
    assert runs == [august, september, current]
    assert first not in runs
    assert [run.month.month for run in runs] == [8, 9, 11]
    assert [run.as_of is None for run in runs] == [True, False, True]


def test_without_a_published_run_there_is_no_history():
    assert runs_for_history() == []
