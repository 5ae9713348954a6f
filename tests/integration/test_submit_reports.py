import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.conftest import NOW, a_report, no_service, store
from villages.models import ReportChange, SignalReport
from villages.services.api_tokens import create_api_token
from villages.services.submit_reports import Outcome

pytestmark = pytest.mark.django_db
URL = "/api/v1/reports/"


@pytest.fixture
def body():
    return {
        "id": str(uuid.uuid4()),
        "operator": "TELKOMSEL",
        "technology": "",
        "found": "no_service",
        "rsrp_dbm": None,
        "lon": 116.05,
        "lat": 0.0,
        "accuracy_m": 8.0,
        "observed_at": "2026-11-20T09:12:00+08:00",
        "environment": "outdoor",
    }


@pytest.fixture
def field(client, reporter):
    client.force_login(reporter)
    return client


def post(client, body, **headers):
    return client.post(
        URL, json.dumps(body), content_type="application/json", headers=headers
    )


def test_a_report_is_stored_in_its_village_with_a_receipt(
    field, body, two_villages, reporter
):
    response = post(field, body)

    assert response.status_code == 201
    result = response.json()["results"][0]
    assert result["status"] == 201
    assert result["village"] == two_villages[0].code
    assert result["receipt"]
    stored = SignalReport.objects.get()
    assert stored.reported_by == reporter
    assert ReportChange.objects.get().operators == ["TELKOMSEL"]


def test_the_same_report_sent_twice_is_stored_once(field, body):
    answers = [post(field, body) for _ in range(2)]

    assert [a.status_code for a in answers] == [201, 200]
    receipts = {a.json()["results"][0]["receipt"] for a in answers}
    assert len(receipts) == 1
    assert SignalReport.objects.count() == ReportChange.objects.count() == 1


def test_another_report_under_the_same_id_is_refused(field, body):
    post(field, body)
    response = post(field, {**body, "operator": "INDOSAT"})

    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert SignalReport.objects.get().operator == "TELKOMSEL"


def test_a_batch_answers_item_by_item_in_order(field, body):
    post(field, body)
    batch = [
        {**body, "id": str(uuid.uuid4())},
        body,
        {**body, "operator": "INDOSAT"},
        {**body, "id": str(uuid.uuid4()), "operator": "ACME"},
    ]
    response = post(field, batch)

    assert response.status_code == 207
    assert [r["status"] for r in response.json()["results"]] == [201, 200, 409, 422]


@pytest.mark.parametrize(
    ("field_name", "value"),
    [
        ("rsrp_dbm", -95),  # no service has no reading
        ("operator", "ACME"),
        ("lon", 200),
        ("lat", "north"),
        ("accuracy_m", -1),
        ("found", ""),
        ("observed_at", "yesterday"),
        ("environment", "cave"),
        ("download_mbps", 3),
    ],
)
def test_a_bad_field_is_named_in_the_readers_language(field, body, field_name, value):
    bad = {**body, field_name: value}
    indonesian = post(field, bad)
    english = post(field, bad, accept_language="en")

    assert indonesian.status_code == english.status_code == 422
    errors = [r.json()["results"][0]["errors"] for r in (indonesian, english)]
    assert list(errors[0]) == list(errors[1]) == [field_name]
    assert errors[0] != errors[1]
    assert SignalReport.objects.count() == 0


def test_a_field_that_is_not_known_is_named_and_the_report_stored(field, body):
    response = post(field, {**body, "colour": "blue"})

    assert response.status_code == 201
    assert response.json()["results"][0]["unknown_fields"] == ["colour"]


@pytest.mark.parametrize("body", [[], 3, "x", [1], None])
def test_what_is_no_report_is_refused(field, body):
    response = post(field, body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_more_than_500_reports_at_once_are_refused(field, body):
    response = post(field, [body] * 501)
    assert response.status_code == 413
    assert SignalReport.objects.count() == 0


def test_only_field_staff_submit(client, body, officer):
    assert post(client, body).status_code == 401
    client.force_login(officer)
    response = post(client, body)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"


def test_a_token_submits_without_a_session(client, body, reporter):
    _token, text = create_api_token(
        user=reporter, name="script", scopes=["submit"], days=1, now=timezone.now()
    )
    response = post(client, body, authorization=f"Bearer {text}")
    assert response.status_code == 201


def test_raw_reports_are_for_verifiers(
    client, officer, verifier, reporter, two_villages
):
    store(a_report(), reported_by_id=reporter.pk)
    client.force_login(officer)
    assert client.get(URL).status_code == 403
    client.force_login(verifier)
    found = client.get(URL).json()["features"]
    assert [f["properties"]["reported_by"] for f in found] == ["reporter"]


def test_flags_tell_what_is_odd_and_drop_nothing(two_villages):
    from datetime import timedelta

    store(
        a_report(lon=100.0, lat=0.0),
        a_report(accuracy_m=500.0),
        a_report(observed_at=NOW + timedelta(days=1)),
        a_report(observed_at=NOW - timedelta(days=1000)),
        no_service(lon=0.0, lat=0.0),
    )
    flags = sorted(tuple(r.flags) for r in SignalReport.objects.all())
    assert flags == [
        ("future",),
        ("old",),
        ("outside_regency",),
        ("outside_regency", "null_island"),
        ("poor_accuracy",),
    ]


def test_a_batch_that_repeats_itself_stores_each_once(two_villages):
    one = a_report()
    other = a_report(id=one.id, rsrp_dbm=-100.0)
    assert store(one, one, other) == [Outcome.STORED, Outcome.SAME, Outcome.DIFFERENT]
    assert SignalReport.objects.get().rsrp_dbm == -95.0


@pytest.mark.django_db(transaction=True)
def test_eight_identical_posts_at_once_store_one_row():
    reports = [a_report() for _ in range(20)]
    together = threading.Barrier(8)

    def send(_):
        try:
            together.wait(120)
            return store(*reports)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(8)))

    assert SignalReport.objects.count() == 20
    for of_report in zip(*outcomes, strict=True):
        assert sorted(of_report) == [Outcome.SAME] * 7 + [Outcome.STORED]


def test_a_clock_that_is_exactly_right_is_no_fault(two_villages):
    store(a_report(), clock_skew=timedelta(0))
    assert SignalReport.objects.get().clock_skew_s == 0.0


@pytest.mark.parametrize(
    "moment",
    [
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_time_beyond_all_reckoning_is_refused_in_words(field, body, moment):
    response = post(field, body | {"observed_at": moment})
    assert response.status_code in (400, 422), response.content
    assert SignalReport.objects.count() == 0


def test_json_nested_without_end_is_refused(field):
    response = field.post(URL, "[" * 100_000, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
