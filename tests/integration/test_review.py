"""Verifiers decide, the trail keeps it, the map follows, the reporter reads it."""

from __future__ import annotations

import json
import re
import secrets
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from coverage.models import VillageCoverage
from coverage.selectors.report_arrays import report_arrays
from coverage.services.compute_run import compute_changes, compute_full
from coverage.services.inputs import count_reports
from tests.conftest import NOW, a_report, no_service, store
from tests.integration.test_constraints import decision as a_decision
from tests.integration.test_photos import encoded, picture, put
from villages.flags import Flag
from villages.models import (
    ClaimDecision,
    ImportBatch,
    ReportChange,
    ReportReview,
    SignalReport,
)
from villages.models.reports import receipt
from villages.selectors.review_queue import own_reports
from villages.services.enroll_device import (
    create_enrolment,
    enroll_device,
    revoke_device,
)
from villages.services.review_reports import (
    NotAskedError,
    ReviewError,
    answer_question,
    review_reports,
)
from villages.services.submit_reports import Outcome, store_reports

pytestmark = pytest.mark.django_db


def sent(*reports, by=None, batch=None):
    store_reports(
        reports=reports,
        source="api" if batch is None else "import:gnettrack",
        now=NOW,
        reported_by_id=by and by.pk,
        batch_id=batch and batch.pk,
    )
    return [SignalReport.objects.get(pk=report.id) for report in reports]


def at_centre(village, **values):
    """Return a report that is held back."""
    return a_report(lon=village.point.x, lat=village.point.y, **values)


def used():
    return count_reports()[0]


# --- what counts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "flags", "counts", "weight"),
    [
        ("unreviewed", [], 1, 1.0),
        ("unreviewed", ["old"], 1, 1.0),
        ("unreviewed", ["wrong_clock"], 1, 0.5),
        ("unreviewed", ["wrong_clock", "contradicts_neighbours"], 1, 0.25),
        ("unreviewed", ["wrong_clock", "village_centroid"], 0, None),
        ("asked", ["village_centroid"], 0, None),
        ("asked", ["wrong_clock"], 1, 0.5),
        ("answered", ["null_island"], 0, None),
        ("accepted", ["village_centroid", "wrong_clock"], 1, 1.0),
        ("rejected", [], 0, None),
    ],
)
def test_a_report_counts_as_its_flags_and_its_review_say(
    two_villages, settings, state, flags, counts, weight
):
    settings.KUKAR_FLAG_EFFECTS = settings.KUKAR_FLAG_EFFECTS | {
        "contradicts_neighbours": 0.25
    }
    store(a_report())
    SignalReport.objects.update(review_state=state, flags=flags)
    assert used().get("TELKOMSEL", 0) == counts
    arrays = report_arrays(operator="TELKOMSEL", cutoff=NOW)
    assert arrays.weight.tolist() == ([weight] if counts else [])


def test_where_no_flag_holds_or_lowers_all_count_in_full(two_villages, settings):
    settings.KUKAR_FLAG_EFFECTS = dict.fromkeys(Flag.values, 1)
    store(a_report())
    SignalReport.objects.update(flags=list(Flag.values))
    assert report_arrays(operator="TELKOMSEL", cutoff=NOW).weight.tolist() == [1.0]


# --- deciding -------------------------------------------------------------------------


def test_a_decision_is_kept_with_its_author_and_tells_the_map(two_villages, verifier):
    (report,) = sent(a_report())
    ReportChange.objects.all().delete()
    assert review_reports(
        ids=[report.pk], decision="rejected", reason=" wrong place ", by=verifier
    )
    report.refresh_from_db()
    assert report.review_state == "rejected"
    review = ReportReview.objects.get()
    assert (review.decision, review.previous_state) == ("rejected", "unreviewed")
    assert (review.reason, review.decided_by_name) == ("wrong place", "verifier")
    change = ReportChange.objects.get()
    assert change.operators == ["TELKOMSEL"]
    assert change.extent.contains(report.point)


def test_the_same_decision_again_changes_nothing(two_villages, verifier):
    (report,) = sent(a_report())
    for expected in (1, 0):
        count = review_reports(ids=[report.pk], decision="accepted", by=verifier)
        assert count == expected
    assert ReportReview.objects.count() == 1


