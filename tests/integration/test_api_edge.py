"""What every answer of the API has in common: problems, rates, origins, packing."""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import brotli
import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from tests.conftest import a_report, store
from villages.api.rates import parsed
from villages.models import RequestCount
from villages.services.api_tokens import create_api_token
from villages.services.count_requests import count_request, forget_ended_counts
from villages.services.enroll_device import create_enrolment, enroll_device

pytestmark = pytest.mark.django_db

POINTS = "/api/v1/village-points/"
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def no_counts():
    caches["over"].clear()


@pytest.fixture
def token(officer):
    _token, text = create_api_token(
        user=officer, name="script", scopes=["read"], days=1, now=timezone.now()
    )
    return {"authorization": f"Bearer {text}"}


def is_problem(answer, status):
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == PROBLEM
    body = json.loads(answer.content)
    assert body["status"] == status
    assert body["title"]
    assert body["type"] == "about:blank"
    return body


# --- problems ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "headers"),
    [
        ("get", "/api/v1/nothing/", 404, {}),
        ("get", "/api/v1/runs/abc/", 404, {}),
        ("get", "/api/", 404, {}),
        ("get", "/ogc/nothing/at/all", 404, {}),
        ("delete", "/api/v1/villages/", 405, {}),
        ("patch", "/api/v1/coverage/lookup", 405, {}),
        ("delete", "/ogc/collections", 405, {}),
        ("get", "/api/v1/villages/", 406, {"accept": "image/png"}),
        ("get", "/api/v1/runs/", 406, {"accept": "text/csv, application/xml;q=0.5"}),
        ("post", "/api/v1/coverage/lookup", 415, {}),
        ("get", "/api/v1/villages/?bbox=1", 400, {}),
        ("get", "/api/v1/villages/64.02.99.2001/", 404, {}),
    ],
)
def test_every_failure_is_a_problem_document(
    client, officer, method, path, status, headers
):
    client.force_login(officer)
    more = {"content_type": "text/csv", "data": "a,b"} if method == "post" else {}
    is_problem(getattr(client, method)(path, headers=headers, **more), status)


def test_who_has_not_signed_in_gets_a_problem(client):
    answer = client.get("/api/v1/villages/")
    is_problem(answer, 401)
    assert answer["WWW-Authenticate"]


def test_a_body_that_is_too_long_is_a_problem(client, officer, token):
    body = json.dumps({"points": [], "more": "x" * 2_200_000})
    for headers in (token, {}):
        client.force_login(officer)
        answer = client.post(
            "/api/v1/coverage/lookup", body, "application/json", headers=headers
        )
        is_problem(answer, 413)


def test_an_address_that_is_not_ours_is_a_problem(client):
    is_problem(client.get(POINTS, headers={"host": "elsewhere.example"}), 400)


def test_what_breaks_here_is_a_problem_too(client, monkeypatch):
    def breaks(*arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("villages.api.places.VillagePoints.get", breaks)
    client.raise_request_exception = False
    is_problem(client.get(POINTS), 500)


def test_people_get_their_pages_as_before(client):
    answer = client.get("/nothing/")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "There is nothing at this address."),
        ("en-GB, id;q=0.2", "There is nothing at this address."),
        ("id", None),
        ("xx", None),
        ("*;q=abc,,;", None),
    ],
)
def test_problems_are_in_the_language_asked_for(client, language, said):
    answer = client.get("/api/v1/nothing/", headers={"accept-language": language})
    title = is_problem(answer, 404)["title"]
    assert (title == said) == (said is not None)
    assert "Accept-Language" in answer["Vary"]
    assert answer["Content-Language"] == ("en" if said else "id")


@pytest.mark.parametrize(
    "accept",
    [
        "application/geo+json",
        "application/json",
        "application/geo+json;q=0.9, text/html",
        "*/*",
        "application/*",
        "",
        ";;;,,/",
        "text/html, */*;q=0.1",
    ],
)
def test_any_kind_of_json_may_be_asked_for(client, two_villages, accept):
    answer = client.get(POINTS, headers={"accept": accept})
    assert answer.status_code in (200, 406), answer.content
    if "json" in accept or "*" in accept:
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/geo+json"
    assert client.get(f"{POINTS}?format=xml").status_code == 200


# --- rates ---------------------------------------------------------------------------


def test_a_token_that_asks_too_often_is_told_when_to_come_again(
    client, two_villages, token, settings
):
    settings.KUKAR_RATES = {"token": ["3/day", "1000/day"]}
    for left in (2, 1, 0):
        answer = client.get("/api/v1/villages/", headers=token)
        assert answer.status_code == 200
        assert answer["RateLimit-Limit"] == "3"
        assert answer["RateLimit-Policy"] == "3;w=86400"
        assert answer["RateLimit-Remaining"] == str(left)
    refused = client.get("/api/v1/villages/", headers=token)
    is_problem(refused, 429)
    assert refused["RateLimit-Remaining"] == "0"
    assert 0 < int(refused["Retry-After"]) <= 86_400
    assert refused["Retry-After"] == refused["RateLimit-Reset"]


