"""Field staff report with a phone: nothing filled in is lost, and it arrives once."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import PHONE
from villages.api.reports import receipt
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


def choose(page: Page, operator: str, choice: str) -> None:
    row = page.get_by_role("group", name=operator, exact=True)
    row.locator("label", has_text=choice).click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def queue(page: Page):
    return page.locator("[data-queue]")


def log(page: Page):
    return page.get_by_role("region", name="Reports on this phone")


def receipts(page: Page) -> list[str]:
    """Return the receipts that the phone shows, in order of their text."""
    return sorted(log(page).locator(".log__code").all_inner_texts())


def stored_receipts() -> list[str]:
    return sorted(
        receipt(digest)
        for digest in SignalReport.objects.values_list("digest", flat=True)
    )


def expect_all_sent(page: Page, count: int) -> None:
    expect(queue(page)).to_contain_text(f"0 waiting · {count} sent")
    assert receipts(page) == stored_receipts()
    assert SignalReport.objects.count() == count


def test_one_visit_gives_one_report_for_each_operator(open_form):
    page = open_form()
    expect(page.get_by_text("accurate to ± 12 m")).to_be_visible()
    choose(page, "Telkomsel", "Good")
    choose(page, "Indosat", "Nothing")
    choose(page, "XLSmart", "Slow")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("Saved on this phone: 3.")
    expect_all_sent(page, 3)
    expect(log(page)).to_contain_text("Hulu")
    reports = {report.operator: report for report in SignalReport.objects.all()}
    assert {name: (r.found, r.internet) for name, r in reports.items()} == {
        "TELKOMSEL": ("data", "good"),
        "INDOSAT": ("no_service", ""),
        "XLSMART": ("data", "slow"),
    }
    assert len({(r.point.coords, r.observed_at) for r in reports.values()}) == 1
    report = reports["INDOSAT"]
    assert (report.point.x, report.point.y, report.accuracy_m) == (116.05, 0.01, 12)
    assert report.position_source == "device"
    assert report.reported_by.username == "reporter"
    assert abs(report.clock_skew_s) < 60
    assert page.locator("input[type=radio]:checked").count() == 0


def test_a_thumb_hits_every_answer(open_form):
    page = open_form()
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    answers = page.locator(".choice__text:visible")
    sizes = answers.evaluate_all(
        "all => all.map(({offsetWidth: w, offsetHeight: h}) => [w, h])"
    )
    assert sizes
    assert all(width >= 56 and height >= 44 for width, height in sizes), sizes


def test_what_is_missing_is_said_at_its_place(open_form):
    page = open_form()
    press(page, "Save report")
    expect(page.get_by_text("Choose what the phone finds")).to_be_visible()
    expect(page.get_by_role("radio", name="Nothing").first).to_be_focused()
    choose(page, "Telkomsel", "Calls")
    press(page, "Clear Telkomsel")
    press(page, "Save report")
    expect(page.get_by_text("Choose what the phone finds")).to_be_visible()
    assert SignalReport.objects.count() == 0


def test_without_a_connection_it_is_kept_and_sent_once_there_is_one(open_form):
    page = open_form()
    page.context.set_offline(True)
    choose(page, "XLSmart", "Calls")
    page.get_by_text("More details").click()
    page.get_by_label("Note").fill("at the jetty")
    page.get_by_label("Hours without power").fill("2,5")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 waiting · 0 sent")
    expect(queue(page)).to_contain_text("No connection to the server.")
    assert SignalReport.objects.count() == 0
    page.context.set_offline(False)
    expect_all_sent(page, 1)
    report = SignalReport.objects.get()
    assert (report.note, report.found) == ("at the jetty", "voice_only")
    assert report.power_out_hours == 2.5


def test_without_a_network_the_app_opens_keeps_and_sends_after_days(open_form):
    page = open_form()
    expect(page.get_by_text("Ready offline")).to_be_visible()
    address = page.url
    page.close()
    context = page.context
    context.set_offline(True)
    for visit in range(2):
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_text("Ready offline")).to_be_visible()
        expect(page.get_by_text("Near the centre of Hulu")).to_be_visible()
        for operator in ("Telkomsel", "Indosat"):
            choose(page, operator, "Nothing")
        press(page, "Save report")
        expect(queue(page)).to_contain_text(f"{2 * (visit + 1)} waiting")
        page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(address)
    expect_all_sent(page, 4)


def test_the_pin_map_works_without_a_network(open_form):
    page = open_form()
    expect(page.get_by_text("Ready offline")).to_be_visible()
    page.reload()
    page.context.set_offline(True)
    press(page, "Set the pin on the map")
    expect(page.get_by_role("button", name="Zoom in")).to_be_visible()
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    expect(page.get_by_text("Pin set by hand")).to_be_visible()


def test_a_report_whose_answer_was_lost_is_stored_once(open_form):
    page = open_form()
    sent: list[list[dict]] = []

    def lose_the_first_answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data))
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.context.route("**/api/v1/reports/", lose_the_first_answer)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("No connection")
    assert SignalReport.objects.count() == 1
    press(page, "Send now")
    expect_all_sent(page, 1)
    assert sent[0] == sent[1]


def test_a_tab_killed_while_it_sends_loses_nothing_and_doubles_nothing(open_form):
    page = open_form()
    context = page.context
    arrived: list[int] = []

    def arrive_and_hang(route: Route) -> None:
        route.fetch()
        arrived.append(1)  # and no answer: the tab is gone before it could come

    context.route("**/api/v1/reports/", arrive_and_hang)
    choose(page, "Telkomsel", "Nothing")
    choose(page, "Indosat", "Good")
    press(page, "Save report")
    for _ in range(100):
        if arrived:
            break
        page.wait_for_timeout(50)
    assert SignalReport.objects.count() == 2
    address = page.url
    page.close()
    context.unroute("**/api/v1/reports/")
    page = context.new_page()
    page.goto(address)
    expect_all_sent(page, 2)


def test_two_tabs_send_every_report_once(open_form):
    first = open_form()
    second = first.context.new_page()
    second.goto(first.url)
    first.context.set_offline(True)
    for page in (first, second):
        choose(page, "Telkomsel", "Nothing")
        press(page, "Save report")
    expect(queue(first)).to_contain_text("2 waiting")
    posted: list[str] = []
    first.context.on(
        "request",
        lambda request: (
            posted.extend(item["id"] for item in json.loads(request.post_data))
            if request.method == "POST"
            else None
        ),
    )
    first.context.set_offline(False)
    expect(queue(second)).to_contain_text("0 waiting · 2 sent")
    expect_all_sent(first, 2)
    assert sorted(posted) == sorted(set(posted))


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "oops", "The server had a problem"),
        (429, "slowly", "The server had a problem"),
        (200, "<html>Welcome to the airport</html>", "The server had a problem"),
        (401, '{"status": 401}', "Not signed in"),
        (403, '{"status": 403}', "may not send reports"),
    ],
)
def test_no_answer_but_ours_counts_as_stored(open_form, status, body, words):
    page = open_form()
    page.context.route(
        "**/api/v1/reports/", lambda route: route.fulfill(status=status, body=body)
    )
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text(words)
    expect(queue(page)).to_contain_text("1 waiting")
    page.context.unroute("**/api/v1/reports/")
    press(page, "Send now")
    expect_all_sent(page, 1)


def test_a_captive_portal_is_no_connection(open_form):
    page = open_form()
    page.context.route(
        "**/api/v1/ping", lambda route: route.fulfill(status=200, body="{}")
    )
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("No connection to the server.")
    assert SignalReport.objects.count() == 0


def test_signed_out_in_the_middle_all_is_kept_until_one_signs_in(
    open_form, client, reporter, live_server
):
    page = open_form()
    page.context.clear_cookies(name="sessionid")
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("Not signed in")
    with page.context.expect_page() as opened:
        queue(page).get_by_role("link", name="Sign in (new tab)").click()
    tab = opened.value
    tab.get_by_label("Username").fill("reporter")
    tab.get_by_label("Password").fill("rahasia-sekali")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/lapor/")
    expect(queue(tab)).to_contain_text("0 waiting · 1 sent")
    expect_all_sent(page, 1)


def test_reports_of_one_account_are_not_sent_as_another(
    open_form, client, account, live_server
):
    page = open_form()
    expect(queue(page)).to_contain_text("Account: reporter.")
    page.context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 waiting")
    client.force_login(account("somebody", "field"))
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url,
            }
        ]
    )
    page.context.set_offline(False)
    expect(queue(page)).to_contain_text("saved by another account")
    assert SignalReport.objects.count() == 0


def test_what_the_server_refuses_is_set_aside_corrected_and_sent(open_form):
    page = open_form()
    choose(page, "Telkomsel", "Good")
    choose(page, "Indosat", "Nothing")
    page.get_by_text("More details").click()
    page.get_by_label("Network Telkomsel").select_option("2G")
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-125")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 not accepted")
    expect(log(page)).to_contain_text("RSRP (dBm): -125.0 is outside")
    assert SignalReport.objects.count() == 1
    again = page.get_by_role("button", name="Correct and send again")
    drawn = again.element_handle()
    choose(page, "XLSmart", "Nothing")
    press(page, "Save report")
    expect_all_sent(page, 2)
    # What another report does neither moves the button nor takes a press away.
    assert drawn.evaluate("button => button.isConnected")
    press(page, "Correct and send again")
    expect(page.get_by_text("You are correcting a report.")).to_be_visible()
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-95")
    press(page, "Save report")
    expect_all_sent(page, 3)
    assert SignalReport.objects.get(operator="TELKOMSEL").rsrp_dbm == -95
    one_visit = SignalReport.objects.filter(operator__in=["TELKOMSEL", "INDOSAT"])
    assert len({report.observed_at for report in one_visit}) == 1


def test_a_full_phone_is_told_and_the_form_stays_filled_in(open_form):
    page = open_form(
        "const add = IDBObjectStore.prototype.add;"
        "IDBObjectStore.prototype.add = function (...args) {"
        "  if (!window.isFull) return add.apply(this, args);"
        "  throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page.evaluate("window.isFull = true")
    choose(page, "Telkomsel", "Calls")
    press(page, "Save report")
    expect(page.get_by_role("alert")).to_contain_text("memory is full")
    expect(queue(page)).to_contain_text("0 waiting")
    expect(page.get_by_role("radio", name="Calls").first).to_be_checked()
    page.evaluate("window.isFull = false")
    press(page, "Save report")
    expect_all_sent(page, 1)


def test_a_new_version_of_the_store_keeps_a_full_queue(open_form):
    page = open_form()
    page.goto(page.url.replace("/lapor/", "/healthz"))
    # As the first version of the app left it: no photos, no notes, one report waiting.
    page.evaluate(
        """async () => {
          const done = (request) => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = request.onblocked = () => reject(request.error);
          });
          await done(indexedDB.deleteDatabase("kukar-connect"));
          const { upgrade } = await import("/static/js/report/store.js");
          const request = indexedDB.open("kukar-connect", 1);
          request.onupgradeneeded = (e) => upgrade(request.result, e.oldVersion, 1);
          const db = await done(request);
          const store = db.transaction("reports", "readwrite").objectStore("reports");
          const id = crypto.randomUUID();
          const at = new Date().toISOString();
          await done(store.add({
            id, state: "waiting", account: null, saved_at: at, order: 0,
            report: { id, operator: "INDOSAT", found: "no_service", observed_at: at,
                      lon: 116.15, lat: 0.01 },
          }));
          db.close();
        }"""
    )
    page.goto(page.url.replace("/healthz", "/lapor/"))
    expect_all_sent(page, 1)
    expect(log(page)).to_contain_text("Hilir")


def test_the_queue_can_be_saved_as_a_file(open_form):
    page = open_form()
    page.context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 waiting")
    with page.expect_download() as download:
        press(page, "Save what is not sent as a file")
    content = json.loads(download.value.path().read_text())
    assert content["format"] == "kukar-connect-queue"
    assert [report["operator"] for report in content["reports"]] == ["TELKOMSEL"]


def test_the_language_of_the_kept_page_can_be_changed(open_form):
    page = open_form()
    expect(page.get_by_text("Ready offline")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.locator("[data-ready=yes]")).to_be_visible()


def test_the_kept_page_follows_a_language_chosen_on_another_page(
    open_form, live_server
):
    page = open_form()
    expect(page.get_by_text("Ready offline")).to_be_visible()
    page.goto(f"{live_server.url}/masuk/")
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.wait_for_function(
        "caches.match('/lapor/').then(kept => kept.text())"
        ".then(text => text.includes('<html lang=\"id\"'))"
    )
    page.goto(f"{live_server.url}/lapor/")
    expect(page.locator("html")).to_have_attribute("lang", "id")


def test_a_phone_that_gives_no_position_gets_a_pin(open_form):
    page = open_form(permissions=[])
    expect(page.get_by_text("The browser does not give the position.")).to_be_visible()
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(page.get_by_text("There is no position yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Zoom in")).to_be_visible()
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    expect(page.get_by_text("Pin set by hand")).to_be_visible()
    press(page, "Save report")
    expect_all_sent(page, 1)
    report = SignalReport.objects.get()
    assert (report.position_source, report.accuracy_m) == ("manual", None)


def test_the_pin_can_be_set_with_the_keyboard_alone(open_form):
    page = open_form()
    page.get_by_role("radio", name="Nothing").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Set the pin on the map").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Latitude").fill("0,02")
    page.get_by_label("Longitude").fill("116.15")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Pin set by hand: 0.02000, 116.15000")).to_be_visible()
    page.get_by_role("button", name="Save report").focus()
    page.keyboard.press("Enter")
    expect_all_sent(page, 1)
    expect(log(page)).to_contain_text("Hilir")
    assert SignalReport.objects.get().point.coords == (116.15, 0.02)


def test_over_plain_http_the_form_still_keeps_and_sends(open_form):
    # What such a page lacks: the position, crypto.randomUUID, locks, the worker.
    page = open_form(
        "Object.defineProperty(window, 'isSecureContext', {value: false});"
        "delete Crypto.prototype.randomUUID;"
        "delete Navigator.prototype.locks;"
    )
    expect(page.get_by_text("only over a secure address")).to_be_visible()
    expect(page.get_by_text("Not available offline")).to_be_visible()
    choose(page, "Telkomsel", "Nothing")
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    press(page, "Save report")
    expect_all_sent(page, 1)
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
    assert targets.count() >= 17
    for index in range(targets.count()):
        box = targets.nth(index).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["width"] >= 48
        assert box["x"] + box["width"] <= PHONE["width"]


def test_the_form_and_its_log_are_accessible(open_form, assert_accessible):
    page = open_form()
    page.get_by_text("More details").click()
    page.get_by_text("How do I find this number?").click()
    press(page, "Set the pin on the map")
    expect(page.get_by_role("application")).to_be_visible()
    press(page, "Save report")
    assert_accessible(page)
    choose(page, "Telkomsel", "Good")
    page.get_by_label("Network Telkomsel").select_option("2G")
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-125")
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 not accepted")
    choose(page, "Indosat", "Nothing")
    page.get_by_role("application").click(position={"x": 150, "y": 100})
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 sent")
    assert_accessible(page)
