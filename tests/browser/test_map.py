"""The map as an official uses it: by what the page says, not by how it is built."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from coverage.models import BlankSpot
from coverage.services.compute_run import compute_changes
from tests.browser.conftest import DESK, PHONE
from tests.conftest import a_report, store

# The western village's middle, which no phone could use, and one near the eastern's.
BLANK = "#12/0.0000/116.0500"
COVERED = "#12/0.0000/116.1500"


def panel(page):
    return page.get_by_role("complementary")


def open_middle(page):
    """Open what lies in the middle of the map, as the keyboard does."""
    page.get_by_role("application").press("Enter")


@pytest.fixture
def open_map(open_page, a_run, officer):
    def open_map(address="", user=officer, **options):
        page = open_page(f"/{address}", user, **options)
        expect(page.locator("#status")).to_contain_text(f"{a_run.pk}")
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
        return page

    return open_map


def test_the_map_says_which_run_it_shows_and_what_the_states_mean(open_map):
    page = open_map()
    legend = page.get_by_role("region", name="Legend").or_(
        page.get_by_role("region", name="Legenda")
    )
    expect(legend.locator("dt")).to_have_count(5)
    expect(legend.locator("dd").first).not_to_be_empty()


def test_boundaries_and_blank_spots_are_drawn(open_map):
    page = open_map("?operator=TELKOMSEL")
    for pane in ("lines", "spots"):
        drawing = page.locator(f".leaflet-{pane}-pane svg")
        expect(drawing.locator("path[d^=M]").first).to_be_attached()
        # As wide as it says: a style of the page may narrow a drawing to nothing.
        assert drawing.evaluate(
            "e => getComputedStyle(e).width === `${e.getAttribute('width')}px`"
        ), pane


def test_a_click_on_a_blank_spot_opens_it_in_words(open_map):
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    spot = BlankSpot.objects.get(
        operator="TELKOMSEL", service="internet", ended_run=None, state="blank"
    )
    page.locator("#map").click()
    expect(panel(page).get_by_role("heading").first).to_contain_text("km²")
    expect(panel(page)).to_contain_text("Hulu")
    expect(panel(page)).to_contain_text("%)")
    expect(panel(page)).to_contain_text("dari luas desa")
    expect(panel(page)).to_contain_text("tidak ada sinyal")
    overflow = panel(page).evaluate("e => e.scrollWidth - e.clientWidth")
    assert overflow <= 0, "the panel's text runs out of it"
    assert f"spot={spot.identity}" in page.url


@pytest.mark.parametrize(
    ("late", "in_url"),
    [
        ("**/blank-spots/*/?*", r"/blank-spots/[^/]+/\?"),
        ("**/coverage/at/*", "/coverage/at/"),
    ],
)
def test_on_a_phone_nothing_jumps_when_the_facts_of_a_spot_arrive(
    open_map, late, in_url
):
    page = open_map(f"?operator=TELKOMSEL{BLANK}", size=PHONE)
    held = []
    page.route(late, lambda route: held.append(route))
    with page.expect_event("request", lambda r: re.search(in_url, r.url)):
        open_middle(page)
    expect(panel(page).get_by_role("heading").first).to_contain_text("km²")
    before = panel(page).bounding_box()
    expect(panel(page).locator(".answer")).to_be_attached()
    answer = panel(page).locator(".answer")
    top = answer.bounding_box()["y"]
    assert panel(page).locator(".facts").count() == 0
    held.pop().continue_()
    expect(panel(page).locator(".facts")).to_be_attached()
    expect(answer).to_contain_text("Hulu")
    assert panel(page).bounding_box() == before
    assert answer.bounding_box()["y"] == top


def test_a_click_on_a_village_opens_its_shares_and_leads_to_its_page(open_map):
    page = open_map(f"?operator=TELKOMSEL{COVERED}")
    page.locator("#map").click()
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")
    rows = panel(page).get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="Telkomsel")).to_contain_text("%")
    assert "village=64.02.12.2002" in page.url
    panel(page).get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hilir")


def test_switching_the_operator_changes_the_layer_and_the_address(open_map):
    page = open_map()
    assert "operator" not in page.url
    with page.expect_response(re.compile("blank-spots/.*operator=TELKOMSEL")):
        page.get_by_label("Operator", exact=True).select_option("TELKOMSEL")
    assert "operator=TELKOMSEL" in page.url
    with page.expect_response(re.compile("blank-spots/.*service=voice")):
        page.locator("input[name=service][value=voice]").check(force=True)
    assert "service=voice" in page.url


def test_the_address_restores_operator_layers_place_and_what_was_open(open_map):
    page = open_map(f"?operator=TELKOMSEL&service=voice&layers=spots{COVERED}")
    open_middle(page)
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")
    expect(page.get_by_label("Operator", exact=True)).to_have_value("TELKOMSEL")
    expect(page.locator("input[name=service][value=voice]")).to_be_checked()
    expect(page.locator("input[name=layer][value=spots]")).to_be_checked()
    expect(page.locator("input[name=layer][value=surface]")).not_to_be_checked()
    assert page.url == address


def test_a_link_to_a_blank_spot_that_is_gone_says_so(open_map):
    page = open_map("?spot=00000000-0000-4000-8000-000000000000")
    expect(page.locator("#notes p")).to_have_count(1)
    expect(panel(page)).to_have_count(0)


def test_the_panel_takes_the_focus_and_escape_gives_it_back(open_map):
    page = open_map(f"?operator=TELKOMSEL{COVERED}")
    open_middle(page)
    heading = panel(page).get_by_role("heading").first
    expect(heading).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(page.get_by_role("application")).to_be_focused()
    assert "village=" not in page.url


def test_blank_spots_are_reached_by_keyboard_through_the_list(open_map):
    page = open_map("?operator=TELKOMSEL")
    page.locator("#open-list").press("Enter")
    first = panel(page).get_by_role("listitem").first.get_by_role("button")
    expect(first).to_contain_text("km²")
    first.press("Enter")
    expect(panel(page)).to_contain_text("Hulu")


def test_a_village_is_found_by_name_with_the_keyboard_alone(open_map):
    page = open_map()
    search = page.get_by_role("combobox").and_(page.locator("#search-input"))
    search.fill("hil")
    results = page.get_by_role("listbox").and_(page.locator("#search-list"))
    expect(results.get_by_role("option")).to_have_count(1)
    search.press("ArrowDown")
    search.press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")


def test_a_new_run_appears_without_being_asked_for_and_without_a_jump(open_map, a_run):
    page = open_map(f"?operator=TELKOMSEL{COVERED}")
    open_middle(page)
    expect(panel(page)).to_contain_text("Hilir")
    address = page.url
    store(a_report(lon=116.15, rsrp_dbm=-80.0), now=timezone.now())
    run = compute_changes(now=timezone.now(), progress=lambda *_: None)
    assert run.pk != a_run.pk
    expect(page.locator("#live")).to_contain_text(f"{run.pk}", timeout=10_000)
    expect(page.locator("#status")).to_contain_text(f"{run.pk}")
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")
    assert page.url == address


def test_only_those_who_may_see_single_reports_have_their_layer(
    open_map, verifier, officer
):
    page = open_map(BLANK, verifier)
    with page.expect_response(re.compile("/reports/.*bbox")):
        page.locator("input[name=layer][value=reports]").check()
    assert "reports" in page.url
    other = open_map(f"?layers=reports{BLANK}", officer)
    expect(other.locator("input[name=layer][value=reports]")).to_have_count(0)


def test_a_background_that_cannot_be_reached_shows_one_plain_note(open_map, complaints):
    page = open_map(BLANK)
    page.route(re.compile("openstreetmap"), lambda route: route.abort())
    page.locator("input[name=basemap][value=osm]").check()
    expect(page.locator("#notes p")).to_have_count(1)
    expect(page.locator(".leaflet-osm-pane img:not([hidden])")).to_have_count(0)
    # The browser's own word on every tile that was refused.
    complaints[:] = [text for text in complaints if "net::ERR_FAILED" not in text]


def asked_again(page, name="response"):
    """Wait until the page has asked for a newer run, as it does every few seconds."""
    for _ in range(2):
        with page.expect_event(name, lambda event: "runs/current/" in event.url):
            pass


def fail(page, address):
    page.route(address, lambda route: route.abort())


def notes(page):
    return page.locator("#notes p")


def again(page):
    return page.locator("#notes").get_by_role("button", name="Coba lagi")


def choose_operator(page, operator):
    page.get_by_label("Operator", exact=True).select_option(operator)


@pytest.fixture
def unreachable(complaints):
    """The browser's own words on what cannot be reached are no fault of the page."""
    yield
    complaints[:] = [text for text in complaints if "net::ERR" not in text]


