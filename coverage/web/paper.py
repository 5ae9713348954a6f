"""Pages on paper: the same template in the frame of a sheet, as PDF.

A page gets its PDF with one line in the URL map::

    path("desa/<str:code>/cetak.pdf", on_paper(VillagePage), name="village-paper")

and its button with ``{% include "coverage/sheet/button.html" %}``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from coverage.core.frame import Extent, fit
from coverage.models import ANY_OPERATOR, BlankSpot, CoverageRun, Service
from coverage.selectors import map_view
from coverage.services.cite_run import cite_run
from coverage.web import words
from coverage.web.map_drawing import MapView, draw, svg_uri
from coverage.web.paper_svg import with_colours
from kukar_connect.pdf import PrinterBusyError, pdf_bytes
from villages.models import District, Village

PDF = "application/pdf"
# The end of a sheet's address, behind that of the page it shows.
SHEET = "cetak.pdf"
LETTERHEAD_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}
LOCATOR_MM = (34.0, 30.0)
# static/css/paper.css has the same size.
SHEET_MAP_MM = (184.0, 100.0)
RETRY_AFTER_S = 10


def public_root(request: HttpRequest) -> str:
    """Return the site's address for links on paper, without a slash at its end."""
    return settings.KUKAR_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def letterhead() -> dict[str, Any]:
    """Return the head's lines, the first in bold, and its picture as a data address."""
    lines = [line.strip() for line in settings.KUKAR_LETTERHEAD.split("|")]
    return {"lines": [line for line in lines if line], "logo": _logo()}


def _logo() -> str:
    path = Path(settings.KUKAR_LETTERHEAD_LOGO)
    kind = LETTERHEAD_KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file():
        return ""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def qr_uri(address: str) -> str:
    """Return *address* as a QR code; M survives a fold and a coffee stain."""
    return str(
        segno.make(address, error="m", micro=False).svg_data_uri(
            border=2, dark="#000", light="#fff"
        )
    )


def frame_of_sheet(request: HttpRequest, address: str, **more: Any) -> dict[str, Any]:
    """Return what the frame of every sheet shows. *address* leads back to the page."""
    return {
        **letterhead(),
        "address": address,
        "qr": qr_uri(address),
        "printed_at": timezone.now(),
        **more,
    }


def pdf_response(
    request: HttpRequest, html: str, filename: str, run: CoverageRun | None
) -> HttpResponse:
    """Answer *html* as PDF, or that another is being made (503)."""
    try:
        pdf = pdf_bytes(html, base_url=f"{public_root(request)}{request.path}")
    except PrinterBusyError as error:
        body = render_to_string(
            "coverage/sheet/busy.html", {"error": error.detail}, request
        )
        return HttpResponse(
            body, status=error.status, headers={"Retry-After": str(RETRY_AFTER_S)}
        )
    if run is not None:
        # Paper names it: it stays when old runs are thinned.
        cite_run(run_id=run.pk)
    disposition = content_disposition_header(as_attachment=False, filename=filename)
    return HttpResponse(
        pdf,
        content_type=PDF,
        headers={
            "Content-Disposition": disposition or "inline",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


class PaperMixin:
    """Answers a page as PDF. Goes before the page's own class."""

    # In these templates base.html is a sheet of paper (settings.TEMPLATES).
    template_engine = "paper"
    request: HttpRequest

    def page_address(self) -> str:
        query = self.request.GET.urlencode()
        page = self.request.path.removesuffix(SHEET)
        return f"{public_root(self.request)}{page}{'?' if query else ''}{query}"

    def render_to_response(
        self, context: dict[str, Any], **response_kwargs: Any
    ) -> HttpResponse:
        about = sheet_subject(context)
        context["paper"] = frame_of_sheet(
            self.request,
            self.page_address(),
            locator=locator_uri(about),
            map=sheet_map(about, context.get("run")),
        )
        context["is_paper"] = True
        # The page that this is mixed into brings it.
        template = self.get_template_names()  # type: ignore[attr-defined]
        html = with_colours(
            render_to_string(template, context, self.request, using="paper")
        )
        run = context.get("run")
        name = "-".join(
            part
            for part in (
                slugify(self.request.path.removesuffix(SHEET)) or "kukar",
                slugify(getattr(about, "name", "")),
                f"run-{run.pk}" if run else "",
                get_language(),
            )
            if part
        )
        return pdf_response(self.request, html, f"{name}.pdf", run)


def on_paper(page: type[TemplateView]) -> Callable[..., HttpResponse]:
    """Return the view that answers *page* as PDF, with the page's own permissions."""
    sheet = type(f"{page.__name__}OnPaper", (PaperMixin, page), {})
    # mypy takes a class made at run time for a plain type.
    return sheet.as_view()  # type: ignore[attr-defined]


Subject = Village | District | BlankSpot | None


def sheet_subject(context: dict[str, Any]) -> Subject:
    """Return the place that a page is about, by what its template is given."""
    for name, kind in (
        ("spot", BlankSpot),
        ("village", Village),
        ("district", District),
    ):
        found = context.get(name)
        if isinstance(found, kind):
            return found
    return None


def sheet_map(about: Subject, run: CoverageRun | None) -> dict[str, Any] | None:
    """Return the drawing of *about* and its surroundings with a title in words.

    A blank spot is drawn in its own layer, other places in the one most asked for.
    """
    if about is None or run is None:
        return None
    operator, service = ANY_OPERATOR, Service.INTERNET.value
    identity = None
    if isinstance(about, BlankSpot):
        operator, service, identity = about.operator, about.service, about.identity
        extent: Extent | None = about.polygon.extent
    elif isinstance(about, Village):
        extent = map_view.extent_of(village=about.pk)
    else:
        extent = map_view.extent_of(district=about.pk)
    if extent is None:
        return None
    view = MapView(
        run=run,
        operator=operator,
        service=service,
        layers=frozenset({"surface", "unknown", "spots", "boundaries", "settlements"}),
        spot=identity,
    )
    frame = fit(extent, *SHEET_MAP_MM, margin=0.15)
    selected = None if isinstance(about, BlankSpot) else about
    drawing = draw(view, frame, selected=selected)
    title = _("Map: %(service)s, %(operator)s") % {
        "service": words.service_name(service),
        "operator": words.operator_name(operator),
    }
    legend = [{"state": s, "name": words.STATE_NAMES[s]} for s in words.STATES]
    return {"title": title, "drawing": drawing, "legend": legend}


def locator_uri(about: Subject) -> str:
    """Return a small drawing of where *about* lies in the regency, or nothing."""
    extent = map_view.extent_of()
    if about is None or extent is None:
        return ""
    frame = fit(extent, *LOCATOR_MM, margin=0.02)
    marker = selected = None
    if isinstance(about, BlankSpot):
        inside = about.polygon.point_on_surface
        marker = frame.place(inside.x, inside.y)
    elif isinstance(about, Village):
        marker = frame.place(about.point.x, about.point.y)
        selected = map_view.place_path(frame, village=about.pk, district=None)
    else:
        selected = map_view.place_path(frame, village=None, district=about.pk)
    svg = render_to_string(
        "coverage/sheet/locator.svg",
        {
            "frame": frame,
            "districts": map_view.district_paths(frame),
            "selected": selected,
            "marker": marker,
        },
    )
    return svg_uri(svg)
