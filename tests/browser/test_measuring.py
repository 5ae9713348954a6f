"""From a place nobody knows, over a task on a phone, to the answer."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from villages.models import MeasurementTask

HERE = {"latitude": 0.0, "longitude": 116.0505, "accuracy": 9}


@pytest.fixture
def analyst(account):
    return account("analyst", "analyst")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_accessible(open_page, a_run, analyst, assert_accessible, size):
    for path in (
        "/ukur/?operator=INDOSAT",
        "/ukur/rute/?operator=INDOSAT",
        "/ukur/tugas/",
        "/lokasi-site/?operator=TELKOMSEL",
        "/lokasi-site/?radius=0",
    ):
        page = open_page(path, analyst, size=size)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert_accessible(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_a_stop_becomes_a_task_that_a_report_from_the_phone_does(
    open_page, a_run, analyst, reporter, assert_accessible, complaints
):
    desk = open_page("/ukur/?operator=INDOSAT", analyst)
    desk.get_by_role("checkbox", name=re.compile("Hulu")).check()
    desk.get_by_label("Petugas").select_option(label="reporter")
    desk.get_by_role("button", name="Jadikan tugas").click()
    expect(desk.get_by_text("1 tugas dibuat")).to_be_visible()
    task = MeasurementTask.objects.get()

    phone = open_page(
        "/lapor/",
        reporter,
        size=PHONE,
        permissions=["geolocation"],
        geolocation=HERE,
    )
    tasks = phone.locator("[data-tasks]")
    expect(tasks.get_by_text("1 terbuka")).to_be_visible()
    tasks.get_by_text("Tugas pengukuran").click()
    expect(tasks.get_by_text(re.compile(r"Hulu .* m ke "))).to_be_visible()
    assert_accessible(phone)

    # Without a network too: the list is the phone's own.
    phone.context.set_offline(True)
    phone.wait_for_function("navigator.onLine === false")
    tasks.get_by_role("button", name="Lapor di sini").click()
    banner = phone.locator("[data-task]")
    expect(banner).to_contain_text("Cari: Indosat")
    expect(banner).to_be_focused()
    assert_accessible(phone)
    indosat = phone.get_by_role("group", name="Indosat", exact=True)
    indosat.get_by_role("radio").first.check(force=True)
    phone.get_by_role("button", name="Simpan laporan").click()
    expect(banner).to_be_hidden()
    expect(tasks.get_by_text("menunggu dikirim")).to_be_visible()

    phone.context.set_offline(False)
    expect(tasks.get_by_text("Selesai.")).to_be_visible()
    task.refresh_from_db()
    assert task.state == "done"
    desk.reload()
    expect(desk.get_by_role("row", name=re.compile("Hulu"))).to_contain_text("selesai")
    # What the phone asked for while it had no network.
    complaints[:] = [line for line in complaints if "DISCONNECTED" not in line]


def test_a_phone_without_tasks_shows_no_list(open_page, a_run, reporter):
    phone = open_page("/lapor/", reporter, size=PHONE)
    expect(phone.get_by_text("Akun: reporter.")).to_be_visible()
    expect(phone.locator("[data-tasks]")).to_be_hidden()


def test_the_sheet_prints_and_the_map_shows_the_way(open_page, a_run, officer):
    page = open_page(reverse("measure-route") + "?operator=INDOSAT", officer)
    mark = page.locator(".plan-mark")
    expect(mark.first).to_be_visible()
    # Paper is narrower than the screen: what lay to the right is still on the map.
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    box = page.locator("[data-plan-map]").bounding_box()
    assert box["width"] < 700
    for one in mark.all():
        place = one.bounding_box()
        assert box["x"] < place["x"] + place["width"] < box["x"] + box["width"]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("[data-plan-map]").bounding_box()["width"] > 700
    expect(page.get_by_role("button", name="Cetak")).to_be_hidden()
    expect(page.get_by_role("table")).to_be_visible()


def test_on_a_phone_a_stop_of_the_sheet_is_read_without_moving_it_sideways(
    open_page, a_run, officer
):
    address = reverse("measure-route") + "?operator=INDOSAT"
    page = open_page(address, officer, size=PHONE)
    box = page.get_by_role("region", name=re.compile("^Titik"))
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(box.get_by_role("row").last).to_contain_text("Hilir")
    # On paper it is a table, however narrow the sheet.
    page.emulate_media(media="print")
    expect(box.get_by_role("columnheader", name="Hasil (ditulis)")).to_be_visible()


def test_an_official_finds_where_a_site_reaches_most(open_page, a_run, officer):
    page = open_page("/lokasi-site/", officer)
    page.get_by_label("Operator", exact=True).select_option("TELKOMSEL")
    page.get_by_label("Radius (km)").fill("2,5")
    page.get_by_role("button", name="Tampilkan").click()
    expect(page.get_by_text("Pandangan pertama tanpa medan (terrain)")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Hulu"))).to_be_visible()
    expect(page.locator(".plan-map__circle")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="GeoPackage").click()
    assert download.value.suggested_filename.endswith(".gpkg")
