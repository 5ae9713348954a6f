"""What happens is told once to whoever asked, signed, retried, and to nobody else."""

from __future__ import annotations

import base64
import json
import signal
import socket
import ssl
import threading
from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from coverage.models import BlankSpot, CoverageRun
from coverage.services.compute_run import compute_changes, compute_full
from tests.conftest import a_report, store
from tests.integration.test_runs import start, wait_until
from tests.receiver import Receiver, certificate_for
from villages.models import (
    SignalReport,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookOutcome,
)
from villages.services import webhook_events
from villages.services.deliver_webhooks import (
    MOST_ATTEMPTS,
    Sender,
    note_answer,
    wait_after,
)
from villages.services.review_reports import answer_question, review_reports
from villages.services.webhook_addresses import (
    WebhookAddressError,
    addresses_to_call,
    check_address,
    is_public,
)
from villages.services.webhook_events import leave_messages, listeners
from villages.services.webhook_post import MOST_READ_BYTES, Answer, post
from villages.services.webhook_secrets import hash_of, secret_of
from villages.services.webhooks import (
    OLD_SECRET_HOLDS,
    TESTS_A_MINUTE,
    TooManyTestsError,
    WebhookError,
    change_webhook,
    create_webhook,
    delete_webhook,
    purge_deliveries,
    resend,
    rotate_secret,
    send_test,
)

pytestmark = pytest.mark.django_db
# A fixture of another module's, for the worker's own process.
__all__ = ["start"]
ALL = ["run.published", "blank_spot.opened", "blank_spot.closed", "blank_spot.changed"]


@pytest.fixture(autouse=True)
def receivers_on_this_machine(settings):
    settings.KUKAR_WEBHOOK_HTTP = True
    settings.KUKAR_WEBHOOK_PRIVATE = ["127.0.0.0/8"]


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def a_webhook(owner, address="https://example.org/hook", events=None):
    return create_webhook(
        owner=owner, address=address, events=events or ALL, now=timezone.now()
    )


def send_all(now=None, sender=None):
    """Send until nothing is due at *now*."""
    sender = sender or Sender()
    now = now or timezone.now()
    while sender.step(now=now):
        sender.wait(20)


def only_delivery():
    (delivery,) = WebhookDelivery.objects.all()
    return delivery


def data_of(delivery):
    return json.loads(delivery.body)["data"]


# --- what is told ----------------------------------------------------------------


def full():
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


def told(event):
    return WebhookDelivery.objects.filter(event=event).order_by("pk")


def spots_told(event):
    return {spot["id"] for row in told(event) for spot in data_of(row)["blank_spots"]}


def test_a_published_run_and_each_blank_spot_of_it_are_told(officer, a_blank_west):
    a_webhook(officer)
    run = full()
    data = data_of(told("run.published").get())
    assert (data["run"], data["is_current"]) == (run.pk, True)
    assert data["checksum"] == run.checksum
    opened = spots_told("blank_spot.opened")
    assert opened == {str(spot.identity) for spot in BlankSpot.objects.all()}
    assert opened
    assert not told("blank_spot.changed")
    assert not told("blank_spot.closed")
    # The same again: a run, and nothing about spots that stayed as they were.
    full()
    assert told("run.published").count() == 2
    assert told("blank_spot.opened").count() == 1
    assert not told("blank_spot.changed")
    assert not told("blank_spot.closed")


