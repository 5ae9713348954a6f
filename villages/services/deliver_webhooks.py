"""Sending what waits in the outbox of webhooks.

An attempt is noted, and the next one set, before it begins and in a transaction of its
own: a process that dies in the middle leaves nothing behind, the message goes out
again later, and no transaction waits for the network. Several processes may send at
once; each message is taken by one of them.
"""

from __future__ import annotations

import logging
import queue
import random
import ssl
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from villages.models import Webhook, WebhookDelivery, WebhookOutcome
from villages.services.webhook_addresses import (
    WebhookAddressError,
    addresses_to_call,
    check_address,
    port_of,
)
from villages.services.webhook_events import may_hear
from villages.services.webhook_post import Answer, post
from villages.services.webhook_secrets import SecretLostError, secrets_of, signature

logger = logging.getLogger("kukar_connect.webhooks")

# 30 s after the first attempt, then twice as long each time, up to six hours: the 14th
# and last comes 26 hours after the first, a night and a working day.
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 14
# Each wait is this much shorter or longer by chance, so that what failed together does
# not come back together.
JITTER = 0.2

# So many attempts go on at once: one for each webhook at most, and half of them for
# webhooks whose last attempt failed. A receiver that is slow holds up its own messages;
# many that are slow leave room for the others.
AT_ONCE = 16
FAILING_AT_ONCE = 8


@dataclass(frozen=True)
class _Job:
    delivery_id: int
    webhook_id: UUID
    address: str
    message_id: str
    body: bytes
    attempt: int
    secrets: tuple[str, ...]
    is_failing: bool
    began_at: datetime


def wait_after(attempt: int, *, chance: float) -> timedelta:
    """Return how long to wait after *attempt*, from 1; *chance* is from 0 to 1.

    Examples
    --------
    >>> [str(wait_after(n, chance=0.5)) for n in (1, 2, 10, 11, 13)]
    ['0:00:30', '0:01:00', '4:16:00', '6:00:00', '6:00:00']
    >>> str(wait_after(1, chance=0.0)), str(wait_after(1, chance=1.0))
    ('0:00:24', '0:00:36')
    """
    wait = min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
    return wait * (1 - JITTER + 2 * JITTER * chance)


# The oldest due message of each webhook that has none on its way here.
_DUE = """
SELECT due.id
FROM villages_webhook AS webhook
CROSS JOIN LATERAL (
    SELECT id, next_attempt_at FROM villages_webhookdelivery
    WHERE webhook_id = webhook.id AND state = 'waiting' AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS due
WHERE webhook.state = 'active' AND (webhook.failures > 0) = %(is_failing)s
  AND webhook.id <> ALL(%(at_work)s::uuid[])
ORDER BY due.next_attempt_at LIMIT %(most)s
"""


