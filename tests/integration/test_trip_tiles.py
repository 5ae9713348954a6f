"""Which tiles a phone keeps for a trip: all of a district's, each with its size."""

from __future__ import annotations

import pytest
from django.utils import timezone

from coverage.core.grid import position_of
from coverage.services.compute_run import compute_full
from tests.conftest import a_village

pytestmark = pytest.mark.django_db

URL = "/api/v1/trip-tiles/"


@pytest.fixture
def a_run(a_blank_west):
    a_village("64.02.15.2001", "Jauh", (116.9, 0.4, 117.0, 0.5))
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


def test_every_tile_is_there_with_its_exact_size(client, officer, a_run):
    client.force_login(officer)
    trip = client.get(URL, {"operator": "TELKOMSEL", "service": "voice"}).json()
    assert (trip["run"], trip["operator"], trip["service"]) == (
        a_run.pk,
        "TELKOMSEL",
        "voice",
    )
    assert [district["name"] for district in trip["districts"]] == [
        "Kecamatan 12",
        "Kecamatan 15",
    ]
    for district in trip["districts"]:
        assert {z for z, _x, _y, _bytes in district["tiles"]} == {8, 9, 10}
        for z, x, y, size in district["tiles"]:
            url = trip["address"].format(z=z, x=x, y=y)
            tile = client.get(url)
            assert tile["Content-Type"] == "image/png"
            assert len(tile.content) == size


def test_the_tiles_hold_the_district_and_no_other(client, officer, a_run):
    client.force_login(officer)
    near, far = client.get(URL).json()["districts"]
    for district, box in (
        (near, (116.0, -0.05, 116.2, 0.05)),
        (far, (116.9, 0.4, 117.0, 0.5)),
    ):
        west, south, east, north = box
        columns, rows = position_of([west, east], [north, south])
        xs = range(int(columns[0]) >> 8, (int(columns[1]) >> 8) + 1)
        ys = range(int(rows[0]) >> 8, (int(rows[1]) >> 8) + 1)
        tiles = {(x, y) for z, x, y, _bytes in district["tiles"] if z == 10}
        assert tiles == {(x, y) for x in xs for y in ys}
        # Farther zooms: the tiles that hold these, each once.
        for z in (8, 9):
            parents = [(x, y) for at, x, y, _bytes in district["tiles"] if at == z]
            assert sorted(parents) == sorted(
                {(x >> (10 - z), y >> (10 - z)) for x, y in tiles}
            )


def test_asked_again_it_answers_that_nothing_changed(client, officer, a_run):
    client.force_login(officer)
    first = client.get(URL)
    again = client.get(URL, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    other = client.get(
        URL,
        {"service": "voice"},
        headers={"If-None-Match": first["ETag"]},
    )
    assert other.status_code == 200
    in_english = client.get(
        URL, headers={"If-None-Match": first["ETag"], "Accept-Language": "en"}
    )
    assert in_english.status_code == 200


def test_it_is_for_those_who_may_see_the_map(client, a_run):
    assert client.get(URL).status_code == 401


def test_without_a_run_it_says_so(client, officer):
    client.force_login(officer)
    answer = client.get(URL)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("query", [{"operator": "NOBODY"}, {"service": "smoke"}])
def test_a_layer_that_is_none_is_refused(client, officer, a_run, query):
    client.force_login(officer)
    assert client.get(URL, query).status_code == 400