def test_spots_that_shrink_or_end_are_told_by_the_run_of_changes(officer, a_blank_west):
    full()
    a_webhook(officer)
    now = timezone.now()
    signal = [
        a_report(operator="TELKOMSEL", lon=116.02 + i * 0.012, lat=lat, observed_at=now)
        for i in range(3)
        for lat in (-0.03, -0.018, -0.006, 0.006, 0.018, 0.03)
        for _ in range(6)
    ]
    store(*signal, now=now)
    before = {str(s.identity): s for s in BlankSpot.objects.filter(ended_run=None)}
    run = compute_changes(now=now, progress=lambda *_: None)
    after = {str(s.identity): s for s in BlankSpot.objects.filter(ended_run=None)}
    assert data_of(told("run.published").get())["run"] == run.pk
    assert spots_told("blank_spot.opened") == after.keys() - before.keys()
    assert spots_told("blank_spot.closed") == before.keys() - after.keys()
    differs = {
        identity
        for identity in before.keys() & after.keys()
        if before[identity].state != after[identity].state
        or not before[identity].polygon.equals(after[identity].polygon)
    }
    assert spots_told("blank_spot.changed") == differs
    assert differs or before.keys() - after.keys()
    for row in told("blank_spot.changed"):
        for spot in data_of(row)["blank_spots"]:
            was = before[spot["id"]]
            assert spot["previous_area_km2"] == was.area_km2
            assert spot["previous_state"] == was.state


def test_many_blank_spots_come_in_parts_and_none_is_lost(
    officer, a_blank_west, monkeypatch
):
    monkeypatch.setattr(webhook_events.in_parts, "__kwdefaults__", {"most": 3})
    a_webhook(officer)
    full()
    spots = BlankSpot.objects.count()
    rows = [data_of(row) for row in told("blank_spot.opened")]
    parts = -(-spots // 3)
    assert parts > 1
    assert [(row["part"], row["parts"]) for row in rows] == [
        (part + 1, parts) for part in range(parts)
    ]
    assert sum(len(row["blank_spots"]) for row in rows) == spots
    assert len(spots_told("blank_spot.opened")) == spots


def test_a_run_that_was_not_published_told_nobody(officer, a_blank_west):
    a_webhook(officer)

    class CutError(Exception):
        pass

    def cut():
        with transaction.atomic():
            full()
            assert WebhookDelivery.objects.exists()
            raise CutError

    with pytest.raises(CutError):
        cut()
    assert not CoverageRun.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_only_what_was_asked_for_is_told_and_nothing_while_paused(
    officer, account, a_blank_west
):
    a_webhook(officer, events=["blank_spot.closed"])
    paused, _secret = a_webhook(account("second", "viewer"))
    change_webhook(webhook=paused, state="paused")
    full()
    assert not WebhookDelivery.objects.exists()


def review(reports, by, decision="accepted", reason=""):
    return review_reports(
        ids=[report.id for report in reports], decision=decision, by=by, reason=reason
    )


def test_a_decision_is_told_to_verifiers_and_to_who_sent_the_report(
    verifier, reporter, account, two_villages
):
    second = account("second", "field")
    own, other = a_report(), a_report(lon=116.06)
    store(own, reported_by_id=reporter.pk)
    store(other, reported_by_id=second.pk)
    hooks = {
        user: a_webhook(user, events=["report.reviewed"])[0]
        for user in (verifier, reporter, second)
    }
    review([own], verifier)
    assert not hooks[second].deliveries.exists()
    review([own, other], verifier, "rejected", "Salah tempat")

    def heard(user):
        rows = hooks[user].deliveries.order_by("pk")
        return [[(r["id"], r["state"]) for r in data_of(d)["reports"]] for d in rows]

    accepted, rejected = (str(own.id), "accepted"), (str(own.id), "rejected")
    also = (str(other.id), "rejected")
    assert [sorted(each) for each in heard(verifier)] == [
        [accepted],
        sorted([rejected, also]),
    ]
    assert heard(reporter) == [[accepted], [rejected]]
    assert heard(second) == [[also]]
    # Why, and who decided, is read by those who may read it, at the API.
    assert not any("Salah" in row.body for row in WebhookDelivery.objects.all())
    # The same decision again is none.
    assert review([own, other], verifier, "rejected", "Salah tempat") == 0
    assert WebhookDelivery.objects.count() == 5


def test_an_answer_of_the_reporter_is_no_decision(verifier, reporter, two_villages):
    own = a_report()
    store(own, reported_by_id=reporter.pk)
    a_webhook(verifier, events=["report.reviewed"])
    review([own], verifier, "asked", "Di mana?")
    answer_question(report_id=own.id, text="Di rumah", by=reporter)
    assert SignalReport.objects.get().review_state == "answered"
    assert data_of(only_delivery())["reports"] == [
        {"id": str(own.id), "state": "asked"}
    ]


# --- what is sent ----------------------------------------------------------------


def test_a_message_is_signed_as_standard_webhooks_says(officer, receiver):
    webhook, secret = a_webhook(officer, receiver.address(path="/a/b?c=d"))
    send_test(webhook=webhook, now=timezone.now())
    send_all()
    ((path, headers, body),) = receiver.taken
    assert path == "/a/b?c=d"
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"
    read = Verifier(secret).verify(body, headers)
    assert read["type"] == "test"
    assert read["timestamp"].endswith("Z")
    assert headers["webhook-id"] == f"msg_{only_delivery().message_id.hex}"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret_of("0" * 64)).verify(body, headers)
    assert only_delivery().state == "delivered"
    webhook.refresh_from_db()
    assert (webhook.last_outcome, webhook.last_status) == ("delivered", 204)


