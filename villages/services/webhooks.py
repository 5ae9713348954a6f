"""Making, changing and ending webhooks, and looking after their messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import Webhook, WebhookDelivery, WebhookEvent
from villages.models.webhooks import CHOSEN_EVENTS
from villages.services.webhook_addresses import check_address
from villages.services.webhook_events import leave_messages, may_hear
from villages.services.webhook_secrets import hash_of, new_seed, secret_of

# After a new secret is made the one before signs too: time to give the receiver the new
# one without losing a message.
OLD_SECRET_HOLDS = timedelta(hours=24)
# Presses of the test button in a minute: it makes the server call somebody.
TESTS_A_MINUTE = 5


class WebhookError(DomainError):
    title = gettext_noop("The webhook was not changed.")


class TooManyTestsError(DomainError):
    status = 429
    title = gettext_noop("Too many tests; wait a minute.")


@transaction.atomic
def create_webhook(
    *, owner: User, address: str, events: Sequence[str], now: datetime
) -> tuple[Webhook, str]:
    """Make a webhook of *owner* and return it with its secret, which is kept nowhere.

    Not safe to repeat: each call makes another.

    Raises
    ------
    WebhookAddressError
        If the address has no form that may be called.
    WebhookError
        If it asks for nothing, or for what its owner may not hear, or the account has
        as many as it may have.
    """
    # One at a time for each account, or two at once would pass the bound together.
    User.objects.select_for_update().get(pk=owner.pk)
    if Webhook.objects.filter(owner=owner).count() >= settings.KUKAR_WEBHOOKS_OF_ONE:
        raise WebhookError(
            _("This account has %(most)d webhooks already. Delete one first.")
            % {"most": settings.KUKAR_WEBHOOKS_OF_ONE}
        )
    check_address(address)
    seed = new_seed()
    secret = secret_of(seed)
    webhook = Webhook.objects.create(
        owner=owner,
        address=address,
        events=_checked(events, owner),
        seed=seed,
        secret_hash=hash_of(secret),
        created_at=now,
    )
    return webhook, secret


@transaction.atomic
def change_webhook(
    *,
    webhook: Webhook,
    address: str | None = None,
    events: Sequence[str] | None = None,
    state: str | None = None,
) -> None:
    """Change what is given. Safe to repeat.

    What waits is sent to the new address. A paused webhook sends nothing and is told of
    nothing that happens; what waited before goes out when it is active again, and so
    does what comes after.

    Raises
    ------
    WebhookAddressError, WebhookError
        As `create_webhook`.
    """
    changed = []
    if address is not None:
        check_address(address)
        webhook.address = address
        changed.append("address")
    if events is not None:
        webhook.events = _checked(events, webhook.owner)
        changed.append("events")
    if state is not None:
        if state not in (Webhook.State.ACTIVE, Webhook.State.PAUSED):
            raise WebhookError(_("A webhook is active or paused."))
        if state == Webhook.State.ACTIVE and webhook.state != state:
            # It is given its chance among those that work.
            webhook.failures = 0
            changed.append("failures")
        webhook.state = state
        changed.append("state")
    # Nothing else: an attempt may end at the same moment.
    webhook.save(update_fields=changed)


def _checked(events: Sequence[str], owner: User) -> list[str]:
    chosen = [event.value for event in CHOSEN_EVENTS if event in events]
    if not chosen or set(events) - set(chosen):
        raise WebhookError(_("Choose of which events it is told."))
    for event in chosen:
        if not may_hear(owner, event):
            raise WebhookError(
                _("Your account may not be told of “%(event)s”.") % {"event": event}
            )
    return chosen


@transaction.atomic
def rotate_secret(*, webhook: Webhook, now: datetime) -> str:
    """Make a new secret and return it; the one before signs beside it for a day.

    Not safe to repeat: each call makes another, and of those before only the last
    holds.
    """
    webhook.previous_seed = webhook.seed
    webhook.previous_until = now + OLD_SECRET_HOLDS
    webhook.seed = new_seed()
    secret = secret_of(webhook.seed)
    webhook.secret_hash = hash_of(secret)
    webhook.save(
        update_fields=["seed", "secret_hash", "previous_seed", "previous_until"]
    )
    return secret


def delete_webhook(*, webhook: Webhook) -> None:
    """Delete it with its messages; those that wait are never sent. Safe to repeat."""
    Webhook.objects.filter(pk=webhook.pk).delete()


@transaction.atomic
def send_test(*, webhook: Webhook, now: datetime) -> WebhookDelivery:
    """Leave a test message. Not safe to repeat: each call sends another.

    Raises
    ------
    WebhookError
        If the webhook is not active.
    TooManyTestsError
        If there were too many in the last minute.
    """
    # Presses at once are counted one after the other.
    found = Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
    if found is None or found.state != Webhook.State.ACTIVE:
        raise WebhookError(_("It is not active: nothing is sent."))
    recent = WebhookDelivery.objects.filter(
        webhook=webhook,
        event=WebhookEvent.TEST,
        created_at__gt=now - timedelta(minutes=1),
    )
    if recent.count() >= TESTS_A_MINUTE:
        raise TooManyTestsError
    (delivery,) = leave_messages(
        webhooks=[webhook], event=WebhookEvent.TEST, messages=[{}], now=now
    )
    return delivery


def resend(*, webhook: Webhook, delivery_id: int, now: datetime) -> bool:
    """Let a message go out once more, with all its attempts; tell whether there is one.

    Its id stays, so that a receiver that has it already sees so. Safe to repeat.

    Raises
    ------
    WebhookError
        If the webhook is not active.
    """
    if webhook.state != Webhook.State.ACTIVE:
        raise WebhookError(_("It is not active: nothing is sent."))
    # One that waits counts on: an attempt may be on its way.
    waits = WebhookDelivery.objects.filter(pk=delivery_id, webhook=webhook)
    ended = waits.exclude(state=WebhookDelivery.State.WAITING)
    again = ended.update(
        state=WebhookDelivery.State.WAITING, attempts=0, next_attempt_at=now
    )
    return bool(again or waits.update(next_attempt_at=now))


def purge_deliveries(*, now: datetime) -> int:
    """Delete messages older than KUKAR_WEBHOOK_KEEP_DAYS; return how many.

    Also those that a paused webhook has left waiting for so long. Safe to repeat.
    """
    old = now - timedelta(days=settings.KUKAR_WEBHOOK_KEEP_DAYS)
    at_rest = ~Q(state=WebhookDelivery.State.WAITING) | ~Q(
        webhook__state=Webhook.State.ACTIVE
    )
    count, _by_model = WebhookDelivery.objects.filter(
        at_rest, created_at__lt=old
    ).delete()
    return count
