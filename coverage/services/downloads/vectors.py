"""GeoPackage, FlatGeobuf, CSV and Shapefile of the tables of a run."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely

from coverage.selectors.file_columns import (
    SEPARATOR,
    SHAPEFILE_TEXT,
    FileColumn,
    FileTable,
)
from coverage.services.downloads.styles import qml
from coverage.services.downloads.tables import GEOMETRY, read_batches, read_rows
from kukar_connect.spreadsheets import csv_cell

WGS84 = "EPSG:4326"
# What zip archives say of the time of a file that has none.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@contextmanager
def dated(moment: str) -> Iterator[None]:
    """Have GDAL write *moment* where it would write the time of writing.

    The same run then makes the same bytes.
    """
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_flatgeobuf(table: FileTable, source: Path, path: Path, about: str) -> None:
    _write(
        table,
        source,
        path,
        "FlatGeobuf",
        layer_options={"TITLE": str(table.title), "DESCRIPTION": about},
    )


def write_geopackage(
    tables: Sequence[tuple[FileTable, Path]], path: Path, about: str
) -> None:
    """Write all *tables* (with their GeoParquet) as layers, with a style for QGIS."""
    for number, (table, source) in enumerate(tables):
        _write(
            table,
            source,
            path,
            "GPKG",
            append=number > 0,
            layer_options={
                "IDENTIFIER": str(table.title),
                "DESCRIPTION": about,
                "GEOMETRY_NAME": GEOMETRY,
            },
        )
    with closing(sqlite3.connect(path)) as database, database:
        [[moment]] = database.execute("SELECT max(last_change) FROM gpkg_contents")
        database.execute(_STYLES)
        for table, _source in tables:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema,"
                " f_table_name, f_geometry_column, styleName, styleQML, styleSLD,"
                " useAsDefault, description, owner, update_time)"
                " VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', ?)",
                (table.layer, GEOMETRY, str(table.title), qml(table), about, moment),
            )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier,"
            " description, last_change) VALUES ('layer_styles', 'attributes',"
            " 'layer_styles', '', ?)",
            (moment,),
        )


# As QGIS itself makes it when a style is saved in the file.
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)
"""


def _write(
    table: FileTable, source: Path, path: Path, driver: str, **options: Any
) -> None:
    pyogrio.write_arrow(
        read_batches(source),
        path,
        layer=table.layer,
        driver=driver,
        geometry_name=GEOMETRY,
        geometry_type="MultiPolygon",
        crs=WGS84,
        **options,
    )


# --- CSV ---------------------------------------------------------------------------


def write_csv(table: FileTable, source: Path, path: Path) -> None:
    """Write the columns, and instead of the polygon a point that lies in it.

    A cell holds no polygon that a spreadsheet could read.
    """
    names = [column.name for column in table.columns]
    # With the mark by which a spreadsheet knows UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "lon", "lat"])
        for row in read_rows(source):
            values = [csv_cell(row[name]) for name in names]
            writer.writerow([*values, *_point_in(row[GEOMETRY])])


def _point_in(shape: bytes | None) -> tuple[str, str]:
    if shape is None:
        return "", ""
    point = shapely.from_wkb(shape).representative_point()
    return f"{point.x:.6f}", f"{point.y:.6f}"


# --- Shapefile ---------------------------------------------------------------------


def write_shapefile(
    table: FileTable, source: Path, path: Path, about: str, *, day: str
) -> None:
    """Write a shapefile of *day* in one archive, with a text of what it is.

    Names of columns and texts are cut to what the format holds.
    """
    reader = read_batches(source)
    schema = pa.schema(
        [
            *(pa.field(c.short, _shape_type(c)) for c in table.columns),
            reader.schema.field(GEOMETRY),
        ]
    )
    batches = (
        pa.record_batch(
            [
                *(_shape_column(c, batch.column(c.name)) for c in table.columns),
                batch.column(GEOMETRY),
            ],
            schema=schema,
        )
        for batch in reader
    )
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        shape = Path(folder) / f"{table.layer}.shp"
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches),
            shape,
            driver="ESRI Shapefile",
            geometry_name=GEOMETRY,
            geometry_type="MultiPolygon",
            crs=WGS84,
            encoding="UTF-8",
            layer_options={"DBF_DATE_LAST_UPDATE": day},
        )
        (shape.parent / "README.txt").write_text(about + "\n", encoding="utf-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(shape.parent.iterdir()):
                entry = zipfile.ZipInfo(part.name, _NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                with part.open("rb") as inside, archive.open(entry, "w") as outside:
                    while block := inside.read(1 << 20):
                        outside.write(block)


def _shape_type(column: FileColumn) -> pa.DataType:
    return {
        "whole": pa.int64(),
        "number": pa.float64(),
        # The format knows neither; a moment is written as the other files write it.
        "truth": pa.int32(),
    }.get(column.kind, pa.string())


def _shape_column(column: FileColumn, values: pa.Array) -> pa.Array:
    told = values.to_pylist()
    if column.kind == "moment":
        told = [v and v.strftime("%Y-%m-%dT%H:%M:%SZ") for v in told]
    elif column.kind == "truth":
        told = [None if truth is None else int(truth) for truth in told]
    elif column.kind == "text":
        told = [_fitting(text) for text in told]
    return pa.array(told, type=_shape_type(column))


def _fitting(text: str | None) -> str | None:
    """Cut *text* to what a shapefile holds, a list between two of its parts."""
    if text is None or len(text.encode()) <= SHAPEFILE_TEXT:
        return text
    # Bytes count, and the sign that there was more has three.
    cut = text.encode()[: SHAPEFILE_TEXT - 4].decode(errors="ignore")
    return f"{cut.rpartition(SEPARATOR)[0] or cut}{SEPARATOR}…"
