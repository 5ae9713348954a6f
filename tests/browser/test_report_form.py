"""Field staff report with a phone: nothing filled in is lost, and it arrives once."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import PHONE
from villages.models import SignalReport

# Serialized, because the roles that migrations make must be there for every test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

HERE = {"longitude": 116.05, "latitude": 0.01, "accuracy": 12}


@pytest.fixture
def open_form(chromium, live_server, client, reporter, two_villages):
    """Open the form as the reporter; the browser's own words are English."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_(script: str = "", **how: object) -> Page:
        client.force_login(reporter)
        how = {"permissions": ["geolocation"], "geolocation": HERE} | how
        context = chromium.new_context(
            viewport=PHONE, has_touch=True, locale="en-GB", **how
        )
        contexts.append(context)
        context.add_cookies(
            [
                {
                    "name": "sessionid",
                    "value": client.cookies["sessionid"].value,
                    "url": live_server.url,
                },
                {"name": "django_language", "value": "en", "url": live_server.url},
            ]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        if script:
            page.add_init_script(script)
        page.goto(f"{live_server.url}/lapor/")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


def choose(page: Page, operator: str, found: str) -> None:
    page.get_by_role("radio", name=operator).check(force=True)
    page.get_by_role("radio", name=re.compile(f"^{found}")).check(force=True)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def receipt(page: Page):
    return page.get_by_role("region", name=re.compile("stored"))


def test_a_report_of_no_signal_arrives_with_a_receipt(open_form):
    page = open_form()
    expect(page.get_by_text("accurate to ± 12 m")).to_be_visible()
    choose(page, "Indosat", "No signal")
    press(page, "Send report")
    expect(receipt(page)).to_contain_text("Hulu")
    expect(receipt(page)).to_contain_text(re.compile(r"[0-9A-F]{4}-[0-9A-F]{4}"))
    expect(page.get_by_role("heading", name="The report is stored.")).to_be_focused()
    report = SignalReport.objects.get()
    assert (report.operator, report.found) == ("INDOSAT", "no_service")
    assert (report.point.x, report.point.y, report.accuracy_m) == (116.05, 0.01, 12)
    assert report.position_source == "device"
    assert report.reported_by.username == "reporter"
    assert report.digest[:4].upper() in receipt(page).inner_text()


def test_what_is_missing_is_said_at_its_place(open_form):
    page = open_form()
    press(page, "Send report")
    expect(page.get_by_text("Choose the operator.")).to_be_visible()
    expect(page.get_by_text("Choose what the phone found.")).to_be_visible()
    expect(page.get_by_role("radio", name="Telkomsel")).to_be_focused()
    assert SignalReport.objects.count() == 0


def test_the_next_operator_is_reported_from_the_same_place(open_form):
    page = open_form()
    choose(page, "Telkomsel", "Internet works")
    press(page, "Send report")
    press(page, "Another report at this place")
    expect(page.get_by_role("radio", name="Indosat")).to_be_checked()
    expect(page.get_by_text("Same place as the last report.")).to_be_visible()
    page.context.set_geolocation(HERE | {"longitude": 116.09})
    page.get_by_role("radio", name=re.compile("^No signal")).check(force=True)
    press(page, "Send report")
    expect(receipt(page)).to_be_visible()
    first, second = SignalReport.objects.order_by("observed_at")
    assert first.point == second.point
    assert {first.operator, second.operator} == {"TELKOMSEL", "INDOSAT"}
    expect(page.get_by_role("region", name="Sent from this page")).to_contain_text(
        "Telkomsel"
    )


def test_without_a_connection_all_stays_filled_in_and_is_sent_later(open_form):
    page = open_form()
    choose(page, "XLSmart", "Calls only")
    page.get_by_text("More details").click()
    page.get_by_label("Note").fill("at the jetty")
    page.context.set_offline(True)
    press(page, "Send report")
    expect(page.get_by_role("alert")).to_contain_text("Not sent")
    expect(page.get_by_label("Note")).to_have_value("at the jetty")
    expect(page.get_by_role("radio", name="XLSmart")).to_be_checked()
    press(page, "Send again")
    expect(page.get_by_role("alert")).to_contain_text("Not sent")
    assert SignalReport.objects.count() == 0
    page.context.set_offline(False)
    press(page, "Send again")
    expect(receipt(page)).to_be_visible()
    report = SignalReport.objects.get()
    assert (report.note, report.found) == ("at the jetty", "voice_only")


def test_a_report_whose_answer_was_lost_is_stored_once(open_form):
    page = open_form()
    sent: list[dict] = []

    def lose_the_first_answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data))
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/reports/", lose_the_first_answer)
    choose(page, "Telkomsel", "No signal")
    press(page, "Send report")
    expect(page.get_by_role("alert")).to_contain_text("Not sent")
    assert SignalReport.objects.count() == 1
    press(page, "Send again")
    expect(page.get_by_text("stored already, once")).to_be_visible()
    assert sent[0] == sent[1]
    assert SignalReport.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "oops", "the server had a problem (500)"),
        (200, "<html>Welcome to the airport</html>", "the server had a problem (200)"),
        (401, '{"status": 401}', "you are signed out"),
        (403, '{"status": 403}', "may not send reports"),
    ],
)
def test_no_answer_but_ours_counts_as_stored(open_form, status, body, words):
    page = open_form()
    page.route(
        "**/api/v1/reports/", lambda route: route.fulfill(status=status, body=body)
    )
    choose(page, "Telkomsel", "No signal")
    press(page, "Send report")
    expect(page.get_by_role("alert")).to_contain_text(words)
    page.unroute("**/api/v1/reports/")
    press(page, "Send again")
    expect(receipt(page)).to_be_visible()
    assert SignalReport.objects.count() == 1


