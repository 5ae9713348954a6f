"""A small regency ranked by hand, on the page, in files and over the API."""

import csv
import io
import uuid
import zlib
from datetime import UTC, date, datetime

import numpy as np
import openpyxl
import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.urls import reverse

from coverage.core import grid
from coverage.core.classify import State
from coverage.models import BlankSpot, CoverageRun, RankingWeights, SurfaceTile
from coverage.selectors.nearest import distances_to_signal_m
from coverage.selectors.priorities import PARTS, Weights, ranked_spots
from villages.models import Claim, Facility, Village

pytestmark = pytest.mark.django_db

TILE = (841, 512)
NAMES = ("a", "b", "c")
IDENTITIES = {name: uuid.uuid5(uuid.NAMESPACE_URL, name) for name in NAMES}


def a_run(**values):
    when = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    return CoverageRun.objects.create(
        **{
            "state": "published",
            "is_current": True,
            "is_full": True,
            "published_at": when,
            "input_cutoff_at": when,
            "software_version": "test",
            "checksum": uuid.uuid4().hex,
            **values,
        }
    )


def squares(run, rows, layer=("ANY", "internet")):
    """Store one tile: (row, first column, last column, state) within it."""
    state = np.full((256, 256), State.UNKNOWN, np.uint8)
    for row, first, last, mark in rows:
        state[row, first : last + 1] = mark
    operator, service = layer
    return SurfaceTile.objects.create(
        first_run=run,
        operator=operator,
        service=service,
        x=TILE[0],
        y=TILE[1],
        state=zlib.compress(state.tobytes()),
        mean_ddbm=b"",
        std_ddb=b"",
        p_blank=b"",
        digest="0" * 64,
    )


def a_spot(run, name, row, first, last, **values):
    column, line = TILE[0] * 256 + first, TILE[1] * 256 + row
    box = Polygon.from_bbox(
        (
            float(grid.lon_at(column)),
            float(grid.lat_at(line + 1)),
            float(grid.lon_at(column + last - first + 1)),
            float(grid.lat_at(line)),
        )
    )
    return BlankSpot.objects.create(
        **{
            "first_run": run,
            "operator": "ANY",
            "service": "internet",
            "identity": IDENTITIES[name],
            "state": "blank",
            "anchor_column": column,
            "anchor_row": line,
            "polygon": MultiPolygon(box, srid=4326),
            "outline": MultiPolygon(box, srid=4326),
            "area_km2": (last - first + 1) * 0.0232,
            "confidence": 0.8,
            "confidence_std": 0.1,
            "report_count": 4,
            "reporter_count": 2,
            "report_kinds": {"no_service": 4},
            "villages": [],
            "districts": [],
            **values,
        }
    )


@pytest.fixture
def small_regency(two_villages):
    """Three blank spots beside one covered square.

    a: 200 people, 3 squares from the signal; b: 50 people and 60 pupils, 10 squares
    away, listed for four years, 12 hours of power; c: people not known, 20 away.
    """
    west, east = two_villages
    Village.objects.filter(pk=west.pk).update(power_hours=24)
    Village.objects.filter(pk=east.pk).update(power_hours=12)
    Claim.objects.create(
        village=east,
        kind="listed_blank",
        stated_date=date(2022, 11, 20),
        event="daftar",
        source="uji",
        status="blank spot",
    )
    Facility.objects.create(
        name="SDN 1", kind="school", village=west, point=Point(116, 0, srid=4326)
    )
    run = a_run()
    squares(
        run,
        [
            (10, 10, 10, State.COVERED),
            (10, 13, 15, State.BLANK),
            (10, 20, 21, State.BLANK),
            (10, 30, 30, State.BLANK),
        ],
    )
    of_west = {"villages": [west.code], "districts": [west.district_id]}
    of_east = {"villages": [east.code], "districts": [east.district_id]}
    a_spot(run, "a", 10, 13, 15, people=200, facility_count=1, **of_west)
    a_spot(
        run,
        "b",
        10,
        20,
        21,
        people=50,
        pupils=60,
        facility_count=4,
        confidence=0.4,
        **of_east,
    )
    a_spot(run, "c", 10, 30, 30, is_demo=True)
    return run


def order(spots):
    names = {identity: name for name, identity in IDENTITIES.items()}
    return "".join(names[spot.identity] for spot in spots)


def weights(**values):
    return Weights(parts=tuple(values.get(name, 0) for name in PARTS))


