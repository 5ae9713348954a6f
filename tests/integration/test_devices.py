"""Phones with a token of their own: enrolled once, for sending only, until revoked."""

from __future__ import annotations

import json
import re
import secrets
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from rest_framework.views import APIView

from tests.conftest import NOW
from villages.models import Device, SignalReport, WrongCode
from villages.services.enroll_device import (
    MOST_GUESSES,
    MOST_GUESSES_OF_ONE,
    CodeRefusedError,
    create_enrolment,
    enroll_device,
    revoke_device,
)

pytestmark = pytest.mark.django_db
ENROL = "/api/v1/devices/enrol/"
REPORTS = "/api/v1/reports/"
PING = "/api/v1/ping"


def a_token() -> str:
    return secrets.token_urlsafe(32)


@pytest.fixture
def admin(django_user_model):
    return django_user_model.objects.create_superuser("pak-admin", password="x")


@pytest.fixture
def code(reporter, admin):
    """A code for a phone of the reporter that nobody has used yet."""
    _device, code = create_enrolment(
        name="HP Siti, Tabang",
        user=reporter,
        created_by_id=admin.pk,
        now=timezone.now(),
    )
    return code


@pytest.fixture
def token(code):
    """The token of a phone that has enrolled."""
    token = a_token()
    enroll_device(code=code, token=token, now=timezone.now())
    return token


def ask_to_enrol(client, code, token, **headers):
    return client.post(
        ENROL,
        json.dumps({"code": code, "token": token}),
        content_type="application/json",
        headers=headers,
    )


def as_device(token):
    return {"authorization": f"Device {token}"}


def send(client, token, **values):
    body = {
        "id": str(uuid.uuid4()),
        "operator": "TELKOMSEL",
        "found": "no_service",
        "lon": 116.05,
        "lat": 0.0,
        "observed_at": "2026-11-20T09:12:00+08:00",
        **values,
    }
    return client.post(
        REPORTS,
        json.dumps(body),
        content_type="application/json",
        headers=as_device(token),
    )


# --- enrolling --------------------------------------------------------------------


def test_a_phone_enrols_and_reports_for_its_account_without_a_session(
    code, reporter, two_villages
):
    client, token = Client(enforce_csrf_checks=True), a_token()
    answer = ask_to_enrol(client, code, token)
    assert answer.status_code == 201
    assert answer.json() == {"device": "HP Siti, Tabang", "account": "reporter"}

    pong = client.get(PING, headers=as_device(token)).json()
    assert (pong["account"], pong["device"], pong["can_report"]) == (
        "reporter",
        "HP Siti, Tabang",
        True,
    )
    assert send(client, token).status_code == 201
    report, device = SignalReport.objects.get(), Device.objects.get()
    assert (report.reported_by, report.device) == (reporter, device)
    assert abs(device.last_seen_at - timezone.now()) < timedelta(minutes=1)


def test_neither_code_nor_token_is_kept(code, token):
    row = " ".join(map(str, Device.objects.values_list().get()))
    assert token not in row
    assert code not in row
    assert code.replace("-", "") not in row


def test_an_answer_that_was_lost_is_given_again_even_days_later(client, code):
    token = a_token()
    assert ask_to_enrol(client, code, token).status_code == 201
    Device.objects.update(code_expires_at=NOW)
    again = ask_to_enrol(client, code, token)
    assert again.status_code == 200
    assert again.json()["account"] == "reporter"
    assert Device.objects.get().token_hash is not None


def test_another_phone_does_not_enrol_with_a_used_code(client, code, token):
    answer = ask_to_enrol(client, code, a_token())
    assert answer.status_code == 410
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["reason"] == "used"
    assert "sudah dipakai" in answer.json()["detail"]
    assert client.get(PING, headers=as_device(token)).status_code == 200


def test_a_token_enrols_with_one_code_only(client, token, reporter):
    _device, second = create_enrolment(
        name="HP dua", user=reporter, created_by_id=None, now=timezone.now()
    )
    assert ask_to_enrol(client, second, token).status_code == 410


def test_a_code_runs_out_after_two_days(reporter):
    device, code = create_enrolment(
        name="HP Siti", user=reporter, created_by_id=None, now=NOW
    )
    assert device.code_expires_at == NOW + timedelta(hours=48)
    with pytest.raises(CodeRefusedError) as refusal:
        enroll_device(code=code, token=a_token(), now=NOW + timedelta(hours=48))
    assert refusal.value.facts["reason"] == "expired"
    late = NOW + timedelta(hours=47, minutes=59)
    assert enroll_device(code=code, token=a_token(), now=late)[1]