def test_each_token_and_each_address_has_a_rate_of_its_own(
    client, officer, two_villages, token, settings
):
    settings.KUKAR_RATES = {"token": ["1/day"], "address": ["2/day"]}
    _token, text = create_api_token(
        user=officer, name="other", scopes=["read"], days=1, now=timezone.now()
    )
    other = {"authorization": f"Bearer {text}"}
    assert client.get(POINTS, headers=token).status_code == 200
    assert client.get(POINTS, headers=token).status_code == 429
    assert client.get(POINTS, headers=other).status_code == 200
    for address, status in (
        ("192.0.2.1", 200),
        ("192.0.2.1", 200),
        ("192.0.2.1", 429),
        ("192.0.2.2", 200),
    ):
        assert client.get(POINTS, REMOTE_ADDR=address).status_code == status
    # An address that is none, and longer than any is.
    assert client.get(POINTS, REMOTE_ADDR="x" * 500).status_code == 200
    # Who tells another address of theirs is counted by the real one.
    forwarded = {"x-forwarded-for": "203.0.113.9"}
    answer = client.get(POINTS, headers=forwarded, REMOTE_ADDR="192.0.2.1")
    assert answer.status_code == 429


def test_neither_the_map_nor_a_phones_outbox_is_ever_held_up(
    client, officer, reporter, two_villages, settings
):
    settings.KUKAR_RATES = {"token": ["1/day"], "address": ["1/day"]}
    now = timezone.now()
    _device, code = create_enrolment(
        name="HP", user=reporter, created_by_id=None, now=now
    )
    enroll_device(code=code, token="t" * 43, now=now)
    phone = {"authorization": f"Device {'t' * 43}"}
    for _n in range(3):
        answer = client.get("/api/v1/ping", headers=phone)
        assert answer.status_code == 200
        assert "RateLimit-Limit" not in answer
    client.force_login(officer)
    for _n in range(3):
        assert client.get("/api/v1/villages/").status_code == 200


def test_all_processes_count_together_and_a_restart_forgets_nothing(
    client, two_villages, token, settings
):
    settings.KUKAR_RATES = {"token": ["2/day"]}
    assert client.get(POINTS, headers=token).status_code == 200
    # What a process has in its own memory.
    caches["over"].clear()
    assert client.get(POINTS, headers=token)["RateLimit-Remaining"] == "0"
    assert client.get(POINTS, headers=token).status_code == 429
    caches["over"].clear()
    assert client.get(POINTS, headers=token).status_code == 429


def test_whoever_is_over_costs_the_database_nothing_more(
    client, two_villages, token, settings
):
    settings.KUKAR_RATES = {"token": ["1/day"]}
    for _n in range(4):
        client.get(POINTS, headers=token)
    assert RequestCount.objects.get().count == 2


def test_counts_of_windows_that_have_ended_are_forgotten(db):
    now = timezone.now()
    count_request("ended", ends_at=now)
    count_request("goes on", ends_at=now + timedelta(seconds=1))
    assert forget_ended_counts(now=now) == 1
    assert RequestCount.objects.get().key == "goes on"


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_are_all_counted():
    ends_at = timezone.now() + timedelta(hours=1)

    def count(_n):
        try:
            return count_request("one", ends_at=ends_at)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(count, range(40))) == list(range(1, 41))


def test_rates_can_be_switched_off(client, two_villages, settings):
    settings.KUKAR_RATES = {"token": [], "address": []}
    for _n in range(3):
        assert "RateLimit-Limit" not in client.get(POINTS)


@pytest.mark.parametrize("rate", ["", "5", "5/week", "0/day", "-1/day", "x/day"])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="is not a rate"):
        parsed(rate)


# --- other sites' scripts -------------------------------------------------------------


def test_no_other_site_reads_the_api_unless_the_office_says_so(client, settings):
    origin = {"origin": "https://peta.example"}
    assert "Access-Control-Allow-Origin" not in client.get(POINTS, headers=origin)
    assert not re.match(settings.CORS_URLS_REGEX, POINTS)
    settings.CORS_ALLOWED_ORIGINS = ["https://peta.example"]
    settings.CORS_URLS_REGEX = settings.CORS_URLS
    answer = client.get(POINTS, headers=origin)
    assert answer["Access-Control-Allow-Origin"] == "https://peta.example"
    assert "Access-Control-Allow-Credentials" not in answer
    assert "RateLimit-Limit" in answer["Access-Control-Expose-Headers"]
    other = client.get(POINTS, headers={"origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other
    page = client.get("/masuk/", headers=origin)
    assert "Access-Control-Allow-Origin" not in page
    asked = client.options(
        "/api/v1/coverage/lookup",
        headers=origin
        | {
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        },
    )
    assert asked.status_code == 200
    assert "authorization" in asked["Access-Control-Allow-Headers"]


# --- packing --------------------------------------------------------------------------


def test_an_answer_is_packed_once_as_the_client_reads_it(client, officer, two_villages):
    store(a_report())
    client.force_login(officer)
    for path in ("/api/v1/villages/", "/api/v1/map-boundaries/"):
        plain = client.get(path, headers={"accept-encoding": "identity"})
        assert "Content-Encoding" not in plain
        for accepted, wanted in (
            ("gzip, deflate, br", "br"),
            ("br;q=0, gzip", "gzip"),
            ("gzip", "gzip"),
        ):
            packed = client.get(path, headers={"accept-encoding": accepted})
            how = packed["Content-Encoding"]
            # What is kept packed is given as it is.
            assert how == wanted or (path.endswith("boundaries/") and how == "gzip")
            unpack = brotli.decompress if how == "br" else gzip.decompress
            assert unpack(packed.content) == plain.content
            assert int(packed["Content-Length"]) == len(packed.content)
            assert "Accept-Encoding" in packed["Vary"]
            again = client.get(
                path,
                headers={
                    "accept-encoding": accepted,
                    "if-none-match": packed["ETag"],
                },
            )
            assert again.status_code == 304
    page = client.get("/masuk/", headers={"accept-encoding": "br"})
    assert "Content-Encoding" not in page


def test_short_answers_stay_as_they_are(client):
    answer = client.get("/api/v1/ping", headers={"accept-encoding": "br"})
    assert "Content-Encoding" not in answer
