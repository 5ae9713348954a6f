"""How QGIS draws the layers of a GeoPackage: by state, one layer of the map at a time.

Operators and services lie over each other in one table. The legend has a branch for
each, of which the first is switched on, so that none hides another unasked.
"""

from __future__ import annotations

import uuid
from itertools import product
from xml.etree import ElementTree

from coverage.models import ANY_OPERATOR, LayerOperator, PlaceState, Service
from coverage.selectors.file_columns import COVERAGE, FileTable
from coverage.web.palette import STATE_COLOURS

STATES = (
    PlaceState.BLANK,
    PlaceState.LIKELY_BLANK,
    PlaceState.WEAK,
    PlaceState.COVERED,
    PlaceState.UNKNOWN,
)
_LINE = "70,70,70,255"
# Keys of rules only have to differ; made from a name, they are the same in each file.
_SPACE = uuid.UUID("5f1f7c46-6d0c-4b43-9d0b-6d5e8f2f0a15")


def qml(table: FileTable) -> str:
    """Return the style of *table* in QGIS's own language (QML)."""
    is_coverage = table is COVERAGE
    column = "main_state" if is_coverage else "state"
    states = STATES if is_coverage else STATES[:2]
    root = ElementTree.Element(
        "qgis", {"version": "3.22.0", "styleCategories": "Symbology"}
    )
    renderer = ElementTree.SubElement(
        root,
        "renderer-v2",
        {
            "type": "RuleRenderer",
            "symbollevels": "0",
            "forceraster": "0",
            "enableorderby": "0",
        },
    )
    rules = ElementTree.SubElement(renderer, "rules", {"key": _key(table.name)})
    for operator, service in product(LayerOperator, Service):
        is_first = (operator, service) == (ANY_OPERATOR, Service.INTERNET)
        branch = ElementTree.SubElement(
            rules,
            "rule",
            {
                "key": _key(table.name, operator, service),
                "label": f"{operator.label} · {service.label}",
                "filter": f"\"operator\" = '{operator}' AND \"service\" = '{service}'",
                "checkstate": "1" if is_first else "0",
            },
        )
        for number, state in enumerate(states):
            ElementTree.SubElement(
                branch,
                "rule",
                {
                    "key": _key(table.name, operator, service, state),
                    "label": str(state.label),
                    "filter": f"\"{column}\" = '{state}'",
                    "symbol": str(number),
                },
            )
    symbols = ElementTree.SubElement(renderer, "symbols")
    for number, state in enumerate(states):
        symbols.append(_symbol(number, state))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _symbol(number: int, state: PlaceState) -> ElementTree.Element:
    symbol = ElementTree.Element(
        "symbol",
        {
            "type": "fill",
            "name": str(number),
            "alpha": "1",
            "clip_to_extent": "1",
            "force_rhr": "0",
        },
    )
    layer = ElementTree.SubElement(
        symbol,
        "layer",
        {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"},
    )
    options = ElementTree.SubElement(layer, "Option", {"type": "Map"})
    for name, value in (
        ("color", ",".join(map(str, STATE_COLOURS[state]))),
        # Nobody has measured there: a hatch, never an area, as on the map.
        ("style", "b_diagonal" if state == PlaceState.UNKNOWN else "solid"),
        ("outline_color", _LINE),
        ("outline_style", "solid"),
        ("outline_width", "0.1"),
        ("outline_width_unit", "MM"),
    ):
        ElementTree.SubElement(
            options, "Option", {"name": name, "value": value, "type": "QString"}
        )
    return symbol


def _key(*names: str) -> str:
    return f"{{{uuid.uuid5(_SPACE, '/'.join(names))}}}"
