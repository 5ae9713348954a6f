"""OGC API – Features, Part 1, as the standard's abstract tests ask."""

import json
from datetime import date

import pytest
from django.utils import timezone

from coverage.api.ogc.collections import COLLECTIONS
from coverage.models import BlankSpot, CoverageRun, VillageCoverage
from tests.conftest import a_report, store
from tests.integration.test_compute import changes, full
from villages.models import Claim, Village
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def items(client, collection, **query):
    answer = client.get(f"/ogc/collections/{collection}/items", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rel(links, name):
    return [one for one in links if one["rel"] == name]


def test_the_landing_page_links_to_all_the_rest(reader):
    links = reader.get("/ogc/").json()["links"]
    for name in ("self", "service-desc", "service-doc", "conformance", "data"):
        assert rel(links, name), name
    for one in links:
        answer = reader.get(one["href"])
        assert answer.status_code == 200
        assert answer["Content-Type"].split(";")[0] == one["type"].split(";")[0]


def test_it_says_what_it_conforms_to(reader):
    classes = reader.get("/ogc/conformance").json()["conformsTo"]
    assert [c.rsplit("/", 1)[1] for c in classes] == [
        "core",
        "geojson",
        "html",
        "oas30",
    ]


def test_every_collection_is_described_the_same_in_both_places(reader, two_villages):
    listed = reader.get("/ogc/collections").json()["collections"]
    assert [one["id"] for one in listed] == list(COLLECTIONS)
    for one in listed:
        assert reader.get(f"/ogc/collections/{one['id']}").json() == one
        assert rel(one["links"], "items")
        if one["id"] != "runs":
            west, south, east, north = one["extent"]["spatial"]["bbox"][0]
            assert (west, east) == pytest.approx((116.0, 116.2))
            assert south < north


def test_blank_spots_are_those_of_the_current_run(reader, a_blank_west):
    run = full()
    answer = items(reader, "blank-spots", operator="TELKOMSEL", service="internet")
    spots = BlankSpot.objects.of_run(run.pk).filter(
        operator="TELKOMSEL", service="internet"
    )
    assert answer["type"] == "FeatureCollection"
    assert answer["numberMatched"] == answer["numberReturned"] == spots.count() > 0
    assert {f["id"] for f in answer["features"]} == {str(s.identity) for s in spots}
    for feature in answer["features"]:
        assert 0 <= feature["properties"]["confidence"] <= 1
        assert feature["properties"]["run"] == run.pk
        assert feature["geometry"]["type"] == "MultiPolygon"


def test_a_walk_through_all_pages_sees_each_feature_once(reader, a_blank_west):
    first = full()
    total = VillageCoverage.objects.of_run(first.pk).count()
    seen, url = [], "/ogc/collections/coverage-by-village/items?limit=3"
    while url:
        page = reader.get(url).json()
        assert page["numberMatched"] == total
        assert page["numberReturned"] == len(page["features"]) <= 3
        seen += [f["id"] for f in page["features"]]
        if len(seen) == 3:
            # The map goes on; the walk stays in its run.
            store(*(a_report(rsrp_dbm=-80.0) for _n in range(40)))
            assert changes().pk != first.pk
        url = next((one["href"] for one in rel(page["links"], "next")), None)
    assert len(seen) == len(set(seen)) == total


def test_the_last_page_has_no_next(reader, two_villages):
    page = items(reader, "villages", limit=2)
    assert page["numberReturned"] == 2
    assert not rel(page["links"], "next")
    assert rel(items(reader, "villages", limit=1)["links"], "next")


@pytest.mark.parametrize(
    ("bbox", "names"),
    [
        ("116.01,0,116.05,0.01", {"Hulu"}),
        ("116.05,0,116.15,0.01", {"Hulu", "Hilir"}),
        ("116.01,0,-5,116.05,0.01,5", {"Hulu"}),
        ("10,10,11,11", set()),
    ],
)
def test_a_box_takes_what_meets_it(reader, two_villages, bbox, names):
    found = items(reader, "villages", bbox=bbox)["features"]
    assert {f["properties"]["name"] for f in found} == names


@pytest.mark.parametrize(
    ("interval", "count"),
    [
        ("2022-03-08", 1),
        ("2022-03-08T00:00:00Z/..", 1),
        ("../2022-03-07", 0),
        ("2022-03-01/2022-03-31", 1),
        ("2023-01-01/..", 0),
    ],
)
def test_a_time_takes_what_lies_in_it(reader, two_villages, interval, count):
    Claim.objects.create(
        village=two_villages[0],
        kind="listed_blank",
        stated_date=date(2022, 3, 8),
        event="x",
        status="x",
        source="x",
        name_in_source="x",
    )
    found = items(reader, "official-list", datetime=interval)
    assert found["numberMatched"] == count


def test_one_feature_by_its_id(reader, two_villages):
    feature = reader.get("/ogc/collections/villages/items/64.02.12.2001").json()
    assert feature["properties"]["name"] == "Hulu"
    assert rel(feature["links"], "collection")
    missing = reader.get("/ogc/collections/villages/items/64.02.12.9999")
    assert missing.status_code == 404
    assert missing["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "bbox=1,2,3",
        "bbox=1,2,3,x",
        "bbox=0,5,1,4",
        "bbox=nan,0,1,1",
        "datetime=yesterday",
        "datetime=2026-13-01",
        "datetime=2026-02-01/2026-01-01",
        "f=xml",
        "speed=3",
    ],
)
def test_what_cannot_be_meant_is_refused(reader, two_villages, query):
    answer = reader.get(f"/ogc/collections/villages/items?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("after", ["x", "'; DROP TABLE x; --", "9" * 30])
def test_a_made_up_place_in_the_walk_is_refused(reader, a_blank_west, after):
    full()
    for collection in ("blank-spots", "coverage-by-village"):
        answer = reader.get(f"/ogc/collections/{collection}/items", {"after": after})
        assert answer.status_code == 400


def test_more_than_the_most_is_answered_with_the_most(reader, two_villages):
    assert items(reader, "villages", limit=1_000_000)["numberReturned"] == 2


def test_an_unknown_collection_is_named(reader):
    for path in ("nothing", "nothing/items", "nothing/items/1"):
        answer = reader.get(f"/ogc/collections/{path}")
        assert answer.status_code == 404
        assert "blank-spots" in answer.json()["detail"]


def test_before_the_first_run_the_map_is_empty_and_nothing_fails(reader, two_villages):
    assert not CoverageRun.objects.exists()
    for name in COLLECTIONS:
        assert reader.get(f"/ogc/collections/{name}/items").status_code == 200
    assert items(reader, "blank-spots")["numberMatched"] == 0


def test_each_collection_says_what_the_definition_says(reader, a_blank_west):
    full()
    document = reader.get("/ogc/api").json()
    for name, collection in COLLECTIONS.items():
        parameters = document["paths"][f"/collections/{name}/items"]["get"][
            "parameters"
        ]
        names = {p["name"] for p in parameters} - {"f"}
        answer = reader.get(
            f"/ogc/collections/{name}/items", dict.fromkeys(names & {"limit"}, "1")
        )
        assert answer.status_code == 200
        for feature in answer.json()["features"]:
            assert set(feature["properties"]) == set(collection.properties)


def test_a_browser_gets_pages(reader, a_blank_west):
    full()
    paths = ["", "conformance", "collections", "collections/villages"]
    paths += [f"collections/{name}/items" for name in COLLECTIONS]
    paths += ["collections/villages/items/64.02.12.2001"]
    for path in paths:
        answer = reader.get(f"/ogc/{path}", headers={"accept": "text/html,*/*;q=0.8"})
        assert answer["Content-Type"].startswith("text/html"), path
        assert b"<h1>" in answer.content


def test_raw_positions_of_reports_are_in_no_collection(reader, a_blank_west):
    full()
    text = json.dumps([items(reader, name, limit=10_000) for name in COLLECTIONS])
    assert "rsrp" not in text
    assert "reported_by" not in text


def test_who_may_not_see_the_map_sees_nothing(client, officer, two_villages):
    assert client.get("/ogc/collections/villages/items").status_code == 401
    _token, text = create_api_token(
        user=officer, name="QGIS", scopes=["read"], days=1, now=timezone.now()
    )
    for headers in (
        {"authorization": f"Bearer {text}"},
        {"authorization": _basic("anyone", text)},
    ):
        answer = client.get("/ogc/collections/villages/items", headers=headers)
        assert answer.json()["numberMatched"] == Village.objects.count()
    for wrong in (_basic("anyone", "x"), "Basic ?"):
        answer = client.get("/ogc/", headers={"authorization": wrong})
        assert answer.status_code == 401


def _basic(name, password):
    import base64

    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_page_costs_few_questions(
    reader, a_blank_west, django_assert_max_num_queries
):
    full()
    with django_assert_max_num_queries(6):
        items(reader, "blank-spots")
