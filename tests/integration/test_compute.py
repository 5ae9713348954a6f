"""From stored reports to a published map, and what the map may never do."""

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone

from coverage.core import grid
from coverage.core.classify import State
from coverage.models import BlankSpot, CoverageRun, SurfaceTile, VillageCoverage
from coverage.selectors.regency import regency
from coverage.selectors.runs import current_run
from coverage.services.compute_run import (
    NoVillagesError,
    compute_changes,
    compute_full,
    unpack,
)
from tests.conftest import a_report, no_service, store
from villages.models import ReportChange, SignalReport

pytestmark = pytest.mark.django_db


def quiet(done, total, label):
    pass


def full():
    return compute_full(now=timezone.now(), progress=quiet, threads=1)


def changes():
    return compute_changes(now=timezone.now(), progress=quiet)


def spots(run, operator="TELKOMSEL", service="internet", state="blank"):
    return BlankSpot.objects.of_run(run.pk).filter(
        operator=operator, service=service, state=state
    )


def test_without_villages_it_says_what_to_do(db):
    with pytest.raises(NoVillagesError, match="load_villages"):
        full()


def test_nobody_measured_is_unknown_and_nothing_else(two_villages):
    store(a_report(operator="INDOSAT", lon=116.02, lat=0.04))
    run = full()

    rows = VillageCoverage.objects.of_run(run.pk).filter(operator="INDOSAT")
    hilir = rows.get(village=two_villages[1], service="internet")
    assert hilir.covered_km2 == hilir.blank_km2 == hilir.likely_blank_km2 == 0
    assert hilir.unknown_km2 == pytest.approx(123, rel=0.02)
    assert not spots(run, "INDOSAT").exists()


def test_no_service_in_the_west_is_a_blank_spot_there(a_blank_west):
    west, east = a_blank_west
    run = full()

    found = list(spots(run))
    assert found
    largest = max(found, key=lambda s: s.area_km2)
    assert largest.villages[0] == west.code
    assert largest.confidence > 0.5
    assert largest.report_count > 10
    assert largest.polygon.covers(Point(116.05, 0.0, srid=4326))
    shares = {
        v.village_id: v
        for v in VillageCoverage.objects.of_run(run.pk).filter(
            operator="TELKOMSEL", service="internet"
        )
    }
    assert shares[west.code].blank_km2 > 10
    assert shares[west.code].covered_km2 < 5
    assert shares[east.code].covered_km2 > 10
    assert shares[east.code].blank_km2 < 5


def test_polygons_shares_and_surface_agree_exactly(a_blank_west):
    run = full()
    places = regency()
    for operator in ("TELKOMSEL", "ANY"):
        for service in ("internet", "voice"):
            layer = {"operator": operator, "service": service}
            by_state = np.zeros(len(State))
            for tile in SurfaceTile.objects.of_run(run.pk).filter(**layer):
                state = unpack(tile.state, np.uint8)
                top = tile.y * 256 - places.window.row
                area = places.area_km2[top : top + 256]
                for s in State:
                    by_state[s] += ((state == s) * area[:, None]).sum()
            rows = VillageCoverage.objects.of_run(run.pk).filter(**layer)
            for name, states in {
                "covered_km2": (State.COVERED, State.WEAK),
                "blank_km2": (State.BLANK,),
                "likely_blank_km2": (State.LIKELY_BLANK,),
                "unknown_km2": (State.UNKNOWN,),
            }.items():
                of_villages = sum(getattr(row, name) for row in rows)
                assert of_villages == pytest.approx(sum(by_state[s] for s in states))
            for name, s in (
                ("blank", State.BLANK),
                ("likely_blank", State.LIKELY_BLANK),
            ):
                of_spots = spots(run, operator, service, name)
                assert sum(x.area_km2 for x in of_spots) == pytest.approx(by_state[s])


def test_the_area_of_a_polygon_is_geodesic(a_blank_west):
    full()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT area_km2, ST_Area(polygon::geography) / 1e6 FROM coverage_blankspot"
        )
        for ours, postgis in cursor.fetchall():
            assert ours == pytest.approx(postgis, rel=1e-4)


def test_the_same_reports_make_the_same_map(a_blank_west):
    now = timezone.now()
    one, other = (
        compute_full(now=now, progress=quiet, threads=1) for _attempt in range(2)
    )

    assert one.checksum == other.checksum
    # What came out equal was not written again.
    assert not SurfaceTile.objects.filter(first_run=other).exists()
    assert not VillageCoverage.objects.filter(first_run=other).exists()


def test_several_threads_make_the_map_of_one(a_blank_west):
    one = full()
    two = compute_full(now=one.input_cutoff_at, progress=quiet, threads=2)
    assert one.checksum == two.checksum


