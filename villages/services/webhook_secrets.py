"""The secrets of webhooks, and signatures in the form of Standard Webhooks.

https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from django.conf import settings

from kukar_connect.errors import DomainError
from villages.models import Webhook

# As Standard Webhooks marks them, so that whoever searches for lost secrets finds them.
PREFIX = "whsec_"


class SecretLostError(DomainError):
    """The site's own key is another than when the secret was made."""


def new_seed() -> str:
    return secrets.token_hex(32)


def secret_of(seed: str, *, key: str | None = None) -> str:
    """Return the secret that follows from *seed* and the site's key."""
    site_key = settings.SECRET_KEY if key is None else key
    derived = hmac.digest(
        site_key.encode(), f"villages.webhook:{seed}".encode(), "sha256"
    )
    return PREFIX + base64.b64encode(derived).decode()


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def secrets_of(webhook: Webhook, *, now: datetime) -> list[str]:
    """Return the secrets that sign for *webhook*, the newest first.

    Raises
    ------
    SecretLostError
        If the site has another key now than when the secret was made.
    """
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        newest = secret_of(webhook.seed, key=key)
        if hmac.compare_digest(hash_of(newest), webhook.secret_hash):
            break
    else:
        raise SecretLostError
    is_two = webhook.previous_until is not None and now < webhook.previous_until
    if is_two and webhook.previous_seed:
        return [newest, secret_of(webhook.previous_seed, key=key)]
    return [newest]


def signature(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