def test_another_reason_is_another_decision_but_no_other_map(two_villages, verifier):
    (report,) = sent(a_report())
    for reason in ("the place", "the time"):
        review_reports(ids=[report.pk], decision="rejected", reason=reason, by=verifier)
    assert ReportReview.objects.count() == 2
    # One from the arrival, one from the first decision.
    assert ReportChange.objects.count() == 2


def test_a_question_leaves_the_map_alone(two_villages, reporter, verifier):
    (report,) = sent(a_report(), by=reporter)
    ReportChange.objects.all().delete()
    review_reports(ids=[report.pk], decision="asked", reason="Where?", by=verifier)
    assert not ReportChange.objects.exists()


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        ("rejected", " "),
        ("asked", ""),
        ("answered", "x"),
        ("unreviewed", "x"),
        ("accepted", "x" * 1001),
        ("accepted", "\x00"),
    ],
)
def test_what_is_no_decision_is_refused(two_villages, verifier, decision, reason):
    (report,) = sent(a_report())
    with pytest.raises(ReviewError):
        review_reports(ids=[report.pk], decision=decision, reason=reason, by=verifier)
    assert not ReportReview.objects.exists()


def test_the_trail_can_only_be_added_to(two_villages, verifier):
    (report,) = sent(a_report())
    review_reports(ids=[report.pk], decision="rejected", reason="why", by=verifier)
    review = ReportReview.objects.get()
    for change in (
        lambda: ReportReview.objects.update(reason="other"),
        lambda: ReportReview.objects.update(decided_by_id=None, reason="other"),
        lambda: ReportReview.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="kept"), transaction.atomic():
            change()
    verifier.delete()
    report.delete()
    review.refresh_from_db()
    assert (review.decided_by_id, review.decided_by_name) == (None, "verifier")


# --- the map ---------------------------------------------------------------------------


def test_a_held_report_is_on_the_map_once_it_is_accepted(a_blank_west, verifier):
    def silent(*_):
        pass

    def reports_of_west():
        return VillageCoverage.objects.get(
            operator="INDOSAT", service="internet", village=west, ended_run=None
        ).report_count

    west = a_blank_west[0]
    (other,) = sent(a_report(operator="INDOSAT", lon=116.15))
    (held,) = sent(at_centre(west, operator="INDOSAT"))
    assert held.flags == ["village_centroid"]
    compute_full(now=timezone.now(), progress=silent, threads=1)
    assert reports_of_west() == 0

    review_reports(ids=[held.pk], decision="accepted", by=verifier)
    assert compute_changes(now=timezone.now(), progress=silent) is not None
    assert reports_of_west() == 1

    review_reports(ids=[held.pk], decision="rejected", reason="no", by=verifier)
    compute_changes(now=timezone.now(), progress=silent)
    assert reports_of_west() == 0
    assert used()["INDOSAT"] == 1
    assert other.review_state == "unreviewed"


# --- the page ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "field"])
def test_the_page_is_for_verifiers(client, account, role):
    client.force_login(account("somebody", role))
    assert client.get("/periksa/").status_code == 403
    for path in ("/periksa/putuskan/", "/periksa/semua/"):
        assert client.post(path).status_code == 403
    client.logout()
    assert client.get("/periksa/").status_code == 302
    assert client.post("/periksa/putuskan/").status_code == 302


@pytest.fixture
def desk(client, verifier):
    client.force_login(verifier)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def test_held_reports_come_first_and_each_queue_shows_its_own(
    desk, two_villages, reporter
):
    held, late, fine = sent(
        at_centre(two_villages[0]),
        a_report(observed_at=NOW - timedelta(days=800)),
        a_report(lon=116.03),
        by=reporter,
    )

    def shown(query=""):
        page = desk.get(f"/periksa/{query}")
        assert page.status_code == 200
        return {item["report"].pk for item in page.context["items"]}

    assert shown() == {held.pk}
    assert shown("?queue=flagged") == {held.pk, late.pk}
    assert shown("?queue=flagged&flag=old") == {late.pk}
    assert shown(f"?account={reporter.pk}") == {held.pk, late.pk, fine.pk}
    assert shown("?queue=open") == {held.pk}
    counts = {
        row["effect"].flag: row["count"]
        for row in desk.get("/periksa/").context["effects"]
    }
    assert (counts["village_centroid"], counts["old"]) == (1, 1)


