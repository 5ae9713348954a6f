"""Tokens of the API: what they open, how they end, and that nobody can read them."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.conftest import a_report, store
from villages.models import ApiToken
from villages.services.api_tokens import (
    TokenError,
    create_api_token,
    hash_of,
    recognise_api_token,
)

pytestmark = pytest.mark.django_db
REPORTS = "/api/v1/reports/"


def made(user, *scopes, now=None, days=1):
    return create_api_token(
        user=user,
        name="script",
        scopes=scopes,
        days=days,
        now=now or timezone.now(),
    )[1]


def bearer(text):
    return {"headers": {"authorization": f"Bearer {text}"}}


def test_a_reading_token_reads_what_its_account_may(client, officer, verifier):
    for user, status in ((officer, 403), (verifier, 200)):
        text = made(user, "read")
        assert client.get("/api/v1/village-points/", **bearer(text)).status_code == 200
        assert client.get(REPORTS, **bearer(text)).status_code == status


def test_a_reading_token_sends_nothing(client, reporter, two_villages):
    answer = client.post(
        REPORTS, [], content_type="application/json", **bearer(made(reporter, "read"))
    )
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_a_sending_token_reads_nothing_of_others(client, verifier, two_villages):
    store(a_report())
    text = made(verifier, "submit")
    assert client.get(REPORTS, **bearer(text)).status_code == 403
    assert client.get("/api/v1/runs/", **bearer(text)).status_code == 403
    assert client.get("/api/v1/ping", **bearer(text)).status_code == 200


@pytest.mark.parametrize("keyword", ["Token", "Bearer", "bearer"])
def test_both_words_for_a_token_are_understood(client, officer, keyword):
    headers = {"authorization": f"{keyword} {made(officer, 'read')}"}
    assert client.get("/api/v1/runs/", headers=headers).status_code == 200


def test_a_token_that_ended_was_revoked_or_never_was_opens_nothing(client, officer):
    now = timezone.now()
    ended = made(officer, "read", now=now - timedelta(days=2))
    revoked = made(officer, "read")
    ApiToken.objects.filter(token_hash=hash_of(revoked)).update(revoked_at=now)
    for text in (ended, revoked, "kukar_nothing", "", "\xff"):
        answer = client.get("/api/v1/runs/", **bearer(text))
        assert answer.status_code == 401, text
        assert answer["WWW-Authenticate"] == "Bearer"
    officer.is_active = False
    officer.save()
    text = made(officer, "read")
    assert client.get("/api/v1/runs/", **bearer(text)).status_code == 401


def test_use_is_noted_at_most_once_a_minute(officer):
    now = timezone.now()
    text = made(officer, "read", now=now)
    for after_s, noted_s in ((0, 0), (30, 0), (61, 61)):
        recognise_api_token(text=text, now=now + timedelta(seconds=after_s))
        (token,) = ApiToken.objects.all()
        assert token.last_used_at == now + timedelta(seconds=noted_s)


@pytest.mark.parametrize(
    "values",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["own"]},
        {"days": 0},
        {"days": 10_000},
    ],
)
def test_what_cannot_be_meant_is_refused(officer, values):
    usual = {"name": "x", "scopes": ["read"], "days": 1}
    with pytest.raises(TokenError):
        create_api_token(user=officer, now=timezone.now(), **usual | values)
    assert not ApiToken.objects.exists()


def test_an_account_has_a_bounded_number_of_tokens(officer, settings):
    settings.KUKAR_TOKENS_OF_ONE = 2
    first = made(officer, "read")
    made(officer, "read")
    with pytest.raises(TokenError, match="2"):
        made(officer, "read")
    ApiToken.objects.filter(token_hash=hash_of(first)).update(revoked_at=timezone.now())
    made(officer, "read")


# --- the page --------------------------------------------------------------------


def test_its_text_is_shown_once_and_kept_nowhere(client, officer):
    client.force_login(officer)
    form = {"name": "QGIS", "scopes": ["read"], "days": "30"}
    answer = client.post(reverse("tokens"), form)
    text = answer.context["text"]
    assert text in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert text not in client.get(reverse("tokens")).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM villages_apitoken AS t")
        assert text not in cursor.fetchone()[0]


def test_a_viewer_cannot_make_a_token_that_sends(client, officer):
    client.force_login(officer)
    form = {"name": "QGIS", "scopes": ["submit"], "days": "30"}
    assert "text" not in (client.post(reverse("tokens"), form).context or {})
    assert not ApiToken.objects.exists()


def test_only_its_owner_revokes_it(client, officer, verifier):
    made(officer, "read")
    (token,) = ApiToken.objects.all()
    url = reverse("token-revoke", args=[token.pk])
    for user, is_ended in ((verifier, False), (officer, True)):
        client.force_login(user)
        assert client.post(url).status_code == 302
        token.refresh_from_db()
        assert (token.revoked_at is not None) == is_ended


def test_nobody_makes_a_token_without_signing_in(client):
    assert client.get(reverse("tokens")).status_code == 302


def test_tokens_once_kept_in_clear_go_on_and_their_text_goes(client, officer):
    move = import_module("villages.migrations.0011_api_tokens").MOVE
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE authtoken_token (key varchar(40), created timestamptz,"
            " user_id integer)"
        )
        cursor.execute(
            "INSERT INTO authtoken_token VALUES (repeat('a1', 20), now(), %s)",
            [officer.pk],
        )
        cursor.execute(move)
        cursor.execute("SELECT to_regclass('authtoken_token')")
        assert cursor.fetchone() == (None,)
    headers = {"authorization": f"Token {'a1' * 20}"}
    assert client.get("/api/v1/runs/", headers=headers).status_code == 200
