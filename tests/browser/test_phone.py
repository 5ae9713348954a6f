"""The form as an app on a phone: installs, weighs little, and loses nothing in between."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.contrib.sessions.models import Session
from django.core.signals import request_started
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from coverage.models import CoverageRun
from kukar_connect import pwa
from tests.browser import test_report_form
from tests.browser.conftest import AXE, PHONE
from tests.browser.test_report_form import (
    HERE,
    choose,
    expect_all_sent,
    press,
    queue,
    receipts,
    stored_receipts,
)
from tests.chromium import CHROMIUM, SANDBOX
from villages.api.probe import ProbeThrottle
from villages.models import District, SignalReport

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

open_form = test_report_form.open_form

SMALLEST = {"width": 320, "height": 640}
OPERATORS = ("Telkomsel", "Indosat", "XLSmart")


@pytest.fixture
def asked():
    """What the server is asked, as (method, address, bytes sent along)."""
    found: list[tuple[str, str, int]] = []

    def hear(sender, environ, **kwargs):
        found.append(
            (
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"]
                + (f"?{query}" if (query := environ["QUERY_STRING"]) else ""),
                int(environ.get("CONTENT_LENGTH") or 0),
            )
        )

    request_started.connect(hear)
    yield found
    request_started.disconnect(hear)


def ready(page: Page) -> Page:
    expect(page.get_by_text("Ready offline")).to_be_visible()
    return page


def fill_the_queue(page: Page, visits: int) -> None:
    for visit in range(visits):
        for operator in OPERATORS:
            choose(page, operator, "Nothing")
        press(page, "Save report")
        expect(queue(page)).to_contain_text(f"{3 * (visit + 1)} waiting")


@contextmanager
def refused_by(page: Page, answer):
    page.context.route("**/api/v1/reports/", answer)
    yield
    page.context.unroute("**/api/v1/reports/")


# --- an app ---------------------------------------------------------------------------


def test_chromium_would_install_it(chromium, live_server, client, reporter):
    client.force_login(reporter)
    with tempfile.TemporaryDirectory() as profile:
        # Nothing can be installed from the private windows that other tests use.
        context = chromium.browser_type.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=SANDBOX,
            viewport=PHONE,
        )
        context.add_cookies(
            [
                {
                    "name": "sessionid",
                    "value": client.cookies["sessionid"].value,
                    "url": live_server.url,
                }
            ]
        )
        page = context.new_page()
        page.goto(f"{live_server.url}/lapor/")
        expect(page.locator("[data-ready=yes]")).to_be_visible()
        session = context.new_cdp_session(page)
        errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        manifest = session.send("Page.getAppManifest")
        context.close()
    assert errors == []
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest.webmanifest")


def test_later_visits_load_nothing_and_the_map_has_its_background(open_form, asked):
    boundary = MultiPolygon(Polygon.from_bbox((116.0, -0.05, 116.2, 0.05)), srid=4326)
    District.objects.update(boundary=boundary)
    page = ready(open_form())
    context, address = page.context, page.url
    page.close()
    for _ in range(2):
        asked.clear()
        page = context.new_page()
        page.goto(address)
        ready(page)
        expect(page.get_by_text("Near the centre of Hulu")).to_be_visible()
        press(page, "Set the pin on the map")
        expect(page.get_by_role("button", name="Zoom in")).to_be_visible()
        expect(page.locator("path.pin-map__district")).to_have_count(1)
        expect(page.locator("path.pin-map__village")).not_to_have_count(0)
        page.close()
        # The browser itself asks for the worker, whether there is a new one; the page
        # asks what the office has decided of its reports, and what there is to do.
        assert {path for _method, path, _bytes in asked} <= {
            "/api/v1/ping",
            "/api/v1/reports/mine/?since=0",
            "/api/v1/tasks/",
            "/sw.js",
        }


def test_the_worker_has_no_hand_in_what_is_sent(open_form):
    page = ready(open_form())
    page.reload()
    through_worker: list[str] = []
    page.on(
        "response",
        lambda response: (
            through_worker.append(response.request.method)
            if response.from_service_worker
            else None
        ),
    )
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect_all_sent(page, 1)
    page.reload()
    ready(page)
    assert set(through_worker) == {"GET"}


def test_it_is_not_called_ready_while_anything_is_missing(open_form):
    page = ready(open_form())
    for url in ("/api/v1/districts/", "/api/v1/village-points/", "/lapor/"):
        page.evaluate(
            """async (url) => {
              for (const name of await caches.keys())
                await (await caches.open(name)).delete(url);
            }""",
            url,
        )
        page.reload()
        expect(page.get_by_text("Not ready for offline yet")).to_be_visible()
        page.evaluate(
            """async (url) => {
              const [name] = await caches.keys();
              await (await caches.open(name)).add(url);
            }""",
            url,
        )
        page.reload()
        ready(page)


def test_a_new_version_keeps_a_full_queue(open_form, monkeypatch):
    page = ready(open_form())
    old = page.evaluate("caches.keys()")
    with refused_by(page, lambda route: route.fulfill(status=503, body="")):
        fill_the_queue(page, 7)
        monkeypatch.setattr(pwa, "_content_digest", lambda: "a-newer-one")
        page.reload()
        expect(queue(page)).to_contain_text("21 waiting")
        press(page, "Use the new version")
        page.wait_for_event("load")
        ready(page)
        expect(queue(page)).to_contain_text("21 waiting")
        assert page.evaluate("caches.keys()") != old
        assert page.evaluate("caches.keys()") == ["kukar-shell-a-newer-one"]
    page.reload()
    expect_all_sent(page, 21)


# --- nothing lost ----------------------------------------------------------------------


def test_signed_out_between_two_batches_the_rest_waits_for_the_sign_in(
    open_form, client, reporter, live_server
):
    page = open_form()
    expect(queue(page)).to_contain_text("Account: reporter.")
    page.context.set_offline(True)
    fill_the_queue(page, 8)
    posts: list[int] = []

    def end_the_session_after_the_first(route: Route) -> None:
        posts.append(len(json.loads(route.request.post_data)))
        if len(posts) == 2:
            Session.objects.all().delete()
        route.continue_()

    with refused_by(page, end_the_session_after_the_first):
        page.context.set_offline(False)
        expect(queue(page)).to_contain_text("Not signed in")
    assert posts == [20, 4]
    expect(queue(page)).to_contain_text("4 waiting · 20 sent")
    assert receipts(page) == stored_receipts()
    client.force_login(reporter)
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url,
            }
        ]
    )
    page.reload()
    expect_all_sent(page, 24)


def test_when_the_phone_is_really_full_nothing_is_said_to_be_kept(open_form):
    page = ready(open_form())
    page.context.set_offline(True)
    fill_the_queue(page, 1)
    session = page.context.new_cdp_session(page)
    origin = page.url.removesuffix("/lapor/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})
    page.get_by_text("More details").click()
    kept = 3
    alert = page.get_by_role("alert")
    # Chromium looks at the quota anew only every few seconds.
    for _ in range(40):
        page.get_by_label("Note").fill("x" * 1000)
        choose(page, "Telkomsel", "Calls")
        press(page, "Save report")
        # It is kept, or it is said why not.
        page.wait_for_function(
            """waiting => document.querySelector("[role=alert]").textContent
                || document.querySelector("[data-queue-count]").textContent
                    .startsWith(`${waiting}\u00a0`)""",
            arg=kept + 1,
        )
        if alert.inner_text():
            break
        kept += 1
        page.wait_for_timeout(1_000)
    expect(alert).to_contain_text("memory is full")
    expect(queue(page)).to_contain_text(f"{kept} waiting")
    expect(page.get_by_label("Note")).to_have_value("x" * 1000)
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    page.context.set_offline(False)
    expect_all_sent(page, kept)


DEAF = """
const listen = window.addEventListener;
window.addEventListener = function (kind, ...how) {
  if (kind !== "online") listen.call(window, kind, ...how);
};
"""


@pytest.mark.parametrize("by", ["start", "online", "visible", "timer", "button"])
def test_what_waits_is_sent_by(open_form, by):
    # The browser does not always say so when a signal is back.
    page = open_form("" if by == "online" else DEAF)
    # No timer rings by itself, so that only one cause is left.
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=10))
    expect(queue(page)).to_contain_text("Account: reporter.")
    page.context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("No connection")
    page.context.set_offline(False)
    if by == "start":
        page.reload()
    elif by == "visible":
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    elif by == "timer":
        page.clock.fast_forward(300_000)
    elif by == "button":
        press(page, "Send now")
    expect_all_sent(page, 1)


def test_the_browser_is_asked_to_keep_the_reports_for_good(open_form):
    page = open_form(
        "StorageManager.prototype.persist = async function () {"
        "  window.asked = (window.asked ?? 0) + 1; return true; };"
    )
    assert page.evaluate("window.asked") is None
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect_all_sent(page, 1)
    assert page.evaluate("window.asked") == 1


# --- in the hand -----------------------------------------------------------------------


def test_a_visit_takes_four_taps(open_form):
    page = open_form()
    expect(page.get_by_text("accurate to ± 12 m")).to_be_visible()
    taps = 0
    for operator, choice in zip(OPERATORS, ("Good", "Nothing", "Slow"), strict=True):
        choose(page, operator, choice)
        taps += 1
    press(page, "Save report")
    taps += 1
    expect_all_sent(page, 3)
    assert taps == 4


def test_the_ring_says_how_sure_the_position_is(open_form):
    page = open_form(geolocation=HERE | {"accuracy": 100})
    ring = page.locator("[data-ring]")
    # The dashed ring beside it stands for 100 m.
    expect(ring).to_have_attribute("r", "20")
    page.context.set_geolocation(HERE | {"accuracy": 30})
    expect(ring).to_have_attribute("r", "6")
    press(page, "Set the pin on the map")
    expect(page.locator("path.pin-map__fix")).to_have_count(2)
    # Really drawn: its drawing has room.
    drawing = page.locator("svg:has(> g > path.pin-map__fix)").bounding_box()
    assert drawing is not None
    assert drawing["width"] > 300
    expect(ring).to_have_attribute("r", "0")


def test_the_maps_buttons_are_as_wide_as_a_thumb(open_form):
    page = open_form()
    press(page, "Set the pin on the map")
    zoom = page.get_by_role("button", name="Zoom in").bounding_box()
    assert zoom is not None
    assert min(zoom["width"], zoom["height"]) >= 44


@pytest.mark.parametrize("size", [SMALLEST, PHONE], ids=["320", "390"])
def test_no_word_of_an_answer_breaks_in_two(open_form, size):
    page = open_form()
    page.set_viewport_size(size)
    emergency = page.get_by_text("Emergency", exact=True).first
    lines = emergency.evaluate(
        """(element) => {
          const range = document.createRange();
          range.selectNodeContents(element.lastChild);
          return range.getClientRects().length;
        }"""
    )
    assert lines == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [SMALLEST, PHONE], ids=["320", "390"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_everything_fits_on(open_form, live_server, size, language):
    page = open_form()
    page.set_viewport_size(size)
    page.context.add_cookies(
        [{"name": "django_language", "value": language, "url": live_server.url}]
    )
    page.reload()
    page.locator("[data-ready]").wait_for()
    page.locator("#report > .report__more > summary").click()
    for operator in page.locator("fieldset.operator").all():
        operator.locator("label").last.click()
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    spilling = page.evaluate(
        """() => [...document.querySelectorAll(".choice__text, .button")]
          .filter((box) => box.offsetParent && box.scrollWidth > box.clientWidth)
          .map((box) => box.textContent)"""
    )
    assert spilling == []
    bar = queue(page).bounding_box()
    assert bar is not None
    assert bar["height"] <= size["height"] / 5
    # What gets the focus is not left under the bar.
    note = page.locator("#note")
    note.focus()
    box = note.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= bar["y"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
def test_it_can_be_read_in_the_sun(open_form):
    page = open_form()
    for operator, choice in zip(OPERATORS, ("Good", "Nothing", "Slow"), strict=True):
        choose(page, operator, choice)
    press(page, "Save report")
    expect_all_sent(page, 3)
    choose(page, "Telkomsel", "Good")
    page.get_by_text("More details").click()
    page.get_by_text("Map for a trip").click()
    press(page, "Measure the internet")
    page.evaluate(AXE.read_text())
    result = page.evaluate(
        """axe.run("main", {
          runOnly: {type: "rule", values: ["color-contrast-enhanced"]},
          rules: {"color-contrast-enhanced": {enabled: true}},
        })"""
    )
    assert result["passes"]
    assert [node["html"] for v in result["violations"] for node in v["nodes"]] == []


# --- the map for a trip ------------------------------------------------------------------


@pytest.fixture
def trip_form(a_run, open_form):
    page = open_form()
    page.get_by_text("Map for a trip").click()
    return page


def keep(page: Page) -> None:
    page.get_by_label("Kecamatan 12").check()
    press(page, "Keep on this phone")


def trip_status(page: Page):
    return page.locator("[data-trip-status]")


def test_the_map_of_a_district_is_kept_with_its_size_told_first(trip_form, asked):
    page = trip_form
    keep_button = page.get_by_role("button", name="Keep on this phone")
    expect(keep_button).to_be_disabled()
    page.get_by_label("Kecamatan 12").check()
    told = page.locator("[data-trip-size]").inner_text()
    count = int(re.match(r"\d+", told)[0])
    kilobytes = int(re.search(r"(\d+) kB", told)[1])
    asked.clear()
    press(page, "Keep on this phone")
    expect(trip_status(page)).to_have_text("The map is on this phone.")
    assert len([path for _m, path, _b in asked if path.startswith("/tiles/")]) == count
    kept = page.evaluate(
        """async () => {
          const cache = await caches.open("kukar-trip");
          const tiles = (await cache.keys()).filter(({ url }) => url.endsWith(".png"));
          const sizes = await Promise.all(tiles.map(async (tile) =>
            (await (await cache.match(tile)).blob()).size));
          return [tiles.length, sizes.reduce((a, b) => a + b, 0)];
        }"""
    )
    assert kept[0] == count
    assert round(kept[1] / 1000) == kilobytes


def test_the_kept_map_is_drawn_without_a_network(trip_form):
    page = ready(trip_form)
    keep(page)
    expect(page.locator("[data-trip-kept]")).to_contain_text("Kecamatan 12")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-trip-kept]")).to_contain_text("Any operator, Internet")
    press(page, "Set the pin on the map")
    tile = page.locator("img.kept-tile").first
    expect(tile).to_have_js_property("naturalWidth", 256)
    legend = page.locator("[data-kept-legend]")
    for word in ("Covered", "Blank spot", "Not known", "not kept on this phone"):
        expect(legend).to_contain_text(word)
    until = CoverageRun.objects.get(is_current=True).input_cutoff_at
    date = timezone.localtime(until)
    expect(legend).to_contain_text(f"{date:%Y}")
    page.get_by_text("Map for a trip").click()
    expect(trip_status(page)).to_contain_text("there must be a connection")
    press(page, "Remove the map from this phone")
    expect(page.locator("img.kept-tile")).to_have_count(0)
    expect(page.locator("[data-trip-kept]")).to_have_text("nothing kept yet")
    assert not page.evaluate("caches.has('kukar-trip')")


def test_the_kept_map_outlives_a_new_version(trip_form, monkeypatch):
    page = ready(trip_form)
    keep(page)
    expect(trip_status(page)).to_have_text("The map is on this phone.")
    monkeypatch.setattr(pwa, "_content_digest", lambda: "a-newer-one")
    page.reload()
    press(page, "Use the new version")
    page.wait_for_event("load")
    expect(page.locator("[data-trip-kept]")).to_contain_text("Kecamatan 12")
    assert sorted(page.evaluate("caches.keys()")) == [
        "kukar-shell-a-newer-one",
        "kukar-trip",
    ]


def test_a_map_that_breaks_off_goes_on_where_it_was(trip_form, asked):
    page = trip_form
    served: list[str] = []

    def break_off_after_two(route: Route) -> None:
        served.append(route.request.url)
        if len(served) > 2:
            route.abort()
        else:
            route.continue_()

    page.context.route("**/tiles/**", break_off_after_two)
    keep(page)
    expect(trip_status(page)).to_contain_text("The connection broke off.")
    expect(page.locator("[data-trip-kept]")).to_have_text("nothing kept yet")
    page.context.unroute("**/tiles/**")
    press(page, "Keep on this phone")
    expect(trip_status(page)).to_have_text("The map is on this phone.")
    tiles = [path for _method, path, _bytes in asked if path.startswith("/tiles/")]
    assert len(tiles) == len(set(tiles))


def test_a_map_that_is_stopped_leaves_nothing_behind(trip_form):
    page = trip_form
    held: list[Route] = []
    page.context.route("**/tiles/**", lambda route: held.append(route))
    keep(page)
    press(page, "Stop")
    expect(trip_status(page)).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert (
        page.evaluate(
            "caches.open('kukar-trip').then((c) => c.keys()).then((k) => k.length)"
        )
        == 0
    )


def test_a_full_phone_says_so_before_the_map_comes(trip_form):
    page = trip_form
    session = page.context.new_cdp_session(page)
    origin = page.url.removesuffix("/lapor/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})
    keep(page)
    expect(trip_status(page)).to_contain_text("memory is full")


def test_without_a_sign_in_no_map_is_offered(a_run, open_form):
    page = open_form()
    page.context.clear_cookies(name="sessionid")
    page.get_by_text("Map for a trip").click()
    expect(trip_status(page)).to_contain_text("Only who is signed in")


def test_the_trip_and_the_probe_are_accessible(trip_form, assert_accessible):
    page = trip_form
    keep(page)
    expect(trip_status(page)).to_have_text("The map is on this phone.")
    choose(page, "Telkomsel", "Good")
    page.get_by_text("More details").click()
    press(page, "Measure the internet")
    press(page, "Set the pin on the map")
    expect(page.locator("img.kept-tile").first).to_be_attached()
    assert_accessible(page)


# --- the probe ---------------------------------------------------------------------------


@pytest.fixture
def unhurried():
    """No measurements remembered from other tests."""
    ProbeThrottle.cache.clear()


def probe_status(page: Page):
    return page.locator("[data-probe-text]")


def test_the_internet_is_measured_and_goes_with_that_operators_report(
    open_form, asked, unhurried
):
    page = ready(open_form())
    page.get_by_text("More details").click()
    expect(page.locator("[data-probe]")).to_be_hidden()
    choose(page, "Telkomsel", "Good")
    choose(page, "Indosat", "Slow")
    choose(page, "XLSmart", "Calls")
    asked.clear()
    press(page, "Measure the internet (uses up to 1 MB)")
    offered = page.locator("[data-probe-panel] label:visible")
    expect(offered).to_have_text(["Telkomsel", "Indosat"])
    press(page, "Measure now")
    expect(probe_status(page)).to_have_text("Choose whose internet the phone uses.")
    assert [path for _method, path, _bytes in asked if "probe" in path] == []
    offered.nth(1).click()
    press(page, "Measure now")
    expect(page.locator("[data-probe-results]")).to_contain_text("Indosat")
    down = sum(int(path.split("=")[1]) for _m, path, _b in asked if "bytes=" in path)
    up = sum(size for method, _p, size in asked if method == "POST")
    # With room for the headers of a dozen requests.
    assert 100_000 < down + up <= 900_000
    press(page, "Save report")
    expect_all_sent(page, 3)
    rates = {
        report.operator: (
            report.download_mbps,
            report.upload_mbps,
            report.latency_ms,
        )
        for report in SignalReport.objects.all()
    }
    assert all(rate > 0 for rate in rates.pop("INDOSAT"))
    assert set(rates.values()) == {(None, None, None)}


def test_what_was_measured_goes_when_its_answer_goes(open_form, unhurried):
    page = open_form()
    choose(page, "Telkomsel", "Good")
    page.get_by_text("More details").click()
    press(page, "Measure the internet")
    # Of one operator alone nobody has to choose.
    press(page, "Measure now")
    expect(page.locator("[data-probe-results]")).to_contain_text("Telkomsel")
    choose(page, "Telkomsel", "Calls")
    expect(page.locator("[data-probe]")).to_be_hidden()
    press(page, "Save report")
    expect_all_sent(page, 1)
    assert SignalReport.objects.get().download_mbps is None


def test_a_measurement_that_breaks_off_or_is_cancelled_is_none(open_form, unhurried):
    page = open_form()
    choose(page, "Telkomsel", "Good")
    page.get_by_text("More details").click()
    press(page, "Measure the internet")
    page.context.route("**/api/v1/probe*", lambda route: route.abort())
    press(page, "Measure now")
    expect(probe_status(page)).to_contain_text("The connection broke off")
    page.context.unroute("**/api/v1/probe*")
    held: list[Route] = []
    page.context.route("**/api/v1/probe*", lambda route: held.append(route))
    press(page, "Measure now")
    expect(probe_status(page)).to_contain_text("Measuring the delay")
    press(page, "Cancel")
    expect(probe_status(page)).to_contain_text("Cancelled.")
    press(page, "Measure now")
    expect(probe_status(page)).to_contain_text("Measuring the delay")
    # Of one that is still under way nothing is said in the form that is begun anew.
    press(page, "Save report")
    expect_all_sent(page, 1)
    assert probe_status(page).text_content() == ""
    expect(page.locator("[data-probe-start]")).to_be_enabled()
    assert SignalReport.objects.get().latency_ms is None
