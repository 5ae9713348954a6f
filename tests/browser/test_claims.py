"""A sheet of a village: brought, confirmed and verified, with the keyboard alone."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from villages.importers.claim_sheet import COLUMNS
from villages.models import Claim, Village
from villages.services.claim_workbooks import template_workbook

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = list(COLUMNS)


def filled_template(*rows):
    villages = Village.objects.select_related("district")
    book = openpyxl.load_workbook(io.BytesIO(template_workbook(villages=villages)))
    for number, row in enumerate(rows, start=3):
        for field, value in row.items():
            book["Isian"].cell(number, FIELDS.index(field) + 1, value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def a_row(**cells):
    return {
        "district": "Kecamatan 12",
        "village": "Hulu",
        "operator": "Telkomsel",
        "stated": "Tidak ada sinyal",
        "stated_date": "12/11/2026",
        "stated_by_role": "Kepala desa",
        **cells,
    }


@pytest.fixture
def analyst(account):
    return account("analyst", "analyst")


def press_until(page, key, target):
    """Go on with the keyboard until *target* has the focus."""
    for _time in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{target} is not reached with {key}")


def bring(page, data):
    page.get_by_label("Berkas").set_input_files(
        {"name": "isian tabang.xlsx", "mimeType": "", "buffer": data}
    )


def test_a_sheet_is_confirmed_and_a_claim_verified_with_the_keyboard(
    open_page, analyst, two_villages, assert_accessible
):
    data = filled_template(
        a_row(),
        a_row(village="Hilyr", operator="Indosat"),
        a_row(village="Entah", operator="XLSmart"),
        a_row(stated="kurang bagus"),
    )
    page = open_page("/impor/", analyst)
    page.get_by_role("link", name=re.compile("Pernyataan desa dan camat")).click()
    assert_accessible(page)
    bring(page, data)
    press_until(page, "Tab", page.get_by_label("Surat atau acara"))
    page.keyboard.type("Surat Camat 5/2026")
    press_until(page, "Tab", page.get_by_role("button", name="Baca isian"))
    page.keyboard.press("Enter")

    expect(page.get_by_text("Belum ada yang disimpan.")).to_be_visible()
    assert_accessible(page)
    titles = page.get_by_role("heading", level=2).all_inner_texts()
    assert [title.split(" (")[0] for title in titles] == [
        "Pilih desanya",
        "Tidak dapat dipakai",
        "Nama sama dengan daftar resmi",
    ]
    # Hilyr is Hulu or Hilir: a person says which.
    hilyr = page.get_by_label("Desa untuk baris 4")
    press_until(page, "Tab", hilyr)
    page.keyboard.press("ArrowDown")
    expect(hilyr).to_have_value("64.02.12.2002")
    other = page.get_by_label("Baris 5: atau desa lain")
    press_until(page, "Tab", other)
    page.keyboard.type("antah")
    press_until(page, "Tab", page.get_by_role("button", name="Benar, simpan"))
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("“antah” tidak ada")
    assert_accessible(page)
    expect(hilyr).to_have_value("64.02.12.2002")
    press_until(page, "Tab", other)
    page.keyboard.press("Control+A")
    page.keyboard.type("64.02.12.2001")
    press_until(page, "Tab", page.get_by_role("button", name="Benar, simpan"))
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Hasil setiap baris")).to_be_visible()
    assert_accessible(page)
    assert Claim.objects.count() == 3
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh hasil per baris").click()
    assert download.value.suggested_filename == "isian tabang-hasil.xlsx"

    page.goto("/pernyataan/")
    assert_accessible(page)
    press_until(page, "Tab", page.get_by_role("link", name="Periksa Hilir"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hilir")
    assert_accessible(page)
    press_until(page, "Tab", page.get_by_label("Terbukti", exact=True))
    page.keyboard.press("ArrowDown")
    press_until(page, "Tab", page.get_by_label("Cara memeriksa"))
    page.keyboard.type("diukur: ada sinyal")
    press_until(page, "Tab", page.get_by_role("button", name="Simpan keputusan"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Keputusan tersimpan.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tidak terbukti")
    assert Claim.objects.get(village_id="64.02.12.2002").verification == "refuted"


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_pages_of_claims_fit_the_screen(
    open_page, analyst, two_villages, assert_accessible, size
):
    page = open_page("/impor/pernyataan/", analyst, size=size)
    bring(page, filled_template(a_row(), a_row(village="Entah"), a_row(stated="?")))
    page.get_by_role("button", name="Baca isian").click()
    confirm = page.get_by_role("button", name="Benar, simpan")
    expect(confirm).to_be_in_viewport()

    def overflow():
        return page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    assert overflow() == 0
    confirm.click()
    expect(page.get_by_role("heading", name="Hasil setiap baris")).to_be_visible()
    assert overflow() == 0
    claim = Claim.objects.get()
    for address in ("/pernyataan/", f"/pernyataan/{claim.pk}/", "/impor/pernyataan/"):
        page.goto(address)
        assert overflow() == 0
    page.goto(f"/desa/{claim.village_id}/")
    expect(page.get_by_text("Belum diperiksa")).to_be_visible()
    assert overflow() == 0
    assert_accessible(page)