def test_what_is_missing_keeps_its_note_until_it_is_there(open_map, unreachable):
    page = open_map(BLANK)
    fail(page, "**/map-blank-spots/*")
    choose_operator(page, "TELKOMSEL")
    expect(again(page)).to_be_visible()
    # That the server answers something else does not bring them.
    asked_again(page)
    expect(again(page)).to_be_visible()
    page.unroute("**/map-blank-spots/*")
    with page.expect_response(re.compile("map-blank-spots/.*TELKOMSEL")):
        again(page).click()
    expect(notes(page)).to_have_count(0)


def test_a_note_that_was_closed_comes_back_with_the_next_failure(open_map, unreachable):
    page = open_map(BLANK)
    fail(page, "**/map-blank-spots/*")
    choose_operator(page, "TELKOMSEL")
    expect(again(page)).to_be_visible()
    page.get_by_role("button", name="Tutup pesan ini").click()
    expect(notes(page)).to_have_count(0)
    choose_operator(page, "INDOSAT")
    expect(again(page)).to_be_visible()


def test_after_a_lost_connection_what_is_missing_comes_by_itself(open_map, unreachable):
    page = open_map(BLANK)
    page.context.set_offline(True)
    asked_again(page, "requestfailed")
    expect(notes(page)).to_have_count(1)
    page.get_by_role("button", name="Tutup pesan ini").click()
    # Whoever closed it knows.
    asked_again(page, "requestfailed")
    expect(notes(page)).to_have_count(0)
    choose_operator(page, "TELKOMSEL")
    # What is missing of the surface has a note of its own. Closed, both are known.
    expect(again(page)).to_have_count(2)
    for _note in range(2):
        page.get_by_role("button", name="Tutup pesan ini").first.click()
    with page.expect_response(re.compile("map-blank-spots/.*TELKOMSEL")):
        page.context.set_offline(False)
    expect(notes(page)).to_have_count(0)


