"""Phones that may send reports without anybody signed in on them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

HASH_FORM = r"^[0-9a-f]{64}$"


class Device(models.Model):
    """A phone, from the code that an administrator made for it until it is revoked.

    Neither the code nor the phone's token is kept, only what recognises them. The code
    stays known after it was used, so that a phone that never got the answer can ask
    again; with another token it is worth nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="devices",
        verbose_name=_("reports for"),
    )
    created_at = models.DateTimeField(_("made at"), db_default=Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    code_hash = models.CharField(max_length=64, editable=False)
    code_expires_at = models.DateTimeField(_("code runs out at"))
    token_hash = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001 - nothing until the phone has enrolled
    enrolled_at = models.DateTimeField(_("enrolled at"), null=True)
    last_seen_at = models.DateTimeField(_("last seen at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [
            models.CheckConstraint(name="device_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="device_code_hash_form", condition=Q(code_hash__regex=HASH_FORM)
            ),
            models.CheckConstraint(
                name="device_token_hash_form",
                condition=Q(token_hash__isnull=True) | Q(token_hash__regex=HASH_FORM),
            ),
            models.CheckConstraint(
                name="device_enrolled_with_a_token",
                condition=Q(token_hash__isnull=True, enrolled_at__isnull=True)
                | Q(token_hash__isnull=False, enrolled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="device_revoked_by_somebody_at_a_time",
                condition=Q(revoked_by__isnull=True) | Q(revoked_at__isnull=False),
            ),
            models.UniqueConstraint(name="device_code_once", fields=["code_hash"]),
            models.UniqueConstraint(name="device_token_once", fields=["token_hash"]),
        ]

    def __str__(self) -> str:
        return self.name


class WrongCode(models.Model):
    """An enrolment code that was refused, kept for an hour to bound guessing.

    In the database, because the web server's processes share no other memory.
    """

    tried_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        return f"{self.address} at {self.tried_at:%Y-%m-%d %H:%M:%S}"
