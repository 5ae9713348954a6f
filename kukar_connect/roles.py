"""Roles are Django groups; each includes what the ones before it may do.

viewer    sees the map and the aggregated layers
field     sends reports
verifier  sees single reports and who made them, and decides about them
analyst   imports files and starts runs
admin     everything, with the admin site
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

ROLES = ("viewer", "field", "verifier", "analyst", "admin")


def has_role(user: AbstractUser | AnonymousUser, role: str) -> bool:
    """Tell whether *user* may do what *role* may do."""
    if not user.is_authenticated or not user.is_active:
        return False
    most: str | None = getattr(user, "_kukar_most", None)
    if most and ROLES.index(role) > ROLES.index(most):
        return False
    if user.is_superuser:
        return True
    # Asked several times a page; the groups of a request's user do not change.
    names: set[str] | None = getattr(user, "_kukar_roles", None)
    if names is None:
        names = set(user.groups.values_list("name", flat=True))
        user._kukar_roles = names  # type: ignore[attr-defined]  # our own note on it
    return bool(names & set(ROLES[ROLES.index(role) :]))


def limit_to_role(user: AbstractUser, role: str) -> None:
    """Let *user* do no more than *role* may, for as long as this object of it lives."""
    user._kukar_most = role  # type: ignore[attr-defined]  # our own note on it


def can_see_map(user: AbstractUser | AnonymousUser) -> bool:
    return settings.KUKAR_PUBLIC_MAP or bool(user.is_authenticated and user.is_active)


class CanSeeMap(BasePermission):
    """Everyone signed in; everyone at all where the office opened the map."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return can_see_map(request.user)


class CanSubmitReports(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return has_role(request.user, "field")


class CanSeeReports(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return has_role(request.user, "verifier")


class RoleRequiredMixin(AccessMixin):
    """A page for one role and those above it; ``None`` follows the map's rule."""

    role: str | None = None

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        is_allowed = (
            can_see_map(request.user)
            if self.role is None
            else has_role(request.user, self.role)
        )
        if not is_allowed:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
