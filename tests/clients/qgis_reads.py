"""Run by Debian's own Python, which has QGIS: what its OAPIF provider reads.

    python3 tests/clients/qgis_reads.py ADDRESS TOKEN COLLECTION …

Prints, as JSON, for each collection how many features came, their ids, how many have a
place, the sum of their areas in square degrees, and how many a filter of QGIS leaves.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsFeatureRequest,
    QgsVectorLayer,
)
from qgis_login import login_with


def layer_of(address, collection, login):
    # Two on a page, so that it has to walk.
    source = (
        f"url='{address}' typename='{collection}' pageSize='2' maxNumFeatures='100000'"
        f" pagingEnabled='true' srsname='OGC:CRS84' authcfg={login}"
    )
    return QgsVectorLayer(source, collection, "OAPIF")


def main():
    address, token, *collections = sys.argv[1:]
    program = QgsApplication([], False)
    program.initQgis()
    login = login_with(token)
    found = {}
    for name in collections:
        layer = layer_of(address, name, login)
        if not layer.isValid():
            found[name] = {"error": layer.error().message()}
            continue
        keys = layer.fields().indexOf("id")
        features = list(layer.getFeatures())
        places = [one.geometry() for one in features]
        found[name] = {
            "count": len(features),
            "fields": [field.name() for field in layer.fields()],
            "ids": sorted(str(one.attribute(keys)) for one in features if keys >= 0),
            "area": sum(g.area() for g in places if not g.isNull()),
            "placed": sum(not g.isNull() for g in places),
        }
        if "name" in layer.fields().names():
            request = QgsFeatureRequest().setFilterExpression("\"name\" = 'RT 1'")
            found[name]["named"] = len(list(layer.getFeatures(request)))
    print(json.dumps(found), flush=True)
    # Taking QGIS down while Python still holds its layers ends in a crash.
    os._exit(0)


main()
