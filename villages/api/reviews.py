"""What the office decided about one's own reports, and answers to its questions."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect import params
from kukar_connect.roles import CanSubmitReports
from kukar_connect.schema import failures
from villages.models import Device, ReportReview, ReviewState
from villages.models.reviews import LONGEST_REASON
from villages.selectors.review_queue import own_reports
from villages.services.review_reports import answer_question

MAX_REVIEWS = 200


def _device_id(request: Request) -> UUID | None:
    return request.auth.pk if isinstance(request.auth, Device) else None


class MyReviews(APIView):
    """Decisions about the caller's own reports, oldest first."""

    device_methods = ("GET",)
    permission_classes = [CanSubmitReports]

    @extend_schema(
        operation_id="reports_mine",
        parameters=[
            OpenApiParameter(
                "since", int, description="`next` of the answer before; 0 to begin with"
            )
        ],
        responses=inline_serializer(
            "MyReviews",
            {
                "reviews": inline_serializer(
                    "MyReview",
                    {
                        "id": serializers.UUIDField(help_text="The report's id."),
                        "state": serializers.ChoiceField(ReviewState.choices),
                        "reason": serializers.CharField(),
                        "decided_at": serializers.DateTimeField(),
                    },
                    many=True,
                ),
                "next": serializers.IntegerField(),
                "has_more": serializers.BooleanField(),
            },
        ),
        description=(
            "What was decided about the reports that the caller's account sent (an "
            "enrolled phone hears nothing of the account's other phones), after "
            f"the decision numbered `since`; at most {MAX_REVIEWS}. Of several about "
            "one report the last one holds."
        ),
    )
    def get(self, request: Request) -> Response:
        since = params.whole_number(request.query_params, "since") or 0
        reviews = list(
            ReportReview.objects.filter(
                pk__gt=since,
                report__in=own_reports(
                    user_id=request.user.pk, device_id=_device_id(request)
                ),
            )
            .order_by("pk")
            .values("pk", "report_id", "decision", "reason", "decided_at")[
                : MAX_REVIEWS + 1
            ]
        )
        shown = reviews[:MAX_REVIEWS]
        return Response(
            {
                "reviews": [
                    {
                        "id": review["report_id"],
                        "state": review["decision"],
                        "reason": review["reason"],
                        "decided_at": review["decided_at"],
                    }
                    for review in shown
                ],
                "next": shown[-1]["pk"] if shown else since,
                "has_more": len(reviews) > len(shown),
            },
            headers={"Cache-Control": "no-store"},
        )


class AnswerSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=LONGEST_REASON, trim_whitespace=True)


class Answer(APIView):
    """The reporter's answer to the office's question about a report."""

    device_methods = ("POST",)
    permission_classes = [CanSubmitReports]

    @extend_schema(
        operation_id="reports_answer",
        request=AnswerSerializer,
        responses=inline_serializer("Answered", {"state": serializers.CharField()}),
        extensions=failures({409: "Nothing was asked about this report."}),
        description="Safe to repeat. 409 where nothing was asked about this report.",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        serializer = AnswerSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        is_new = answer_question(
            report_id=pk,
            text=serializer.validated_data["text"],
            by=cast("User", request.user),
            device_id=_device_id(request),
        )
        return Response({"state": ReviewState.ANSWERED}, status=201 if is_new else 200)
