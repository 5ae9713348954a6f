"""The expressions of pygeofilter's own tests choose here what they choose there.

Its names are exchanged for ours. Where the two differ, the difference is stated.
"""

from __future__ import annotations

import pytest
import shapely
from django.contrib.gis.geos import Point
from pygeofilter.backends.native.evaluate import NativeEvaluator
from pygeofilter.parsers.cql2_text import parse

from coverage.api.ogc.collections import SETTLEMENTS
from coverage.api.ogc.cql2_sql import FilterError, sql_of
from coverage.api.ogc.crs import CRS84
from villages.models import Settlement

pytestmark = pytest.mark.django_db
URL = "/ogc/collections/settlements/items"


@pytest.fixture
def places(two_villages):
    for number, (name, households, is_demo) in enumerate(
        (
            ("some RT", 1, True),
            ("A", 2, False),
            ("coolsat", 3, False),
            ("CoolSat", 4, True),
            ("someone", 13, False),
            ("awesome", 7, True),
        )
    ):
        people = (2, 5, 3, 10, 1, 7)[number]
        Settlement.objects.create(
            name=name,
            kind="rt" if number % 2 else "dusun",
            village=two_villages[number % 2],
            people=people,
            households=households,
            source="x",
            is_demo=is_demo,
            point=Point(116.0 + number / 40, 0.001 * number, srid=4326),
        )


def theirs(text):
    attributes = {
        "geometry": "geometry",
        **{name: name for name in ("name", "people", "households", "is_demo", "kind")},
    }
    chosen = NativeEvaluator({"lower": str.lower}, attributes, use_getattr=False)
    is_meant = chosen.evaluate(parse(text))
    rows = []
    for one in Settlement.objects.order_by("pk"):
        row = {name: getattr(one, name) for name in attributes if name != "geometry"}
        row["geometry"] = shapely.from_wkb(bytes(one.point.wkb))
        rows.append(row)
    return {row["name"] for row in rows if is_meant(row)}


def ours(client, officer, text):
    client.force_login(officer)
    answer = client.get(URL, {"filter": text})
    assert answer.status_code == 200, answer.content
    return {one["properties"]["name"] for one in answer.json()["features"]}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("is_demo = TRUE", 3),
        ("is_demo = true", 3),
        ("is_demo = FALSE", 3),
        ("is_demo = false", 3),
        ("name = 'A'", 1),
        ("people < 5", 3),
        ("people <= 5", 4),
        ("people > 5", 2),
        ("people >= 5", 3),
        ("people <> 5", 5),
        # Not the standard's, which has <>; both libraries take it.
        ("people != 5", 5),
        ("people BETWEEN 2 AND 5", 3),
        ("people NOT BETWEEN 2 AND 5", 3),
        ("people BETWEEN -1 AND 1", 1),
        ("people NOT BETWEEN -1 AND 1", 5),
        ("name LIKE 'some%'", 2),
        ("name NOT LIKE 'some%'", 4),
        ("people IN (1, 2, 3, 4)", 3),
        ("people NOT IN (1, 2, 3, 4)", 3),
        ("people IS NULL", 0),
        ("people = 5 + 2", 1),
        ("people = 5 - 2", 1),
        ("people = 5 * 2", 1),
        ("people = 5 / 2", 0),
        ("households = 3 + 5 * 2", 1),
        ("people = 3 / 5 - 2", 0),
        ("people = 3 / (5 - 2)", 1),
        ("NOT(people > 2)", 2),
        ("NOT(people < 2)", 5),
        ("NOT(people = 2)", 5),
        ("(people = 2 AND households = 1) OR (people = 7 AND households = 7)", 2),
        ("kind = 'rt' AND people <= 9 AND is_demo = TRUE AND households > 3", 1),
        ("S_INTERSECTS(geometry,POINT(116.025 0.001))", 1),
        (
            "S_INTERSECTS(geometry, POLYGON((115.9 -1,116.06 -1,116.06 1,115.9 1,115.9 -1)))",
            3,
        ),
        (
            "S_WITHIN(geometry, POLYGON((115.9 -1,116.06 -1,116.06 1,115.9 1,115.9 -1)))",
            3,
        ),
    ],
)
def test_an_expression_chooses_the_same_in_both(client, officer, places, text, count):
    assert ours(client, officer, text) == theirs(text)
    assert len(theirs(text)) == count


def test_without_brackets_and_binds_closer_than_or_as_the_standard_has_it(
    client, officer, places
):
    text = "name = 'A' OR name = 'coolsat' AND people = 99"
    assert ours(client, officer, text) == {"A"}
    # pygeofilter takes them from left to right; with brackets both agree.
    assert theirs(text) == set()
    clear = "name = 'A' OR (name = 'coolsat' AND people = 99)"
    assert ours(client, officer, clear) == theirs(clear) == {"A"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        # It parses these, but its own evaluator does not take them.
        ("S_INTERSECTS(geometry,BBOX(-180,-90,180,90))", 6),
        ("CASEI(name) = CASEI('coolsat')", 2),
        ("CASEI(name) LIKE CASEI('coolsat')", 2),
        ("CASEI(name) NOT LIKE CASEI('coolsat')", 4),
    ],
)
def test_what_only_we_answer(client, officer, places, text, count):
    assert len(ours(client, officer, text)) == count


@pytest.mark.parametrize(
    "text",
    [
        # The standard's operators stand before their values, and these are not its own.
        "people T_BEFORE TIMESTAMP('2000-01-01T00:00:01Z')",
        "people = func(1)",
        "people = func(name, 'abc')",
    ],
)
def test_what_the_standard_does_not_know_is_refused_in_words(places, text):
    parse(text)
    with pytest.raises(FilterError):
        sql_of(SETTLEMENTS, text, language="cql2-text", crs=CRS84)
