"""GDAL's own driver of vector tiles reads ours and finds what the database holds."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import shapely
from django.db import connection
from django.utils import timezone

from coverage.services.compute_run import compute_full
from tests.integration.test_vector_tiles import address, tile_at

pytestmark = pytest.mark.django_db
OGR2OGR = shutil.which("ogr2ogr")


def read(body, place, tmp_path):
    """Return the features that GDAL finds in a tile, in metres of EPSG:3857."""
    z, x, y = place
    tile, out = tmp_path / "tile.pbf", tmp_path / "tile.geojson"
    tile.write_bytes(body)
    done = subprocess.run(
        [
            *(OGR2OGR, "-f", "GeoJSON", str(out), f"MVT:{tile}"),
            *("-oo", f"Z={z}", "-oo", f"X={x}", "-oo", f"Y={y}", "-oo", "CLIP=NO"),
            *("-a_srs", "EPSG:3857", "-lco", "COORDINATE_PRECISION=3"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())["features"]


@pytest.mark.skipif(OGR2OGR is None, reason="GDAL's programs are not installed")
@pytest.mark.parametrize(
    ("collection", "source", "key", "geometry"),
    [
        ("blank-spots", "coverage_blankspot", "identity", "polygon"),
        ("villages", "villages_village", "code", "boundary"),
    ],
)
def test_gdal_finds_in_a_tile_what_the_database_holds(
    client, officer, a_blank_west, tmp_path, collection, source, key, geometry
):
    compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)
    client.force_login(officer)
    place = (10, *tile_at(116.04, 0.01, 10))
    answer = client.get(address(collection, *place))
    features = read(answer.content, place, tmp_path)
    with connection.cursor() as cursor:
        # The tile with what is drawn beyond its sides.
        cursor.execute(
            f"""
            SELECT {key}::text, ST_AsText(ST_Intersection(
                     ST_Transform({geometry}, 3857), box))
            FROM {source}, ST_TileEnvelope(%s, %s, %s, margin => 64 / 4096.0) AS box
            WHERE ST_Area(ST_Intersection(ST_Transform({geometry}, 3857), box)) > 0
            """,
            place,
        )
        expected = {name: shapely.from_wkt(text) for name, text in cursor.fetchall()}
    found = {
        f["properties"]["id"]: shapely.from_geojson(json.dumps(f["geometry"]))
        for f in features
    }
    assert found.keys() == expected.keys()
    assert found
    for name, drawn in found.items():
        difference = drawn.symmetric_difference(expected[name]).area
        assert difference <= 0.002 * expected[name].area, name