def test_after_a_new_secret_both_sign_for_a_day(officer, receiver):
    webhook, first = a_webhook(officer, receiver.address())
    now = timezone.now()
    second = rotate_secret(webhook=webhook, now=now)
    send_test(webhook=webhook, now=now)
    send_all(now)
    _path, headers, body = receiver.taken[-1]
    for secret in (first, second):
        Verifier(secret).verify(body, headers)
    later = now + OLD_SECRET_HOLDS
    delivery = send_test(webhook=webhook, now=later)
    send_all(later)
    _path, headers, body = receiver.taken[-1]
    assert " " not in headers["webhook-signature"]
    assert headers["webhook-id"] == f"msg_{delivery.message_id.hex}"


def test_the_database_holds_nothing_that_signs(officer):
    webhook, secret = a_webhook(officer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT w::text FROM villages_webhook AS w")
        kept = cursor.fetchone()[0]
    assert secret not in kept
    assert base64.b64decode(secret.removeprefix("whsec_")).hex() not in kept
    assert hash_of(secret) == webhook.secret_hash


def test_with_another_key_of_the_site_nothing_is_signed_wrongly(
    officer, receiver, settings
):
    webhook, secret = a_webhook(officer, receiver.address())
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    send_test(webhook=webhook, now=timezone.now())
    send_all()
    assert receiver.taken == []
    assert (only_delivery().state, only_delivery().outcome) == ("given_up", "secret")
    webhook.refresh_from_db()
    assert webhook.last_outcome == "secret"
    settings.SECRET_KEY_FALLBACKS = [old_key]
    resend(webhook=webhook, delivery_id=only_delivery().pk, now=timezone.now())
    send_all()
    ((_path, headers, body),) = receiver.taken
    Verifier(secret).verify(body, headers)


@pytest.mark.parametrize(
    ("reply", "outcome", "status"),
    [
        ((500, {}), "status", 500),
        ((404, {}), "status", 404),
        ((302, {"Location": "/elsewhere"}), "redirect", 302),
        ((308, {"Location": "/elsewhere"}), "redirect", 308),
    ],
)
def test_whatever_is_no_success_is_tried_again_later(
    officer, receiver, reply, outcome, status
):
    receiver.replies.append(reply)
    webhook, _secret = a_webhook(officer, receiver.address())
    now = timezone.now()
    send_test(webhook=webhook, now=now)
    send_all(now)
    delivery = only_delivery()
    assert [path for path, *_ in receiver.taken] == ["/hook"]
    assert (delivery.state, delivery.outcome) == ("waiting", outcome)
    assert (delivery.status, delivery.attempts) == (status, 1)
    wait = delivery.next_attempt_at - now
    assert timedelta(seconds=24) <= wait <= timedelta(seconds=36)
    send_all(now + timedelta(seconds=23))
    assert len(receiver.taken) == 1
    send_all(now + timedelta(seconds=37))
    first, second = receiver.taken
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]
    assert only_delivery().state == "delivered"
    webhook.refresh_from_db()
    assert webhook.failures == 0


