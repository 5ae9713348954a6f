"""The forms of settlements and facilities."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.utils.translation import gettext_lazy as _

from villages.importers.place_files import is_near
from villages.models import Facility, Settlement, Village
from villages.services.load_place_file import LONGEST_SOURCE
from villages.services.place_values import MOST, RowError, position_of

PLACE_FILES = ".xlsx,.csv,.gpkg,.geojson,.json,.kml,.zip"


def village_choices() -> list[Any]:
    """Return the villages by district, for a list to choose from."""
    rows = Village.objects.order_by("district__name", "name").values_list(
        "district__name", "code", "name"
    )
    return [
        ("", _("Choose the village")),
        *(
            (district, [(code, name) for _district, code, name in of_one])
            for district, of_one in groupby(rows, key=lambda row: row[0])
        ),
    ]


class PlaceForm(forms.Form):
    """One settlement or facility; the numbers are the ones its kind has."""

    village = forms.ChoiceField(label=_("Village"))
    kind = forms.ChoiceField(label=_("Kind"))
    name = forms.CharField(label=_("Name"), max_length=100)
    lat = forms.CharField(
        label=_("Latitude"),
        max_length=40,
        help_text=_("Degrees, such as -0.42; south of the equator with a minus."),
    )
    lon = forms.CharField(
        label=_("Longitude"), max_length=40, help_text=_("Degrees, such as 116.98.")
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=LONGEST_SOURCE,
        help_text=_("Who says so, such as “Kantor Desa Muhuran, November 2026”."),
    )

    def __init__(
        self, *args: Any, model: type[Settlement] | type[Facility], **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.model = model
        self.fields["village"].choices = village_choices()  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["kind"].choices = model.Kind.choices  # type: ignore[attr-defined]  # a ChoiceField
        numbers = (
            {"households": _("Households"), "people": _("People")}
            if model is Settlement
            else {"pupils": _("Pupils"), "patients": _("Patients a year")}
        )
        for name, label in numbers.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=0,
                max_value=MOST,
                required=False,
                help_text=_("Empty where it is not known."),
            )
        if model is Facility:
            self.fields["name"] = forms.CharField(label=_("Name"), max_length=150)
        order = ["village", "kind", "name", *numbers, "lat", "lon", "source"]
        self.order_fields(order)
        self.numbers = list(numbers)

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "lon" not in cleaned or "lat" not in cleaned:
            return cleaned
        try:
            lonlat = position_of(cleaned["lon"], cleaned["lat"])
            if lonlat is None or not is_near(lonlat):
                raise RowError(_("The position lies outside Indonesia."))
        except RowError as error:
            self.add_error("lat", str(error))
            return cleaned
        cleaned["point"] = Point(*lonlat, srid=4326)
        self._check_regency(cleaned["point"])
        return cleaned

    def _check_regency(self, point: Point) -> None:
        """Ask once more where a position lies in no village of the regency."""
        # With the tick it has been looked at.
        if "is_outside" in self.data or not Village.objects.exists():
            self.fields["is_outside"] = _outside_field()
        elif not Village.objects.filter(boundary__covers=point).exists():
            self.fields["is_outside"] = _outside_field()
            self.add_error(
                "lat",
                _(
                    "This position lies in no village of the regency. Correct it, or "
                    "tick below that it is right."
                ),
            )

    def values(self) -> dict[str, Any]:
        """Return what the service saves."""
        told = self.cleaned_data
        return {
            "village": Village(code=told["village"]),
            "kind": told["kind"],
            "name": told["name"],
            "point": told["point"],
            "source": " ".join(told["source"].split()),
            **{name: told[name] for name in self.numbers},
        }


def _outside_field() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("The position is right, although it lies outside the regency."),
        required=False,
    )


class PlaceListForm(forms.Form):
    """A file of places, and where it comes from."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "The filled-in template (.xlsx), CSV, or a map: GeoPackage, GeoJSON, KML, "
            "Shapefile as .zip."
        ),
        widget=forms.FileInput(attrs={"accept": PLACE_FILES}),
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=LONGEST_SOURCE,
        help_text=_("Where the list comes from, such as “Disdukcapil, Juni 2026”."),
    )
