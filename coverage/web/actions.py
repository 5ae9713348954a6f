"""The pages of what is being done about blank spots."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import FormView, TemplateView

from coverage.models import Action, ActionStatus, BlankSpot
from coverage.selectors.actions import (
    ActionRow,
    PointCheck,
    action_rows,
    actions_in_district,
    point_check,
)
from coverage.services.track_actions import (
    CHANGEABLE,
    add_step,
    change_action,
    record_action,
)
from coverage.templatetags.coverage_words import count
from coverage.web.action_forms import ActionForm, NewActionForm, StepForm
from coverage.web.spot_sentences import title as spot_title
from kukar_connect.errors import DomainError
from kukar_connect.roles import RoleRequiredMixin, has_role
from kukar_connect.spreadsheets import Column, Sheet, workbook_response
from villages.models import District, Village

ACTIONS_A_PAGE = 50
# A district has fewer actions than this for years to come.
MOST_IN_A_FILE = 5000


class Actions(RoleRequiredMixin, View):
    """What the list and its file share: the filters."""

    request: HttpRequest

    @cached_property
    def districts(self) -> list[District]:
        return list(District.objects.defer("boundary").order_by("name"))

    @cached_property
    def asked(self) -> dict[str, str]:
        """Return the filters that can be meant."""
        query = self.request.GET
        known = {
            "status": ActionStatus.values,
            "kind": Action.Kind.values,
            "district": [d.code for d in self.districts],
        }
        return {n: query[n] for n, values in known.items() if query.get(n) in values}

    @property
    def actions(self) -> QuerySet[Action]:
        actions = (
            actions_in_district(self.asked["district"])
            if "district" in self.asked
            else Action.objects.all()
        )
        for name in ("status", "kind"):
            if name in self.asked:
                actions = actions.filter(**{name: self.asked[name]})
        return actions.order_by("-id")


class ActionsPage(Actions, TemplateView):
    template_name = "coverage/actions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pages = Paginator(self.actions, ACTIONS_A_PAGE)
        page = pages.get_page(self.request.GET.get("page"))
        shown = [action.pk for action in page]
        query = self.request.GET.copy()
        query.pop("page", None)
        return super().get_context_data(
            **kwargs,
            actions=action_rows(Action.objects.filter(pk__in=shown)),
            total=pages.count,
            page=page,
            query=query.urlencode(),
            asked=self.asked,
            statuses=ActionStatus.choices,
            kinds=Action.Kind.choices,
            districts=self.districts,
            with_place=True,
        )


class ActionsFile(Actions):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = action_rows(
            Action.objects.filter(
                pk__in=list(self.actions.values_list("pk", flat=True)[:MOST_IN_A_FILE])
            )
        )
        columns = [
            Column(_("Number"), "0"),
            Column(_("What is done")),
            Column(_("Villages")),
            Column(_("Districts")),
            Column(_("Status")),
            Column(_("Status since")),
            Column(_("Letter number or source")),
            Column(_("Responsible")),
            Column(_("Programme")),
            Column(_("Year"), "0"),
            Column(_("What the newest run says")),
            Column(_("Note")),
            Column(_("Blank spot")),
            Column(_("Demonstration data")),
            Column(_("Page")),
        ]
        notes = [
            (_("Source"), _("Kukar Connect, as the office recorded it")),
            (_("File written"), timezone.now()),
            (
                _("Meaning"),
                _("Statuses are statements: built is not working until measured."),
            ),
        ]
        sheet = Sheet(_("Actions"), columns, map(self.cells, rows))
        return workbook_response("tindakan.xlsx", [sheet], notes=notes)

    def cells(self, row: ActionRow) -> list[Any]:
        action, newest = row.action, row.newest
        districts = dict.fromkeys(v.district.name for v in row.villages)
        return [
            action.pk,
            action.get_kind_display(),
            [v.name for v in row.villages],
            list(districts),
            action.get_status_display(),
            newest.step_date if newest else None,
            newest.source if newest else "",
            action.responsible,
            action.programme,
            action.year,
            doubt_text(row),
            action.note,
            action.spot,
            _("yes") if row.is_demo else _("no"),
            self.request.build_absolute_uri(reverse("action", args=[action.pk])),
        ]


def doubt_text(row: ActionRow) -> str:
    """Say why what is said to work may not; empty where nothing speaks against it."""
    doubt = row.doubt
    if doubt is None:
        return ""
    if doubt.places:
        return _(
            "Run %(run)d still finds %(blank)d of %(places)d places of this village "
            "without a signal. Built is not working: have it checked in the field."
        ) % {"run": doubt.run_id, "blank": doubt.blank, "places": doubt.places}
    if doubt.is_measured_since:
        return _(
            "Run %(run)d contradicts this: reports made since then still find a blank "
            "spot here. Built is not working: have it checked in the field."
        ) % {"run": doubt.run_id}
    return _(
        "Run %(run)d still has the blank spot, but nobody has measured since then. "
        "Have it measured."
    ) % {"run": doubt.run_id}


class ActionPage(RoleRequiredMixin, TemplateView):
    """One action with its steps; those who may add one find the form below."""

    template_name = "coverage/action.html"
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = action_rows(Action.objects.filter(pk=self.kwargs["number"]))
        if not rows:
            raise Http404
        row = rows[0]
        action = row.action
        check = (
            point_check(point=action.point, spot=action.spot, village=action.village)
            if action.kind == Action.Kind.PROPOSAL
            else None
        )
        kwargs.setdefault(
            "form",
            StepForm(
                initial={"status": action.status, "step_date": timezone.localdate()}
            ),
        )
        return super().get_context_data(
            **kwargs,
            row=row,
            action=action,
            place=place_of(action.spot, action.village),
            doubt=doubt_text(row),
            checks=checks(check) if check else [],
            can_act=has_role(self.request.user, "analyst"),
        )

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        if not has_role(request.user, "analyst"):
            return self.handle_no_permission()
        action = get_object_or_404(Action, pk=number)
        form = StepForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form), status=400)
        told = dict(form.cleaned_data)
        note = told.pop("step_note")
        assert request.user.is_authenticated
        add_step(
            action_id=action.pk,
            user=request.user,
            today=timezone.localdate(),
            note=note,
            **told,
        )
        messages.success(request, _("The step has been recorded."))
        return redirect("action", number=number)


class NewAction(RoleRequiredMixin, FormView):
    """?spot=… or ?village=… says what it is about."""

    role = "analyst"
    template_name = "coverage/action_form.html"
    form_class = NewActionForm
    request: HttpRequest

    def get_initial(self) -> dict[str, Any]:
        return {"step_date": timezone.localdate(), "year": timezone.localdate().year}

    @cached_property
    def spot(self) -> UUID | None:
        try:
            asked = UUID(self.request.GET.get("spot", ""))
        except ValueError:
            return None
        return asked if BlankSpot.objects.filter(identity=asked).exists() else None

    @cached_property
    def village(self) -> Village | None:
        code = self.request.GET.get("village", "").replace("\0", "")
        return (
            Village.objects.select_related("district")
            .defer("boundary", "district__boundary")
            .filter(pk=code)
            .first()
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        has_place = bool(self.spot or self.village)
        check = point_check(point=None, spot=self.spot, village=self.village)
        return super().get_context_data(
            **kwargs,
            place=place_of(self.spot, self.village) if has_place else None,
            checks=checks(check) if has_place else [],
            must_choose=not has_place and bool(self.request.GET.keys()),
            villages=[]
            if has_place
            else Village.objects.select_related("district")
            .defer("boundary", "district__boundary")
            .order_by("district__name", "name"),
        )

    def form_valid(self, form: NewActionForm) -> HttpResponse:
        if not (self.spot or self.village):
            form.add_error(None, _("Choose a village or a blank spot first."))
            return self.form_invalid(form)
        told = {
            name: value
            for name, value in form.cleaned_data.items()
            if name not in ("lat", "lon")
        }
        assert self.request.user.is_authenticated
        try:
            action, is_new = record_action(
                user=self.request.user,
                today=timezone.localdate(),
                spot=self.spot,
                village_id=self.village.code if self.village else None,
                **told,
            )
        except DomainError as error:
            form.add_error(None, error.detail)
            return self.form_invalid(form)
        if is_new:
            messages.success(self.request, _("The action has been recorded."))
        else:
            messages.info(
                self.request,
                _(
                    "You have recorded this action already. For a second one, say in "
                    "the note what is different."
                ),
            )
        return redirect("action", number=action.pk)


class ChangeAction(RoleRequiredMixin, FormView):
    role = "analyst"
    template_name = "coverage/action_form.html"
    form_class = ActionForm

    @cached_property
    def action(self) -> Action:
        return get_object_or_404(
            Action.objects.select_related("village__district"), pk=self.kwargs["number"]
        )

    def get_initial(self) -> dict[str, Any]:
        values = {name: getattr(self.action, name) for name in CHANGEABLE}
        point = values.pop("point")
        return {**values, "lon": point.x, "lat": point.y} if point else values

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        place = place_of(self.action.spot, self.action.village)
        return super().get_context_data(**kwargs, action=self.action, place=place)

    def form_valid(self, form: ActionForm) -> HttpResponse:
        change_action(
            action_id=self.action.pk,
            values={name: form.cleaned_data[name] for name in CHANGEABLE},
        )
        messages.success(self.request, _("The change has been saved."))
        return redirect("action", number=self.action.pk)


def place_of(spot: UUID | None, village: Village | None) -> dict[str, str]:
    """Return the name and address of what an action is about."""
    row = (
        BlankSpot.objects.filter(identity=spot)
        .defer("polygon", "outline")
        .order_by("-first_run_id")
        .first()
        if spot
        else None
    )
    if row is not None:
        names = dict(
            Village.objects.filter(pk__in=row.villages).values_list("code", "name")
        )
        inside = [names[code] for code in row.villages if code in names]
        return {
            "name": spot_title(row, inside),
            "url": reverse("blank-spot", args=[row.identity]),
        }
    if village is None:
        return {"name": _("a blank spot that is no longer kept"), "url": ""}
    return {
        "name": f"{village.get_kind_display().capitalize()} {village.name}, "
        f"{village.district.name}",
        "url": reverse("village", args=[village.code]),
    }


def checks(check: PointCheck) -> list[dict[str, str]]:
    """Return what to look at before a point is proposed to the ministry."""
    found = []
    if not check.has_boundaries or check.point is None:
        inside = ("unknown", _("Whether the point lies in the regency is not known."))
    elif check.village:
        inside = (
            "yes",
            _("The point lies in %(village)s, %(district)s.")
            % {
                "village": check.village.name,
                "district": check.village.district.name,
            },
        )
    else:
        inside = (
            "no",
            _(
                "The point lies in no village of the regency, perhaps in the water. "
                "Correct it before it is sent."
            ),
        )
    found.append(inside)
    if check.settlements:
        text = _("Settlements known there: %(n)s.") % {"n": count(check.settlements)}
        found.append(("yes", text))
    else:
        found.append(
            ("unknown", _("No settlement is known there: no data yet, or nobody."))
        )
    if check.people is None:
        found.append(("unknown", _("How many people live there: no data yet.")))
    elif check.people:
        text = _("People known there: %(n)s.") % {"n": count(check.people)}
        found.append(("yes", text))
    else:
        found.append(("no", _("According to the data nobody lives there.")))
    return [{"kind": kind, "text": text} for kind, text in found]
