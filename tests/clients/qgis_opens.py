"""Run by Debian's own Python, which has QGIS: opens the example project.

    python3 tests/clients/qgis_opens.py PROJECT TOKEN

Prints, as JSON, for each layer whether it is valid, how many features come and how many
of its states the legend has.
"""

import json
import os
import sys

from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsProject


def main():
    project_file, token = sys.argv[1:]
    program = QgsApplication([], False)
    program.initQgis()
    manager = QgsApplication.authManager()
    manager.setMasterPassword("master", True)
    login = QgsAuthMethodConfig("Basic")
    # The name that the project's layers ask for.
    login.setId("kukar01")
    login.setName("Kukar Connect")
    login.setConfig("username", "token")
    login.setConfig("password", token)
    manager.storeAuthenticationConfig(login)
    project = QgsProject.instance()
    assert project.read(project_file), project.error()
    found = {}
    for layer in project.mapLayers().values():
        renderer = layer.renderer() if layer.isValid() else None
        found[layer.name()] = {
            "is_valid": layer.isValid(),
            "count": len(list(layer.getFeatures())) if layer.isValid() else 0,
            "renderer": renderer.type() if renderer else None,
        }
    print(json.dumps(found), flush=True)
    # Taking QGIS down while Python still holds its layers ends in a crash.
    os._exit(0)


main()
