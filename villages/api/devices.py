from __future__ import annotations

from ipaddress import ip_address

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.schema import failures
from villages.services.enroll_device import (
    TOKEN_FORM,
    CodeRefusedError,
    check_guesses,
    enroll_device,
    note_wrong_code,
)


class EnrolmentSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=40, help_text="As the office shows it.")
    token = serializers.RegexField(
        TOKEN_FORM,
        max_length=43,
        help_text="Made by the phone: 32 random bytes in base64url.",
    )


class EnrolledSerializer(serializers.Serializer):
    device = serializers.CharField()
    account = serializers.CharField()


class EnrolDevice(APIView):
    """Takes a code of the office and a token that the phone has made."""

    # Whoever holds a code holds all that is needed; a session beside it counts nothing.
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="devices_enrol",
        request=EnrolmentSerializer,
        responses=dict.fromkeys((200, 201), EnrolledSerializer),
        extensions=failures({410: "The code enrols no phone."}),
        description=(
            "Enrols a phone: from now on `Authorization: Device <token>` sends "
            "reports, and does nothing else. Safe to repeat with the same code and "
            "token (then 200). 410: the code enrols no phone; 429: too many wrong ones."
        ),
    )
    def post(self, request: Request) -> Response:
        serializer = EnrolmentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        now, address = timezone.now(), _address(request)
        check_guesses(address=address, now=now)
        try:
            device, is_new = enroll_device(**serializer.validated_data, now=now)
        except CodeRefusedError:
            note_wrong_code(address=address, now=now)
            raise
        return Response(
            {"device": device.name, "account": device.user.get_username()},
            status=201 if is_new else 200,
        )


def _address(request: Request) -> str | None:
    """Return where the request comes from, past the web server on this machine."""
    peer = request.META.get("REMOTE_ADDR", "")
    # The last is what our own web server has added; those before it anybody may write.
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        is_near = ip_address(peer).is_loopback
        return str(ip_address(told if is_near and told else peer))
    except ValueError:
        return None
