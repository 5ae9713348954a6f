"""What a blank spot says of itself, and that it stays the same place."""

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.utils import timezone

from coverage.core.classify import State, StateRules
from coverage.core.polygons import label_patches, patch_polygons
from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from coverage.selectors.regency import regency
from coverage.services.compute_run import compute_changes, compute_full, load_layer
from coverage.services.publish_spots import replace_spots
from tests.conftest import a_report, no_service, store
from villages.models import Facility, Settlement

pytestmark = pytest.mark.django_db

LAYER = {"operator": "TELKOMSEL", "service": "internet"}


def quiet(done, total, label):
    pass


def full():
    return compute_full(now=timezone.now(), progress=quiet, threads=1)


def changes():
    return compute_changes(now=timezone.now(), progress=quiet)


def spots(run, **values):
    return list(
        BlankSpot.objects.of_run(run.pk)
        .filter(**{**LAYER, **values})
        .order_by("-area_km2", "identity")
    )


def scattered(count=400, seed=0):
    """Reports all over both villages, without a signal in many places."""
    random = np.random.default_rng(seed)
    for lon, lat, draw in zip(
        116 + random.uniform(0, 0.2, count),
        random.uniform(-0.05, 0.05, count),
        random.random(count),
        strict=True,
    ):
        strength = -95 + 22 * np.sin(40 * lon) * np.cos(50 * lat) + 6 * (draw - 0.5)
        at = {"lon": float(lon), "lat": float(lat)}
        yield (
            no_service(**at)
            if strength < -110
            else a_report(rsrp_dbm=float(strength), **at)
        )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_shares_of_the_villages_are_those_of_the_map(two_villages, seed):
    store(*scattered(seed=seed))
    run = full()
    for service in ("internet", "voice"):
        rows = VillageCoverage.objects.of_run(run.pk).filter(
            operator="TELKOMSEL", service=service
        )
        for state, column in (
            ("blank", "blank_km2"),
            ("likely_blank", "likely_blank_km2"),
        ):
            found = spots(run, service=service, state=state)
            for spot in found:
                assert sum(spot.village_areas_km2) == pytest.approx(spot.area_km2)
                assert len(spot.villages) == len(spot.village_shares)
            for row in rows:
                mine = [
                    (area, share)
                    for spot in found
                    for code, area, share in zip(
                        spot.villages,
                        spot.village_areas_km2,
                        spot.village_shares,
                        strict=True,
                    )
                    if code == row.village_id
                ]
                whole = (
                    row.covered_km2
                    + row.blank_km2
                    + row.likely_blank_km2
                    + row.unknown_km2
                )
                assert sum(a for a, _ in mine) == pytest.approx(getattr(row, column))
                assert sum(s for _, s in mine) == pytest.approx(
                    getattr(row, column) / whole
                )
    assert spots(run)


def test_the_drawn_outline_keeps_the_area_and_the_neighbours(two_villages):
    store(*scattered())
    run = full()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(ST_IsValid(outline)),"
            " max(abs(ST_Area(outline::geography) / ST_Area(polygon::geography) - 1)),"
            " max(abs(ST_Area(polygon::geography) / 1e6 / area_km2 - 1))"
            " FROM coverage_blankspot"
        )
        is_valid, outline_error, area_error = cursor.fetchone()
        cursor.execute(
            "SELECT coalesce(max(ST_Area(ST_Intersection(a.outline, b.outline))), 0)"
            " FROM coverage_blankspot a JOIN coverage_blankspot b ON a.id < b.id"
            " AND (a.operator, a.service) = (b.operator, b.service)"
        )
        (overlap,) = cursor.fetchone()
    assert spots(run)
    assert is_valid
    assert outline_error < 0.01
    assert area_error < 1e-4
    assert overlap < 1e-12


def test_a_spot_says_what_its_reports_found(a_blank_west):
    store(
        a_report(lon=116.05, lat=0.0, rsrp_dbm=-121.0),
        a_report(lon=116.05, lat=0.001, found="voice_only", rsrp_dbm=None),
    )
    run = full()
    (spot, *_rest) = spots(run, state="blank")
    assert spot.report_kinds["voice_only"] == 1
    assert spot.report_kinds["data"] == 1
    assert spot.report_kinds["reading"] == 1
    assert spot.report_kinds["no_service"] > 10
    found = ("no_service", "emergency_only", "voice_only", "data")
    assert sum(spot.report_kinds[k] for k in found) == spot.report_count


