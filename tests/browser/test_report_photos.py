"""A photo taken without a network reaches the office once, wherever it is cut off."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser import test_report_form as form
from tests.browser.conftest import PHONE
from tests.browser.test_report_form import choose, log, press, queue
from villages.models import Photo, SignalReport
from villages.selectors.photos import photos_of
from villages.services.store_photos import kept_path

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
open_form = form.open_form

PHOTOS = "**/api/v1/photos/**"


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def photo(tmp_path) -> Path:
    """A photo as a camera takes it: too large, lying on its side, with a position."""
    grains = Image.frombytes("RGB", (160, 120), Random(3).randbytes(160 * 120 * 3))
    image = grains.resize((2400, 1800), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = "Secretphone"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 10:00:00"
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (0.0, 0.0, 36.0), 3: "E", 4: (116.0, 6.0, 0.0)}
    )
    path = tmp_path / "IMG_0001.jpg"
    image.save(path, quality=92, exif=exif)
    return path


def take(page: Page, path: Path) -> None:
    page.get_by_label("Take a photo").set_input_files(path)
    expect(page.get_by_text("The photo goes along")).to_be_visible()


def expect_photo_sent(page: Page, reports: int) -> Photo:
    """The phone says so, and the office has it with as many reports."""
    expect(log(page).get_by_text("Photo sent.")).to_have_count(reports)
    expect(queue(page)).to_contain_text(f"0 waiting · {reports} sent")
    expect(queue(page)).not_to_contain_text("photo")
    sent = Photo.objects.get()
    assert sent.state == Photo.State.KEPT
    assert sent.reports.count() == reports == SignalReport.objects.count()
    assert kept_on_phone(page) == 0
    return sent


def kept_on_phone(page: Page) -> int:
    """Count the photos of which the phone still has the bytes."""
    return page.evaluate(
        """async () => {
          const done = (request) => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
          // Asked of the browser itself: without a network there is no module to ask.
          const db = await done(indexedDB.open("kukar-connect"));
          const kept = db.transaction("photo_bytes").objectStore("photo_bytes");
          const bytes = await done(kept.getAll());
          db.close();
          return bytes.filter(Boolean).length;
        }"""
    )


def test_a_photo_taken_offline_and_cut_off_by_a_killed_tab_arrives(open_form, photo):
    page = open_form()
    context = page.context
    ranges: list[str] = []

    def hang_at_the_third(route: Route) -> None:
        ranges.append(route.request.headers["content-range"])
        if len(ranges) != 4:
            route.continue_()

    # Long before it is needed: what a page asks for at once after this can pass by it.
    context.route(PHOTOS, hang_at_the_third)
    expect(page.get_by_text("Ready offline")).to_be_visible()
    context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    choose(page, "Indosat", "Good")
    take(page, photo)
    shown = page.get_by_alt_text("The photo as it will be sent")
    expect(shown).to_have_js_property("naturalWidth", 960)
    expect(shown).to_have_js_property("naturalHeight", 1280)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("2 waiting · 0 sent · 1 photo")
    expect(shown).to_be_hidden()
    assert kept_on_phone(page) == 1

    context.set_offline(False)
    for _ in range(200):
        if len(ranges) == 4:
            break
        page.wait_for_timeout(50)
    assert len(ranges) == 4
    expect(queue(page)).to_contain_text("0 waiting · 2 sent · 1 photo")
    expect(queue(page)).to_contain_text("Sending photos")
    assert SignalReport.objects.count() == 2
    before = Photo.objects.get()
    assert before.received_bytes == 2 * 32 * 1024
    address = page.url
    page.close()

    page = context.new_page()
    page.goto(address)
    sent = expect_photo_sent(page, 2)
    resumed = ranges[4:]
    assert sent.pk == before.pk
    size = sent.size_bytes
    assert resumed[0] == f"bytes */{size}"
    # The piece that was on its way when the tab died may have arrived or not.
    start = int(resumed[1].removeprefix("bytes ").split("-")[0])
    assert start in (65_536, 98_304)
    assert resumed[-1] == f"bytes */{size}"  # of the second report, without bytes
    pieces = [each for each in resumed if "*" not in each]
    assert len(pieces) == -(-(size - start) // 32_768)

    # What is served is what the phone showed, and tells nothing of where it comes from.
    answer = context.request.get(page.url.replace("/lapor/", f"/foto/{sent.pk}/"))
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.body())) as image:
        assert image.size == (960, 1280)
        assert dict(image.getexif()) == {}
    assert b"Secretphone" not in answer.body()
    for report in SignalReport.objects.all():
        (seen,) = photos_of(report)
        # From 116.05, 0.01 to the 116.1, 0.01 that the camera wrote.
        assert seen.distance_m == pytest.approx(5566, abs=20)
        assert seen.remark
        assert seen.taken_at is not None


def test_a_connection_cut_in_a_photo_goes_on_by_itself(open_form, photo):
    page = open_form()
    seen: list[str] = []

    def cut_the_second_piece(route: Route) -> None:
        seen.append(route.request.headers["content-range"])
        if len(seen) == 3:
            route.abort()
        else:
            route.continue_()

    page.context.route(PHOTOS, cut_the_second_piece)
    choose(page, "Telkomsel", "Nothing")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 sent · 1 photo")
    expect(queue(page)).to_contain_text("No connection to the server.")
    expect(log(page)).to_contain_text("Photo saved on this phone, waiting to be sent.")
    # It waits 4 to 8 seconds before it tries again.
    expect(log(page)).to_contain_text("Photo sent.", timeout=20_000)
    expect_photo_sent(page, 1)
    starts = [each.split("-")[0] for each in seen]
    assert starts[:5] == [
        starts[0],
        "bytes 0",
        "bytes 32768",
        starts[0],
        "bytes 32768",
    ]


def test_a_photo_the_server_refuses_is_set_aside_and_the_report_stays(open_form, photo):
    page = open_form()
    page.context.route(
        PHOTOS,
        lambda route: route.fulfill(
            status=422,
            content_type="application/problem+json",
            body='{"status": 422, "title": "?", "detail": "Not a picture of anything."}',
        ),
    )
    choose(page, "Telkomsel", "Nothing")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("Photos not accepted: 1, see below.")
    expect(log(page)).to_contain_text("Photo not accepted: Not a picture of anything.")
    assert form.receipts(page) == form.stored_receipts()
    assert kept_on_phone(page) == 1
    page.context.unroute(PHOTOS)
    press(page, "Send the photo again")
    expect_photo_sent(page, 1)


def test_a_refused_photo_can_be_deleted(open_form, photo):
    page = open_form()
    page.context.route(
        PHOTOS,
        lambda route: route.fulfill(status=422, json={"status": 422, "title": "No."}),
    )
    choose(page, "Telkomsel", "Nothing")
    take(page, photo)
    press(page, "Save report")
    expect(log(page)).to_contain_text("Photo not accepted: No.")
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, "Delete the photo")
    expect(queue(page)).to_contain_text("Nothing waits to be sent.")
    expect(log(page)).not_to_contain_text("Photo")
    assert kept_on_phone(page) == 0
    assert SignalReport.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "oops", "The server had a problem"),
        (507, '{"status": 507}', "The server had a problem"),
        (200, "<html>Welcome to the airport</html>", "The server had a problem"),
        (404, "<html>Not here</html>", "The server had a problem"),
        (401, '{"status": 401}', "Not signed in"),
    ],
)
def test_no_answer_but_ours_counts_as_kept(open_form, photo, status, body, words):
    page = open_form()
    page.context.route(PHOTOS, lambda route: route.fulfill(status=status, body=body))
    choose(page, "Telkomsel", "Nothing")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text(words)
    expect(queue(page)).to_contain_text("0 waiting · 1 sent · 1 photo")
    page.context.unroute(PHOTOS)
    press(page, "Send now")
    expect_photo_sent(page, 1)


def test_the_photo_of_a_report_set_aside_follows_the_corrected_one(open_form, photo):
    page = open_form()
    choose(page, "Telkomsel", "Good")
    choose(page, "Indosat", "Nothing")
    page.get_by_text("More details").click()
    page.get_by_label("Network Telkomsel").select_option("2G")
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-125")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("0 waiting · 1 sent · 1 photo")
    expect(log(page)).to_contain_text("The photo waits until this report is corrected.")
    expect(log(page)).to_contain_text("Photo sent.")
    assert Photo.objects.get().reports.get().operator == "INDOSAT"
    press(page, "Correct and send again")
    expect(page.get_by_text("The photo goes along")).to_be_visible()
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-95")
    press(page, "Save report")
    expect_photo_sent(page, 2)


def test_the_photo_of_a_deleted_report_goes_with_it(open_form, photo):
    page = open_form()
    choose(page, "Telkomsel", "Good")
    page.get_by_text("More details").click()
    page.get_by_label("Network Telkomsel").select_option("2G")
    page.get_by_label("RSRP (dBm) Telkomsel").fill("-125")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("0 waiting · 0 sent · 1 photo")
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, "Delete")
    expect(queue(page)).to_contain_text("Nothing waits to be sent.")
    assert kept_on_phone(page) == 0
    assert Photo.objects.count() == 0


def test_a_full_phone_keeps_neither_half_of_a_visit(open_form, photo):
    page = open_form(
        "const put = IDBObjectStore.prototype.put;"
        "IDBObjectStore.prototype.put = function (...args) {"
        "  if (!window.isFull || this.name !== 'photo_bytes')"
        "    return put.apply(this, args);"
        "  throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page.evaluate("window.isFull = true")
    choose(page, "Telkomsel", "Calls")
    take(page, photo)
    press(page, "Save report")
    expect(page.get_by_role("alert")).to_contain_text("memory is full")
    expect(queue(page)).to_contain_text("0 waiting · 0 sent")
    expect(page.get_by_text("The photo goes along")).to_be_visible()
    page.evaluate("window.isFull = false")
    press(page, "Save report")
    expect_photo_sent(page, 1)


def test_a_photo_can_be_removed_and_another_taken(open_form, photo, tmp_path):
    page = open_form()
    small = tmp_path / "small.png"
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(small)
    take(page, photo)
    press(page, "Remove the photo")
    expect(page.get_by_text("The photo goes along")).to_be_hidden()
    take(page, small)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    sent = expect_photo_sent(page, 1)
    assert (sent.width_px, sent.height_px) == (40, 30)
    with Image.open(kept_path(sent.pk)) as image:
        assert min(image.convert("RGB").getpixel((20, 15))) > 250  # not black


def test_the_same_photo_at_two_visits_belongs_to_both(open_form, photo):
    page = open_form()
    for count in (1, 2):
        choose(page, "Telkomsel", "Nothing")
        take(page, photo)
        press(page, "Save report")
        expect_photo_sent(page, count)


def test_what_cannot_be_opened_is_said_and_the_report_goes_without(open_form, tmp_path):
    page = open_form()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe1 no picture")
    page.get_by_label("Take a photo").set_input_files(broken)
    expect(page.get_by_text("This photo cannot be opened.")).to_be_visible()
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    form.expect_all_sent(page, 1)
    assert Photo.objects.count() == 0


def test_over_plain_http_a_photo_is_not_offered_and_it_is_said_why(open_form):
    page = open_form(
        "Object.defineProperty(window, 'isSecureContext', {value: false});"
        "Object.defineProperty(crypto, 'subtle', {value: undefined});"
    )
    expect(page.get_by_text("Photos need a secure address")).to_be_visible()
    expect(page.get_by_label("Take a photo")).to_be_hidden()


def test_the_file_of_the_queue_says_that_photos_are_not_in_it(open_form, photo):
    page = open_form()
    page.context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    take(page, photo)
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 photo")
    with page.expect_download():
        press(page, "Save what is not sent as a file")
    expect(queue(page)).to_contain_text("Photos are not in the file")
    # Trying in vain once more does not take away where the file has to go.
    with page.expect_event("requestfailed"):
        press(page, "Send now")
    expect(page.get_by_role("button", name="Send now")).to_be_enabled()
    expect(queue(page)).to_contain_text("No connection")
    expect(queue(page)).to_contain_text("Photos are not in the file")


def test_a_photo_of_grains_becomes_small_enough(open_form, tmp_path):
    page = open_form()
    # Nothing compresses worse than noise, pixel by pixel.
    noise = Image.frombytes("RGB", (1600, 1200), Random(5).randbytes(1600 * 1200 * 3))
    noise.save(tmp_path / "noise.png")
    take(page, tmp_path / "noise.png")
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    sent = expect_photo_sent(page, 1)
    assert sent.size_bytes < 400_000


def test_the_form_with_a_photo_is_accessible_and_fits(
    open_form, photo, assert_accessible
):
    page = open_form()
    take(page, photo)
    assert_accessible(page)
    box = page.locator("[data-photo-take]").bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.context.set_offline(True)
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")
    expect(queue(page)).to_contain_text("1 photo")
    assert_accessible(page)
