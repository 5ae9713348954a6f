"""What a run says at a list of points: `coverage/at/`, thousands at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.utils import (
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from numpy.typing import NDArray
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from coverage.api.at_point import MOST_LAT
from coverage.api.rest import OPERATOR, RUN, SERVICE, run_of
from coverage.models import LayerOperator, Service
from coverage.selectors.at_point import STEP_KM
from coverage.selectors.at_points import (
    EvidenceAtPoints,
    LayerAtPoints,
    places_at,
    probability,
    state_words,
)
from kukar_connect import params
from kukar_connect.errors import DomainError

MOST_POINTS = 10_000
LONGEST_ID = 100
# How the evidence of one operator is written.
EVIDENCE = '{"distance_km":%s,"age_days":%s}'


class PointsError(DomainError):
    title = gettext_noop("Some points are not usable.")


class TooManyPointsError(DomainError):
    status = 413
    title = gettext_noop("Too many points at once.")


@extend_schema_field(
    {"oneOf": [{"type": "string", "maxLength": LONGEST_ID}, {"type": "integer"}]}
)
class LookupId(serializers.JSONField):
    """What a client calls a point (for the documentation)."""


class LookupPoint(serializers.Serializer):
    """A point of the question (for the documentation; `_points` reads it)."""

    lon = serializers.FloatField(min_value=-180, max_value=180)
    lat = serializers.FloatField(min_value=-MOST_LAT, max_value=MOST_LAT)
    id = LookupId(
        required=False,
        allow_null=True,
        help_text="Text or whole number of your own; it comes back with the answer.",
    )


class LookupLayer(serializers.Serializer):
    state = serializers.ChoiceField(state_words())
    mean_dbm = serializers.FloatField(allow_null=True)
    std_db = serializers.FloatField(allow_null=True)
    p_blank = serializers.FloatField(
        allow_null=True, help_text="Probability of less than usable signal."
    )


class LookupEvidence(serializers.Serializer):
    distance_km = serializers.FloatField(
        allow_null=True, help_text="Rounded up to 0.1 km; null: no report at all."
    )
    age_days = serializers.IntegerField(allow_null=True)


LookupLayers = type(
    "LookupLayers",
    (serializers.Serializer,),
    {operator: LookupLayer(required=False) for operator in LayerOperator.values},
)
LookupEvidences = type(
    "LookupEvidences",
    (serializers.Serializer,),
    {operator: LookupEvidence(required=False) for operator in LayerOperator.values},
)


class Lookup(APIView):
    """Every layer at each of up to 10,000 points."""

    # It changes nothing: a list of points is too long for an address.
    read_methods = ("POST",)

    @extend_schema(
        operation_id="coverage_lookup",
        parameters=[RUN, OPERATOR, SERVICE],
        request=inline_serializer(
            "Lookup",
            {
                "points": LookupPoint(
                    many=True,
                    max_length=MOST_POINTS,  # type: ignore[call-arg]  # of the list
                )
            },
        ),
        responses=inline_serializer(
            "LookupAnswer",
            {
                "run": serializers.IntegerField(),
                "is_demo": serializers.BooleanField(),
                "points": inline_serializer(
                    "LookupAnswerPoint",
                    {
                        "id": LookupId(required=False, help_text="As it was sent."),
                        "lon": serializers.FloatField(),
                        "lat": serializers.FloatField(),
                        "evidence": LookupEvidences(),
                        **{
                            service: LookupLayers(required=False)
                            for service in Service.values
                        },
                    },
                    many=True,
                ),
            },
        ),
        description=(
            "The points come back in their order, each with the layers of a service by "
            "operator and the nearest report of each operator, as `coverage/at/` has "
            "them. With `operator` or `service` only those layers. A point may also be "
            "written as `[lon, lat]`. Where any point cannot be used none is looked "
            "up, and `errors` names every wrong one by its place in the list, from 0."
        ),
    )
    def post(self, request: Request) -> HttpResponse:
        query = request.query_params
        operator = params.choice(query, "operator", LayerOperator.values)
        service = params.choice(query, "service", Service.values)
        heads, lon, lat = _points(request.data)
        run = run_of(request)
        services = [service] if service else Service.values
        operators = [operator] if operator else LayerOperator.values
        places = places_at(
            run, lon, lat, operators=operators, services=services, now=timezone.now()
        )
        members, columns = [], [heads]
        for name in services:
            members.append(_member(name, operators, "%s"))
            columns += [_layer_texts(places.layers[o, name]) for o in operators]
        members.append(_member("evidence", operators, EVIDENCE))
        for operator in operators:
            columns += _evidence_texts(places.evidence[operator])
        form = "{%s," + ",".join(members) + "}"
        points = ",".join(map(form.__mod__, zip(*columns, strict=True)))
        is_demo = json.dumps(run.is_demo)
        return HttpResponse(
            f'{{"run":{run.pk},"is_demo":{is_demo},"points":[{points}]}}',
            content_type="application/json",
            headers={"Cache-Control": "private, no-cache"},
        )


def _points(body: Any) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Return what the answer repeats of each point, and where the points lie."""
    points = body.get("points") if isinstance(body, dict) else None
    if not isinstance(points, list):
        raise PointsError(
            _('Send a list of points: {"points": [{"lon": 116.9, "lat": -0.4}]}.')
        )
    if len(points) > MOST_POINTS:
        raise TooManyPointsError(
            _("Send at most %(most)d points at once.") % {"most": MOST_POINTS}
        )
    heads: list[str] = []
    lons: list[Any] = []
    lats: list[Any] = []
    wrong: list[dict[str, Any]] = []
    for n, point in enumerate(points):
        if isinstance(point, dict):
            lon, lat, name = point.get("lon"), point.get("lat"), point.get("id")
        elif isinstance(point, list) and len(point) == 2:
            (lon, lat), name = point, None
        else:
            lon = lat = name = None
        if not (_is_between(lon, 180.0) and _is_between(lat, MOST_LAT) and lon != 180):
            detail = _("Give lon and lat in degrees, such as lon=116.9&lat=-0.4.")
            wrong.append({"point": n, "detail": detail})
            continue
        if not _is_name(name):
            detail = _("An id is a whole number, or text of up to %(most)d letters.")
            wrong.append({"point": n, "detail": detail % {"most": LONGEST_ID}})
            continue
        lons.append(lon)
        lats.append(lat)
        head = f'"lon":{lon!r},"lat":{lat!r}'
        heads.append(head if name is None else f'"id":{json.dumps(name)},{head}')
    if wrong:
        raise PointsError(
            _("%(wrong)d of %(all)d points cannot be used.")
            % {"wrong": len(wrong), "all": len(points)},
            errors=wrong,
        )
    return heads, np.array(lons, float), np.array(lats, float)


