"""Blank spots and coverage by village as vector tiles in one PMTiles file."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from coverage.core.grid import SEMI_MAJOR_M, WORLD_SQUARES, position_of
from coverage.models import CoverageRun, LayerOperator, Service
from coverage.selectors.file_columns import (
    AREAS,
    BLANK_SPOTS,
    COVERAGE,
    FileColumn,
)

# From the whole regency on a phone to where a square is sixteen pixels; a map enlarges
# the last zoom for itself.
ZOOMS = range(5, 13)
EXTENT, BUFFER = 4096, 64
# Tiles asked for at once: some hundred kilobytes.
TILES_AT_ONCE = 64
_WORLD_M = 2 * math.pi * SEMI_MAJOR_M
# A village is one feature; its layers are properties such as any_internet_main_state.
OF_A_LAYER = ("main_state", *(name for name, _short, _meaning in AREAS), "reports")
OF_A_VILLAGE = tuple(
    c for c in COVERAGE.columns if c.name not in ("operator", "service", *OF_A_LAYER)
)
Box = tuple[float, float, float, float]


def write_pmtiles(run: CoverageRun, path: Path, about: dict[str, Any]) -> int:
    """Write the tiles to *path*; return how many features there are, over all tiles.

    One transaction, for its temporary tables.
    """
    with transaction.atomic(), path.open("wb") as file:
        features, (west, south, east, north) = _prepare(run)
        writer = Writer(file)
        for z in ZOOMS:
            for tile_id, tile in _tiles(z, (west, south, east, north)):
                writer.write_tile(tile_id, gzip.compress(tile, mtime=0))
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE tile_spots, tile_villages")
        writer.finalize(
            {
                "tile_type": TileType.MVT,
                "tile_compression": Compression.GZIP,
                "min_zoom": ZOOMS.start,
                "max_zoom": ZOOMS.stop - 1,
                "min_lon_e7": int(west * 1e7),
                "min_lat_e7": int(south * 1e7),
                "max_lon_e7": int(east * 1e7),
                "max_lat_e7": int(north * 1e7),
                "center_zoom": ZOOMS.start + 2,
                "center_lon_e7": int((west + east) / 2 * 1e7),
                "center_lat_e7": int((south + north) / 2 * 1e7),
            },
            {**about, "vector_layers": vector_layers()},
        )
    return features


def vector_layers() -> list[dict[str, Any]]:
    """Return which layers the tiles have, with their fields, as TileJSON tells it."""
    kinds = {"text": "String", "moment": "String", "truth": "Boolean"}

    def fields(columns: Iterable[FileColumn], before: str = "") -> dict[str, str]:
        return {before + c.name: kinds.get(c.kind, "Number") for c in columns}

    of_villages = fields(OF_A_VILLAGE)
    for operator, service in product(LayerOperator, Service):
        of_villages |= fields(
            (c for c in COVERAGE.columns if c.name in OF_A_LAYER),
            f"{operator.lower()}_{service}_",
        )
    return [
        {
            "id": table.layer,
            "description": str(table.description),
            "fields": its_fields,
            "minzoom": ZOOMS.start,
            "maxzoom": ZOOMS.stop - 1,
        }
        for table, its_fields in (
            (BLANK_SPOTS, fields(BLANK_SPOTS.columns)),
            (COVERAGE, of_villages),
        )
    ]


def _prepare(run: CoverageRun) -> tuple[int, Box]:
    """Make the features ready for all zooms, projected; return how many, and where."""
    with connection.cursor() as cursor:
        for statement in (_SPOTS, _VILLAGES):
            cursor.execute(statement, {"run": run.pk})
        cursor.execute(_EXTENT)
        features, *box = cursor.fetchone()
    west, south, east, north = (0.0 if side is None else side for side in box)
    return features, (west, south, east, north)


def _listed(columns: Iterable[FileColumn]) -> str:
    return ", ".join(f"{c.sql} AS {c.name}" for c in columns)


_OWN = ", ".join(f"t.{c.name}" for c in OF_A_VILLAGE)
_LAYERS = ", ".join(
    f"lower(t.operator || '_' || t.service) || '_{name}', t.{name}"
    for name in OF_A_LAYER
)
_SPOTS = f"""
CREATE TEMPORARY TABLE tile_spots ON COMMIT DROP AS
SELECT {_listed(BLANK_SPOTS.columns)},
       ST_Transform({BLANK_SPOTS.geometry}, 3857) AS geom