def test_a_wrong_reading_is_said_at_its_field_and_can_be_corrected(open_form):
    page = open_form()
    choose(page, "Telkomsel", "Internet works")
    page.get_by_text("More details").click()
    page.get_by_label("Technology").select_option("4G")
    page.get_by_label("RSRP").fill("-20")
    press(page, "Send report")
    expect(page.get_by_role("alert")).to_contain_text("RSRP")
    page.get_by_label("RSRP").fill("-104")
    press(page, "Send report")
    expect(receipt(page)).to_be_visible()
    assert SignalReport.objects.get().rsrp_dbm == -104


def test_a_phone_that_gives_no_position_gets_a_pin(open_form):
    page = open_form(permissions=[])
    expect(page.get_by_text("The browser does not give the position.")).to_be_visible()
    choose(page, "Telkomsel", "No signal")
    press(page, "Send report")
    expect(page.get_by_text("There is no position yet.")).to_be_visible()
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    expect(page.get_by_text("Pin set by hand")).to_be_visible()
    press(page, "Send report")
    expect(receipt(page)).to_be_visible()
    report = SignalReport.objects.get()
    assert (report.position_source, report.accuracy_m) == ("manual", None)


def test_the_pin_can_be_set_with_the_keyboard_alone(open_form):
    page = open_form()
    for key in ("Telkomsel", "No signal"):
        page.get_by_role("radio", name=re.compile(f"^{key}")).focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Set the pin on the map").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Latitude").fill("0,02")
    page.get_by_label("Longitude").fill("116.15")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Pin set by hand: 0.02000, 116.15000")).to_be_visible()
    page.get_by_role("button", name="Send report").focus()
    page.keyboard.press("Enter")
    expect(receipt(page)).to_contain_text("Hilir")
    assert SignalReport.objects.get().point.coords == (116.15, 0.02)


def test_over_plain_http_the_form_still_works(open_form):
    # What such a page lacks: the position, and crypto.randomUUID.
    page = open_form(
        "Object.defineProperty(window, 'isSecureContext', {value: false});"
        "delete Crypto.prototype.randomUUID;"
    )
    expect(page.get_by_text("only over a secure address")).to_be_visible()
    choose(page, "Telkomsel", "No signal")
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    press(page, "Send report")
    expect(receipt(page)).to_be_visible()
    assert SignalReport.objects.get().id.version == 4


def test_a_better_position_is_waited_for_and_a_worse_one_not_taken(open_form):
    page = open_form(geolocation=HERE | {"accuracy": 80})
    expect(page.get_by_text("A better one is still being looked for")).to_be_visible()
    page.context.set_geolocation(HERE | {"accuracy": 9})
    expect(page.get_by_text("accurate to ± 9 m")).to_be_visible()
    page.context.set_geolocation(HERE | {"accuracy": 60})
    page.wait_for_function("() => true")
    expect(page.get_by_text("accurate to ± 9 m")).to_be_visible()


def test_targets_are_large_enough_for_a_thumb(open_form):
    page = open_form()
    targets = page.locator(".report button:visible, .report .choice:visible")
    assert targets.count() >= 9
    for index in range(targets.count()):
        box = targets.nth(index).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["x"] + box["width"] <= PHONE["width"]
    heights = [
        page.locator(f".choice--{found}").bounding_box()["height"]
        for found in ("no_service", "emergency_only", "voice_only", "data")
    ]
    assert heights[0] > max(heights[1:])


def test_the_form_and_its_receipt_are_accessible(open_form, assert_accessible):
    page = open_form()
    page.get_by_text("More details").click()
    press(page, "Set the pin on the map")
    expect(page.get_by_role("application")).to_be_visible()
    press(page, "Send report")
    assert_accessible(page)
    choose(page, "Telkomsel", "No signal")
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    press(page, "Send report")
    expect(receipt(page)).to_be_visible()
    assert_accessible(page)
