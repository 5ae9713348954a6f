"""sortby, the choice of properties, and which time a feature has."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.gis.geos import Point

from coverage.api.ogc.collections import COLLECTIONS
from coverage.api.ogc.order import is_sortable
from coverage.models import BlankSpot, CoverageRun
from tests.integration.test_constraints import in_run
from villages.models import Claim, Settlement

pytestmark = pytest.mark.django_db
URL = "/ogc/collections/settlements/items"


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def places(two_villages):
    for name, people in (("B", 10), ("C", None), ("A", 30), ("D", 10), ("E", None)):
        Settlement.objects.create(
            name=name,
            kind="rt",
            village=two_villages[0],
            people=people,
            source="x",
            point=Point(116.02, 0.0, srid=4326),
        )


def walked(reader, url):
    """Return the names on each page from *url* on."""
    pages = []
    while url:
        answer = reader.get(url)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        assert page["numberMatched"] == 5
        pages.append("".join(f["properties"]["name"] for f in page["features"]))
        links = [one["href"] for one in page["links"] if one["rel"] == "next"]
        url = links[0] if links else None
    return pages


@pytest.mark.parametrize(
    ("sortby", "order"),
    [
        ("name", "ABCDE"),
        ("%2Bname", "ABCDE"),
        ("+name", "ABCDE"),
        ("-name", "EDCBA"),
        # Who has no number comes last either way, and the key decides the rest.
        ("people", "BDACE"),
        ("-people", "ABDCE"),
        ("-people,-name", "ADBEC"),
        ("people,name,-people", "BDACE"),
        ("kind,is_demo,-name", "EDCBA"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 9])
def test_a_walk_keeps_the_order_that_is_asked_for(reader, places, sortby, order, limit):
    pages = walked(reader, f"{URL}?sortby={sortby}&limit={limit}")
    assert "".join(pages) == order
    assert all(len(page) == limit for page in pages[:-1])


def test_times_are_sorted_as_times(reader):
    moments = [datetime(2026, m, 1, tzinfo=UTC) for m in (3, 1, 2)]
    for moment in (*moments, None):
        in_run(BlankSpot, newest_report_at=moment).save()
    CoverageRun.objects.update(
        state="published", is_current=True, published_at=moments[0]
    )
    url = "/ogc/collections/blank-spots/items?sortby=-newest_report_at&limit=1"
    seen = []
    while url:
        page = reader.get(url).json()
        seen += [f["properties"]["newest_report_at"] for f in page["features"]]
        links = [one["href"] for one in page["links"] if one["rel"] == "next"]
        url = links[0] if links else None
    assert [one and int(one[5:7]) for one in seen] == [3, 2, 1, None]


def test_a_walk_whose_last_feature_is_gone_says_so(reader, places):
    page = reader.get(f"{URL}?sortby=name&limit=1").json()
    Settlement.objects.get(pk=page["features"][0]["id"]).delete()
    following = next(one["href"] for one in page["links"] if one["rel"] == "next")
    answer = reader.get(following)
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("sortby", ["secret", "geometry", "-", "name,,people", "+-x"])
def test_what_cannot_be_sorted_by_is_refused(reader, places, sortby):
    answer = reader.get(URL, {"sortby": sortby})
    assert answer.status_code == 400
    assert "people" in answer.json()["detail"]


def test_sortables_name_what_can_be_sorted_by(reader, places):
    for name, collection in COLLECTIONS.items():
        answer = reader.get(f"/ogc/collections/{name}/sortables")
        assert answer["Content-Type"] == "application/schema+json"
        named = list(answer.json()["properties"])
        known = [n for n, one in collection.properties.items() if is_sortable(one)]
        assert named == known != []
        for one in named:
            for sign in ("", "-"):
                found = reader.get(
                    f"/ogc/collections/{name}/items",
                    {"sortby": f"{sign}{one}", "limit": 1},
                )
                assert found.status_code == 200
        page = reader.get(f"/ogc/collections/{name}/sortables?f=html")
        assert page["Content-Type"].startswith("text/html")


def test_only_the_properties_asked_for_are_shown(reader, places):
    found = reader.get(URL, {"properties": "people,name", "limit": 1}).json()
    assert found["features"][0]["properties"] == {"name": "B", "people": 10}
    assert found["features"][0]["geometry"]
    none = reader.get(URL, {"properties": "", "limit": 1}).json()
    assert none["features"][0]["properties"] == {}
    page = reader.get(URL, {"properties": "people", "limit": 1, "f": "html"})
    assert page.status_code == 200
    refused = reader.get(URL, {"properties": "people,secret"})
    assert refused.status_code == 400


def test_only_some_properties_of_a_spot_that_is_stored_whole(reader):
    in_run(BlankSpot, report_count=4).save()
    CoverageRun.objects.update(
        state="published",
        is_current=True,
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    url = "/ogc/collections/blank-spots/items"
    found = reader.get(url, {"properties": "reports"}).json()["features"]
    assert [one["properties"] for one in found] == [{"reports": 4}]


@pytest.mark.parametrize(
    ("interval", "count"),
    [
        # A day lasts until its end.
        ("2022-03-08T23:00:00Z", 1),
        ("2022-03-08t23:00:00z/..", 1),
        ("2022-03-09T00:00:00Z/..", 0),
        ("../2022-03-08T00:00:00Z", 1),
        ("../2022-03-07T23:59:59Z", 0),
    ],
)
def test_a_day_lasts_from_its_begin_to_its_end(reader, two_villages, interval, count):
    Claim.objects.create(
        village=two_villages[0],
        kind="listed_blank",
        stated_date=date(2022, 3, 8),
        event="x",
        status="x",
        source="x",
        name_in_source="x",
    )
    url = "/ogc/collections/official-list/items"
    assert reader.get(url, {"datetime": interval}).json()["numberMatched"] == count


def test_what_has_no_time_of_its_own_is_found_at_any(reader):
    for moment in (datetime(2026, 3, 1, tzinfo=UTC), None):
        in_run(BlankSpot, newest_report_at=moment).save()
    CoverageRun.objects.update(
        state="published",
        is_current=True,
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    url = "/ogc/collections/blank-spots/items"
    for interval, count in (("2026-03-01", 2), ("2025-03-01", 1), ("../..", 2)):
        found = reader.get(url, {"datetime": interval}).json()
        assert found["numberMatched"] == count
