"""The history of the map: runs by month, and what lies between two runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coverage.api.rest import (
    GEOJSON,
    OPERATOR,
    SERVICE,
    NoRunError,
    published,
    tag,
    unchanged,
)
from coverage.models import CoverageRun, LayerOperator, Service
from coverage.selectors.history import runs_for_history
from coverage.selectors.place_changes import PlaceChange, place_changes
from coverage.services.run_difference import (
    CHANGES,
    MEASURED_AS,
    Difference,
    run_difference,
)
from kukar_connect import params
from kukar_connect.geojson import CONTENT_TYPE
from villages.models import Village

# What is counted of places, and what of it an answer names.
PLACE_NAMES = {
    "settlement": "settlements",
    "village": "village_points",
    "school": "schools",
    "health_centre": "health_centres",
}


def layer_of(request: Request) -> tuple[str, str]:
    query = request.query_params
    operator = params.choice(query, "operator", LayerOperator.values) or "ANY"
    service = params.choice(query, "service", Service.values) or "internet"
    return operator, service


class MonthlyRuns(APIView):
    """One run for each month, oldest first, and the current one: for a slider."""

    @extend_schema(
        operation_id="runs_monthly",
        parameters=[OPERATOR, SERVICE],
        responses=OpenApiTypes.OBJECT,
        description=(
            "The newest published run of each month (WITA) of its input cut-off, with "
            "the areas of one layer: `blank_km2` is surely blank, `likely_blank_km2` "
            "probably; the dashboard's blank area is both. `as_of` is not null where "
            "the run was computed afterwards from the reports known at that moment."
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        layer = layer_of(request)
        runs = runs_for_history()
        told = f"{[run.pk for run in runs]}{layer}{request.LANGUAGE_CODE}"
        etag = f'"months-{_digest(told)}"'
        if not_modified := unchanged(request, etag):
            return not_modified
        areas = areas_of_runs([run.pk for run in runs], layer)
        return tag(
            Response(
                {
                    "operator": layer[0],
                    "service": layer[1],
                    "runs": [_month(run, areas.get(run.pk, {})) for run in runs],
                }
            ),
            etag,
        )


def _month(run: Any, areas: dict[str, float]) -> dict[str, Any]:
    return {
        "id": run.pk,
        "label": date_format(run.month, "F Y"),
        "month": f"{run.month:%Y-%m}",
        "is_current": run.is_current,
        "is_demo": run.is_demo,
        "input_cutoff_at": run.input_cutoff_at,
        "as_of": run.as_of,
        "blank_km2": areas.get("blank_km2"),
        "likely_blank_km2": areas.get("likely_blank_km2"),
        "unknown_km2": areas.get("unknown_km2"),
        "covered_km2": areas.get("covered_km2"),
    }


_AREAS = """
SELECT run.id, sum(v.covered_km2), sum(v.blank_km2), sum(v.likely_blank_km2),
       sum(v.unknown_km2)
FROM unnest(%(runs)s::bigint[]) AS run(id)
JOIN coverage_villagecoverage AS v
  ON v.operator = %(operator)s AND v.service = %(service)s
 AND v.first_run_id <= run.id AND (v.ended_run_id IS NULL OR v.ended_run_id > run.id)
GROUP BY run.id
"""


def areas_of_runs(runs: list[int], layer: tuple[str, str]) -> dict[int, dict[str, Any]]:
    """Return the regency's areas in km² of each of *runs* in one layer."""
    with connection.cursor() as cursor:
        cursor.execute(
            _AREAS, {"runs": runs, "operator": layer[0], "service": layer[1]}
        )
        return {
            run: {
                "covered_km2": round(covered, 4),
                "blank_km2": round(blank, 4),
                "likely_blank_km2": round(likely, 4),
                "unknown_km2": round(unknown, 4),
            }
            for run, covered, blank, likely, unknown in cursor.fetchall()
        }


