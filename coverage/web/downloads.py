"""The pages about bulk files: which there are, and what stands in them."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView

from coverage.models import RunFileSet
from coverage.selectors.run_files import file_sets, latest_file_set
from coverage.selectors.runs import current_run
from coverage.web.file_words import dictionary_tables, rows_of
from kukar_connect.roles import RoleRequiredMixin

# Three years of months; the catalogue for programs has them all.
RUNS_SHOWN = 36


class DownloadsPage(RoleRequiredMixin, TemplateView):
    """The newest files, or those of the run in ?run=…, and which others there are."""

    template_name = "coverage/downloads.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newest = latest_file_set()
        shown = newest
        asked = self.request.GET.get("run", "")
        # isdecimal() also knows digits of other scripts, which int() reads as well.
        if asked.isdecimal() and int(asked) < 2**63:
            shown = file_sets().filter(pk=int(asked)).first() or newest
        current = current_run()
        being_built = (
            RunFileSet.objects.filter(pk=current.pk).first() if current else None
        )
        others = file_sets().exclude(pk=shown.pk if shown else None)
        return super().get_context_data(
            **kwargs,
            shown=shown,
            is_newest=shown == newest,
            groups=rows_of(list(shown.files.all())) if shown else [],
            current=current,
            being_built=being_built,
            others=others[:RUNS_SHOWN],
        )


class DictionaryPage(RoleRequiredMixin, TemplateView):
    template_name = "coverage/data_dictionary.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, tables=dictionary_tables())
