"""The difference between two runs of one layer, computed once and kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from coverage.core.classify import State
from coverage.core.difference import Change, changes_between, transitions
from coverage.core.exposure import NOWHERE
from coverage.core.law import Layer
from coverage.core.polygons import all_patch_polygons, label_patches
from coverage.models import CoverageRun, RunDifference
from coverage.selectors.regency import Regency, regency
from coverage.services.layers import load_layer
from kukar_connect.errors import DomainError

# Each is some ten to some hundred kilobytes; any can be computed again.
KEPT = 400
# Changes when what is kept is made in another way.
VERSION = "1"
# Of degrees: a tenth of a metre.
DECIMALS = 6
CHANGES = [change for change in Change if change != Change.SAME]
MEASURED_AS = {
    "covered": (State.COVERED, State.WEAK),
    "likely_blank": (State.LIKELY_BLANK,),
    "blank": (State.BLANK,),
}


class SameRunError(DomainError):
    title = gettext_noop("Choose two different runs.")


@dataclass(frozen=True)
class Difference:
    """What lies between two runs in one layer.

    ``villages`` has, by code, km² by the name of the change in lower case, and under
    ``measured_as`` what the newly measured turned out to be. ``patches`` are dicts of
    ``extent``, ``villages`` (codes) and ``feature``, the text of a GeoJSON feature.
    """

    villages: dict[str, dict[str, Any]]
    patches: list[dict[str, Any]]


def run_difference(
    *, from_run: CoverageRun, to_run: CoverageRun, layer: Layer
) -> Difference:
    """Return the difference between two published runs; safe to repeat.

    It is kept, as runs never change; what was kept over other boundaries is made
    anew. Squares that lie in no village today are left out.

    Raises
    ------
    SameRunError
        If both are the same run.
    """
    if from_run.pk == to_run.pk:
        raise SameRunError(_("The two runs are the same: nothing lies between them."))
    places = regency()
    if places is None:
        return Difference({}, [])
    fingerprint = hashlib.sha256(f"{VERSION}/{places.fingerprint}".encode()).hexdigest()
    which: dict[str, Any] = {
        "from_run": from_run,
        "to_run": to_run,
        "operator": layer[0],
        "service": layer[1],
    }
    kept = RunDifference.objects.filter(**which, fingerprint=fingerprint).first()
    if kept is not None:
        return Difference(**json.loads(zlib.decompress(kept.body)))
    made = _difference(from_run, to_run, layer, places)
    body = json.dumps({"villages": made.villages, "patches": made.patches})
    with transaction.atomic():
        RunDifference.objects.update_or_create(
            **which,
            defaults={
                "fingerprint": fingerprint,
                "body": zlib.compress(body.encode(), 6),
            },
        )
        newest = RunDifference.objects.order_by("-pk").values_list("pk", flat=True)
        for oldest in newest[KEPT : KEPT + 1]:
            RunDifference.objects.filter(pk__lte=oldest).delete()
    return made


def _difference(
    from_run: CoverageRun, to_run: CoverageRun, layer: Layer, places: Regency
) -> Difference:
    before = load_layer(layer, places, from_run)[1]
    after = load_layer(layer, places, to_run)[1]
    moved = transitions(
        before,
        after,
        places.owner,
        area_km2=places.area_km2,
        count=len(places.codes),
    )
    by_change, measured_as = moved.by_change(), moved.measured_as()
    changes = changes_between(before, after)
    changes[places.owner == NOWHERE] = Change.SAME
    return Difference(
        villages={
            code: {
                **{
                    change.name.lower(): float(by_change[index, change])
                    for change in CHANGES
                },
                "measured_as": {
                    name: float(measured_as[index, list(states)].sum())
                    for name, states in MEASURED_AS.items()
                },
            }
            for index, code in enumerate(places.codes)
            if by_change[index, 1:].any()
        },
        patches=[
            patch
            for change in CHANGES
            for patch in _patches(changes == change, change, places)
        ],
    )


def _patches(
    mask: NDArray[np.bool_], change: Change, places: Regency
) -> list[dict[str, Any]]:
    labels, patches = label_patches(mask)
    if not patches:
        return []
    rows, columns = np.nonzero(mask)
    numbers = labels[rows, columns]
    areas = np.bincount(numbers, weights=places.area_km2[rows])
    # The villages of each patch, as pairs that stand once.
    pairs = np.unique(np.stack([numbers, places.owner[rows, columns]], axis=1), axis=0)
    villages: dict[int, list[str]] = {}
    for number, owner in pairs.tolist():
        villages.setdefault(number, []).append(places.codes[owner])
    polygons = all_patch_polygons(labels, places.window)
    extents = shapely.bounds(polygons).round(DECIMALS).tolist()
    rounded = shapely.transform(polygons, lambda points: points.round(DECIMALS))
    texts = shapely.to_geojson(rounded)
    return [
        {
            "extent": extent,
            "villages": villages[number],
            "feature": _feature(
                text, change, round(float(areas[number]), 4), villages[number]
            ),
        }
        for number, (extent, text) in enumerate(
            zip(extents, texts, strict=True), start=1
        )
    ]


def _feature(geometry: str, change: Change, area_km2: float, codes: list[str]) -> str:
    properties = {
        "change": change.name.lower(),
        "area_km2": area_km2,
        "villages": codes,
    }
    return (
        f'{{"type":"Feature","properties":{json.dumps(properties)},'
        f'"geometry":{geometry}}}'
    )