def test_who_opens_the_page_sees_a_queue_that_holds_something(desk, two_villages):
    def opened():
        return str(desk.get("/periksa/").context["queue_name"])

    assert opened() == "Held back"
    sent(a_report(accuracy_m=500))
    assert opened() == "All with a flag"
    sent(at_centre(two_villages[0]))
    assert opened() == "Held back"


@pytest.mark.parametrize("query", ["batch=x", "batch=", "account=1e5", "account=-"])
def test_a_source_that_cannot_be_is_not_taken_for_everything(desk, query):
    assert desk.get(f"/periksa/?{query}").status_code == 404
    assert (
        desk.post(f"/periksa/semua/?{query}", {"decision": "accepted"}).status_code
        == 404
    )


@pytest.mark.parametrize(
    "query",
    ["report=x", "queue=lost", "flag=tired", "after=1", f"report={UUID(int=4)}"],
)
def test_what_an_address_cannot_mean_is_left_out(desk, query):
    assert desk.get(f"/periksa/?{query}").status_code == 200


def test_the_report_is_shown_with_its_neighbours_and_its_day(
    desk, two_villages, reporter
):
    (report, later) = sent(
        at_centre(two_villages[0]),
        a_report(observed_at=NOW - timedelta(days=3, hours=-2), lon=116.06),
        by=reporter,
    )
    sent(
        no_service(lon=116.052, observed_at=NOW - timedelta(days=9)),
        batch=ImportBatch.objects.create(file_name="log.txt"),
    )
    page = desk.get(f"/periksa/?report={report.pk}")
    near = page.context["neighbours"]
    assert [(row["kind"], round(row["distance_m"], -1)) for row in near] == [
        ("none", 110)
    ]
    assert [row["id"] for row in page.context["of_day"]] == [later.pk]
    assert "Exactly at a village" in page.text
    assert "held back until accepted" in page.text
    # Numbers and times as English has them.
    assert "within 1,000 m" in page.text
    assert f"{timezone.localtime(later.observed_at):%H:%M:%S}</td>" in page.text


def test_the_photos_stand_beside_the_report(client, two_villages, reporter, verifier):
    (report,) = sent(at_centre(two_villages[0]), by=reporter)
    client.force_login(reporter)
    assert put(client, report.pk, encoded(picture((64, 64)))).status_code == 201
    client.force_login(verifier)
    page = client.get("/periksa/")
    photo = report.photos.get()
    assert f'src="{reverse("photo", args=[photo.pk])}"' in page.text


def test_a_decision_goes_on_to_the_next_report(desk, two_villages):
    first, second = sent(
        at_centre(two_villages[0]), at_centre(two_villages[1], operator="INDOSAT")
    )
    if first.pk > second.pk:
        first, second = second, first
    answer = desk.post(
        "/periksa/putuskan/?queue=held",
        {"report": first.pk, "decision": "accepted", "behind": second.pk},
        follow=True,
    )
    assert "1 report accepted." in answer.text
    assert answer.context["report"].pk == second.pk
    assert ReportReview.objects.get().report_id == first.pk


def test_what_somebody_decided_meanwhile_is_not_overridden(desk, two_villages, account):
    (report,) = sent(at_centre(two_villages[0]))
    other = account("other", "verifier")
    review_reports(ids=[report.pk], decision="rejected", reason="no", by=other)
    seen = {"report": report.pk, "decision": "accepted", "state": "unreviewed"}
    answer = desk.post("/periksa/putuskan/", seen, follow=True)
    assert "decided about this report meanwhile" in answer.text
    assert answer.context["report"].review_state == "rejected"
    desk.post("/periksa/putuskan/", seen | {"state": "rejected"})
    report.refresh_from_db()
    assert report.review_state == "accepted"


def test_a_rejection_without_a_reason_says_what_is_missing(desk, two_villages):
    (report,) = sent(at_centre(two_villages[0]))
    answer = desk.post(
        "/periksa/putuskan/", {"report": report.pk, "decision": "rejected"}, follow=True
    )
    assert "Write why it is rejected" in answer.text
    assert not ReportReview.objects.exists()


