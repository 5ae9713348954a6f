"""One's own webhooks: the same as on the page /webhook/.

A token that reads may look at them. To make or change one takes a session: a token that
got out must not be able to have anything sent elsewhere.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect import params
from kukar_connect.roles import has_role
from villages.models import Webhook, WebhookDelivery, WebhookEvent, WebhookOutcome
from villages.models.webhooks import CHOSEN_EVENTS
from villages.services.webhook_addresses import LONGEST_ADDRESS
from villages.services.webhook_events import LEAST_ROLE
from villages.services.webhooks import (
    change_webhook,
    create_webhook,
    delete_webhook,
    resend,
    rotate_secret,
    send_test,
)

MAX_DELIVERIES = 100
# The largest number of a row that the database knows.
LARGEST_ID = 2**63 - 1

NOT_KEPT = {"Cache-Control": "no-store"}


class MayHaveWebhooks(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return has_role(request.user, LEAST_ROLE)


class WebhookSerializer(serializers.Serializer):
    id = serializers.UUIDField(read_only=True)
    address = serializers.CharField(
        max_length=LONGEST_ADDRESS, help_text="Begins with https://."
    )
    events = serializers.ListField(
        child=serializers.ChoiceField([(e.value, e.label) for e in CHOSEN_EVENTS]),
        min_length=1,
        max_length=len(CHOSEN_EVENTS),
    )
    state = serializers.ChoiceField(
        Webhook.State.choices,
        read_only=True,
        help_text="`gone`: the receiver answered 410. PATCH to `active` begins again.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    failures = serializers.IntegerField(
        read_only=True, help_text="Failed attempts since the last that arrived."
    )
    last_attempt_at = serializers.DateTimeField(read_only=True, allow_null=True)
    last_outcome = serializers.ChoiceField(
        WebhookOutcome.choices, read_only=True, allow_blank=True
    )
    last_status = serializers.IntegerField(read_only=True, allow_null=True)


class MadeWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Told in this answer only.")


class ChangeSerializer(WebhookSerializer):
    state = serializers.ChoiceField([Webhook.State.ACTIVE, Webhook.State.PAUSED])


class DeliverySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    message_id = serializers.SerializerMethodField(help_text="As in `webhook-id`.")
    event = serializers.ChoiceField(WebhookEvent.choices)
    state = serializers.ChoiceField(WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(WebhookOutcome.choices, allow_blank=True)
    status = serializers.IntegerField(allow_null=True)

    def get_message_id(self, delivery: WebhookDelivery) -> str:
        return f"msg_{delivery.message_id.hex}"


def _own(request: Request, pk: UUID) -> Webhook:
    own = Webhook.objects.select_related("owner").filter(owner_id=request.user.pk)
    return get_object_or_404(own, pk=pk)


class Webhooks(APIView):
    """The caller's webhooks, and another one."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(
        operation_id="webhooks_list",
        responses=inline_serializer(
            "Webhooks", {"webhooks": WebhookSerializer(many=True)}
        ),
    )
    def get(self, request: Request) -> Response:
        own = Webhook.objects.filter(owner_id=request.user.pk)
        found = WebhookSerializer(own, many=True).data
        return Response({"webhooks": found}, headers=NOT_KEPT)

    @extend_schema(
        operation_id="webhooks_create",
        request=WebhookSerializer,
        responses={201: MadeWebhookSerializer},
        description=(
            "Takes a session, no token. The secret signs every message as Standard "
            "Webhooks says; it is told this once."
        ),
    )
    def post(self, request: Request) -> Response:
        serializer = WebhookSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        webhook, secret = create_webhook(
            owner=cast("User", request.user),
            now=timezone.now(),
            **serializer.validated_data,
        )
        made = WebhookSerializer(webhook).data | {"secret": secret}
        return Response(made, status=201, headers=NOT_KEPT)


class WebhookDetail(APIView):
    """One of the caller's webhooks."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(operation_id="webhooks_read", responses=WebhookSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        found = WebhookSerializer(_own(request, pk)).data
        return Response(found, headers=NOT_KEPT)

    @extend_schema(
        operation_id="webhooks_change",
        request=ChangeSerializer(partial=True),
        responses=WebhookSerializer,
        description="Takes a session, no token. What is not given stays.",
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        webhook = _own(request, pk)
        serializer = ChangeSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        change_webhook(webhook=webhook, **serializer.validated_data)
        return Response(WebhookSerializer(webhook).data, headers=NOT_KEPT)

    @extend_schema(
        operation_id="webhooks_delete",
        responses={204: None},
        description="Takes a session, no token. What waits is never sent.",
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        delete_webhook(webhook=_own(request, pk))
        return Response(status=204)


class WebhookSecret(APIView):
    """A new secret for one of the caller's webhooks."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(
        operation_id="webhooks_rotate",
        request=None,
        responses=MadeWebhookSerializer,
        description=(
            "Takes a session, no token. The secret before signs beside the new one "
            "for 24 hours."
        ),
    )
    def post(self, request: Request, pk: UUID) -> Response:
        webhook = _own(request, pk)
        secret = rotate_secret(webhook=webhook, now=timezone.now())
        made = WebhookSerializer(webhook).data | {"secret": secret}
        return Response(made, headers=NOT_KEPT)


class WebhookTest(APIView):
    """A message of the event `test`."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(
        operation_id="webhooks_test",
        request=None,
        responses={202: DeliverySerializer},
        description=(
            "Takes a session, no token. It is sent within seconds: what became of it "
            "stands in `deliveries/`. 429: too many in a minute."
        ),
    )
    def post(self, request: Request, pk: UUID) -> Response:
        delivery = send_test(webhook=_own(request, pk), now=timezone.now())
        return Response(DeliverySerializer(delivery).data, status=202)


class WebhookDeliveries(APIView):
    """What was and will be sent to one of the caller's webhooks, newest first."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(
        operation_id="webhooks_deliveries",
        parameters=[
            OpenApiParameter("before", int, description="`next` of the answer before")
        ],
        responses=inline_serializer(
            "WebhookDeliveries",
            {
                "deliveries": DeliverySerializer(many=True),
                "next": serializers.IntegerField(
                    allow_null=True, help_text="`before` for the next answer; null: end"
                ),
            },
        ),
        description=f"At most {MAX_DELIVERIES}.",
    )
    def get(self, request: Request, pk: UUID) -> Response:
        before = params.whole_number(request.query_params, "before")
        found = WebhookDelivery.objects.filter(webhook=_own(request, pk)).defer("body")
        if before is not None:
            found = found.filter(pk__lt=before)
        page = list(found[: MAX_DELIVERIES + 1])
        shown = page[:MAX_DELIVERIES]
        return Response(
            {
                "deliveries": DeliverySerializer(shown, many=True).data,
                "next": shown[-1].pk if len(page) > len(shown) else None,
            },
            headers=NOT_KEPT,
        )


class WebhookResend(APIView):
    """A message once more."""

    permission_classes = [MayHaveWebhooks]

    @extend_schema(
        operation_id="webhooks_resend",
        request=None,
        responses={202: DeliverySerializer},
        description=(
            "Takes a session, no token. Its `webhook-id` stays, so a receiver that has "
            "it already may ignore it."
        ),
    )
    def post(self, request: Request, pk: UUID, delivery_id: int) -> Response:
        webhook = _own(request, pk)
        if delivery_id > LARGEST_ID or not resend(
            webhook=webhook, delivery_id=delivery_id, now=timezone.now()
        ):
            raise NotFound
        delivery = WebhookDelivery.objects.get(pk=delivery_id)
        return Response(DeliverySerializer(delivery).data, status=202)
