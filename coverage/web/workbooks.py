"""The tables of the map as workbooks."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from coverage.models import CoverageRun
from coverage.selectors.tables import AREAS, village_table
from coverage.web import words
from coverage.web.views import LayerPage, shares, spots_of, total
from kukar_connect.roles import RoleRequiredMixin
from kukar_connect.spreadsheets import Column, Notes, Sheet, workbook_response

KM2, WHOLE, PERCENT = "#,##0.00", "#,##0", "0%"


class TableWorkbook(LayerPage):
    """One layer: villages, districts and blank spots, each as a sheet."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        run = self.run
        rows = village_table(run, self.operator, self.service) if run else []
        spots = spots_of(run, self.operator, self.service) if run else []
        name = f"kukar-{self.operator}-{self.service}-run-{run.pk if run else 0}.xlsx"
        return workbook_response(
            name.lower(),
            [_villages(rows), _districts(rows), _spots(spots)],
            notes=run_notes(run, self.operator, self.service),
            title=_("Mobile coverage by village"),
        )


class RunsWorkbook(RoleRequiredMixin, View):
    """Every published run, newest first: what a figure on paper can be traced to."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        runs = CoverageRun.objects.filter(state=CoverageRun.State.PUBLISHED)
        columns = [
            Column(_("Run")),
            Column(_("Published")),
            Column(_("Reports received until")),
            Column(_("Whole regency")),
            Column(_("Reports"), WHOLE),
            Column(_("Reports per operator")),
            Column(_("Demonstration data")),
            Column(_("Software")),
            Column(_("Checksum")),
        ]
        rows = [
            (
                run.pk,
                run.published_at,
                run.input_cutoff_at,
                _yes_or_no(value=run.is_full),
                sum(run.report_counts.values()),
                ", ".join(f"{k} {n}" for k, n in run.report_counts.items()),
                _yes_or_no(value=run.is_demo),
                run.software_version,
                run.checksum,
            )
            for run in runs.order_by("-pk")
        ]
        sheet = Sheet(_("Runs"), columns, rows)
        return workbook_response("kukar-runs.xlsx", [sheet])


def run_notes(run: CoverageRun | None, operator: str, service: str) -> Notes:
    """Return what a table must say of itself when it leaves the site."""
    notes: list[tuple[str, Any]] = [
        (_("Operator"), words.operator_name(operator)),
        (_("Service"), words.service_name(service)),
    ]
    if run is None:
        return [*notes, (_("Run"), _("No map has been computed yet."))]
    meanings = words.state_meanings(operator, service)
    return [
        *notes,
        (_("Run"), run.pk),
        (_("Reports received until"), run.input_cutoff_at),
        (
            _("Demonstration data"),
            _("Yes: made from generated reports, not from measurements.")
            if run.is_demo
            else _("No"),
        ),
        *((str(words.STATE_NAMES[s]), meanings[s]) for s in words.STATES),
        (
            _("Confidence"),
            _(
                "The probability that a phone here finds no usable signal, averaged "
                "over the area."
            ),
        ),
    ]


def _area_columns() -> list[Column]:
    names = (
        _("Covered (km²)"),
        _("of which weak (km²)"),
        _("Probably blank (km²)"),
        _("Blank (km²)"),
        _("Not known (km²)"),
    )
    return [
        *(Column(name, KM2) for name in names),
        *(
            Column(_("%(state)s, share") % {"state": words.STATE_NAMES[s]}, PERCENT)
            for s in words.STATES
        ),
        Column(_("Reports"), WHOLE),
    ]


def _area_cells(row: dict[str, Any]) -> list[Any]:
    parts = shares(row)
    return [
        *(row[name] for name in AREAS),
        *([p["share"] for p in parts] if parts else [None] * len(words.STATES)),
        row["report_count"],
    ]


def _villages(rows: list[dict[str, Any]]) -> Sheet:
    columns = [
        Column(_("Village code")),
        Column(pgettext("field name", "Village")),
        Column(_("Kind")),
        Column(_("District")),
        Column(_("Area (km²)"), KM2),
        Column(_("On the official list since")),
        *_area_columns(),
    ]
    cells = [
        [
            *(row[name] for name in ("code", "name", "kind", "district", "area_km2")),
            row["listed_year"],
            *_area_cells(row),
        ]
        for row in rows
    ]
    return Sheet(_("Villages"), columns, cells)


def _districts(rows: list[dict[str, Any]]) -> Sheet:
    columns = [
        Column(_("District code")),
        Column(_("District")),
        Column(_("Villages"), WHOLE),
        *_area_columns(),
    ]
    cells = []
    for (code, name), group in groupby(
        rows, key=lambda row: (row["district_code"], row["district"])
    ):
        villages = list(group)
        cells.append([code, name, len(villages), *_area_cells(total(villages))])
    return Sheet(_("Districts"), columns, cells)


def _spots(spots: list[dict[str, Any]]) -> Sheet:
    columns = [
        Column(_("State")),
        Column(_("Area (km²)"), KM2),
        Column(_("Villages"), width=40),
        Column(_("Confidence"), PERCENT),
        Column(_("Confidence in words")),
        Column(_("Reports"), WHOLE),
        Column(_("Newest report")),
        Column(_("Settlements"), WHOLE),
        Column(_("Public services"), WHOLE),
        Column(_("People"), WHOLE),
        Column(_("Longitude"), "0.00000"),
        Column(_("Latitude"), "0.00000"),
        Column(_("Demonstration data")),
        Column(_("Identity")),
    ]
    cells = [
        [
            words.STATE_NAMES[spot["state"]],
            spot["area_km2"],
            [village["name"] for village in spot["villages"]],
            spot["confidence"],
            words.confidence_word(spot["confidence"]),
            spot["report_count"],
            spot["newest_report_at"],
            spot["settlement_count"],
            spot["facility_count"],
            spot["people"],
            spot["lon"],
            spot["lat"],
            _yes_or_no(value=spot["is_demo"]),
            spot["identity"],
        ]
        for spot in spots
    ]
    return Sheet(_("Blank spots"), columns, cells)


def _yes_or_no(*, value: bool) -> str:
    return _("Yes") if value else _("No")
