"""The pages by which reports come in: the form, and the import of files."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
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
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import DetailView, FormView, TemplateView

from kukar_connect.roles import RoleRequiredMixin, role_required
from villages.importers import FORMATS, own_csv
from villages.models import Environment, ImportBatch, Operator, Technology
from villages.selectors.review_queue import ReviewFilter
from villages.services.import_reports import (
    accept_upload,
    cancel_import,
    is_interrupted,
    read_summary,
    row_report_path,
)
from villages.tasks import import_uploaded_file, is_queued, resume_import
from villages.web.context import kept_site
from villages.web.devices import device_texts
from villages.web.forms import UploadForm
from villages.web.phone_texts import probe_texts, task_texts, trip_texts
from villages.web.uploads import BoundedUploadMixin

SHOWN_IMPORTS = 30

# The form's five words: what each says stands in static/js/report/form.js.
FOUND_CHOICES = [
    ("none", gettext_lazy("Nothing"), gettext_lazy("No signal")),
    (
        "emergency",
        pgettext_lazy("calls", "Emergency"),
        gettext_lazy("Emergency calls only"),
    ),
    ("calls", gettext_lazy("Calls"), gettext_lazy("Calls only")),
    ("slow", pgettext_lazy("internet", "Slow"), gettext_lazy("Slow internet")),
    ("good", pgettext_lazy("internet", "Good"), gettext_lazy("Good internet")),
]
SHORT_OPERATOR_NAMES = {Operator.INDOSAT.value: "Indosat"}


class ReportForm(TemplateView):
    """One report from where one stands. The page's script sends it to the API.

    Open to everyone, because a phone that is enrolled has no session, and the service
    worker keeps the page without one. It holds nobody's data; the API asks who sends.
    """

    template_name = "villages/report_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            operators=[
                (value, SHORT_OPERATOR_NAMES.get(value, label), label)
                for value, label in Operator.choices
            ],
            choices=FOUND_CHOICES,
            technologies=Technology.choices,
            environments=[choice for choice in Environment.choices if choice[0]],
            texts=_report_texts()
            | device_texts()
            | probe_texts()
            | task_texts()
            | trip_texts(),
            answer_url=reverse("api-answer", args=[UUID(int=0)]).replace(
                str(UUID(int=0)), "ID"
            ),
            site=kept_site(self.request.path),
        )


def _report_texts() -> dict[str, str]:
    """Return what the page's script says, in the visitor's language."""
    return {
        "searching": _("Looking for your position …"),
        "precise": _("Position found, accurate to ± {accuracy} m."),
        "waiting_better": _(
            "Position accurate to ± {accuracy} m. A better one is still being looked "
            "for; you may also save now."
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
        "same_place": _("The place of the report that is being corrected."),
        "near": _("Near the centre of {village} ({km} km)."),
        "far": _(
            "That is outside Kutai Kartanegara: {km} km from the centre of {village}. "
            "Is the position right?"
        ),
        "need_position": _("There is no position yet. Wait for it or set the pin."),
        "need_found": _("Choose what the phone finds, for one operator at least."),
        "bad_rsrp": _(
            "RSRP of {operator}: write a number between -156 and -24, or leave it "
            "empty."
        ),
        "bad_hours": _("Write hours between 0 and 744, or leave it empty."),
        "map_failed": _("The map did not load. Write the coordinates below."),
        "counter": _("{waiting} waiting · {sent} sent"),
        "kept": _("Saved on this phone: {count}."),
        "sending": _("Sending …"),
        "account": _("Account: {account}."),
        "all_sent": _("Nothing waits to be sent."),
        "field_note": _("Note"),
        "field_rsrp_dbm": _("RSRP (dBm)"),
        "field_technology": _("Network"),
        "field_power_out_hours": _("Hours without power"),
        "field_observed_at": _("Time"),
        "answers_wait": _("Answers to the office that wait: {count}."),
        "show_all": _("Show all {count} reports"),
        "some_aside": _("{count} not accepted: see below."),
        "stopped_network": _(
            "No connection to the server. It is sent by itself once there is one."
        ),
        "stopped_server": _("The server had a problem. It is tried again by itself."),
        "stopped_too_large": _(
            "The server had a problem. It is tried again by itself."
        ),
        "stopped_signed_out": _(
            "Not signed in. Sign in or enrol this phone to send; nothing is lost."
        ),
        "stopped_not_allowed": _(
            "Your account may not send reports. Nothing is lost: sign in with another "
            "account or ask the administrator."
        ),
        "stopped_other_account": _(
            "Some reports were saved by another account ({account}). Sign in with that "
            "one to send them."
        ),
        "stopped_account_changed": _(
            "Another account has signed in meanwhile. Sending goes on by itself."
        ),
        "stopped_phone": _("The phone's memory could not be read. It is tried again."),
        "phone_full": _(
            "Not saved: the phone's memory is full. Everything you entered is still "
            "here. Make room on the phone and press “Save report” again."
        ),
        "not_kept": _(
            "Not saved: the browser did not keep it. Everything you entered is still "
            "here. Press “Save report” again."
        ),
        "no_store": _(
            "This browser keeps nothing (private window?). Open the form in a normal "
            "window."
        ),
        "waits": _("Saved on this phone, waiting to be sent."),
        "counter_photo": _("{count} photo"),
        "counter_photos": _("{count} photos"),
        "sending_photos": _("Sending photos …"),
        "photos_aside": _("Photos not accepted: {count}, see below."),
        "photo_take": _("Take a photo"),
        "photo_another": _("Take another photo"),
        "photo_preparing": _("Preparing the photo …"),
        "photo_ready": _("The photo goes along ({kb} kB)."),
        "photo_unreadable": _(
            "This photo cannot be opened. Take it with the camera, or choose a JPEG."
        ),
        "photo_insecure": _(
            "Photos need a secure address (https). Reports are sent without them."
        ),
        "photo_waits": _("Photo saved on this phone, waiting to be sent."),
        "photo_waits_report": _("The photo waits until this report is corrected."),
        "photo_sent": _("Photo sent."),
        "photo_aside": _("Photo not accepted: {reason}"),
        "photo_again": _("Send the photo again"),
        "photo_discard": _("Delete the photo"),
        "photo_discard_sure": _("Delete this photo from the phone? It was not sent."),
        "exported_without_photos": _(
            "Photos are not in the file; they stay on this phone and are sent from it."
        ),
        "outside": _("outside Kutai Kartanegara"),
        "correct": _("Correct and send again"),
        "discard": _("Delete"),
        "discard_sure": _("Delete this report from the phone? It was not sent."),
        "exported": _(
            "Saved as a file. Bring it to the office, which imports it at {address}."
        ),
        "review_accepted": _("Accepted by the office. {reason}"),
        "review_rejected": _("Not used by the office: {reason}"),
        "review_asked": _("The office asks: {reason}"),
        "review_answered": _("You answered: {reason}"),
        "answer": _("Answer"),
        "answer_waiting": _("Your answer waits to be sent: {text}"),
        "answer_sent": _("You answered: {text}"),
        "answer_refused": _(
            "Your answer was not taken, because the office has decided meanwhile."
        ),
        "ready": _("Ready offline."),
        "ready_loading": _("Getting ready for offline …"),
        "ready_failed": _(
            "Not ready for offline yet. Open this page again where there is a signal."
        ),
        "ready_insecure": _(
            "Not available offline: that needs a secure address (https). Reports are "
            "kept on the phone all the same."
        ),
        "language_needs_connection": _("Another language needs a connection."),
    }


class ReportImport(BoundedUploadMixin, FormView):
    """Brings in a file, and lists the files brought in before."""

    form_class = UploadForm
    template_name = "villages/report_import.html"

    @property
    def most_bytes(self) -> int:
        return int(settings.KUKAR_MAX_UPLOAD_BYTES)

    def too_large(self) -> str:
        return too_large()

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
                observed_on=form.cleaned_data["observed_on"],
                time_zone=form.cleaned_data["time_zone"],
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
            formats=sorted(
                ((str(format_.TITLE), format_.HINT) for format_ in FORMATS),
                # Our own first.
                key=lambda format_: (format_[0] != str(own_csv.TITLE), format_[0]),
            ),
            own_title=str(own_csv.TITLE),
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
            has_row_report=batch.is_finished and row_report_path(batch.pk).exists(),
            flagged=_flagged(batch),
        )


def _flagged(batch: ImportBatch) -> dict[str, int] | None:
    """Return how many of an import's reports wait with a flag, how many held."""
    if not batch.is_finished or not batch.stored or batch.is_dry_run:
        return None
    counts = ReviewFilter(source="batch", source_id=str(batch.pk)).counts()
    return {name: counts[name] for name in ("flagged", "held")}


