"""The pages of a village and of a district: everything known, in officials' words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.generic import TemplateView

from coverage.models import ANY_OPERATOR, Service, SpotState
from coverage.selectors.actions import actions_of_villages
from coverage.selectors.around import neighbours_of, sites_near, spot_counts, spots_in
from coverage.selectors.history import runs_for_history
from coverage.selectors.places import place_rows
from coverage.selectors.runs import current_run
from coverage.selectors.tables import layers_of_villages
from coverage.selectors.tallies import (
    people_without_4g,
    tallies_of,
    tally,
    with_all_operators,
)
from coverage.web import words
from coverage.web.profile_charts import history_charts
from coverage.web.profile_rows import (
    middle_of,
    operator_rows,
    own_point,
    podes_estimates,
    podes_point,
    report_rows,
    rows_of,
    run_counts,
    spot_row,
    state_of,
    to_measure,
    village_rows,
    with_states,
)
from coverage.web.profile_words import (
    district_sentence,
    kind_and_name,
    official_meanings,
    village_sentence,
)
from coverage.web.report_summary import newest_reports, report_counts
from coverage.web.share_groups import share_groups
from coverage.web.statements import timeline
from kukar_connect.roles import RoleRequiredMixin, has_role
from villages.models import (
    BoundarySource,
    Claim,
    District,
    Facility,
    Settlement,
    Village,
)

# The largest; the map and the table have the rest.
MOST_SPOTS = 15


class VillagePage(RoleRequiredMixin, TemplateView):
    """Everything known about one village, each operator and service side by side."""

    template_name = "coverage/village.html"
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        village = get_object_or_404(
            Village.objects.select_related("district").defer(
                "boundary", "district__boundary"
            ),
            # A zero byte is no text to PostgreSQL.
            code=self.kwargs["code"].replace("\0", ""),
        )
        run = current_run()
        settlements = list(village.settlements.all())
        facilities = list(village.facilities.all())
        neighbours = neighbours_of(village.code)
        codes = [village.code, *(n.code for n in neighbours)]
        rows = with_all_operators(place_rows(run, codes) if run else [], codes)
        own = [row for row in rows if row.village == village.code]
        tallies = tallies_of(own)
        of_any = tallies[ANY_OPERATOR]
        is_stand_in = all(r.settlement is None for r in own if r.is_of_people)
        layers = layers_of_villages(run, [village.code]) if run else []
        where, point_kind = podes_point(village, settlements, facilities)
        own_place = own_point(village, facilities)[0]
        # What is sure first; within that they come largest first.
        spots = sorted(
            spots_in(run, [village.code]) if run else [],
            key=lambda spot: spot.state != SpotState.BLANK,
        )
        counts = report_counts(village, run)
        claims = list(village.claims.order_by("-stated_date"))
        return super().get_context_data(
            **kwargs,
            village=village,
            actions=actions_of_villages([village.code]),
            about=f"village={village.code}",
            run=run,
            run_counts=run_counts(run),
            is_approximate=village.boundary_source == BoundarySource.APPROXIMATE,
            headline=village_sentence(
                kind_and_name(village), of_any, is_stand_in=is_stand_in
            ),
            any_tally=of_any,
            is_stand_in=is_stand_in,
            operators=operator_rows(
                tallies, podes_estimates(run, where) if run else {}, with_podes=True
            ),
            podes_point=point_kind,
            states=[(s, words.STATE_NAMES[s]) for s in words.STATES],
            official_meanings=official_meanings(),
            share_services=share_groups(
                own,
                settlements,
                facilities,
                layers,
                village.area_km2,
            ),
            charts=history_charts(runs_for_history(), [village.code]),
            settlements=with_states(settlements, own, "settlement"),
            facilities=with_states(facilities, own, "facility"),
            spots=[spot_row(spot, village.code) for spot in spots[:MOST_SPOTS]],
            spots_total=len(spots),
            reports=report_rows(counts),
            newest_reports=(
                newest_reports(village, run)
                if has_role(self.request.user, "verifier")
                else []
            ),
            timeline=timeline(claims, tallies, is_stand_in=is_stand_in),
            blank_km2=sum(
                row["blank_km2"]
                for row in layers
                if row["operator"] == ANY_OPERATOR
                and row["service"] == Service.INTERNET
            ),
            listed=[c for c in claims if c.kind == Claim.Kind.LISTED_BLANK],
            office_internet=list(village.office_internet.order_by("-stated_date")),
            sites=list(sites_near(own_place)),
            neighbours=[
                {
                    "code": n.code,
                    "name": n.name,
                    "district": n.district,
                    **state_of(tally(rows_of(rows, n.code, ANY_OPERATOR))),
                }
                for n in neighbours
            ],
            to_measure=to_measure(own, village, settlements, facilities, own_place),
            probable_settlement=village.settlement_point,
        )


class DistrictPage(RoleRequiredMixin, TemplateView):
    """A district: its villages side by side, and what they come to."""

    template_name = "coverage/district.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        district = get_object_or_404(
            District.objects.defer("boundary"),
            code=self.kwargs["code"].replace("\0", ""),
        )
        villages = list(district.villages.defer("boundary").order_by("name"))
        codes = [village.code for village in villages]
        run = current_run()
        settlements = list(Settlement.objects.filter(village__in=codes))
        facilities = list(Facility.objects.filter(village__in=codes))
        rows = with_all_operators(place_rows(run, codes) if run else [], codes)
        tallies = tallies_of(rows)
        layers = layers_of_villages(run, codes) if run else []
        people = {s.pk: s.people for s in settlements}
        of_any = [r for r in rows if r.operator == ANY_OPERATOR and r.is_of_people]
        stand_ins = sum(row.settlement is None for row in of_any)
        internet = Service.INTERNET.value
        spots = spot_counts(run, codes, ANY_OPERATOR, internet) if run else {}
        without, unmeasured = people_without_4g(of_any, people)
        return super().get_context_data(
            **kwargs,
            district=district,
            actions=actions_of_villages(codes),
            with_place=True,
            run=run,
            run_counts=run_counts(run),
            is_approximate=any(
                v.boundary_source == BoundarySource.APPROXIMATE for v in villages
            ),
            headline=district_sentence(
                district.name, tallies[ANY_OPERATOR], stand_ins=stand_ins
            ),
            any_tally=tallies[ANY_OPERATOR],
            stand_ins=stand_ins,
            people_without_4g=without,
            people_unmeasured=unmeasured,
            operators=operator_rows(tallies, {}, with_podes=False),
            states=[(s, words.STATE_NAMES[s]) for s in words.STATES],
            official_meanings=official_meanings(),
            villages=village_rows(villages, rows, people, spots),
            share_services=share_groups(
                rows, settlements, facilities, layers, sum(v.area_km2 for v in villages)
            ),
            charts=history_charts(runs_for_history(), codes),
            middle=middle_of(villages),
        )
