"""The pages on which accounts make, change and look after their own webhooks."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import FormView

from kukar_connect.errors import DomainError
from kukar_connect.roles import RoleRequiredMixin
from villages.models import Webhook
from villages.models.webhooks import CHOSEN_EVENTS
from villages.services.webhook_addresses import LONGEST_ADDRESS
from villages.services.webhook_events import LEAST_ROLE, may_hear
from villages.services.webhooks import (
    OLD_SECRET_HOLDS,
    change_webhook,
    create_webhook,
    delete_webhook,
    resend,
    rotate_secret,
    send_test,
)

DELIVERIES_A_PAGE = 25


class WebhookForm(forms.Form):
    """Where to, and of what."""

    address = forms.CharField(
        label=gettext_lazy("Address of the receiver"),
        max_length=LONGEST_ADDRESS,
        help_text=gettext_lazy(
            "Begins with https://, such as https://example.org/kukar."
        ),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.MultipleChoiceField", self.fields["events"]).choices = [
            (event.value, event.label)
            for event in CHOSEN_EVENTS
            if may_hear(owner, event)
        ]


class _WebhookPage(RoleRequiredMixin, FormView):
    role = LEAST_ROLE
    form_class = WebhookForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"owner": self.request.user}


class Webhooks(_WebhookPage):
    """Lists the visitor's own webhooks, and makes another."""

    template_name = "villages/webhooks.html"

    def form_valid(self, form: WebhookForm) -> HttpResponse:
        try:
            webhook, secret = create_webhook(
                owner=cast("User", self.request.user),
                now=timezone.now(),
                **form.cleaned_data,
            )
        except DomainError as error:
            form.add_error(None, error.detail)
            return self.form_invalid(form)
        # Shown in this answer only: afterwards nobody is told it any more.
        response = self.render_to_response(
            self.get_context_data(
                form=self.form_class(owner=cast("User", self.request.user)),
                made=webhook,
                secret=secret,
            )
        )
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = Webhook.objects.filter(owner_id=self.request.user.pk)
        return super().get_context_data(**kwargs, webhooks=list(map(shown, own)))


class WebhookPage(_WebhookPage):
    """One webhook of the visitor's: its settings, and what was sent to it."""

    template_name = "villages/webhook.html"

    def _webhook(self) -> Webhook:
        return own_webhook(self.request, self.kwargs["pk"])

    def get_initial(self) -> dict[str, Any]:
        webhook = self._webhook()
        return {"address": webhook.address, "events": webhook.events}

    def form_valid(self, form: WebhookForm) -> HttpResponse:
        try:
            change_webhook(webhook=self._webhook(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.detail)
            return self.form_invalid(form)
        messages.success(self.request, _("The webhook is changed."))
        return redirect("webhook", self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        webhook = self._webhook()
        deliveries = Paginator(webhook.deliveries.defer("body"), DELIVERIES_A_PAGE)
        return super().get_context_data(
            **kwargs,
            webhook=webhook,
            host=urlsplit(webhook.address).netloc,
            page=deliveries.get_page(self.request.GET.get("page")),
            keep_days=settings.KUKAR_WEBHOOK_KEEP_DAYS,
        )


class ChangeWebhook(RoleRequiredMixin, View):
    """What the buttons of a webhook's page do; `what` is said by the address."""

    role = LEAST_ROLE
    http_method_names = ["post"]
    what = ""

    def post(self, request: HttpRequest, pk: UUID, **kwargs: Any) -> HttpResponse:
        webhook = own_webhook(request, pk)
        try:
            done = getattr(self, f"_{self.what}")(webhook, **kwargs)
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            if isinstance(done, HttpResponse):
                return done
            messages.success(request, done)
        return redirect("webhook", pk)

    def _pause(self, webhook: Webhook) -> str:
        change_webhook(webhook=webhook, state=Webhook.State.PAUSED)
        return _("Paused: nothing is sent, and what happens meanwhile is not told.")

    def _go_on(self, webhook: Webhook) -> str:
        change_webhook(webhook=webhook, state=Webhook.State.ACTIVE)
        return _("Active again.")

    def _test(self, webhook: Webhook) -> str:
        send_test(webhook=webhook, now=timezone.now())
        return _("The test is on its way; reload this page to see what became of it.")

    def _resend(self, webhook: Webhook, delivery_id: int) -> str:
        if not resend(
            webhook=webhook, delivery_id=min(delivery_id, 2**63 - 1), now=timezone.now()
        ):
            return _("This message is no longer kept.")
        return _("It is sent once more.")

    def _drop(self, webhook: Webhook) -> HttpResponse:
        delete_webhook(webhook=webhook)
        messages.success(self.request, _("The webhook is deleted."))
        return redirect("webhooks")


class NewSecret(_WebhookPage):
    """Makes a new secret and shows it, once."""

    template_name = "villages/webhook_secret.html"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        webhook = own_webhook(request, kwargs["pk"])
        response = self.render_to_response(
            {
                "webhook": webhook,
                "secret": rotate_secret(webhook=webhook, now=timezone.now()),
                "hours": int(OLD_SECRET_HOLDS.total_seconds() // 3600),
            }
        )
        response["Cache-Control"] = "no-store"
        return response


def own_webhook(request: HttpRequest, pk: UUID) -> Webhook:
    own = Webhook.objects.select_related("owner").filter(owner_id=request.user.pk)
    return get_object_or_404(own, pk=pk)


def shown(webhook: Webhook) -> dict[str, Any]:
    labels = {event.value: event.label for event in CHOSEN_EVENTS}
    return {
        "webhook": webhook,
        "events": [labels[event] for event in webhook.events],
    }
