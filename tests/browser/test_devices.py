"""A phone enrols by the QR code of the office, and sends without anybody signed in."""

from __future__ import annotations

import json
import re

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import PHONE
from tests.browser.test_report_form import (
    HERE,
    choose,
    expect_all_sent,
    log,
    press,
    queue,
)
from villages.models import Device, SignalReport
from villages.services.enroll_device import create_enrolment, revoke_device

# Serialized, because the roles that migrations make must be there for every test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def open_phone(chromium, live_server, two_villages):
    """Open an address of the site on a phone on which nobody is signed in."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_(path: str = "/lapor/") -> Page:
        context = chromium.new_context(
            viewport=PHONE,
            has_touch=True,
            locale="en-GB",
            base_url=live_server.url,
            permissions=["geolocation"],
            geolocation=HERE,
        )
        contexts.append(context)
        context.add_cookies(
            [{"name": "django_language", "value": "en", "url": live_server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def code(reporter):
    return a_code(reporter)


def a_code(user, name: str = "HP Siti, Tabang") -> str:
    _device, code = create_enrolment(
        name=name, user=user, created_by_id=None, now=timezone.now()
    )
    return code


def enrolment(page: Page):
    return page.locator("[data-enrol]")


def report_nothing(page: Page) -> None:
    choose(page, "Telkomsel", "Nothing")
    press(page, "Save report")


def write_code(page: Page, code: str) -> None:
    if not page.get_by_label("Code of the office").is_visible():
        enrolment(page).locator("summary").click()
    page.get_by_label("Code of the office").fill(code)
    page.get_by_role("button", name="Enrol", exact=True).click()


def test_the_qr_code_enrols_and_a_report_is_sent_without_a_session(open_phone, code):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as “HP Siti, Tabang”")
    expect(queue(page)).to_contain_text("HP Siti, Tabang (account reporter)")
    assert page.url.endswith("/lapor/")
    report_nothing(page)
    expect_all_sent(page, 1)
    report = SignalReport.objects.get()
    assert (report.device.name, report.reported_by.username) == (
        "HP Siti, Tabang",
        "reporter",
    )
    assert "sessionid" not in {each["name"] for each in page.context.cookies()}


def test_an_enrolled_phone_opens_offline_keeps_and_sends(open_phone, code):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as")
    expect(page.get_by_text("Ready offline")).to_be_visible()
    context = page.context
    page.close()
    context.set_offline(True)
    page = context.new_page()
    page.goto("/lapor/")
    expect(queue(page)).to_contain_text("HP Siti, Tabang (account reporter)")
    report_nothing(page)
    expect(queue(page)).to_contain_text("1 waiting")
    context.set_offline(False)
    expect_all_sent(page, 1)


def test_who_is_neither_signed_in_nor_enrolled_is_told_and_may_report(
    open_phone, code, assert_accessible
):
    page = open_phone()
    notice = page.get_by_text(
        "Nobody is signed in here and this phone is not enrolled."
    )
    expect(notice).to_be_visible()
    report_nothing(page)
    expect(queue(page)).to_contain_text("1 waiting")
    expect(queue(page)).to_contain_text("Not signed in.")
    assert SignalReport.objects.count() == 0
    page.get_by_role("button", name="Enrol this phone").click()
    expect(page.get_by_label("Code of the office")).to_be_focused()
    assert_accessible(page)
    write_code(page, code.replace("-", " ").lower())
    expect_all_sent(page, 1)
    expect(notice).to_be_hidden()


def test_revoked_in_the_middle_all_is_kept_said_and_sent_after_enrolling_anew(
    open_phone, code, reporter
):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as")
    report_nothing(page)
    expect_all_sent(page, 1)
    sent: list[int] = []

    def revoke_first(route: Route) -> None:
        if not sent:
            sent.append(1)
            device = Device.objects.get()
            revoke_device(device_id=device.pk, revoked_by_id=None, now=timezone.now())
        route.continue_()

    # Between the ping and the report: the report itself is refused.
    page.context.route("**/api/v1/reports/", revoke_first)
    report_nothing(page)
    expect(queue(page)).to_contain_text("was revoked or must be enrolled anew")
    expect(queue(page)).to_contain_text("Nothing is lost")
    expect(queue(page)).to_contain_text("1 waiting · 1 sent")
    press(page, "Send now")
    expect(enrolment(page)).to_contain_text("was revoked or must be enrolled anew")
    expect(queue(page)).to_contain_text("1 waiting · 1 sent")
    assert SignalReport.objects.count() == 1
    write_code(page, a_code(reporter, "HP Siti, baru"))
    expect(enrolment(page)).to_contain_text("enrolled as “HP Siti, baru”")
    expect_all_sent(page, 2)
    names = SignalReport.objects.values_list("device__name", flat=True)
    assert sorted(names) == ["HP Siti, Tabang", "HP Siti, baru"]


def test_after_it_was_revoked_the_phone_sends_as_whoever_signs_in(
    open_phone, code, reporter
):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as")
    Device.objects.update(revoked_at=timezone.now())
    report_nothing(page)
    expect(queue(page)).to_contain_text("was revoked or must be enrolled anew")
    with page.context.expect_page() as opened:
        queue(page).get_by_role("link", name="Sign in (new tab)").click()
    tab = opened.value
    tab.get_by_label("Username").fill("reporter")
    tab.get_by_label("Password").fill("rahasia-sekali")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/lapor/")
    expect(queue(tab)).to_contain_text("0 waiting · 1 sent")
    expect_all_sent(page, 1)
    assert SignalReport.objects.get().device is None


def test_an_enrolment_whose_answer_was_lost_is_asked_for_again(open_phone, code):
    page = open_phone()
    asked: list[dict] = []

    def lose_the_first_answer(route: Route) -> None:
        asked.append(json.loads(route.request.post_data))
        if len(asked) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.context.route("**/api/v1/devices/enrol/", lose_the_first_answer)
    write_code(page, code)
    expect(enrolment(page)).to_contain_text("The code is kept on this phone.")
    assert Device.objects.get().enrolled_at is not None
    # As after a fall: the page is opened anew.
    page.reload()
    expect(queue(page)).to_contain_text("HP Siti, Tabang (account reporter)")
    assert asked[0] == asked[1]


def test_a_code_typed_offline_enrols_once_there_is_a_connection(open_phone, code):
    page = open_phone()
    page.context.set_offline(True)
    report_nothing(page)
    write_code(page, code)
    expect(enrolment(page)).to_contain_text("The code is kept on this phone.")
    page.context.set_offline(False)
    expect(enrolment(page)).to_contain_text("enrolled as “HP Siti, Tabang”")
    expect_all_sent(page, 1)


def test_a_wrong_code_is_said_and_costs_nothing(open_phone, code):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as")
    write_code(page, "ABC")
    expect(page.get_by_text("Write the code that the office shows")).to_be_visible()
    report_nothing(page)
    expect_all_sent(page, 1)
    # What else the phone hears meanwhile does not take the words away.
    expect(page.get_by_text("Write the code that the office shows")).to_be_visible()
    write_code(page, "ZZZZ-ZZZZ")
    expect(enrolment(page)).to_contain_text("There is no such code.")
    write_code(page, "DEF")
    expect(page.get_by_text("Write the code that the office shows")).to_be_visible()
    report_nothing(page)
    expect_all_sent(page, 2)
    expect(page.get_by_text("Write the code that the office shows")).to_be_visible()


def test_a_link_alone_does_not_make_another_phone_of_one_that_is_enrolled(
    open_phone, code, account
):
    page = open_phone(f"/lapor/#enrol={code}")
    expect(enrolment(page)).to_contain_text("enrolled as")
    second = a_code(account("budi", "field"), "HP Budi")
    page.evaluate("(code) => { window.location.hash = `enrol=${code}`; }", second)
    expect(enrolment(page)).to_contain_text("as “HP Siti, Tabang” already")
    expect(page.get_by_label("Code of the office")).to_have_value(second)
    assert "#" not in page.url
    assert Device.objects.get(name="HP Budi").enrolled_at is None
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(queue(page)).to_contain_text("HP Budi (account budi)")


def test_the_office_enrols_a_phone_and_revokes_it_in_one_click(
    open_page, open_phone, django_user_model, reporter, assert_accessible
):
    admin = django_user_model.objects.create_superuser("pak-admin", password="x")
    desk = open_page("/perangkat/", admin)
    desk.get_by_label("Nama perangkat").fill("HP Siti, Tabang")
    desk.get_by_label("Melapor untuk akun").select_option("reporter")
    desk.get_by_role("button", name="Buat kode").click()
    expect(desk.get_by_role("img", name="Kode QR")).to_be_visible()
    desk.wait_for_function(
        "document.querySelector('.enrolment__qr img').naturalWidth > 200"
    )
    assert_accessible(desk)
    code = desk.locator(".enrolment__code").inner_text()
    assert re.fullmatch(r"\w{4}-\w{4}", code)

    page = open_phone(f"/lapor/#enrol={code}")
    expect(queue(page)).to_contain_text("HP Siti, Tabang (account reporter)")
    report_nothing(page)
    expect_all_sent(page, 1)
    assert_accessible(page)

    desk.get_by_role("link", name="Selesai").click()
    row = desk.get_by_role("row", name=re.compile("HP Siti, Tabang"))
    expect(row.get_by_role("cell").nth(4)).to_have_text("1")
    row.get_by_role("button", name="Cabut").click()
    expect(desk.get_by_text("1 laporannya tetap ada.")).to_be_visible()
    assert_accessible(desk)
    report_nothing(page)
    expect(queue(page)).to_contain_text("was revoked or must be enrolled anew")
    expect(log(page)).to_contain_text("Hulu")
    assert SignalReport.objects.count() == 1
