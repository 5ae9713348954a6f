"""The pages of settlements and facilities: looked at, brought in, edited."""

from __future__ import annotations

import io
from itertools import groupby
from operator import attrgetter
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import FormView, TemplateView

from kukar_connect.errors import DomainError
from kukar_connect.geojson import collection_response
from kukar_connect.roles import RoleRequiredMixin, has_role, role_required
from villages.importers.place_files import MAX_BYTES, MAX_ROWS
from villages.models import Facility, Settlement, Village
from villages.selectors.places import VillagePlaces, places_by_village, village_outlines
from villages.services.edit_places import delete_place, history_of, save_place
from villages.services.place_uploads import (
    UploadGoneError,
    confirm_list,
    discard_list,
    list_of,
    receive_list,
)
from villages.services.place_workbooks import place_template
from villages.web.claims import XLSX
from villages.web.place_forms import PlaceForm, PlaceListForm, village_choices
from villages.web.uploads import BoundedUploadMixin

# What the address calls the two sorts of places.
SORTS: dict[str, tuple[str, type[Settlement] | type[Facility]]] = {
    "rt": ("settlements", Settlement),
    "fasilitas": ("facilities", Facility),
}
WORDS = {
    "rt": gettext_lazy("Settlements (RT, dusun, kampung)"),
    "fasilitas": gettext_lazy("Schools, puskesmas and other facilities"),
}
SHOWN_ROWS = 200


def _sort(name: str) -> tuple[str, type[Settlement] | type[Facility]]:
    if name not in SORTS:
        raise Http404
    return SORTS[name]


def _user_id(request: HttpRequest) -> int:
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk


class Places(RoleRequiredMixin, TemplateView):
    """What is loaded in every village, or the places of one on a map."""

    role = "analyst"
    template_name = "villages/places.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        code = self.request.GET.get("desa", "").replace("\0", "")
        village = (
            Village.objects.select_related("district")
            .defer("boundary", "district__boundary")
            .filter(code=code)
            .first()
        )
        context = super().get_context_data(**kwargs, village=village)
        rows = places_by_village()
        context |= {
            "districts": [
                {
                    "name": name,
                    "rows": (own := list(group)),
                    "settlements": sum(row.settlements for row in own),
                    "facilities": sum(row.facilities for row in own),
                    "people": sum(row.people or 0 for row in own),
                }
                for name, group in groupby(rows, key=attrgetter("district"))
            ],
            "total": len(rows),
            "cards": [
                ("rt", WORDS["rt"], *_loaded(rows, "settlements")),
                ("fasilitas", WORDS["fasilitas"], *_loaded(rows, "facilities")),
            ],
            "choices": village_choices(),
        }
        if village is not None:
            settlements = list(village.settlements.order_by("kind", "name"))
            facilities = list(village.facilities.order_by("kind", "name"))
            context |= {
                "settlements": settlements,
                "facilities": facilities,
                "map_places": [
                    *(_on_map("rt", place) for place in settlements),
                    *(_on_map("fasilitas", place) for place in facilities),
                ],
            }
        return context


def _loaded(rows: list[VillagePlaces], what: str) -> tuple[int, int]:
    """Return how many villages have real places, and how many have invented ones."""
    demo = sum(getattr(row, f"has_demo_{what}") for row in rows)
    return sum(getattr(row, what) > 0 for row in rows) - demo, demo


def _on_map(sort: str, place: Settlement | Facility) -> dict[str, Any]:
    return {
        "sort": sort,
        "name": place.name,
        "kind": str(place.get_kind_display()),
        "lon": place.point.x,
        "lat": place.point.y,
        "is_demo": place.is_demo,
        "url": "" if place.is_demo else reverse("place", args=[sort, place.pk]),
    }


@require_GET
@role_required("analyst")
def outlines(request: HttpRequest) -> HttpResponseBase:
    """Answer the outlines of the villages of a district."""
    code = request.GET.get("kecamatan", "").replace("\0", "")
    return collection_response(village_outlines(code))


