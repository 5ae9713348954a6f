"""The difference between two runs, against numbers computed by hand."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection

from coverage.core.grid import lat_at, lon_at
from coverage.models import (
    PlaceCoverage,
    RunDifference,
    SurfaceTile,
    VillageCoverage,
)
from coverage.services import run_difference as service
from coverage.services.layers import pack
from tests.integration.test_history import a_published_run
from villages.models import Facility, Settlement

pytestmark = pytest.mark.django_db

STATES = {"?": 1, "C": 2, "W": 3, "L": 4, "B": 5}
# Tile 842/512 begins on the equator; one row of squares in each village of the cast.
TILE = (842, 512)
ROW, WEST_COLUMN, EAST_COLUMN = 3, 24, 97
WEST = ("BBBLCCL??C", "CWLCBLBCB?")
EAST = ("?CWB", "LWCB")
# By hand: a square is 2πa/2¹⁸ wide on the equator and 2πa(1−e²)/2¹⁸ high,
# 152.8741 m by 151.8506 m.
SQUARE_KM2 = 0.1528741 * 0.1518506
BY_HAND = {
    "newly_covered": 2,
    "newly_blank": 1,
    "better_sign": 2,
    "worse_sign": 2,
    "newly_measured": 2,
    "unknown_again": 1,
}
BACKWARD = {
    "newly_covered": 1,
    "newly_blank": 2,
    "better_sign": 2,
    "worse_sign": 2,
    "newly_measured": 1,
    "unknown_again": 2,
}


def a_tile(west, east, run, ended=None):
    state = np.ones((256, 256), np.uint8)
    for column, letters in ((WEST_COLUMN, west), (EAST_COLUMN, east)):
        state[ROW, column : column + len(letters)] = [STATES[s] for s in letters]
    SurfaceTile.objects.create(
        first_run=run,
        ended_run=ended,
        operator="TELKOMSEL",
        service="internet",
        x=TILE[0],
        y=TILE[1],
        state=pack(state),
        mean_ddbm=pack(np.zeros((256, 256), np.int16)),
        std_ddb=pack(np.zeros((256, 256), np.uint8)),
        p_blank=pack(np.zeros((256, 256), np.uint8)),
        digest="0" * 64,
    )


def corner(column, row=ROW):
    return (
        float(lon_at(TILE[0] * 256 + column)),
        float(lat_at(TILE[1] * 256 + row)),
    )


@pytest.fixture
def two_runs(two_villages):
    west, east = two_villages
    before = a_published_run(datetime(2026, 3, 31, tzinfo=UTC))
    after = a_published_run(datetime(2026, 11, 2, tzinfo=UTC), is_current=True)
    a_tile(WEST[0], EAST[0], before, ended=after)
    a_tile(WEST[1], EAST[1], after)

    def was_and_is(was, now, **place):
        for run, ended, state in ((before, after, was), (after, None, now)):
            PlaceCoverage.objects.create(
                first_run=run,
                ended_run=ended,
                operator="TELKOMSEL",
                service="internet",
                state=state,
                p_blank=None if state == "unknown" else 0.5,
                **place,
            )

    point = Point(116.05, 0.0, srid=4326)
    made = {"village": west, "point": point, "source": "survey"}
    for name, people in (("RT 1", 120), ("RT 2", 90), ("RT 3", None)):
        settlement = Settlement.objects.create(
            name=name, kind="rt", people=people, **made
        )
        was_and_is("blank", "weak", village=west, settlement=settlement)
    school = Facility.objects.create(name="SD 1", kind="school", **made)
    was_and_is("covered", "blank", village=west, facility=school)
    unchanged = Facility.objects.create(name="SD 2", kind="school", **made)
    was_and_is("covered", "weak", village=west, facility=unchanged)
    was_and_is("unknown", "likely_blank", village=east)
    # Loaded after the first run: it has no before.
    newer = Settlement.objects.create(name="RT 9", kind="rt", people=50, **made)
    PlaceCoverage.objects.create(
        first_run=after,
        operator="TELKOMSEL",
        service="internet",
        village=west,
        settlement=newer,
        state="covered",
        p_blank=0.1,
    )
    return before, after


@pytest.fixture
def ask(client, officer):
    client.force_login(officer)

    def ask(start, end, status=200, headers=None, **query):
        values = {"from": start, "to": end, "operator": "TELKOMSEL", **query}
        answer = client.get("/api/v1/run-differences/", values, headers=headers or {})
        assert answer.status_code == status, answer.content
        return answer

    return ask


def km2(totals):
    return {
        name: change["area_km2"] for name, change in totals.items() if name in BY_HAND
    }


def squares(count):
    return pytest.approx(count * SQUARE_KM2, abs=1e-4)


def test_square_by_square_it_is_what_the_hand_computes(ask, two_runs, two_villages):
    before, after = two_runs
    found = ask(before.pk, after.pk).json()

    totals = BY_HAND | {"newly_measured": 3}
    assert km2(found["totals"]) == {n: squares(c) for n, c in totals.items()}
    (district,) = found["districts"]
    assert km2(district) == {n: squares(c) for n, c in totals.items()}
    west, east = found["villages"]
    assert (west["code"], east["code"]) == tuple(v.code for v in two_villages)
    assert km2(west) == {n: squares(c) for n, c in BY_HAND.items()}
    assert km2(east) == {n: squares(int(n == "newly_measured")) for n in BY_HAND}
    assert found["totals"]["newly_measured"]["as"] == {
        "covered": squares(1),
        "likely_blank": squares(1),
        "blank": squares(1),
    }


def test_the_polygons_have_the_edges_of_their_squares(ask, two_runs):
    before, after = two_runs
    features = ask(before.pk, after.pk).json()["features"]

    def of(change):
        return [f for f in features if f["properties"]["change"] == change]

    # The two that became covered lie side by side; so do those with better signs.
    (covered,) = of("newly_covered")
    left, top = corner(WEST_COLUMN)
    right, bottom = corner(WEST_COLUMN + 2, ROW + 1)
    shape = GEOSGeometry(json.dumps(covered["geometry"]))
    assert shape.valid
    assert shape.extent == pytest.approx((left, bottom, right, top), abs=1e-6)
    assert shape.area == pytest.approx((right - left) * (top - bottom), rel=1e-3)
    assert covered["properties"]["villages"] == ["64.02.12.2001"]
    assert covered["properties"]["area_km2"] == squares(2)
    assert len(of("better_sign")) == 1
    # From covered to a doubt, and from a doubt to blank: side by side, and one patch.
    assert len(of("worse_sign")) == 1
    assert len(of("newly_measured")) == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_GeomFromGeoJSON(%s)::geography) / 1e6",
            [json.dumps(covered["geometry"])],
        )
        # The spheroid's area between corners that are rounded to a tenth of a metre.
        assert cursor.fetchone()[0] == pytest.approx(2 * SQUARE_KM2, rel=3e-3)


def test_people_are_counted_where_they_are_and_never_invented(ask, two_runs):
    before, after = two_runs
    totals = ask(before.pk, after.pk).json()["totals"]
    covered = totals["newly_covered"]
    assert covered["settlements"] == 3
    assert covered["people"] == 210
    assert covered["settlements_without_people"] == 1
    assert totals["newly_blank"]["schools"] == 1
    assert totals["newly_blank"]["people"] is None
    assert totals["newly_measured"]["village_points"] == 1
    assert totals["better_sign"]["settlements"] == 0


def test_the_other_way_round_everything_is_mirrored(ask, two_runs):
    before, after = two_runs
    totals = ask(after.pk, before.pk).json()["totals"]
    assert km2(totals) == {
        n: squares(c) for n, c in (BACKWARD | {"unknown_again": 3}).items()
    }
    assert totals["newly_blank"]["people"] == 210


def test_it_is_computed_once_and_the_same_afterwards(
    ask, two_runs, monkeypatch, django_assert_max_num_queries
):
    before, after = two_runs
    first = ask(before.pk, after.pk)
    assert RunDifference.objects.count() == 1

    def again(*args):
        message = "computed again"
        raise AssertionError(message)

    monkeypatch.setattr(service, "_difference", again)
    with django_assert_max_num_queries(8):
        second = ask(before.pk, after.pk)
    assert second.content == first.content
    tag = first["ETag"]
    assert ask(before.pk, after.pk, 304, headers={"If-None-Match": tag}).content == b""
    # How many people live somewhere may be corrected; then it is another answer.
    Settlement.objects.filter(name="RT 1").update(people=100)
    corrected = ask(before.pk, after.pk, headers={"If-None-Match": tag}).json()
    assert corrected["totals"]["newly_covered"]["people"] == 190


def test_other_boundaries_make_it_anew(ask, two_runs, two_villages):
    before, after = two_runs
    ask(before.pk, after.pk)
    east = two_villages[1]
    east.boundary = None
    east.save()
    found = ask(before.pk, after.pk).json()
    assert km2(found["totals"]) == {n: squares(c) for n, c in BY_HAND.items()}
    assert RunDifference.objects.count() == 1


def test_a_village_and_a_view_limit_what_is_told(ask, two_runs, two_villages):
    before, after = two_runs
    found = ask(before.pk, after.pk, village=two_villages[1].code).json()
    assert len(found["features"]) == 1
    assert found["totals"]["newly_measured"]["area_km2"] == squares(1)
    assert found["totals"]["newly_covered"]["settlements"] == 0
    seen = ask(before.pk, after.pk, bbox="116.1,-0.1,116.2,0.1").json()
    assert len(seen["features"]) == 1
    # A view limits the polygons; the sums stay those of the regency.
    assert seen["totals"]["newly_measured"]["area_km2"] == squares(3)
    district = ask(before.pk, after.pk, district="64.02.12").json()
    assert len(district["villages"]) == 2


def test_what_cannot_be_asked_is_said_in_words(ask, two_runs):
    before, after = two_runs
    assert ask("", after.pk, 400).json()["detail"]
    assert ask(before.pk, before.pk, 400).json()["detail"]
    assert ask(before.pk, 999_999, 404).json()["detail"]
    assert ask(before.pk, after.pk, 404, village="99.99.99.9999").json()["detail"]
    assert ask(before.pk, after.pk, 400, operator="ACME").json()["detail"]
    assert ask(before.pk, after.pk, 400, bbox="1,2").json()["detail"]


def test_only_so_many_differences_are_kept(ask, two_runs, monkeypatch):
    before, after = two_runs
    monkeypatch.setattr(service, "KEPT", 2)
    for operator in ("ANY", "TELKOMSEL", "INDOSAT"):
        ask(before.pk, after.pk, operator=operator)
    kept = RunDifference.objects.order_by("pk").values_list("operator", flat=True)
    assert list(kept) == ["TELKOMSEL", "INDOSAT"]


def test_the_slider_gets_a_run_of_each_month_with_its_areas(
    client, officer, two_runs, two_villages, django_assert_max_num_queries
):
    before, after = two_runs
    for run, ended, blank in ((before, after, 30.0), (after, None, 12.5)):
        VillageCoverage.objects.create(
            first_run=run,
            ended_run=ended,
            operator="ANY",
            service="internet",
            village=two_villages[0],
            covered_km2=10,
            weak_km2=2,
            likely_blank_km2=3,
            blank_km2=blank,
            unknown_km2=80,
            report_count=1,
        )
    client.force_login(officer)
    with django_assert_max_num_queries(6):
        answer = client.get("/api/v1/runs/monthly/", headers={"Accept-Language": "id"})
    march, november = answer.json()["runs"]
    assert march["label"] == "Maret 2026"
    assert march["month"] == "2026-03"
    assert (march["id"], november["id"]) == (before.pk, after.pk)
    assert (march["is_current"], november["is_current"]) == (False, True)
    assert (march["blank_km2"], november["blank_km2"]) == (30.0, 12.5)
    assert (march["likely_blank_km2"], march["unknown_km2"]) == (3.0, 80.0)
    again = client.get(
        "/api/v1/runs/monthly/",
        headers={"Accept-Language": "id", "If-None-Match": answer["ETag"]},
    )
    assert again.status_code == 304


def test_the_history_is_for_those_who_may_see_the_map(client, two_runs, settings):
    before, after = two_runs
    for address in (
        "/api/v1/runs/monthly/",
        f"/api/v1/run-differences/?from={before.pk}&to={after.pk}",
    ):
        settings.KUKAR_PUBLIC_MAP = False
        assert client.get(address).status_code == 401
        settings.KUKAR_PUBLIC_MAP = True
        assert client.get(address).status_code == 200
