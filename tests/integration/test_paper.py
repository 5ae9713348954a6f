"""Pages and map views as PDF: opened, read and measured."""

from __future__ import annotations

import gc
import io
import re
import threading
from datetime import UTC, datetime

import numpy as np
import pypdf
import pytest
from django.conf import settings
from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from coverage.core.classify import State
from coverage.core.frame import Frame, fit, scale_bar_km
from coverage.models import BlankSpot
from coverage.services.compute_run import compute_full
from coverage.services.paint_view import paint_view, view_states
from coverage.web.map_drawing import place_labels
from coverage.web.palette import PATTERNS
from coverage.web.paper_svg import with_colours
from kukar_connect import pdf
from tests.conftest import a_report, store
from villages.models import Facility

A4_MM = (210, 297)
VILLAGE = "64.02.12.2001"
WEST = "bbox=116.0,-0.05,116.1,0.05"


@pytest.fixture
def a_run(a_blank_west):
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def opened(response) -> pypdf.PdfReader:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Cache-Control"] == "private, no-store"
    return pypdf.PdfReader(io.BytesIO(response.content))


def text_of(document) -> str:
    return " ".join(" ".join(p.extract_text() for p in document.pages).split())


def size_mm(page) -> tuple[int, int]:
    box = page.mediabox
    return round(float(box.width) * 25.4 / 72), round(float(box.height) * 25.4 / 72)


def links(document) -> set[str]:
    return {
        str(note.get_object()["/A"]["/URI"])
        for page in document.pages
        for note in page.get("/Annots", [])
        if "/URI" in note.get_object().get("/A", {})
    }


# --- the map ---------------------------------------------------------------------


def test_a_map_view_is_one_sheet_that_says_all_it_must(a_run, reader):
    document = opened(
        reader.get(f"/peta.pdf?operator=TELKOMSEL&{WEST}&paper=landscape")
    )
    assert len(document.pages) == 1
    assert size_mm(document.pages[0]) == A4_MM[::-1]
    text = text_of(document)
    for words in (
        "Sinyal seluler: Internet (4G) · Telkomsel",
        "Sebagian Kabupaten Kutai Kartanegara",
        "Legenda",
        "Terjangkau",
        "Blank spot",
        "Belum diketahui",
        "keyakinan tinggi (80% atau lebih)",
        f"Perhitungan nomor {a_run.pk}",
        "dicetak",
        "WITA",
        "Halaman 1 dari 1",
        "km",
        "Hulu",
    ):
        assert words in text
    assert document.trailer["/Root"]["/Lang"] == "id"
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "Telkomsel" in document.metadata.title
    [address] = links(document)
    assert address.startswith("http://testserver/?operator=TELKOMSEL#")
    assert "bbox" not in address


def test_the_sheet_speaks_english_to_who_reads_english(a_run, reader):
    reader.cookies["django_language"] = "en"
    document = opened(reader.get("/peta.pdf?paper=portrait"))
    assert size_mm(document.pages[0]) == A4_MM
    assert len(document.pages) == 1
    assert "Mobile signal: Internet (4G) · Any operator" in text_of(document)
    assert document.trailer["/Root"]["/Lang"] == "en"


def test_a_demonstration_is_marked_on_paper(a_run, reader):
    assert "DATA DEMONSTRASI" not in text_of(opened(reader.get("/peta.pdf")))
    type(a_run).objects.filter(pk=a_run.pk).update(is_demo=True)
    assert "DATA DEMONSTRASI" in text_of(opened(reader.get("/peta.pdf")))


def test_the_head_is_the_offices_own(a_run, reader, settings, tmp_path):
    logo = tmp_path / "logo.png"
    Image.new("RGB", (40, 40), "green").save(logo)
    settings.KUKAR_LETTERHEAD = "PEMERINTAH KABUPATEN | Dinas Komunikasi"
    settings.KUKAR_LETTERHEAD_LOGO = str(logo)
    settings.KUKAR_PUBLIC_URL = "https://sinyal.example.go.id"
    document = opened(reader.get("/peta.pdf"))
    text = text_of(document)
    assert "PEMERINTAH KABUPATEN" in text
    assert "Dinas Komunikasi" in text
    [address] = links(document)
    assert address.startswith("https://sinyal.example.go.id/")


