"""The queue of a phone, brought to the office, and then sent by the phone all the same."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from villages.models import SignalReport
from villages.services.import_reports import import_reports

pytestmark = pytest.mark.django_db

QUEUE = settings.BASE_DIR / "fixtures" / "samples" / "queue.json"


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


def bring() -> tuple[int, int, int]:
    with QUEUE.open("rb") as stream:
        batch = import_reports(
            stream=stream, file_name="antrean.json", now=timezone.now()
        )
    return batch.stored, batch.duplicate, batch.rejected


def send(user) -> list[int]:
    client = Client()
    client.force_login(user)
    reports = json.loads(QUEUE.read_text())["reports"]
    answer = client.post("/api/v1/reports/", reports, content_type="application/json")
    return [result["status"] for result in answer.json()["results"]]


def test_what_the_office_imported_is_there_already_when_the_phone_sends_it(reporter):
    assert bring() == (3, 0, 0)
    # 200, not 409: the same content to the last field, hours without power included.
    assert send(reporter) == [200, 200, 200]
    assert SignalReport.objects.count() == 3


def test_what_the_phone_sent_is_there_already_when_the_office_imports_it(reporter):
    assert send(reporter) == [201, 201, 201]
    assert bring() == (0, 3, 0)
    assert SignalReport.objects.filter(power_out_hours=12, internet="slow").count() == 1
