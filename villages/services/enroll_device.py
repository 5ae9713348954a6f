"""Phones that report on their own: a code for each, its enrolment, and its end."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from kukar_connect.roles import has_role
from villages.models import Device, WrongCode

# Crockford's digits: none that is taken for another when read aloud or typed.
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
_MEANT = str.maketrans("OIL", "011")

# A code is one of 32**8, about 10**12. With 500 wrong ones an hour and 200 codes open
# for two days, the odds that somebody guesses one are below 1 in 200,000.
GUESS_WINDOW = timedelta(hours=1)
MOST_GUESSES = 500
# One address alone does not use up what the others may try.
MOST_GUESSES_OF_ONE = 20

# What the phone makes: 32 random bytes in base64url.
TOKEN_FORM = re.compile(r"^[A-Za-z0-9_-]{43}$")
# How exact "last seen" is; nearer would be a write for every request.
SEEN_STEP = timedelta(minutes=1)


class DeviceError(DomainError):
    title = gettext_noop("The device could not be set up.")


class CodeRefusedError(DomainError):
    """The code enrols no phone; `facts["reason"]` says why, for programs."""

    status = 410
    title = gettext_noop("This code enrols no phone.")


class TooManyWrongCodesError(DomainError):
    status = 429
    title = gettext_noop("Too many wrong codes; try again later.")


class TokenRefusedError(Exception):
    """A device's token is not valid; `reason` says why, for programs."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


@transaction.atomic
def create_enrolment(
    *, name: str, user: User, created_by_id: int | None, now: datetime
) -> tuple[Device, str]:
    """Make a device that reports for *user*; return it with the code that enrols it.

    The code is kept nowhere in clear, so it can be shown now and never again. Not safe
    to repeat: every call makes a device.

    Raises
    ------
    DeviceError
        If the device has no name, or the account may not send reports.
    """
    if not name.strip():
        raise DeviceError(_("Give the device a name."))
    if not has_role(user, "field"):
        raise DeviceError(_("This account may not send reports."))
    digits = "".join(secrets.choice(DIGITS) for _digit in range(CODE_LENGTH))
    device = Device.objects.create(
        name=name.strip(),
        user=user,
        created_at=now,
        created_by_id=created_by_id,
        code_hash=_code_hash(digits),
        code_expires_at=now + timedelta(hours=settings.KUKAR_ENROLMENT_HOURS),
    )
    return device, f"{digits[:4]}-{digits[4:]}"


@transaction.atomic
def enroll_device(*, code: str, token: str, now: datetime) -> tuple[Device, bool]:
    """Let the phone that holds *code* send reports with *token* from now on.

    Returns the device, and whether this call enrolled it. Safe to repeat: the phone
    makes the token itself, so when the answer was lost it asks again with the same two,
    also after the code has run out, and is answered the same. With another token a code
    works once.

    Raises
    ------
    CodeRefusedError
        If there is no such code, or it has run out, was used, or was revoked.
    """
    digits = "".join(c for c in code.upper() if c.isalnum()).translate(_MEANT)
    device = (
        Device.objects.select_for_update(of=["self"])
        .select_related("user")
        .filter(code_hash=_code_hash(digits))
        .first()
    )
    if device is None:
        raise CodeRefusedError(
            _("There is no such code. Compare it with the one the office shows."),
            reason="unknown",
        )
    if device.revoked_at:
        raise CodeRefusedError(
            _("The office has ended this enrolment. Ask for a new code."),
            reason="revoked",
        )
    token_hash = _token_hash(token)
    if device.token_hash == token_hash:
        return device, False
    if device.token_hash or Device.objects.filter(token_hash=token_hash).exists():
        raise CodeRefusedError(
            _("This code was used already. Ask the office for a new one."),
            reason="used",
        )
    if device.code_expires_at <= now:
        raise CodeRefusedError(
            _("This code has run out. Ask the office for a new one."), reason="expired"
        )
    device.token_hash = token_hash
    device.enrolled_at = now
    device.save(update_fields=["token_hash", "enrolled_at"])
    return device, True


@transaction.atomic
def revoke_device(*, device_id: UUID, revoked_by_id: int | None, now: datetime) -> bool:
    """End a device: its token and its code work no more. Its reports stay.

    Returns whether this call ended it. Safe to repeat: the first time and its author
    stay.
    """
    return bool(
        Device.objects.filter(pk=device_id, revoked_at=None).update(
            revoked_at=now, revoked_by_id=revoked_by_id
        )
    )


def recognise_device(*, token: str, now: datetime) -> Device:
    """Return the device that *token* belongs to, and note that it was seen.

    Safe to repeat.

    Raises
    ------
    TokenRefusedError
        If there is no such device, it is revoked, or its account is switched off.
    """
    device = (
        Device.objects.select_related("user")
        .filter(token_hash=_token_hash(token))
        .first()
    )
    if device is None:
        raise TokenRefusedError(
            _("This phone is not enrolled here. Enrol it with a code of the office."),
            "device_unknown",
        )
    if device.revoked_at:
        raise TokenRefusedError(
            _(
                "The office has ended the enrolment of this phone. Enrol it anew with "
                "a code, or sign in."
            ),
            "device_revoked",
        )
    if not device.user.is_active:
        raise TokenRefusedError(
            _("The account of this phone is switched off. Ask the office."),
            "account_inactive",
        )
    Device.objects.filter(
        Q(last_seen_at=None) | Q(last_seen_at__lt=now - SEEN_STEP), pk=device.pk
    ).update(last_seen_at=now)
    return device


def check_guesses(*, address: str | None, now: datetime) -> None:
    """Refuse to look at a code after too many wrong ones.

    Raises
    ------
    TooManyWrongCodesError
        If *address*, or all addresses together, have tried too many within an hour.
    """
    recent = WrongCode.objects.filter(tried_at__gt=now - GUESS_WINDOW)
    if (
        recent.filter(address=address).count() >= MOST_GUESSES_OF_ONE
        or recent.count() >= MOST_GUESSES
    ):
        raise TooManyWrongCodesError(
            _("Wait an hour before you enter a code again. Nothing is lost.")
        )


@transaction.atomic
def note_wrong_code(*, address: str | None, now: datetime) -> None:
    """Count a code that was refused, and forget those that count no more."""
    WrongCode.objects.filter(tried_at__lte=now - GUESS_WINDOW).delete()
    WrongCode.objects.create(address=address, tried_at=now)


def _code_hash(digits: str) -> str:
    # Keyed, because a copy of the database alone would give away 40 bits in seconds.
    return salted_hmac("kukar.enrolment", digits, algorithm="sha256").hexdigest()


def _token_hash(token: str) -> str:
    # Of 256 random bits: nothing that a slower hash would make safer.
    return hashlib.sha256(token.encode()).hexdigest()
