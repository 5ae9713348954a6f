"""Stops become tasks, and tasks are looked after."""

from __future__ import annotations

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.generic import TemplateView

from coverage.selectors.measuring import Stop
from coverage.web import measure_words
from coverage.web.measure import StopsQuery
from kukar_connect.errors import DomainError
from kukar_connect.roles import RoleRequiredMixin
from villages.models import MeasurementTask
from villages.models.reports import receipt
from villages.selectors.measurement_tasks import all_tasks
from villages.services.measurement_tasks import (
    NewTask,
    create_tasks,
    done_within_m,
    drop_task,
)
from villages.web.devices import accounts_that_report

PER_PAGE = 50


class TaskList(RoleRequiredMixin, TemplateView):
    """Every task with what became of it."""

    role = "analyst"
    template_name = "coverage/measure_tasks.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        states = dict(MeasurementTask.State.choices)
        asked = self.request.GET.get("state", "")
        state = asked if asked in states else None
        page = Paginator(all_tasks(state), PER_PAGE).get_page(
            self.request.GET.get("page")
        )
        today = timezone.localdate()
        rows = [
            {
                "task": task,
                "operators": measure_words.operators_text(task.operators),
                "receipt": receipt(task.done_report.digest)
                if task.done_report
                else None,
                "is_late": task.state == MeasurementTask.State.OPEN
                and task.due_date is not None
                and task.due_date < today,
                "state_name": task.get_state_display(),
            }
            for task in page.object_list
        ]
        return super().get_context_data(
            **kwargs,
            page=page,
            rows=rows,
            state=state or "",
            states=states.items(),
            within_m=done_within_m(),
        )


class MakeTasks(StopsQuery, View):
    """Makes tasks of the stops that were ticked in the list."""

    role = "analyst"

    @property
    def is_demo(self) -> bool:
        return self.run is not None and self.run.is_demo

    def post(self, request: HttpRequest) -> HttpResponse:
        keys = request.POST.getlist("stop")[: len(self.found.stops) or 1]
        chosen = [stop for stop in self.found.stops if stop.leader.key in keys]
        # What was ticked is ticked still.
        ticked = urlencode({"stop": [stop.leader.key for stop in chosen]}, doseq=True)
        back = f"{reverse('measure')}?{self.query}&{ticked}"
        if not chosen:
            messages.error(
                request,
                _("Tick the stops that are to become tasks. None was made.")
                if not keys
                else _("The map has changed meanwhile. Look at the list again."),
            )
            return redirect(back)
        try:
            due_date = _due_date(request.POST.get("due_date", ""))
            account = request.POST.get("assigned_to", "")
            assigned_to = (
                accounts_that_report().filter(pk=account).first()
                if account.isdecimal() and len(account) < 10
                else None
            )
            if account and assigned_to is None:
                raise _NotUsableError(_("This account may not send reports."))
            new = create_tasks(
                tasks=[as_task(stop, is_demo=self.is_demo) for stop in chosen],
                by=cast("User", request.user),
                due_date=due_date,
                assigned_to=assigned_to,
            )
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect(back)
        if new:
            messages.success(
                request,
                ngettext(
                    "1 task was made. The phones show it when they next have a "
                    "connection.",
                    "%(n)s tasks were made. The phones show them when they next have "
                    "a connection.",
                    len(new),
                )
                % {"n": len(new)},
            )
        if len(new) < len(chosen):
            messages.info(
                request,
                _("Already an open task: %(n)s. No second one was made.")
                % {"n": len(chosen) - len(new)},
            )
        return HttpResponseRedirect(reverse("measure-tasks"))


class _NotUsableError(DomainError):
    pass


def _due_date(text: str) -> date | None:
    if not text:
        return None
    try:
        due_date = parse_date(text)
    except ValueError:
        due_date = None
    if due_date is None or due_date < timezone.localdate():
        raise _NotUsableError(_("Choose a date from today on, or none."))
    return due_date


def as_task(stop: Stop, *, is_demo: bool) -> NewTask:
    """Return *stop* as a task, worded for the field in the site's own language."""
    with translation.override(settings.LANGUAGE_CODE):
        return NewTask(
            name=measure_words.place_name(stop.leader),
            village=stop.leader.village,
            lon=stop.leader.lon,
            lat=stop.leader.lat,
            operators=stop.operators,
            reason=measure_words.reason_text(stop),
            is_demo=is_demo or stop.is_demo,
        )


class Tasks(View):
    """One address: the list to look at, and where new ones are sent."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return TaskList.as_view()(request)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        return MakeTasks.as_view()(request)


class DropTask(RoleRequiredMixin, View):
    """Takes an open task back."""

    role = "analyst"

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if drop_task(task_id=pk, now=timezone.now()):
            messages.success(request, _("The task was dropped."))
        else:
            messages.info(request, _("The task had ended already."))
        return redirect("measure-tasks")
