"""The dashboard: how the regency stands, each number with the map that shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from coverage.models import ANY_OPERATOR, LayerOperator, Service
from coverage.selectors import dashboard
from coverage.selectors.dashboard import VILLAGE_STATES, Summed, VillageCount
from coverage.web import words
from coverage.web.charts import Chart, bars
from coverage.web.views import LayerPage
from villages.models import Operator

# Two years show a season against the same one before.
MONTHS_SHOWN = 24
LONGEST_SHOWN = 10
# Districts named in the line above their folded table.
MOST_LACKING_SHOWN = 3

# "Without a signal" would say too much where calls work: each service has its words.
STATE_NAMES: dict[str, dict[str, Promise]] = {
    Service.INTERNET.value: {
        "covered": _("4G at every settlement"),
        "partly": _("4G at some settlements, none at others"),
        "blank": _("No 4G at any measured settlement"),
        "incomplete": _("4G where measured, the rest not measured"),
        "unknown": _("Not measured"),
    },
    Service.VOICE.value: {
        "covered": _("Calls at every settlement"),
        "partly": _("Calls at some settlements, none at others"),
        "blank": _("No calls at any measured settlement"),
        "incomplete": _("Calls where measured, the rest not measured"),
        "unknown": _("Not measured"),
    },
}
LACKING: dict[str, dict[str, Promise]] = {
    Service.INTERNET.value: {
        "villages": _("Villages with a settlement without 4G"),
        "people": _("People without 4G"),
        "places": _("Places without 4G"),
        "counts": _("without 4G"),
    },
    Service.VOICE.value: {
        "villages": _("Villages with a settlement without calls"),
        "people": _("People without calls"),
        "places": _("Places without calls"),
        "counts": _("without calls"),
    },
}
# Which swatch stands for it.
SWATCHES = {
    "covered": "covered",
    "partly": "likely_blank",
    "blank": "blank",
    "incomplete": "weak",
    "unknown": "unknown",
}


class DashboardPage(LayerPage):
    """The regency by operator and by district."""

    template_name = "coverage/dashboard.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.run is None:
            return context
        counts = dashboard.village_counts(self.run, self.service)
        by_operator = dashboard.summed_by(counts)
        by_district = dashboard.summed_by(counts, operator=self.operator)
        dashboard.add_areas(
            self.run,
            self.service,
            by_operator=by_operator,
            by_district=by_district,
            operator=self.operator,
        )
        mine = [count for count in counts if count.operator == self.operator]
        evidence = dashboard.evidence(self.run)
        oldest = self.longest_unmeasured(mine, evidence.newest)
        total = by_operator.get(self.operator, Summed())
        return context | {
            "total": total,
            "villages_blank": total.villages["blank"] + total.villages["partly"],
            "villages_all": len(mine),
            "unknown_share": total.unknown_km2 / total.area_km2
            if total.area_km2
            else None,
            "lacking": LACKING[self.service],
            "map_villages": self.map_url(layers="shares,spots,boundaries"),
            "map_people": self.map_url(layers="spots,boundaries,settlements"),
            "map_blank": self.map_url(layers="spots,boundaries"),
            "map_unknown": self.map_url(layers="unknown,boundaries"),
            "operator_word": _("Operator"),
            "district_word": _("District"),
            "village_states": self.state_rows(total, len(mine)),
            "operators_compared": self.operator_rows(by_operator),
            "districts_compared": (districts := self.district_rows(mine, by_district)),
            "districts_lacking": most_lacking(districts),
            "listed": self.listed_rows(mine),
            "oldest": oldest,
            "never": sum(1 for row in oldest if row["newest"] is None),
            "never_shown": [r for r in oldest if r["newest"] is None][:LONGEST_SHOWN],
            "oldest_shown": [r for r in oldest if r["newest"]][:LONGEST_SHOWN],
            "months": (months := month_rows(evidence.months, self.operator)),
            "months_chart": months_chart(months),
        }

    @property
    def state_names(self) -> dict[str, Promise]:
        return STATE_NAMES[self.service]

    def map_url(self, **query: str) -> str:
        layer = {"operator": self.operator, "service": self.service}
        return f"{reverse('map')}?{urlencode(layer | query)}"

    def state_rows(self, total: Summed, villages: int) -> list[dict[str, Any]]:
        return [
            {
                "state": state,
                "name": self.state_names[state],
                "swatch": SWATCHES[state],
                "count": total.villages[state],
                # Of 100; with a point whatever the language.
                "width": f"{100 * total.villages[state] / max(villages, 1):.2f}",
            }
            for state in VILLAGE_STATES
        ]

    def villages_by_state(self, sums: Summed) -> list[dict[str, Any]]:
        return [
            {
                "name": self.state_names[state],
                "swatch": SWATCHES[state],
                "count": sums.villages[state],
            }
            for state in VILLAGE_STATES
        ]

    def operator_rows(self, sums: dict[str, Summed]) -> list[dict[str, Any]]:
        return [
            {
                "name": words.operator_name(operator),
                "sums": sums[operator],
                "villages": self.villages_by_state(sums[operator]),
                "map": self.map_url(operator=operator),
                "is_chosen": operator == self.operator,
            }
            for operator in LayerOperator.values
            if operator in sums
        ]

    def district_rows(
        self, counts: list[VillageCount], sums: dict[str, Summed]
    ) -> list[dict[str, Any]]:
        names = {count.district: count.district_name for count in counts}
        return [
            {
                "code": code,
                "name": name,
                "sums": sums[code],
                "villages": self.villages_by_state(sums[code]),
                "lacking": sums[code].villages["blank"] + sums[code].villages["partly"],
                "map": self.map_url(district=code),
            }
            for code, name in sorted(names.items(), key=lambda item: item[1])
        ]

    def listed_rows(self, counts: list[VillageCount]) -> dict[str, Any]:
        """Return the villages of the official list beside what was measured there."""
        listed = dashboard.listed_villages()
        states = {count.village: count for count in counts}
        rows = [
            {
                "code": code,
                "name": row["village__name"],
                "claim": row,
                "state": states[code].state,
                "state_name": self.state_names[states[code].state],
                "swatch": SWATCHES[states[code].state],
                "count": states[code],
                "confidence": states[code].p_blank_sum
                / max(states[code].blank_places, 1),
            }
            for code, row in listed.items()
            if code in states
        ]
        rows.sort(key=lambda row: (VILLAGE_STATES.index(row["state"]), row["name"]))
        return {
            "rows": rows,
            "states": [
                {
                    "name": self.state_names[state],
                    "swatch": SWATCHES[state],
                    "count": sum(1 for row in rows if row["state"] == state),
                }
                for state in VILLAGE_STATES
            ],
            "map": self.map_url(layers="surface,unknown,spots,boundaries,official"),
        }

    def longest_unmeasured(
        self,
        counts: list[VillageCount],
        newest: dict[tuple[str, str], datetime],
    ) -> list[dict[str, Any]]:
        """Return villages by the age of their newest report, the oldest first.

        Villages that nobody has measured come before all others.
        """
        operators = (
            Operator.values if self.operator == ANY_OPERATOR else [self.operator]
        )
        rows = []
        for one in counts:
            moments = [
                newest[one.village, operator]
                for operator in operators
                if (one.village, operator) in newest
            ]
            rows.append(
                {
                    "code": one.village,
                    "name": one.name,
                    "district": one.district_name,
                    "newest": max(moments, default=None),
                    "map": self.map_url(village=one.village),
                }
            )
        return sorted(
            rows,
            key=lambda row: (
                row["newest"] is not None,
                row["newest"].timestamp() if row["newest"] else 0.0,
                row["name"],
            ),
        )


def most_lacking(districts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the districts with most villages that lack the service, the most first."""
    lacking = [row for row in districts if row["lacking"]]
    return sorted(lacking, key=lambda row: -row["lacking"])[:MOST_LACKING_SHOWN]


