"""The charts of a village's and a district's page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from coverage.core.officials import Official
from coverage.models import ANY_OPERATOR, CoverageRun, LayerOperator, Service
from coverage.selectors.places import area_history, place_history
from coverage.templatetags.coverage_words import percent
from coverage.web import words
from coverage.web.charts import Chart, Part, bars, stacked_bars
from coverage.web.profile_words import OFFICIAL_NAMES
from villages.selectors.report_counts import ReportCount

# Three years of months; more bars than that are not told apart on a phone.
MOST_RUNS = 36
MOST_MONTHS = 24


def history_charts(runs: Sequence[CoverageRun], codes: Sequence[str]) -> list[Chart]:
    """Return how the places of people and the area changed from run to run.

    Of operators beside "any" those that were ever measured there.
    """
    shown = runs[-MOST_RUNS:]
    counts: dict[str, dict[int, dict[Official, int]]] = defaultdict(dict)
    for row in place_history(shown, codes):
        of_run = counts[row.operator].setdefault(row.run, dict.fromkeys(Official, 0))
        of_run[row.official] += row.count
    charts = []
    for operator in LayerOperator.values:
        of_runs = counts[operator]
        if not of_runs:
            continue
        charts.append(_places_chart(operator, shown, of_runs))
        if operator == ANY_OPERATOR:
            charts += _area_charts(shown, codes)
    return charts


def _places_chart(
    operator: str, runs: Sequence[CoverageRun], counts: dict[int, dict[Official, int]]
) -> Chart:
    present = [s for s in Official if any(row[s] for row in counts.values())]
    with_rows = [run for run in runs if run.pk in counts]
    name = words.operator_name(operator)
    return stacked_bars(
        key=f"places-{operator.lower()}",
        title=_("Settlements by state: %(operator)s") % {"operator": name},
        description=_(
            "One bar a month: how many settlements, or villages' points where none is "
            "loaded, were in which state in the last run of the month."
        ),
        label_name=_("Month"),
        labels=[run_month(run) for run in with_rows],
        parts=[Part(s.value, str(OFFICIAL_NAMES[s])) for s in present],
        values=[[counts[run.pk][s] for s in present] for run in with_rows],
    )


def _area_charts(runs: Sequence[CoverageRun], codes: Sequence[str]) -> list[Chart]:
    areas = area_history(runs, codes, ANY_OPERATOR, Service.INTERNET.value)
    with_rows = [run for run in runs if sum(areas.get(run.pk, ())) > 0]
    if not with_rows:
        return []
    shares = [[v / sum(areas[run.pk]) for v in areas[run.pk]] for run in with_rows]
    return [
        stacked_bars(
            key="area-any",
            title=_("Area by state: %(operator)s, %(service)s")
            % {
                "operator": words.operator_name(ANY_OPERATOR),
                "service": words.service_name(Service.INTERNET.value),
            },
            description=_(
                "One bar a month: which share of the area was in which state in the "
                "last run of the month."
            ),
            label_name=_("Month"),
            labels=[run_month(run) for run in with_rows],
            parts=[Part(s, str(words.STATE_NAMES[s])) for s in words.STATES],
            values=shares,
            text=percent,
            top=1.0,
        )
    ]


def run_month(run: CoverageRun) -> str:
    # Of its reports: a run of the past was published with all the others.
    return month_name(timezone.localtime(run.input_cutoff_at).date())


def month_name(day: date) -> str:
    return formats.date_format(day, "M Y")


def reports_chart(counts: Sequence[ReportCount]) -> Chart | None:
    """Return the reports of the last two years by month, None without any.

    Months without a report are there as empty bars: a gap is what is looked for.
    """
    by_month: dict[date, int] = defaultdict(int)
    for row in counts:
        by_month[row.month] += row.count
    if not by_month:
        return None
    months = [max(by_month)]
    while len(months) < MOST_MONTHS and months[-1] > min(by_month):
        months.append(_month_before(months[-1]))
    months.reverse()
    return bars(
        key="reports",
        title=_("Reports by month of measurement"),
        description=_("One bar a month: reports of all operators together."),
        label_name=_("Month"),
        value_name=_("Reports"),
        labels=[month_name(month) for month in months],
        values=[by_month.get(month, 0) for month in months],
    )


def _month_before(day: date) -> date:
    return (
        day.replace(year=day.year - 1, month=12)
        if day.month == 1
        else day.replace(month=day.month - 1)
    )
