"""Programs without a session get the same answers as everybody, with less asked."""

import pytest
from django.test import Client

from tests.integration.test_compute import full
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db
ITEMS = "/ogc/collections/villages/items"
# What only the usual way adds.
USUAL = "Content-Security-Policy"


@pytest.fixture(autouse=True)
def open_map(settings):
    settings.KUKAR_PUBLIC_MAP = True


def both_ways(path, **headers):
    """Return the answer to a program, and that to a browser that was here before."""
    usual = Client(headers=headers)
    usual.cookies["lang"] = "x"
    return Client(headers=headers).get(path), usual.get(path)


@pytest.mark.parametrize(
    "path",
    [
        f"{ITEMS}?limit=1",
        f"{ITEMS}?limit=0",
        f"{ITEMS}?nothing=1",
        "/ogc/collections/nothing/items",
        "/ogc/collections/villages/tiles/WebMercatorQuad/8/127/210",
        "/ogc/collections/villages/tiles/WebMercatorQuad/8/127/999",
    ],
)
@pytest.mark.parametrize("language", ["id", "en"])
def test_the_answer_is_the_same(two_villages, path, language):
    short, usual = both_ways(path, accept_language=language)
    assert USUAL not in short
    assert USUAL in usual
    assert short.status_code == usual.status_code
    assert short["Content-Type"] == usual["Content-Type"]
    if short.status_code == 200 and "json" in short["Content-Type"]:
        # But for the moment at which it was written.
        told, other = short.json(), usual.json()
        assert told.pop("timeStamp") <= other.pop("timeStamp")
        assert told == other
    else:
        assert short.content == usual.content


def test_it_is_packed_and_counted_as_all_are(two_villages, settings):
    settings.KUKAR_RATES = {"address": ["2/day"]}
    client = Client(headers={"accept-encoding": "br"})
    answer = client.get(ITEMS)
    assert answer["Content-Encoding"] == "br"
    assert answer["RateLimit-Remaining"] == "1"
    client.get(ITEMS)
    assert client.get(ITEMS).status_code == 429


def test_what_is_a_page_or_somebodys_goes_the_usual_way(two_villages, officer, now):
    text = create_api_token(user=officer, name="x", scopes=["read"], days=1, now=now)[1]
    for path, headers in (
        (f"{ITEMS}?f=html", {}),
        (ITEMS, {"accept": "text/html"}),
        (ITEMS, {"authorization": f"Bearer {text}"}),
        ("/ogc/collections", {}),
    ):
        assert USUAL in Client(headers=headers).get(path)


def test_a_map_that_is_not_open_stays_shut(two_villages, settings):
    settings.KUKAR_PUBLIC_MAP = False
    assert Client().get(ITEMS).status_code == 401


def test_pictures_of_the_surface_too(a_blank_west):
    path = f"/tiles/{full().pk}/ANY/internet/10/842/511.png"
    short, usual = both_ways(path)
    assert short.status_code == 200
    assert short.content == usual.content
