"""An official's errands on the map: find, ask, measure, print, share, embed."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote, unquote

import geopandas
import pyogrio
import pytest
import shapely
from django.contrib.gis.geos import Point
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from villages.models import Claim, Facility, Settlement

# The western village's middle, which no phone could use, and one near the eastern's.
BLANK = "#12/0.0000/116.0500"
COVERED = "#12/0.0000/116.1500"


def panel(page):
    return page.get_by_role("complementary")


def search(page):
    return page.locator("#search-input")


def found(page):
    return page.locator("#search-list").get_by_role("option")


@pytest.fixture
def open_map(open_page, a_run, officer):
    def open_map(address="", user=officer, **options):
        page = open_page(f"/{address}", user, **options)
        expect(page.locator("#status")).to_contain_text(f"{a_run.pk}")
        expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
        return page

    return open_map


# --- searching ---------------------------------------------------------------------


def test_a_school_is_found_and_asked_about_with_the_keyboard_alone(
    open_map, a_blank_west
):
    Facility.objects.create(
        village=a_blank_west[0],
        name="SDN 012",
        kind="school",
        point=Point(116.05, 0.0, srid=4326),
        source="test",
    )
    page = open_map()
    search(page).fill("sdn 12")
    expect(found(page)).to_have_count(1)
    expect(found(page)).to_contain_text("sekolah di Hulu")
    expect(page.get_by_role("group", name="Layanan publik")).to_be_visible()
    search(page).press("ArrowDown")
    expect(found(page)).to_have_attribute("aria-selected", "true")
    search(page).press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text("SDN 012")
    expect(panel(page)).to_contain_text("Di titik ini, per operator")
    assert "at=116.05,0" in page.url


def test_another_spelling_finds_the_village_and_shows_it(open_map, a_blank_west):
    Claim.objects.create(
        village=a_blank_west[1],
        kind="statement",
        stated_date="2023-05-01",
        event="rapat",
        status="lemah",
        source="berita",
        name_in_source="Ilir Lama",
    )
    page = open_map()
    search(page).fill("illir lama")
    expect(found(page)).to_contain_text("Hilir (juga: Ilir Lama)")
    search(page).press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text("Hilir")


@pytest.mark.parametrize("typed", ["0,01, 116,05", "0°0.6'LU 116°3'BT", "116.05 0.01"])
def test_coordinates_are_found_as_people_write_them(open_map, typed):
    page = open_map("?operator=TELKOMSEL")
    search(page).fill(typed)
    expect(found(page)).to_have_text("0,01000° LU, 116,05000° BT")
    search(page).press("Enter")
    expect(panel(page).get_by_role("heading").first).to_have_text(
        "0,01000° LU, 116,05000° BT"
    )
    expect(panel(page)).to_contain_text(re.compile(r"Blank spot .* di Hulu"))
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(panel(page)).to_contain_text(re.compile(r"Blank spot .* di Hulu"))
    assert page.url == address


def test_a_search_without_a_server_still_finds_villages(open_map, complaints):
    page = open_map()
    page.route("**/api/v1/search/**", lambda route: route.abort())
    search(page).fill("hilir")
    expect(page.locator(".search__status")).to_contain_text("server tidak dapat")
    expect(found(page)).to_have_count(1)
    complaints[:] = [text for text in complaints if "net::ERR_FAILED" not in text]


def test_a_name_that_nobody_knows_is_said_not_to_be_there(open_map):
    page = open_map()
    search(page).fill("xyzzy")
    expect(page.locator(".search__status")).to_contain_text("Tidak ada tempat")


# --- the answer --------------------------------------------------------------------


def test_a_click_is_answered_in_words_above_everything_else(open_map, a_blank_west):
    Settlement.objects.create(
        village=a_blank_west[0],
        name="RT 1",
        kind="rt",
        point=Point(116.05, 0.0, srid=4326),
        source="test",
    )
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    page.locator("#map").click()
    answer = panel(page).get_by_role("region", name="Singkatnya")
    expect(answer).to_contain_text(re.compile(r"Blank spot [\d,]+\skm² di Hulu"))
    expect(answer).to_contain_text("Berdasarkan 36 laporan (terbaru ")
    expect(answer).to_contain_text("jumlah jiwa belum ada datanya")
    expect(answer.get_by_role("listitem")).to_have_count(3)
    body = panel(page).locator("[data-body] > *").first
    expect(body).to_have_class("answer")


def test_a_place_that_nobody_measured_is_not_called_blank(open_map):
    page = open_map(f"?operator=INDOSAT{COVERED}")
    page.get_by_role("application").press("Enter")
    answer = panel(page).get_by_role("region", name="Singkatnya")
    expect(answer).to_contain_text("Belum diukur di Hilir")
    expect(answer).to_contain_text("Ini bukan berarti tidak ada sinyal")
    with page.expect_response(re.compile("coverage/at/.*operator=TELKOMSEL")):
        page.get_by_label("Operator", exact=True).select_option("TELKOMSEL")
    expect(answer).to_contain_text("Terjangkau di Hilir")


# --- measuring ---------------------------------------------------------------------


def test_a_distance_and_an_area_are_measured_with_the_keyboard_alone(open_map):
    page = open_map(BLANK)
    page.get_by_role("button", name="Ukur jarak atau luas").press("Enter")
    bar = page.get_by_role("region", name="Ukur jarak atau luas")
    the_map = page.get_by_role("application")
    expect(the_map).to_be_focused()
    page.keyboard.press("Enter")
    expect(bar.get_by_role("status")).to_have_text("Perlu satu titik lagi.")
    for key in ("ArrowRight", "ArrowDown"):
        before = page.url
        page.keyboard.press(key)
        # The address follows when the map has come to rest.
        page.wait_for_function("url => window.location.href !== url", arg=before)
        page.keyboard.press("Enter")
    expect(bar.get_by_role("status")).to_contain_text(
        re.compile(r"Jarak \d[\d,]*\skm, 3 titik")
    )
    bar.get_by_role("radio", name="Luas").press("Space")
    expect(bar.get_by_role("status")).to_contain_text(
        re.compile(r"Luas [\d,]+\skm² \([\d.]+\sha\), keliling")
    )
    bar.get_by_role("button", name="Urungkan").press("Enter")
    expect(bar.get_by_role("status")).to_have_text("Luas perlu sedikitnya 3 titik.")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert "measure" not in page.url


def test_a_measurement_is_in_the_link_and_drawn_where_it_was_taken(open_map):
    page = open_map(f"?measure=line:116.03,0;116.07,0{BLANK}")
    bar = page.get_by_role("region", name="Ukur jarak atau luas")
    # 0.04° of the equator are 4.45 km.
    expect(bar.get_by_role("status")).to_have_text("Jarak 4,45\u00a0km, 2 titik.")
    drawn = page.locator(".leaflet-measure-pane canvas").evaluate(
        "e => e.getContext('2d').getImageData(0, 0, e.width, e.height)"
        ".data.some(v => v > 0)"
    )
    assert drawn, "the line is not seen"
    page.locator("#map").click()
    expect(panel(page)).to_be_visible()
    expect(bar.get_by_role("status")).to_contain_text("2 titik")


def test_while_measuring_a_click_is_a_point_and_opens_nothing(open_map):
    page = open_map(BLANK)
    # Clicks that come before the reckoning has loaded count as well.
    waiting = []
    page.route("**/*geodesic*", lambda route: waiting.append(route))
    with page.expect_request("**/*geodesic*"):
        page.get_by_role("button", name="Ukur jarak atau luas").click()
    page.locator("#map").click(position={"x": 500, "y": 500})
    expect(
        page.get_by_role("status").filter(has_text="Perlu satu titik lagi.")
    ).to_be_visible()
    page.locator("#map").click(position={"x": 600, "y": 500})
    waiting.pop().continue_()
    expect(page.get_by_role("status").filter(has_text="2 titik")).to_be_visible()
    expect(panel(page)).to_have_count(0)


# --- my place, the whole screen, paper, sharing ---------------------------------------


def test_my_place_is_shown_with_how_sure_it_is(open_map):
    page = open_map(
        geolocation={"longitude": 116.15, "latitude": 0.01, "accuracy": 42},
        permissions=["geolocation"],
    )
    page.get_by_role("button", name="Cari posisi saya").click()
    expect(page.locator("#notes")).to_contain_text("dalam 42 m dari titik biru")
    # The map is still moving there.
    expect(page).to_have_url(re.compile(r"#\d+(\.\d+)?/0\.0100/116\.1500"))


def test_a_position_that_is_refused_is_explained(open_map):
    page = open_map(permissions=[])
    page.get_by_role("button", name="Cari posisi saya").click()
    expect(page.locator("#notes")).to_contain_text("Izinkan di setelan peramban")


def test_my_place_outside_does_not_move_the_map(open_map):
    page = open_map(
        BLANK,
        geolocation={"longitude": 106.8, "latitude": -6.2, "accuracy": 42},
        permissions=["geolocation"],
    )
    before = page.url
    page.get_by_role("button", name="Cari posisi saya").click()
    expect(page.locator("#notes")).to_contain_text("di luar wilayah peta")
    assert page.url == before


def test_the_map_fills_the_screen_and_gives_it_back(open_map):
    page = open_map()
    button = page.get_by_role("button", name="Layar penuh")
    button.click()
    leave = page.get_by_role("button", name="Keluar dari layar penuh")
    expect(leave).to_have_attribute("aria-pressed", "true")
    leave.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_printed_sheet_says_what_it_shows_and_has_no_controls(
    open_map, a_run, tmp_path
):
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    address = page.url
    page.evaluate(
        """() => { window.print = () => {
            const sheet = document.querySelector(".print-sheet");
            window.printed = {
                text: sheet.innerText,
                width: document.querySelector("#map-shell").offsetWidth,
                controls: document.querySelector("#controls").offsetWidth,
            };
        }; }"""
    )
    page.get_by_role("button", name="Cetak").click()
    page.wait_for_function("() => window.printed !== undefined")
    expect(page.locator("html")).not_to_have_class(re.compile("is-on-paper"))
    sheet = page.evaluate("() => window.printed")
    for text in ("Telkomsel", f"nomor {a_run.pk}", "Blank spot", "WITA", address):
        assert text in sheet["text"]
    assert sheet["controls"] == 0
    # 276 mm of 96 pixels an inch.
    assert sheet["width"] == pytest.approx(1043, abs=2)
    assert page.url == address


def test_one_sheet_of_paper_is_enough(open_map):
    page = open_map(BLANK)
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert float(box[0]) > float(box[1]), "landscape"


def test_the_link_is_copied_and_the_frame_needs_a_site(open_map, settings):
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator("#share")).to_be_hidden()
    page.get_by_role("button", name="Bagikan").press("Enter")
    dialog = page.get_by_role("dialog", name="Bagikan peta ini")
    expect(dialog).to_contain_text("administrator belum menyebut situs")
    dialog.get_by_role("button", name="Salin").click()
    expect(dialog.get_by_role("status")).to_have_text("Tersalin.")
    assert page.evaluate("() => navigator.clipboard.readText()") == page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Bagikan")).to_be_focused()


# --- in a page of another site ----------------------------------------------------------


def test_the_frame_shows_the_same_map_with_a_way_to_the_whole_one(
    open_map, settings, live_server
):
    settings.KUKAR_PUBLIC_MAP = True
    settings.KUKAR_FRAME_ANCESTORS = ["'self'"]
    page = open_map(f"?operator=TELKOMSEL{BLANK}")
    page.get_by_role("button", name="Bagikan").click()
    code = page.get_by_label("HTML").input_value()
    assert f'src="{live_server.url}/tertanam/?operator=TELKOMSEL{BLANK}"' in code
    page.goto(f"/tertanam/?operator=TELKOMSEL{BLANK}")
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#controls")).to_be_hidden()
    page.locator("#map").click()
    expect(panel(page)).to_contain_text("Blank spot")
    whole = page.get_by_role("link", name="Buka peta lengkap").get_attribute("href")
    assert whole.startswith(f"{live_server.url}/?operator=TELKOMSEL")


@pytest.fixture
def foreign_site():
    """A site of another address whose page frames what its query names."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            framed = unquote(self.path.partition("?")[2])
            self.wfile.write(
                f'<!doctype html><title>Desa</title><link rel="icon" href="data:,">'
                f'<iframe title="Peta" width="900" height="600" src="{framed}">'
                "</iframe>".encode()
            )

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("is_named", [True, False])
def test_only_a_site_that_was_named_shows_the_map_in_its_page(
    open_page, a_run, settings, live_server, foreign_site, complaints, is_named
):
    settings.KUKAR_PUBLIC_MAP = True
    settings.KUKAR_FRAME_ANCESTORS = [
        foreign_site if is_named else "https://lain.example"
    ]
    address = f"{live_server.url}/tertanam/?operator=TELKOMSEL{BLANK}"
    page = open_page(f"{foreign_site}/?{quote(address, safe='')}")
    frame = page.frame_locator("iframe")
    if is_named:
        expect(frame.locator("#map")).to_have_attribute("aria-busy", "false")
        frame.locator("#map").click()
        expect(frame.get_by_role("complementary")).to_contain_text("Blank spot")
        whole = frame.get_by_role("link", name="Buka peta lengkap")
        assert whole.get_attribute("href").startswith(f"{live_server.url}/?operator=")
    else:
        page.wait_for_load_state()
        expect(frame.locator("#map")).to_have_count(0)
        assert any("frame-ancestors" in text for text in complaints)
        complaints.clear()


