"""Reports by blocks: what is told, and that nobody's own place is."""

import json

import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.utils import timezone

from coverage.models import CoverageRun, ReportBlock
from coverage.services.count_blocks import count_report_blocks
from tests.conftest import a_report, no_service, store
from tests.integration.test_compute import full
from villages.models import SignalReport

pytestmark = pytest.mark.django_db
URL = "/ogc/collections/reports-aggregated/items"


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def count():
    """Count anew, as the worker does for each run."""
    now = timezone.now()
    run = CoverageRun.objects.create(
        is_full=True, input_cutoff_at=now, software_version="test"
    )
    return count_report_blocks(run)


def store_and_count(*reports):
    store(*reports)
    count()


def blocks(reader, **query):
    answer = reader.get(URL, query)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["numberMatched"] == len(found["features"])
    return [
        one["properties"] | {"shape": GEOSGeometry(json.dumps(one["geometry"]))}
        for one in found["features"]
    ]


def test_a_block_says_how_many_and_what_they_found(reader, two_villages):
    here = {"lon": 116.05, "lat": 0.004}
    store_and_count(
        *(a_report(rsrp_dbm=-90.0 - n, **here) for n in range(6)),
        *(no_service(**here) for _n in range(5)),
        *(a_report(operator="INDOSAT", technology="2G", **here) for _n in range(5)),
        # One of another technology: it would be one reporter's.
        a_report(technology="3G", **here),
    )
    found = {(b["operator"], b["technology"]): b for b in blocks(reader)}
    assert set(found) == {
        ("TELKOMSEL", "4G"),
        ("TELKOMSEL", "unknown"),
        ("INDOSAT", "2G"),
    }
    block = found["TELKOMSEL", "4G"]
    assert (block["reports"], block["readings"], block["no_service"]) == (6, 6, 0)
    assert block["median_dbm"] == -92.5
    assert block["side_km"] == 1.2
    assert block["newest_month"] == "2026-11"
    assert block["shape"].contains(Point(116.05, 0.004))
    assert found["TELKOMSEL", "unknown"]["no_service"] == 5
    assert found["INDOSAT", "2G"]["reports"] == 5


@pytest.mark.parametrize(
    ("places", "sides"),
    [
        # Four in one block, and nobody around: not at all.
        ([(116.05, 0.004)] * 4, []),
        ([(116.05, 0.004)] * 5, [1.2]),
        # Two and three in blocks that lie together in the next larger one.
        ([(116.045, 0.004)] * 2 + [(116.058, 0.004)] * 3, [4.9]),
        # Three far apart and two: only the largest holds five.
        ([(116.045, 0.004)] * 3 + [(116.11, 0.004)] * 2, [19.6]),
        # What is told in its own block is not told again in the larger one.
        ([(116.045, 0.004)] * 5 + [(116.058, 0.004)] * 4, [1.2]),
    ],
)
def test_few_reports_are_told_in_larger_blocks_or_not_at_all(
    reader, two_villages, places, sides
):
    store_and_count(*(a_report(lon=lon, lat=lat) for lon, lat in places))
    found = blocks(reader)
    assert [b["side_km"] for b in found] == sides
    assert all(b["reports"] >= ReportBlock.FEWEST for b in found)
    assert sum(b["reports"] for b in found) == (len(places) // 5 * 5 if sides else 0)


def test_a_median_needs_as_many_readings(reader, two_villages):
    store_and_count(
        *(a_report(rsrp_dbm=-80.0) for _n in range(4)),
        a_report(rsrp_dbm=None, found="data"),
    )
    (block,) = blocks(reader)
    assert (block["reports"], block["readings"], block["median_dbm"]) == (5, 4, None)


def test_what_does_not_count_for_the_map_is_in_no_block(reader, two_villages):
    store_and_count(*(a_report() for _n in range(6)))
    SignalReport.objects.filter(pk__in=SignalReport.objects.values("pk")[:1]).update(
        review_state="rejected"
    )
    count()
    assert [b["reports"] for b in blocks(reader)] == [5]


def test_blocks_can_be_filtered_sorted_and_walked_through(reader, two_villages):
    store_and_count(
        *(
            a_report(lon=116.02 + 0.02 * n, operator=operator)
            for n in range(4)
            for operator in ("TELKOMSEL", "INDOSAT")
            for _one in range(5 + n)
        )
    )
    assert len(blocks(reader)) == 8
    assert len(blocks(reader, operator="INDOSAT")) == 4
    assert len(blocks(reader, bbox="116.01,-0.01,116.025,0.01")) == 2
    assert len(blocks(reader, filter="reports > 6")) == 4
    seen, url = [], f"{URL}?limit=3&sortby=-reports"
    while url:
        page = reader.get(url).json()
        assert page["numberMatched"] == 8
        seen += [one["properties"]["reports"] for one in page["features"]]
        links = [one["href"] for one in page["links"] if one["rel"] == "next"]
        url = links[0] if links else None
    assert seen == [8, 8, 7, 7, 6, 6, 5, 5]
    one = reader.get(f"{URL}/{page['features'][0]['id']}").json()
    assert one["properties"]["reports"] == 5


def test_demonstration_reports_mark_their_block(reader, two_villages):
    store_and_count(*(a_report() for _n in range(5)))
    SignalReport.objects.update(is_demo=True)
    count()
    assert [b["is_demo"] for b in blocks(reader)] == [True]


def test_a_run_has_its_blocks_and_the_next_counts_anew(reader, two_villages):
    store(*(a_report() for _n in range(5)))
    first = full()
    assert [b["run"] for b in blocks(reader)] == [first.pk]
    # Once counted for a run, they are not counted again.
    assert not count_report_blocks(first)
    store(*(a_report() for _n in range(2)))
    assert [b["reports"] for b in blocks(reader)] == [5]
    second = full()
    assert [(b["run"], b["reports"]) for b in blocks(reader)] == [(second.pk, 7)]
