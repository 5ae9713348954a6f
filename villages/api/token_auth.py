"""What a token of an account opens: what its scopes name, and nothing else.

A token that may read opens what its account may read. One that may send reports opens
the addresses that a phone uses. Whatever else changes something refuses every token.
"""

from __future__ import annotations

import base64
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from kukar_connect.roles import limit_to_role
from villages.api.device_auth import allows_devices
from villages.models import ApiToken
from villages.services.api_tokens import ApiTokenRefusedError, recognise_api_token

KEYWORDS = (b"token", b"bearer")


class ApiTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>`` or ``Token <token>``.

    GIS programs know user name and password: Basic, any name, the token as password.
    """

    def authenticate(self, request: Request) -> tuple[AbstractUser, ApiToken] | None:
        keyword, _space, given = get_authorization_header(request).partition(b" ")
        if keyword.lower() in KEYWORDS:
            text = given.strip().decode("ascii", "replace")
        elif keyword.lower() == b"basic":
            text = _password_of(given)
        else:
            return None
        try:
            token = recognise_api_token(text=text, now=timezone.now())
        except ApiTokenRefusedError as refusal:
            raise AuthenticationFailed(refusal.detail) from refusal
        view = request.parser_context.get("view")
        scope = scope_for(view, request.method, token.scopes)
        if scope is None:
            raise PermissionDenied(_("This token may not do that."))
        if scope == ApiToken.Scope.SUBMIT:
            # Of an administrator's script too: a token that got out opens no more.
            limit_to_role(token.user, "field")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _password_of(given: bytes) -> str:
    try:
        pair = base64.b64decode(given.strip(), validate=True)
    except ValueError:
        return ""
    return pair.decode("utf-8", "replace").partition(":")[2]


def scope_for(view: Any, method: str | None, scopes: list[str]) -> str | None:
    """Return the scope of *scopes* that opens *method* of *view*, None for none.

    ``read_methods`` of a view names what reads though its method is not a safe one.
    """
    reads = method in SAFE_METHODS or method in getattr(view, "read_methods", ())
    if reads and ApiToken.Scope.READ in scopes:
        return ApiToken.Scope.READ
    if allows_devices(view, method) and ApiToken.Scope.SUBMIT in scopes:
        return ApiToken.Scope.SUBMIT
    return None


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiTokenAuthentication
    name = "apiToken"

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        every_scope = list(ApiToken.Scope.values)
        is_taken = scope_for(auto_schema.view, auto_schema.method, every_scope)
        return [{self.name: []}] if is_taken else []

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from the page “API tokens” (/token/).",
        }
