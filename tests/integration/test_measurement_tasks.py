"""Tasks: made once, heard of by the right phone, done by what is reported."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW, a_report, no_service, store
from villages.models import MeasurementTask, SignalReport
from villages.services import measurement_tasks
from villages.services.enroll_device import create_enrolment, enroll_device
from villages.services.measurement_tasks import NewTask, TaskError, create_tasks
from villages.services.review_reports import review_reports

pytestmark = pytest.mark.django_db
AT = (116.05, 0.01)
# A degree of longitude on the equator, in metres.
DEGREE_M = 111_319.5
DAYS_10 = timedelta(days=10)


def a_task(village, **values):
    return MeasurementTask.objects.create(
        **{
            "village": village,
            "name": "RT 1",
            "point": Point(*AT, srid=4326),
            "operators": ["TELKOMSEL", "INDOSAT"],
            "created_at": NOW - timedelta(days=5),
            **values,
        }
    )


def state_of(task):
    task.refresh_from_db()
    return task.state


def near(metres=0.0, **values):
    """Return a report made *metres* east of the task, after it."""
    return a_report(
        **{
            "lon": AT[0] + metres / DEGREE_M,
            "lat": AT[1],
            "observed_at": NOW - timedelta(days=1),
            **values,
        }
    )


def test_a_report_near_it_does_a_task_and_is_named(two_villages):
    task = a_task(two_villages[0])
    report = near(300)
    store(report)
    assert state_of(task) == "done"
    assert task.done_report_id == report.id
    assert task.ended_at == NOW


def test_no_signal_is_an_answer(two_villages):
    task = a_task(two_villages[0])
    store(no_service(lon=AT[0], lat=AT[1], observed_at=NOW))
    assert state_of(task) == "done"


@pytest.mark.parametrize(
    "report",
    [
        near(operator="XLSMART"),
        near(1_010),
        near(observed_at=NOW - timedelta(days=6)),
        # Held back until a verifier has looked: its time is in the future.
        near(observed_at=NOW + timedelta(days=3)),
    ],
    ids=["another operator", "too far", "before the task", "held back"],
)
def test_other_reports_do_not(two_villages, report):
    task = a_task(two_villages[0])
    store(report)
    assert state_of(task) == "open"


def test_a_demonstration_report_does_demonstration_tasks_only(two_villages):
    real, demo = a_task(two_villages[0]), a_task(two_villages[0], is_demo=True)
    store(near(), is_demo=True)
    assert (state_of(real), state_of(demo)) == ("open", "done")


def test_a_dropped_task_stays_so(two_villages):
    task = a_task(two_villages[0], state="dropped", ended_at=NOW)
    store(near())
    assert state_of(task) == "dropped"


def test_the_first_report_of_a_batch_with_resends_still_does_it(two_villages):
    old = near(5_000)
    store(old)
    task = a_task(two_villages[0])
    store(old, near())
    assert state_of(task) == "done"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    tasks=st.lists(st.tuples(st.integers(-3000, 3000), st.integers(0, 3)), max_size=6),
    reports=st.lists(
        st.tuples(st.integers(-3000, 3000), st.booleans()), min_size=1, max_size=8
    ),
)
def test_a_task_is_done_just_when_some_report_answers_it(two_villages, tasks, reports):
    operators = [["TELKOMSEL"], ["INDOSAT"], ["TELKOMSEL", "INDOSAT"], ["XLSMART"]]
    with transaction.atomic():
        made = [
            (
                east_m,
                operators[who],
                a_task(
                    two_villages[0],
                    operators=operators[who],
                    point=Point(AT[0] + east_m / DEGREE_M, AT[1], srid=4326),
                ),
            )
            for east_m, who in tasks
        ]
        store(
            *(
                near(east_m, operator="TELKOMSEL" if is_one else "INDOSAT")
                for east_m, is_one in reports
            )
        )
        for east_m, names, task in made:
            apart = [
                abs(east_m - r)
                for r, is_one in reports
                if ("TELKOMSEL" if is_one else "INDOSAT") in names
            ]
            if any(m < 999.5 for m in apart):
                assert state_of(task) == "done"
            elif all(m > 1000.5 for m in apart):
                assert state_of(task) == "open"
        transaction.set_rollback(True)


def decide(verifier, decision, *reports):
    review_reports(
        ids=[report.id for report in reports],
        decision=decision,
        by=verifier,
        reason="" if decision == "accepted" else "sebab",
    )


def test_a_task_is_open_again_when_its_report_is_rejected(two_villages, verifier):
    task, report = a_task(two_villages[0]), near(300)
    store(report)
    decide(verifier, "rejected", report)
    assert state_of(task) == "open"
    assert (task.ended_at, task.done_report_id) == (None, None)
    decide(verifier, "accepted", report)
    assert (state_of(task), task.done_report_id) == ("done", report.id)


def test_another_report_stands_in_for_one_that_is_rejected(two_villages, verifier):
    task = a_task(two_villages[0])
    first, far, second = near(300), near(1_200), near(500, operator="INDOSAT")
    store(first)
    store(far, second)
    decide(verifier, "rejected", first)
    assert (state_of(task), task.done_report_id) == ("done", second.id)
    assert task.ended_at == NOW
    decide(verifier, "rejected", second)
    assert state_of(task) == "open"


def test_a_report_that_was_held_back_does_the_task_once_accepted(
    two_villages, verifier, reporter
):
    task, dropped = a_task(two_villages[0]), a_task(two_villages[0])
    MeasurementTask.objects.filter(pk=dropped.pk).update(state="dropped", ended_at=NOW)
    held = near(observed_at=NOW + timedelta(days=3))
    others = [near(1_010), near(operator="XLSMART"), near(observed_at=NOW - DAYS_10)]
    store(held, *others, reported_by_id=reporter.pk)
    assert state_of(task) == "open"
    decide(verifier, "accepted", *others)
    assert state_of(task) == "open"
    decide(verifier, "accepted", held)
    assert (state_of(task), task.done_report_id) == ("done", held.id)
    assert state_of(dropped) == "dropped"
    # Whoever takes the decision back holds the report again.
    decide(verifier, "asked", held)
    assert state_of(task) == "open"


def test_a_question_about_a_report_that_counts_leaves_its_task_done(
    two_villages, verifier, reporter
):
    task, report = a_task(two_villages[0]), near(300)
    store(report, reported_by_id=reporter.pk)
    decide(verifier, "asked", report)
    assert (state_of(task), task.done_report_id) == ("done", report.id)


def test_a_failure_with_tasks_loses_no_report(two_villages, monkeypatch, caplog):
    task = a_task(two_villages[0])
    monkeypatch.setattr(measurement_tasks, "_CLOSE", "SELECT 1 / 0")
    store(near())
    assert SignalReport.objects.count() == 1
    assert state_of(task) == "open"
    assert "Tasks were not closed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_storing_does_not_wait_for_who_holds_a_task(two_villages):
    task = a_task(two_villages[0])
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT 1 FROM villages_measurementtask WHERE id = %s FOR UPDATE",
                [task.pk],
            )
            with connection.cursor() as own:
                own.execute("SET lock_timeout = '2s'")
            store(near())
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert SignalReport.objects.count() == 1
    assert state_of(task) == "open"


def test_making_the_same_tasks_again_makes_none(two_villages, verifier):
    new = NewTask(
        name="RT 1",
        village="64.02.12.2001",
        lon=116.05,
        lat=0.01,
        operators=["INDOSAT"],
    )
    assert len(create_tasks(tasks=[new, new], by=verifier)) == 1
    assert create_tasks(tasks=[new], by=verifier) == []
    MeasurementTask.objects.update(state="dropped", ended_at=NOW)
    assert len(create_tasks(tasks=[new], by=verifier)) == 1


def test_tasks_are_not_given_to_who_cannot_report(two_villages, verifier, officer):
    new = NewTask(
        name="RT 1",
        village="64.02.12.2001",
        lon=116.05,
        lat=0.01,
        operators=["INDOSAT"],
    )
    with pytest.raises(TaskError):
        create_tasks(tasks=[new], by=verifier, assigned_to=officer)
    with pytest.raises(TaskError):
        create_tasks(tasks=[new] * 51, by=verifier)
    assert not MeasurementTask.objects.exists()


def test_the_phone_hears_of_its_own_tasks_and_of_anybodys(
    client, two_villages, reporter, verifier
):
    now = timezone.now()
    mine = a_task(two_villages[0], assigned_to=reporter, name="mine")
    anybodys = a_task(two_villages[1], name="anybody's", due_date=now.date())
    a_task(two_villages[0], assigned_to=verifier, name="another's")
    done = a_task(two_villages[0], name="done", state="done", ended_at=now)
    a_task(two_villages[0], name="old", state="done", ended_at=now - timedelta(days=31))
    client.force_login(reporter)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/api/v1/tasks/").json()
    assert [t["id"] for t in answer["tasks"]] == [
        str(mine.pk),
        str(anybodys.pk),
        str(done.pk),
    ]
    assert [t["is_mine"] for t in answer["tasks"]] == [True, False, False]
    assert answer["tasks"][0]["village_name"] == "Hulu"
    assert answer["done_within_m"] == 1000
    assert not answer["has_more"]
    assert len(queries) <= 4


def test_an_enrolled_phone_hears_of_its_accounts_tasks(
    client, two_villages, reporter, verifier
):
    a_task(two_villages[0], assigned_to=reporter)
    a_task(two_villages[0], assigned_to=verifier)
    now = timezone.now()
    _device, code = create_enrolment(
        name="HP", user=reporter, created_by_id=verifier.pk, now=now
    )
    token = secrets.token_urlsafe(32)
    enroll_device(code=code, token=token, now=now)
    answer = client.get("/api/v1/tasks/", headers={"Authorization": f"Device {token}"})
    assert len(answer.json()["tasks"]) == 1


def test_who_cannot_report_gets_no_tasks(client, officer):
    assert client.get("/api/v1/tasks/").status_code == 401
    client.force_login(officer)
    assert client.get("/api/v1/tasks/").status_code == 403
