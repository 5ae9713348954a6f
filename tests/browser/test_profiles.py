"""Pages of villages and districts as an official reads them."""

from __future__ import annotations

import re

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone
from playwright.sync_api import expect

from coverage.services.compute_run import compute_full
from tests.browser.conftest import DESK, PHONE
from villages.models import Claim, Facility, OfficeInternet, Settlement

HULU, DISTRICT = "/desa/64.02.12.2001/", "/kecamatan/64.02.12/"


@pytest.fixture
def places(django_db_serialized_rollback, live_server, a_blank_west):
    """Two settlements in the blank west, and one that nobody measured."""
    hulu, _hilir = a_blank_west
    for name, lon, lat, people in (
        ("RT 1", 116.03, 0.0, 120),
        ("RT 2", 116.06, 0.01, 80),
        ("RT 3", 116.05, 0.0499, None),
    ):
        Settlement.objects.create(
            village=hulu,
            kind="rt",
            name=name,
            people=people,
            point=Point(lon, lat, srid=4326),
            source="kantor desa",
        )
    Facility.objects.create(
        village=hulu,
        kind="school",
        name="SDN 1 Hulu",
        point=Point(116.04, 0.0, srid=4326),
        source="Dapodik",
    )
    Claim.objects.create(
        village=hulu,
        kind="statement",
        stated_date="2022-04-01",
        event="wawancara",
        status="sudah bersinyal sejak 2021",
        source="koran",
        name_in_source="Hulu",
    )
    OfficeInternet.objects.create(
        village=hulu,
        kinds=["satellite"],
        status="working",
        stated_date="2025-10-01",
        source="katakaltim.com",
    )
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


def english(page):
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_first_sentence_can_be_read_out_in_both_languages(
    open_page, places, officer
):
    page = open_page(HULU, officer)
    sentence = page.locator(".headline")
    expect(sentence).to_contain_text(
        re.compile(r"Desa Hulu: 2 dari 3 permukiman tanpa sinyal, 1 belum diukur\.")
    )
    expect(sentence).to_contain_text(re.compile(r"keyakinan \w+ \(\d+%\)"))
    english(page)
    expect(sentence).to_contain_text(
        "Desa Hulu: 2 of 3 settlements no signal, 1 not measured yet."
    )


def test_the_statement_stands_beside_what_was_measured(open_page, places, officer):
    page = open_page(HULU, officer)
    page.get_by_role("link", name="Pernyataan resmi").click()
    line = page.get_by_role("listitem").filter(has_text="sudah bersinyal sejak 2021")
    expect(line).to_contain_text("1 April 2022")
    expect(line).to_contain_text("Pengukuran berbeda: tanpa sinyal: 2")
    expect(line).to_contain_text("Sumber: koran")


def test_every_operator_has_its_state_and_the_category_of_podes(
    open_page, places, officer
):
    page = open_page(HULU, officer)
    table = page.get_by_role("table", name="Keadaan permukiman, per operator")
    telkomsel = table.get_by_role("row").filter(has_text="Telkomsel")
    expect(telkomsel).to_contain_text("tanpa sinyal: 2")
    expect(telkomsel).to_contain_text("tidak ada")
    expect(telkomsel).to_contain_text("dBm")
    indosat = table.get_by_role("row").filter(has_text="Indosat")
    expect(indosat).to_contain_text("belum diukur")
    expect(indosat).not_to_contain_text("%")


def test_the_history_is_a_chart_with_its_numbers(open_page, places, officer):
    page = open_page(HULU, officer)
    chart = page.get_by_role(
        "img", name=re.compile("Permukiman menurut keadaan: Semua operator")
    )
    expect(chart).to_be_visible()
    figure = page.get_by_role("figure").filter(has=chart)
    figure.get_by_text("Angka grafik ini").click()
    row = figure.get_by_role("row").last
    expect(row.get_by_role("cell")).to_have_text(["2", "1"])


def test_the_official_finds_the_way_from_district_to_village_to_map(
    open_page, places, officer
):
    page = open_page(DISTRICT, officer)
    expect(page.locator(".headline")).to_contain_text("permukiman")
    expect(page.locator("main")).to_contain_text("operator mana pun: 200")
    page.get_by_role("row").filter(has_text="Hulu").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desa Hulu")
    page.get_by_role("link", name="Tampilkan di peta").click()
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading").first).to_have_text("Hulu")
    expect(panel).to_contain_text("2 dari 3 permukiman tanpa sinyal")


