"""The tables of a run, read once: as GeoParquet, from which other formats are made.

Every format then holds the same rows, and at most a few hundred of them are in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection

from coverage.models import CoverageRun
from coverage.selectors.file_columns import FileTable

# Boundaries have thousands of corners: this many rows are some tens of megabytes.
BATCH_ROWS = 200
GEOMETRY = "geometry"
_TYPES = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "moment": pa.timestamp("ms", tz="UTC"),
}


def schema_of(table: FileTable, about: dict[str, str]) -> pa.Schema:
    """Return the table's columns and its polygons, with *about* for readers."""
    fields = [pa.field(c.name, _TYPES[c.kind]) for c in table.columns]
    # By the standard, polygons without a named system are longitude and latitude.
    geo = {
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        "columns": {
            GEOMETRY: {"encoding": "WKB", "geometry_types": ["MultiPolygon"]},
        },
    }
    metadata = {**about, "geo": json.dumps(geo)}
    return pa.schema([*fields, pa.field(GEOMETRY, pa.binary())], metadata=metadata)


def write_parquet(
    run: CoverageRun, table: FileTable, path: Path, about: dict[str, str]
) -> int:
    """Write *table* as it is at *run* to *path*; return how many rows it has."""
    schema = schema_of(table, about)
    names = [*(column.name for column in table.columns), GEOMETRY]
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for rows in _rows(run, table):
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            columns[GEOMETRY] = tuple(
                None if shape is None else bytes(shape) for shape in columns[GEOMETRY]
            )
            arrays = [
                pa.array(columns[field.name], type=field.type) for field in schema
            ]
            file.write_batch(pa.record_batch(arrays, schema=schema))
            written += len(rows)
    return written


def read_batches(path: Path) -> pa.RecordBatchReader:
    """Return the rows of a table that `write_parquet` wrote, some at a time."""
    file = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(
        file.schema_arrow, file.iter_batches(batch_size=BATCH_ROWS)
    )


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the same rows one by one, polygons as WKB."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH_ROWS):
        yield from batch.to_pylist()


def _rows(run: CoverageRun, table: FileTable) -> Iterator[list[tuple[Any, ...]]]:
    columns = ", ".join(f"{c.sql} AS {c.name}" for c in table.columns)
    statement = (
        f"SELECT {columns}, ST_AsBinary(ST_Multi({table.geometry}), 'NDR')"
        f" FROM {table.source} ORDER BY {table.order}"
    )
    # A cursor on the server: the rows come as they are asked for.
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, {"run": run.pk})
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield rows
