"""Settlements as an analyst brings and edits them, by mouse, keyboard and without JS."""

from __future__ import annotations

import re

import pytest
from django.contrib.gis.geos import Point
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from villages.models import Facility, Settlement

pytestmark = pytest.mark.django_db(transaction=True)
CSV = (
    "desa;kecamatan;nama;jiwa;bujur;lintang\n"
    "Hulu;Kecamatan 12;RT 1;1.250;116,02;0,01\n"
    "Antah;;RT 2;40;116,02;0,01\n"
)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


@pytest.fixture
def analyst(account):
    return account("analyst", "analyst")


@pytest.fixture
def rt(two_villages):
    return Settlement.objects.create(
        village=two_villages[0],
        name="RT 1",
        kind="rt",
        point=Point(116.05, 0.01, srid=4326),
        people=120,
        source="Kantor desa",
    )


def press_until(page, key, target):
    for _time in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{target} is not reached with {key}")


def pin_of(page):
    return page.get_by_role("button", name=re.compile("Letak tempat"))


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_list_is_looked_at_and_stored(
    open_page, analyst, two_villages, assert_accessible, size
):
    page = open_page("/permukiman/", analyst, size=size)
    assert_accessible(page)
    page.get_by_role("link", name=re.compile("Muat daftar.*Permukiman")).click()
    assert_accessible(page)
    page.get_by_label("Berkas").set_input_files(
        {"name": "rt tabang.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    press_until(page, "Tab", page.get_by_label("Sumber"))
    page.keyboard.type("Disdukcapil 2026")
    press_until(page, "Tab", page.get_by_role("button", name="Baca daftar"))
    page.keyboard.press("Enter")

    expect(page.get_by_text("Belum ada yang disimpan.")).to_be_visible()
    expect(page.get_by_text("Tidak ada desa bernama “Antah”")).to_be_visible()
    assert_accessible(page)
    assert not Settlement.objects.exists()
    press_until(page, "Tab", page.get_by_role("button", name="Simpan 1 tempat"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Daftar tersimpan.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Permukiman dan fasilitas").click()
    page.wait_for_load_state()
    page.locator("details.fold > summary").first.click()
    page.get_by_role("link", name="Hulu").click()
    expect(page.get_by_role("row").filter(has_text="RT 1")).to_contain_text("1.250")
    # What was unfolded is so when one comes back.
    page.goto("/permukiman/")
    expect(page.get_by_role("link", name="Hulu")).to_be_visible()


def test_a_place_is_dragged_and_the_form_follows(
    open_page, analyst, rt, assert_accessible
):
    page = open_page("/permukiman/?desa=64.02.12.2001", analyst)
    mark = page.get_by_role("button", name="RT 1 (RT)")
    expect(mark).to_be_visible()
    assert_accessible(page)
    mark.click()
    expect(page.get_by_label("Nama")).to_have_value("RT 1")
    assert_accessible(page)
    box = pin_of(page).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=8)
    page.mouse.up()
    lon = float(page.get_by_label("Bujur").input_value())
    lat = float(page.get_by_label("Lintang").input_value())
    assert lon > 116.051
    assert lat < 0.0095
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("RT 1 tersimpan.")).to_be_visible()
    rt.refresh_from_db()
    assert (rt.point.x, rt.point.y) == pytest.approx((lon, lat))
    assert rt.people == 120


def test_a_place_is_moved_with_the_keyboard_alone(open_page, analyst, rt):
    page = open_page(f"/permukiman/rt/{rt.pk}/", analyst)
    press_until(page, "Tab", pin_of(page))
    for _time in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    said = page.locator("[data-place-said]")
    expect(said).to_contain_text("Posisi: 0,0".replace(",", "."))
    lon = float(page.get_by_label("Bujur").input_value())
    assert lon > 116.0501
    press_until(page, "Shift+Tab", page.get_by_role("button", name="Simpan"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("RT 1 tersimpan.")).to_be_visible()
    rt.refresh_from_db()
    assert rt.point.x == pytest.approx(lon)
    assert rt.point.y > 0.01


def test_written_coordinates_move_the_pin(open_page, analyst, two_villages):
    page = open_page("/permukiman/fasilitas/baru/?desa=64.02.12.2001", analyst)
    expect(pin_of(page)).to_have_count(0)
    page.get_by_label("Nama").fill("SDN 001")
    page.get_by_label("Siswa").fill("88")
    page.get_by_label("Lintang").fill("0,02")
    page.get_by_label("Bujur").fill("116,03")
    page.get_by_label("Sumber").fill("Dinas Pendidikan")
    expect(pin_of(page)).to_be_visible()
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("SDN 001 tersimpan.")).to_be_visible()
    school = Facility.objects.get()
    assert (school.pupils, school.point.x, school.point.y) == (88, 116.03, 0.02)


def test_a_tap_on_the_map_sets_the_pin_of_a_new_place(open_page, analyst, two_villages):
    page = open_page("/permukiman/rt/baru/", analyst, size=PHONE)
    page.get_by_label("Desa", exact=True).select_option("64.02.12.2001")
    page.locator(".place-map__own").wait_for()
    page.get_by_role("region", name="Peta").click()
    lon = float(page.get_by_label("Bujur").input_value())
    assert 116.0 < lon < 116.1
    expect(pin_of(page)).to_be_visible()


def test_a_place_is_deleted_after_a_question(open_page, analyst, rt, assert_accessible):
    page = open_page(f"/permukiman/rt/{rt.pk}/", analyst)
    page.get_by_role("link", name="Hapus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hapus RT 1, Hulu?")
    assert_accessible(page)
    page.get_by_role("button", name="Hapus").click()
    expect(page.get_by_text("RT 1 dihapus.")).to_be_visible()
    assert not Settlement.objects.exists()


def test_without_scripts_the_form_does_it_all(open_page, analyst, rt):
    page = open_page(f"/permukiman/rt/{rt.pk}/", analyst, java_script_enabled=False)
    expect(page.get_by_role("region", name="Peta")).to_have_count(0)
    page.get_by_label("Penduduk").fill("130")
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("RT 1 tersimpan.")).to_be_visible()
    rt.refresh_from_db()
    assert rt.people == 130