def test_a_code_that_was_cancelled_enrols_nobody(client, code, admin):
    revoke_device(
        device_id=Device.objects.get().pk, revoked_by_id=admin.pk, now=timezone.now()
    )
    assert ask_to_enrol(client, code, a_token()).json()["reason"] == "revoked"


def test_a_code_is_understood_however_it_is_typed(client, reporter):
    def typed(code: str) -> str:
        plain = code.replace("-", "").lower().replace("0", "o").replace("1", "l")
        return f" {plain[:2]} {plain[2:]} "

    for _ in range(20):
        _device, code = create_enrolment(
            name="HP", user=reporter, created_by_id=None, now=timezone.now()
        )
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
        assert ask_to_enrol(client, typed(code), a_token()).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"code": "K7QM-4XPD"},
        {"code": "K7QM-4XPD", "token": "short"},
        {"code": "K7QM-4XPD", "token": "a" * 44},
        {"code": "K" * 41, "token": "a" * 43},
        {"code": {"$ne": 1}, "token": "a" * 43},
    ],
)
def test_what_is_no_enrolment_is_refused(client, body):
    answer = client.post(ENROL, json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_wrong_codes_are_bounded_for_one_address(client, code):
    behind_proxy = {"x-forwarded-for": "198.51.100.7, 203.0.113.9"}
    for _ in range(MOST_GUESSES_OF_ONE):
        wrong = ask_to_enrol(client, "AAAA-AAAA", a_token(), **behind_proxy)
        assert wrong.status_code == 410
    # Whatever it claims to have come from before, and even with the right code.
    forged = {"x-forwarded-for": "192.0.2.1, 203.0.113.9"}
    answer = ask_to_enrol(client, code, a_token(), **forged)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    # Others go on.
    other = {"x-forwarded-for": "203.0.113.10"}
    assert ask_to_enrol(client, code, a_token(), **other).status_code == 201


def test_wrong_codes_are_bounded_for_all_together_and_forgotten_after_an_hour(
    client, code
):
    now = timezone.now()
    WrongCode.objects.bulk_create(
        WrongCode(tried_at=now, address=f"203.0.{i // 200}.{i % 200}")
        for i in range(MOST_GUESSES)
    )
    assert ask_to_enrol(client, code, a_token()).status_code == 429
    WrongCode.objects.update(tried_at=now - timedelta(hours=1))
    assert ask_to_enrol(client, "AAAA-AAAA", a_token()).status_code == 410
    assert WrongCode.objects.count() == 1
    assert ask_to_enrol(client, code, a_token()).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_eight_phones_that_use_a_code_at_once_one_enrols(reporter):
    _device, code = create_enrolment(
        name="HP Siti", user=reporter, created_by_id=None, now=timezone.now()
    )
    together = threading.Barrier(8)

    def enrol(_):
        try:
            together.wait(120)
            return enroll_device(code=code, token=a_token(), now=timezone.now())[1]
        except CodeRefusedError as refusal:
            return refusal.facts["reason"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(enrol, range(8)))
    assert sorted(map(str, results)) == ["True"] + ["used"] * 7


# --- the end ----------------------------------------------------------------------


def test_a_revoked_phone_sends_no_more_and_its_reports_stay(
    client, token, reporter, admin, two_villages
):
    assert send(client, token).status_code == 201
    device = Device.objects.get()
    client.force_login(admin)
    answer = client.post(reverse("device-revoke", args=[device.pk]), follow=True)
    assert answer.redirect_chain == [("/perangkat/", 302)]
    assert "1 laporannya tetap ada" in answer.content.decode()

    phone = Client()
    for response in (phone.get(PING, headers=as_device(token)), send(phone, token)):
        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["reason"] == "device_revoked"
        assert "mencabut" in response.json()["detail"]
    # It is online all the same, and knows it from our header.
    assert phone.get(PING, headers=as_device(token))["X-Kukar-Connect"] == "1"
    report = SignalReport.objects.get()
    assert (report.device, report.reported_by) == (device, reporter)


def test_revoking_again_changes_nothing(token, reporter, admin):
    device = Device.objects.get()
    first = revoke_device(device_id=device.pk, revoked_by_id=admin.pk, now=NOW)
    again = revoke_device(
        device_id=device.pk, revoked_by_id=reporter.pk, now=NOW + timedelta(days=1)
    )
    device.refresh_from_db()
    assert (first, again) == (True, False)
    assert (device.revoked_at, device.revoked_by) == (NOW, admin)


def test_a_phone_whose_account_is_switched_off_or_lost_its_role_sends_nothing(
    client, token, reporter
):
    reporter.is_active = False
    reporter.save()
    answer = send(client, token)
    assert (answer.status_code, answer.json()["reason"]) == (401, "account_inactive")
    reporter.is_active = True
    reporter.save()
    reporter.groups.clear()
    assert send(client, token).status_code == 403
    assert client.get(PING, headers=as_device(token)).json()["can_report"] is False
    assert SignalReport.objects.count() == 0


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "a" * 43, "a b"])
def test_a_token_that_nobody_has_is_refused_even_with_a_session(
    client, reporter, token
):
    client.force_login(reporter)
    answer = client.get(PING, headers={"authorization": f"Device {token}"})
    assert answer.status_code == 401
    assert answer.json()["reason"] == "device_unknown"