class Sender:
    """Sends in threads of its own; only the caller's thread asks the database."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._at_work: dict[int, _Job] = {}
        self._ended: queue.SimpleQueue[tuple[_Job, Answer]] = queue.SimpleQueue()
        self._tls = ssl.create_default_context()

    def step(self, *, now: datetime) -> bool:
        """Note what has ended and begin what is due; tell whether anything goes on."""
        while not self._ended.empty():
            self._note(*self._ended.get(), now=now)
        failing = sum(job.is_failing for job in self._at_work.values())
        for is_failing, room in (
            (False, self._at_once),
            (True, min(FAILING_AT_ONCE, self._at_once // 2 or 1) - failing),
        ):
            most = min(room, self._at_once - len(self._at_work))
            if most > 0:
                for job in self._take(most, is_failing=is_failing, now=now):
                    self._begin(job)
        return bool(self._at_work)

    def wait(self, seconds: float) -> None:
        """Return when an attempt has ended, at the latest after *seconds*."""
        try:
            ended = self._ended.get(timeout=seconds)
        except queue.Empty:
            return
        self._ended.put(ended)

    def close(self, *, patience_s: float, now: datetime) -> None:
        """Note what ends within *patience_s*; the rest goes out again later."""
        ends_s = time.monotonic() + patience_s
        while self._at_work and (left_s := ends_s - time.monotonic()) > 0:
            self.wait(left_s)
            while not self._ended.empty():
                self._note(*self._ended.get(), now=now)

    def _take(self, most: int, *, is_failing: bool, now: datetime) -> list[_Job]:
        at_work: Collection[UUID] = {job.webhook_id for job in self._at_work.values()}
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    _DUE,
                    {
                        "now": now,
                        "is_failing": is_failing,
                        "at_work": [str(each) for each in at_work],
                        "most": most,
                    },
                )
                ids = [row[0] for row in cursor]
            taken = WebhookDelivery.objects.filter(pk__in=ids).select_related(
                "webhook__owner"
            )
            jobs = [_job_of(delivery, now=now) for delivery in taken]
        return [job for job in jobs if job is not None]

    def _begin(self, job: _Job) -> None:
        self._at_work[job.delivery_id] = job
        # A daemon, so that a name server that does not answer holds up no stopping.
        threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _run(self, job: _Job) -> None:
        try:
            answer = _send(job, self._tls)
        except Exception:
            # Or the webhook would be at work for ever.
            logger.exception("An attempt at webhook %s broke.", job.webhook_id)
            answer = Answer(WebhookOutcome.UNREACHABLE)
        self._ended.put((job, answer))

    def _note(self, job: _Job, answer: Answer, *, now: datetime) -> None:
        note_answer(
            delivery_id=job.delivery_id, attempt=job.attempt, answer=answer, now=now
        )
        # After it is noted: until then nothing else of this webhook is begun.
        self._at_work.pop(job.delivery_id, None)


def _job_of(delivery: WebhookDelivery, *, now: datetime) -> _Job | None:
    """Note that an attempt begins, and return it; None where none may be made."""
    webhook = delivery.webhook
    if not may_hear(webhook.owner, delivery.event):
        _end(delivery, WebhookDelivery.State.CANCELLED, WebhookOutcome.OWNER)
        return None
    delivery.attempts += 1
    delivery.last_attempt_at = now
    chance = random.random()  # noqa: S311 - spreads attempts, keeps no secret
    delivery.next_attempt_at = now + wait_after(delivery.attempts, chance=chance)
    try:
        secrets = secrets_of(webhook, now=now)
    except SecretLostError:
        _end(delivery, WebhookDelivery.State.GIVEN_UP, WebhookOutcome.SECRET)
        _tell_webhook(webhook.pk, Answer(WebhookOutcome.SECRET), now=now)
        return None
    delivery.save(update_fields=["attempts", "last_attempt_at", "next_attempt_at"])
    return _Job(
        delivery_id=delivery.pk,
        webhook_id=webhook.pk,
        address=webhook.address,
        message_id=f"msg_{delivery.message_id.hex}",
        body=delivery.body.encode(),
        attempt=delivery.attempts,
        secrets=tuple(secrets),
        is_failing=webhook.failures > 0,
        began_at=now,
    )


def _end(
    delivery: WebhookDelivery, state: WebhookDelivery.State, outcome: WebhookOutcome
) -> None:
    delivery.state, delivery.outcome, delivery.next_attempt_at = state, outcome, None
    delivery.save()


def _send(job: _Job, tls: ssl.SSLContext) -> Answer:
    timestamp = int(job.began_at.timestamp())
    try:
        # Anew each time: the office may have narrowed what may be called.
        parts = check_address(job.address)
        addresses = addresses_to_call(parts.hostname or "", port_of(parts))
    except WebhookAddressError:
        return Answer(WebhookOutcome.ADDRESS)
    return post(
        parts,
        addresses=addresses,
        body=job.body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Kukar-Connect",
            "webhook-id": job.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(
                signature(
                    secret=secret,
                    message_id=job.message_id,
                    timestamp=timestamp,
                    body=job.body,
                )
                for secret in job.secrets
            ),
        },
        tls=tls,
    )


@transaction.atomic
def note_answer(
    *, delivery_id: int, attempt: int, answer: Answer, now: datetime
) -> None:
    """Keep how *attempt* of a message ended.

    Safe to repeat; does nothing where another attempt has begun since, or somebody
    asked for the message anew.
    """
    delivery = (
        WebhookDelivery.objects.select_for_update()
        .filter(pk=delivery_id, attempts=attempt, state=WebhookDelivery.State.WAITING)
        .first()
    )
    if delivery is None:
        return
    delivery.outcome, delivery.status = answer.outcome, answer.status
    if answer.outcome == WebhookOutcome.DELIVERED:
        delivery.state = WebhookDelivery.State.DELIVERED
    elif answer.outcome == WebhookOutcome.GONE or attempt >= MOST_ATTEMPTS:
        delivery.state = WebhookDelivery.State.GIVEN_UP
    if delivery.state != WebhookDelivery.State.WAITING:
        delivery.next_attempt_at = None
    elif delivery.next_attempt_at is not None:
        asked = min(timedelta(seconds=answer.retry_after_s), LONGEST_WAIT)
        delivery.next_attempt_at = max(delivery.next_attempt_at, now + asked)
    delivery.save()
    _tell_webhook(delivery.webhook_id, answer, now=now)


def _tell_webhook(webhook_id: UUID, answer: Answer, *, now: datetime) -> None:
    is_delivered = answer.outcome == WebhookOutcome.DELIVERED
    webhook = Webhook.objects.filter(pk=webhook_id)
    webhook.update(
        last_attempt_at=now,
        last_outcome=answer.outcome,
        last_status=answer.status,
        failures=0 if is_delivered else F("failures") + 1,
    )
    if answer.outcome == WebhookOutcome.GONE:
        webhook.update(state=Webhook.State.GONE)
        WebhookDelivery.objects.filter(
            webhook=webhook_id, state=WebhookDelivery.State.WAITING
        ).update(
            state=WebhookDelivery.State.CANCELLED,
            outcome=WebhookOutcome.GONE,
            next_attempt_at=None,
        )