# --- the background ---------------------------------------------------------------------


@pytest.fixture
def office_map(tmp_path, settings):
    """Water over the western village, as GDAL writes a PMTiles file."""
    path = tmp_path / "kantor.pmtiles"
    water = geopandas.GeoDataFrame(
        {"kind": ["lake"]}, geometry=[shapely.box(116.0, -0.05, 116.1, 0.05)], crs=4326
    )
    pyogrio.write_dataframe(
        water, path, layer="water", driver="PMTiles", MINZOOM=6, MAXZOOM=10
    )
    settings.KUKAR_BASEMAP = str(path)
    settings.KUKAR_BASEMAP_ATTRIBUTION = "© <b>Kantor</b> & rekan"
    return path


def test_the_offices_map_is_chosen_drawn_named_and_remembered(open_map, office_map):
    page = open_map(f"?layers=boundaries{BLANK}")
    with page.expect_response(re.compile("latar.pmtiles")) as first:
        page.get_by_role("radio", name="Peta kantor").check()
    assert first.value.status == 206
    # Waits until water has been drawn in the middle of some tile.
    page.wait_for_function(
        """() => [...document.querySelectorAll(".leaflet-osm-pane canvas")].some((tile) =>
            tile.getContext("2d").getImageData(tile.width / 2, tile.height / 2, 1, 1)
                .data.join() === "207,221,227,255")"""
    )
    expect(page.locator(".leaflet-control-attribution")).to_have_text(
        "© <b>Kantor</b> & rekan"
    )
    address = page.url
    assert "basemap=office" in address
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("radio", name="Peta kantor")).to_be_checked()
    page.get_by_role("radio", name="Tanpa latar").check()
    expect(page.locator(".leaflet-osm-pane canvas")).to_have_count(0)
    assert "basemap" not in page.url


