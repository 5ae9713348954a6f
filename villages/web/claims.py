"""The pages of claims: a sheet comes in and is confirmed, its claims are verified."""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import FormView, ListView, TemplateView

from kukar_connect.errors import DomainError
from kukar_connect.roles import RoleRequiredMixin, role_required
from villages.importers.claim_files import MAX_BYTES, MAX_ROWS
from villages.models import Claim, ClaimSheet, District, Found, Operator, Village
from villages.selectors.used_reports import used_sql
from villages.services.claim_workbooks import row_report_workbook, template_workbook
from villages.services.import_claims import (
    Proposal,
    confirm_sheet,
    discard_sheet,
    proposals_of,
    receive_sheet,
    village_code_of,
)
from villages.services.match_villages import Match
from villages.services.verify_claims import verify_claim
from villages.web.forms import ClaimDecisionForm, ClaimSheetForm
from villages.web.uploads import BoundedUploadMixin

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_SHEETS = 30
CLAIMS_A_PAGE = 50
# What the confirmation page calls its fields: a row, and another village for it.
_ROW, _OTHER = "row-", "other-"

GROUPS = {
    "choice": (
        gettext_lazy("Choose the village"),
        gettext_lazy(
            "No village is surely the one that is written. Rows for which none is "
            "chosen are left out."
        ),
    ),
    "likely": (
        gettext_lazy("Similar names: please check"),
        gettext_lazy(
            "Written otherwise than in the official list. The village chosen is most "
            "probably meant."
        ),
    ),
    "problem": (
        gettext_lazy("Cannot be used"),
        gettext_lazy("Correct these rows in the file and bring it in again."),
    ),
    "exact": (
        gettext_lazy("Same name as in the official list"),
        gettext_lazy("Take away the tick of a row that is to be left out."),
    ),
}


class ClaimSheets(BoundedUploadMixin, FormView):
    """Takes a sheet in, and lists those that came before."""

    role = "analyst"
    form_class = ClaimSheetForm
    template_name = "villages/claim_sheets.html"

    most_bytes = MAX_BYTES

    def too_large(self) -> str:
        return _too_large()

    def form_valid(self, form: ClaimSheetForm) -> HttpResponse:
        file = form.cleaned_data["file"]
        try:
            sheet, is_new = receive_sheet(
                stream=file,
                file_name=PurePath(file.name).name,
                occasion=form.cleaned_data["occasion"],
                brought_by_id=self.request.user.pk,
            )
        except DomainError as error:
            form.add_error("file", error.detail)
            return self.form_invalid(form)
        if not is_new and sheet.confirmed_at:
            messages.warning(
                self.request,
                _("This file was brought in before. Nothing was added."),
            )
        elif not is_new:
            messages.info(
                self.request,
                _("This file is here already and waits for confirmation."),
            )
        return redirect("claim-sheet", pk=sheet.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            sheets=ClaimSheet.objects.select_related("brought_by")[:SHOWN_SHEETS],
            most_bytes=MAX_BYTES,
            most_rows=MAX_ROWS,
            too_large=_too_large(),
        )


def _too_large() -> str:
    return _("The file is larger than %(size)d MB. Split it and bring the parts.") % {
        "size": MAX_BYTES // 1024**2
    }


class ClaimSheetPage(RoleRequiredMixin, TemplateView):
    """One sheet: what its rows would become, or became."""

    role = "analyst"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.chosen: dict[str, str] | None = None
        self.error = ""

    def get_template_names(self) -> list[str]:
        return [
            "villages/claim_sheet_result.html"
            if self.sheet.confirmed_at
            else "villages/claim_sheet_confirm.html"
        ]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.sheet = get_object_or_404(
            ClaimSheet.objects.select_related("brought_by", "confirmed_by"),
            pk=self.kwargs["pk"],
        )
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        self.chosen = {
            name: str(value).strip()
            for name, value in request.POST.items()
            if name.startswith((_ROW, _OTHER))
        }
        try:
            sheet = confirm_sheet(
                sheet_id=self.kwargs["pk"],
                villages=_villages_of(self.chosen),
                confirmed_by_id=request.user.pk,
                now=now,
                today=timezone.localdate(now),
            )
        except ClaimSheet.DoesNotExist:
            raise Http404 from None
        except DomainError as error:
            self.error = error.detail
            return self.get(request, *args, **kwargs)
        return redirect("claim-sheet", pk=sheet.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs, sheet=self.sheet)
        if self.sheet.confirmed_at:
            return context | {
                "rows": self.sheet.rows.select_related("claim__village__district")
            }
        proposals = proposals_of(self.sheet, today=timezone.localdate())
        return context | {
            "groups": self._groups(proposals),
            "usable": sum(p.statement is not None for p in proposals),
            "error": self.error,
            "villages": Village.objects.select_related("district").only(
                "code", "name", "district__name"
            ),
        }

    def _groups(self, proposals: list[Proposal]) -> list[dict[str, Any]]:
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
        for proposal in proposals:
            rows[_group_of(proposal)].append(self._shown(proposal))
        return [
            {"name": name, "title": title, "help": help_, "rows": rows[name]}
            for name, (title, help_) in GROUPS.items()
            if rows[name]
        ]

    def _shown(self, proposal: Proposal) -> dict[str, Any]:
        line = proposal.row.line
        name, other = f"{_ROW}{line}", f"{_OTHER}{line}"
        village = proposal.found.village if proposal.found else None
        chosen = village.code if village else ""
        if self.chosen is not None:
            chosen = self.chosen.get(name, "")
        statement = proposal.statement
        return {
            "line": line,
            "cells": proposal.row.cells,
            "statement": statement,
            "stated": Claim.Stated(statement.stated).label if statement else "",
            "operator": Operator(statement.operator).label
            if statement and statement.operator
            else "",
            "problems": proposal.problems,
            "is_known": proposal.is_known,
            "candidates": proposal.found.candidates if proposal.found else (),
            "name": name,
            "other": other,
            "chosen": chosen,
            "chosen_other": (self.chosen or {}).get(other, ""),
        }


