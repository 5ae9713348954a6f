"""Addresses of other systems that are told what happened, and the messages for them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.devices import HASH_FORM


class WebhookEvent(models.TextChoices):
    RUN_PUBLISHED = "run.published", _("a run is published")
    SPOT_OPENED = "blank_spot.opened", _("a blank spot appears")
    SPOT_CLOSED = "blank_spot.closed", _("a blank spot ends")
    SPOT_CHANGED = "blank_spot.changed", _("a blank spot changes")
    REPORT_REVIEWED = "report.reviewed", _("a report is decided about")
    TEST = "test", _("test")


# What one may ask to be told of: a test comes when somebody presses its button.
CHOSEN_EVENTS = [event for event in WebhookEvent if event != WebhookEvent.TEST]


class WebhookOutcome(models.TextChoices):
    """How an attempt ended. No more is kept of what the other side answered."""

    DELIVERED = "delivered", _("delivered")
    STATUS = "status", _("the receiver answered with an error")
    REDIRECT = "redirect", _("the receiver answered with a redirect")
    GONE = "gone", _("the receiver wants no more (410)")
    TIMEOUT = "timeout", _("no answer in time")
    UNREACHABLE = "unreachable", _("no connection")
    TLS = "tls", _("no secure connection: certificate or TLS")
    GARBLED = "garbled", _("the answer is not HTTP")
    ADDRESS = "address", _("the address leads nowhere that may be called")
    SECRET = "secret", _("the secret no longer holds: make a new one")
    OWNER = "owner", _("the account may not be told of it any more")


class Webhook(models.Model):
    """An address of an account to which events are sent, signed with its secret.

    The secret is not kept: it follows from the site's own key and the seed, so that a
    copy of the database can sign nothing.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        # The receiver answered 410.
        GONE = "gone", _("switched off by the receiver")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="webhooks",
        verbose_name=_("account"),
    )
    address = models.CharField(_("address"), max_length=500)
    events = ArrayField(
        models.CharField(max_length=20, choices=WebhookEvent), verbose_name=_("events")
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.ACTIVE
    )
    created_at = models.DateTimeField(_("made at"), db_default=Now())
    seed = models.CharField(max_length=64, editable=False)
    # By which a secret is recognised that another key of the site has made.
    secret_hash = models.CharField(max_length=64, editable=False)
    # After a new secret was made, the one before signs too, until then.
    previous_seed = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001 - none until a second one is made
    previous_until = models.DateTimeField(null=True, editable=False)
    # Attempts that failed since the last message that arrived.
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_attempt_at = models.DateTimeField(_("last attempt at"), null=True)
    last_outcome = models.CharField(
        _("last outcome"), max_length=12, choices=WebhookOutcome, blank=True
    )
    last_status = models.PositiveSmallIntegerField(_("last status"), null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.CheckConstraint(
                name="webhook_address_is_http",
                condition=Q(address__regex=r"^https?://[!-~]+$"),
            ),
            models.CheckConstraint(
                name="webhook_events_known",
                condition=Q(events__contained_by=[e.value for e in CHOSEN_EVENTS])
                & Q(events__len__gte=1),
            ),
            models.CheckConstraint(
                name="webhook_state_known",
                condition=Q(state__in=["active", "paused", "gone"]),
            ),
            models.CheckConstraint(
                name="webhook_seed_form",
                condition=Q(seed__regex=HASH_FORM, secret_hash__regex=HASH_FORM),
            ),
            models.CheckConstraint(
                name="webhook_previous_secret_ends",
                condition=Q(previous_seed__isnull=True, previous_until__isnull=True)
                | Q(previous_seed__regex=HASH_FORM, previous_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.address


class WebhookDelivery(models.Model):
    """A message for one webhook: written when it happened, sent afterwards.

    ``attempts`` and ``next_attempt_at`` are moved on before an attempt begins, so that
    one that nobody saw end is made again by itself.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given_up", _("given up")
        CANCELLED = "cancelled", _("not sent")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    # The same at every attempt: by it the receiver knows a message again.
    message_id = models.UUIDField(_("message"), default=uuid.uuid4, editable=False)
    event = models.CharField(_("event"), max_length=20, choices=WebhookEvent)
    # As it is sent and signed, to the byte.
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("happened at"))
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)
    last_attempt_at = models.DateTimeField(_("last attempt at"), null=True)
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=WebhookOutcome, blank=True
    )
    status = models.PositiveSmallIntegerField(_("status"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                name="webhook_delivery_due",
                fields=["webhook", "next_attempt_at"],
                condition=Q(state="waiting"),
            ),
            models.Index(name="webhook_delivery_log", fields=["webhook", "-id"]),
            models.Index(name="webhook_delivery_age", fields=["created_at"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="webhook_delivery_once", fields=["webhook", "message_id"]
            ),
            models.CheckConstraint(
                name="webhook_delivery_event_known",
                condition=Q(event__in=[e.value for e in WebhookEvent]),
            ),
            models.CheckConstraint(
                name="webhook_delivery_state_known",
                condition=Q(
                    state__in=["waiting", "delivered", "given_up", "cancelled"]
                ),
            ),
            models.CheckConstraint(
                name="webhook_delivery_waits_for_a_moment",
                condition=Q(state="waiting", next_attempt_at__isnull=False)
                | (~Q(state="waiting") & Q(next_attempt_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
