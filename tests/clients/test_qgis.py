"""QGIS itself, without a screen, reads our collections page by page."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from coverage.api.ogc.collections import COLLECTIONS
from tests.clients.test_ogr import a_run  # noqa: F401 - a fixture
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db(transaction=True)
PYTHON = "/usr/bin/python3"
HERE = Path(__file__).parent


def read_by_qgis(url, officer, tmp_path, collections):
    token = create_api_token(
        user=officer, name="QGIS", scopes=["read"], days=1, now=timezone.now()
    )[1]
    # Nothing of this installation's Python, and no profile of whoever runs the tests.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRT"))}
    done = subprocess.run(
        [PYTHON, HERE / "qgis_reads.py", f"{url}/ogc/", token, *collections],
        env=kept
        | {
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(tmp_path),
            "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path),
            "QGIS_AUTH_DB_DIR_PATH": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_it_walks_through_every_collection_with_a_place(
    live_server,
    a_run,  # noqa: F811
    officer,
    tmp_path,
):
    placed = {
        name: one
        for name, one in COLLECTIONS.items()
        if one.geometry is not None and name != "official-list"
    }
    found = read_by_qgis(live_server.url, officer, tmp_path, placed)
    for name, collection in placed.items():
        where = collection.where % {"run": a_run.pk}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), count({collection.geometry}),"
                f" coalesce(sum(ST_Area({collection.geometry})), 0)"
                f" FROM {collection.source} WHERE {where}"
            )
            count, placed, area = cursor.fetchone()
        assert found[name].get("count") == count > 0, (name, found[name])
        assert found[name]["area"] == pytest.approx(area, rel=1e-6)
        assert found[name]["placed"] == placed
        assert set(collection.properties) <= set(found[name]["fields"])
    assert found["settlements"]["named"] == 1
