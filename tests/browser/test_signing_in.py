"""What was written outlasts having to sign in anew."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from coverage.models import Action

# Serialized, because the roles that migrations make must be there for every test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

FILLED_IN = "Belum ada yang terkirim. Isian Anda dipasang kembali"


@pytest.fixture
def analyst(account):
    return account("analis", "analyst")


@pytest.fixture
def written(open_page, analyst, two_villages):
    """The form of a new action, filled in and not yet sent."""
    page = open_page(f"/tindakan/baru/?village={two_villages[0].code}", analyst)
    page.get_by_label("Apa yang dilakukan?").select_option("repeater")
    page.get_by_label("Siapa penanggung jawabnya?").fill("Bidang infrastruktur")
    page.get_by_label("Catatan").fill("Tiang di RT 3,\ndekat balai desa")
    return page


def sign_in(page):
    page.locator("[name=username]").fill("analis")
    page.locator("[name=password]").fill("rahasia-sekali")
    page.locator("main").get_by_role("button", name="Masuk").click()


def expect_filled_in(page):
    expect(page.get_by_text(FILLED_IN)).to_be_visible()
    expect(page.get_by_label("Apa yang dilakukan?")).to_have_value("repeater")
    expect(page.get_by_label("Siapa penanggung jawabnya?")).to_have_value(
        "Bidang infrastruktur"
    )
    expect(page.get_by_label("Catatan")).to_have_value(
        "Tiang di RT 3,\ndekat balai desa"
    )


def send(page):
    page.locator("main").get_by_role("button", name="Simpan").click()


def test_a_form_sent_after_signing_out_elsewhere_comes_back_filled_in(
    written, assert_accessible
):
    address = written.url
    written.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    send(written)
    expect(written).to_have_url(re.compile("/masuk/"))
    sign_in(written)
    expect(written).to_have_url(address)
    expect_filled_in(written)
    assert_accessible(written)
    assert Action.objects.count() == 0
    send(written)
    expect(written.get_by_role("heading", level=1)).to_contain_text("Repeater")
    action = Action.objects.get()
    assert action.responsible == "Bidang infrastruktur"
    # Once it is sent, nothing of it is filled in any more.
    written.goto(address)
    expect(written.get_by_label("Catatan")).to_have_value("")
    expect(written.get_by_text(FILLED_IN)).to_be_hidden()


def test_a_form_that_was_open_too_long_is_filled_in_after_reloading(
    written, complaints
):
    written.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    send(written)
    expect(written.get_by_role("heading", level=1)).to_have_text(
        "Halaman terlalu lama terbuka"
    )
    written.wait_for_load_state()
    written.go_back()
    written.reload()
    expect_filled_in(written)
    send(written)
    expect(written.get_by_role("heading", level=1)).to_contain_text("Repeater")
    # The browser says of the answer what it was.
    assert [text for text in complaints if "403" not in text] == []
    complaints.clear()


def test_who_goes_elsewhere_instead_finds_an_empty_form(written):
    address = written.url
    written.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    send(written)
    written.goto("/lapor/")
    expect(written.get_by_role("heading", level=1)).to_be_visible()
    written.goto(address)
    sign_in(written)
    expect(written.get_by_label("Catatan")).to_have_value("")
    expect(written.get_by_text(FILLED_IN)).to_be_hidden()


def test_what_is_sent_from_a_page_leads_back_to_that_page(
    written, analyst, client, a_run
):
    page = written
    page.goto("/prioritas/?operator=TELKOMSEL&service=internet")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.get_by_role("button", name="Simpan bobot saya").click()
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/prioritas/\?operator=TELKOMSEL"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Blank spot mana yang didahulukan"
    )
