"""The page on which everybody makes and ends the tokens of their own account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import FormView

from kukar_connect.roles import SignedInMixin, has_role
from villages.models import ApiToken
from villages.services.api_tokens import (
    TokenError,
    create_api_token,
    revoke_api_token,
)

# Tokens that have ended are shown for a while, so that a script's fault is found.
ENDED_SHOWN = timedelta(days=90)


class TokenForm(forms.Form):
    """A new token: its name, what it may do, and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name of the token"),
        max_length=100,
        help_text=gettext_lazy("Such as “Bappeda's dashboard”, to know it by later."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=ApiToken.Scope.choices,
        initial=[ApiToken.Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=gettext_lazy("For how many days"),
        min_value=1,
        help_text=gettext_lazy("After that it ends by itself."),
    )

    def __init__(self, *args: Any, may_submit: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.KUKAR_TOKEN_MOST_DAYS
        days = self.fields["days"]
        days.initial = min(90, most)
        days.widget.attrs["max"] = most
        scopes = self.fields["scopes"]
        if isinstance(scopes, forms.MultipleChoiceField) and not may_submit:
            scopes.choices = [
                (scope.value, scope.label)
                for scope in ApiToken.Scope
                if scope != ApiToken.Scope.SUBMIT
            ]


class Tokens(SignedInMixin, FormView):
    """Lists the visitor's own tokens, and makes another."""

    form_class = TokenForm
    template_name = "villages/tokens.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {
            "may_submit": has_role(self.request.user, "field")
        }

    def form_valid(self, form: TokenForm) -> HttpResponse:
        user = self.request.user
        try:
            token, text = create_api_token(
                user=user,  # type: ignore[arg-type]  # SignedInMixin lets in no other
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                days=form.cleaned_data["days"],
                now=timezone.now(),
            )
        except TokenError as error:
            form.add_error(None, error.detail)
            return self.form_invalid(form)
        # Shown in this answer only: afterwards nobody knows the token any more.
        response = self.render_to_response(
            self.get_context_data(
                form=self.form_class(may_submit=has_role(user, "field")),
                made=token,
                text=text,
                api=self.request.build_absolute_uri("/api/v1/blank-spots/"),
            )
        )
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        tokens = ApiToken.objects.filter(user__in=[self.request.user.pk])
        return super().get_context_data(
            **kwargs,
            in_force=tokens.filter(revoked_at=None, expires_at__gt=now),
            ended=tokens.filter(
                Q(revoked_at__gt=now - ENDED_SHOWN)
                | Q(
                    revoked_at=None,
                    expires_at__lte=now,
                    expires_at__gt=now - ENDED_SHOWN,
                )
            ),
        )


class RevokeToken(SignedInMixin, View):
    """Ends one of the visitor's own tokens."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if revoke_api_token(token_id=pk, user_id=request.user.pk, now=timezone.now()):
            messages.success(request, _("The token is revoked and opens nothing more."))
        return redirect("tokens")
