"""Every page in both languages and at both sizes: axe finds nothing, nothing sticks out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.pages import PAGES, PAGES_BEFORE_SIGNING_IN, a_claim, an_import

SIZES = {"desk": DESK, "phone": PHONE}


@pytest.fixture
def administrator(account):
    user = account("Sri")
    user.groups.add(Group.objects.get_or_create(name="admin")[0])
    return user


def look_at(page, assert_accessible, address, language):
    """Return what is wrong with a page, in words."""
    page.goto(address)
    expect(page.locator("html")).to_have_attribute("lang", language)
    if page.locator("#map").count():
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    # What is behind a summary is part of the page.
    page.evaluate(
        "document.querySelectorAll('main details').forEach(d => d.open = true)"
    )
    found = []
    try:
        assert_accessible(page)
    except AssertionError as problem:
        found.append(f"{address}: {problem}")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{address} is wider than the screen")
    return found


# One test for many pages, because a run takes longer than looking at a page.
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_on_any_page(
    open_page, a_run, administrator, assert_accessible, complaints, language, size
):
    a_claim()
    an_import()
    cookie = {"name": "django_language", "value": language}
    out = open_page("/healthz", size=SIZES[size])
    inside = open_page("/healthz", administrator, size=SIZES[size])
    found = []
    for page, pages in ((out, PAGES_BEFORE_SIGNING_IN), (inside, PAGES)):
        origin = page.evaluate("location.origin")
        page.context.add_cookies([{**cookie, "url": origin}])
        for make in pages.values():
            found += look_at(page, assert_accessible, make(), language)
    # A favicon that plain text does not name.
    complaints[:] = [text for text in complaints if "404" not in text]
    assert found == []


def test_the_maps_sheet_is_made_while_the_page_says_so(
    open_page, a_run, officer, tmp_path
):
    page = open_page("/?operator=TELKOMSEL#12/0.0000/116.0500", officer)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    link = page.get_by_role("link", name="Cetak tampilan ini")
    with page.expect_download() as download:
        link.click()
    name = download.value.suggested_filename
    assert name.endswith(".pdf")
    assert "telkomsel" in name
    assert "bbox=" in link.get_attribute("href")
    assert "operator=TELKOMSEL" in link.get_attribute("href")
    path = tmp_path / name
    download.value.save_as(path)
    assert path.read_bytes().startswith(b"%PDF")
    expect(link).not_to_have_attribute("aria-disabled", "true")


def test_a_sheet_that_cannot_be_made_says_why(open_page, a_run, officer, complaints):
    page = open_page("/desa/64.02.12.2001/", officer)
    page.route(
        "**/cetak.pdf",
        lambda route: route.fulfill(
            status=503,
            content_type="text/html",
            body="<p data-error>PDF lain sedang dibuat.</p>",
        ),
    )
    page.get_by_role("link", name="Cetak (PDF)").click()
    expect(page.get_by_role("status").filter(has_text="PDF lain")).to_be_visible()
    # The browser's own word on the refusal.
    complaints[:] = [text for text in complaints if "503" not in text]
