"""Where the office wants a measurement, for the phone that may make it."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kukar_connect.roles import CanSubmitReports
from villages.models import MeasurementTask, Operator
from villages.selectors.measurement_tasks import tasks_for
from villages.services.measurement_tasks import done_within_m

MAX_TASKS = 200


class Tasks(APIView):
    """The caller's own tasks and those that anybody may do."""

    device_methods = ("GET",)
    permission_classes = [CanSubmitReports]

    @extend_schema(
        operation_id="tasks_list",
        responses=inline_serializer(
            "Tasks",
            {
                "tasks": inline_serializer(
                    "Task",
                    {
                        "id": serializers.UUIDField(),
                        "name": serializers.CharField(),
                        "village": serializers.CharField(help_text="Its code."),
                        "village_name": serializers.CharField(),
                        "lon": serializers.FloatField(),
                        "lat": serializers.FloatField(),
                        "operators": serializers.ListField(
                            child=serializers.ChoiceField(Operator.choices)
                        ),
                        "reason": serializers.CharField(),
                        "due_date": serializers.DateField(allow_null=True),
                        "is_mine": serializers.BooleanField(),
                        "state": serializers.ChoiceField(MeasurementTask.State.choices),
                        "created_at": serializers.DateTimeField(),
                        "ended_at": serializers.DateTimeField(allow_null=True),
                        "is_demo": serializers.BooleanField(),
                    },
                    many=True,
                ),
                "done_within_m": serializers.FloatField(
                    help_text=(
                        "A report of one of a task's operators, made this near to it "
                        "after it was, makes it done."
                    )
                ),
                "has_more": serializers.BooleanField(),
            },
        ),
        description=(
            "Open tasks, one's own before anybody's, then those that ended in the last "
            f"30 days; at most {MAX_TASKS}. Nothing is sent to do a task: a report "
            "near it does it."
        ),
    )
    def get(self, request: Request) -> Response:
        user = cast("User", request.user)
        tasks = list(tasks_for(user, now=timezone.now())[: MAX_TASKS + 1])
        return Response(
            {
                "tasks": [
                    {
                        "id": task.pk,
                        "name": task.name,
                        "village": task.village_id,
                        "village_name": task.village.name,
                        "lon": round(task.point.x, 6),
                        "lat": round(task.point.y, 6),
                        "operators": task.operators,
                        "reason": task.reason,
                        "due_date": task.due_date,
                        "is_mine": task.assigned_to_id == user.pk,
                        "state": task.state,
                        "created_at": task.created_at,
                        "ended_at": task.ended_at,
                        "is_demo": task.is_demo,
                    }
                    for task in tasks[:MAX_TASKS]
                ],
                "done_within_m": done_within_m(),
                "has_more": len(tasks) > MAX_TASKS,
            },
            headers={"Cache-Control": "no-store"},
        )
