"""Which form a client is answered in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JsonNegotiation(DefaultContentNegotiation):
    """Gives JSON to whoever asks for any kind of it, GeoJSON above all.

    A view that answers in something else names it in ``answers``.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            view = (request.parser_context or {}).get("view")
            known: Sequence[str] = getattr(view, "answers", ())
            for asked in self.get_accept_list(request):
                kind = asked.partition(";")[0].strip().lower()
                if kind.endswith("+json") or kind in known:
                    usual = next(iter(renderers))
                    return usual, usual.media_type or ""
            raise

    def filter_renderers(
        self, renderers: Iterable[BaseRenderer], format: str
    ) -> list[BaseRenderer]:
        try:
            return super().filter_renderers(renderers, format)
        except Http404:
            # `format` is a parameter of the schema alone.
            return list(renderers)
