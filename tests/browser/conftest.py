"""A real Chromium against the live server, and what every page must not do in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from coverage.services.compute_run import compute_full
from tests.chromium import CHROMIUM, SANDBOX

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# A busy machine answers late; a test that passes takes no longer for it.
expect.set_options(timeout=20_000)

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium here: set KUKAR_CHROMIUM")
    # The pages load what bin/bundle made; a module may have changed since.
    subprocess.run([settings.BASE_DIR / "bin" / "bundle"], check=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SANDBOX)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """What browsers have complained about; a test that ends with any fails."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(live_server, chromium, complaints):
    """Open a page of the site, signed in as *user* or not at all."""
    contexts = []

    def open_page(path, user=None, *, size=DESK, **options):
        context = chromium.new_context(
            viewport=size, locale="id-ID", base_url=live_server.url, **options
        )
        contexts.append(context)
        if user is not None:
            # A client of its own: signing in another user would end this session.
            client = Client()
            client.force_login(user)
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [
                    {
                        "name": settings.SESSION_COOKIE_NAME,
                        "value": value,
                        "url": live_server.url,
                    }
                ]
            )
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def a_run(django_db_serialized_rollback, live_server, a_blank_west):
    """A published run: the western village blank, the eastern one covered."""
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def assert_accessible():
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")

    def check(page):
        # A script put in by the test is stopped by our policy; evaluate is not.
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in result["violations"]
        ] == []

    return check
