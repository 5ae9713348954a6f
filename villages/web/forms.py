from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from villages.models import Claim, Operator


class UploadForm(forms.Form):
    """A file of reports, and how to take it in."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "Our own CSV, or the text log of G-NetTrack. What kind of file it is, the "
            "content tells."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.log,.tsv,text/plain"}),
    )
    operator = forms.ChoiceField(
        label=_("Operator"),
        required=False,
        choices=[("", _("as the file says")), *Operator.choices],
        help_text=_(
            "Needed only when rows do not name an operator, such as rows without "
            "service in a log."
        ),
    )
    is_dry_run = forms.BooleanField(
        label=_("Only a trial"),
        required=False,
        help_text=_("Stores nothing and shows what would become of every row."),
    )
    is_atomic = forms.BooleanField(
        label=_("All or nothing"),
        required=False,
        help_text=_("Stores nothing when even one row is rejected."),
    )


class ClaimSheetForm(forms.Form):
    """A sheet of claims, and what it came with."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("The filled-in template (.xlsx), or a CSV with the same headings."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )
    occasion = forms.CharField(
        label=_("Letter or occasion"),
        max_length=200,
        required=False,
        help_text=_(
            "What it came with, such as “Surat Camat Tabang 005/112/2026”. It stands "
            "beside every statement. May be left empty."
        ),
    )


class ClaimDecisionForm(forms.Form):
    """What a verifier found out about a claim."""

    verification = forms.ChoiceField(
        label=_("What was found out"),
        choices=[
            choice
            for choice in Claim.Verification.choices
            if choice[0] in ("confirmed", "refuted")
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("How it was found out"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Such as “visited on 3 December, measured at three places”. It is kept "
            "with your name and the time."
        ),
    )
