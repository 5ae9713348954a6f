"""Who may enter: people with a role, and tokens for their scripts."""

from __future__ import annotations

import secrets

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, User
from django.db import transaction
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from kukar_connect.roles import ROLES


class AccountError(DomainError):
    title = gettext_noop("The account could not be made.")


@transaction.atomic
def create_account(*, name: str, role: str) -> tuple[AbstractUser, str]:
    """Make an account with *role* and return it with its first password.

    The password is random and kept nowhere in clear.

    Raises
    ------
    AccountError
        If the name is taken or not possible, or there is no such role.
    """
    user_model = get_user_model()
    if role not in ROLES:
        message = f"There is no role “{role}”. Use one of: {', '.join(ROLES)}."
        raise AccountError(message)
    if user_model.objects.filter(username=name).exists():
        message = f"There is an account “{name}” already."
        raise AccountError(message)
    if not name or len(name) > 150 or not name.isprintable() or name != name.strip():
        message = "A name has 1 to 150 visible characters."
        raise AccountError(message)
    password = secrets.token_urlsafe(12)
    # "admin" is by definition everything, so Django's own word for it serves.
    is_admin = role == "admin"
    user = user_model.objects.create_user(
        username=name, password=password, is_staff=is_admin, is_superuser=is_admin
    )
    user.groups.add(Group.objects.get(name=role))
    return user, password


def account(name: str) -> User:
    """Return the account *name*.

    Raises
    ------
    AccountError
        If there is no such account.
    """
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        message = f"There is no account “{name}”. Make it with create_user first."
        raise AccountError(message)
    return user
