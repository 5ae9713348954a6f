"""For Debian's own Python: a login that QGIS sends, made of a token."""

from qgis.core import QgsApplication, QgsAuthMethodConfig


def login_with(token):
    manager = QgsApplication.authManager()
    manager.setMasterPassword("master", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("kukar")
    config.setConfig("username", "any")
    config.setConfig("password", token)
    manager.storeAuthenticationConfig(config)
    return config.id()