def test_the_maps_panel_says_the_state_and_lists_the_statements(
    open_page, places, officer
):
    page = open_page("/?village=64.02.12.2001", officer)
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("Desa Hulu: 2 dari 3 permukiman tanpa sinyal")
    expect(panel).to_contain_text(re.compile(r"keyakinan \w+ \(\d+%\)"))
    operators = panel.get_by_role("list", name="Keadaan per operator")
    expect(operators.get_by_role("listitem")).to_have_count(3)
    expect(panel).to_contain_text("1 April 2022")
    expect(panel).to_contain_text("sudah bersinyal sejak 2021")
    overflow = panel.evaluate("e => e.scrollWidth - e.clientWidth")
    assert overflow <= 0, "the panel's text runs out of it"


@pytest.mark.parametrize("path", [HULU, "/desa/64.02.12.2002/", DISTRICT])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_and_nothing_runs_out(
    open_page, places, verifier, path, size, assert_accessible
):
    page = open_page(path, verifier, size=size)
    expect(page.locator(".headline")).to_be_visible()
    for summary in page.locator("summary:visible").all()[1:]:
        summary.click()
    assert_accessible(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page is wider than the screen"


def test_on_paper_there_is_what_is_folded_on_the_screen(open_page, places, officer):
    page = open_page(HULU, officer)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).not_to_be_visible()
    expect(page.locator(".meanings dl")).to_be_visible()
    numbers = page.get_by_role("figure").first.get_by_role("table")
    expect(numbers).to_be_visible()
    for region in page.locator(".table-scroll").all():
        wider = region.evaluate("e => getComputedStyle(e).overflowX")
        assert wider == "visible"


def test_a_link_to_a_folded_part_unfolds_it(open_page, places, officer):
    page = open_page(HULU, officer)
    shares = page.locator("details").filter(has_text="Bagian: Internet (4G)")
    expect(shares.get_by_role("table")).not_to_be_visible()
    page.get_by_role("link", name="Bagian").click()
    expect(shares.get_by_role("table")).to_be_visible()


def test_without_script_the_pages_say_the_same(open_page, places, officer):
    page = open_page(HULU, officer, java_script_enabled=False)
    expect(page.locator(".headline")).to_contain_text("2 dari 3 permukiman")
    expect(page.get_by_role("figure").first.get_by_role("img")).to_be_visible()


@pytest.fixture
def nine_settlements(places):
    hulu = Settlement.objects.first().village
    for n in range(4, 10):
        Settlement.objects.create(
            village=hulu,
            kind="rt",
            name=f"RT {n}",
            point=Point(116.03, 0.001 * n, srid=4326),
            source="kantor desa",
        )


def test_on_a_phone_a_long_table_begins_with_its_first_rows(
    nine_settlements, open_page, officer, assert_accessible
):
    page = open_page(HULU, officer, size=PHONE)
    table = page.get_by_role("table", name="Permukiman", exact=True)
    rows = table.locator("tbody tr").filter(visible=True)
    expect(rows).to_have_count(5)
    button = page.get_by_role("button", name="Tampilkan semua (9)")
    assert_accessible(page)
    button.press("Enter")
    expect(rows).to_have_count(9)
    expect(button).to_have_count(0)
    # Who reads on by keyboard or ear goes on with the first row that was not there.
    expect(rows.nth(5).get_by_role("rowheader")).to_be_focused()
    # A short one is whole.
    services = page.get_by_role("table", name="Layanan publik", exact=True)
    expect(services.locator("tbody tr")).to_have_count(1)
    assert "stack--few" not in services.get_attribute("class")


def test_at_a_desk_and_on_paper_a_long_table_is_whole(
    nine_settlements, open_page, officer
):
    page = open_page(HULU, officer, size=DESK)
    rows = page.get_by_role("table", name="Permukiman", exact=True).locator("tbody tr")
    button = page.get_by_role("button", name="Tampilkan semua (9)")
    expect(rows.filter(visible=True)).to_have_count(9)
    expect(button).to_have_count(0)
    page.set_viewport_size(PHONE)
    expect(button).to_be_visible()
    page.emulate_media(media="print")
    expect(rows.filter(visible=True)).to_have_count(9)
    expect(button).to_have_count(0)
