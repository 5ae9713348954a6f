"""Layers and filters of the map, as an official uses them."""

from __future__ import annotations

import re

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from playwright.sync_api import expect

from coverage.models import BlankSpot, CoverageRun
from tests.browser.conftest import DESK, PHONE
from villages.models import District, Facility, Settlement, Site

WHERE = "#11/0.0000/116.1000"


@pytest.fixture
def places(a_blank_west):
    west, east = a_blank_west
    Settlement.objects.create(
        name="RT 1", kind="rt", village=west, point=Point(116.05, 0.0, srid=4326)
    )
    Facility.objects.create(
        name="SDN 1", kind="school", village=east, point=Point(116.15, 0.0, srid=4326)
    )
    Site.objects.create(
        name="Menara Hulu",
        kind="bts",
        status="built",
        point=Point(116.08, 0.02, srid=4326),
        operators=["TELKOMSEL"],
        source="surat",
    )


@pytest.fixture
def open_map(open_page, places, a_run, officer):
    def open_map(address=WHERE, user=officer, **options):
        page = open_page(f"/{address}", user, **options)
        expect(page.locator("#status")).to_contain_text(f"{a_run.pk}")
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
        return page

    return open_map


def panel(page):
    return page.get_by_role("complementary")


def sign(page):
    return page.locator("#filter-sign")


def open_filters(page):
    page.locator(".filters summary").click()
    return page.locator("#filters")


def test_villages_are_coloured_by_settlements_and_the_panel_says_it(open_map):
    page = open_map("?operator=TELKOMSEL&layers=boundaries#12/0.0000/116.0500")
    with page.expect_response(re.compile("village-shares/")):
        page.get_by_label("Desa menurut permukiman terjangkau").check()
    expect(page.get_by_text("titik desa mewakili")).to_be_visible()
    assert "layers=shares,boundaries" in page.url
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    page.get_by_role("application").press("Enter")
    expect(panel(page)).to_contain_text("0 dari 1 permukiman terjangkau")


def test_a_village_without_settlements_says_that_its_point_stands_in(open_map):
    page = open_map("?operator=TELKOMSEL&layers=shares,boundaries#12/0.0300/116.1500")
    page.get_by_role("application").press("Enter")
    expect(panel(page)).to_contain_text("Titik desa mewakili: terjangkau")


def test_what_nobody_measured_is_switched_on_and_off_by_itself(open_map):
    page = open_map()
    with page.expect_response(re.compile("part=known")):
        page.get_by_label("Belum diukur").uncheck()
    with page.expect_response(re.compile("part=unknown")):
        page.get_by_label("Permukaan sinyal").uncheck()
        page.get_by_label("Belum diukur").check()


def test_evidence_tells_how_much_was_measured_to_everyone(open_map):
    page = open_map("?layers=boundaries#14/-0.0300/116.0200")
    with page.expect_response(re.compile("evidence/")):
        page.get_by_label("Tempat pengukuran dijumlahkan per petak").check()
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    page.get_by_role("application").press("Enter")
    expect(panel(page)).to_contain_text("1 laporan yang dihitung")


def test_a_school_tells_the_state_of_the_chosen_layer(open_map):
    page = open_map("?operator=TELKOMSEL&layers=boundaries#13/0.0000/116.1500")
    with page.expect_response(re.compile("place-states/")):
        page.get_by_label("Layanan publik").check()
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    page.get_by_role("application").press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text("SDN 1")
    expect(panel(page)).to_contain_text("Terjangkau")
    expect(panel(page)).to_contain_text("Telkomsel")


def test_a_tower_that_is_built_is_not_said_to_work(open_map):
    page = open_map("?layers=boundaries#14/0.0200/116.0800")
    with page.expect_response(re.compile("sites/")):
        page.get_by_label("Site (menara, VSAT)").check()
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    page.get_by_role("application").press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text("Menara Hulu")
    expect(panel(page)).to_contain_text("sudah dibangun, belum mengudara")