def test_a_new_report_changes_only_what_is_near(a_blank_west):
    before = full()
    ReportChange.objects.all().delete()
    old = {s.identity: s.area_km2 for s in spots(before)}
    store(
        *[a_report(lon=116.05 + 0.001 * i, lat=0.0, rsrp_dbm=-70.0) for i in range(4)],
        now=timezone.now(),
    )
    run = changes()

    assert run is not None
    assert not run.is_full
    assert current_run() == run
    assert not ReportChange.objects.exists()
    # The earlier run is still whole: a citable map does not change.
    assert {s.identity: s.area_km2 for s in spots(before)} == old
    assert {s.identity for s in spots(run)} & set(old)
    assert sum(s.area_km2 for s in spots(run)) < sum(old.values())


def test_changes_end_where_a_full_run_with_the_same_law_would(a_blank_west):
    full()
    store(no_service(lon=116.15, lat=0.0), now=timezone.now())
    step = changes()
    tiles = {
        (t.operator, t.service, t.x, t.y): (bytes(t.state), bytes(t.p_blank))
        for t in SurfaceTile.objects.of_run(step.pk)
    }
    stored = {
        (t.operator, t.service, t.x, t.y): (bytes(t.state), bytes(t.p_blank))
        for t in SurfaceTile.objects.filter(ended_run=None)
    }
    assert tiles == stored
    spot_areas = {
        (o, s, state): sum(spots(step, o, s, state).values_list("area_km2", flat=True))
        for o in ("TELKOMSEL", "ANY")
        for s in ("internet", "voice")
        for state in ("blank", "likely_blank")
    }
    rows = VillageCoverage.objects.of_run(step.pk)
    for (o, s, state), area in spot_areas.items():
        shares = rows.filter(operator=o, service=s).values_list(
            f"{state}_km2", flat=True
        )
        assert area == pytest.approx(sum(shares))


def test_nothing_waiting_makes_no_run(a_blank_west):
    full()
    assert changes() is None


def test_any_operator_is_blank_only_where_all_were_looked_for(a_blank_west):
    # Indosat was measured in the east alone: the west is unknown for "any".
    store(
        *[
            a_report(operator="INDOSAT", lon=116.15 + 0.01 * i, lat=0.0)
            for i in range(4)
        ]
    )
    run = full()

    assert spots(run, "TELKOMSEL").exists()
    west = VillageCoverage.objects.of_run(run.pk).get(
        village=a_blank_west[0], operator="ANY", service="internet"
    )
    assert west.blank_km2 == 0


def test_a_run_that_fails_leaves_the_map_as_it_was(a_blank_west, monkeypatch):
    before = full()
    store(no_service(lon=116.15, lat=0.0))
    waiting = ReportChange.objects.count()

    def broken():
        message = "disk full"
        raise RuntimeError(message)

    monkeypatch.setattr("coverage.services.publish_run.map_checksum", broken)
    with pytest.raises(RuntimeError, match="disk full"):
        changes()

    assert current_run() == before
    assert ReportChange.objects.count() == waiting
    assert CoverageRun.objects.filter(
        state="failed", error__contains="disk full"
    ).exists()
    assert not SurfaceTile.objects.exclude(first_run=before).exists()


def test_rejected_reports_do_not_count(a_blank_west):
    SignalReport.objects.filter(found="no_service").update(review_state="rejected")
    run = full()
    assert not spots(run).exists()


def test_a_report_stored_while_computing_waits_for_the_next_run(
    a_blank_west, monkeypatch
):
    full()
    store(no_service(lon=116.15, lat=0.0))
    from coverage.services import compute_run

    real = compute_run.publish_run

    def late(*args, **kwargs):
        store(no_service(lon=116.16, lat=0.01))
        return real(*args, **kwargs)

    monkeypatch.setattr(compute_run, "publish_run", late)
    changes()
    assert ReportChange.objects.count() == 1


def test_slow_internet_is_covered_and_weaker_than_good(two_villages):
    for word, west in (("slow", 116.02), ("good", 116.12)):
        places = [
            (west + 0.01 * i, -0.03 + 0.01 * j) for i in range(5) for j in range(5)
        ]
        store(
            *(
                a_report(lon=lon, lat=lat, rsrp_dbm=None, technology="", internet=word)
                for lon, lat in places
            )
        )
    full()

    strongest, weakest = {}, {}
    for tile in SurfaceTile.objects.filter(operator="TELKOMSEL", service="internet"):
        mean = unpack(tile.mean_ddbm, np.int16) / 10
        state = unpack(tile.state, np.uint8)
        is_covered = np.isin(state, [State.COVERED, State.WEAK])
        assert not np.isin(state, [State.BLANK, State.LIKELY_BLANK]).any()
        longitudes = np.broadcast_to(
            grid.centres(grid.tile_window(tile.x, tile.y))[0], mean.shape
        )
        for name, side in (
            ("slow", longitudes < 116.07),
            ("good", longitudes > 116.11),
        ):
            here = mean[is_covered & side]
            if len(here):
                strongest[name] = max(here.max(), strongest.get(name, -999))
                weakest[name] = min(here.min(), weakest.get(name, 0))
    assert strongest["slow"] < weakest["good"]
    assert weakest["slow"] > -110