def test_a_whole_import_is_decided_once_its_number_is_confirmed(desk, two_villages):
    batch = ImportBatch.objects.create(file_name="log.txt")
    sent(*(a_report(lon=116.02 + i / 100) for i in range(3)), batch=batch)
    (alone,) = sent(a_report())
    url = f"/periksa/semua/?queue=open&batch={batch.pk}"
    said = {"decision": "rejected", "reason": "a test drive"}
    page = desk.post(url, said)
    assert "Reject 3 reports?" in page.text
    assert not ReportReview.objects.exists()

    sent(a_report(lon=116.09), batch=batch)
    page = desk.post(url, said | {"count": 3})
    assert "The number has changed" in page.text
    assert not ReportReview.objects.exists()

    page = desk.post(url, said | {"count": 4}, follow=True)
    assert "4 reports rejected." in page.text
    assert SignalReport.objects.filter(review_state="rejected").count() == 4
    alone.refresh_from_db()
    assert alone.review_state == "unreviewed"


def test_the_import_leads_to_the_review_of_its_reports(client, account, two_villages):
    client.force_login(account("analyst", "analyst"))
    batch = ImportBatch.objects.create(file_name="log.txt", rows=1, stored=1)
    page = client.get(f"/impor/{batch.pk}/")
    assert f"/periksa/?queue=open&amp;batch={batch.pk}" in page.text


# --- the reporter --------------------------------------------------------------------------


def mine(client, since=0):
    answer = client.get(f"/api/v1/reports/mine/?since={since}")
    assert answer.status_code == 200
    return answer.json()


def test_a_reporter_reads_what_was_decided_about_own_reports_only(
    client, two_villages, reporter, verifier
):
    own, other = sent(a_report(), a_report(lon=116.03), by=reporter)
    (foreign,) = sent(a_report(), by=verifier)
    for report in (own, other, foreign):
        review_reports(ids=[report.pk], decision="accepted", by=verifier)
    review_reports(ids=[own.pk], decision="rejected", reason="late", by=verifier)
    client.force_login(reporter)
    got = mine(client)
    assert [(r["id"], r["state"], r["reason"]) for r in got["reviews"]] == [
        (str(own.pk), "accepted", ""),
        (str(other.pk), "accepted", ""),
        (str(own.pk), "rejected", "late"),
    ]
    assert mine(client, got["next"])["reviews"] == []
    assert mine(client, got["next"])["next"] == got["next"]


def test_many_decisions_come_in_parts(client, two_villages, reporter, verifier):
    reports = [a_report() for _ in range(205)]
    sent(*reports, by=reporter)
    review_reports(ids=[r.id for r in reports], decision="accepted", by=verifier)
    client.force_login(reporter)
    first = mine(client)
    rest = mine(client, first["next"])
    assert (len(first["reviews"]), first["has_more"]) == (200, True)
    assert (len(rest["reviews"]), rest["has_more"]) == (5, False)


def test_only_who_reports_asks_for_reviews(client, officer):
    assert client.get("/api/v1/reports/mine/").status_code == 401
    client.force_login(officer)
    assert client.get("/api/v1/reports/mine/").status_code == 403


def answer(client, report, text):
    return client.post(
        f"/api/v1/reports/{report.pk}/answer",
        json.dumps({"text": text}),
        content_type="application/json",
    )


def test_an_answer_brings_the_report_back_with_the_answer(
    client, two_villages, reporter, verifier
):
    (report,) = sent(a_report(), by=reporter)
    client.force_login(reporter)
    assert answer(client, report, "here").status_code == 409
    review_reports(ids=[report.pk], decision="asked", reason="Where?", by=verifier)
    assert [answer(client, report, "At the jetty.").status_code for _ in "ab"] == [
        201,
        200,
    ]
    assert answer(client, report, "Elsewhere.").status_code == 409
    report.refresh_from_db()
    assert report.review_state == "answered"
    assert mine(client)["reviews"][-1]["reason"] == "At the jetty."

    client.force_login(verifier)
    page = client.get("/periksa/?queue=answered")
    assert [item["report"].pk for item in page.context["items"]] == [report.pk]
    assert "At the jetty." in page.text