STATE_NAMES = {
    ImportBatch.State.WAITING: pgettext_lazy("import", "Waiting for its turn"),
    ImportBatch.State.RUNNING: pgettext_lazy("import", "Running"),
    ImportBatch.State.DONE: pgettext_lazy("import", "Finished"),
    ImportBatch.State.FAILED: pgettext_lazy("import", "Refused"),
    ImportBatch.State.CANCELLED: pgettext_lazy("import", "Cancelled"),
}


def _status(batch: ImportBatch) -> dict[str, Any]:
    is_cut_off = is_interrupted(batch) and not is_queued(batch)
    is_being_cancelled = batch.is_cancel_wanted and not batch.is_finished
    percent = 100 * batch.bytes_read // batch.bytes_total if batch.bytes_total else 0
    return {
        "state": batch.state,
        "state_name": str(
            pgettext_lazy("import", "Cut off")
            if is_cut_off
            else pgettext_lazy("import", "Being cancelled …")
            if is_being_cancelled
            else STATE_NAMES[ImportBatch.State(batch.state)]
        ),
        "is_finished": batch.is_finished,
        "is_being_cancelled": is_being_cancelled,
        "is_interrupted": is_cut_off,
        "percent": min(percent, 100),
        "rows": batch.rows,
        "stored": batch.stored,
        "duplicate": batch.duplicate,
        "rejected": batch.rejected,
    }


@require_GET
@role_required("analyst")
def import_status(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    return JsonResponse(_status(batch), headers={"Cache-Control": "no-store"})


@require_POST
@role_required("analyst")
def resume(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    if is_interrupted(batch):
        resume_import(batch)
    return redirect("import-detail", pk=pk)


@require_POST
@role_required("analyst")
def cancel(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    cancel_import(get_object_or_404(ImportBatch, pk=pk))
    return redirect("import-detail", pk=pk)


@require_GET
@role_required("analyst")
def row_report(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(ImportBatch, pk=pk)
    path = row_report_path(batch.pk)
    if not batch.is_finished or not path.exists():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{PurePath(batch.file_name).stem}-hasil.csv",
        content_type="text/csv; charset=utf-8",
    )


@require_GET
@role_required("analyst")
def sample_file(request: HttpRequest) -> HttpResponseBase:
    path = settings.BASE_DIR / "fixtures" / "samples" / "reports.csv"
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename="contoh-laporan.csv",
        content_type="text/csv; charset=utf-8",
    )
