"""The page that takes a file, and the page that tells what became of it."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from villages.importers import FORMATS
from villages.models import ImportBatch, SignalReport
from villages.services.import_reports import upload_path

pytestmark = pytest.mark.django_db

TEXT = (
    "operator,found,lon,lat,observed_at,rsrp_dbm,<b>\n"
    "TELKOMSEL,data,116.9,-0.4,2026-11-23 08:30,-95,\n"
    "TELKOMSEL,data,116.9,-0.4,2026-11-23 08:30,-95,\n"
    "<script>,data,116.9,-0.4,2026-11-23 08:31,-95,\n"
)


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


def client_of(role: str, *, checks_csrf: bool = False) -> Client:
    user = get_user_model().objects.create_user(f"the {role}")
    user.groups.add(Group.objects.get(name=role))
    client = Client(enforce_csrf_checks=checks_csrf, headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def analyst():
    return client_of("analyst")


def send(client: Client, text: str = TEXT, **more: object):
    file = SimpleUploadedFile("../log of today.csv", text.encode(), "text/csv")
    return client.post(reverse("report-import"), {"file": file, **more})


def work() -> None:
    """Do what waits in the queue, without the worker's loop: it closes connections."""
    for waiting in DBTaskResult.objects.ready():
        result = waiting.task_result
        waiting.claim("the test")
        waiting.task.call(*result.args, **result.kwargs)
        waiting.set_successful(None)


def test_an_upload_waits_then_is_imported_by_the_worker(analyst):
    response = send(analyst)
    batch = ImportBatch.objects.get()
    assert response["Location"] == reverse("import-detail", args=[batch.pk])
    assert batch.state == ImportBatch.State.WAITING
    assert batch.file_name == "log of today.csv"
    assert batch.bytes_total == len(TEXT)
    assert batch.imported_by is not None
    assert SignalReport.objects.count() == 0
    status = analyst.get(reverse("import-status", args=[batch.pk])).json()
    assert (status["is_finished"], status["percent"]) == (False, 0)
    assert analyst.get(reverse("import-rows", args=[batch.pk])).status_code == 404

    work()

    status = analyst.get(reverse("import-status", args=[batch.pk])).json()
    assert (status["is_finished"], status["percent"]) == (True, 100)
    assert [status[name] for name in ("rows", "stored", "duplicate", "rejected")] == [
        3,
        1,
        1,
        1,
    ]
    assert SignalReport.objects.get().reported_by == batch.imported_by
    assert not upload_path(batch.pk).exists()


def test_the_page_shows_counts_rejected_rows_and_the_row_report(analyst):
    send(analyst)
    work()
    batch = ImportBatch.objects.get()
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "Finished" in page
    assert "&lt;script&gt;" in page
    assert "<script>," not in page
    assert "left aside" in page
    assert "&lt;b&gt;" in page
    response = analyst.get(reverse("import-rows", args=[batch.pk]))
    rows = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + 3
    assert "log%20of%20today-hasil.csv" in response["Content-Disposition"] or (
        'filename="log of today-hasil.csv"' in response["Content-Disposition"]
    )
    assert "log of today.csv" in analyst.get(reverse("report-import")).content.decode()


def test_what_the_system_flagged_is_told_row_by_row(analyst):
    text = (
        "operator,found,lon,lat,observed_at\n"
        "TELKOMSEL,data,0,0,2026-11-23 08:30\n"
        "TELKOMSEL,data,116.9,-0.4,2020-11-23 08:30\n"
    )
    send(analyst, text)
    work()
    batch = ImportBatch.objects.get()
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "The system flagged 2 of these reports; 1 of them are held back" in page
    rows = analyst.get(reverse("import-rows", args=[batch.pk]))
    lines = b"".join(rows.streaming_content).decode().splitlines()
    assert "position zero (0, 0) (held back until accepted)" in lines[1]
    assert "over two years old" in lines[2]


def test_a_file_without_a_row_says_so(analyst):
    send(analyst, "operator,found,lon,lat,observed_at\n")
    work()
    batch = ImportBatch.objects.get()
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "There was no row in this file" in page


def test_a_trial_says_that_nothing_was_stored(analyst):
    send(analyst, is_dry_run="on")
    work()
    batch = ImportBatch.objects.get()
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "nothing was stored" in page
    assert SignalReport.objects.count() == 0


def test_a_trial_says_what_would_be_flagged(analyst, two_villages):
    send(
        analyst,
        "operator,found,lon,lat,observed_at\n"
        "TELKOMSEL,no_service,106.8,-6.2,2026-11-01 08:00\n"
        "TELKOMSEL,no_service,116.05,0.0,2026-11-01 08:00\n",
        is_dry_run="on",
    )
    work()
    batch = ImportBatch.objects.get()
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "The system would flag 1 of these reports" in page


def test_all_or_nothing_and_operator_reach_the_import(analyst):
    send(analyst, TEXT.replace("<script>", ""), is_atomic="on", operator="INDOSAT")
    work()
    batch = ImportBatch.objects.get()
    assert (batch.is_atomic, batch.operator, batch.stored) == (True, "INDOSAT", 2)
    assert SignalReport.objects.filter(operator="INDOSAT").count() == 1