@pytest.mark.parametrize("text", ["", " ", "x" * 1001])
def test_an_answer_has_words(client, two_villages, reporter, verifier, text):
    (report,) = sent(a_report(), by=reporter)
    review_reports(ids=[report.pk], decision="asked", reason="Where?", by=verifier)
    client.force_login(reporter)
    assert answer(client, report, text).status_code == 400
    with pytest.raises(ReviewError):
        answer_question(report_id=report.pk, text=text, by=reporter)


def test_an_enrolled_phone_reads_and_answers_for_its_own_reports_only(
    client, two_villages, reporter, verifier
):
    tokens, reports = [], []
    for name in ("HP 1", "HP 2"):
        _, code = create_enrolment(
            name=name, user=reporter, created_by_id=None, now=timezone.now()
        )
        token = secrets.token_urlsafe(32)
        device, _is_new = enroll_device(code=code, token=token, now=timezone.now())
        report = a_report()
        store_reports(
            reports=[report],
            source="api",
            now=NOW,
            reported_by_id=reporter.pk,
            device_id=device.pk,
        )
        tokens.append({"Authorization": f"Device {token}"})
        reports.append(report)
    review_reports(
        ids=[report.id for report in reports], decision="asked", reason="?", by=verifier
    )
    pairs = zip(tokens, reports, reversed(reports), strict=True)
    for headers, own, other in pairs:
        got = client.get("/api/v1/reports/mine/", headers=headers).json()["reviews"]
        assert [review["id"] for review in got] == [str(own.id)]
        statuses = [
            client.post(
                f"/api/v1/reports/{report.id}/answer",
                {"text": "here"},
                content_type="application/json",
                headers=headers,
            ).status_code
            for report in (other, own)
        ]
        assert statuses[1] == 201
        assert statuses[0] == 409


def test_nobody_answers_for_another(two_villages, reporter, verifier):
    (report,) = sent(a_report(), by=reporter)
    review_reports(ids=[report.pk], decision="asked", reason="Where?", by=verifier)
    with pytest.raises(NotAskedError):
        answer_question(report_id=report.pk, text="here", by=verifier)


def test_a_report_is_found_by_its_receipt(desk, two_villages):
    _one, other = sent(a_report(), a_report(lon=116.03))
    page = desk.get("/periksa/", {"receipt": receipt(other.digest).lower()})
    assert page.context["report"].pk == other.pk
    assert receipt(other.digest) in page.content.decode()
    for code in ("0000-0000", "zz", "%"):
        page = desk.get("/periksa/", {"receipt": code})
        assert "report" not in page.context
        assert "No report has this receipt" in page.content.decode()


# --- a phone's queue that the office imported -------------------------------------------


def an_imported_queue(importer, report):
    batch = ImportBatch.objects.create(
        file_name="antrean.json", format="queue", imported_by=importer
    )
    store_reports(
        reports=[report],
        source="import:queue",
        now=NOW,
        reported_by_id=importer.pk,
        batch_id=batch.pk,
    )
    return SignalReport.objects.get(pk=report.id)


def test_what_the_phone_sends_again_is_its_own_from_then_on(
    two_villages, account, reporter, verifier
):
    importer = account("importer", "analyst")
    new = a_report()
    stored = an_imported_queue(importer, new)
    ask = {"ids": [stored.pk], "decision": "asked", "reason": "Where?", "by": verifier}
    # Who brought it in knows no more than the file.
    assert review_reports(**ask) == 0

    device, code = create_enrolment(
        name="HP Siti", user=reporter, created_by_id=None, now=NOW
    )
    enroll_device(code=code, token=secrets.token_urlsafe(32), now=NOW)
    again = {"reports": [new], "source": "api", "now": NOW}
    assert store_reports(**again, reported_by_id=reporter.pk, device_id=device.pk) == [
        Outcome.SAME
    ]
    stored.refresh_from_db()
    assert (stored.reported_by, stored.device) == (reporter, device)
    # Once: whoever sends it after that changes nothing.
    store_reports(**again, reported_by_id=verifier.pk)
    stored.refresh_from_db()
    assert stored.reported_by == reporter
    assert review_reports(**ask) == 1
    assert answer_question(
        report_id=stored.pk, text="At the school", by=reporter, device_id=device.pk
    )


