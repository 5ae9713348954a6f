"""Villages and blank spots of a run as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Min

from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from villages.models import Claim, Village

AREAS = ("covered_km2", "weak_km2", "likely_blank_km2", "blank_km2", "unknown_km2")


def village_table(
    run: CoverageRun, operator: str, service: str
) -> list[dict[str, Any]]:
    """Return every village with its areas by state, by district and name."""
    rows = (
        VillageCoverage.objects.of_run(run.pk)
        .filter(operator=operator, service=service)
        .values("village_id", "report_count", *AREAS)
    )
    areas = {row["village_id"]: row for row in rows}
    nothing = dict.fromkeys((*AREAS, "report_count"), 0)
    listed = listed_years()
    return [
        {
            "code": v.code,
            "name": v.name,
            "kind": v.kind,
            "district_code": v.district_id,
            "district": v.district.name,
            "area_km2": v.area_km2,
            "listed_year": listed.get(v.code),
            **nothing,
            **{k: x for k, x in areas.get(v.code, {}).items() if k != "village_id"},
        }
        for v in Village.objects.select_related("district")
        .defer("boundary", "district__boundary")
        .order_by("district__name", "name")
    ]


def village_layers(run: CoverageRun, village: Village) -> list[dict[str, Any]]:
    """Return one village's areas by state for each layer of *run*."""
    return list(
        VillageCoverage.objects.of_run(run.pk)
        .filter(village=village)
        .order_by("service", "operator")
        .values("operator", "service", "report_count", *AREAS)
    )


def layers_of_villages(run: CoverageRun, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the areas by state of several villages, a row a village and layer."""
    return list(
        VillageCoverage.objects.of_run(run.pk)
        .filter(village__in=codes)
        .values("village_id", "operator", "service", *AREAS)
    )


def blank_spot_table(
    run: CoverageRun, operator: str, service: str, village: str | None = None
) -> list[dict[str, Any]]:
    """Return the blank spots of a layer, largest first, with a point inside."""
    spots = BlankSpot.objects.of_run(run.pk).filter(operator=operator, service=service)
    if village is not None:
        spots = spots.filter(villages__contains=[village])
    names = dict(Village.objects.values_list("code", "name"))
    table = []
    for spot in spots.order_by("-area_km2", "identity"):
        inside = spot.polygon.point_on_surface
        table.append(
            {
                "identity": spot.identity,
                "state": spot.state,
                "area_km2": spot.area_km2,
                "confidence": spot.confidence,
                "confidence_std": spot.confidence_std,
                "report_count": spot.report_count,
                "reporter_count": spot.reporter_count,
                "newest_report_at": spot.newest_report_at,
                "oldest_report_at": spot.oldest_report_at,
                "villages": [
                    {"code": code, "name": names.get(code, code)}
                    for code in spot.villages
                ],
                "settlement_count": spot.settlement_count,
                "facility_count": spot.facility_count,
                "people": spot.people,
                "is_demo": spot.is_demo,
                "lon": inside.x,
                "lat": inside.y,
            }
        )
    return table


def listed_years() -> dict[str, int]:
    """Return for each listed village the year it first stood on the official list."""
    return {
        row["village_id"]: row["first"].year
        for row in Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)
        .values("village_id")
        .annotate(first=Min("stated_date"))
    }