def test_parts_and_order_are_those_worked_out_by_hand(small_regency):
    spots = ranked_spots(small_regency, "ANY", "internet", Weights())
    by_name = dict(zip(order(spots), spots, strict=True))
    a, b, c = by_name["a"], by_name["b"], by_name["c"]
    side = 152.9
    assert a.values["distance"] == pytest.approx(3 * side, rel=1e-3)
    assert b.values["distance"] == pytest.approx(10 * side, rel=1e-3)
    assert c.values["distance"] == pytest.approx(20 * side, rel=1e-3)
    assert a.parts == pytest.approx(
        {
            "people": 1.0,
            "pupils": None,
            "patients": None,
            "services": 0.25,
            "distance": 0.15,
            "listed": 0.0,
            "power": 1.0,
        },
        abs=1e-6,
    )
    assert b.parts == pytest.approx(
        {
            "people": 0.25,
            "pupils": 1.0,
            "patients": None,
            "services": 1.0,
            "distance": 0.5,
            "listed": 1.0,
            "power": 0.5,
        },
        abs=1e-6,
    )
    assert c.values["people"] is None
    assert c.values["power"] is None
    # The means of five, of six and of three known parts.
    assert a.score == pytest.approx(0.48)
    assert b.score == pytest.approx(4.25 / 6)
    assert c.score == pytest.approx(1 / 3)
    assert order(spots) == "bac"
    assert [spot.rank for spot in spots] == [1, 2, 3]
    assert (a.known, b.known, c.known) == pytest.approx((5 / 7, 6 / 7, 3 / 7))
    assert b.values["listed"] == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"people": 10}, "abc"),
        ({"distance": 10}, "cba"),
        ({"pupils": 1}, "bac"),
        # c is known by its distance alone: 1; a 0.49, b 0.4.
        ({"people": 4, "distance": 6}, "cab"),
    ],
)
def test_weights_change_the_order(small_regency, given, expected):
    spots = ranked_spots(small_regency, "ANY", "internet", weights(**given))
    assert order(spots) == expected


def test_who_has_no_known_part_has_no_rank_and_comes_last(small_regency):
    spots = ranked_spots(small_regency, "ANY", "internet", weights(pupils=5))
    assert [(spot.rank, spot.score) for spot in spots] == [
        (1, 1.0),
        (None, None),
        (None, None),
    ]


def test_confidence_can_move_a_doubtful_spot_down(small_regency):
    even = Weights()
    doubtful = Weights(by_confidence=True)
    assert order(ranked_spots(small_regency, "ANY", "internet", even)) == "bac"
    assert order(ranked_spots(small_regency, "ANY", "internet", doubtful)) == "abc"


def test_without_a_covered_square_no_distance_is_known(two_villages):
    run = a_run()
    squares(run, [(10, 13, 15, State.BLANK)])
    a_spot(run, "a", 10, 13, 15)
    assert distances_to_signal_m(run, "ANY", "internet") == {}
    [spot] = ranked_spots(run, "ANY", "internet", Weights())
    assert spot.values["distance"] is None


def test_the_signal_of_another_layer_is_none_of_this_one(small_regency):
    squares(small_regency, [(10, 12, 12, State.COVERED)], ("TELKOMSEL", "internet"))
    found = distances_to_signal_m(small_regency, "ANY", "internet")
    assert found[IDENTITIES["a"]] == pytest.approx(3 * 152.9, rel=1e-3)


def test_the_page_shows_order_parts_and_what_is_missing(
    client, officer, small_regency, django_assert_max_num_queries
):
    client.force_login(officer)
    client.get(reverse("priorities"))
    with django_assert_max_num_queries(20):
        response = client.get(reverse("priorities"), {"people": 10, "distance": 0})
    assert response.status_code == 200
    rows = response.context["rows"]
    assert order([row["spot"] for row in rows]) == "bac"
    text = response.content.decode()
    assert "belum ada data" in text
    # People 10 × 0.25, four others 5 × 3.5, by a weight of 30: two thirds.
    assert "66,7" in text
    assert "Pasien setahun" not in [str(part["label"]) for part in rows[0]["parts"]]


def test_a_district_keeps_the_places_among_all(client, officer, small_regency):
    client.force_login(officer)
    response = client.get(reverse("priorities"), {"district": "64.02.12"})
    assert [row["spot"].rank for row in response.context["rows"]] == [1, 2]


@pytest.mark.parametrize("wrong", ["11", "-1", "x", "1.5", "9" * 60])
def test_a_weight_that_cannot_be_is_explained(client, officer, small_regency, wrong):
    client.force_login(officer)
    response = client.get(reverse("priorities"), {"people": wrong})
    assert response.status_code == 200
    # Each reader is told of the weight by the name that they know it by.
    assert response.context["weights_error"].startswith("Penduduk harus ")
    api = client.get(reverse("api-priorities"), {"people": wrong})
    assert api.status_code == 400
    assert api["Content-Type"] == "application/problem+json"
    assert api.json()["detail"].startswith("people ")


