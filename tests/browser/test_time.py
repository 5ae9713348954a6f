"""The history of the map as an official goes through it, with and without a mouse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from playwright.sync_api import expect

from coverage.models import CoverageRun
from coverage.selectors.history import ZONE
from coverage.services.compute_run import compute_full
from tests.browser.conftest import DESK, PHONE
from tests.conftest import a_report, store

WEST = "#12/0.0000/116.0500"


def panel(page):
    return page.get_by_role("complementary")


def slider(page):
    return page.get_by_role("slider", name="Bulan peta")


def divider(page):
    return page.get_by_role("slider", name="Pembatas antara sebelum dan sesudah")


def play_button(page):
    return page.get_by_role("button", name=re.compile("^(Putar bulan|Jeda)"))


def mode(page, name):
    return page.get_by_role("radio", name=name, exact=True)


def named(moment):
    with translation.override("id"):
        return date_format(moment.astimezone(ZONE), "F Y")


@pytest.fixture
def months(a_run):
    """Three months of runs: in the last one a part of the blank west is covered."""
    now = timezone.now()

    def at(run, days):
        when = now - timedelta(days=days)
        CoverageRun.objects.filter(pk=run.pk).update(input_cutoff_at=when)
        return run, named(when)

    first = at(a_run, 200)
    second = at(compute_full(now=now, progress=lambda *_: None, threads=1), 100)
    store(
        *[
            a_report(lon=116.04 + 0.003 * i, lat=0.003 * j, rsrp_dbm=-70.0)
            for i in range(5)
            for j in range(5)
        ],
        now=now,
    )
    third = at(compute_full(now=now, progress=lambda *_: None, threads=1), 0)
    return first, second, third


@pytest.fixture
def open_map(open_page, months, officer):
    def open_map(address="", run=None, **options):
        page = open_page(f"/{address}", officer, **options)
        run = run or months[-1][0]
        expect(page.locator("#status")).to_contain_text(f"{run.pk}")
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
        return page

    return open_map


def test_with_the_keyboard_the_slider_takes_the_whole_map_to_another_month(
    open_map, months
):
    _, (second, second_name), (third, third_name) = months
    page = open_map(f"?operator=TELKOMSEL&village=64.02.12.2001{WEST}")
    expect(slider(page)).to_have_attribute(
        "aria-valuetext", f"{third_name}, peta terkini"
    )
    past = page.get_by_text("bukan yang terkini")
    expect(past).not_to_be_visible()
    with (
        page.expect_response(re.compile(f"tiles/{second.pk}/TELKOMSEL/internet/")),
        page.expect_response(re.compile(f"blank-spots/.*run={second.pk}&")),
        page.expect_response(re.compile(f"villages/64.02.12.2001/.*run={second.pk}")),
    ):
        slider(page).press("ArrowLeft")
    expect(slider(page)).to_have_attribute("aria-valuetext", second_name)
    expect(past).to_be_visible()
    expect(page.locator("#status")).to_contain_text(f"{second.pk}")
    assert f"run={second.pk}" in page.url
    assert "village=" in page.url
    page.get_by_role("button", name="Ke peta terkini").click()
    expect(past).not_to_be_visible()
    expect(page.locator("#status")).to_contain_text(f"{third.pk}")
    expect(slider(page)).to_be_focused()
    assert "run=" not in page.url


def test_an_address_names_its_run_and_a_new_run_does_not_take_it_away(open_map, months):
    (first, name), *_ = months
    page = open_map(f"?run={first.pk}{WEST}", run=first)
    expect(slider(page)).to_have_attribute("aria-valuetext", name)
    page.get_by_role("application").press("Enter")
    expect(panel(page).get_by_role("heading").first).not_to_be_empty()
    # A report comes in, and with it a run; the reader stays where they are.
    with page.expect_response(re.compile("runs/monthly/")):
        compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)
    expect(page.locator("#status")).to_contain_text(f"{first.pk}")
    expect(slider(page)).to_have_attribute("aria-valuetext", name)
    assert f"run={first.pk}" in page.url


def test_an_address_with_a_run_that_is_gone_shows_the_current_one(open_map, complaints):
    page = open_map("?run=999999")
    expect(page.locator("#notes p")).to_have_count(1)
    assert "run=" not in page.url
    complaints[:] = [text for text in complaints if "404" not in text]


def test_playing_goes_through_all_months_and_stops_at_the_current_one(open_map, months):
    names = [name for _, name in months]
    page = open_map(reduced_motion="reduce")
    play_button(page).click()
    expect(play_button(page)).to_have_accessible_name("Jeda")
    for name in names[:2]:
        expect(slider(page)).to_have_attribute("aria-valuetext", name)
    expect(slider(page)).to_have_attribute(
        "aria-valuetext", f"{names[2]}, peta terkini"
    )
    expect(play_button(page)).to_have_accessible_name("Putar bulan demi bulan")
    expect(page.locator("#live")).to_contain_text(f"Berhenti di {names[2]}")


def test_playing_is_stopped_by_escape_and_by_the_slider(open_map, months):
    page = open_map(reduced_motion="reduce")
    play_button(page).press("Enter")
    expect(play_button(page)).to_have_accessible_name("Jeda")
    page.keyboard.press("Escape")
    stopped = "Putar bulan demi bulan"
    expect(play_button(page)).to_have_accessible_name(stopped)
    expect(slider(page)).to_have_attribute("aria-valuetext", months[0][1])
    # Before the next month comes, which would stop by itself at the end.
    play_button(page).press("Enter")
    slider(page).press("Home")
    expect(play_button(page)).to_have_accessible_name(stopped, timeout=2_000)


def test_a_month_that_comes_after_a_pause_does_not_play_on(open_map, months):
    (first, first_name), (second, _), _ = months
    page = open_map(reduced_motion="reduce")
    held = []
    page.route(f"**/runs/{first.pk}/", lambda route: held.append(route))
    with page.expect_request(f"**/runs/{first.pk}/"):
        play_button(page).click()
    # Paused and begun anew, before the first month is there.
    play_button(page).click()
    with page.expect_request(f"**/runs/{first.pk}/"):
        play_button(page).click()
    for route in held:
        route.continue_()
    expect(page.locator("#status")).to_contain_text(f"{first.pk}")
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    # While this month stays; one that plays, and not two: paused, nothing moves any more.
    page.wait_for_timeout(1_000)
    play_button(page).click()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    # Longer than a month stays.
    page.wait_for_timeout(4_000)
    assert [url for url in asked if f"/runs/{second.pk}/" in url] == []
    expect(slider(page)).to_have_attribute("aria-valuetext", first_name)


def test_the_divider_is_moved_by_keyboard_and_by_dragging(open_map, months):
    (first, first_name), _, (_, third_name) = months
    page = open_map(f"?operator=TELKOMSEL{WEST}")
    page.get_by_role("button", name="Bandingkan").press("Enter")
    with page.expect_response(re.compile(f"tiles/{first.pk}/TELKOMSEL/")):
        mode(page, "Sebelum/sesudah").check(force=True)
    expect(divider(page)).to_have_attribute("aria-valuenow", "50")
    expect(divider(page)).to_have_attribute(
        "aria-valuetext", f"50%: kiri {first_name}, kanan {third_name}"
    )
    divider(page).press("ArrowRight")
    expect(divider(page)).to_have_attribute("aria-valuenow", "52")
    divider(page).press("PageDown")
    expect(divider(page)).to_have_attribute("aria-valuenow", "42")
    divider(page).press("Home")
    expect(divider(page)).to_have_attribute("aria-valuenow", "0")

    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 200, steps=4)
    page.mouse.up()
    expect(divider(page)).to_have_attribute("aria-valuenow", "25")
    # Left of it lies the earlier run, right of it the later one, edge to edge.
    clips = page.evaluate(
        """["before-surface", "tile"].map(
            (name) => document.querySelector(`.leaflet-${name}-pane`).style.clipPath)"""
    )
    corners = [re.findall(r"(-?[\d.]+)px", clip) for clip in clips]
    assert corners[0][2] == corners[1][0]
    assert "time=swipe" in page.url
    mode(page, "Satu bulan").check(force=True)
    expect(divider(page)).to_have_count(0)
    assert "time=" not in page.url
    clip = page.evaluate("document.querySelector('.leaflet-tile-pane').style.clipPath")
    assert clip == ""


def test_what_changed_is_told_drawn_and_listed_by_district(open_map, months):
    _, (second, second_name), _ = months
    page = open_map(f"?operator=TELKOMSEL{WEST}")
    page.get_by_role("button", name="Bandingkan").click()
    mode(page, "Perubahan").check(force=True)
    region = page.get_by_role("region", name="Waktu")
    expect(region).to_contain_text("blank spot menjadi terjangkau")
    expect(region).to_contain_text(re.compile(r"Sejak .*: [\d.,]+\s*km²"))
    with page.expect_response(re.compile(f"run-differences/.*from={second.pk}")):
        page.get_by_label("Dibandingkan dengan").select_option(second_name)
    expect(region).to_contain_text(f"Sejak {second_name}")
    assert f"from={second.pk}" in page.url
    assert "time=difference" in page.url

    page.get_by_role("button", name="Tabel per kecamatan").press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text(
        f"Perubahan sejak {second_name}"
    )
    row = panel(page).get_by_role("row").filter(has_text="Kecamatan 12")
    expect(row.get_by_role("cell").first).to_have_text(re.compile(r"^[\d,.]+$"))
    row.get_by_role("button").press("Enter")
    page.keyboard.press("Escape")

    page.get_by_role("checkbox", name="baru diukur").uncheck()
    assert "without=newly_measured" in page.url
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(region).to_contain_text(f"Sejak {second_name}")
    expect(page.get_by_role("checkbox", name="baru diukur")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="tanda membaik")).to_be_checked()
    assert page.url == address


def test_the_oldest_map_has_nothing_to_be_compared_with_and_says_so(open_map, months):
    first, _ = months[0]
    page = open_map(f"?run={first.pk}&time=difference", run=first)
    expect(page.get_by_role("region", name="Waktu")).to_contain_text(
        "Tidak ada peta yang lebih lama"
    )


def test_with_one_run_there_is_no_time_to_choose(open_page, a_run, officer):
    page = open_page("/", officer)
    expect(page.locator("#status")).to_contain_text(f"{a_run.pk}")
    expect(page.get_by_role("region", name="Waktu")).to_have_count(0)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("how", ["swipe", "difference"])
def test_axe_finds_nothing(open_map, months, assert_accessible, size, how):
    second, _ = months[1]
    page = open_map(f"?run={second.pk}&time={how}{WEST}", run=second, size=size)
    toggle = page.get_by_role("button", name="Bandingkan")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    expect(page.get_by_role("button", name="Tabel per kecamatan")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Tabel per kecamatan").click()
    expect(panel(page).get_by_role("table")).to_be_visible()
    assert_accessible(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page is wider than the screen"


def test_on_a_phone_the_map_stays_in_sight_above_the_open_bar(open_map, months):
    second, _ = months[1]
    page = open_map(f"?run={second.pk}{WEST}", run=second, size=PHONE)
    bar = page.get_by_role("region", name="Waktu")
    place = page.locator(".map-label", has_text="Hulu")
    expect(place).to_be_attached()

    # How far below the middle of what is seen of the map the label lies.
    middle = """() => {
        const top = (selector) => document.querySelector(selector).getBoundingClientRect().top;
        const label = [...document.querySelectorAll(".map-label")].find(
            (each) => each.textContent.includes("Hulu"));
        return label.getBoundingClientRect().top - (top(".stage") + top("#time")) / 2;
    }"""
    before = page.evaluate(middle)
    page.get_by_role("button", name="Bandingkan").click()
    mode(page, "Sebelum/sesudah").check()
    expect(page.get_by_role("button", name="Tabel per kecamatan")).to_be_visible()
    stage = page.locator(".stage").bounding_box()
    expect(bar).to_contain_text("Sejak")
    assert bar.bounding_box()["height"] < 0.5 * stage["height"]
    page.wait_for_function(
        f"before => Math.abs(({middle})() - before) <= 3", arg=before
    )


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_whole_regency_stays_in_sight_above_the_open_bar(open_map, months, size):
    page = open_map(size=size)
    bar = page.get_by_role("region", name="Waktu")
    land = page.locator(".leaflet-lines-pane path").first
    page.get_by_role("button", name="Bandingkan").click()
    mode(page, "Perubahan").check(force=True)
    expect(bar).to_contain_text("Sejak")
    # How much of the map is free above the land, and between the land and the bar.
    free = """() => {
        const box = (selector) => document.querySelector(selector).getBoundingClientRect();
        const land = box(".leaflet-lines-pane path");
        return [land.top - box(".stage").top, box("#time").top - land.bottom];
    }"""
    page.wait_for_function(f"() => Math.min(...({free})()) >= 0")
    if size == PHONE:
        # Beside two months the bar stands higher, and the map makes room for either.
        for name in ("Sebelum/sesudah", "Perubahan"):
            mode(page, name).check(force=True)
            page.wait_for_function(
                f"() => {{ const [above, below] = ({free})();"
                " return below >= 0 && Math.abs(above - below) < 5; }"
            )
        return
    # Nothing lies over the map's buttons.
    for name in ("Cetak", "Bagikan"):
        page.get_by_role("button", name=name).click(trial=True, timeout=3000)
    # Whoever has moved the map wants it where it is.
    before = page.url
    page.get_by_role("button", name="Perbesar").click()
    expect(page).not_to_have_url(before)
    before = land.bounding_box()
    toggle = page.get_by_role("button", name="Bandingkan")
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    # What would follow the bar does so in the frame after it.
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert land.bounding_box() == before


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_folded_the_bar_keeps_the_legend_of_the_changes(open_map, months, size):
    page = open_map(f"?operator=TELKOMSEL{WEST}", size=size)
    states = page.locator(".strip")
    expect(states).to_be_visible(visible=size == PHONE)
    toggle = page.get_by_role("button", name="Bandingkan")
    toggle.click()
    mode(page, "Perubahan").check(force=True)
    expect(states).to_be_hidden()
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("checkbox", name="baru diukur")).to_be_visible()
    expect(page.get_by_label("Dibandingkan dengan")).to_be_hidden()
    # Whoever gets the link, or loads the page anew, sees the same.
    page.reload()
    expect(page.get_by_role("checkbox", name="baru diukur")).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.click()
    if size == DESK:
        page.reload()
        expect(toggle).to_have_attribute("aria-expanded", "true")
    mode(page, "Satu bulan").check(force=True)
    toggle.click()
    expect(page.get_by_role("checkbox", name="baru diukur")).to_be_hidden()
    expect(states).to_be_visible(visible=size == PHONE)
