"""The page on which an administrator enrols phones and ends lost ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from django.views.generic import FormView

from kukar_connect.roles import ROLES, RoleRequiredMixin
from villages.models import Device, SignalReport
from villages.services.enroll_device import create_enrolment, revoke_device


def accounts_that_report() -> QuerySet[User]:
    """Return the accounts with the role ``field`` or one above it."""
    return (
        get_user_model()
        .objects.filter(is_active=True)
        .filter(
            Q(is_superuser=True) | Q(groups__name__in=ROLES[ROLES.index("field") :])
        )
        .distinct()
        .order_by("username")
    )


class DeviceForm(forms.Form):
    """A phone to be enrolled, and whose reports it will send."""

    name = forms.CharField(
        label=gettext_lazy("Name of the device"),
        max_length=100,
        help_text=gettext_lazy("Such as “HP Siti, Tabang”, to know it by later."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    user = forms.ModelChoiceField(
        label=gettext_lazy("Reports for the account"),
        queryset=accounts_that_report(),
        empty_label=gettext_lazy("Choose an account"),
        help_text=gettext_lazy("Its name stands on every report of the phone."),
    )


class Devices(RoleRequiredMixin, FormView):
    """Lists the devices, and makes the code and QR that enrol another."""

    role = "admin"
    form_class = DeviceForm
    template_name = "villages/devices.html"

    def form_valid(self, form: DeviceForm) -> HttpResponse:
        device, code = create_enrolment(
            name=form.cleaned_data["name"],
            user=form.cleaned_data["user"],
            created_by_id=self.request.user.pk,
            now=timezone.now(),
        )
        # Behind "#", which no browser sends: the code is in no log of any server.
        page = self.request.build_absolute_uri(reverse("report-form"))
        enrolment = {
            "device": device,
            "code": code,
            "page": page,
            "qr": segno.make(f"{page}#enrol={code}", error="m").svg_data_uri(
                scale=6, light="#fff"
            ),
            "is_secure": self.request.is_secure(),
        }
        # Shown in this answer only: afterwards nobody knows the code any more.
        response = self.render_to_response(
            self.get_context_data(form=self.form_class(), enrolment=enrolment)
        )
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        devices = _devices()
        return super().get_context_data(
            **kwargs,
            enrolled=devices.filter(enrolled_at__isnull=False, revoked_at=None),
            waiting=devices.filter(
                enrolled_at=None, revoked_at=None, code_expires_at__gt=now
            ),
            ended=devices.filter(
                Q(revoked_at__isnull=False)
                | Q(enrolled_at=None, code_expires_at__lte=now)
            ),
        )


def _devices() -> QuerySet[Device]:
    sent = (
        SignalReport.objects.filter(device=OuterRef("pk"))
        .order_by()
        .values("device")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Device.objects.select_related("user", "revoked_by").annotate(
        report_count=Coalesce(Subquery(sent, output_field=IntegerField()), 0)
    )


class RevokeDevice(RoleRequiredMixin, View):
    """Ends a lost phone, or a code that was not used."""

    role = "admin"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        device = get_object_or_404(Device, pk=pk)
        if revoke_device(
            device_id=device.pk, revoked_by_id=request.user.pk, now=timezone.now()
        ):
            count = device.reports.count()
            kept = ngettext(
                "Its %(count)d report stays.", "Its %(count)d reports stay.", count
            )
            ended = _("“%(name)s” is revoked and can send nothing any more.")
            messages.success(
                request,
                f"{ended % {'name': device.name}} {kept % {'count': count}}"
                if count
                else ended % {"name": device.name},
            )
        return redirect("devices")


def device_texts() -> dict[str, str]:
    """Return what the report form says about its phone, in the visitor's language."""
    return {
        "device": _("This phone: {device} (account {account})."),
        "enrolled": _(
            "This phone is enrolled as “{device}” and sends for the account {account}, "
            "also when nobody is signed in."
        ),
        "enrol_title_done": _("Enrolled: {device}"),
        "enrolling": _("Enrolling …"),
        "enrol_waits": _(
            "The code is kept on this phone. It is enrolled by itself once there is a "
            "connection."
        ),
        "enrol_busy": _("Too many wrong codes were entered. It is tried again later."),
        "enrol_refused": _("This code was not accepted. Ask the office for a new one."),
        "need_code": _("Write the code that the office shows, such as K7QM-4XPD."),
        "enrol_again": _(
            "This phone is enrolled as “{device}” already. Press the button to enrol "
            "it anew with this code."
        ),
        "stopped_device_refused": _(
            "This phone was revoked or must be enrolled anew. Nothing is lost: enrol "
            "it with a new code, or sign in."
        ),
    }
