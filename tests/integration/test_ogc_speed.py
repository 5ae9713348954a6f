"""What makes the OGC API quick must not change what it says."""

import json
import re
import tracemalloc
from dataclasses import replace

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection

from coverage.api.ogc import collections
from coverage.api.ogc.collections import BLANK_SPOTS
from coverage.api.ogc.items import ItemQuery, page_of, pages_of, written
from coverage.models import BlankSpot, CoverageRun
from tests.conftest import a_report, store
from tests.integration.test_compute import changes, full
from tests.integration.test_constraints import in_run

pytestmark = pytest.mark.django_db
URL = "/ogc/collections/blank-spots/items"


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def features(collection, run):
    return json.loads(f"[{page_of(collection, ItemQuery(limit=100, run=run)).text}]")


def test_what_is_stored_of_a_spot_is_what_its_columns_say(a_blank_west):
    run = full().pk
    computed = replace(BLANK_SPOTS, written=None)
    assert features(BLANK_SPOTS, run) == features(computed, run) != []
    BlankSpot.objects.update(
        people=7, villages=['"', "\\"], confidence=0.1234567, is_demo=True
    )
    assert features(BLANK_SPOTS, run) == features(computed, run)
    assert features(BLANK_SPOTS, run)[0]["properties"]["people"] == 7


def test_a_change_of_any_property_writes_the_text_anew(db):
    in_run(BlankSpot, report_count=3).save()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(a.attname::text) FROM pg_trigger AS t"
            " JOIN pg_attribute AS a ON a.attrelid = t.tgrelid"
            " AND a.attnum = ANY(t.tgattr)"
            " WHERE t.tgname = 'blank_spot_feature_is_written'"
        )
        watched = set(cursor.fetchone()[0])
    needed = f"{BLANK_SPOTS.key} {BLANK_SPOTS.geometry} "
    needed += " ".join(one.sql for one in BLANK_SPOTS.properties.values())
    for column in (field.column for field in BlankSpot._meta.concrete_fields):
        if re.search(rf"\bb\.{column}\b", needed):
            assert column in watched


def test_a_spot_says_which_run_it_was_asked_in(reader, a_blank_west):
    first = full()
    BlankSpot.objects.exclude(operator="TELKOMSEL").delete()
    second = CoverageRun.objects.create(
        state="published",
        is_full=True,
        published_at=first.published_at,
        input_cutoff_at=first.input_cutoff_at,
        software_version="x",
    )
    for run in (first, second):
        found = reader.get(URL, {"run": run.pk}).json()["features"]
        assert {one["properties"]["run"] for one in found} == {run.pk}


def test_a_repeated_question_is_not_answered_again(
    reader, a_blank_west, django_assert_max_num_queries
):
    full()
    first = reader.get(URL, {"limit": 2})
    tag = first["ETag"]
    # Session, account, and which run is current: nothing of the features.
    with django_assert_max_num_queries(4):
        again = reader.get(URL, {"limit": 2}, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == tag
    other = reader.get(URL, {"limit": 3}, headers={"if-none-match": tag})
    assert other.status_code == 200
    store(*(a_report(rsrp_dbm=-80.0) for _n in range(40)))
    changes()
    later = reader.get(URL, {"limit": 2}, headers={"if-none-match": tag})
    assert later.status_code == 200
    assert later["ETag"] != tag


def test_how_many_there_are_is_counted_once_a_run(reader, a_blank_west):
    full()
    total = BlankSpot.objects.count()
    query = {"bbox": "115,-2,118,2", "limit": 1}
    assert reader.get(URL, query).json()["numberMatched"] == total
    with CaptureCounts() as seen:
        assert reader.get(URL, query).json()["numberMatched"] == total
    assert not seen.counted


class CaptureCounts:
    counted = False

    def __enter__(self):
        self._wrapper = connection.execute_wrapper(self._look)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error):
        self._wrapper.__exit__(*error)

    def _look(self, execute, sql, params, many, context):
        self.counted |= "count(*) OVER ()" in sql or "SELECT count(*) FROM cov" in sql
        return execute(sql, params, many, context)


def test_a_page_behind_the_last_feature_is_empty_and_still_knows_how_many(
    reader, a_blank_west
):
    full()
    found = reader.get(
        "/ogc/collections/coverage-by-village/items", {"after": "9" * 18}
    ).json()
    assert found["features"] == []
    assert found["numberReturned"] == 0
    assert found["numberMatched"] > 0


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_a_long_answer_is_read_in_parts_and_says_the_same(
    reader, a_blank_west, monkeypatch, batch
):
    full()
    whole = reader.get(URL).json()
    count = whole["numberReturned"]
    assert count > 2
    monkeypatch.setitem(
        collections.COLLECTIONS, "blank-spots", replace(BLANK_SPOTS, batch=batch)
    )
    for limit in (count - 1, count, count + 1):
        answer = reader.get(URL, {"limit": limit})
        assert answer.streaming == (batch < min(limit, count))
        found = json.loads(b"".join(answer))
        assert found["features"] == whole["features"][:limit]
        assert found["numberReturned"] == min(limit, count)
        assert found["numberMatched"] == count
        following = [one for one in found["links"] if one["rel"] == "next"]
        assert bool(following) == (limit < count)


def test_a_hundred_megabytes_pass_through_a_few(db):
    ring = [(116 + n / 1e6, (n % 2) / 1000) for n in range(4_000)]
    shape = Polygon([*ring, (116.004, -0.01), (116, -0.01), ring[0]])
    for _n in range(60):
        in_run(BlankSpot, polygon=MultiPolygon(shape, srid=4326)).save()
    with connection.cursor() as cursor:
        # Each of them many times over, as keys of their own.
        cursor.execute(
            "CREATE TEMP VIEW many AS SELECT b.*, md5(b.identity::text || n)::uuid"
            " AS one FROM coverage_blankspot AS b, generate_series(1, 26) AS n"
        )
    many = replace(
        BLANK_SPOTS, source="many AS b", key="b.one", batch=20, is_fixed=False
    )
    query = ItemQuery(limit=10_000, run=CoverageRun.objects.get().pk)
    tracemalloc.start()
    sent = sum(map(len, written(pages_of(many, query), lambda _last: "[]")))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent > 100e6
    assert most < 15e6
