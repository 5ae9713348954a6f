from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from villages.models import Operator


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