def test_filters_of_the_address_are_applied_and_named(a_run, reader):
    spots = BlankSpot.objects.of_run(a_run.pk).filter(
        operator="TELKOMSEL", service="internet"
    )
    assert spots.exists()
    usual = text_of(opened(reader.get(f"/peta.pdf?operator=TELKOMSEL&{WEST}")))
    assert "Pada tampilan ini" in usual
    for query, words in (
        ("min_area=5000", "hanya blank spot seluas 5.000"),
        ("min_confidence=1", "hanya dengan keyakinan 100%"),
        ("village=64.02.12.2002&min_area=5000", "Desa Hilir, Kecamatan"),
        ("district=64.02.12&min_area=5000", "hanya blank spot yang menyentuh"),
    ):
        text = text_of(opened(reader.get(f"/peta.pdf?operator=TELKOMSEL&{query}")))
        assert words in text
        assert "Tidak ada blank spot" in text


@pytest.mark.parametrize(
    "query",
    [
        "operator=NOBODY&service=fax&layers=&run=999999999&spot=x&village=y&district=z",
        "bbox=1,2,3&at=99/99/999&paper=A0&min_area=nan&min_confidence=-4",
        "bbox=nan,nan,nan,nan&run=-1&min_area=inf&min_confidence=1e400",
        "bbox=116,0,116,0&spot=00000000-0000-4000-8000-000000000000",
        "layers=osm,reports,%00,<script>&period=2026&unknown=" + "x" * 5000,
        "at=11/0.0/116.1",
    ],
)
def test_whatever_the_address_says_there_is_a_sheet(a_run, reader, query):
    document = opened(reader.get(f"/peta.pdf?{query}"))
    assert len(document.pages) == 1