def test_before_the_first_run_the_map_says_how_to_begin(
    django_db_serialized_rollback, open_page, two_villages, reporter, complaints
):
    page = open_page("/", reporter)
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#empty").get_by_role("link")).to_have_count(1)
    # "There is no run" is an answer, which a browser logs as an error.
    complaints[:] = [text for text in complaints if "404" not in text]


@pytest.mark.parametrize("path", [f"/{COVERED}", "/tabel/", "/desa/64.02.12.2001/"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(open_page, a_run, verifier, path, size, assert_accessible):
    page = open_page(path, verifier, size=size)
    if path.startswith("/#"):
        expect(page.locator("#status")).not_to_be_empty()
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
        open_middle(page)
        expect(page.locator("#panel")).to_be_visible()
    assert_accessible(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page is wider than the screen"


@pytest.mark.parametrize("path", ["/masuk/", "/tidak-ada/"])
def test_axe_finds_nothing_where_nobody_is_signed_in(
    django_db_serialized_rollback, open_page, path, assert_accessible, complaints
):
    page = open_page(path)
    assert_accessible(page)
    complaints[:] = [text for text in complaints if "404" not in text]


def test_without_script_the_map_is_a_table_of_villages(open_page, a_run, officer):
    page = open_page("/?operator=TELKOMSEL", officer, java_script_enabled=False)
    page.wait_for_url("**/tabel/?operator=TELKOMSEL&service=internet")
    page.locator("summary").filter(has_text="Kecamatan").first.click()
    row = page.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="Hulu", exact=True)
    )
    expect(row).to_contain_text("%")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hulu")


def test_the_table_shows_a_layer_and_leads_to_its_blank_spots_on_the_map(
    open_page, a_run, officer
):
    page = open_page("/tabel/", officer)
    page.get_by_label("Operator", exact=True).select_option("TELKOMSEL")
    page.locator(".layer-form").get_by_role("button").click()
    row = page.locator("#blank-spots tbody tr").first
    expect(row).to_contain_text("Hulu")
    row.get_by_role("link").last.click()
    expect(panel(page)).to_contain_text("Hulu")
    assert "operator=TELKOMSEL" in page.url


def test_the_language_switch_keeps_the_place_on_the_map(open_map):
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_title(re.compile("^Map"))
    assert page.url.endswith(f"?operator=TELKOMSEL{BLANK}")


def test_on_a_phone_the_legend_is_behind_one_button(open_map):
    page = open_map(size=PHONE, has_touch=True)
    toggle = page.locator("#controls-toggle")
    expect(page.locator("#controls-more")).not_to_be_visible()
    toggle.tap()
    expect(page.locator("#controls-more")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#controls-more")).not_to_be_visible()
    expect(toggle).to_be_focused()


def test_who_is_not_signed_in_is_asked_to_and_comes_back(
    open_page, a_run, officer, complaints
):
    page = open_page("/tabel/?service=voice")
    page.locator("[name=username]").fill("officer")
    page.locator("[name=password]").fill("rahasia-sekali")
    page.locator("main").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/tabel/\?service=voice$"))


def test_what_is_fitted_lies_beside_the_maps_buttons(open_map):
    page = open_map(size=PHONE)
    lines = page.locator(".leaflet-lines-pane path[d^=M]")
    west = min(
        lines.evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
    )
    buttons = page.locator(
        ".leaflet-top.leaflet-left .leaflet-bar"
    ).first.bounding_box()
    assert west >= buttons["x"] + buttons["width"]


COVERED_FOCUS = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const shown = element.closest("label") ?? element;
  const { left, top, width, height } = shown.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  const isSeen = at !== null && (shown.contains(at) || at.contains(shown));
  return isSeen ? "" : shown.outerHTML.slice(0, 120);
}"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_what_has_the_focus_is_never_under_anything(open_map, size):
    page = open_map(size=size)
    if size == PHONE:
        page.get_by_role("button", name="Cari, lapisan, dan legenda").click()
    covered = []
    # Round once: the page, its layers with their sticky line, the map and its buttons.
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(COVERED_FOCUS)
        if found is None:
            break
        covered.append(found)
    assert len(covered) > 20
    assert [each for each in covered if each] == []
