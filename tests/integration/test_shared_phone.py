"""Two people share a phone: nobody's report is taken for another's."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest

from villages.models import SignalReport

pytestmark = pytest.mark.django_db


def post(client, **headers):
    report = {
        "id": str(uuid.uuid4()),
        "operator": "TELKOMSEL",
        "found": "no_service",
        "lon": 116.05,
        "lat": 0.01,
        "observed_at": "2026-11-20T04:00:00Z",
    }
    return client.post(
        "/api/v1/reports/", [report], "application/json", headers=headers
    )


def test_what_is_meant_for_another_account_is_not_stored(client, reporter):
    client.force_login(reporter)
    answer = post(client, **{"X-Account": "somebody"})
    assert answer.status_code == 412
    assert answer["Content-Type"] == "application/problem+json"
    assert SignalReport.objects.count() == 0


@pytest.mark.parametrize("name", ["siti", "Siti Ümmü", "ꦱꦶꦠꦶ"])
def test_what_is_meant_for_this_account_is_stored(client, account, name):
    client.force_login(account(name, "field"))
    assert post(client, **{"X-Account": quote(name)}).status_code == 201
    assert SignalReport.objects.get().reported_by.username == name


def test_who_names_no_account_sends_as_who_is_signed_in(client, reporter):
    client.force_login(reporter)
    assert post(client).status_code == 201
