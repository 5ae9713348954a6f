"""Vector tiles: one statement that PostGIS answers with the tile's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from coverage.api.ogc.collections import BLANK_SPOTS
from coverage.api.ogc.schemas import (
    DAY,
    INTEGER,
    MOMENT,
    NUMBER,
    STRINGS,
    Collection,
    Property,
)

# Of a tile's side, and how far beyond it a line is drawn so that its edge is not.
EXTENT, BUFFER = 4096, 64
# Prepared geometry is in units of a tile of this zoom: coverage/migrations/0009.
UNITS_ZOOM = 14
UNITS = EXTENT << UNITS_ZOOM
# From here on a corner of a square falls on a whole unit of the tile, too.
EXACT_ZOOM = 6
MAX_ZOOM = 22
# A tile with more of them would be of use to nobody.
MOST_FEATURES = 50_000

# Collections whose geometry and properties are prepared (coverage/migrations/0009 and
# 0012), and whose tiles never change with their run.
PREPARED = {BLANK_SPOTS.id: ("b.tile_polygon", "b.tile_properties")}

# The box is worked out once, not for every row.
_TILE = """
WITH tile AS MATERIALIZED (SELECT {envelope} AS box)
SELECT ST_AsMVT(t, %(layer)s, 4096, 'geom'{feature_id}) FROM (
  SELECT {properties}, {geometry} AS geom
  FROM {source}, tile WHERE {where} AND {meets}{order} LIMIT %(most)s
) AS t WHERE geom IS NOT NULL
"""


def tile_of(
    collection: Collection,
    z: int,
    x: int,
    y: int,
    run: int | None,
    equal: Mapping[str, str],
) -> bytes:
    """Return tile z/x/y of *collection* as MVT; empty where nothing is.

    *equal* holds values of properties that can be filtered by.
    """
    where = [collection.where]
    values: dict[str, Any] = {"run": run, "layer": collection.id, "most": MOST_FEATURES}
    for number, (name, value) in enumerate(equal.items()):
        where.append(f"({collection.properties[name].sql})::text = %(equal{number})s")
        values[f"equal{number}"] = value
    prepared = PREPARED.get(collection.id)
    drawn = (
        _prepared(prepared[0], z, x, y) if prepared else _as_stored(collection, z, x, y)
    )
    # A row's number is the feature's; other keys cannot be.
    has_number = collection.key_type == "bigint"
    numbered = [f"{collection.key} AS feature_id"] if has_number else []
    if prepared:
        # A spot belongs to many runs.
        told = [prepared[1], '%(run)s::bigint AS "run"']
    else:
        told = [
            f'{collection.key}::text AS "id"',
            *(f'{_value(p)} AS "{n}"' for n, p in collection.properties.items()),
        ]
    statement = _TILE.format(
        source=collection.source,
        where=" AND ".join(where),
        # Sorting ten thousand polygons takes as long as moving them; and of what may
        # change, the same rows have to give the same bytes.
        order="" if prepared else f" ORDER BY {collection.key}",
        feature_id=", 'feature_id'" if has_number else "",
        properties=", ".join([*numbered, *told]),
        **drawn,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return bytes(row[0])


def _value(one: Property) -> str:
    """Return the SQL of a property in one of the types that a tile knows."""
    schema = one.schema
    if schema == STRINGS:
        return f"array_to_string({one.sql}, ',')"
    if schema == MOMENT:
        return (
            f"""to_char({one.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
        )
    kind = {str(INTEGER): "bigint", str(NUMBER): "float8", str(DAY): "text"}
    cast = kind.get(str(schema))
    return f"({one.sql})::{cast}" if cast else one.sql


def _prepared(column: str, z: int, x: int, y: int) -> dict[str, str]:
    """Return the SQL of geometry that only has to be moved to where the tile is.

    What reaches out of the tile is cut by ST_AsMVTGeom, which takes far longer.
    """
    side = UNITS / 2**z
    beyond = side * BUFFER / EXTENT
    west, north = x * side, UNITS - y * side
    scale = EXTENT / side
    cut = f"ST_AsMVTGeom({column}, {_box(west, north - side, west + side, north)}"
    cut = f"{cut}, {EXTENT}, {BUFFER}, TRUE)"
    moved = (
        f"ST_Affine({column}, {scale!r}, 0, 0, {-scale!r},"
        f" {-west * scale!r}, {north * scale!r})"
    )
    around = (
        west - beyond,
        north - side - beyond,
        west + side + beyond,
        north + beyond,
    )
    return {
        "envelope": f"{_box(*around)}::geometry",
        "geometry": f"CASE WHEN {column} @ tile.box THEN {moved} ELSE {cut} END"
        if z >= EXACT_ZOOM
        else cut,
        "meets": f"{column} && tile.box",
    }


def _box(west: float, south: float, east: float, north: float) -> str:
    return f"ST_MakeEnvelope({west!r}, {south!r}, {east!r}, {north!r})::box2d"


def _as_stored(collection: Collection, z: int, x: int, y: int) -> dict[str, str]:
    envelope = f"ST_TileEnvelope({z}, {x}, {y}"
    shown = f"ST_Transform({collection.geometry}, 3857)"
    return {
        "envelope": f"ST_Transform({envelope}, margin => {BUFFER / EXTENT!r}), 4326)",
        "geometry": f"ST_AsMVTGeom({shown}, {envelope}), {EXTENT}, {BUFFER}, TRUE)",
        "meets": f"{collection.geometry} && tile.box",
    }