class PlacePage(RoleRequiredMixin, FormView):
    """One place in a form, with a map to set it on."""

    role = "analyst"
    form_class = PlaceForm
    template_name = "villages/place.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.sort = self.kwargs["sort"]
        self.model = _sort(self.sort)[1]
        self.place: Any = None

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if has_role(request.user, "analyst") and "pk" in self.kwargs:
            self.place = get_object_or_404(
                self.model.objects.select_related("village").defer("village__boundary"),
                pk=self.kwargs["pk"],
                is_demo=False,
            )
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "model": self.model}

    def get_initial(self) -> dict[str, Any]:
        place = self.place
        if place is None:
            return {"village": self.request.GET.get("desa", "")}
        names = ["kind", "name", "source", "households", "people", "pupils", "patients"]
        return {
            **{name: getattr(place, name, None) for name in names},
            "village": place.village_id,
            "lon": f"{place.point.x:.6f}",
            "lat": f"{place.point.y:.6f}",
        }

    def form_valid(self, form: PlaceForm) -> HttpResponse:
        values = form.values()
        # Which give way to the first real one (`make_way_for_real`).
        invented = self.model.objects.filter(
            is_demo=True, village=values["village"]
        ).count()
        try:
            place = save_place(
                model=self.model,
                place_id=self.place.pk if self.place else None,
                values=values,
                user_id=_user_id(self.request),
            )
        except DomainError as error:
            form.add_error("name", error.detail)
            return self.form_invalid(form)
        messages.success(
            self.request,
            _("%(name)s is saved. The map follows within a few minutes.")
            % {"name": place.name},
        )
        if invented:
            messages.info(
                self.request,
                ngettext(
                    "The invented place of the demonstration in this village is gone: "
                    "real and invented ones never stand beside each other.",
                    "The %(n)s invented places of the demonstration in this village "
                    "are gone: real and invented ones never stand beside each other.",
                    invented,
                )
                % {"n": invented},
            )
        there = Village.objects.filter(boundary__covers=place.point).first()
        if there is not None and there.pk != place.village_id:
            messages.warning(
                self.request,
                _("Its position lies in %(name)s. Is the village right?")
                % {"name": there.name},
            )
        return redirect(f"{reverse('places')}?desa={place.village_id}")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            place=self.place,
            sort=self.sort,
            is_settlement=self.model is Settlement,
            history=history_of(self.place) if self.place else [],
        )


class DeletePlace(RoleRequiredMixin, TemplateView):
    """Asks, and deletes a place."""

    role = "analyst"
    template_name = "villages/place_delete.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        _what, model = _sort(self.kwargs["sort"])
        place = get_object_or_404(
            model.objects.select_related("village").defer("village__boundary"),
            pk=self.kwargs["pk"],
        )
        return super().get_context_data(**kwargs, place=place)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _what, model = _sort(self.kwargs["sort"])
        if not model.objects.filter(pk=self.kwargs["pk"]).exists():
            raise Http404
        place = delete_place(
            model=model, place_id=self.kwargs["pk"], user_id=_user_id(request)
        )
        messages.success(request, _("%(name)s is deleted.") % {"name": place.name})
        return redirect(f"{reverse('places')}?desa={place.village_id}")


class BringList(BoundedUploadMixin, FormView):
    """Takes a list of places and shows what it would do."""

    role = "analyst"
    form_class = PlaceListForm
    template_name = "villages/place_list.html"

    most_bytes = MAX_BYTES

    def too_large(self) -> str:
        return _too_large()

    def form_valid(self, form: PlaceListForm) -> HttpResponse:
        file = form.cleaned_data["file"]
        try:
            upload_id = receive_list(
                what=_sort(self.kwargs["sort"])[0],
                stream=file,
                file_name=PurePath(file.name).name,
                source=form.cleaned_data["source"],
                now=timezone.localtime(),
            )
        except DomainError as error:
            form.add_error("file", error.detail)
            return self.form_invalid(form)
        return redirect("place-list", pk=upload_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        _sort(self.kwargs["sort"])
        return super().get_context_data(
            **kwargs,
            sort=self.kwargs["sort"],
            title=WORDS[self.kwargs["sort"]],
            most_bytes=MAX_BYTES,
            most_rows=MAX_ROWS,
            too_large=_too_large(),
        )


def _too_large() -> str:
    return _("The file is larger than %(size)d MB. Split it and bring the parts.") % {
        "size": MAX_BYTES // 1024**2
    }


class ListPage(RoleRequiredMixin, TemplateView):
    """A list that waits to be confirmed, or what became of it."""

    role = "analyst"
    template_name = "villages/place_list_rows.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            told = list_of(self.kwargs["pk"])
        except UploadGoneError as error:
            raise Http404(error.detail) from error
        rows = told["rows"]
        left_out = [row for row in rows if row["result"] == "left_out"]
        warned = [row for row in rows if row["warning"] and row not in left_out]
        counts = told["counts"]
        sort = next(name for name, of in SORTS.items() if of[0] == told["what"])
        return super().get_context_data(
            **kwargs,
            told=told,
            title=WORDS[sort],
            sort=sort,
            usable=counts["added"] + counts["changed"],
            left_out=left_out[:SHOWN_ROWS],
            left_out_more=max(0, len(left_out) - SHOWN_ROWS),
            warned=warned[:SHOWN_ROWS],
            used=[r for r in rows if r["result"] in ("added", "changed")][:SHOWN_ROWS],
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            confirm_list(
                upload_id=self.kwargs["pk"],
                user_id=_user_id(request),
                now=timezone.localtime(),
            )
        except UploadGoneError as error:
            raise Http404(error.detail) from error
        except DomainError as error:
            messages.error(request, error.detail)
        return redirect("place-list", pk=self.kwargs["pk"])


@require_POST
@role_required("analyst")
def discard(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    discard_list(pk)
    messages.info(request, _("The list was discarded. Nothing of it was stored."))
    return redirect("places")


@require_GET
@role_required("analyst")
def template(request: HttpRequest, sort: str) -> HttpResponseBase:
    what, _model = _sort(sort)
    name = "permukiman.xlsx" if sort == "rt" else "fasilitas.xlsx"
    return FileResponse(
        io.BytesIO(place_template(what)),
        as_attachment=True,
        filename=name,
        content_type=XLSX,
    )
