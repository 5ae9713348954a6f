"""The history of the map: runs by month, computed afterwards, thinned."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from coverage.selectors.history import runs_for_history
from coverage.selectors.runs import current_run
from coverage.services.compute_history import HistoryError, compute_history
from coverage.services.compute_run import (
    compute_changes,
    compute_full,
    needs_full_run,
)
from tests.conftest import NOW, no_service, store
from villages.models import ReportChange

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


def quiet(done, total, label):
    pass


def history(now, **values):
    return compute_history(
        **{"now": now, "progress": quiet, "threads": 1, "every": 3, **values}
    )


def at_the_west(days, **values):
    """No signal in the west, so many days before NOW, told at once."""
    when = NOW - timedelta(days=days)
    return [
        no_service(
            lon=116.02 + 0.012 * i, lat=-0.03 + 0.012 * j, observed_at=when, **values
        )
        for i in range(6)
        for j in range(6)
    ]


def blank_km2(run, village):
    row = VillageCoverage.objects.of_run(run.pk).get(
        operator="TELKOMSEL", service="internet", village=village
    )
    return row.blank_km2


def test_runs_of_the_past_know_what_was_known_then(two_villages):
    west, east = two_villages
    store(*at_the_west(100), now=NOW - timedelta(days=99))
    # The same months of observation, but told only now.
    late = [
        no_service(
            lon=116.12 + 0.012 * i,
            lat=-0.03 + 0.012 * j,
            observed_at=NOW - timedelta(90),
        )
        for i in range(6)
        for j in range(6)
    ]
    store(*late, now=NOW)

    runs = history(NOW)
    # From November: the ends of October and July; nothing was known before August.
    assert [run.parameters["as_of"] for run in runs] == ["2026-10-31T23:59:59+08:00"]
    (october,) = runs
    assert october.state == "published"
    assert not october.is_current
    assert october.input_cutoff_at == datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)
    assert october.report_counts == {"TELKOMSEL": 36}
    assert blank_km2(october, west) > 10
    assert blank_km2(october, east) == 0
    spot = BlankSpot.objects.of_run(october.pk).get(
        operator="TELKOMSEL", service="internet", state="blank"
    )
    assert spot.newest_report_at == NOW - timedelta(days=100)

    now_run = compute_full(now=NOW, progress=quiet, threads=1)
    assert now_run.pk > october.pk
    assert now_run.is_current
    assert blank_km2(now_run, east) > 10
    # The past stays what it was.
    assert blank_km2(october, east) == 0
    assert [run.as_of is None for run in runs_for_history()] == [False, True]


def test_ages_are_counted_from_the_moment_of_the_run(two_villages):
    store(*at_the_west(100), now=NOW - timedelta(days=99))
    (then,) = history(NOW)
    # What it would have been if it had been computed in its own time.
    at_that_time = compute_full(now=then.input_cutoff_at, progress=quiet, threads=1)
    assert at_that_time.checksum == then.checksum
    years_later = compute_full(
        now=NOW + timedelta(days=1500), progress=quiet, threads=1
    )
    assert years_later.checksum != then.checksum


def test_demonstration_reports_count_from_when_they_were_observed(two_villages):
    store(*at_the_west(200), now=NOW, is_demo=True)
    runs = history(NOW)
    assert [run.input_cutoff_at.month for run in runs] == [7, 10]
    assert all(run.is_demo for run in runs)


def test_after_a_run_of_the_present_the_past_is_refused(two_villages):
    store(*at_the_west(100), now=NOW - timedelta(days=99))
    run = compute_full(now=NOW, progress=quiet, threads=1)
    with pytest.raises(HistoryError, match=f"{run.pk}"):
        history(NOW)
    assert CoverageRun.objects.count() == 1


def test_a_history_that_was_interrupted_goes_on_where_it_was(two_villages):
    store(*at_the_west(200), now=NOW, is_demo=True)
    first = history(NOW - timedelta(days=90))
    assert [run.input_cutoff_at.month for run in first] == [7]
    again = history(NOW)
    assert [run.input_cutoff_at.month for run in again] == [10]
    assert history(NOW) == []


def test_the_past_leaves_what_waits_for_the_present(two_villages):
    store(*at_the_west(100), now=NOW - timedelta(days=99))
    waiting = ReportChange.objects.count()
    assert waiting
    history(NOW)
    assert ReportChange.objects.count() == waiting
    # Nothing is current yet: changes alone cannot be put on the map of the past.
    assert current_run() is None
    assert needs_full_run()
    assert compute_changes(now=NOW, progress=quiet, may_learn=False) is None
    compute_full(now=NOW, progress=quiet, threads=1)
    assert not ReportChange.objects.exists()
    assert not needs_full_run()


def test_a_run_of_the_past_is_never_continued_as_one_of_the_present(two_villages):
    store(*at_the_west(100), now=NOW - timedelta(days=99))

    def cut_off(done, total, label):
        if "Drawing" in label:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        history(NOW, progress=cut_off)
    unfinished = CoverageRun.objects.get()
    assert unfinished.staged_tiles.exists()
    run = compute_full(now=NOW, progress=quiet, threads=1, is_resuming=True)
    assert run.is_current
    assert "as_of" not in run.parameters


def test_the_command_computes_the_history_of_a_demonstration_once(two_villages):
    def command():
        told = StringIO()
        call_command("compute_history", "--if-demo", "--json", stdout=told)
        return json.loads(told.getvalue())["runs"]

    store(*at_the_west(200), now=NOW)
    assert command() == []
    store(*at_the_west(200, operator="INDOSAT"), now=NOW, is_demo=True)
    assert command()
    compute_full(now=timezone.now(), progress=quiet, threads=1)
    assert command() == []