def test_an_account_that_is_removed_takes_its_phones_but_not_their_reports(
    client, token, reporter, two_villages
):
    send(client, token)
    reporter.delete()
    assert Device.objects.count() == 0
    assert SignalReport.objects.get().device is None


def test_the_admin_does_not_remove_an_account_that_has_phones(
    client, token, reporter, admin
):
    client.force_login(admin)
    client.post(f"/admin/auth/user/{reporter.pk}/delete/", {"post": "yes"})
    assert Device.objects.get().user == reporter


# --- submit-only ------------------------------------------------------------------

# Everything that a device's token opens, by the address's name and method.
OPEN_TO_DEVICES = {
    ("api-ping", "GET"),
    ("api-reports", "POST"),
    ("api-my-reviews", "GET"),
    ("api-answer", "POST"),
    ("api-photo", "PUT"),
    ("api-probe", "GET"),
    ("api-probe", "POST"),
    ("api-tasks", "GET"),
}
# What asks no account of anybody, and therefore looks at no token.
OPEN_TO_ALL = {"api-device-enrol"}
ARGUMENTS = {
    "UUIDConverter": "4f6e4d2c-0000-4000-8000-000000000000",
    "IntConverter": "1",
    "StringConverter": "64.02.12.2001",
    "SlugConverter": "x",
    "PathConverter": "x",
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def every_address():
    """Yield each address of the site: its name, its path, and whether it is the API."""

    def walk(patterns, before):
        for pattern in patterns:
            route = str(pattern.pattern)
            if not isinstance(pattern, URLPattern):
                yield from walk(pattern.url_patterns, before + route)
                continue
            path = before + route
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__
                path = re.sub(
                    rf"<(\w+:)?{name}>", ARGUMENTS.get(kind, "villages"), path
                )
            view = getattr(pattern.callback, "view_class", None) or getattr(
                pattern.callback, "cls", object
            )
            yield pattern.name, f"/{path}", issubclass(view, APIView)

    # Of the admin's catch-all only a regular expression is known.
    return [row for row in walk(get_resolver().url_patterns, "") if "(" not in row[1]]


def test_a_devices_token_sends_reports_and_opens_nothing_else(
    client, django_user_model, two_villages
):
    # Even an administrator's own phone.
    boss = django_user_model.objects.create_superuser("boss", password="x")
    _device, code = create_enrolment(
        name="HP", user=boss, created_by_id=None, now=timezone.now()
    )
    token = a_token()
    enroll_device(code=code, token=token, now=timezone.now())
    # A refused view must not depend on what was sent; nor must a page act on it.
    seen = {"api": 0, "pages": 0}
    for name, path, is_api in every_address():
        for method in METHODS if is_api else ("GET", "POST"):
            if is_api and name in OPEN_TO_ALL:
                continue
            asked = client.generic(method, path, headers=as_device(token))
            what = f"{method} {path} ({name}): {asked.status_code}"
            if (name, method) in OPEN_TO_DEVICES:
                # Of a report that there is not, a photo's address answers 404, and an
                # answer without words 400.
                assert asked.status_code in (200, 204, 400, 404, 422), what
            elif is_api:
                seen["api"] += 1
                assert asked.status_code == 403, what
                if asked.content.startswith(b"{"):
                    assert "Perangkat hanya" in asked.content.decode(), what
            else:
                seen["pages"] += 1
                # A page knows no such token: it answers as it answers anybody.
                plain = Client().generic(method, path)
                assert asked.status_code == plain.status_code, what
                assert asked.get("Location") == plain.get("Location"), what
    assert seen["api"] > 80
    assert seen["pages"] > 100


def test_within_what_it_opens_a_token_has_no_more_than_the_role_field(
    rf, django_user_model
):
    from rest_framework.request import Request

    from kukar_connect.roles import ROLES, has_role
    from villages.api.device_auth import DeviceAuthentication
    from villages.api.ping import Ping

    boss = django_user_model.objects.create_superuser("boss", password="x")
    _device, code = create_enrolment(
        name="HP", user=boss, created_by_id=None, now=timezone.now()
    )
    token = a_token()
    enroll_device(code=code, token=token, now=timezone.now())
    request = Request(
        rf.get(PING, headers=as_device(token)), parser_context={"view": Ping()}
    )
    found = DeviceAuthentication().authenticate(request)
    assert found is not None
    assert [role for role in ROLES if has_role(found[0], role)] == ["viewer", "field"]
    assert has_role(boss, "admin")


def test_the_schema_offers_the_token_only_where_it_is_taken(client):
    schema = json.loads(client.get("/api/v1/schema/?format=json").content)
    offered = {
        (path, method)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if {"deviceToken": []} in operation.get("security", [])
    }
    assert offered == {
        ("/api/v1/ping", "get"),
        ("/api/v1/reports/", "post"),
        ("/api/v1/reports/mine/", "get"),
        ("/api/v1/reports/{id}/answer", "post"),
        ("/api/v1/photos/{report_id}/{sha256}", "put"),
        ("/api/v1/probe", "get"),
        ("/api/v1/probe", "post"),
        ("/api/v1/tasks/", "get"),
    }


# --- the page ---------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, "field", "analyst"])
def test_devices_are_for_administrators(client, account, code, role):
    if role:
        client.force_login(account("somebody", role))
    pk = Device.objects.get().pk
    for answer in (
        client.get("/perangkat/"),
        client.post("/perangkat/", {"name": "HP", "user": 1}),
        client.post(reverse("device-revoke", args=[pk])),
    ):
        assert answer.status_code == (403 if role else 302)
    assert Device.objects.get().revoked_at is None


def test_the_page_shows_the_code_once_and_it_enrols(client, admin, reporter, officer):
    client.force_login(admin)
    page = client.get("/perangkat/").content.decode()
    assert ">reporter<" in page
    assert ">officer<" not in page  # a viewer sends no reports
    answer = client.post("/perangkat/", {"name": " HP Siti ", "user": reporter.pk})
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode()
    match = re.search(r'enrolment__code">([0-9A-Z]{4}-[0-9A-Z]{4})<', text)
    assert match is not None
    assert 'src="data:image/svg+xml' in text
    assert "HP Siti" in client.get("/perangkat/").content.decode()
    assert match.group(1) not in client.get("/perangkat/").content.decode()
    device = Device.objects.get()
    assert (device.name, device.created_by) == ("HP Siti", admin)
    assert ask_to_enrol(client, match.group(1), a_token()).status_code == 201


def test_the_qr_code_holds_the_form_with_the_code_behind_a_hash(
    client, admin, reporter, monkeypatch
):
    import segno

    made = []
    make = segno.make
    monkeypatch.setattr(
        segno, "make", lambda text, **how: made.append(text) or make(text, **how)
    )
    client.force_login(admin)
    client.post("/perangkat/", {"name": "HP", "user": reporter.pk}, secure=True)
    assert re.fullmatch(
        r"https://testserver/lapor/#enrol=[0-9A-Z]{4}-[0-9A-Z]{4}", made[0]
    )


@pytest.mark.parametrize(
    "values", [{"name": "  "}, {"name": "x" * 101}, {"user": ""}, {"user": "999999"}]
)
def test_an_enrolment_without_a_name_or_an_account_is_not_made(
    client, admin, reporter, values
):
    client.force_login(admin)
    answer = client.post("/perangkat/", {"name": "HP", "user": reporter.pk, **values})
    assert answer.status_code == 200
    assert "field__errors" in answer.content.decode()
    assert Device.objects.count() == 0


def test_the_page_lists_every_phone_with_its_reports_and_its_state(
    client, admin, reporter, token, two_villages
):
    send(client, token)
    send(client, token)
    now = timezone.now()
    for name, age in (("HP baru", 0), ("HP lupa", 3)):
        create_enrolment(
            name=name,
            user=reporter,
            created_by_id=admin.pk,
            now=now - timedelta(days=age),
        )
    lost, code = create_enrolment(
        name="HP hilang", user=reporter, created_by_id=admin.pk, now=now
    )
    enroll_device(code=code, token=a_token(), now=now)
    revoke_device(device_id=lost.pk, revoked_by_id=admin.pk, now=now)
    client.force_login(admin)
    page = re.sub(r"\s+", " ", client.get("/perangkat/").content.decode())
    before, ended = page.split('<details class="devices-ended"')
    assert "HP Siti, Tabang" in before
    assert 'data-label="Laporan">2<' in before
    assert "HP baru" in before
    assert "HP hilang" in ended
    assert "(pak-admin)" in ended
    assert "HP lupa" in ended
    assert client.get("/admin/villages/device/").status_code == 200