FROM {BLANK_SPOTS.source}
"""
_VILLAGES = f"""
CREATE TEMPORARY TABLE tile_villages ON COMMIT DROP AS
WITH t AS (SELECT {_listed(COVERAGE.columns)} FROM {COVERAGE.source})
SELECT {_OWN}, jsonb_object_agg(layer.key, layer.value) AS layers,
       ST_Transform((SELECT boundary FROM villages_village AS v
                     WHERE v.code = t.village), 3857) AS geom
FROM t, jsonb_each(jsonb_build_object({_LAYERS})) AS layer
GROUP BY {_OWN}
"""
_EXTENT = """
SELECT count(*), ST_XMin(ST_Extent(geom)), ST_YMin(ST_Extent(geom)),
       ST_XMax(ST_Extent(geom)), ST_YMax(ST_Extent(geom))
FROM (SELECT ST_Transform(geom, 4326) AS geom FROM tile_spots
      UNION ALL SELECT ST_Transform(geom, 4326) FROM tile_villages) AS feature
"""


def _tiles(z: int, box: Box) -> Iterator[tuple[int, bytes]]:
    """Yield the tiles of zoom *z* that have something in them, in the file's order."""
    west, south, east, north = box
    side = 2**z
    columns, rows = position_of([west, east], [north, south])
    left, right = (int(c * side / WORLD_SQUARES) for c in columns)
    top, bottom = (int(r * side / WORLD_SQUARES) for r in rows)
    places = sorted(
        (zxy_to_tileid(z, x, y), x, y)
        for x in range(left, min(right, side - 1) + 1)
        for y in range(top, min(bottom, side - 1) + 1)
    )
    with connection.cursor() as cursor:
        for table in ("spots", "villages"):
            # Lines finer than a tile tells are only weight; no polygon is lost.
            cursor.execute(
                f"CREATE TEMPORARY TABLE zoom_{table} ON COMMIT DROP AS"
                " SELECT *, ST_Simplify(geom, %(tolerance)s, true) AS drawn"
                f" FROM tile_{table}",
                {"tolerance": _WORLD_M / side / EXTENT},
            )
            cursor.execute(f"CREATE INDEX ON zoom_{table} USING gist (drawn)")
        for start in range(0, len(places), TILES_AT_ONCE):
            ids, x, y = zip(*places[start : start + TILES_AT_ONCE], strict=True)
            values: dict[str, Any] = {
                "ids": list(ids),
                "x": list(x),
                "y": list(y),
                "z": z,
            }
            cursor.execute(_TILES, values)
            for tile_id, tile in cursor.fetchall():
                if tile:
                    yield tile_id, bytes(tile)
        cursor.execute("DROP TABLE zoom_spots, zoom_villages")


def _layer(table: str, name: str, columns: str) -> str:
    return f"""(
    SELECT ST_AsMVT(f, '{name}', {EXTENT}, 'geom') FROM (
        SELECT {columns}, ST_AsMVTGeom(s.drawn, tile.box, {EXTENT}, {BUFFER}) AS geom
        FROM zoom_{table} AS s WHERE s.drawn && tile.wide
    ) AS f WHERE f.geom IS NOT NULL
)"""


def _named(columns: Iterable[FileColumn]) -> str:
    return ", ".join(
        # A tile has numbers, texts and truths only.
        f"to_char(s.{c.name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        f" AS {c.name}"
        if c.kind == "moment"
        else f"s.{c.name}"
        for c in columns
    )


_TILES = f"""
SELECT tile.id,
       {_layer("villages", COVERAGE.layer, _named(OF_A_VILLAGE) + ", s.layers")} ||
       {_layer("spots", BLANK_SPOTS.layer, _named(BLANK_SPOTS.columns))}
FROM (
    SELECT place.id, ST_TileEnvelope(%(z)s, place.x, place.y) AS box,
           ST_TileEnvelope(%(z)s, place.x, place.y,
                           margin => {BUFFER / EXTENT}) AS wide
    FROM unnest(%(ids)s, %(x)s, %(y)s) AS place(id, x, y)
) AS tile ORDER BY tile.id
"""
