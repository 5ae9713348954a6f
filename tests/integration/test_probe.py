"""What a phone measures its connection against."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from villages.api.probe import MAX_BYTES, ProbeThrottle

pytestmark = pytest.mark.django_db

URL = "/api/v1/probe"
BINARY = "application/octet-stream"


@pytest.fixture(autouse=True)
def unhurried():
    ProbeThrottle.cache.clear()
    yield
    ProbeThrottle.cache.clear()


@pytest.fixture
def phone(client, reporter):
    client.force_login(reporter)
    return client


def test_it_sends_as_many_bytes_as_are_asked_for_and_none_can_be_saved(phone):
    for count in (0, 1, 20_000, MAX_BYTES):
        answer = phone.get(
            URL, {"bytes": count}, headers={"Accept-Encoding": "gzip, br"}
        )
        assert answer.status_code == 200
        assert len(answer.content) == int(answer["Content-Length"]) == count
        assert answer["Content-Encoding"] == "identity"
        assert answer["Cache-Control"] == "no-store"
    # Random bytes do not get smaller, and are never the same.
    assert len(gzip.compress(answer.content)) >= MAX_BYTES
    assert (
        phone.get(URL, {"bytes": 20}).content != phone.get(URL, {"bytes": 20}).content
    )


def test_it_takes_bytes_and_keeps_nothing(phone):
    for count in (0, 10_000, MAX_BYTES):
        assert phone.post(URL, b"x" * count, BINARY).status_code == 204


@pytest.mark.parametrize(
    ("query", "status"),
    [({"bytes": MAX_BYTES + 1}, 413), ({"bytes": "-1"}, 400), ({"bytes": "many"}, 400)],
)
def test_it_sends_no_more_than_its_most(phone, query, status):
    answer = phone.get(URL, query)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_it_takes_no_more_than_its_most(phone):
    answer = phone.post(URL, b"x" * (MAX_BYTES + 1), BINARY)
    assert answer.status_code == 413


def test_it_is_for_those_who_report(client, officer):
    assert client.get(URL).status_code == 401
    assert client.post(URL, b"x", BINARY).status_code == 401
    client.force_login(officer)
    assert client.get(URL).status_code == 403


def test_another_site_cannot_make_a_browser_upload(reporter):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reporter)
    assert client.post(URL, b"x", BINARY).status_code == 403


def test_who_measures_all_the_time_is_told_to_wait(phone):
    statuses = [phone.get(URL).status_code for _ in range(121)]
    assert statuses == [200] * 120 + [429]
    assert int(phone.get(URL)["Retry-After"]) > 0