def _group_of(proposal: Proposal) -> str:
    if proposal.found is None:
        return "problem"
    if proposal.needs_choice:
        return "choice"
    return "exact" if proposal.found.match is Match.EXACT else "likely"


def _villages_of(chosen: dict[str, str]) -> dict[int, str]:
    """Return the code of the village chosen for each row that has one.

    What was written as another village goes before what was chosen from the list;
    the service refuses what is none.
    """
    villages = {}
    for prefix in (_ROW, _OTHER):
        for name, value in chosen.items():
            line = re.fullmatch(rf"{prefix}(\d{{1,7}})", name, re.ASCII)
            if line and value:
                is_other = prefix == _OTHER
                code = village_code_of(value) if is_other else None
                villages[int(line[1])] = code or value
    return villages


@require_POST
@role_required("analyst")
def discard(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    discard_sheet(sheet_id=pk)
    messages.info(request, _("The sheet was discarded. Nothing of it was kept."))
    return redirect("claim-sheets")


@require_GET
@role_required("analyst")
def template(request: HttpRequest) -> HttpResponseBase:
    villages = Village.objects.select_related("district").only("name", "district__name")
    return _workbook(template_workbook(villages=villages), "isian-sinyal-desa.xlsx")


@require_GET
@role_required("analyst")
def row_report(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    sheet = get_object_or_404(ClaimSheet, pk=pk, confirmed_at__isnull=False)
    name = f"{PurePath(sheet.file_name).stem}-hasil.xlsx"
    return _workbook(row_report_workbook(sheet), name)


def _workbook(data: bytes, name: str) -> HttpResponseBase:
    return FileResponse(
        io.BytesIO(data), as_attachment=True, filename=name, content_type=XLSX
    )


class ClaimList(RoleRequiredMixin, ListView):
    """The claims that came in sheets, those not verified first asked for."""

    role = "verifier"
    template_name = "villages/claims.html"
    context_object_name = "claims"
    paginate_by = CLAIMS_A_PAGE
    paginator_class = Paginator

    def get_queryset(self) -> QuerySet[Claim]:
        query = self.request.GET
        # Anything else in the address means no filter.
        states = [*Claim.Verification.values, "all"]
        state = query.get("state", "")
        self.state = state if state and state in states else "to_verify"
        self.district = District.objects.filter(
            code=query.get("district", "").replace("\0", "")
        ).first()
        claims = (
            Claim.objects.filter(kind__in=Claim.SHEET_KINDS)
            .select_related("village__district")
            .defer("village__boundary", "village__district__boundary")
            .order_by("village_id", "-stated_date", "id")
        )
        if self.state != "all":
            claims = claims.filter(verification=self.state)
        if self.district is not None:
            claims = claims.filter(village__district=self.district)
        return claims

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        counts = dict(
            Claim.objects.filter(kind__in=Claim.SHEET_KINDS)
            .order_by()
            .values_list("verification")
            .annotate(Count("id"))
        )
        choices = [
            (value, label, counts.get(value, 0))
            for value, label in Claim.Verification.choices
            if value
        ]
        return super().get_context_data(
            **kwargs,
            state=self.state,
            states=[*choices, ("all", _("all"), sum(counts.values()))],
            district=self.district,
            districts=District.objects.defer("boundary").order_by("name"),
        )


class ClaimPage(RoleRequiredMixin, FormView):
    """One claim, what reports from its village say, and what was decided about it."""

    role = "verifier"
    form_class = ClaimDecisionForm
    template_name = "villages/claim.html"

    def form_valid(self, form: ClaimDecisionForm) -> HttpResponse:
        claim = self._claim()
        verify_claim(
            claim_id=claim.pk,
            verification=form.cleaned_data["verification"],
            reason=form.cleaned_data["reason"],
            decided_by_id=self.request.user.pk,
        )
        messages.success(self.request, _("The decision is kept."))
        return redirect("claim", pk=claim.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        claim = self._claim()
        return super().get_context_data(
            **kwargs,
            claim=claim,
            decisions=claim.decisions.select_related("decided_by"),
            reports=_reports_of(claim),
        )

    def _claim(self) -> Claim:
        return get_object_or_404(
            Claim.objects.filter(kind__in=Claim.SHEET_KINDS)
            .select_related("village__district", "sheet__confirmed_by")
            .defer("village__boundary", "village__district__boundary"),
            pk=self.kwargs["pk"],
        )


def _reports_of(claim: Claim) -> list[dict[str, Any]]:
    """Return how often the map counts each finding from the claim's village."""
    reports = claim.village.reports.filter(is_demo=False).extra(  # noqa: S610 - our own words
        where=[used_sql()]
    )
    if claim.operator:
        reports = reports.filter(operator=claim.operator)
    counted = (
        reports.order_by("operator", "found")
        .values("operator", "found")
        .annotate(count=Count("id"))
    )
    return [
        {
            "operator": Operator(row["operator"]).label,
            "found": Found(row["found"]).label,
            "count": row["count"],
        }
        for row in counted
    ]