def test_roads_of_the_offices_own_are_seen_from_afar(open_map, tmp_path, settings):
    path = tmp_path / "jalan.pmtiles"
    road = shapely.LineString([(115.9, 0.0), (116.3, 0.0)])
    pyogrio.write_dataframe(
        geopandas.GeoDataFrame({"NAMOBJ": ["Jalan"]}, geometry=[road], crs=4326),
        path,
        layer="roads",
        driver="PMTiles",
        MINZOOM=6,
        MAXZOOM=10,
    )
    settings.KUKAR_BASEMAP = str(path)
    page = open_map("?layers=boundaries&basemap=office#9/0.0000/116.0500")
    tiles = page.locator(".leaflet-osm-pane canvas.leaflet-tile-loaded")
    expect(tiles.first).to_be_visible()
    # Waits until the line has been drawn on some tile.
    page.wait_for_function(
        """() => [...document.querySelectorAll(".leaflet-osm-pane canvas")].some((tile) =>
            tile.getContext("2d").getImageData(0, 0, tile.width, tile.height)
                .data.some((value) => value > 0))"""
    )


def test_a_background_that_cannot_be_read_is_said_and_the_map_stays(
    open_map, office_map
):
    office_map.write_bytes(b"this is no map" * 100)
    page = open_map(f"?basemap=office{BLANK}")
    expect(page.locator("#notes")).to_contain_text("latar kantor tidak dapat dibaca")


def test_without_a_file_there_is_no_such_choice(open_map):
    page = open_map(f"?basemap=office{BLANK}")
    expect(page.get_by_role("radio", name="Peta kantor")).to_have_count(0)
    assert "basemap" not in page.url.replace("?basemap=office", "")


# --- for everybody ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_tools_answer_and_dialog_are_accessible(
    open_map, assert_accessible, size, settings
):
    settings.KUKAR_FRAME_ANCESTORS = ["'self'"]
    page = open_map(
        f"?operator=TELKOMSEL&measure=area:116,0;116.1,0;116,0.1{BLANK}", size=size
    )
    if size == PHONE:
        page.locator("#controls-toggle").click()
    search(page).fill("hil")
    expect(found(page)).to_have_count(1)
    assert_accessible(page)
    search(page).press("Enter")
    expect(panel(page)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Bagikan").press("Enter")
    assert_accessible(page)


def test_the_framed_map_is_accessible(open_page, a_run, settings, assert_accessible):
    settings.KUKAR_PUBLIC_MAP = True
    page = open_page(f"/tertanam/{BLANK}", None)
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")
    assert_accessible(page)
