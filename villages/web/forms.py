from __future__ import annotations

from datetime import date

from django import forms
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from villages.models import Claim, Operator
from villages.models.reports import EARLIEST_OBSERVED_YEAR, TimeZone

# The ends of file names that the browser shows first.
ACCEPTED = ".csv,.txt,.log,.tsv,.kml,.json,.geojson,text/plain"


class UploadForm(forms.Form):
    """A file of reports, and how to take it in."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "A log of a drive-test app, our own CSV or the queue of a phone. What kind "
            "of file it is, the content tells."
        ),
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
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
    observed_on = forms.DateField(
        label=_("Measured on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_(
            "Needed only when rows carry no time, as in CellMapper and some drive "
            "tests."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=TimeZone.choices,
        initial=TimeZone.WITA,
        required=False,
        help_text=_("Of times that name none: the zone that the phone was set to."),
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

    def clean_observed_on(self) -> date | None:
        day = self.cleaned_data["observed_on"]
        if day and not (day.year >= EARLIEST_OBSERVED_YEAR and day <= localdate()):
            raise forms.ValidationError(_("Not a day on which anything was measured."))
        return day

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"] or TimeZone.WITA.value


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