@pytest.mark.parametrize("paper", ["portrait", "landscape"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_the_whole_legend_has_room_on_the_sheet(a_run, reader, paper, language):
    type(a_run).objects.filter(pk=a_run.pk).update(is_demo=True)
    reader.cookies["django_language"] = language
    document = opened(
        reader.get(
            f"/peta.pdf?paper={paper}&district=64.02.12&min_area=0.1&min_confidence=0.1"
            "&layers=surface,unknown,spots,boundaries,official,settlements,facilities,"
            "reports"
        )
    )
    assert len(document.pages) == 1
    text = text_of(document)
    for words in (
        ("hanya blank spot yang menyentuh wilayah ini", "blank spots that touch this"),
        ("Pada tampilan ini", "In this view"),
        ("Kode QR membuka tampilan ini", "The QR code opens this view"),
        ("Tidak digambar pada lembar ini: reports", "Not drawn on this sheet: reports"),
        ("bukan berarti tidak ada sinyal", "this does not mean no signal"),
    ):
        assert words[language == "en"] in text


def test_what_is_not_drawn_is_named(a_run, reader):
    text = text_of(opened(reader.get("/peta.pdf?layers=spots,reports,osm&period=2026")))
    assert "Tidak digambar pada lembar ini: osm, period, reports." in text


def test_before_the_first_run_the_sheet_says_so(two_villages, reader):
    text = text_of(opened(reader.get("/peta.pdf")))
    assert "Peta belum dihitung" in text


def test_points_are_drawn_where_they_are_chosen(a_run, reader, two_villages):
    Facility.objects.create(
        village=two_villages[0],
        name="SDN 1",
        kind="school",
        point=Point(116.05, 0.0, srid=4326),
        source="test",
    )
    with_them = text_of(opened(reader.get(f"/peta.pdf?layers=facilities&{WEST}")))
    without = text_of(opened(reader.get(f"/peta.pdf?layers=spots&{WEST}")))
    assert "layanan umum" in with_them
    assert "layanan umum" not in without


def test_the_map_on_paper_asks_the_database_a_few_times_only(
    a_run, reader, django_assert_max_num_queries
):
    with django_assert_max_num_queries(24):
        reader.get(f"/peta.pdf?{WEST}")


def test_a_sheet_that_is_cut_has_the_name_of_what_it_shows(a_run, reader):
    chosen = f"operator=TELKOMSEL&village={VILLAGE}"
    whole = reader.get(f"/peta.pdf?{chosen}")
    assert "desa-hulu" in whole["Content-Disposition"]
    cut = reader.get(f"/peta.pdf?{chosen}&{WEST}")
    assert "hulu" not in cut["Content-Disposition"].lower()
    # The place that is outlined on it is in the legend.
    assert "Desa Hulu, Kecamatan" in text_of(opened(cut))


def test_what_nobody_has_measured_can_be_left_off_the_sheet(a_run, reader):
    frame = fit((116.0, -0.05, 116.2, 0.05), 60, 30)
    layer = (a_run.pk, "TELKOMSEL", "internet", frame)

    def dots(**parts) -> set[int]:
        picture = Image.open(
            io.BytesIO(paint_view(*layer, is_patterned=False, **parts))
        )
        return set(np.unique(np.asarray(picture)).tolist())

    assert int(State.UNKNOWN) in dots()
    assert dots() - dots(has_unknown=False) == {int(State.UNKNOWN)}
    assert dots(has_known=False) == {0, int(State.UNKNOWN)}

    note = "tanpa arsiran wilayah yang belum diukur"
    with_it = text_of(opened(reader.get(f"/peta.pdf?layers=surface,unknown&{WEST}")))
    without = text_of(opened(reader.get(f"/peta.pdf?layers=surface&{WEST}")))
    assert note not in with_it
    assert note in without
    assert "Belum diketahui" not in without


def test_names_on_the_map_leave_signs_free():
    frame = fit((116.0, 0.0, 116.2, 0.1), 200, 100)
    place = {"name": "Kota Bangun", "lon": 116.1, "lat": 0.05}
    x, y = frame.place(place["lon"], place["lat"])
    [plain] = place_labels(frame, [], [place])
    assert (plain["x"], plain["y"]) == (x, y)
    [beside] = place_labels(frame, [], [place], [(x, y)])
    assert beside["x"] == x
    assert beside["y"] > y + 3
    # Crowded by signs, a name is written all the same.
    signs = [(x + dx, y + dy) for dx in range(-30, 31, 2) for dy in range(-9, 10, 2)]
    assert len(place_labels(frame, [], [place], signs)) == 1


def test_paper_is_for_who_may_see_the_map(a_run, client):
    for path in ("/peta.pdf", f"/desa/{VILLAGE}/cetak.pdf", "/dasbor/cetak.pdf"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("login"))


# --- numbers ---------------------------------------------------------------------


@pytest.mark.parametrize("lat", [0.0, -1.2, 40.0])
def test_the_scale_bar_is_right_at_its_latitude(lat):
    frame = fit((116.0, lat - 0.2, 116.5, lat + 0.2), 200, 130)
    west, _, east, _ = frame.extent
    # A degree of longitude on WGS84, metres (series of NGA's "length of a degree").
    phi = np.radians(frame.centre[1])
    degree_m = (
        111_412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi) + 0.118 * np.cos(5 * phi)
    )
    assert frame.metres_per_mm * 200 == pytest.approx(
        (east - west) * degree_m, rel=1e-4
    )
    km = scale_bar_km(frame)
    assert str(km)[0] in "125"
    assert 45 / 2.5 <= km * 1000 / frame.metres_per_mm <= 45


def test_a_place_lies_on_the_sheet_where_its_squares_do():
    frame = fit((116.0, -0.1, 116.2, 0.1), 150, 150)
    assert frame.place(116.1, 0.0) == pytest.approx((75.0, 75.0), abs=1e-6)
    west, _, _, north = frame.extent
    assert frame.place(west, north) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_the_picture_shows_each_square_and_never_unknown_as_a_state(a_run):
    frame = fit((116.0, -0.05, 116.2, 0.05), 100, 50)
    layer = (a_run.pk, "TELKOMSEL", "internet")
    state = view_states(*layer, frame)
    height, width = state.shape
    assert (width, height) == (round(100 / 25.4 * 200), round(50 / 25.4 * 200))
    assert {State.BLANK, State.COVERED} <= {State(s) for s in np.unique(state)}
    # Blank in the west, covered in the east.
    assert (state[:, : width // 2] == State.COVERED).mean() < 0.1
    assert (state[:, width // 2 :] == State.BLANK).mean() < 0.1
    far = fit((114.0, -0.05, 114.2, 0.05), 100, 50)
    assert (view_states(*layer, far) == State.OUTSIDE).all()
    image = Image.open(io.BytesIO(paint_view(*layer, frame, is_patterned=True)))
    colours = np.asarray(image.convert("RGBA"))
    blank = colours[state == State.BLANK]
    # Its red, and the lines across it that a printer without colours shows.
    assert len(np.unique(blank, axis=0)) == 2
    clear = np.asarray(
        Image.open(io.BytesIO(paint_view(*layer, far, is_patterned=True))).convert(
            "RGBA"
        )
    )
    assert (clear[..., 3] == 0).all()


def test_a_frame_of_nothing_is_still_four_kilometres():
    frame = fit((116.0, 0.0, 116.0, 0.0), 200, 100)
    assert isinstance(frame, Frame)
    assert 3_900 < frame.metres_per_mm * 100 < 4_100


# --- pages -----------------------------------------------------------------------


def test_a_village_page_is_the_page_on_a4_with_where_it_lies(a_run, reader):
    document = opened(reader.get(f"/desa/{VILLAGE}/cetak.pdf"))
    assert {size_mm(page) for page in document.pages} == {A4_MM}
    text = text_of(document)
    count = len(document.pages)
    for words in ("Desa Hulu", f"Halaman {count} dari {count}", "Telkomsel", "dicetak"):
        assert words in text
    page = f"http://testserver/desa/{VILLAGE}/"
    assert page in text
    assert page in links(document)
    assert document.trailer["/Root"]["/Lang"] == "id"
    assert document.metadata.title.startswith("Hulu")
    # What needs a screen is not on paper.
    assert "Cetak (PDF)" not in text
    # The picture of where it lies, its map and the QR code say what they are.
    tree = str(document.trailer["/Root"]["/StructTreeRoot"].get_object())
    assert tree


def test_the_months_of_two_years_stand_beside_each_other(a_run, reader):
    months = [(2024 + n // 12, n % 12 + 1) for n in range(24)]
    store(*(a_report(observed_at=datetime(*month, 3, tzinfo=UTC)) for month in months))
    lines = {}

    def read(text, _matrix, at, *_):
        if re.match(r"\w{3} 20\d\d", text):
            lines[text.strip()] = round(at[5])

    for page in opened(reader.get(f"/desa/{VILLAGE}/cetak.pdf")).pages:
        page.extract_text(visitor_text=read)
    assert len(lines) == 24
    # A line each would be a block too high to break, and leave half a sheet empty.
    assert len(set(lines.values())) < 9


def test_a_village_that_does_not_exist_has_no_paper(a_run, reader):
    assert reader.get("/desa/64.02.12.9999/cetak.pdf").status_code == 404


def test_drawings_of_a_page_keep_their_colours_on_paper():
    html = with_colours('<svg class="shares"><rect class="shares__blank"/></svg>')
    assert ".shares__blank{fill:rgb(160,36,16)}" in html
    # Each has its own rules only: reading them all for each drawing takes seconds.
    assert ".shares__covered" not in html
    assert with_colours("<svg><rect/></svg>") == "<svg><rect/></svg>"


def test_letters_in_a_drawing_are_not_under_their_own_outline():
    html = with_colours('<svg class="spot-map"><text>Hulu</text></svg>')
    [rule] = re.findall(r"\.spot-map text\{([^}]*)\}", html)
    assert "fill:#16262a" in rule
    assert "stroke" not in rule
    assert "font-size:15px" in rule


def test_a_drawing_has_the_hatch_that_it_is_filled_with():
    html = with_colours('<svg><rect fill="url(#hatch)"/></svg>')
    assert html.count('<pattern id="hatch"') == 1
    assert "<pattern" not in with_colours('<svg><rect fill="red"/></svg>')


def test_every_state_has_a_swatch_on_paper():
    sheet = (settings.BASE_DIR / "static/css/paper.css").read_text()
    for state, pattern in PATTERNS.items():
        if pattern in {"sparse", "lines", "hatch"}:
            assert f".swatch--{state} {{ background: repeating-linear-gradient" in sheet


# --- what a sheet may read --------------------------------------------------------

BASE = "http://testserver/desa/1/cetak.pdf"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://example.com/logo.png",
        "http://testserver/admin/",
        "http://testserver:8080/static/css/site.css",
        "https://testserver/static/css/site.css",
        "http://testserver/static/../../manage.py",
        "http://testserver/static/%2e%2e/%2e%2e/manage.py",
        "http://testserver/static//etc/passwd",
        "http://testserver/static/css/%00site.css",
        "http://testserver/static/none.css",
        "ftp://testserver/static/css/site.css",
        "data:text/html,<script>",
        "data:application/pdf;base64,AAAA",
    ],
)
def test_a_sheet_reads_nothing_but_the_sites_own_files(address):
    with pytest.raises(pdf.ForbiddenAddressError):
        pdf.OwnFilesOnly(BASE).fetch(address)


def test_a_sheet_reads_the_sites_style_sheets():
    answer = pdf.OwnFilesOnly(BASE).fetch("http://testserver/static/css/site.css")
    assert b"--state-blank" in answer.read()


def test_a_page_that_asks_for_a_file_is_made_without_it(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
        "<text>rahasia</text></svg>"
    )
    made = pdf.pdf_bytes(
        f'<html lang="id"><title>x</title><img alt="x" src="file://{secret}">'
        f'<p>halo<svg width="9" height="9"><image href="file://{secret}"/></svg>',
        base_url=BASE,
    )
    text = text_of(pypdf.PdfReader(io.BytesIO(made)))
    assert "halo" in text
    assert "rahasia" not in text


def test_garbage_is_collected_again_after_a_sheet_even_a_failed_one():
    assert gc.isenabled()
    pdf.pdf_bytes('<html lang="id"><title>x</title><p>halo', base_url=BASE)
    assert gc.isenabled()
    with pytest.raises(TypeError):
        pdf.pdf_bytes(None, base_url=BASE)
    assert gc.isenabled()


def test_a_second_sheet_waits_and_then_says_so(a_run, reader, monkeypatch):
    settings_patience = settings.KUKAR_PDF_PATIENCE_S
    assert settings_patience >= 1
    monkeypatch.setattr(settings, "KUKAR_PDF_PATIENCE_S", 0.01)
    held = threading.Event()
    done = threading.Event()

    def hold():
        with pdf._PRINTER:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        response = reader.get("/peta.pdf")
    finally:
        done.set()
        thread.join()
    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert "PDF lain sedang dibuat" in response.content.decode()
    opened(reader.get("/peta.pdf"))


def test_the_printed_moment_is_in_wita(a_run, reader, monkeypatch):
    moment = datetime(2026, 11, 25, 6, 5, tzinfo=UTC)
    monkeypatch.setattr("coverage.web.paper.timezone.now", lambda: moment)
    text = text_of(opened(reader.get("/peta.pdf")))
    assert "dicetak 25 November 2026, 14.05 WITA" in text.replace("\xa0", " ")


def test_a_district_and_a_blank_spot_come_on_paper_with_their_map(reader, a_run):
    spot = BlankSpot.objects.of_run(a_run.pk).filter(operator="TELKOMSEL").first()
    for path, says in (
        ("/kecamatan/64.02.12/cetak.pdf", "Kecamatan"),
        (f"/blank-spot/{spot.identity}/cetak.pdf", "Telkomsel"),
    ):
        document = opened(reader.get(path))
        text = text_of(document)
        assert says in text
        assert str(a_run.pk) in text
        # A locator, or a map of the place, with what its colours mean.
        assert "Belum diketahui" in text


@pytest.mark.parametrize(
    "path", [f"/desa/{VILLAGE}/", "/kecamatan/64.02.12/", "/dasbor/"]
)
def test_nothing_is_written_beyond_the_margin(reader, a_run, path):
    document = opened(reader.get(f"{path}cetak.pdf"))
    begins = []
    for page in document.pages:

        def note(text, cm, tm, *_):
            if text.strip():
                begins.append((tm[4] * cm[0] + cm[4]) * 25.4 / 72)

        page.extract_text(visitor_text=note)
    assert len(begins) > 50
    assert max(begins) < A4_MM[0] - 13


def test_demonstration_data_can_be_left_off_the_sheet(reader, a_run):
    BlankSpot.objects.update(is_demo=True)
    everything = text_of(opened(reader.get(f"/peta.pdf?operator=TELKOMSEL&{WEST}")))
    without = text_of(
        opened(reader.get(f"/peta.pdf?operator=TELKOMSEL&{WEST}&demo=off"))
    )
    assert "Tidak ada blank spot" not in everything
    assert "Tidak ada blank spot" in without
    assert "tanpa data demonstrasi" in without


def test_a_run_that_paper_names_is_kept_for_good(reader, a_run):
    assert not a_run.is_cited
    opened(reader.get(f"/peta.pdf?{WEST}"))
    a_run.refresh_from_db()
    assert a_run.is_cited
