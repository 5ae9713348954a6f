"""The pages by which reports come in: the form, and the import of files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import DetailView, FormView, TemplateView

from kukar_connect.roles import RoleRequiredMixin, has_role
from villages.importers import FORMATS
from villages.models import Environment, Found, ImportBatch, Operator, Technology
from villages.services.import_reports import (
    accept_upload,
    is_interrupted,
    read_summary,
    row_report_path,
)
from villages.tasks import import_uploaded_file, is_queued, resume_import
from villages.web.forms import UploadForm

SHOWN_IMPORTS = 30
# What a form adds to the bytes of its file.
FORM_OVERHEAD_BYTES = 64 * 1024

FOUND_CHOICES = [
    (
        Found.NO_SERVICE.value,
        gettext_lazy("No signal"),
        gettext_lazy("The phone finds no network of this operator."),
    ),
    (
        Found.EMERGENCY_ONLY.value,
        gettext_lazy("Emergency calls only"),
        gettext_lazy("The phone says so, or shows another operator's network."),
    ),
    (
        Found.VOICE_ONLY.value,
        gettext_lazy("Calls only"),
        gettext_lazy("Calls work, internet does not."),
    ),
    (
        Found.DATA.value,
        gettext_lazy("Internet works"),
        gettext_lazy("Messages and pages arrive, even if slowly."),
    ),
]
SHORT_OPERATOR_NAMES = {Operator.INDOSAT.value: "Indosat"}


class ReportForm(RoleRequiredMixin, TemplateView):
    """One report from where one stands. The page's script sends it to the API."""

    role = "field"
    template_name = "villages/report_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            operators=[
                (value, SHORT_OPERATOR_NAMES.get(value, label), label)
                for value, label in Operator.choices
            ],
            found_choices=FOUND_CHOICES,
            technologies=Technology.choices,
            environments=Environment.choices,
            texts=_report_texts(),
        )


def _report_texts() -> dict[str, str]:
    """Return what the page's script says, in the visitor's language."""
    return {
        "searching": _("Looking for your position …"),
        "precise": _("Position found, accurate to ± {accuracy} m."),
        "waiting_better": _(
            "Position accurate to ± {accuracy} m. A better one is still being looked "
            "for; you may also send now."
        ),
        "stale": _("The last position is {seconds} seconds old (± {accuracy} m)."),
        "denied": _(
            "The browser does not give the position. Allow it in the browser's "
            "settings, or put the pin on the map."
        ),
        "insecure": _(
            "The browser gives the position only over a secure address (https). Put "
            "the pin on the map instead."
        ),
        "unavailable": _(
            "No position found yet. Go outdoors, or put the pin on the map."
        ),
        "manual": _("Pin set by hand: {lat}, {lon}."),
        "manual_missing": _("Tap the place on the map, or write the coordinates."),
        "same_place": _("Same place as the last report."),
        "need_position": _("There is no position yet. Wait for it or set the pin."),
        "need_operator": _("Choose the operator."),
        "need_found": _("Choose what the phone found."),
        "sending": _("Sending …"),
        "not_sent": _(
            "Not sent: there is no connection to the server. Everything you entered is "
            "still here. Find a place with a signal, keep this page open, and press "
            "“Send again”."
        ),
        "server_failed": _(
            "Not sent: the server had a problem ({status}). Everything you entered is "
            "still here. Press “Send again” in a while."
        ),
        "signed_out": _(
            "Not sent: you are signed out. Everything you entered is still here. Sign "
            "in in the new tab, come back to this one, and press “Send again”."
        ),
        "not_allowed": _(
            "Not sent: your account may not send reports. Everything you entered is "
            "still here. Ask the administrator."
        ),
        "refused": _("The server does not accept this yet. Please correct:"),
        "conflict": _(
            "The server has another report under this number. Press “Send report” to "
            "send yours under a new one."
        ),
        "stored": _("The report is stored."),
        "stored_already": _("The report was stored already, once."),
        "outside": _("outside Kutai Kartanegara"),
        "map_failed": _("The map did not load. Write the coordinates below."),
        "field_position": _("Position"),
        "field_time": _("Time"),
    }


