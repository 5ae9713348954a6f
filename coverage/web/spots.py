"""The page of one blank spot, for as long as anybody may cite it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.views.generic import TemplateView

from coverage.models import BlankSpot, CoverageRun, Service
from coverage.selectors.actions import actions_of_spots
from coverage.selectors.nearest import distances_to_signal_m
from coverage.selectors.priorities import PARTS, Weights, ranked_spots, saved_weights
from coverage.selectors.runs import as_of_run, current_run
from coverage.selectors.spots import (
    SpotRecord,
    facilities_within,
    layers_within,
    nearest_site,
    settlements_within,
    spot_record,
)
from coverage.templatetags.coverage_words import km2, percent
from coverage.web import spot_sentences, words
from coverage.web.priority_words import PART_NAMES, part_value
from coverage.web.spot_map import spot_map
from coverage.web.views import shares
from kukar_connect.roles import RoleRequiredMixin, has_role
from villages.models import Claim, Facility, Found, Settlement, Village

# What a report found, in the order of the table; "reading" is counted beside.
FOUND = {found.value: found.label for found in Found}


class BlankSpotPage(RoleRequiredMixin, TemplateView):
    template_name = "coverage/blank_spot.html"
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        record = spot_record(self.kwargs["identity"])
        if record is None:
            raise Http404
        spot, run = record.spot, record.run
        settlements = settlements_within(spot)
        facilities = facilities_within(spot)
        villages = villages_of(spot)
        is_ended = record.ended_run is not None
        names = [row["village"].name for row in villages]
        title = spot_sentences.title(spot, names)
        return super().get_context_data(
            **kwargs,
            spot=spot,
            run=run,
            ended_run=record.ended_run,
            ended_as_of=as_of(record.ended_run) if record.ended_run else None,
            run_as_of=as_of(run),
            has_internet_inside=spot.service == Service.INTERNET
            and bool(spot.report_kinds.get(Found.DATA)),
            title=title,
            who=spot_sentences.who_is_in_it(
                spot, has_settlements=bool(settlements) or Settlement.objects.exists()
            ),
            based_on=spot_sentences.based_on(spot, timezone.now()),
            operator_name=words.operator_name(spot.operator),
            service_name=words.service_name(spot.service),
            meaning=words.state_meanings(spot.operator, spot.service)[spot.state],
            layers=self.layers(record),
            states=[(s, words.STATE_NAMES[s]) for s in words.STATES],
            settlements=settlements,
            schools=[f for f in facilities if f.kind == Facility.Kind.SCHOOL],
            health_centres=[
                f for f in facilities if f.kind == Facility.Kind.HEALTH_CENTRE
            ],
            other_facilities=[
                f
                for f in facilities
                if f.kind not in (Facility.Kind.SCHOOL, Facility.Kind.HEALTH_CENTRE)
            ],
            kinds=[
                {"label": label, "count": spot.report_kinds[found]}
                for found, label in FOUND.items()
                if spot.report_kinds.get(found)
            ],
            readings=spot.report_kinds.get("reading", 0),
            villages=villages,
            history=self.history(record),
            statements=list(
                Claim.objects.filter(village__in=spot.villages, kind__in=RECORD)
                .select_related("village")
                .defer("village__boundary")
                .order_by("-stated_date", "village__name")
            ),
            distance_m=distances_to_signal_m(run, spot.operator, spot.service).get(
                spot.identity
            ),
            site_near=nearest_site(spot),
            place_in_ranking=None if is_ended else self.place_in_ranking(spot),
            actions=actions_of_spots([spot.identity]),
            can_act=has_role(self.request.user, "analyst"),
            map=spot_map(spot, settlements, facilities, is_ended=is_ended),
            map_title=title,
        )

    def layers(self, record: SpotRecord) -> list[dict[str, Any]]:
        return [
            {
                "operator": words.operator_name(operator),
                "service": words.service_name(service),
                "is_own": (operator, service)
                == (record.spot.operator, record.spot.service),
                "shares": shares(areas),
            }
            for (operator, service), areas in layers_within(
                record.spot, record.run
            ).items()
        ]

    def history(self, record: SpotRecord) -> list[dict[str, Any]]:
        """Return the rows of the runs that changed what the table shows."""
        rows: list[dict[str, Any]] = []
        before: tuple[str, ...] = ()
        for row in record.history:
            shown = (
                row.state,
                km2(row.area_km2),
                percent(row.confidence),
                str(row.report_count),
            )
            if shown == before:
                continue
            rows.append(
                {
                    "spot": row,
                    "run": row.first_run,
                    "as_of": as_of(row.first_run),
                    "is_first": not rows,
                    "state_name": words.STATE_NAMES[row.state],
                }
            )
            before = shown
        return rows

    def place_in_ranking(self, spot: BlankSpot) -> dict[str, Any] | None:
        run = current_run()
        if run is None:
            return None
        saved = saved_weights(self.request.user)
        weights = saved or Weights()
        ranked = ranked_spots(run, spot.operator, spot.service, weights)
        own = ranked.of(spot.identity)
        if own is None:
            return None
        return {
            "rank": own.rank,
            "of": len(ranked),
            "score": None if own.score is None else own.score * 100,
            "known": own.known,
            "is_saved": saved is not None,
            "parts": [
                {
                    "label": PART_NAMES[name],
                    "text": part_value(name, own.values[name]),
                    "share": own.parts[name],
                    "width": f"{(own.parts[name] or 0) * 100:.1f}",
                    "weight": weights.by_name[name],
                }
                for name in PARTS
            ],
        }


def as_of(run: CoverageRun) -> datetime:
    """Return the moment that *run* tells of, also where it was computed later."""
    return as_of_run(run) or run.input_cutoff_at


RECORD = (Claim.Kind.LISTED_BLANK, Claim.Kind.STATEMENT)


def villages_of(spot: BlankSpot) -> list[dict[str, Any]]:
    """Return the villages of *spot*, the one with most of it first, and their parts."""
    known = Village.objects.select_related("district").defer(
        "boundary", "district__boundary"
    )
    by_code = {village.code: village for village in known.filter(pk__in=spot.villages)}
    # Rows of older runs do not have them.
    unknown: list[float | None] = [None] * len(spot.villages)
    areas = spot.village_areas_km2 or unknown
    parts = spot.village_shares or unknown
    return [
        {"village": by_code[code], "area_km2": area, "share": share}
        for code, area, share in zip(spot.villages, areas, parts, strict=True)
        if code in by_code
    ]
