"""What each bulk file is for, and the dictionary of their columns, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coverage.models import PlaceState, RunFile
from coverage.selectors.file_columns import (
    SEPARATOR,
    TABLES,
    FileColumn,
    FileTable,
    Text,
)
from coverage.services.downloads.surface import BANDS, NODATA

Format = RunFile.Format
# What people open it with, and for what.
FORMAT_USES: dict[str, Text] = {
    Format.GEOPACKAGE: gettext_lazy(
        "Both tables in one file, for QGIS and ArcGIS; QGIS colours them by state"
    ),
    Format.PMTILES: gettext_lazy(
        "Web maps: vector tiles in one file, read by ranges without a server"
    ),
    Format.CSV: gettext_lazy(
        "Excel and other spreadsheets: the rows, with a point instead of the polygon"
    ),
    Format.GEOPARQUET: gettext_lazy(
        "Analysis in Python, R and DuckDB: small, with the type of each column"
    ),
    Format.FLATGEOBUF: gettext_lazy(
        "GIS and web maps: quick to open, and readable by map section"
    ),
    Format.KML: gettext_lazy("Google Earth and phones: a folder for each layer"),
    Format.SHAPEFILE: gettext_lazy(
        "Older GIS programs: names of columns and long texts are cut"
    ),
    Format.COG: gettext_lazy(
        "Raster analysis: the estimated signal of each square of 153 m"
    ),
}
CONTENT_ORDER = (
    RunFile.Content.EVERYTHING,
    RunFile.Content.BLANK_SPOTS,
    RunFile.Content.COVERAGE,
    RunFile.Content.SURFACE,
)
KINDS: dict[str, Text] = {
    "text": gettext_lazy("text"),
    "whole": gettext_lazy("whole number"),
    "number": gettext_lazy("number"),
    "truth": gettext_lazy("true or false"),
    "moment": gettext_lazy("moment (ISO 8601)"),
}
BAND_MEANINGS: dict[str, Text] = {
    "mean": gettext_lazy("Estimated received power (RSRP) in the square"),
    "deviation": gettext_lazy("Standard deviation of that estimate"),
    "state": gettext_lazy("The state of the square, as on the map"),
}
# The numbers of the band "state" (`coverage.core.classify.State`).
STATE_NUMBERS = (
    (2, PlaceState.COVERED),
    (3, PlaceState.WEAK),
    (4, PlaceState.LIKELY_BLANK),
    (5, PlaceState.BLANK),
)


@dataclass(frozen=True)
class FileRow:
    file: RunFile
    title: str
    use: Text


def rows_of(files: Sequence[RunFile]) -> list[dict[str, Any]]:
    """Return *files* by what they hold, each with what it is for."""
    order = list(FORMAT_USES)
    groups = []
    for content in CONTENT_ORDER:
        mine = [file for file in files if file.content == content]
        mine.sort(key=lambda f: (f.operator != "ANY", f.operator, f.service))
        mine.sort(key=lambda f: order.index(f.format))
        if mine:
            rows = [FileRow(f, title_of(f), FORMAT_USES[f.format]) for f in mine]
            groups.append(
                {"content": content.value, "name": content.label, "rows": rows}
            )
    return groups


def title_of(file: RunFile) -> str:
    """Return what *file* is called in a list: its format, or the layer of a surface."""
    if file.content == RunFile.Content.SURFACE:
        return f"{file.get_operator_display()} · {file.get_service_display()}"
    return str(file.get_format_display())


# --- the dictionary ------------------------------------------------------------------


def dictionary() -> dict[str, Any]:
    """Return the data dictionary in both languages, as JSON has it.

    Its words are those of Satu Data Indonesia (Perpres 39/2019): concept, definition,
    classification and unit of each column.
    """
    return {
        "title": _in_both(gettext_lazy("Data dictionary")),
        "tables": [
            {
                "name": table.name,
                "layer": table.layer,
                "title": _in_both(table.title),
                "description": _in_both(table.description),
                "geometry": {"type": "MultiPolygon", "crs": "EPSG:4326"},
                "columns": [_column(column) for column in table.columns],
            }
            for table in TABLES
        ],
        "rasters": [
            {
                "name": "surface-{operator}-{service}.tif",
                "title": _in_both(RunFile.Content.SURFACE.label),
                "crs": "EPSG:3857",
                "nodata": NODATA,
                "bands": [_band(number, *band) for number, band in enumerate(BANDS, 1)],
            }
        ],
        "list_separator": SEPARATOR,
    }


def _column(column: FileColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "shapefile_name": column.short,
        "type": column.kind,
        "unit": column.unit or None,
        "meaning": _in_both(column.meaning),
        "values": [
            {"value": str(value), "meaning": _in_both(name)}
            for value, name in column.values
        ]
        or None,
    }


def _band(number: int, name: str, unit: str, _meaning: str) -> dict[str, Any]:
    is_state = name == "state"
    return {
        "band": number,
        "name": name,
        "type": "float32",
        "unit": unit or None,
        "meaning": _in_both(BAND_MEANINGS[name]),
        "values": [
            {"value": value, "meaning": _in_both(state.label)}
            for value, state in STATE_NUMBERS
        ]
        if is_state
        else None,
    }


def _in_both(text: Text) -> dict[str, str]:
    said = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            said[language] = str(text)
    return said


def dictionary_tables() -> list[dict[str, Any]]:
    """Return the dictionary as its page shows it, in the reader's language."""
    tables = [_table_for_page(table) for table in TABLES]
    bands = [
        {
            "name": name,
            "type": "float32",
            "unit": unit,
            "meaning": BAND_MEANINGS[name],
            "values": STATE_NUMBERS_FOR_PAGE if name == "state" else (),
        }
        for name, unit, _meaning in BANDS
    ]
    surface = {
        "name": "surface",
        "title": RunFile.Content.SURFACE.label,
        "description": _(
            "One file for each layer, in Web Mercator (EPSG:3857): a square of the "
            "map is a pixel. Where nobody has measured there is no value in any band."
        ),
        "columns": bands,
        "is_raster": True,
    }
    return [*tables, surface]


STATE_NUMBERS_FOR_PAGE = tuple((str(n), state.label) for n, state in STATE_NUMBERS)


def _table_for_page(table: FileTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "columns": [
            {
                "name": column.name,
                "short": column.short,
                "type": KINDS[column.kind],
                "unit": column.unit,
                "meaning": column.meaning,
                "values": column.values,
            }
            for column in table.columns
        ],
        "is_raster": False,
    }