def _is_between(value: Any, most: float) -> bool:
    # True and False are numbers to Python; NaN and Infinity are to its reader of JSON.
    return type(value) in (int, float) and -most <= value <= most


def _is_name(name: Any) -> bool:
    if isinstance(name, str):
        return len(name) <= LONGEST_ID
    return name is None or (type(name) is int and abs(name) < 2**63)


def _member(name: str, operators: Collection[str], form: str) -> str:
    """Return the form of the member *name*, in it a member for each operator."""
    each = ",".join(f'"{operator}":{form}' for operator in operators)
    return f'"{name}":{{{each}}}'


def _layer_texts(layer: LayerAtPoints) -> list[str]:
    words = state_words()
    key = (
        layer.state.astype(np.int64) << 33
        | layer.is_estimated.astype(np.int64) << 32
        | layer.mean_ddbm.view(np.uint16).astype(np.int64) << 16
        | layer.std_ddb.astype(np.int64) << 8
        | layer.p_blank
    )

    def text(key: int) -> str:
        state = words[key >> 33]
        if not key >> 32 & 1:
            return f'{{"state":"{state}","mean_dbm":null,"std_db":null,"p_blank":null}}'
        mean_ddbm = (key >> 16 & 0xFFFF ^ 0x8000) - 0x8000
        return (
            f'{{"state":"{state}","mean_dbm":{mean_ddbm / 10},'
            f'"std_db":{(key >> 8 & 0xFF) / 10},"p_blank":{probability(key & 0xFF)}}}'
        )

    return _written(key, text)


def _evidence_texts(evidence: EvidenceAtPoints) -> tuple[list[str], list[str]]:
    """Return the distances and the ages, written one by one: few are different."""

    def km(steps: int) -> str:
        return "null" if steps < 0 else str(round(steps * STEP_KM, 1))

    def days(days: int) -> str:
        return "null" if days < 0 else str(days)

    age_days = np.where(evidence.distance_steps < 0, -1, evidence.age_days)
    return _written(evidence.distance_steps, km), _written(age_days, days)


def _written(keys: NDArray[np.int64], text: Callable[[int], str]) -> list[str]:
    """Return the text of each of *keys*, each different one written once."""
    different, which = np.unique(keys, return_inverse=True)
    texts = np.array([text(key) for key in different.tolist()], object)
    return texts[which].tolist() if len(keys) else []
