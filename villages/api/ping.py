"""Whether one is online: an answer that no captive portal gives."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.roles import has_role
from villages.models import Device

HEADER = "X-Kukar-Connect"
SERVICE = "kukar-connect"


class Ping(APIView):
    """Answers whoever can reach this server, and says who they are to it."""

    permission_classes = [AllowAny]
    device_methods = ("GET",)

    @extend_schema(
        operation_id="ping",
        responses=inline_serializer(
            "Ping",
            {
                "service": serializers.CharField(),
                "time": serializers.DateTimeField(),
                "account": serializers.CharField(allow_null=True),
                "can_report": serializers.BooleanField(),
                "device": serializers.CharField(allow_null=True),
            },
        ),
        description=(
            "Online means that this answers with `service` = `kukar-connect` and the "
            f"header `{HEADER}: 1`; portals of hotels and cafés answer too, but not "
            "so. A device whose token is refused is answered 401 with that header."
        ),
    )
    def get(self, request: Request) -> Response:
        # A phone that signed in long ago gets the cookie that it needs for sending.
        get_token(request._request)
        user, device = request.user, request.auth
        return Response(
            {
                "service": SERVICE,
                "time": timezone.now(),
                "account": user.get_username() or None,
                "can_report": has_role(user, "field"),
                "device": str(device) if isinstance(device, Device) else None,
            }
        )

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        # Also when a device is refused: that phone is online all the same.
        response = super().finalize_response(request, response, *args, **kwargs)
        response[HEADER] = "1"
        response["Cache-Control"] = "no-store"
        return response
