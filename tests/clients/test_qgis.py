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


def run_in_qgis(script, address, officer, tmp_path, *arguments):
    token = create_api_token(
        user=officer, name="QGIS", scopes=["read"], days=1, now=timezone.now()
    )[1]
    # Nothing of this installation's Python, and no profile of whoever runs the tests.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRT"))}
    done = subprocess.run(
        [PYTHON, HERE / script, address, token, *map(str, arguments)],
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
    address = f"{live_server.url}/ogc/"
    found = run_in_qgis("qgis_reads.py", address, officer, tmp_path, *placed)
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


@pytest.mark.parametrize("zoom", [8, 12])
def test_its_vector_tile_provider_draws_the_blank_spots(
    live_server,
    a_run,  # noqa: F811
    officer,
    tmp_path,
    zoom,
):
    box = (115.95, -0.1, 116.25, 0.1)
    address = f"{live_server.url}/ogc/collections/blank-spots/tiles/WebMercatorQuad/"
    drawn = run_in_qgis("qgis_draws.py", address, officer, tmp_path, zoom, *box)
    assert drawn["is_valid"]
    assert drawn["errors"] == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_Intersection(ST_Transform(ST_Union(polygon), 3857), box))"
            " / ST_Area(box)"
            " FROM coverage_blankspot, ST_MakeEnvelope(%s, %s, %s, %s, 3857) AS box"
            " WHERE first_run_id <= %s AND (ended_run_id IS NULL OR ended_run_id > %s)"
            " GROUP BY box",
            [*drawn["box"], a_run.pk, a_run.pk],
        )
        [share] = cursor.fetchone()
    assert 0.01 < share < 0.99
    # Points of a grid a hundredth of the picture apart, and tiles round to whole units.
    assert drawn["share"] == pytest.approx(share, abs=0.02)
