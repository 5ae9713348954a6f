"""What is seen while the map is on its way: the same map, and only for so long."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE

SCRIPT = "**/js/map/main*.js"
SPOTS = "**/map-blank-spots/**"
GROUND = (223, 231, 234)


def picture(page):
    return page.locator("#first-picture")


@pytest.fixture
def open_slowly(open_page, a_run, officer):
    """Open the map without its script; what is returned beside the page sends it."""

    def open_slowly(address="/?operator=TELKOMSEL", size=DESK):
        page = open_page("/sandi/", officer, size=size)
        held = {SCRIPT: [], SPOTS: []}

        def hold(what):
            """Keep requests for *what* until `go_on`; later ones go on at once."""

            def answer(route):
                if what in held:
                    held[what].append(route)
                else:
                    route.continue_()

            page.route(what, answer)

        hold(SCRIPT)
        hold(SPOTS)
        page.goto(address, wait_until="commit")
        expect(page.locator("#map")).to_be_visible()

        def go_on(*parts):
            page.wait_for_timeout(100)
            for route in [each for what in parts for each in held.pop(what)]:
                route.continue_()

        return page, go_on

    return open_slowly


def seen(page):
    shot = page.locator("#map").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), int)


def share_that_differs(one, other):
    """Return how much of what either shows looks different in the other."""
    is_drawn = ((one != GROUND) | (other != GROUND)).any(axis=2)
    return float((np.abs(one - other).max(axis=2) > 60)[is_drawn].mean())


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_it_lies_where_the_map_draws_the_same_and_then_leaves(open_slowly, size):
    page, go_on = open_slowly(size=size)
    expect(picture(page)).to_have_js_property("complete", True)
    assert picture(page).evaluate("e => e.naturalWidth") > 500
    picture(page).evaluate("e => e.decode()")
    before = seen(page)
    go_on(SCRIPT, SPOTS)
    expect(picture(page)).to_have_count(0)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    # What lies over the picture and is no part of it.
    page.locator(
        ".leaflet-control-container, .leaflet-labels-pane, .leaflet-points-pane"
    ).evaluate_all("all => all.forEach((e) => e.remove())")
    after = seen(page)
    assert share_that_differs(before, after) < 0.025
    # What the check would find: the same, eight pixels to the right.
    assert share_that_differs(before, np.roll(after, 8, axis=1)) > 0.04


def test_an_address_that_names_a_place_begins_there(open_slowly):
    page, go_on = open_slowly("/?operator=TELKOMSEL#12/0.0000/116.0500")
    expect(page.locator("#controls")).to_be_visible()
    expect(picture(page)).to_have_count(0)
    go_on(SCRIPT, SPOTS)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")


def test_whoever_moves_the_map_sees_it_move(open_slowly):
    page, go_on = open_slowly()
    go_on(SCRIPT)
    expect(page.locator(".leaflet-control-zoom")).to_be_visible()
    expect(picture(page)).to_have_count(1)
    page.locator("#map").click(position={"x": 400, "y": 300})
    expect(picture(page)).to_have_count(0)
    go_on(SPOTS)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
