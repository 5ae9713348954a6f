"""GDAL's own client of OGC API – Features reads every collection."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import shapely
from django.db import connection
from django.utils import timezone

from coverage.api.ogc.collections import COLLECTIONS
from coverage.services.compute_run import compute_full
from villages.models import Facility, Settlement
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db(transaction=True)
OGR2OGR = shutil.which("ogr2ogr")


@pytest.fixture
def a_run(django_db_serialized_rollback, a_blank_west):
    west = a_blank_west[0]
    for number in range(3):
        Settlement.objects.create(
            name=f"RT {number}", kind="rt", village=west, point=west.point
        )
    Facility.objects.create(
        name="SDN 1", kind="school", village=west, point=west.point, pupils=30
    )
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


def read(url, collection, token, tmp_path):
    """Return the features that GDAL walked through, a page of two at a time."""
    out = tmp_path / f"{collection}.geojson"
    done = subprocess.run(
        [
            OGR2OGR,
            "-f",
            "GeoJSON",
            str(out),
            f"OAPIF:{url}/ogc/",
            collection,
            "-oo",
            "PAGE_SIZE=2",
            "-oo",
            f"USERPWD=gdal:{token}",
            "--config",
            "GDAL_HTTP_AUTH",
            "BASIC",
            "-lco",
            "COORDINATE_PRECISION=7",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())["features"]


@pytest.mark.skipif(OGR2OGR is None, reason="GDAL's programs are not installed")
def test_it_walks_through_every_collection(live_server, a_run, officer, tmp_path):
    token = create_api_token(
        user=officer, name="GDAL", scopes=["read"], days=1, now=timezone.now()
    )[1]
    for name, collection in COLLECTIONS.items():
        if name == "official-list":
            continue
        where = collection.where % {"run": a_run.pk}
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {collection.source} WHERE {where}")
            expected = cursor.fetchone()[0]
        features = read(live_server.url, name, token, tmp_path)
        assert len(features) == expected > 0, name
        if name in ("villages", "blank-spots"):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT sum(ST_Area({collection.geometry}))"
                    f" FROM {collection.source} WHERE {where}"
                )
                area = cursor.fetchone()[0]
            shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
            assert sum(s.area for s in shapes) == pytest.approx(area, rel=1e-6)