def test_settlements_public_services_and_people_inside_are_counted(a_blank_west):
    west = a_blank_west[0]
    for name, people, lon in (("RT 1", 120, 116.05), ("RT 2", None, 116.051)):
        Settlement.objects.create(
            name=name,
            kind="rt",
            village=west,
            people=people,
            point=Point(lon, 0.0, srid=4326),
        )
    Settlement.objects.create(
        name="Far",
        kind="rt",
        village=west,
        people=999,
        point=Point(118.0, 0.0, srid=4326),
    )
    Facility.objects.create(
        name="SDN 1", kind="school", village=west, point=Point(116.05, 0.002, srid=4326)
    )
    Facility.objects.create(
        name="Puskesmas",
        kind="health_centre",
        village=west,
        patients=70,
        point=Point(116.05, 0.003, srid=4326),
    )
    (spot, *_rest) = spots(full(), state="blank")
    assert (spot.settlement_count, spot.facility_count, spot.people) == (2, 2, 120)
    assert (spot.school_count, spot.pupils) == (1, None)
    assert (spot.health_centre_count, spot.patients) == (1, 70)
    assert not spot.is_demo


def test_a_spot_whose_people_are_a_demonstration_says_so(a_blank_west):
    Settlement.objects.create(
        name="RT 1",
        kind="rt",
        village=a_blank_west[0],
        people=5,
        is_demo=True,
        point=Point(116.05, 0.0, srid=4326),
    )
    run = full()
    assert run.is_demo
    assert next(iter(spots(run, state="blank"))).is_demo


def test_people_stay_unknown_where_nobody_counted_them(a_blank_west):
    Settlement.objects.create(
        name="RT 1",
        kind="rt",
        village=a_blank_west[0],
        point=Point(116.05, 0.0, srid=4326),
    )
    (spot, *_rest) = spots(full(), state="blank")
    assert spot.settlement_count == 1
    assert spot.people is None


def a_place(model, village, kind, lon, **values):
    return model.objects.create(
        name=f"{kind} {lon}",
        kind=kind,
        village=village,
        point=Point(lon, 0.0, srid=4326),
        **values,
    )


def test_nobody_inside_is_nobody_where_every_village_is_loaded(a_blank_west):
    # Loaded, and far from every spot.
    for n, village in enumerate(a_blank_west):
        a_place(Settlement, village, "rt", 118.0 + n, people=50)
        a_place(Facility, village, "school", 118.0 + n, pupils=50)
        a_place(Facility, village, "health_centre", 118.0 + n, patients=50)
    found = spots(full())
    assert found
    assert {(s.people, s.pupils, s.patients) for s in found} == {(0, 0, 0)}


def test_nobody_inside_is_not_known_where_a_village_is_not_loaded(a_blank_west):
    (spot, *_rest) = spots(full(), state="blank")
    assert (spot.people, spot.pupils, spot.patients) == (None, None, None)
    # Of the other village, or of another kind: says nothing of this one.
    west, east = a_blank_west
    a_place(Settlement, east, "rt", 118.0, people=50)
    a_place(Facility, west, "village_office", 118.0)
    (spot, *_rest) = spots(full(), state="blank")
    assert west.code in spot.villages
    assert (spot.people, spot.pupils, spot.patients) == (None, None, None)
    # A school without its pupils is a school whose pupils nobody counted.
    a_place(Facility, west, "school", 116.05)
    (spot, *_rest) = spots(full(), state="blank")
    assert (spot.school_count, spot.pupils) == (1, None)


def test_the_minimum_mapping_unit_is_among_the_parameters(a_blank_west):
    run = full()
    assert run.parameters["states"]["min_area_km2"] == StateRules().min_area_km2
    for spot in BlankSpot.objects.of_run(run.pk).filter(state="blank"):
        assert spot.area_km2 >= StateRules().min_area_km2


# --- identity ------------------------------------------------------------------


@pytest.fixture
def publish(two_villages):
    """Publish states drawn by hand, one run after another."""
    places = regency()
    published = [np.where(places.owner >= 0, State.UNKNOWN, State.OUTSIDE)]

    def draw(*rectangles):
        """Each (state, top, left, height, width) in squares from the north-west."""
        state = np.where(places.owner >= 0, State.UNKNOWN, State.OUTSIDE)
        row, column = np.argwhere(places.owner >= 0)[0]
        for kind, top, left, height, width in rectangles:
            state[
                row + top : row + top + height, column + left : column + left + width
            ] = kind
        run = CoverageRun.objects.create(
            input_cutoff_at=timezone.now(), is_full=False, software_version="test"
        )
        with transaction.atomic():
            replace_spots(
                run=run,
                operator="TELKOMSEL",
                service="internet",
                places=places,
                state=state.astype(np.uint8),
                p_blank=np.full(state.shape, 200, np.uint8),
                previous_state=published[-1].astype(np.uint8),
                changed=state != published[-1],
            )
        published.append(state)
        return {
            (s.state, s.anchor_column - places.window.column - column): s.identity
            for s in BlankSpot.objects.of_run(run.pk)
        }

    return draw