def test_attempts_spread_over_a_day_and_then_it_is_given_up(officer, receiver):
    receiver.replies.extend([(503, {})] * MOST_ATTEMPTS)
    webhook, _secret = a_webhook(officer, receiver.address())
    begun = now = timezone.now()
    send_test(webhook=webhook, now=now)
    while only_delivery().state == "waiting":
        now = only_delivery().next_attempt_at
        send_all(now)
    assert len(receiver.taken) == only_delivery().attempts == MOST_ATTEMPTS
    assert only_delivery().state == "given_up"
    assert timedelta(hours=20) < now - begun < timedelta(hours=33)
    webhook.refresh_from_db()
    assert (webhook.state, webhook.failures) == ("active", MOST_ATTEMPTS)
    # And can be asked for once more, by hand.
    assert resend(webhook=webhook, delivery_id=only_delivery().pk, now=now)
    send_all(now)
    assert only_delivery().state == "delivered"
    assert len({headers["webhook-id"] for _, headers, _ in receiver.taken}) == 1


def test_waits_double_within_the_bounds_of_chance():
    for attempt in range(1, MOST_ATTEMPTS):
        least = wait_after(attempt, chance=0.0)
        assert wait_after(attempt, chance=1.0) == least * 1.5
        assert least <= wait_after(attempt + 1, chance=0.0) <= 2 * least


def test_a_receiver_that_says_how_long_is_left_alone_for_so_long(officer, receiver):
    receiver.replies.append((429, {"Retry-After": "3600"}))
    webhook, _secret = a_webhook(officer, receiver.address())
    now = timezone.now()
    send_test(webhook=webhook, now=now)
    send_all(now)
    assert only_delivery().next_attempt_at == now + timedelta(hours=1)


