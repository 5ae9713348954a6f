"""What a device's token opens: sending reports, and nothing else.

With it goes what the office asks of their author: questions about them, and tasks.

Enforced here alone, before any view's own permissions: a view that does not say
``device_methods`` refuses every device, whatever else it allows to whom.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from kukar_connect.roles import limit_to_role
from villages.models import Device
from villages.services.enroll_device import TokenRefusedError, recognise_device

KEYWORD = "Device"


class DeviceAuthentication(BaseAuthentication):
    """``Authorization: Device <token>``; the request's ``auth`` is the Device."""

    def authenticate(self, request: Request) -> tuple[AbstractUser, Device] | None:
        keyword, _space, token = get_authorization_header(request).partition(b" ")
        if keyword.lower() != KEYWORD.lower().encode():
            return None
        try:
            device = recognise_device(
                token=token.strip().decode("ascii", "replace"), now=timezone.now()
            )
        except TokenRefusedError as refusal:
            raise AuthenticationFailed(
                {"detail": refusal.detail, "reason": refusal.reason}
            ) from refusal
        if not allows_devices(request.parser_context.get("view"), request.method):
            raise PermissionDenied(_("A device may only send reports."))
        # Of an administrator's phone too: a phone that is found opens no more.
        limit_to_role(device.user, "field")
        return device.user, device

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


def allows_devices(view: Any, method: str | None) -> bool:
    return method in getattr(view, "device_methods", ())


class DeviceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Names the token in the schema, at the addresses that take it."""

    target_class = DeviceAuthentication
    name = "deviceToken"

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        is_taken = allows_devices(auto_schema.view, auto_schema.method)
        return [{self.name: []}] if is_taken else []

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{KEYWORD} <token>` of an enrolled phone.",
        }
