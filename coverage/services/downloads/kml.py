"""KML of the tables of a run, in the colours of the map, a folder for each layer."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import shapely

from coverage.models import ANY_OPERATOR, LayerOperator, PlaceState, Service
from coverage.selectors.file_columns import COVERAGE, FileTable
from coverage.services.downloads.tables import GEOMETRY, read_rows
from coverage.web.palette import STATE_COLOURS

# A centimetre: half a square is 76 m, but areas add up.
_DECIMALS = 7


def write_kml(table: FileTable, source: Path, path: Path, about: str) -> None:
    """Write *table* so that Google Earth opens it with one layer switched on."""
    is_coverage = table is COVERAGE
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
            f"<name>{escape(str(table.title))}</name>\n"
            f"<description>{escape(about)}</description>\n"
        )
        for state in PlaceState:
            _write_style(file, state)
        layers = groupby(
            read_rows(source), key=lambda row: (row["operator"], row["service"])
        )
        for (operator, service), rows in layers:
            is_first = (operator, service) == (ANY_OPERATOR, Service.INTERNET)
            name = f"{LayerOperator(operator).label} · {Service(service).label}"
            file.write(
                f"<Folder><name>{escape(name)}</name>"
                f"<visibility>{is_first:d}</visibility>\n"
            )
            for row in rows:
                state = PlaceState(row["main_state" if is_coverage else "state"])
                title = row["village_name" if is_coverage else "village_names"]
                _write_placemark(file, table, row, state, title, is_seen=is_first)
            file.write("</Folder>\n")
        file.write("</Document></kml>\n")


def _write_style(file: TextIO, state: PlaceState) -> None:
    red, green, blue, alpha = STATE_COLOURS[state]
    # An area of colour would say that something is known there.
    fill = state != PlaceState.UNKNOWN
    file.write(
        f"<Style id={quoteattr(state)}>"
        f"<LineStyle><color>ff{blue:02x}{green:02x}{red:02x}</color></LineStyle>"
        f"<PolyStyle><color>{alpha:02x}{blue:02x}{green:02x}{red:02x}</color>"
        f"<fill>{fill:d}</fill></PolyStyle></Style>\n"
    )


def _write_placemark(
    file: TextIO,
    table: FileTable,
    row: dict[str, Any],
    state: PlaceState,
    title: str | None,
    *,
    is_seen: bool,
) -> None:
    name = f"{state.label}: {title}" if title else str(state.label)
    file.write(
        f"<Placemark><name>{escape(name)}</name>"
        f"<visibility>{is_seen:d}</visibility><styleUrl>#{state}</styleUrl>"
        "<ExtendedData>"
    )
    for column in table.columns:
        value = row[column.name]
        if value is not None:
            file.write(
                f"<Data name={quoteattr(column.name)}>"
                f"<value>{escape(_text(value))}</value></Data>"
            )
    file.write("</ExtendedData>")
    if row[GEOMETRY] is not None:
        file.write("<MultiGeometry>")
        for polygon in shapely.get_parts(shapely.from_wkb(row[GEOMETRY])):
            _write_polygon(file, polygon)
        file.write("</MultiGeometry>")
    file.write("</Placemark>\n")


def _write_polygon(file: TextIO, polygon: shapely.Polygon) -> None:
    file.write("<Polygon>")
    _write_ring(file, "outerBoundaryIs", polygon.exterior)
    for ring in polygon.interiors:
        _write_ring(file, "innerBoundaryIs", ring)
    file.write("</Polygon>")


def _write_ring(file: TextIO, tag: str, ring: shapely.LinearRing) -> None:
    corners = " ".join(
        f"{lon:.{_DECIMALS}f},{lat:.{_DECIMALS}f}"
        for lon, lat in shapely.get_coordinates(ring)
    )
    file.write(
        f"<{tag}><LinearRing><coordinates>{corners}</coordinates></LinearRing></{tag}>"
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
