"""One's own webhooks, on the page and at the API: and nobody else's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier

from tests.integration.test_api_tokens import bearer, made
from tests.integration.test_webhooks import (
    a_webhook,
    only_delivery,
    receivers_on_this_machine,
    send_all,
)
from tests.receiver import Receiver
from villages.models import Webhook, WebhookDelivery
from villages.services.webhook_secrets import secret_of, signature
from villages.services.webhooks import change_webhook, send_test

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures(receivers_on_this_machine.__name__),
]
API = "/api/v1/webhooks/"
FORM = {"address": "https://example.org/hook", "events": ["run.published"]}
JSON = {"content_type": "application/json"}
DOCS = Path(__file__).parents[2] / "docs" / "webhooks.md"


def buttons(webhook):
    """Return every address that changes a webhook, each with what it is given."""
    pk = webhook.pk
    delivery = send_test(webhook=webhook, now=timezone.now())
    plain = ("secret", "pause", "resume", "test", "drop")
    return [
        (reverse("webhook", args=[pk]), FORM),
        *((reverse(f"webhook-{name}", args=[pk]), {}) for name in plain),
        (reverse("webhook-resend", args=[pk, delivery.pk]), {}),
    ]


# --- the pages -------------------------------------------------------------------


def test_the_secret_is_shown_once(client, officer):
    client.force_login(officer)
    answer = client.post(reverse("webhooks"), FORM)
    webhook = Webhook.objects.get()
    secret = secret_of(webhook.seed)
    assert secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    for address in (reverse("webhooks"), reverse("webhook", args=[webhook.pk])):
        assert "whsec_" not in client.get(address).content.decode()
    answer = client.post(reverse("webhook-secret", args=[webhook.pk]))
    webhook.refresh_from_db()
    assert secret_of(webhook.seed) != secret
    assert secret_of(webhook.seed) in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"


def test_nobody_opens_or_changes_what_is_anothers(client, officer, account):
    webhook, _secret = a_webhook(officer)
    before = Webhook.objects.values().get()
    client.force_login(account("pak-admin", "admin"))
    assert client.get(reverse("webhook", args=[webhook.pk])).status_code == 404
    assert webhook.address not in client.get(reverse("webhooks")).content.decode()
    for address, values in buttons(webhook):
        assert client.post(address, values).status_code == 404, address
    assert Webhook.objects.values().get() == before


def test_they_are_for_accounts_with_a_role(client, outsider, officer):
    webhook, _secret = a_webhook(officer)
    addresses = [(reverse("webhooks"), FORM), *buttons(webhook)]
    for user, status in ((None, 302), (outsider, 403)):
        client.logout()
        if user:
            client.force_login(user)
        assert client.get(reverse("webhooks")).status_code == status
        for address, values in addresses:
            answer = client.post(address, values)
            assert answer.status_code == status, address
    assert Webhook.objects.count() == 1


def test_an_address_of_the_inside_is_refused_in_words(client, officer, settings):
    settings.KUKAR_WEBHOOK_PRIVATE = []
    client.force_login(officer)
    form = FORM | {"address": "https://169.254.169.254/latest/meta-data/"}
    page = client.post(reverse("webhooks"), form).content.decode()
    assert "Alamat ini tidak publik." in page or "This address is not public." in page
    assert not Webhook.objects.exists()


def test_who_may_not_see_reports_is_not_offered_their_decisions(
    client, officer, reporter
):
    for user, is_offered in ((officer, False), (reporter, True)):
        client.force_login(user)
        page = client.get(reverse("webhooks")).content.decode()
        assert ("report.reviewed" in page) == is_offered


def test_the_buttons_do_what_they_say(client, officer):
    client.force_login(officer)
    with Receiver() as receiver:
        webhook, _secret = a_webhook(officer, receiver.address())
        page = reverse("webhook", args=[webhook.pk])

        def press(name, *more, **form):
            address = reverse(name, args=[webhook.pk, *more])
            assert client.post(address, form).status_code == 302
            webhook.refresh_from_db()

        press("webhook-pause")
        assert webhook.state == "paused"
        press("webhook-test")
        assert not WebhookDelivery.objects.exists()
        press("webhook-resume")
        press("webhook-test")
        send_all()
        assert len(receiver.taken) == 1
        assert "(204)" in client.get(page).content.decode()
        press("webhook-resend", only_delivery().pk)
        send_all()
        assert len(receiver.taken) == 2
        press("webhook-resend", 2**70)
        press("webhook", address="https://example.org/b", events=["blank_spot.closed"])
        assert webhook.address == "https://example.org/b"
        assert webhook.events == ["blank_spot.closed"]
        client.post(reverse("webhook-drop", args=[webhook.pk]))
        assert not Webhook.objects.exists()


def test_an_administrator_sees_them_in_the_admin_without_what_signs(
    client, officer, django_user_model
):
    webhook, _secret = a_webhook(officer)
    admin = django_user_model.objects.create_superuser("pak-admin", password="x")
    client.force_login(admin)
    page = client.get(f"/admin/villages/webhook/{webhook.pk}/change/").content.decode()
    assert webhook.address in page
    assert webhook.seed not in page
    gone = f"/admin/villages/webhook/{webhook.pk}/delete/"
    assert client.post(gone, {"post": "yes"}).status_code == 302
    assert not Webhook.objects.exists()


# --- the API ---------------------------------------------------------------------


def test_the_api_does_the_same(client, officer):
    client.force_login(officer)
    with Receiver() as receiver:
        answer = client.post(API, FORM | {"address": receiver.address()}, **JSON)
        assert answer.status_code == 201
        told = answer.json()
        own = f"{API}{told['id']}/"
        assert told["secret"].startswith("whsec_")
        (listed,) = client.get(API).json()["webhooks"]
        assert listed == {key: told[key] for key in told if key != "secret"}
        assert client.get(own).json() == listed
        second = client.post(f"{own}secret").json()["secret"]
        assert second != told["secret"]
        sent = client.post(f"{own}test")
        assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
        send_all()
        (delivery,) = client.get(f"{own}deliveries/").json()["deliveries"]
        assert (delivery["outcome"], delivery["status"]) == ("delivered", 204)
        _path, headers, body = receiver.taken[0]
        Verifier(second).verify(body, headers)
        assert delivery["message_id"] == headers["webhook-id"]
        again = client.post(f"{own}deliveries/{delivery['id']}/resend")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        send_all()
        assert len(receiver.taken) == 2
        changed = client.patch(own, {"state": "paused"}, **JSON).json()
        assert (changed["state"], changed["address"]) == ("paused", receiver.address())
        assert client.post(f"{own}test").status_code == 400
        assert client.delete(own).status_code == 204
        assert client.get(own).status_code == 404


def test_the_log_is_read_page_by_page(client, officer, monkeypatch):
    monkeypatch.setattr("villages.api.webhooks.MAX_DELIVERIES", 2)
    webhook, _secret = a_webhook(officer)
    for _ in range(5):
        send_test(webhook=webhook, now=timezone.now())
    client.force_login(officer)
    address = f"{API}{webhook.pk}/deliveries/"
    seen, before = [], ""
    while before is not None:
        page = client.get(address, {"before": before} if before else {}).json()
        seen += [delivery["id"] for delivery in page["deliveries"]]
        before = page["next"]
    rows = WebhookDelivery.objects.order_by("-pk").values_list("pk", flat=True)
    assert seen == list(rows)
    assert client.get(address, {"before": "x"}).status_code == 400


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"address": "https://example.org/", "events": []},
        {"address": "https://example.org/", "events": ["test"]},
        {"address": "https://example.org/", "events": ["report.reviewed"]},
        {"address": "https://example.org/", "events": "run.published"},
        {"address": "ftp://example.org/", "events": ["run.published"]},
        {"address": "https://10.0.0.1/", "events": ["run.published"]},
        {"address": "https://example.org/\x00", "events": ["run.published"]},
        {"address": ["https://example.org/"], "events": ["run.published"]},
    ],
)
def test_the_api_refuses_with_a_problem(client, officer, values):
    client.force_login(officer)
    answer = client.post(API, values, **JSON)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    webhook, _secret = a_webhook(officer)
    if values:
        answer = client.patch(f"{API}{webhook.pk}/", values, **JSON)
        assert answer.status_code == 400


def test_too_many_tests_are_refused_with_429(client, officer):
    webhook, _secret = a_webhook(officer)
    client.force_login(officer)
    codes = [client.post(f"{API}{webhook.pk}/test").status_code for _ in range(7)]
    assert codes == [202] * 5 + [429] * 2


def api_calls(client, webhook, **extra):
    """Call everything that changes something; return the statuses."""
    delivery = webhook.deliveries.first() or send_test(
        webhook=webhook, now=timezone.now()
    )
    own = f"{API}{webhook.pk}/"
    return {
        client.patch(own, {"state": "paused"}, **JSON, **extra).status_code,
        client.post(f"{own}secret", **extra).status_code,
        client.post(f"{own}test", **extra).status_code,
        client.post(f"{own}deliveries/{delivery.pk}/resend", **extra).status_code,
        client.delete(own, **extra).status_code,
    }


def test_a_token_lists_and_changes_nothing(client, reporter):
    webhook, _secret = a_webhook(reporter)
    read = bearer(made(reporter, "read", "submit"))
    assert len(client.get(API, **read).json()["webhooks"]) == 1
    assert client.get(f"{API}{webhook.pk}/deliveries/", **read).status_code == 200
    assert api_calls(client, webhook, **read) == {403}
    assert client.post(API, FORM, **JSON, **read).status_code == 403
    submit = bearer(made(reporter, "submit"))
    assert client.get(API, **submit).status_code == 403
    assert Webhook.objects.count() == 1


def test_nobody_reaches_anothers_at_the_api(client, officer, verifier, outsider):
    webhook, _secret = a_webhook(officer)
    client.force_login(verifier)
    assert client.get(API).json() == {"webhooks": []}
    assert client.get(f"{API}{webhook.pk}/deliveries/").status_code == 404
    assert api_calls(client, webhook) == {404}
    client.force_login(outsider)
    assert client.get(API).status_code == 403
    assert client.post(API, FORM, **JSON).status_code == 403


def test_a_session_alone_changes_nothing_for_another_site(officer):
    """A page elsewhere has no token against forged requests."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    assert client.post(API, FORM, **JSON).status_code == 403


