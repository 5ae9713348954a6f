"""The forms of what is being done, in plain words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from coverage.models import Action, ActionStatus
from coverage.models.actions import FIRST_YEAR, LAST_YEAR
from coverage.selectors.drawn_places import drawn_extent

LONGEST_NOTE = 2000


class StepForm(forms.Form):
    """What happened, when, and where that is written."""

    status = forms.ChoiceField(label=_("How far is it?"), choices=ActionStatus.choices)
    step_date = forms.DateField(
        label=_("Since when?"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The day it happened, not the day you write it down."),
    )
    source = forms.CharField(
        label=_("Letter number or source"),
        required=False,
        max_length=200,
        help_text=_("Such as the number of the letter, or who said so."),
    )
    step_note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_step_date(self) -> Any:
        when = self.cleaned_data["step_date"]
        if when > localdate():
            raise forms.ValidationError(
                gettext("A step has happened: its date is not in the future.")
            )
        if when.year < FIRST_YEAR:
            raise forms.ValidationError(
                gettext("Give a date from the year %(year)d on.") % {"year": FIRST_YEAR}
            )
        return when


class ActionForm(forms.Form):
    """What is done, by whom, within which programme."""

    kind = forms.ChoiceField(label=_("What is done?"), choices=Action.Kind.choices)
    responsible = forms.CharField(
        label=_("Who is responsible?"),
        max_length=150,
        help_text=_("An office, an operator or a village, such as Telkomsel."),
    )
    programme = forms.CharField(
        label=_("Programme"),
        required=False,
        max_length=150,
        help_text=_("Such as Internet Desa Gratis or APBD; may stay empty."),
    )
    year = forms.IntegerField(
        label=_("Year"), required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR
    )
    lat = forms.FloatField(
        label=_("Latitude of the point"), required=False, min_value=-90, max_value=90
    )
    lon = forms.FloatField(
        label=_("Longitude of the point"),
        required=False,
        min_value=-180,
        max_value=180,
        help_text=_(
            "Only where the proposal or the site has a point of its own, such as "
            "-0.41 and 116.98."
        ),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        lat, lon = values.get("lat"), values.get("lon")
        if (lat is None) != (lon is None) and not self.errors:
            raise forms.ValidationError(
                gettext("A point needs both its latitude and its longitude.")
            )
        values["point"] = None
        if lat is None or lon is None:
            return values
        # What was stored before may be put right in its other parts.
        is_told = {"lat", "lon"} & set(self.changed_data)
        if is_told and not _is_near(lat, lon):
            raise forms.ValidationError(
                gettext(
                    "The point lies outside Kutai Kartanegara. Are latitude and "
                    "longitude in their places?"
                )
            )
        values["point"] = Point(lon, lat, srid=4326)
        return values


def _is_near(lat: float, lon: float) -> bool:
    """Tell whether a point lies within the box around all villages."""
    extent = drawn_extent()
    if extent is None:
        return True
    west, south, east, north = extent
    return west <= lon <= east and south <= lat <= north


class NewActionForm(ActionForm, StepForm):
    """Both at once: an action begins with its first step."""

    field_order = [
        "kind",
        "responsible",
        "status",
        "step_date",
        "source",
        "programme",
        "year",
        "lat",
        "lon",
        "note",
    ]
    # The first step has no note beside the action's own.
    step_note = None  # type: ignore[assignment]  # how a form leaves a field out
