"""The dashboard's tables as a workbook."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from coverage.selectors.dashboard import VILLAGE_STATES, Summed
from coverage.web.dashboard import LACKING, STATE_NAMES, DashboardPage
from coverage.web.workbooks import KM2, PERCENT, WHOLE, run_notes
from kukar_connect.spreadsheets import Column, Sheet, workbook_response


class DashboardWorkbook(DashboardPage):
    """Operators, districts, the official list and the months, each as a sheet."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = self.get_context_data(**kwargs)
        run = self.run
        sheets = []
        if run is not None:
            sheets = [
                Sheet(
                    _("Operators compared"),
                    [Column(_("Operator")), *_columns(self.service)],
                    [
                        (row["name"], *_cells(row["sums"]))
                        for row in context["operators_compared"]
                    ],
                ),
                Sheet(
                    _("Districts compared"),
                    [Column(_("Code")), Column(_("District")), *_columns(self.service)],
                    [
                        (row["code"], row["name"], *_cells(row["sums"]))
                        for row in context["districts_compared"]
                    ],
                ),
                _listed(context["listed"]["rows"]),
                _months(context["months"]),
                _oldest(context["oldest"]),
            ]
        name = f"kukar-dasbor-{self.operator}-{self.service}-run-{run.pk if run else 0}"
        return workbook_response(
            f"{name}.xlsx".lower(),
            sheets,
            notes=run_notes(run, self.operator, self.service),
            title=_("How the regency stands"),
        )


def _columns(service: str) -> list[Column]:
    return [
        *(Column(str(name), WHOLE) for name in STATE_NAMES[service].values()),
        Column(str(LACKING[service]["people"]), WHOLE),
        Column(_("Places among them that nobody counted"), WHOLE),
        Column(_("How sure that it lacks"), PERCENT),
        Column(_("Blank area (km²)"), KM2),
        Column(_("Of it only probably blank (km²)"), KM2),
        Column(_("Not measured (km²)"), KM2),
        Column(_("Blank spots"), WHOLE),
        Column(_("Demonstration data")),
    ]


def _cells(sums: Summed) -> list[Any]:
    return [
        *(sums.villages[state] for state in VILLAGE_STATES),
        sums.people_blank,
        sums.blank_uncounted,
        sums.confidence,
        sums.blank_km2,
        sums.likely_blank_km2,
        sums.unknown_km2,
        sums.spots,
        _("Yes") if sums.is_demo else _("No"),
    ]


def _listed(rows: list[dict[str, Any]]) -> Sheet:
    return Sheet(
        _("Official list"),
        [
            Column(_("Code")),
            Column(_("Village")),
            Column(_("Measured")),
            Column(_("Confidence"), PERCENT),
            Column(_("Stated")),
            Column(_("Stated on")),
            Column(_("Source")),
        ],
        [
            (
                row["code"],
                row["name"],
                str(row["state_name"]),
                row["confidence"] if row["count"].blank_places else None,
                row["claim"]["status"],
                row["claim"]["stated_date"],
                row["claim"]["source"],
            )
            for row in rows
        ],
    )


def _months(rows: list[dict[str, Any]]) -> Sheet:
    names = [one["name"] for one in rows[0]["operators"]] if rows else []
    return Sheet(
        _("Reports per month"),
        [Column(_("Month")), *(Column(name, WHOLE) for name in names)],
        [
            (row["month"].date(), *(one["count"] for one in row["operators"]))
            for row in rows
        ],
    )


def _oldest(rows: list[dict[str, Any]]) -> Sheet:
    return Sheet(
        _("Oldest evidence"),
        [
            Column(_("Code")),
            Column(_("Village")),
            Column(_("District")),
            Column(_("Newest report")),
        ],
        [(row["code"], row["name"], row["district"], row["newest"]) for row in rows],
    )
