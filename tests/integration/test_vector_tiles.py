"""Vector tiles hold what the database holds, moved to the tile and nothing else."""

from __future__ import annotations

import math
from datetime import datetime

import mapbox_vector_tile
import pytest
import shapely
from django.db import connection
from django.test import Client
from shapely.geometry import shape

from coverage.api.ogc.collections import COLLECTIONS
from coverage.api.ogc.tile_sql import BUFFER, EXACT_ZOOM, EXTENT
from coverage.models import BlankSpot
from tests.conftest import a_report, store
from tests.integration.test_compute import changes, full
from villages.models import Settlement, Village

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]
MVT = "application/vnd.mapbox-vector-tile"
WORLD_M = 2 * math.pi * 6378137


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def tile_at(lon, lat, zoom):
    n = 2**zoom
    y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    return int((lon + 180) / 360 * n), int((1 - y / math.pi) / 2 * n)


def address(collection, z, x, y, query=""):
    return f"/ogc/collections/{collection}/tiles/WebMercatorQuad/{z}/{y}/{x}{query}"


def decoded(body, collection):
    """Return the features of a tile, y downwards as it is written."""
    options = {"y_coord_down": True}
    layers = mapbox_vector_tile.decode(body, default_options=options)
    assert set(layers) == {collection}
    assert layers[collection]["extent"] == EXTENT
    return layers[collection]["features"]


def on_both_sides(reader, collection, query=""):
    """Return the features of the two tiles that the equator divides the villages by."""
    features = []
    for lat in (0.01, -0.01):
        answer = reader.get(address(collection, 9, *tile_at(116.04, lat, 9), query))
        if answer.content:
            features += decoded(answer.content, collection)
    return features


def in_tile(geometry, z, x, y):
    """Return *geometry*, in degrees, in units of the tile."""

    def moved(points):
        lon, lat = points[:, 0], points[:, 1]
        merc = shapely.transform(shapely.points(lon, lat), _mercator)
        px = (shapely.get_x(merc) / WORLD_M + 0.5) * 2**z - x
        py = (0.5 - shapely.get_y(merc) / WORLD_M) * 2**z - y
        return EXTENT * shapely.get_coordinates(shapely.points(px, py))

    return shapely.transform(geometry, moved)


def _mercator(points):
    import numpy as np

    lon, lat = np.radians(points[:, 0]), np.radians(points[:, 1])
    return 6378137 * np.column_stack([lon, np.log(np.tan(np.pi / 4 + lat / 2))])


def test_a_tile_says_of_a_spot_what_its_feature_says(reader, a_blank_west):
    run = full()
    BlankSpot.objects.update(people=1234, is_demo=True)
    query = f"?run={run.pk}"
    told = {
        f["properties"]["id"]: f["properties"]
        for f in on_both_sides(reader, "blank-spots", query)
    }
    items = reader.get(f"/ogc/collections/blank-spots/items{query}&limit=100").json()
    assert told.keys() == {feature["id"] for feature in items["features"]}
    for feature in items["features"]:
        expected = {"id": feature["id"]}
        for name, value in feature["properties"].items():
            if isinstance(value, list):
                expected[name] = ",".join(value)
            elif name.endswith("_at"):
                expected[name] = (
                    value and f"{datetime.fromisoformat(value):%Y-%m-%dT%H:%M:%SZ}"
                )
            else:
                expected[name] = value
        assert told[feature["id"]] == {
            name: value for name, value in expected.items() if value is not None
        }
        assert expected["people"] == 1234
        assert expected["is_demo"] is True


@pytest.mark.parametrize("z", [4, 6, 8, 10, 12, 14])
def test_a_tile_of_blank_spots_is_what_the_database_holds(reader, a_blank_west, z):
    run = full()
    x, y = tile_at(116.04, 0.01, z)
    answer = reader.get(address("blank-spots", z, x, y, f"?run={run.pk}"))
    assert (answer.status_code, answer["Content-Type"]) == (200, MVT)
    found = {f["properties"]["id"]: f for f in decoded(answer.content, "blank-spots")}
    frame = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    expected = {}
    for spot in BlankSpot.objects.of_run(run.pk):
        drawn = in_tile(shapely.from_wkt(spot.polygon.wkt), z, x, y)
        within = drawn.intersection(frame)
        if within.area:
            expected[str(spot.identity)] = within, spot
    # Far away, a patch of a square or two is smaller than what a tile can tell.
    least = 0 if z >= EXACT_ZOOM else 4
    large = {key for key, (polygon, _spot) in expected.items() if polygon.area > least}
    assert large <= found.keys() <= expected.keys()
    assert large
    for key in large:
        polygon, spot = expected[key]
        drawn = shape(found[key]["geometry"])
        assert drawn.is_valid
        if z >= EXACT_ZOOM:
            # Squares fall on units here: nothing is rounded.
            assert drawn.symmetric_difference(polygon).area <= 0.001 * polygon.area
        else:
            # What is thinner than a unit may be gone; nothing is anywhere else.
            assert polygon.buffer(1.5).contains(drawn)
        properties = found[key]["properties"]
        assert properties["operator"] == spot.operator
        assert properties["area_km2"] == round(spot.area_km2, 4)
        assert properties["villages"] == ",".join(spot.villages)
        assert properties["run"] == run.pk
        newest = properties.get("newest_report_at")
        assert newest == (
            spot.newest_report_at and f"{spot.newest_report_at:%Y-%m-%dT%H:%M:%SZ}"
        )


