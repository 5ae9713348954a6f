"""Tokens by which scripts and other systems use the API."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.devices import HASH_FORM


class ApiToken(models.Model):
    """A token of an account, for as long as it holds; kept is only its hash."""

    class Scope(models.TextChoices):
        READ = "read", _("read")
        SUBMIT = "submit", _("send reports")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="api_tokens",
        verbose_name=_("account"),
    )
    name = models.CharField(_("name"), max_length=100)
    scopes = ArrayField(
        models.CharField(max_length=8, choices=Scope), verbose_name=_("allowed to")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Its first letters, by which its owner knows it again.
    beginning = models.CharField(_("begins with"), max_length=12, editable=False)
    created_at = models.DateTimeField(_("made at"), db_default=Now())
    expires_at = models.DateTimeField(_("ends at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            models.CheckConstraint(name="api_token_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="api_token_hash_form", condition=Q(token_hash__regex=HASH_FORM)
            ),
            models.CheckConstraint(
                name="api_token_scopes_known",
                condition=Q(scopes__contained_by=["read", "submit"])
                & Q(scopes__len__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"
