"""The pages: the map, the same as a table, and one village."""

from __future__ import annotations

from django.views.generic import TemplateView

from kukar_connect.roles import RoleRequiredMixin


class MapPage(RoleRequiredMixin, TemplateView):
    template_name = "coverage/map.html"


class TablePage(RoleRequiredMixin, TemplateView):
    template_name = "coverage/table.html"


class VillagePage(RoleRequiredMixin, TemplateView):
    template_name = "coverage/village.html"