B, L = State.BLANK, State.LIKELY_BLANK


def test_a_spot_that_grows_or_shrinks_stays_itself(publish):
    (before,) = publish((B, 5, 5, 4, 4)).values()
    (grown,) = publish((B, 5, 5, 9, 9)).values()
    (shrunk,) = publish((B, 6, 6, 4, 4)).values()
    assert before == grown == shrunk


def test_a_doubt_that_is_confirmed_stays_itself(publish):
    (doubt,) = publish((L, 5, 5, 4, 4)).values()
    (sure,) = publish((B, 5, 5, 4, 4)).values()
    assert doubt == sure


def test_of_two_parts_the_larger_keeps_the_identity(publish):
    (whole,) = publish((B, 5, 5, 4, 20)).values()
    parts = publish((B, 5, 5, 4, 7), (B, 5, 14, 4, 11))
    assert parts["blank", 14] == whole
    assert parts["blank", 5] != whole


def test_of_two_that_join_the_larger_lives_on(publish):
    before = publish((B, 5, 5, 4, 7), (B, 5, 14, 4, 11))
    (joined,) = publish((B, 5, 5, 4, 20)).values()
    assert joined == before["blank", 14]


def test_what_comes_back_is_a_new_spot(publish):
    (first,) = publish((B, 5, 5, 4, 4)).values()
    assert publish() == {}
    (second,) = publish((B, 5, 5, 4, 4)).values()
    assert first != second


def test_an_untouched_spot_is_the_same_row(publish):
    publish((B, 5, 5, 4, 4), (B, 5, 30, 4, 4))
    publish((B, 5, 5, 4, 6), (B, 5, 30, 4, 4))
    assert BlankSpot.objects.filter(ended_run=None).count() == 2
    assert BlankSpot.objects.count() == 3


def outlines_of_the_surface(run):
    """Draw every patch of the published states anew, with all of the map at hand."""
    places = regency()
    _surface, state = load_layer(tuple(LAYER.values()), places, run)
    kinds = np.where(state >= State.LIKELY_BLANK, state, 0).astype(np.uint8)
    for mark in (State.LIKELY_BLANK, State.BLANK):
        labels, patches = label_patches(state == mark)
        for patch in patches:
            polygons = patch_polygons(labels, patch, places.window, kinds=kinds)
            yield tuple(shapely.to_wkb(p) for p in polygons)


def test_runs_of_changes_draw_as_if_they_saw_all_of_the_map(two_villages):
    store(*scattered())
    full()
    random = np.random.default_rng(3)
    for _ in range(4):
        store(
            no_service(
                lon=116 + float(random.uniform(0.02, 0.18)),
                lat=float(random.uniform(-0.04, 0.04)),
            )
        )
        run = changes()
        drawn = {
            tuple(shapely.to_wkb(shapely.from_wkb(bytes(p.wkb))) for p in pair)
            for pair in ((s.polygon, s.outline) for s in spots(run))
        }
        assert drawn == set(outlines_of_the_surface(run))
        # And a village's share is of all of it, though only a part was looked at.
        for spot in spots(run):
            for area, share in zip(
                spot.village_areas_km2, spot.village_shares, strict=True
            ):
                assert area / share == pytest.approx(123, rel=0.03)


# --- what clients get ------------------------------------------------------------


def test_clients_choose_between_exact_and_drawn(client, officer, a_blank_west):
    run = full()
    client.force_login(officer)
    address = "/api/v1/blank-spots/?operator=TELKOMSEL&service=internet"
    exact = client.get(address).json()["features"][0]
    drawn = client.get(address + "&geometry=outline").json()["features"][0]
    refused = client.get(address + "&geometry=circle")

    (spot, *_rest) = spots(run)
    p = exact["properties"]
    assert p["id"] == drawn["properties"]["id"] == str(spot.identity)
    assert exact["geometry"] != drawn["geometry"]
    assert p["report_kinds"] == spot.report_kinds
    assert p["village_shares"] == pytest.approx(spot.village_shares)
    assert refused.status_code == 400
    assert "polygon" in refused.json()["detail"]
