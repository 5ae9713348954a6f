"""Old runs are thinned to one a month, and no run that stays says anything else."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coverage.management.commands.run_worker import Command as Worker
from coverage.models import (
    BlankSpot,
    CoverageRun,
    LayerOperator,
    PlaceCoverage,
    RunDifference,
    Service,
    SurfaceTile,
    VillageCoverage,
)
from coverage.services.cite_run import cite_run
from coverage.services.compute_run import compute_changes, compute_full
from coverage.services.thin_runs import remove_demo_runs, thin_runs
from tests.conftest import NOW, a_report, store
from tests.integration.test_history import a_published_run

pytestmark = pytest.mark.django_db
RESULTS = (SurfaceTile, BlankSpot, VillageCoverage, PlaceCoverage)
# Of a row, what names the runs it holds in: the rest is what it says.
RUNS = ("first_run_id", "ended_run_id")


def said_by(run):
    """Everything that a run says, as plain rows."""
    return {
        model.__name__: [
            {
                key: bytes(x) if isinstance(x, memoryview) else x
                for key, x in row.items()
                if key not in RUNS
            }
            for row in model.objects.of_run(run.pk).order_by("pk").values()
        ]
        for model in RESULTS
    }


def at(run, when):
    CoverageRun.objects.filter(pk=run.pk).update(input_cutoff_at=when)


@pytest.fixture
def years_of_runs(a_blank_west):
    """Five runs of two months more than a year ago, and one of today."""
    runs = [compute_full(now=NOW, progress=lambda *_: None, threads=1)]
    for step in range(5):
        # Now here, now there, and once where the first one was.
        lon = 116.03 + 0.03 * (step % 3)
        store(
            *[
                a_report(lon=lon, lat=0.004 * i, rsrp_dbm=-70.0 - step)
                for i in range(3)
            ],
            now=NOW,
        )
        run = compute_changes(now=NOW, progress=lambda *_: None, may_learn=False)
        runs.append(run)
    months = [9, 9, 9, 10, 10]
    for day, (run, month) in enumerate(zip(runs[:5], months, strict=True), start=1):
        at(run, datetime(2024, month, day, tzinfo=UTC))
    return runs


def test_of_each_old_month_the_newest_stays_and_says_what_it_said(years_of_runs):
    first, second, third, fourth, fifth, current = years_of_runs
    before = {run.pk: said_by(run) for run in (third, fifth, current)}
    assert all(before[third.pk].values())

    assert thin_runs(now=NOW) == [first.pk, second.pk, fourth.pk]

    assert list(CoverageRun.objects.order_by("pk")) == [third, fifth, current]
    assert {run.pk: said_by(run) for run in (third, fifth, current)} == before
    kept = {third.pk, fifth.pk, current.pk, None}
    for model in RESULTS:
        rows = model.objects.values_list(*RUNS)
        assert {run for row in rows for run in row} <= kept
        # Nothing is left that no kept run shows.
        shown = {
            pk
            for run in (third, fifth, current)
            for pk in model.objects.of_run(run.pk).values_list("pk", flat=True)
        }
        assert set(model.objects.values_list("pk", flat=True)) == shown
    assert thin_runs(now=NOW) == []


def test_a_cited_run_stays(years_of_runs):
    first, *_ = years_of_runs
    before = said_by(first)
    cite_run(run_id=first.pk)
    assert first.pk not in thin_runs(now=NOW)
    assert said_by(first) == before


def are_of_demo(*runs):
    pks = [run.pk for run in runs]
    CoverageRun.objects.filter(pk__in=pks).update(is_demo=True)


def test_runs_of_a_demonstration_go_and_the_others_say_what_they_said(years_of_runs):
    first, second, third, fourth, fifth, current = years_of_runs
    are_of_demo(first, second, fourth)
    before = {run.pk: said_by(run) for run in (third, fifth, current)}
    assert remove_demo_runs() == [first.pk, second.pk, fourth.pk]
    assert list(CoverageRun.objects.order_by("pk")) == [third, fifth, current]
    assert {run.pk: said_by(run) for run in (third, fifth, current)} == before
    assert remove_demo_runs() == []


def test_a_demonstration_stays_while_it_is_all_there_is(years_of_runs):
    are_of_demo(*years_of_runs)
    assert remove_demo_runs() == []
    assert CoverageRun.objects.count() == len(years_of_runs)


def test_a_cited_run_of_a_demonstration_stays_and_is_marked(years_of_runs):
    first, second, *_ = years_of_runs
    are_of_demo(first, second)
    cite_run(run_id=first.pk)
    before = said_by(first)
    assert remove_demo_runs() == [second.pk]
    assert CoverageRun.objects.get(pk=first.pk).is_demo
    assert said_by(first) == before


def quietly(*_):
    pass


@pytest.mark.parametrize("is_full", [False, True])
def test_what_was_computed_of_a_demonstration_goes_with_it(a_blank_west, is_full):
    real = compute_full(now=NOW, progress=quietly, threads=1)
    # A demonstration of good signal in the blank west.
    reports = [a_report(lon=116.05, lat=0.004 * i, rsrp_dbm=-70.0) for i in range(9)]
    store(*reports, is_demo=True, now=NOW)
    mixed = compute_changes(now=NOW, progress=quietly, may_learn=False)
    assert mixed.is_demo
    assert said_by(mixed) != said_by(real)
    call_command("remove_demo", stdout=StringIO())
    assert CoverageRun.objects.filter(pk=mixed.pk).exists()
    after = (
        compute_full(now=NOW, progress=quietly, threads=1)
        if is_full
        else compute_changes(now=NOW, progress=quietly, may_learn=False)
    )
    assert list(CoverageRun.objects.order_by("pk")) == [real, after]
    assert not BlankSpot.objects.filter(is_demo=True).exists()


def test_within_a_year_every_run_stays(years_of_runs):
    assert thin_runs(now=datetime(2025, 8, 1, tzinfo=UTC)) == []


def test_a_difference_goes_with_its_run(years_of_runs):
    first, _, third, *_, current = years_of_runs
    for run in (first, third):
        RunDifference.objects.create(
            from_run=run,
            to_run=current,
            operator="ANY",
            service="voice",
            fingerprint="",
            body=b"",
        )
    thin_runs(now=NOW)
    assert RunDifference.objects.get().from_run == third


def test_unfinished_runs_are_not_touched(years_of_runs):
    other = CoverageRun.objects.create(
        is_full=True, input_cutoff_at=datetime(2024, 9, 1, tzinfo=UTC), state="failed"
    )
    assert other.pk not in thin_runs(now=NOW)
    assert CoverageRun.objects.filter(pk=other.pk).exists()


def test_the_command_may_only_say_what_it_would_do(years_of_runs):
    told = StringIO()
    call_command("thin_runs", "--dry-run", stdout=told)
    assert "3 runs would be removed" in told.getvalue()
    assert CoverageRun.objects.count() == 6
    call_command("thin_runs", stdout=told)
    assert CoverageRun.objects.count() == 3


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    months=st.lists(st.integers(1, 24), min_size=2, max_size=8),
    rows=st.lists(
        st.tuples(st.integers(0, 7), st.one_of(st.none(), st.integers(0, 7))),
        max_size=12,
    ),
    cited=st.sets(st.integers(0, 7)),
)
def test_whatever_the_runs_are_those_that_stay_show_the_same_rows(
    two_villages, months, rows, cited
):
    VillageCoverage.objects.all().delete()
    CoverageRun.objects.all().delete()
    runs = [
        a_published_run(
            datetime(2022, 1, 1, tzinfo=UTC) + timedelta(days=30 * month + n),
            is_cited=n in cited,
        )
        for n, month in enumerate(sorted(months))
    ]
    for number, (begin, end) in enumerate(rows):
        if begin >= len(runs) or (end is not None and not begin < end < len(runs)):
            continue
        VillageCoverage.objects.create(
            first_run=runs[begin],
            ended_run=runs[end] if end is not None else None,
            # Two rows may not be in force for the same layer and village.
            operator=LayerOperator.values[number % 4],
            service=Service.values[number // 4 % 2],
            village=two_villages[number // 8],
            covered_km2=1,
            weak_km2=0,
            likely_blank_km2=0,
            blank_km2=0,
            unknown_km2=0,
            report_count=number,
        )

    def shown(run):
        return set(VillageCoverage.objects.of_run(run.pk).values_list("pk", flat=True))

    before = {run.pk: shown(run) for run in runs}
    gone = thin_runs(now=NOW)
    assert not {runs[n].pk for n in cited if n < len(runs)} & set(gone)
    stay = [run for run in runs if run.pk not in gone]
    assert {run.pk: shown(run) for run in stay} == {
        run.pk: before[run.pk] for run in stay
    }
    assert set(VillageCoverage.objects.values_list("pk", flat=True)) == set().union(
        *(before[run.pk] for run in stay)
    )


def test_the_worker_thins_runs_once_a_day(years_of_runs):
    Worker()._clean_up()
    assert CoverageRun.objects.count() == 3