def test_a_filter_is_that_of_the_items(reader, a_blank_west):
    run = full()
    query = "?operator=TELKOMSEL&service=voice"
    spots = BlankSpot.objects.of_run(run.pk)
    spots = spots.filter(operator="TELKOMSEL", service="voice")
    found = on_both_sides(reader, "blank-spots", query)
    assert {f["properties"]["id"] for f in found} == {str(s.identity) for s in spots}
    where = (9, *tile_at(116.04, 0.01, 9))
    assert reader.get(address("blank-spots", *where, "?no=1")).status_code == 400


def test_every_collection_with_geometry_has_tiles(reader, a_blank_west):
    run = full()
    west = a_blank_west[0]
    Settlement.objects.create(name="RT 1", kind="rt", village=west, point=west.point)
    where = (9, *tile_at(116.04, 0.01, 9))
    for name, collection in COLLECTIONS.items():
        answer = reader.get(address(name, *where))
        if collection.geometry is None:
            assert answer.status_code == 404
            continue
        rows = f"{collection.where} AND {collection.geometry} IS NOT NULL"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {collection.source} WHERE {rows}",
                {"run": run.pk},
            )
            count = cursor.fetchone()[0]
        assert answer.status_code == (200 if count else 204), name
        if count:
            features = on_both_sides(reader, name)
            assert len({f["properties"]["id"] for f in features}) == count, name
            known = {"id", *collection.properties}
            assert all(f["properties"].keys() <= known for f in features)


def test_an_empty_tile_is_no_content(reader, a_blank_west):
    run = full()
    for name in ("villages", "blank-spots"):
        for query in ("", f"?run={run.pk}") if name == "blank-spots" else ("",):
            for _n in range(2):
                answer = reader.get(address(name, 6, 0, 0, query))
                assert (answer.status_code, answer.content) == (204, b"")


def test_before_the_first_run_there_is_nothing(reader, two_villages):
    x, y = tile_at(116.04, 0.01, 9)
    assert reader.get(address("blank-spots", 9, x, y)).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "blank-spots/tiles/WebMercatorQuad/3/8/0",
        "blank-spots/tiles/WebMercatorQuad/3/0/8",
        "blank-spots/tiles/WebMercatorQuad/23/0/0",
        "blank-spots/tiles/WebMercatorQuad/99999999999999999999999999/0/0",
        "blank-spots/tiles/WorldCRS84Quad/3/0/0",
        "nothing/tiles/WebMercatorQuad/3/0/0",
        "runs/tiles/WebMercatorQuad/3/0/0",
        "blank-spots/tiles/WebMercatorQuad/3/0/0?run=999999",
    ],
)
def test_what_is_not_there_is_404(reader, path):
    answer = reader.get(f"/ogc/collections/{path}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_tile_of_a_run_may_be_kept_for_ever_and_others_are_asked_for(
    reader, a_blank_west
):
    run = full()
    where = (9, *tile_at(116.04, 0.01, 9))
    fixed = reader.get(address("blank-spots", *where, f"?run={run.pk}"))
    assert fixed["Cache-Control"] == "private, max-age=31536000, immutable"
    current = reader.get(address("blank-spots", *where))
    assert current["Cache-Control"] == "private, no-cache"
    assert current.content == fixed.content
    for name in ("villages", "coverage-by-village"):
        assert reader.get(address(name, *where))["Cache-Control"] == "private, no-cache"

    known = {"If-None-Match": current["ETag"]}
    again = reader.get(address("blank-spots", *where), headers=known)
    assert (again.status_code, again["ETag"]) == (304, current["ETag"])
    # The map goes on: what was current is not any more, what is of the run stays.
    store(*(a_report(lon=116.05, lat=0.001, rsrp_dbm=-80.0) for _n in range(40)))
    assert changes().pk != run.pk
    later = reader.get(address("blank-spots", *where), headers=known)
    assert later.status_code == 200
    assert later["ETag"] != current["ETag"]
    still = reader.get(address("blank-spots", *where, f"?run={run.pk}"))
    assert still.content == fixed.content