class ReportImport(RoleRequiredMixin, FormView):
    """Brings in a file, and lists the files brought in before."""

    role = "analyst"
    form_class = UploadForm
    template_name = "villages/report_import.html"

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not has_role(request.user, "analyst"):
            return self.handle_no_permission()
        size = request.META.get("CONTENT_LENGTH") or "0"
        most = settings.KUKAR_MAX_UPLOAD_BYTES
        if size.isdecimal() and int(size) > most + FORM_OVERHEAD_BYTES:
            return HttpResponse(too_large(), status=413, content_type="text/plain")
        return self._dispatch(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def _dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: UploadForm) -> HttpResponse:
        file = form.cleaned_data["file"]
        if file.size > settings.KUKAR_MAX_UPLOAD_BYTES:
            form.add_error("file", too_large())
            return self.form_invalid(form)
        with transaction.atomic():
            batch = accept_upload(
                chunks=file.chunks(),
                file_name=PurePath(file.name).name,
                operator=form.cleaned_data["operator"],
                is_dry_run=form.cleaned_data["is_dry_run"],
                is_atomic=form.cleaned_data["is_atomic"],
                imported_by_id=self.request.user.pk,
            )
            import_uploaded_file.enqueue(str(batch.id))
        return redirect("import-detail", pk=batch.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            imports=[
                (batch, STATE_NAMES[ImportBatch.State(batch.state)])
                for batch in ImportBatch.objects.select_related("imported_by")[
                    :SHOWN_IMPORTS
                ]
            ],
            formats=[format_.TITLE for format_ in FORMATS],
            most_bytes=settings.KUKAR_MAX_UPLOAD_BYTES,
            too_large=too_large(),
        )


def too_large() -> str:
    return _("The file is larger than %(size)s. Split it and import the parts.") % {
        "size": filesizeformat(settings.KUKAR_MAX_UPLOAD_BYTES)
    }


class ImportDetail(RoleRequiredMixin, DetailView):
    """What becomes, or became, of one file."""

    role = "analyst"
    model = ImportBatch
    context_object_name = "batch"
    template_name = "villages/import_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        batch = self.object
        titles = {format_.NAME: format_.TITLE for format_ in FORMATS}
        return super().get_context_data(
            **kwargs,
            **read_summary(batch.pk),
            status=_status(batch),
            format_title=titles.get(batch.format, batch.format),
            operator_name=batch.get_operator_display(),
            has_row_report=_is_finished(batch) and row_report_path(batch.pk).exists(),
        )


def _is_finished(batch: ImportBatch) -> bool:
    return batch.state in (ImportBatch.State.DONE, ImportBatch.State.FAILED)


STATE_NAMES = {
    ImportBatch.State.WAITING: pgettext_lazy("import", "Waiting for its turn"),
    ImportBatch.State.RUNNING: pgettext_lazy("import", "Running"),
    ImportBatch.State.DONE: pgettext_lazy("import", "Finished"),
    ImportBatch.State.FAILED: pgettext_lazy("import", "Refused"),
}


def _status(batch: ImportBatch) -> dict[str, Any]:
    is_cut_off = is_interrupted(batch) and not is_queued(batch)
    percent = 100 * batch.bytes_read // batch.bytes_total if batch.bytes_total else 0
    return {
        "state": batch.state,
        "state_name": str(
            pgettext_lazy("import", "Cut off")
            if is_cut_off
            else STATE_NAMES[ImportBatch.State(batch.state)]
        ),
        "is_finished": _is_finished(batch),
        "is_interrupted": is_cut_off,
        "percent": min(percent, 100),
        "rows": batch.rows,
        "stored": batch.stored,
        "duplicate": batch.duplicate,
        "rejected": batch.rejected,
    }


def analysts_only(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if has_role(request.user, "analyst"):
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())

    return checked


@require_GET
@analysts_only
def import_status(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    return JsonResponse(_status(batch), headers={"Cache-Control": "no-store"})


@require_POST
@analysts_only
def resume(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    if is_interrupted(batch):
        resume_import(batch)
    return redirect("import-detail", pk=pk)


@require_GET
@analysts_only
def row_report(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    path = row_report_path(batch.pk)
    if not _is_finished(batch) or not path.exists():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{PurePath(batch.file_name).stem}-hasil.csv",
        content_type="text/csv; charset=utf-8",
    )


@require_GET
@analysts_only
def sample_file(request: HttpRequest) -> HttpResponseBase:
    path = settings.BASE_DIR / "fixtures" / "samples" / "reports.csv"
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename="contoh-laporan.csv",
        content_type="text/csv; charset=utf-8",
    )