def test_a_file_of_no_known_format_is_refused_on_its_page(analyst):
    send(analyst, "a,b\n1,2\n")
    work()
    batch = ImportBatch.objects.get()
    assert batch.state == ImportBatch.State.FAILED
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "Refused" in page
    assert "notice--error" in page
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"
    assert not upload_path(batch.pk).exists()


def test_an_import_that_was_cut_off_can_be_gone_on_with(analyst):
    send(analyst)
    batch = ImportBatch.objects.get()
    # A worker took it, and died.
    DBTaskResult.objects.update(status="RUNNING")
    ImportBatch.objects.update(state=ImportBatch.State.RUNNING)
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "Go on" in page
    for _twice in range(2):
        analyst.post(reverse("import-resume", args=[batch.pk]))
    status = analyst.get(reverse("import-status", args=[batch.pk])).json()
    assert not status["is_interrupted"]
    assert DBTaskResult.objects.filter(status="READY").count() == 1
    work()
    batch.refresh_from_db()
    assert (batch.state, batch.stored) == ("done", 1)
    analyst.post(reverse("import-resume", args=[batch.pk]))
    assert not DBTaskResult.objects.filter(status="READY").exists()


def test_the_day_and_the_zone_reach_the_import(analyst):
    line = "-0.41,116.98,20,510,10,1,1,-96,LTE,LTE,1850,1\n"
    send(analyst, line, observed_on="2026-01-08", time_zone="UTC")
    work()
    batch = ImportBatch.objects.get()
    assert (batch.format, batch.stored) == ("cellmapper", 1)
    report = SignalReport.objects.get()
    assert report.observed_at.isoformat() == "2026-01-08T12:00:00+00:00"
    page = analyst.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "measured on 8 January 2026" in page
    assert "times in UTC" in page


@pytest.mark.parametrize("day", ["2999-01-01", "1980-01-06", "yesterday"])
def test_a_day_on_which_nothing_was_measured_is_refused(analyst, day):
    response = send(analyst, observed_on=day)
    assert b"field__errors" in response.content
    assert ImportBatch.objects.count() == 0


def test_the_page_lists_every_format(analyst):
    page = analyst.get(reverse("report-import")).content.decode()
    for format_ in FORMATS:
        assert str(format_.TITLE) in page


def test_an_import_is_cancelled_by_its_button(analyst):
    send(analyst)
    batch = ImportBatch.objects.get()
    address = reverse("import-detail", args=[batch.pk])
    assert "Cancel the import" in analyst.get(address).content.decode()
    response = analyst.post(reverse("import-cancel", args=[batch.pk]), follow=True)
    page = response.content.decode()
    assert "Cancelled" in page
    assert "what was stored before stays" in page
    assert "Cancel the import" not in page
    status = analyst.get(reverse("import-status", args=[batch.pk])).json()
    assert (status["is_finished"], status["state"]) == (True, "cancelled")
    rows = analyst.get(reverse("import-rows", args=[batch.pk]))
    assert b"not_read" in b"".join(rows.streaming_content)
    work()
    assert SignalReport.objects.count() == 0
    assert "Cancelled" in analyst.get(reverse("report-import")).content.decode()


def test_an_import_that_is_being_cancelled_says_so(analyst):
    send(analyst)
    ImportBatch.objects.update(state="running", is_cancel_wanted=True)
    batch = ImportBatch.objects.get()
    status = analyst.get(reverse("import-status", args=[batch.pk])).json()
    assert status["state_name"] == "Being cancelled …"
    address = reverse("import-detail", args=[batch.pk])
    assert "Cancel the import" not in analyst.get(address).content.decode()


def test_a_file_above_the_limit_is_refused(analyst, settings):
    settings.KUKAR_MAX_UPLOAD_BYTES = 100
    response = send(analyst)
    assert response.status_code == 200
    assert b"larger than" in response.content
    assert ImportBatch.objects.count() == 0


def test_a_far_too_large_upload_is_refused_before_it_is_read(analyst, settings):
    settings.KUKAR_MAX_UPLOAD_BYTES = 100
    response = send(analyst, TEXT + "x" * 200_000)
    assert response.status_code == 413
    assert ImportBatch.objects.count() == 0


def test_an_upload_needs_its_csrf_token():
    client = client_of("analyst", checks_csrf=True)
    assert send(client).status_code == 403
    assert ImportBatch.objects.count() == 0


ADDRESSES = ("report-import", "import-detail", "import-status", "import-rows")
POSTED = ("import-resume", "import-cancel")


@pytest.mark.parametrize("name", [*ADDRESSES, "import-sample", *POSTED])
@pytest.mark.parametrize("role", ["viewer", "field", "verifier"])
def test_imports_are_for_analysts(name, role):
    batch = ImportBatch.objects.create(file_name="x.csv")
    has_batch = name not in ("report-import", "import-sample")
    address = reverse(name, args=[batch.pk] if has_batch else [])
    method = "post" if name in POSTED else "get"
    assert getattr(client_of(role), method)(address).status_code == 403
    response = getattr(Client(), method)(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))
    assert send(client_of("admin") if role == "viewer" else Client()).status_code == 302


def test_the_example_to_fill_in_is_one_that_imports(analyst):
    response = analyst.get(reverse("import-sample"))
    send(analyst, b"".join(response.streaming_content).decode())
    work()
    batch = ImportBatch.objects.get()
    assert (batch.rows, batch.rejected) == (5, 0)
