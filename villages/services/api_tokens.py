"""Making, recognising and ending the tokens of accounts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.models import ApiToken

# Found by whoever searches code and logs for secrets that got out.
PREFIX = "kukar_"
SHOWN_LETTERS = len(PREFIX) + 4
# A row need not be written at every request.
USED_STEP = timedelta(minutes=1)


class TokenError(DomainError):
    title = gettext_noop("The token could not be made.")


class ApiTokenRefusedError(DomainError):
    """Says why a token opens nothing."""

    status = 401
    title = gettext_noop("The token is not accepted.")


@transaction.atomic
def create_api_token(
    *,
    user: User,
    name: str,
    scopes: Sequence[str],
    days: int,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token of *user* and return it with its text, which is kept nowhere.

    Not safe to repeat: each call makes another.

    Raises
    ------
    TokenError
        If it has no name, may nothing, would hold too long, or the account has as
        many as it may have.
    """
    if not name.strip():
        raise TokenError(_("Give the token a name, to know it by later."))
    if not scopes or not set(scopes) <= set(ApiToken.Scope.values):
        raise TokenError(_("Choose what the token may do."))
    if not 1 <= days <= settings.KUKAR_TOKEN_MOST_DAYS:
        raise TokenError(
            _("A token holds from 1 to %(most)d days.")
            % {"most": settings.KUKAR_TOKEN_MOST_DAYS}
        )
    in_force = ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now)
    if in_force.count() >= settings.KUKAR_TOKENS_OF_ONE:
        raise TokenError(
            _("This account has %(most)d tokens already. Revoke one that is not used.")
            % {"most": settings.KUKAR_TOKENS_OF_ONE}
        )
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name.strip(),
        scopes=sorted(set(scopes)),
        token_hash=hash_of(text),
        beginning=text[:SHOWN_LETTERS],
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return token, text


def hash_of(text: str) -> str:
    # Of 256 random bits: nothing that a slower hash would make safer.
    return hashlib.sha256(text.encode()).hexdigest()


def recognise_api_token(*, text: str, now: datetime) -> ApiToken:
    """Return the token whose text is *text*, and note that it was used.

    Raises
    ------
    ApiTokenRefusedError
        If there is none, it was revoked or has ended, or its account is switched off.
    """
    token = (
        ApiToken.objects.select_related("user").filter(token_hash=hash_of(text)).first()
    )
    if token is None:
        raise ApiTokenRefusedError(
            _("There is no such token. Make one on the page “API tokens”.")
        )
    if token.revoked_at:
        raise ApiTokenRefusedError(_("This token was revoked. Make another."))
    if token.expires_at <= now:
        raise ApiTokenRefusedError(_("This token has ended. Make another."))
    if not token.user.is_active:
        raise ApiTokenRefusedError(
            _("The account of this token is switched off. Ask the office.")
        )
    ApiToken.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - USED_STEP), pk=token.pk
    ).update(last_used_at=now)
    return token


def revoke_api_token(*, token_id: UUID, user_id: int | None, now: datetime) -> bool:
    """End a token, of *user_id* alone where one is given; tell whether it was in force.

    Safe to repeat.
    """
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at=None)
    if user_id is not None:
        tokens = tokens.filter(user_id=user_id)
    return bool(tokens.update(revoked_at=now))
