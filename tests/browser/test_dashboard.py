"""From the dashboard to the map that shows a number; the menu in groups."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_official_reads_it_and_goes_to_the_map(
    a_run, officer, open_page, assert_accessible, size
):
    page = open_page("/dasbor/", officer, size=size)
    expect(page.get_by_role("heading", level=1)).to_have_text("Keadaan kabupaten")
    page.get_by_label("Operator", exact=True).select_option("TELKOMSEL")
    page.get_by_role("button", name="Tampilkan").click()
    page.wait_for_load_state()
    districts = page.get_by_role("region", name="Setiap kecamatan, Telkomsel")
    # Long lists are folded where they are long: on a phone.
    expect(districts).to_be_visible(visible=size == DESK)
    for fold in page.locator("summary", has_text="1 kecamatan").all():
        expect(fold).to_be_visible(visible=size == PHONE)
        if size == PHONE:
            expect(fold).to_contain_text("tanpa 4G: Kecamatan 12 1")
            fold.click()
    row = districts.get_by_role("row").filter(has_text="Kecamatan 12")
    expect(row).to_contain_text("keyakinan")
    # On a phone as on a desk, a count says what it counts, and no fact hides another.
    unmeasured = row.locator(".compared__swatch").last
    expect(unmeasured).to_have_text("Belum diukur:")
    expect(unmeasured).to_be_visible(visible=size == PHONE)
    assert (
        row.get_by_role("cell").evaluate_all(
            "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)
    row.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("operator=TELKOMSEL"))
    expect(page.get_by_label("Peta cakupan")).to_be_visible()


def test_a_group_of_the_menu_opens_and_closes_by_keyboard(a_run, verifier, open_page):
    page = open_page("/dasbor/", verifier)
    menu = page.get_by_role("navigation", name="Utama")
    data = menu.locator("summary", has_text="Data")
    data.focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Tabel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link", name="Tabel")).not_to_be_visible()
    expect(data).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cakupan")