class RunDifferences(APIView):
    """What lies between two runs: as polygons, in sums, and where people are."""

    @extend_schema(
        operation_id="run_differences_read",
        parameters=[
            OpenApiParameter("from", int, required=True, description="Earlier run."),
            OpenApiParameter("to", int, required=True, description="Later run."),
            OPERATOR,
            SERVICE,
            OpenApiParameter("district", str, description="District code."),
            OpenApiParameter("village", str, description="Village code."),
            OpenApiParameter(
                "bbox",
                str,
                description="west,south,east,north: limits the polygons alone.",
            ),
        ],
        responses=GEOJSON,
        description=(
            "`newly_covered`: blank before, covered (or weak) now. `newly_blank`: the "
            "reverse. `better_sign` and `worse_sign`: by one step only, from or to "
            "probably blank. `newly_measured`: unknown before, known now. "
            "`unknown_again`: the reverse. Areas are geodesic km² of the squares. "
            "`people` is null where no number of them is loaded."
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        runs = [_run(request, name) for name in ("from", "to")]
        operator, service = layer_of(request)
        codes = _villages_asked(
            params.text(query, "district"), params.text(query, "village")
        )
        bbox = params.bbox(query)
        difference = run_difference(
            from_run=runs[0], to_run=runs[1], layer=(operator, service)
        )
        places = place_changes(
            from_run=runs[0].pk, to_run=runs[1].pk, operator=operator, service=service
        )
        # Areas never change; how many people live somewhere may be corrected.
        head = {
            "from": _told(runs[0]),
            "to": _told(runs[1]),
            "operator": operator,
            "service": service,
            **_sums(difference, places, codes),
        }
        patches = [
            patch["feature"]
            for patch in difference.patches
            if _is_wanted(patch, codes, bbox)
        ]
        members = json.dumps(head, default=str)[1:-1]
        body = (
            f'{{"type":"FeatureCollection",{members},"features":[{",".join(patches)}]}}'
        )
        etag = f'"difference-{_digest(body)}"'
        return unchanged(request, etag) or tag(
            HttpResponse(body, content_type=CONTENT_TYPE), etag
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _run(request: Request, name: str) -> CoverageRun:
    number = params.whole_number(request.query_params, name)
    if number is None:
        raise params.ParameterError(
            _("Name two runs: from=… and to=…, numbers of runs of the map.")
        )
    run = published(number)
    if run is None:
        raise NoRunError(_("There is no such run."))
    return run


def _told(run: CoverageRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "input_cutoff_at": run.input_cutoff_at.isoformat(),
        "as_of": run.parameters.get("as_of"),
        "is_current": run.is_current,
        "is_demo": run.is_demo,
    }


Places = dict[str, tuple[str, str, str]]


def _villages_asked(district: str | None, village: str | None) -> Places:
    """Return name, district and its name of the villages asked for, by code."""
    villages = Village.objects.all()
    if district:
        villages = villages.filter(district_id=district)
    if village:
        villages = villages.filter(pk=village)
    rows = villages.values_list("code", "name", "district_id", "district__name")
    found = {code: (name, of, of_name) for code, name, of, of_name in rows}
    if not found and (district or village):
        raise NoRunError(_("There is no village or district with this code."))
    return found


def _is_wanted(
    patch: dict[str, Any],
    codes: Places,
    bbox: tuple[float, float, float, float] | None,
) -> bool:
    if not any(code in codes for code in patch["villages"]):
        return False
    if bbox is None:
        return True
    west, south, east, north = patch["extent"]
    return west <= bbox[2] and east >= bbox[0] and south <= bbox[3] and north >= bbox[1]


def _sums(
    difference: Difference, places: list[PlaceChange], codes: Places
) -> dict[str, Any]:
    """Return the sums of all, of each district and of each village that changed."""
    by_village: dict[str, list[PlaceChange]] = {}
    for place in places:
        if place.village in codes:
            by_village.setdefault(place.village, []).append(place)
    changed = sorted({*difference.villages, *by_village} & set(codes))
    districts: dict[str, list[str]] = {}
    for code in changed:
        districts.setdefault(codes[code][1], []).append(code)

    def sums(which: Iterable[str]) -> dict[str, Any]:
        which = list(which)
        areas = [difference.villages[c] for c in which if c in difference.villages]
        return _changes(areas, [p for c in which for p in by_village.get(c, ())])

    return {
        "totals": sums(changed),
        "districts": [
            {"code": code, "name": codes[inside[0]][2], **sums(inside)}
            for code, inside in sorted(
                districts.items(), key=lambda item: codes[item[1][0]][2]
            )
        ],
        "villages": [
            {"code": c, "name": codes[c][0], "district": codes[c][1], **sums([c])}
            for c in changed
        ],
    }


def _changes(
    areas: list[dict[str, Any]], places: list[PlaceChange]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for change in CHANGES:
        name = change.name.lower()
        mine = [place for place in places if place.change == change]
        known = [place.people for place in mine if place.people is not None]
        found[name] = {
            "area_km2": round(sum(area[name] for area in areas), 4),
            **{
                told: sum(place.count for place in mine if place.kind == kind)
                for kind, told in PLACE_NAMES.items()
            },
            "people": sum(known) if known else None,
            "settlements_without_people": sum(place.without_people for place in mine),
            "is_demo": any(place.is_demo for place in mine),
        }
    found["newly_measured"]["as"] = {
        name: round(sum(area["measured_as"][name] for area in areas), 4)
        for name in MEASURED_AS
    }
    return found
