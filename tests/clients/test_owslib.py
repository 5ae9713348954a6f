"""OWSLib, which scripts of offices use, walks through every collection."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone
from owslib.ogcapi.features import Features
from owslib.util import Authentication

from coverage.api.ogc.collections import COLLECTIONS
from tests.clients.test_ogr import a_run  # noqa: F401 - a fixture
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(live_server, officer):
    text = create_api_token(
        user=officer, name="OWSLib", scopes=["read"], days=1, now=timezone.now()
    )[1]
    return Features(
        f"{live_server.url}/ogc/", auth=Authentication(username="any", password=text)
    )


def test_it_finds_the_collections_and_what_they_conform_to(server):
    assert set(server.feature_collections()) == set(COLLECTIONS)
    classes = server.conformance()["conformsTo"]
    assert any(one.endswith("/conf/core") for one in classes)
    assert server.api()["openapi"].startswith("3.")
    queryables = server.collection_queryables("blank-spots")
    assert "operator" in queryables["properties"]


def test_it_walks_through_all_pages_of_every_collection(a_run, server):  # noqa: F811
    for name, collection in COLLECTIONS.items():
        where = collection.where % {"run": a_run.pk}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {collection.key}::text FROM {collection.source}"
                f" WHERE {where} ORDER BY {collection.key}"
            )
            expected = [key for (key,) in cursor]
        page = server.collection_items(name, limit=2)
        seen = []
        while True:
            assert page["numberMatched"] == len(expected)
            seen += [str(feature["id"]) for feature in page["features"]]
            following = [one for one in page["links"] if one["rel"] == "next"]
            if not following:
                break
            after = following[0]["href"].partition("after=")[2].partition("&")[0]
            page = server.collection_items(name, limit=2, after=after)
        assert seen == expected, name
        if seen:
            one = server.collection_item(name, seen[0])
            assert str(one["id"]) == seen[0]


def test_it_filters_sorts_and_chooses(a_run, server):  # noqa: F811
    found = server.collection_items(
        "settlements",
        filter="name <> 'RT 0'",
        sortby=("name", "desc"),
        properties=["name"],
    )
    names = [one["properties"] for one in found["features"]]
    assert names == [{"name": "RT 2"}, {"name": "RT 1"}]
    box = server.collection_items("villages", bbox=[116.01, 0, 116.05, 0.01])
    assert [one["properties"]["name"] for one in box["features"]] == ["Hulu"]
