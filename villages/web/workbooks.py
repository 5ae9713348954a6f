"""Statements and imports as workbooks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from kukar_connect.roles import RoleRequiredMixin
from kukar_connect.spreadsheets import Column, Sheet, workbook_response
from villages.models import Claim, ImportBatch

WHOLE = "#,##0"


class ClaimsWorkbook(RoleRequiredMixin, View):
    """All statements on record and from sheets, newest first."""

    role = "verifier"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        columns = [
            Column(_("Village code")),
            Column(pgettext("field name", "Village")),
            Column(_("District")),
            Column(_("RT or dusun")),
            Column(_("Date")),
            Column(_("Kind")),
            Column(_("Operator")),
            Column(_("Statement"), width=40),
            Column(_("Stated by")),
            Column(_("Occasion"), width=30),
            Column(_("Responsible")),
            Column(pgettext("claim", "State")),
            Column(_("Source"), width=40),
            Column(_("Note"), width=30),
        ]
        claims = Claim.objects.select_related("village__district").defer(
            "village__boundary", "village__district__boundary"
        )
        rows = [
            (
                claim.village_id,
                claim.village.name,
                claim.village.district.name,
                claim.settlement,
                claim.stated_date,
                claim.get_kind_display(),
                claim.get_operator_display(),
                claim.get_stated_display() if claim.stated else claim.status,
                ", ".join(filter(None, (claim.stated_by_role, claim.stated_by_name))),
                claim.event,
                claim.responsible,
                claim.get_verification_display(),
                claim.source,
                claim.note,
            )
            for claim in claims.order_by("-stated_date", "village_id", "pk")
        ]
        return workbook_response(
            "kukar-pernyataan.xlsx",
            [Sheet(_("Statements"), columns, rows)],
            notes=[
                (
                    _("Statements"),
                    _("Statements, not measurements. Some contradict each other."),
                )
            ],
        )


class ImportsWorkbook(RoleRequiredMixin, View):
    """Every file brought in, and what became of its rows."""

    role = "analyst"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        columns = [
            Column(_("File"), width=40),
            Column(_("When")),
            Column(pgettext("import", "By")),
            Column(_("Operator")),
            Column(_("State")),
            Column(_("trial").capitalize()),
            Column(_("Rows"), WHOLE),
            Column(_("Stored"), WHOLE),
            Column(_("Already there"), WHOLE),
            Column(_("Rejected"), WHOLE),
        ]
        rows = [
            (
                batch.file_name,
                batch.created_at,
                str(batch.imported_by or ""),
                batch.get_operator_display(),
                batch.get_state_display(),
                _("Yes") if batch.is_dry_run else _("No"),
                batch.rows,
                batch.stored,
                batch.duplicate,
                batch.rejected,
            )
            for batch in ImportBatch.objects.select_related("imported_by")
        ]
        return workbook_response(
            "kukar-impor.xlsx", [Sheet(_("Imports"), columns, rows)]
        )