def test_a_tile_of_places_tells_when_they_change(reader, two_villages):
    where = (9, *tile_at(116.04, 0.01, 9))
    first = reader.get(address("villages", *where))
    known = {"If-None-Match": first["ETag"]}
    assert reader.get(address("villages", *where), headers=known).status_code == 304
    Village.objects.filter(name="Hulu").update(name="Udik")
    assert reader.get(address("villages", *where), headers=known).status_code == 200


def test_only_who_may_see_the_map_sees_its_tiles(reader, a_blank_west, settings):
    run = full()
    where = (9, *tile_at(116.04, 0.01, 9))
    path = address("blank-spots", *where, f"?run={run.pk}")
    body = reader.get(path).content
    assert Client().get(path).status_code == 401
    settings.KUKAR_PUBLIC_MAP = True
    assert Client().get(path).content == body


def test_everybody_is_given_a_kept_tile_without_the_database(
    a_blank_west, settings, django_assert_num_queries
):
    settings.KUKAR_PUBLIC_MAP = True
    run = full()
    path = address("blank-spots", 9, *tile_at(116.04, 0.01, 9), f"?run={run.pk}")
    first = Client().get(path)
    with django_assert_num_queries(0):
        assert Client().get(path).content == first.content


def test_a_client_finds_the_tiles_from_the_collection(reader, a_blank_west):
    run = full()
    landing = reader.get("/ogc/").json()["links"]
    schemes = reader.get(rel(landing, "tiling-schemes")).json()["tileMatrixSets"]
    for one in reader.get("/ogc/collections").json()["collections"]:
        if COLLECTIONS[one["id"]].geometry is None:
            assert not [x for x in one["links"] if "tilesets" in x["rel"]]
            continue
        listed = reader.get(rel(one["links"], "tilesets-vector")).json()["tilesets"]
        assert [each["dataType"] for each in listed] == ["vector"]
        tileset = reader.get(rel(listed[0]["links"], "self")).json()
        assert tileset["layers"][0]["id"] == one["id"]
        assert tileset["tileMatrixSetURI"] == schemes[0]["uri"]
        scheme = reader.get(rel(tileset["links"], "tiling-scheme")).json()
        assert [m["matrixWidth"] for m in scheme["tileMatrices"]][:3] == [1, 2, 4]
        template = rel(tileset["links"], "item")
        x, y = tile_at(116.04, 0.01, 9)
        filled = template.format(tileMatrix=9, tileRow=y, tileCol=x)
        assert reader.get(filled).status_code in (200, 204)
        tilejson = reader.get(rel(tileset["links"], "describedby")).json()
        assert tilejson["bounds"] == pytest.approx([116.0, -0.05, 116.2, 0.05])
        fields = tilejson["vector_layers"][0]["fields"]
        assert fields.keys() == {"id", *COLLECTIONS[one["id"]].properties}
        answer = reader.get(tilejson["tiles"][0].format(z=9, y=y, x=x))
        assert answer.status_code in (200, 204)
        is_of_run = COLLECTIONS[one["id"]].is_of_run
        assert (f"run={run.pk}" in tilejson["tiles"][0]) == is_of_run
        if one["id"] == "blank-spots":
            assert "immutable" in answer["Cache-Control"]


def test_tilejson_of_a_layer_leads_to_the_tiles_of_that_layer(reader, a_blank_west):
    run = full()
    path = "/ogc/collections/blank-spots/tiles/WebMercatorQuad?f=tilejson"
    tilejson = reader.get(f"{path}&operator=ANY&service=voice").json()
    assert tilejson["tiles"][0].endswith(
        f"/{{z}}/{{y}}/{{x}}?operator=ANY&service=voice&run={run.pk}"
    )
    assert reader.get(f"{path}&no=1").status_code == 400


def test_every_address_of_tiles_is_in_the_definition(reader, two_villages):
    document = reader.get("/ogc/api").json()
    operations = [o["get"]["operationId"] for o in document["paths"].values()]
    assert len(operations) == len(set(operations))
    for name, collection in COLLECTIONS.items():
        path = f"/collections/{name}/tiles"
        whole = f"{path}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
        for one in (path, f"{path}/{{tileMatrixSetId}}", whole):
            assert (one in document["paths"]) == (collection.geometry is not None)
    classes = reader.get("/ogc/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt" in classes


def rel(links, name):
    found = {x["href"] for x in links if x["rel"].rsplit("/", 1)[-1] == name}
    assert len(found) == 1, name
    return found.pop()
