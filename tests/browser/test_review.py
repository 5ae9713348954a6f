"""A verifier works through the queue by keys; the reporter reads it on the phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.conftest import a_report, no_service
from villages.models import ImportBatch, ReportReview, SignalReport
from villages.services.review_reports import review_reports
from villages.services.submit_reports import store_reports

# Serialized, because the roles that migrations make must be there for every test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HERE = {"latitude": 0.01, "longitude": 116.05, "accuracy": 9}
PICTURES = os.environ.get("KUKAR_PICTURES")


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def store(*reports, by=None, batch=None):
    store_reports(
        reports=reports,
        source="api" if batch is None else "import:gnettrack",
        now=timezone.now(),
        reported_by_id=by and by.pk,
        batch_id=batch and batch.pk,
    )


@pytest.fixture
def queue(two_villages, reporter):
    """Three reports that are held back, one of them among neighbours."""
    now = timezone.now()
    west, east = (village.point for village in two_villages)
    for i, (lon, lat, make) in enumerate(
        [
            (0.003, 0.001, no_service),
            (-0.004, 0.002, no_service),
            (0.001, -0.005, lambda **v: a_report(**v | {"rsrp_dbm": -88.0})),
            (-0.002, -0.003, lambda **v: a_report(**v | {"rsrp_dbm": -104.0})),
            (0.0065, 0.004, lambda **v: a_report(**v, internet="slow")),
        ]
    ):
        store(
            make(
                lon=west.x + lon,
                lat=west.y + lat,
                observed_at=now - timedelta(days=30 + i),
                device_model=f"HP {i}",
            ),
            batch=ImportBatch.objects.create(file_name=f"log-{i}.txt"),
        )
    store(
        a_report(
            lon=west.x,
            lat=west.y,
            internet="good",
            rsrp_dbm=-75.0,
            rsrq_db=-9.0,
            accuracy_m=140.0,
            observed_at=now - timedelta(hours=5),
            note="Di depan kantor desa, dekat dermaga.",
        ),
        by=reporter,
    )
    store(
        a_report(lon=116.07, lat=0.03, observed_at=now - timedelta(hours=3)),
        by=reporter,
    )
    store(
        no_service(
            lon=east.x,
            lat=east.y,
            operator="INDOSAT",
            observed_at=now - timedelta(hours=2),
        ),
        by=reporter,
    )
    store(
        no_service(lon=0.0, lat=0.0, observed_at=now - timedelta(days=4)), by=reporter
    )
    return SignalReport.objects.filter(reported_by=reporter)


def test_three_reports_are_reviewed_with_the_keyboard(
    open_page, queue, verifier, assert_accessible
):
    page = open_page("/periksa/", verifier)
    heading = page.locator("#report-title")
    expect(heading).to_contain_text("Telkomsel: internet bagus")
    expect(page.get_by_role("link", name="Ditahan")).to_contain_text("3")
    expect(page.locator(".review-map .kind")).to_have_count(6)
    assert_accessible(page)
    picture(page, "review-desk")

    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    assert_accessible(page)
    picture(page, "review-keys")
    page.keyboard.press("?")

    page.keyboard.press("j")
    expect(heading).to_contain_text("Indosat")
    # The page takes keys from here on.
    expect(heading).to_be_focused()
    page.keyboard.press("k")
    expect(heading).to_contain_text("internet bagus")
    expect(heading).to_be_focused()

    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("1 laporan diterima.")
    expect(heading).to_contain_text("Indosat")
    expect(heading).to_be_focused()

    page.keyboard.press("r")
    # Letters are letters while the reason is written.
    page.keyboard.type("jarak salah, tak tepat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 laporan ditolak.")
    expect(page.locator(".review-reasons")).to_contain_text("Posisi nol (0, 0)")
    expect(heading).to_be_focused()

    page.keyboard.press("t")
    page.keyboard.type("Di mana ini?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Pelapor 1 laporan ditanya.")
    expect(page.get_by_role("link", name="Ditahan")).to_contain_text("0")
    assert [
        (review.decision, review.reason) for review in ReportReview.objects.all()
    ] == [
        ("accepted", ""),
        ("rejected", "jarak salah, tak tepat"),
        ("asked", "Di mana ini?"),
    ]
    assert_accessible(page)


def test_the_keys_can_be_switched_off_and_stay_off(open_page, queue, verifier):
    page = open_page("/periksa/", verifier)
    page.get_by_label("Pintasan papan ketik").uncheck()
    page.keyboard.press("a")
    page.reload()
    page.keyboard.press("a")
    expect(page.get_by_label("Pintasan papan ketik")).not_to_be_checked()
    assert not ReportReview.objects.exists()


def test_without_javascript_all_of_it_works(open_page, queue, verifier):
    page = open_page("/periksa/", verifier, java_script_enabled=False)
    page.get_by_role("button", name="Terima", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("1 laporan diterima.")
    page.get_by_label("Mengapa ditolak?").fill("salah tempat")
    page.get_by_role("button", name="Tolak", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("1 laporan ditolak.")
    page.get_by_text("Putuskan seluruh daftar ini sekaligus").click()
    page.get_by_role("button", name="Terima semua").click()
    expect(page.get_by_role("heading", name="Terima 1 laporan?")).to_be_visible()
    page.get_by_role("button", name="Ya, 1 laporan").click()
    expect(page.get_by_role("status")).to_contain_text("1 laporan diterima.")
    assert ReportReview.objects.count() == 3


def test_on_a_phone_the_report_comes_first_and_nothing_hides(
    open_page, queue, verifier, assert_accessible
):
    page = open_page("/periksa/", verifier, size=PHONE)
    expect(page.locator("#report-title")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    picture(page, "review-phone")
    page.get_by_text("Akibat tiap tanda").click()
    page.get_by_text("Putuskan seluruh daftar ini sekaligus").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    page.get_by_role("button", name="Tolak semua").click()
    expect(page.get_by_role("heading", name="Tolak 3 laporan?")).to_be_visible()
    assert_accessible(page)
    picture(page, "review-all-phone")


def test_the_reporter_reads_the_decision_and_answers_without_a_network(
    open_page, two_villages, reporter, verifier, complaints
):
    phone = open_page(
        "/lapor/",
        reporter,
        size=PHONE,
        permissions=["geolocation"],
        geolocation=HERE,
    )
    for operator, choice in (("Telkomsel", "Kosong"), ("Indosat", "Lancar")):
        row = phone.get_by_role("group", name=operator, exact=True)
        row.locator(f"input[value={'none' if choice == 'Kosong' else 'good'}]").check(
            force=True
        )
    phone.get_by_role("button", name="Simpan laporan").click()
    log = phone.locator("[data-log-section]")
    expect(log.locator(".log__code")).to_have_count(2)
    asked = SignalReport.objects.get(operator="INDOSAT")
    rejected = SignalReport.objects.get(operator="TELKOMSEL")
    review_reports(
        ids=[rejected.pk], decision="rejected", reason="HP tanpa kartu.", by=verifier
    )
    review_reports(
        ids=[asked.pk], decision="asked", reason="Di dalam rumah?", by=verifier
    )

    with phone.expect_response("**/api/v1/tasks/"):
        phone.reload()
    expect(log).to_contain_text("HP tanpa kartu.")
    expect(log).to_contain_text("Di dalam rumah?")
    picture(phone, "review-log")
    phone.context.set_offline(True)
    phone.once("dialog", lambda dialog: dialog.accept("Di teras."))
    log.get_by_role("button", name="Jawab").click()
    expect(log).to_contain_text("menunggu dikirim: Di teras.")
    phone.context.set_offline(False)
    phone.reload()
    expect(log).to_contain_text("Jawaban Anda: Di teras.")
    asked.refresh_from_db()
    assert asked.review_state == "answered"

    # What the browser says when there is no network is no fault of the page.
    complaints[:] = [said for said in complaints if "DISCONNECTED" not in said]
    desk = open_page("/periksa/?queue=answered", verifier)
    expect(desk.get_by_text("“Di teras.”")).to_be_visible()
