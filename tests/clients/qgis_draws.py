"""Run by Debian's own Python, which has QGIS: what its vector-tile provider draws.

    python3 tests/clients/qgis_draws.py ADDRESS TOKEN ZOOM WEST SOUTH EAST NORTH

Draws the blank spots' tiles of the box, given in degrees, in one colour on white, and
prints as JSON the share of a 100 by 100 grid of the picture that has that colour.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorTileBasicRenderer,
    QgsVectorTileBasicRendererStyle,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
from qgis_login import login_with

SIDE, GRID = 500, 100
RED = "#c00000"


def only_red():
    style = QgsVectorTileBasicRendererStyle(
        "blank", "blank-spots", QgsWkbTypes.PolygonGeometry
    )
    style.setSymbol(QgsFillSymbol.createSimple({"color": RED, "outline_style": "no"}))
    style.setEnabled(True)
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles([style])
    return renderer


def main():
    address, token, zoom, *box = sys.argv[1:]
    program = QgsApplication([], False)
    program.initQgis()
    tiles = f"{address}{{z}}/{{y}}/{{x}}"
    source = f"type=xyz&url={tiles}&zmin={zoom}&zmax={zoom}&authcfg={login_with(token)}"
    layer = QgsVectorTileLayer(source, "blank spots")
    layer.setRenderer(only_red())
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    to_mercator = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), mercator, QgsProject.instance()
    )
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(mercator)
    settings.setExtent(
        to_mercator.transformBoundingBox(QgsRectangle(*(float(n) for n in box)))
    )
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    step = SIDE // GRID
    drawn = sum(
        picture.pixelColor(x, y).name() == RED
        for x in range(step // 2, SIDE, step)
        for y in range(step // 2, SIDE, step)
    )
    print(
        json.dumps(
            {
                "is_valid": layer.isValid(),
                "share": drawn / GRID**2,
                "errors": [error.message for error in job.errors()],
                "box": [
                    getattr(settings.visibleExtent(), f"{axis}M{end}imum")()
                    for end in ("in", "ax")
                    for axis in ("x", "y")
                ],
            }
        ),
        flush=True,
    )
    # Taking QGIS down while Python still holds its layers ends in a crash.
    os._exit(0)


main()