@pytest.mark.parametrize("told", ["9" * 500, "-5", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_senseless_wait_does_no_harm(officer, receiver, told):
    receiver.replies.append((503, {"Retry-After": told}))
    webhook, _secret = a_webhook(officer, receiver.address())
    now = timezone.now()
    send_test(webhook=webhook, now=now)
    send_all(now)
    assert only_delivery().next_attempt_at <= now + timedelta(hours=6)


def test_410_switches_it_off_and_what_waits_is_not_sent(officer, receiver):
    receiver.replies.append((410, {}))
    webhook, _secret = a_webhook(officer, receiver.address())
    now = timezone.now()
    _first, second = (send_test(webhook=webhook, now=now) for _ in range(2))
    send_all(now)
    assert len(receiver.taken) == 1
    webhook.refresh_from_db()
    assert webhook.state == "gone"
    states = WebhookDelivery.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["given_up", "cancelled"]
    with pytest.raises(WebhookError):
        send_test(webhook=webhook, now=now)
    change_webhook(webhook=webhook, state="active")
    resend(webhook=webhook, delivery_id=second.pk, now=now)
    send_all(now)
    assert len(receiver.taken) == 2


def test_what_waits_while_paused_goes_out_afterwards(officer, receiver):
    webhook, _secret = a_webhook(officer, receiver.address())
    send_test(webhook=webhook, now=timezone.now())
    change_webhook(webhook=webhook, state="paused")
    send_all()
    assert receiver.taken == []
    change_webhook(webhook=webhook, state="active")
    send_all()
    assert len(receiver.taken) == 1


def switch_off(user):
    user.is_active = False
    user.save()


def take_the_role(user):
    user.groups.clear()


@pytest.mark.parametrize("end", [switch_off, take_the_role])
def test_an_account_without_its_role_is_sent_and_told_nothing(
    officer, receiver, end, a_blank_west
):
    webhook, _secret = a_webhook(officer, receiver.address())
    send_test(webhook=webhook, now=timezone.now())
    end(officer)
    send_all()
    assert receiver.taken == []
    assert (only_delivery().state, only_delivery().outcome) == ("cancelled", "owner")
    full()
    assert WebhookDelivery.objects.count() == 1


def test_what_a_dead_process_left_is_sent_again(officer, receiver):
    webhook, _secret = a_webhook(officer, receiver.address())
    now = timezone.now()
    send_test(webhook=webhook, now=now)
    # It notes that it begins, and is seen no more.
    dead = Sender()
    dead._begin = lambda job: None
    assert dead.step(now=now) is False
    assert only_delivery().attempts == 1
    send_all(now)
    assert receiver.taken == []
    receiver.replies.append((503, {}))
    send_all(now + timedelta(seconds=37))
    assert len(receiver.taken) == 1
    # Were it alive after all, it would change nothing.
    late = Answer(WebhookOutcome.GONE, 410)
    note_answer(delivery_id=only_delivery().pk, attempt=1, answer=late, now=now)
    assert (only_delivery().state, only_delivery().status) == ("waiting", 503)


def test_a_slow_receiver_does_not_hold_up_another(account, receiver):
    may_end = threading.Event()
    try:
        with Receiver(before=lambda _: may_end.wait(30)) as slow:
            first, _secret = a_webhook(account("first", "viewer"), slow.address())
            other, _secret = a_webhook(account("other", "viewer"), receiver.address())
            now = timezone.now()
            for webhook in (first, first, first, other):
                send_test(webhook=webhook, now=now)
            sender = Sender(at_once=4)
            while not receiver.taken:
                sender.step(now=now)
                sender.wait(1)
            sender.step(now=now)
            # One on its way there, and no second one beside it.
            on_their_way = [job.webhook_id for job in sender._at_work.values()]
            assert on_their_way.count(first.pk) == 1
            may_end.set()
            send_all(now, sender)
            assert len(slow.taken) == 3
    finally:
        may_end.set()


def test_receivers_that_fail_leave_room_for_the_others(account, receiver):
    may_end = threading.Event()
    try:
        with Receiver(before=lambda _: may_end.wait(30)) as slow:
            now = timezone.now()
            for number in range(6):
                webhook, _ = a_webhook(account(f"u{number}", "viewer"), slow.address())
                send_test(webhook=webhook, now=now - timedelta(seconds=1))
            Webhook.objects.update(failures=3)
            sender = Sender(at_once=4)
            sender.step(now=now)
            assert len(sender._at_work) == 2
            other, _secret = a_webhook(account("other", "viewer"), receiver.address())
            send_test(webhook=other, now=now)
            while not receiver.taken:
                sender.step(now=now)
                sender.wait(1)
            may_end.set()
            send_all(now, sender)
            assert len(slow.taken) == 6
    finally:
        may_end.set()


@pytest.mark.django_db(transaction=True)
def test_two_senders_take_each_message_once(account, receiver):
    now = timezone.now()
    for number in range(10):
        webhook, _ = a_webhook(account(f"u{number}", "viewer"), receiver.address())
        send_test(webhook=webhook, now=now)

    def run():
        send_all(now)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [headers["webhook-id"] for _, headers, _ in receiver.taken]
    assert len(ids) == len(set(ids)) == 10
    assert not WebhookDelivery.objects.exclude(state="delivered").exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_is_deleted_meanwhile_undoes_nothing(officer):
    webhook, _secret = a_webhook(officer)

    def delete():
        delete_webhook(webhook=webhook)
        connection.close()

    event = WebhookEvent.RUN_PUBLISHED
    with transaction.atomic():
        found = listeners(event)
        assert found == [webhook]
        thread = threading.Thread(target=delete)
        thread.start()
        thread.join()
        leave_messages(webhooks=found, event=event, messages=[{}], now=timezone.now())
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_cannot_be_deleted_under_a_message_that_is_being_written(officer):
    webhook, _secret = a_webhook(officer)

    def delete():
        delete_webhook(webhook=webhook)
        connection.close()

    event = WebhookEvent.RUN_PUBLISHED
    with transaction.atomic():
        now = timezone.now()
        leave_messages(webhooks=[webhook], event=event, messages=[{}], now=now)
        thread = threading.Thread(target=delete)
        thread.start()
        wait_until(somebody_waits_for_a_lock)
    thread.join()
    assert not Webhook.objects.exists()
    assert not WebhookDelivery.objects.exists()


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_the_worker_sends_and_stops_when_asked(officer, receiver, start):
    webhook, secret = a_webhook(officer, receiver.address())
    worker = start(
        "run_worker",
        KUKAR_WEBHOOK_HTTP="1",
        KUKAR_WEBHOOK_PRIVATE="localhost,127.0.0.1/32",
    )
    send_test(webhook=webhook, now=timezone.now())
    wait_until(lambda: only_delivery().state == "delivered")
    ((_path, headers, body),) = receiver.taken
    Verifier(secret).verify(body, headers)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


# --- the call itself -------------------------------------------------------------


def call(receiver, *, host="127.0.0.1", path="/hook", tls=None, deadline_s=10.0):
    return post(
        check_address(receiver.address(host, path)),
        addresses=[ip_address("127.0.0.1")],
        body=b"{}",
        headers={},
        tls=tls or ssl.create_default_context(),
        deadline_s=deadline_s,
    )


def test_the_call_goes_to_the_address_that_was_checked(receiver):
    # A name that nobody can look up: a second look would fail.
    assert call(receiver, host="receiver.invalid").outcome == "delivered"
    ((_path, headers, _body),) = receiver.taken
    assert headers["Host"] == f"receiver.invalid:{receiver.port}"


def test_a_certificate_is_checked_against_the_name(tmp_path):
    certificate, key = certificate_for("receiver.invalid", tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=certificate)
    with Receiver("https", served) as receiver:
        assert call(receiver, host="receiver.invalid", tls=trusted).status == 204
        assert call(receiver, host="other.invalid", tls=trusted).outcome == "tls"
        assert call(receiver, host="receiver.invalid").outcome == "tls"
        assert len(receiver.taken) == 1


def test_an_answer_that_trickles_is_cut_at_the_deadline():
    may_end = threading.Event()

    def trickle(line):
        try:
            while not may_end.wait(0.05):
                line.sendall(b"H")
        except OSError:
            return

    try:
        with Receiver(before=trickle) as slow:
            assert call(slow, deadline_s=0.5).outcome == "timeout"
            may_end.set()
    finally:
        may_end.set()


def test_an_endless_answer_is_not_read():
    sent = []
    is_over = threading.Event()

    def pour(line):
        line.settimeout(20)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                sent.append(line.send(b"x" * 65_536))
        except OSError:
            is_over.set()

    with Receiver(before=pour) as receiver:
        assert call(receiver) == Answer(WebhookOutcome.DELIVERED, 200)
        assert is_over.wait(20)
    # What the two ends of the line hold by themselves comes on top.
    assert sum(sent) < MOST_READ_BYTES + 16_000_000


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b"", "unreachable"), (b"SSH-2.0-OpenSSH_9.2\r\n", "garbled")],
)
def test_what_is_not_http_is_told_from_what_is(said, outcome):
    def say(line):
        line.sendall(said)
        line.shutdown(socket.SHUT_RDWR)

    with Receiver(before=say) as receiver:
        assert call(receiver).outcome == outcome