# --- the documentation -----------------------------------------------------------


def test_the_example_of_the_docs_verifies_and_refuses(officer):
    """The receiver that docs/webhooks.md shows, run as it stands there."""
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    namespace: dict[str, object] = {"__name__": "example"}
    exec(compile(example, "docs/webhooks.md", "exec"), namespace)
    is_genuine = namespace["is_genuine"]
    with Receiver() as receiver:
        webhook, secret = a_webhook(officer, receiver.address())
        send_test(webhook=webhook, now=timezone.now())
        send_all()
        _path, headers, body = receiver.taken[0]
    headers = {name.lower(): value for name, value in headers.items()}
    assert is_genuine(secret, headers, body)
    assert not is_genuine(secret, headers, body + b" ")
    assert not is_genuine(secret_of("1" * 64), headers, body)
    stamp = int(headers["webhook-timestamp"]) - 301
    old = {
        **headers,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(
            secret=secret,
            message_id=headers["webhook-id"],
            timestamp=stamp,
            body=body,
        ),
    }
    assert not is_genuine(secret, old, body)
    # One of several signatures is enough: the other is of another secret.
    both = f"v1,{'A' * 43}= {headers['webhook-signature']}"
    assert is_genuine(secret, {**headers, "webhook-signature": both}, body)


def test_a_paused_one_says_so_on_its_page(client, officer):
    webhook, _secret = a_webhook(officer)
    change_webhook(webhook=webhook, state="paused")
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("webhook", args=[webhook.pk])).content.decode()
    assert "It is paused" in page
