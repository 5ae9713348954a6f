"""The life of a run: killed, cancelled, resumed, overtaken, spread over machines."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import pytest
from distributed import Client
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from coverage.core import grid
from coverage.core.classify import UNKNOWN_P
from coverage.models import (
    CoverageRun,
    LateChange,
    StagedLayer,
    StagedTile,
    SurfaceTile,
    VillageCoverage,
)
from coverage.selectors.regency import regency
from coverage.selectors.runs import current_run
from coverage.services import compute_run, publish_run
from coverage.services.compute_run import (
    compute_changes,
    compute_full,
    has_interrupted_run,
    needs_full_run,
)
from coverage.services.inputs import laws_of
from coverage.services.layers import load_layer
from tests.conftest import a_report, a_village, no_service, store
from villages.models import ReportChange

# Real processes see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
# Far from every report of the cast.
FAR_LON, FAR_LAT = 116.8, 0.25


def quiet(done, total, label):
    pass


def full(**values):
    return compute_full(
        **{"now": timezone.now(), "progress": quiet, "threads": 1, **values}
    )


@pytest.fixture
def land(db):
    """A land of eight tiles: reports in its west, nobody in its east."""
    a_village("64.02.12.2001", "Hulu", (116.0, -0.3, 116.5, 0.3))
    a_village("64.02.12.2002", "Hilir", (116.5, -0.3, 116.9, 0.3))
    chance = random.Random(7)
    reports = []
    for _ in range(200):
        place = {"lon": chance.uniform(116.0, 116.5), "lat": chance.uniform(-0.3, 0.3)}
        if place["lon"] < 116.25:
            reports.append(no_service(**place))
        else:
            reports.append(a_report(rsrp_dbm=chance.uniform(-100, -80), **place))
        if chance.random() < 0.3:
            reports.append(a_report(operator="INDOSAT", **place))
    store(*reports, now=timezone.now())


@pytest.fixture
def start():
    """Start commands in processes of their own, on the database of the tests."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    # Written out, because joining would drop the two slashes of an empty host.
    url = f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}"
    begun = []

    def begin(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env={
                **os.environ,
                "DATABASE_URL": url,
                "PGDATABASE": name,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def wait_until(condition, limit_s=180.0):
    end_s = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end_s, "It did not happen in time."
        time.sleep(0.01)
    return found


def some_tiles():
    return StagedTile.objects.count() >= 3


def result_of(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def surfaces():
    return set(SurfaceTile.objects.filter(ended_run=None).values_list("pk", "digest"))


def test_a_run_killed_in_the_middle_goes_on_where_it_was(land, start):
    process = start("compute_coverage", "--full", "--threads", "2")
    wait_until(some_tiles)
    process.kill()
    process.wait()

    # Nothing of it is on the map.
    assert current_run() is None
    assert not SurfaceTile.objects.exists()
    wait_until(has_interrupted_run)
    kept = StagedTile.objects.count()
    assert kept >= 3

    # What is reported meanwhile does not mix with what it began from.
    resumed = result_of(start("compute_coverage", "--resume", "--json"))
    run = current_run()
    assert resumed["tiles_resumed"] == run.tiles_resumed == kept
    assert run.tiles_done == run.tiles_total > kept
    assert not StagedTile.objects.exists()
    assert not StagedLayer.objects.exists()
    assert not ReportChange.objects.exists()
    whole = full(now=run.input_cutoff_at)
    assert whole.checksum == run.checksum


def test_the_worker_goes_on_with_a_killed_run_and_learns_beside_the_map(land, start):
    killed = start("compute_coverage", "--full", "--threads", "1")
    wait_until(some_tiles)
    killed.kill()
    killed.wait()
    worker = start("run_worker")
    resumed = wait_until(current_run)
    assert resumed.is_full
    assert resumed.tiles_resumed >= 3

    # An operator of whom nothing was known needs laws learned anew.
    store(a_report(operator="XLSMART", lon=FAR_LON, lat=FAR_LAT), now=timezone.now())
    wait_until(lambda: CoverageRun.objects.filter(state="published").count() == 3)
    change, learned = CoverageRun.objects.filter(state="published").order_by("pk")[1:]
    assert not change.is_full
    assert learned.is_full
    assert p_at(change, FAR_LON, FAR_LAT, "XLSMART") != UNKNOWN_P
    assert p_at(learned, FAR_LON, FAR_LAT, "XLSMART") != UNKNOWN_P
    worker.terminate()
    worker.communicate(timeout=180)
    assert worker.returncode == 0


@pytest.mark.parametrize("how", ["--cancel", "TERM"])
def test_a_cancelled_run_changes_nothing_and_can_be_resumed(land, start, how):
    before = full()
    shown = surfaces()
    process = start("compute_coverage", "--full", "--threads", "1")
    wait_until(some_tiles)
    if how == "TERM":
        process.terminate()
    else:
        call_command("compute_coverage", "--cancel")
    _, told = process.communicate(timeout=180)

    assert process.returncode == 130, told
    assert "ancelled" in told
    assert "Traceback" not in told
    assert current_run() == before
    assert surfaces() == shown
    cancelled = CoverageRun.objects.get(state="cancelled")
    kept = cancelled.staged_tiles.count()
    assert 3 <= kept < cancelled.tiles_total
    resumed = full(is_resuming=True)
    assert resumed.tiles_resumed == kept
    assert resumed.input_cutoff_at == cancelled.input_cutoff_at


def test_nothing_to_cancel_is_said(land, capsys):
    call_command("compute_coverage", "--cancel")
    assert "No full run" in capsys.readouterr().out


def test_a_run_cancelled_at_the_last_moment_is_not_published(land, monkeypatch):
    before = full()

    def cancel(done, total, label):
        if label == "Publishing":
            compute_run.cancel_full_run()

    with pytest.raises(compute_run.RunCancelledError):
        full(progress=cancel)
    assert current_run() == before
    assert not has_interrupted_run()


def p_at(run, lon, lat, operator="TELKOMSEL"):
    places = regency()
    surface, _ = load_layer((operator, "internet"), places, run)
    column, row = grid.position_of(lon, lat)
    return surface.p_blank[
        int(row) - places.window.row, int(column) - places.window.column
    ]


def test_a_report_overtakes_a_full_run_and_stays(land, start):
    full()
    process = start("compute_coverage", "--full", "--threads", "1", "--json")
    wait_until(some_tiles)
    # Held still, so that nobody can say it had ended.
    process.send_signal(signal.SIGSTOP)
    held = CoverageRun.objects.get(state="running")
    assert held.staged_tiles.count() < held.tiles_total
    store(no_service(lon=FAR_LON, lat=FAR_LAT), now=timezone.now())
    # Whoever waits for it would wait for ever.
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '60s'")
    change = compute_changes(now=timezone.now(), progress=quiet)
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")

    assert process.poll() is None
    assert current_run() == change
    assert not change.is_full
    assert p_at(change, FAR_LON, FAR_LAT) != UNKNOWN_P
    # Another is still waiting when the full run is published.
    store(no_service(lon=FAR_LON, lat=-FAR_LAT), now=timezone.now())
    process.send_signal(signal.SIGCONT)
    result_of(process)

    run = current_run()
    assert run.is_full
    assert run.pk > change.pk
    assert p_at(run, FAR_LON, FAR_LAT) != UNKNOWN_P
    assert p_at(run, FAR_LON, -FAR_LAT) != UNKNOWN_P
    assert not ReportChange.objects.exists()
    assert not LateChange.objects.exists()
    assert not CoverageRun.objects.exclude(state="published").exists()
    # The same as if it had known them from the beginning, by the laws it learned.
    late = VillageCoverage.objects.of_run(run.pk).get(
        village="64.02.12.2002", operator="TELKOMSEL", service="internet"
    )
    assert late.report_count == 2
    # The earlier run is still whole.
    assert p_at(change, FAR_LON, -FAR_LAT) == UNKNOWN_P


def test_a_change_published_while_a_run_lay_interrupted_is_in_it(land, monkeypatch):
    full()

    def stop(done, total, label):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        full(progress=stop)
    store(no_service(lon=FAR_LON, lat=FAR_LAT), now=timezone.now())
    change = compute_changes(now=timezone.now(), progress=quiet)
    assert p_at(change, FAR_LON, FAR_LAT) != UNKNOWN_P

    run = full(is_resuming=True)
    assert run.tiles_resumed == 4
    assert p_at(run, FAR_LON, FAR_LAT) != UNKNOWN_P


def test_a_publication_that_fails_is_as_if_it_had_not_begun(land, monkeypatch):
    before = full()
    shown = surfaces()
    store(no_service(lon=FAR_LON, lat=FAR_LAT), now=timezone.now())

    def broken():
        message = "disk full"
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        patched.setattr(publish_run, "map_checksum", broken)
        with pytest.raises(RuntimeError, match="disk full"):
            full()
    assert current_run() == before
    assert surfaces() == shown
    assert ReportChange.objects.count() == 1
    assert "disk full" in CoverageRun.objects.get(state="failed").error

    run = full(is_resuming=True)
    assert run.tiles_resumed == run.tiles_total
    assert not ReportChange.objects.exists()
    assert full(now=run.input_cutoff_at).checksum == run.checksum


def test_what_began_over_other_boundaries_is_not_continued(land):
    def stop(done, total, label):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        full(progress=stop)
    a_village("64.02.12.2003", "Baru", (116.9, 0.0, 117.0, 0.1))
    assert full(is_resuming=True).tiles_resumed == 0
    assert not StagedTile.objects.exists()


def test_without_learning_a_new_operator_is_on_the_map_at_once(land):
    full()
    store(a_report(operator="XLSMART", lon=FAR_LON, lat=FAR_LAT), now=timezone.now())
    run = compute_changes(now=timezone.now(), progress=quiet, may_learn=False)
    assert not run.is_full
    assert p_at(run, FAR_LON, FAR_LAT, "XLSMART") != UNKNOWN_P
    assert ("XLSMART", "internet") in laws_of(run)
    assert needs_full_run()


MAP = [
    "SELECT operator, service, x, y, digest FROM coverage_surfacetile",
    "SELECT operator, service, village_id, covered_km2, blank_km2, unknown_km2,"
    " likely_blank_km2, report_count FROM coverage_villagecoverage",
    "SELECT operator, service, state, anchor_row, anchor_column, area_km2,"
    " confidence, report_count, ST_AsBinary(polygon) FROM coverage_blankspot",
]


def rows():
    found = []
    with connection.cursor() as cursor:
        for table in MAP:
            cursor.execute(f"{table} WHERE ended_run_id IS NULL")
            found += sorted(
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in cursor.fetchall()
            )
    return found


def test_a_part_of_the_map_comes_out_as_all_of_it_would(land, monkeypatch):
    """Looking only where changes reach equals looking at the whole regency."""
    # One moment for all: what was kept and what is looked at again is equally old.
    now = timezone.now()
    full(now=now)
    reports = [
        a_report(id=None, lon=116.24, lat=0.1, rsrp_dbm=-70.0),
        no_service(id=None, lon=116.3, lat=-0.2),
        no_service(id=None, lon=FAR_LON, lat=FAR_LAT),
        no_service(id=None, operator="INDOSAT", lon=116.3, lat=-0.2),
    ]
    for report in reports:
        store(replace(report, id=uuid4()), now=now)
        changed = compute_changes(now=now, progress=quiet)
        in_part = rows()
        # The same notes again, and all of the map looked at.
        ReportChange.objects.create(
            operators=[report.operator],
            extent="SRID=4326;POLYGON((115 -2,118 -2,118 2,115 2,115 -2))",
        )
        again = compute_changes(now=now, progress=quiet)
        assert again.tiles_total > changed.tiles_total
        assert rows() == in_part


def test_the_order_of_tiles_changes_nothing(land, monkeypatch):
    one = full()
    ordered = compute_run.tile_tasks

    def shuffled(layers, wanted):
        wanted = list(wanted)
        random.Random(3).shuffle(wanted)
        return ordered(layers, wanted)

    monkeypatch.setattr(compute_run, "tile_tasks", shuffled)
    assert full(now=one.input_cutoff_at).checksum == one.checksum
    assert full(now=one.input_cutoff_at, threads=2).checksum == one.checksum


# --- on a Dask cluster -----------------------------------------------------------


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own."""
    told = tmp_path / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    del environment["DATABASE_URL"]
    begun = []

    def begin(*arguments):
        with (tmp_path / f"{len(begun)}.log").open("w") as log:
            begun.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *arguments],
                    cwd=tmp_path,
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            )
        return begun[-1]

    begin(
        "scheduler",
        *("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"),
        *("--scheduler-file", str(told)),
    )
    wait_until(lambda: told.exists() and told.stat().st_size)
    about = json.loads(told.read_text())
    workers = [
        begin(
            "worker",
            about["address"],
            *("--nthreads", "1", "--no-nanny", "--no-dashboard"),
        )
        for _ in range(2)
    ]
    dashboard = f"http://127.0.0.1:{about['services']['dashboard']}"
    wait_until(lambda: worker_count(about["address"]) == 2)
    yield about["address"], workers, dashboard
    for process in begun:
        process.kill()
        process.wait()


def worker_count(address):
    with Client(address, set_as_default=False) as client:
        return len(client.nthreads())


def test_a_cluster_makes_the_map_of_one_process_even_when_a_worker_dies(land, cluster):
    address, workers, dashboard = cluster
    one = full()
    same = full(now=one.input_cutoff_at, scheduler=address)
    assert same.checksum == one.checksum
    for page in ("health", "status"):
        with urlopen(f"{dashboard}/{page}") as answer:
            assert answer.status == 200

    seen = []

    def kill_one(done, total, label):
        if label == "Estimating tiles":
            seen.append((done, total))
            if done == 4:
                workers[0].kill()
                workers[0].wait()

    survived = full(now=one.input_cutoff_at, scheduler=address, progress=kill_one)
    assert survived.checksum == one.checksum
    assert seen == [(n, one.tiles_total) for n in range(1, one.tiles_total + 1)]
    assert not SurfaceTile.objects.filter(first_run=survived).exists()
