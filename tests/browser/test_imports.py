"""The page of imports: a file goes in, and what waits can be called off."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.browser.conftest import PHONE
from villages.models import ImportBatch

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLES = settings.BASE_DIR / "fixtures" / "samples"


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


def test_a_file_is_brought_with_its_day_and_called_off(
    open_page, account, assert_accessible
):
    page = open_page("/impor/", account("analyst", "analyst"), size=PHONE)
    assert_accessible(page)
    page.get_by_label("Berkas", exact=True).set_input_files(SAMPLES / "cellmapper.csv")
    page.get_by_label("Diukur tanggal").fill("2026-01-08")
    page.get_by_label("Zona waktu").select_option("WIB")
    page.get_by_role("button", name="Impor", exact=True).click()
    page.get_by_role("heading", name="Menunggu giliran").wait_for()
    assert_accessible(page)
    assert page.get_by_text("diukur tanggal 8 Januari 2026").is_visible()

    page.get_by_role("button", name="Batalkan impor").click()
    page.get_by_role("heading", name="Dibatalkan", exact=True).wait_for()
    assert page.get_by_text("yang sudah tersimpan tetap ada").is_visible()
    assert page.get_by_role("link", name="Unduh hasil per baris").is_visible()
    assert not page.get_by_role("button", name="Batalkan impor").is_visible()
    assert_accessible(page)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.time_zone, batch.rows) == ("cancelled", "WIB", 0)
