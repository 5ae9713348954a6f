"""From a report in the field to the map on an official's desk."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import expect

from coverage.services.compute_run import compute_changes
from tests.browser.conftest import PHONE
from villages.models import SignalReport

HERE = {"latitude": 0.0, "longitude": 116.155, "accuracy": 9}


def test_a_report_filed_on_a_phone_appears_on_an_open_map(
    open_page, a_run, reporter, verifier
):
    before = SignalReport.objects.count()
    desk = open_page("/?operator=TELKOMSEL&layers=reports#13/0.0000/116.1550", verifier)
    expect(desk.locator("#status")).to_contain_text(f"{a_run.pk}")

    phone = open_page(
        "/lapor/",
        reporter,
        size=PHONE,
        permissions=["geolocation"],
        geolocation=HERE,
    )
    telkomsel = phone.get_by_role("group", name="Telkomsel", exact=True)
    telkomsel.get_by_role("radio").first.check(force=True)
    expect(phone.get_by_text("± 9 m")).to_be_visible()
    phone.get_by_role("button", name="Simpan laporan").click()
    receipt = phone.get_by_text(re.compile(r"^[0-9A-F]{4}-[0-9A-F]{4}$"))
    expect(receipt).to_be_visible()
    assert SignalReport.objects.count() == before + 1

    # What the worker does when it sees the change.
    run = compute_changes(now=timezone.now(), progress=lambda *_: None)
    with desk.expect_response(
        lambda r: "/reports/" in r.url and r.status == 200, timeout=15_000
    ) as answer:
        expect(desk.locator("#live")).to_contain_text(f"{run.pk}", timeout=15_000)
        desk.locator("input[name=layer][value=reports]").uncheck()
        desk.locator("input[name=layer][value=reports]").check()
    shown = answer.value.json()["features"]
    assert any(f["properties"]["reported_by"] == "reporter" for f in shown)