def test_other_content_under_the_same_id_hands_nothing_over(
    two_villages, account, reporter
):
    importer = account("importer", "analyst")
    new = a_report()
    stored = an_imported_queue(importer, new)
    other = a_report(id=new.id, rsrp_dbm=-70.0)
    outcome = store_reports(
        reports=[other], source="api", now=NOW, reported_by_id=reporter.pk
    )
    assert outcome == [Outcome.DIFFERENT]
    stored.refresh_from_db()
    assert stored.reported_by == importer


def test_a_phone_enrolled_anew_hears_of_what_it_sent_before(two_villages, reporter):
    def enrolled():
        device, _code = create_enrolment(
            name="HP Siti", user=reporter, created_by_id=None, now=NOW
        )
        return device

    lost, other, phone = enrolled(), enrolled(), enrolled()
    revoke_device(device_id=lost.pk, revoked_by_id=None, now=NOW)
    reports = {
        device and device.pk: a_report(lon=116.02 + 0.001 * i)
        for i, device in enumerate((None, lost, other, phone))
    }
    for device_id, report in reports.items():
        store_reports(
            reports=[report],
            source="api",
            now=NOW,
            reported_by_id=reporter.pk,
            device_id=device_id,
        )
    heard = own_reports(user_id=reporter.pk, device_id=phone.pk)
    assert {report.device_id for report in heard} == {None, lost.pk, phone.pk}
    assert own_reports(user_id=reporter.pk, device_id=None).count() == 4


def test_what_was_found_out_about_a_claim_can_only_be_added_to(db, verifier):
    decision = a_decision(decided_by=verifier)
    decision.save()
    for change in (
        lambda: ClaimDecision.objects.update(reason="y"),
        lambda: decision.delete(),
    ):
        with (
            pytest.raises(IntegrityError, match="claim_decision_is_kept"),
            transaction.atomic(),
        ):
            change()
    verifier.delete()
    decision.refresh_from_db()
    assert decision.decided_by is None


@pytest.fixture
def of_the_last_day(two_villages, verifier):
    """A report that came in before times were bounded, after migration 0016."""
    (report,) = sent(no_service(), by=verifier)
    migration = import_module("villages.migrations.0016_clamped_times").Migration
    drop, flag, _bound = migration.operations
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE villages_signalreport DROP CONSTRAINT {drop.name}")
        cursor.execute(
            "UPDATE villages_signalreport"
            " SET observed_at = '9999-12-31T12:00:00Z', flags = '{future}'"
        )
        cursor.execute(flag.sql)
    constraint = next(c for c in SignalReport._meta.constraints if c.name == drop.name)
    with connection.schema_editor() as editor:
        editor.add_constraint(SignalReport, constraint)
    return report.pk


def test_a_report_of_the_last_day_of_all_can_be_looked_at(
    client, verifier, of_the_last_day
):
    client.force_login(verifier)
    page = client.get("/periksa/", {"flag": "impossible_time"})
    assert page.context["report"].pk == of_the_last_day
    assert not page.context["can_be_accepted"]


def test_a_report_of_an_impossible_time_is_decided_and_keeps_its_time(
    verifier, of_the_last_day
):
    for decision, new in (("accepted", 0), ("asked", 1), ("rejected", 1)):
        assert new == review_reports(
            ids=[of_the_last_day], decision=decision, by=verifier, reason="Kapan?"
        )
    report = SignalReport.objects.get()
    assert (report.review_state, report.observed_at.year) == ("rejected", 9999)


def test_a_report_from_nowhere_says_where_it_was(client, verifier, two_villages):
    report = a_report(lon=106.8, lat=-6.2)
    store(report)
    client.force_login(verifier)
    client.cookies["django_language"] = "id"
    page = client.get(reverse("review"), {"report": report.id}).content.decode()
    assert re.search(r"sekitar 1\.2\d\d km dari pusat Hulu", page)
    assert "-6,20000, 106,80000" in page
