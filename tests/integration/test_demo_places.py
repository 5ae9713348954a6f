"""Invented places: marked, always the same, and never beside the office's own."""

import pytest
from django.contrib.gis.geos import Point

from tests.conftest import a_report, store
from villages.models import Facility, ReportChange, Settlement, Site
from villages.selectors.people_places import has_demo_data, has_demo_places
from villages.services.demo_places import load_demo_places, remove_demo_places

pytestmark = pytest.mark.django_db


def all_rows():
    return [
        list(model.objects.order_by("village", "name").values_list(*fields))
        for model, fields in (
            (Settlement, ("name", "point", "people", "households")),
            (Facility, ("name", "point", "pupils", "patients")),
            (Site, ("name", "point", "status")),
        )
    ]


def a_real_settlement(village):
    return Settlement.objects.create(
        village=village,
        name="RT 1",
        kind="rt",
        point=Point(116.05, 0.0, srid=4326),
        source="Dukcapil",
    )


def test_they_are_marked_lie_in_their_villages_and_are_always_the_same(two_villages):
    made = load_demo_places()
    assert min(made.values()) > 0
    for model in (Settlement, Facility, Site):
        assert model.objects.filter(is_demo=True, source="demonstrasi").count()
        for place in model.objects.select_related("village"):
            assert place.is_demo
            assert place.village.boundary.covers(place.point)
    first = all_rows()
    remove_demo_places()
    assert not has_demo_data()
    load_demo_places()
    assert all_rows() == first


def test_loading_them_again_makes_none(two_villages):
    load_demo_places()
    Settlement.objects.first().delete()
    assert set(load_demo_places().values()) == {0}


def test_a_village_with_settlements_of_its_own_gets_no_invented_ones(two_villages):
    west, east = two_villages
    a_real_settlement(west)
    load_demo_places()
    assert not west.settlements.filter(is_demo=True).exists()
    assert west.facilities.filter(is_demo=True).exists()
    assert east.settlements.filter(is_demo=True).exists()


def test_the_worker_is_told_when_they_come_and_when_they_go(two_villages):
    store(a_report())
    ReportChange.objects.all().delete()
    load_demo_places()
    note = ReportChange.objects.get()
    assert note.operators == ["TELKOMSEL"]
    for settlement in Settlement.objects.all():
        assert note.extent.covers(settlement.point)
    note.delete()
    assert remove_demo_places()["settlements"] > 0
    assert ReportChange.objects.count() == 1


def test_without_reports_there_is_no_map_to_bring_up_to_date(two_villages):
    load_demo_places()
    assert not ReportChange.objects.exists()


def test_the_banner_counts_them(two_villages, client, officer):
    client.force_login(officer)
    assert "demo-banner" not in client.get("/tabel/").content.decode()
    load_demo_places()
    assert has_demo_places()
    assert "demo-banner" in client.get("/tabel/").content.decode()