def month_rows(
    months: list[tuple[str, str, int]], operator: str
) -> list[dict[str, Any]]:
    """Return the reports of each month from the first to the last, gaps as zero."""
    counts: dict[str, dict[str, int]] = {}
    for of_operator, month, reports in months:
        if operator in (ANY_OPERATOR, of_operator):
            counts.setdefault(month, {})[of_operator] = reports
    if not counts:
        return []
    rows = []
    for month in _months_between(min(counts), max(counts))[-MONTHS_SHOWN:]:
        year, number = (int(part) for part in month.split("-"))
        of_month = counts.get(month, {})
        rows.append(
            {
                "month": datetime(year, number, 1),  # noqa: DTZ001 - a month, no moment
                "operators": [
                    {"name": words.operator_name(o), "count": of_month.get(o, 0)}
                    for o in Operator.values
                    if operator in (ANY_OPERATOR, o)
                ],
                "total": sum(of_month.values()),
            }
        )
    return rows


def months_chart(rows: list[dict[str, Any]]) -> Chart | None:
    if not rows:
        return None
    return bars(
        key="months",
        title=gettext("Reports per month"),
        description=gettext(
            "From {first} to {last}; the table has the numbers."
        ).format(
            first=formats.date_format(rows[0]["month"], "F Y"),
            last=formats.date_format(rows[-1]["month"], "F Y"),
        ),
        label_name=gettext("Month"),
        value_name=gettext("Reports"),
        labels=[formats.date_format(row["month"], "M Y") for row in rows],
        values=[row["total"] for row in rows],
    )


def _months_between(first: str, last: str) -> list[str]:
    year, month = (int(part) for part in first.split("-"))
    months = [first]
    while months[-1] < last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        months.append(f"{year:04d}-{month:02d}")
    return months
