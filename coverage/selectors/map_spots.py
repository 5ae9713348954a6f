"""The blank spots of a layer as the map draws them from afar."""

from __future__ import annotations

import json
from functools import lru_cache

import shapely

from coverage.core.topology import topology
from coverage.models import BlankSpot
from kukar_connect.packed import Packed, pack
from villages.models import Village

# A sketch's line may move by this much: a tenth of a square short of a square, and
# 0.7 pixels of zoom 10. From zoom 11 on the map asks for the outlines themselves.
SKETCH_DEG = 0.001
STEP_DEG = 0.0005


# A layer of a run never changes, and everybody who opens the map asks for one.
@lru_cache(maxsize=16)
def sketched_spots(run_id: int, checksum: str, operator: str, service: str) -> Packed:
    """Return all blank spots of a layer as packed TopoJSON, the largest first.

    They carry what the map draws, filters and lists them by; `village_names` beside
    them names the villages.
    """
    rows = list(
        BlankSpot.objects.of_run(run_id)
        .filter(operator=operator, service=service)
        .order_by("-area_km2", "identity")
        .values(
            *("identity", "state", "area_km2", "confidence"),
            *("villages", "districts", "is_demo", "outline"),
        )
    )
    outlines = shapely.from_wkb([bytes(row["outline"].wkb) for row in rows])
    found = topology(
        shapely.simplify(outlines, SKETCH_DEG),
        [
            {
                "id": str(row["identity"]),
                "state": row["state"],
                "area_km2": round(row["area_km2"], 3),
                "confidence": round(row["confidence"], 3),
                "villages": row["villages"],
                "districts": row["districts"],
                "is_demo": row["is_demo"],
            }
            for row in rows
        ],
        name="spots",
        step_deg=STEP_DEG,
    )
    codes = {code for row in rows for code in row["villages"]}
    names = Village.objects.filter(code__in=codes).values_list("code", "name")
    body = found | {"run": run_id, "village_names": dict(names)}
    return pack(json.dumps(body, separators=(",", ":"), ensure_ascii=False))
