"""The state of a layer where people are."""

import pytest
from django.contrib.gis.geos import Point

from coverage.models import PlaceCoverage
from tests.conftest import a_report, store
from tests.integration.test_compute import changes, full
from villages.models import Facility, Settlement
from villages.services.submit_reports import leave_change

pytestmark = pytest.mark.django_db


def a_settlement(village, name, lon, lat=0.0):
    return Settlement.objects.create(
        name=name, kind="rt", village=village, point=Point(lon, lat, srid=4326)
    )


def states(run, operator="TELKOMSEL", service="internet"):
    rows = PlaceCoverage.objects.of_run(run.pk).filter(
        operator=operator, service=service
    )
    return {row.settlement_id or row.facility_id or row.village_id: row for row in rows}


def tell_about(lon, lat=0.0):
    leave_change(operators=["TELKOMSEL"], extent=(lon, lat, lon, lat))


def test_a_village_without_settlements_is_stood_in_for_by_its_point(a_blank_west):
    west, east = a_blank_west
    found = states(full())
    assert found[west.code].state == "blank"
    assert found[west.code].p_blank > 0.5
    assert found[east.code].state in ("covered", "weak")


def test_settlements_take_the_place_of_the_village_point(a_blank_west):
    west, east = a_blank_west
    before = full()
    blank = a_settlement(west, "RT 1", 116.05)
    outside = a_settlement(west, "RT 9", 118.0)
    tell_about(116.05)
    now = states(changes())
    assert now[blank.pk].state == "blank"
    # Outside the regency nothing is estimated.
    assert (now[outside.pk].state, now[outside.pk].p_blank) == ("unknown", None)
    assert west.code not in now
    assert now[east.code].first_run_id == before.pk
    assert west.code in states(before)


def test_facilities_have_a_state_beside_the_settlements(a_blank_west):
    west, _east = a_blank_west
    school = Facility.objects.create(
        name="SDN 1", kind="school", village=west, point=Point(116.05, 0.0, srid=4326)
    )
    found = states(full())
    assert found[school.pk].state == "blank"
    assert found[west.code].state == "blank"


def test_what_did_not_change_stays_and_what_changed_is_replaced(a_blank_west):
    west, east = a_blank_west
    first = full()
    store(*(a_report(lon=116.05, lat=0.0, rsrp_dbm=-80.0) for _n in range(40)))
    second = changes()
    old, new = states(first), states(second)
    assert old[west.code].state == "blank"
    assert new[west.code].pk != old[west.code].pk
    assert new[east.code].pk == old[east.code].pk


def test_a_run_of_changes_comes_to_what_a_full_run_comes_to(a_blank_west):
    west, _east = a_blank_west
    full()
    for n in range(5):
        a_settlement(west, f"RT {n}", 116.01 + 0.02 * n)
    tell_about(116.05)
    partial = {k: (r.state, r.p_blank) for k, r in states(changes()).items()}
    whole = {k: (r.state, r.p_blank) for k, r in states(full()).items()}
    assert partial == whole


def test_a_deleted_settlement_stays_in_the_runs_of_its_time(a_blank_west):
    west, _east = a_blank_west
    gone = a_settlement(west, "RT 1", 116.05)
    before = full()
    rows = PlaceCoverage.objects.of_run(before.pk).count()
    number = gone.pk
    gone.delete()
    tell_about(116.05)
    # Also between the deletion and the next run.
    assert PlaceCoverage.objects.of_run(before.pk).count() == rows
    now = changes()
    assert states(before)[number].state == "blank"
    assert west.code not in states(before)
    assert states(now)[west.code].state == "blank"
    assert number not in states(now)