def test_an_address_stands_above_what_was_saved(client, officer, small_regency):
    client.force_login(officer)
    page = reverse("priorities")
    response = client.post(
        reverse("priorities-save"), dict.fromkeys(PARTS, "0") | {"distance": "10"}
    )
    assert response.url.startswith(page)
    assert RankingWeights.objects.get(user=officer).distance == 10
    own = client.get(page)
    assert order([row["spot"] for row in own.context["rows"]]) == "cba"
    assert own.context["is_saved"]
    shared = client.get(page, {"people": "10", "distance": "0"})
    # What the address leaves out is the default and not what was saved.
    assert shared.context["weights"][1]["value"] == 5


def test_the_first_are_shown_and_all_on_request(client, officer, small_regency):
    spot = BlankSpot.objects.get(identity=IDENTITIES["a"])
    for _n in range(27):
        spot.pk, spot._state.adding, spot.identity = None, True, uuid.uuid4()
        spot.save()
    client.force_login(officer)
    page = client.get(reverse("priorities"))
    assert len(page.context["rows"]) == 25
    assert "Tampilkan semua (30)" in page.content.decode()
    query = page.context["query"]
    all_of_them = client.get(f"{reverse('priorities')}?{query}&rows=all")
    assert len(all_of_them.context["rows"]) == 30
    assert "Tampilkan 25 pertama saja" in all_of_them.content.decode()


def test_standard_weights_stand_above_saved_and_named_ones(
    client, officer, small_regency
):
    client.force_login(officer)
    client.post(reverse("priorities-save"), dict.fromkeys(PARTS, "0"))
    asked = {"weights": "standard", "people": "x", "confident": "1", "service": "voice"}
    answer = client.get(reverse("priorities"), asked, follow=True)
    assert [w["value"] for w in answer.context["weights"]] == [5] * len(PARTS)
    assert not answer.context["by_confidence"]
    assert answer.context["service"] == "voice"
    assert "people=5" in answer.redirect_chain[0][0]


def test_who_is_not_signed_in_cannot_save(client, small_regency):
    response = client.post(reverse("priorities-save"), {"people": "1"})
    assert response.url.startswith(reverse("login"))
    assert not RankingWeights.objects.exists()


def test_the_workbook_holds_ranking_weights_and_run(client, officer, small_regency):
    client.force_login(officer)
    response = client.get(
        reverse("priorities-file", args=["xlsx"]), {"people": 10, "confident": "1"}
    )
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    page, notes = book.worksheets
    heads = [cell.value for cell in page[1]]
    first = dict(zip(heads, [cell.value for cell in page[2]], strict=True))
    assert first["Urutan"] == 1
    assert isinstance(first["Nilai (0–100)"], float)
    assert first["Penduduk"] == 200
    told = {row[0].value: row[1].value for row in notes.rows}
    assert told["Perhitungan"] == small_regency.pk
    assert told["Bobot: Penduduk"] == 10
    assert told["Dikalikan keyakinan"] == "ya"
    assert "people=10" in told["Halaman yang sama di situs"]


def test_the_csv_says_in_each_row_where_it_is_from(client, officer, small_regency):
    client.force_login(officer)
    body = client.get(reverse("priorities-file", args=["csv"])).content
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert {row["Perhitungan"] for row in rows} == {str(small_regency.pk)}
    assert "people=5" in rows[0]["Bobot"]
    assert [row["Penduduk"] for row in rows] == ["50", "200", ""]


def test_the_api_ranks_the_same(client, officer, small_regency):
    client.force_login(officer)
    answer = client.get(
        reverse("api-priorities"), {"people": 0, "distance": 10, "limit": 2}
    ).json()
    assert answer["count"] == 3
    assert len(answer["spots"]) == 2
    assert answer["weights"]["distance"] == 10
    spot = answer["spots"][0]
    assert set(spot["parts"]) == set(PARTS)


def test_who_may_not_see_the_map_does_not_see_the_ranking(client, small_regency):
    for name in ("priorities", "api-priorities"):
        assert client.get(reverse(name)).status_code in (302, 401, 403)


def test_without_a_run_the_page_says_so(client, officer, db):
    client.force_login(officer)
    assert client.get(reverse("priorities")).status_code == 200
    assert client.get(reverse("priorities-file", args=["csv"])).status_code == 404
