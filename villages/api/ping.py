"""Whether one is online: an answer that no captive portal gives."""

from __future__ import annotations

from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.roles import has_role

HEADER = "X-Kukar-Connect"
SERVICE = "kukar-connect"


class Ping(APIView):
    """Answers whoever can reach this server, and says who they are to it."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="ping",
        responses=inline_serializer(
            "Ping",
            {
                "service": serializers.CharField(),
                "time": serializers.DateTimeField(),
                "account": serializers.CharField(allow_null=True),
                "can_report": serializers.BooleanField(),
            },
        ),
        description=(
            "Online means that this answers with `service` = `kukar-connect` and the "
            f"header `{HEADER}: 1`; portals of hotels and cafés answer too, but not so."
        ),
    )
    def get(self, request: Request) -> Response:
        # A phone that signed in long ago gets the cookie that it needs for sending.
        get_token(request._request)
        user = request.user
        return Response(
            {
                "service": SERVICE,
                "time": timezone.now(),
                "account": user.get_username() or None,
                "can_report": has_role(user, "field"),
            },
            headers={HEADER: "1", "Cache-Control": "no-store"},
        )
