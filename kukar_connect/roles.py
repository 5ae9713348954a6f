"""Roles are Django groups; each includes what the ones before it may do.

viewer    sees the map and the aggregated layers
field     sends reports
verifier  sees single reports and who made them, and decides about them
analyst   imports files and starts runs
admin     everything, with the admin site
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin, LoginRequiredMixin
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
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


def sign_in_first(request: HttpRequest) -> HttpResponseRedirect:
    """Send the visitor to sign in and then back to the page where they were.

    For a form that is the page which it stood on: many addresses take forms only.
    """
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()})
    parts = urlsplit(page if is_ours else "/")
    return redirect_to_login(parts._replace(scheme="", netloc="", fragment="").geturl())


class SignInFirstMixin(AccessMixin):
    """Whoever has to sign in comes back to where they were."""

    request: HttpRequest

    def handle_no_permission(self) -> HttpResponseRedirect:
        if self.raise_exception or self.request.user.is_authenticated:
            return super().handle_no_permission()
        return sign_in_first(self.request)


class SignedInMixin(SignInFirstMixin, LoginRequiredMixin):
    """A page for everyone who has signed in."""


class RoleRequiredMixin(SignInFirstMixin):
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
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view beside it has one


View = Callable[..., HttpResponseBase]


def role_required(role: str) -> Callable[[View], View]:
    """Make a view that is a function one for *role* and those above it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if has_role(request.user, role):
                return view(request, *args, **kwargs)
            if request.user.is_authenticated:
                raise PermissionDenied
            return sign_in_first(request)

        return checked

    return decorate