def test_filters_hide_blank_spots_say_so_and_are_cleared_by_one_button(open_map):
    page = open_map(f"?operator=TELKOMSEL{WHERE}")
    count = BlankSpot.objects.filter(operator="TELKOMSEL", service="internet").count()
    form = open_filters(page)
    form.get_by_label("Paling kecil (km²)").fill("5000")
    expect(sign(page)).to_contain_text(f"0 dari {count} blank spot")
    expect(page).to_have_url(re.compile("min_area=5000"))
    page.locator("#open-list").click()
    expect(panel(page).get_by_role("listitem")).to_have_count(0)
    sign(page).get_by_role("button").click()
    expect(sign(page)).to_be_hidden()
    expect(panel(page).get_by_role("listitem").first).to_be_visible()
    assert "min_area" not in page.url
    expect(form.get_by_label("Paling kecil (km²)")).to_have_value("")


def test_a_link_with_filters_opens_filtered(open_map):
    page = open_map(
        "?operator=TELKOMSEL&district=64.02.12&in_village=64.02.12.2002&since=2026-01-01"
        f"{WHERE}"
    )
    expect(sign(page)).to_contain_text("3 saringan aktif")
    form = open_filters(page)
    expect(form.get_by_label("Desa")).to_have_value("64.02.12.2002")
    expect(form.get_by_label("Kecamatan")).to_have_value("64.02.12")
    expect(form.get_by_label("Dari")).to_have_value("2026-01-01")


def test_the_period_and_technology_are_asked_of_the_server(open_map, verifier):
    page = open_map(f"?layers=evidence,reports{WHERE}", verifier)
    form = open_filters(page)
    with (
        page.expect_response(re.compile("evidence/.*technology=4G")),
        page.expect_response(re.compile("report-cells/.*technology=4G")),
    ):
        form.get_by_label("Teknologi").select_option("4G")


def test_demonstration_data_is_hidden_and_counted(open_map, a_run):
    hidden = BlankSpot.objects.filter(operator="TELKOMSEL", service="internet")
    number = hidden.update(is_demo=True)
    page = open_map(f"?operator=TELKOMSEL{WHERE}")
    form = open_filters(page)
    form.get_by_label("Tampilkan data demonstrasi").uncheck()
    expect(sign(page)).to_contain_text(f"{number} data demonstrasi disembunyikan")
    assert "demo=off" in page.url


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_with_every_layer_and_filter_open(
    open_map, verifier, size, assert_accessible
):
    layers = "surface,unknown,spots,shares,boundaries,evidence,reports,settlements"
    page = open_map(
        f"?layers={layers},facilities,sites&min_area=1&demo=off{WHERE}",
        verifier,
        size=size,
    )
    if size is PHONE:
        page.locator("#controls-toggle").click()
    open_filters(page)
    expect(page.locator("#filters")).to_be_visible()
    assert_accessible(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page is wider than the screen"


def test_a_filter_by_district_moves_the_map_there(a_run, officer, open_page):
    district = District.objects.get(pk="64.02.12")
    district.boundary = MultiPolygon(
        Polygon.from_bbox((116.0, -0.05, 116.2, 0.05)), srid=4326
    )
    district.save()
    page = open_page("/?district=64.02.12", officer)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    expect(page).to_have_url(re.compile(r"#1[0-9.]+/-?0\.0"))


def test_without_demonstration_data_its_surface_goes_too(a_run, officer, open_page):
    CoverageRun.objects.update(is_demo=True)
    page = open_page("/?demo=off", officer)
    expect(page.get_by_text("dihitung juga dari data demonstrasi")).to_be_visible()
    expect(page.locator("img.leaflet-tile")).to_have_count(0)


def test_a_blank_spots_panel_leads_to_its_page(a_run, officer, open_page):
    spot = BlankSpot.objects.of_run(a_run.pk).filter(operator="TELKOMSEL").first()
    page = open_page(f"/?operator=TELKOMSEL&spot={spot.identity}", officer)
    page.get_by_role("link", name="Halaman blank spot ini").click()
    expect(page).to_have_url(re.compile(f"/blank-spot/{spot.identity}/"))


def test_states_of_places_that_could_not_be_had_are_asked_for_again(
    open_map, complaints
):
    page = open_map()
    page.route("**/place-states/*", lambda route: route.abort())
    page.locator("input[name=layer][value=settlements]").check()
    again = page.locator("#notes").get_by_role("button", name="Coba lagi")
    expect(again).to_be_visible()
    page.unroute("**/place-states/*")
    with page.expect_response(re.compile("place-states/")):
        again.click()
    expect(page.locator("#notes p")).to_have_count(0)
    complaints[:] = [text for text in complaints if "net::ERR" not in text]