def test_where_nobody_listens_there_is_no_connection():
    with Receiver() as closed:
        pass
    assert call(closed).outcome == "unreachable"


# --- where it may go -------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001::1",
        "2001:db8::1",
        "100::1",
    ],
)
def test_no_address_that_is_not_public_is_called(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_may_be_called(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https:/example.org",
        "https://",
        "https:///hook",
        "https://user:secret@example.org/",
        "https://@example.org/",
        "https://example.org/#part",
        "https://example.org:25/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/",
        "https://contoh.id/a b",
        "https://desä.id/",
        "https://example.org/\r\nX: y",
        "https://example.org/" + "x" * 500,
        "javascript:alert(1)",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(settings, officer, address):
    settings.KUKAR_WEBHOOK_HTTP = False
    settings.KUKAR_WEBHOOK_PRIVATE = []
    with pytest.raises(WebhookAddressError):
        a_webhook(officer, address)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("allowed", "host", "is_called"),
    [
        ([], "localhost", False),
        (["localhost"], "localhost", True),
        (["LOCALHOST"], "LocalHost", True),
        (["127.0.0.0/8", "::1/128"], "localhost", True),
        (["10.0.0.0/8"], "localhost", False),
        # The many ways to write it are one when it is looked up.
        ([], "0x7f.1", False),
        ([], "2130706433", False),
        ([], "127.1", False),
        (["127.0.0.1"], "127.1", True),
        ([], "nobody.invalid", False),
        (["nobody.invalid"], "nobody.invalid", False),
        ([], "a" * 70 + ".id", False),
    ],
)
def test_a_name_is_called_where_it_leads_to_what_may_be_called(
    settings, allowed, host, is_called
):
    settings.KUKAR_WEBHOOK_PRIVATE = allowed
    if is_called:
        assert all(each.is_loopback for each in addresses_to_call(host, 443))
        return
    with pytest.raises(WebhookAddressError):
        addresses_to_call(host, 443)


def test_what_may_be_called_is_looked_at_each_time(settings, officer, receiver):
    webhook, _secret = a_webhook(officer, receiver.address("localhost"))
    settings.KUKAR_WEBHOOK_PRIVATE = []
    send_test(webhook=webhook, now=timezone.now())
    send_all()
    assert receiver.taken == []
    assert (only_delivery().state, only_delivery().outcome) == ("waiting", "address")


# --- looking after them ----------------------------------------------------------


@pytest.mark.parametrize(
    "events", [[], ["test"], ["run.published", "all"], ["report.reviewed"]]
)
def test_one_cannot_ask_for_what_there_is_not_or_one_may_not_hear(officer, events):
    with pytest.raises(WebhookError):
        create_webhook(
            owner=officer,
            address="https://example.org/",
            events=events,
            now=timezone.now(),
        )


def test_an_account_has_a_bounded_number_of_webhooks(officer, settings):
    settings.KUKAR_WEBHOOKS_OF_ONE = 2
    webhook, _secret = a_webhook(officer)
    a_webhook(officer)
    with pytest.raises(WebhookError, match="2"):
        a_webhook(officer)
    delete_webhook(webhook=webhook)
    a_webhook(officer)


def test_tests_are_bounded(officer):
    webhook, _secret = a_webhook(officer)
    now = timezone.now()
    for _ in range(TESTS_A_MINUTE):
        send_test(webhook=webhook, now=now)
    with pytest.raises(TooManyTestsError):
        send_test(webhook=webhook, now=now)
    send_test(webhook=webhook, now=now + timedelta(minutes=1))


def test_old_messages_are_removed_and_those_that_go_on_stay(officer, settings):
    now = timezone.now()
    old = now - timedelta(days=settings.KUKAR_WEBHOOK_KEEP_DAYS, seconds=1)
    active, _secret = a_webhook(officer)
    paused, _secret = a_webhook(officer)
    kept = {
        send_test(webhook=active, now=old).pk,
        send_test(webhook=active, now=now).pk,
    }
    send_test(webhook=paused, now=old)
    change_webhook(webhook=paused, state="paused")
    done = send_test(webhook=active, now=old)
    WebhookDelivery.objects.filter(pk=done.pk).update(
        state="given_up", next_attempt_at=None
    )
    assert purge_deliveries(now=now) == 2
    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == kept
