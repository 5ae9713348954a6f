"""Many points in one question: the same answers as one by one."""

import json
import math
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from coverage.models import ANY_OPERATOR, LayerOperator, Service
from coverage.selectors.at_point import place_at
from coverage.services.compute_run import compute_full
from tests.conftest import a_report, no_service, store
from villages.models import ApiToken
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db

URL = "/api/v1/coverage/lookup"
WEST, EAST = [116.05, 0.0], [116.15, 0.0]


def full():
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


def ask(client, points, query="", status=200):
    answer = client.post(f"{URL}{query}", {"points": points}, "application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_every_point_is_answered_as_it_would_be_alone(viewer, a_blank_west):
    """Inside, at edges of tiles and squares, outside of all tiles, in other seas."""
    store(
        *(
            a_report(
                operator="INDOSAT", technology="2G", lon=116.03 + i / 300, lat=0.01
            )
            for i in range(8)
        ),
        no_service(operator="XLSMART", lon=116.11, lat=0.02),
        now=timezone.now(),
    )
    run = full()
    chance = np.random.default_rng(20)
    points = np.column_stack(
        [chance.uniform(115.9, 116.3, 150), chance.uniform(-0.1, 0.1, 150)]
    ).tolist()
    # Edges of tiles of zoom 10, and of squares.
    tile_deg = 360 / 1024
    points += [[116.015625, 0.0], [116.015625 + tile_deg / 256, 0.001], WEST, EAST]
    points += [[-180, 85], [179.99, -85.0], [0, 0], [116.05, 0]]
    asked = timezone.now()
    answer = ask(viewer, points)
    assert answer["run"] == run.pk
    assert len(answer["points"]) == len(points)
    states = set()
    for (lon, lat), point in zip(points, answer["points"], strict=True):
        assert (point["lon"], point["lat"]) == (lon, lat)
        place = place_at(run, lon, lat, now=asked)
        for layer in place.layers:
            found = point[layer.service][layer.operator]
            assert found == {
                "state": layer.state,
                "mean_dbm": layer.mean_dbm,
                "std_db": layer.std_db,
                "p_blank": layer.p_blank,
            }
            states.add(layer.state)
            assert point["evidence"][layer.operator] == {
                "distance_km": layer.evidence.distance_km,
                "age_days": layer.evidence.age_days,
            }
    assert {"outside", "unknown", "covered", "blank"} <= states


def test_a_report_that_one_question_does_not_look_for_is_found_here(
    viewer, two_villages, monkeypatch
):
    """Asked for one point, the nearest of an operator is looked for among 1,000."""
    monkeypatch.setattr("coverage.selectors.at_point.MOST_NEAR", 5)
    monkeypatch.setattr("coverage.selectors.at_point.FEW_REPORTS", 0)
    store(*(a_report(lon=116.05 + n / 1e4, lat=0.0) for n in range(8)))
    store(a_report(operator="INDOSAT", lon=116.06, lat=0.0))
    run = full()
    alone = place_at(run, 116.02, 0.0, now=timezone.now()).layer("INDOSAT", "voice")
    (point,) = ask(viewer, [[116.02, 0.0]])["points"]
    assert alone.evidence.distance_km is None
    distance_km = point["evidence"]["INDOSAT"]["distance_km"]
    assert distance_km == pytest.approx(4.5)
    assert distance_km >= alone.evidence.farther_than_km


def test_of_reports_at_one_place_the_newest_is_the_nearest(viewer, two_villages):
    now = timezone.now()
    store(
        *(
            a_report(lon=116.05, lat=0.0, observed_at=now - timedelta(days=days))
            for days in (40, 4, 400)
        ),
        now=now,
    )
    run = full()
    (point,) = ask(viewer, [WEST])["points"]
    alone = place_at(run, *WEST, now=now).layer(ANY_OPERATOR, "internet")
    assert point["evidence"]["TELKOMSEL"] == {"distance_km": 0.0, "age_days": 4}
    assert alone.evidence.age_days == 4


def test_what_a_run_of_the_past_did_not_know_is_not_in_its_answer(viewer, a_blank_west):
    before = full()
    store(no_service(operator="INDOSAT", lon=WEST[0], lat=WEST[1]), now=timezone.now())
    full()
    (then,) = ask(viewer, [WEST], f"?run={before.pk}")["points"]
    (now,) = ask(viewer, [WEST])["points"]
    assert then["evidence"]["INDOSAT"]["distance_km"] is None
    assert now["evidence"]["INDOSAT"]["distance_km"] == 0.0
    assert then["internet"]["INDOSAT"]["state"] == "unknown"
    assert now["internet"]["INDOSAT"]["state"] in ("blank", "likely_blank")


def test_one_layer_alone(viewer, a_blank_west):
    full()
    (point,) = ask(viewer, [WEST], "?operator=TELKOMSEL&service=voice")["points"]
    assert set(point) == {"lon", "lat", "voice", "evidence"}
    assert list(point["voice"]) == list(point["evidence"]) == ["TELKOMSEL"]


def test_all_layers_are_there_and_an_id_comes_back(viewer, a_blank_west):
    full()
    ids = ["SDN 004", 17, 'a "b"', "", None, "%s{}"]
    asked = [{"id": i, "lon": 116.05, "lat": 0} for i in ids]
    points = ask(viewer, asked)["points"]
    assert [point.get("id") for point in points] == ids
    for point in points:
        for name in (*Service.values, "evidence"):
            assert list(point[name]) == LayerOperator.values


def test_ten_thousand_points_are_taken_and_one_more_is_not(viewer, a_blank_west):
    full()
    assert len(ask(viewer, [WEST] * 10_000)["points"]) == 10_000
    refused = ask(viewer, [WEST] * 10_001, status=413)
    assert "10000" in refused["detail"]
    assert ask(viewer, [])["points"] == []


def test_every_wrong_point_is_named(viewer, a_blank_west):
    full()
    wrong = [
        [0.0, 116.9],
        {"lon": "116", "lat": 0},
        {"lon": 116},
        {"lon": True, "lat": 0},
        [116.0],
        "116,0",
        None,
        {"lon": 180, "lat": 0},
        {"lon": 10**400, "lat": 0},
        {"lon": 116, "lat": 0, "id": {"a": 1}},
        {"lon": 116, "lat": 0, "id": "x" * 101},
    ]
    refused = ask(viewer, [WEST, *wrong, EAST], status=400)
    assert [e["point"] for e in refused["errors"]] == list(range(1, len(wrong) + 1))
    assert all(error["detail"] for error in refused["errors"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 400),
        ('{"points": {}}', 400),
        ('{"points": [[NaN, 0]]}', 400),
        ("{", 400),
        ("[" * 100_000, 400),
        (json.dumps({"points": [], "more": "x" * 2_200_000}), 413),
    ],
)
def test_what_is_no_list_of_points_is_refused(viewer, a_blank_west, body, status):
    full()
    answer = viewer.post(URL, body, "application/json")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"]


def test_before_any_run_it_says_so(viewer, two_villages):
    ask(viewer, [WEST], status=404)


def test_it_is_for_who_may_see_the_map_and_for_tokens_that_read(
    client, a_blank_west, officer, settings
):
    full()
    ask(client, [WEST], status=401)
    for scope, status in (("read", 200), ("submit", 403)):
        _token, text = create_api_token(
            user=officer, name=scope, scopes=[scope], days=1, now=timezone.now()
        )
        answer = client.post(
            URL,
            {"points": [WEST]},
            "application/json",
            headers={"authorization": f"Bearer {text}"},
        )
        assert answer.status_code == status
    assert ApiToken.objects.count() == 2
    settings.KUKAR_PUBLIC_MAP = True
    ask(client, [WEST])


def test_the_answer_costs_a_fixed_number_of_queries(
    viewer, a_blank_west, django_assert_max_num_queries
):
    full()
    ask(viewer, [WEST])
    points = [[116.0 + n / 1000, math.sin(n) / 20] for n in range(200)]
    with django_assert_max_num_queries(6):
        ask(viewer, points)
