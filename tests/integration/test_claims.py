"""Sheets of villages and camat: read, confirmed, kept as claims, verified."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import openpyxl
import pytest
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.conftest import NOW, a_report, a_village, store
from villages.importers.claim_files import MAX_BYTES, ClaimSheetError
from villages.importers.claim_sheet import COLUMNS
from villages.models import (
    Claim,
    ClaimDecision,
    ClaimRow,
    ClaimSheet,
    ReportChange,
    SignalReport,
    Village,
)
from villages.services.claim_workbooks import row_report_workbook, template_workbook
from villages.services.import_claims import (
    ChoiceError,
    confirm_sheet,
    discard_sheet,
    proposals_of,
    receive_sheet,
    village_code_of,
)
from villages.services.load_places import load_places
from villages.services.match_villages import Match
from villages.services.verify_claims import verify_claim

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
FIELDS = list(COLUMNS)
GOOD = {
    "district": "Kecamatan 12",
    "village": "Hulu",
    "settlement": "RT 3",
    "operator": "Telkomsel",
    "stated": "Tidak ada sinyal",
    "stated_date": date(2026, 11, 12),
    "stated_by_role": "Kepala desa",
    "stated_by_name": "Ny. Rahasia",
    "power_hours": 12,
    "note": "di lembah",
}


def filled_template(*rows):
    """Fill in the template as an official does, and return the file."""
    villages = Village.objects.select_related("district")
    book = openpyxl.load_workbook(io.BytesIO(template_workbook(villages=villages)))
    sheet = book["Isian"]
    for number, row in enumerate(rows, start=3):
        for field, value in {**GOOD, **row}.items():
            sheet.cell(number, FIELDS.index(field) + 1, value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def receive(data, name="tabang.xlsx", occasion=""):
    return receive_sheet(
        stream=io.BytesIO(data), file_name=name, occasion=occasion, brought_by_id=None
    )


def confirm(sheet, villages):
    return confirm_sheet(
        sheet_id=sheet.pk,
        villages=villages,
        confirmed_by_id=None,
        now=NOW,
        today=TODAY,
    )


HULU, HILIR = "64.02.12.2001", "64.02.12.2002"


# --- from the template to claims -------------------------------------------------


def test_the_template_offers_the_villages_of_the_district(two_villages):
    data = template_workbook(villages=Village.objects.select_related("district"))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames[:2] == ["Isian", "Petunjuk"]
    sheet = book["Isian"]
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]][:2] == ["Kecamatan", "Desa/Kelurahan *"]
    held = {
        str(v.sqref).split(":")[0]: v for v in sheet.data_validations.dataValidation
    }
    assert set(held) == {"A3", "B3", "D3", "E3", "F3", "G3", "I3"}
    assert "MATCH($A3" in held["B3"].formula1
    assert [row[2].value for row in book["Daftar"]["A1:C2"]] == ["Hilir", "Hulu"]
    assert str(sheet["A2"].value).startswith("CONTOH")


def test_the_template_as_it_comes_has_no_row(two_villages):
    with pytest.raises(ClaimSheetError):
        receive(filled_template())


def test_a_filled_template_becomes_claims_once_confirmed(two_villages, verifier):
    sheet, is_new = receive(
        filled_template({}, {"village": "Hilyr", "operator": "XL"}, {"stated": "?"}),
        occasion="Surat Camat 5/2026",
    )
    assert (is_new, sheet.row_count) == (True, 3)
    assert Claim.objects.count() == 0
    first, second, third = proposals_of(sheet, today=TODAY)
    assert (first.found.match, first.found.village.code) == (Match.EXACT, HULU)
    assert second.found.candidates[0].village.code == HILIR
    assert third.statement is None

    sheet = confirm_sheet(
        sheet_id=sheet.pk,
        villages={3: HULU, 4: HILIR},
        confirmed_by_id=verifier.pk,
        now=NOW,
        today=TODAY,
    )
    assert (sheet.stored, sheet.rejected, sheet.left_out) == (2, 1, 0)
    assert (sheet.confirmed_at, sheet.confirmed_by) == (NOW, verifier)
    claim = Claim.objects.get(village_id=HULU)
    assert claim.kind == "village_statement"
    assert (claim.stated, claim.operator) == ("no_service", "TELKOMSEL")
    assert (claim.settlement, claim.power_hours) == ("RT 3", 12)
    assert (claim.stated_by_role, claim.stated_by_name) == (
        "Kepala desa",
        "Ny. Rahasia",
    )
    assert claim.stated_date == date(2026, 11, 12)
    assert (claim.event, claim.source) == ("Surat Camat 5/2026", "tabang.xlsx")
    assert claim.verification == "to_verify"
    assert Claim.objects.get(village_id=HILIR).name_in_source == "Hilyr"
    rejected = ClaimRow.objects.get(result="rejected")
    assert "Keadaan sinyal" in rejected.reason


def test_claims_of_sheets_are_no_reports_and_change_no_map(two_villages):
    sheet, _is_new = receive(filled_template({}))
    confirm(sheet, {3: HULU})
    assert Claim.objects.count() == 1
    assert SignalReport.objects.count() == 0
    assert ReportChange.objects.count() == 0


def test_the_same_file_again_adds_nothing(two_villages):
    data = filled_template({}, {"operator": "Indosat"})
    sheet, _is_new = receive(data)
    # Before it is confirmed, and after.
    assert receive(data, name="salinan.xlsx") == (sheet, False)
    confirm(sheet, {3: HULU, 4: HULU})
    again, is_new = receive(data)
    assert (again, is_new) == (sheet, False)
    confirm(again, {3: HILIR, 4: HILIR})
    assert ClaimSheet.objects.count() == 1
    assert set(Claim.objects.values_list("village_id", flat=True)) == {HULU}
    assert Claim.objects.count() == 2


def test_the_same_row_in_another_file_is_the_same_claim(two_villages):
    first, _is_new = receive(filled_template({}))
    confirm(first, {3: HULU})
    second, _is_new = receive(
        filled_template({}, {"note": "di bukit"}, {"note": "di bukit"}),
        name="lagi.xlsx",
    )
    second = confirm(second, {3: HULU, 4: HULU, 5: HULU})
    assert (second.stored, second.duplicate) == (1, 2)
    assert Claim.objects.count() == 2
    rows = {row.line: row for row in second.rows.all()}
    assert rows[3].claim.sheet == first
    assert "tabang.xlsx" in rows[3].reason
    assert rows[5].claim == rows[4].claim
    assert "4" in rows[5].reason


def test_a_row_for_which_no_village_is_chosen_is_left_out(two_villages):
    sheet, _is_new = receive(filled_template({}, {"settlement": "RT 4"}))
    sheet = confirm(sheet, {4: HILIR})
    assert (sheet.stored, sheet.left_out) == (1, 1)
    assert Claim.objects.get().settlement == "RT 4"


def test_a_row_left_out_tells_which_villages_have_such_a_name(two_villages):
    sheet, _is_new = receive(
        filled_template(
            {}, {"district": "", "village": "Hulir"}, {"village": "Entahlah"}
        )
    )
    confirm(sheet, {})
    tick, near, none = sheet.rows.values_list("reason", flat=True)
    assert "saat isian disetujui" in tick
    assert near.endswith("Hilir, Kecamatan 12; Hulu, Kecamatan 12.")
    assert "tidak ada desa" in none


def test_a_row_whose_claim_is_there_already_is_shown_as_such(two_villages):
    sheet, _is_new = receive(filled_template({}))
    confirm(sheet, {3: HULU})
    again, _is_new = receive(filled_template({}, {"settlement": "RT 7"}), name="b.xlsx")
    assert [p.is_known for p in proposals_of(again, today=TODAY)] == [True, False]


def test_a_choice_that_is_no_village_keeps_nothing(two_villages):
    sheet, _is_new = receive(filled_template({}, {"settlement": "RT 4"}))
    with pytest.raises(ChoiceError, match="4"):
        confirm(sheet, {3: HULU, 4: "64.02.12.9999"})
    sheet.refresh_from_db()
    assert sheet.confirmed_at is None
    assert Claim.objects.count() == 0


def test_a_discarded_sheet_is_forgotten_and_a_confirmed_one_is_not(two_villages):
    sheet, _is_new = receive(filled_template({}))
    discard_sheet(sheet_id=sheet.pk)
    assert ClaimSheet.objects.count() == ClaimRow.objects.count() == 0
    sheet, is_new = receive(filled_template({}))
    assert is_new
    confirm(sheet, {3: HULU})
    discard_sheet(sheet_id=sheet.pk)
    assert Claim.objects.count() == ClaimSheet.objects.count() == 1


def test_every_row_of_the_row_report_says_what_became_of_it(two_villages):
    sheet, _is_new = receive(
        filled_template({}, {"village": "=2+3"}, {"settlement": "RT 9"}, {})
    )
    sheet = confirm(sheet, {3: HULU, 6: HULU})
    book = openpyxl.load_workbook(io.BytesIO(row_report_workbook(sheet)))
    page = book["Isian"]
    headings, *rows = page.iter_rows(values_only=True)
    result = headings.index("Hasil")
    assert [row[result] for row in rows] == [
        "tersimpan",
        "ditolak",
        "tidak dipakai",
        "sudah ada",
    ]
    assert all(row[result + 1] for row in rows[1:])
    assert rows[0][result + 3] == HULU
    assert [row[result + 4] for row in rows] == ["3", "4", "5", "6"]
    # What began as a formula is text now.
    assert page["B3"].data_type == "s"
    assert page["B3"].value == "=2+3"


def test_a_row_report_can_be_corrected_and_brought_in_again(two_villages):
    sheet, _is_new = receive(filled_template({}, {"stated": "?", "settlement": "RT 5"}))
    sheet = confirm(sheet, {3: HULU})
    book = openpyxl.load_workbook(io.BytesIO(row_report_workbook(sheet)))
    book["Isian"]["E3"] = "Sinyal lemah"
    file = io.BytesIO()
    book.save(file)
    again, _is_new = receive(file.getvalue(), name="tabang-hasil.xlsx")
    again = confirm(again, {2: HULU, 3: HULU})
    assert (again.duplicate, again.stored, again.rejected) == (1, 1, 0)


def test_the_official_record_is_matched_in_a_sheet_as_in_the_fixtures():
    load_places(
        fixtures=site.BASE_DIR / "fixtures",
        boundaries=None,
        progress=lambda _message: None,
    )
    path = site.BASE_DIR / "fixtures" / "official_record.csv"
    with path.open(encoding="utf-8", newline="") as file:
        record = list(csv.DictReader(file))
    sheet, _is_new = receive(
        filled_template(
            *[
                {
                    "village": row["name_in_source"],
                    "district": row["district_in_source"],
                    "stated_date": row["stated_date"],
                    "note": row["status"][:300],
                }
                for row in record
            ]
        )
    )
    proposals = proposals_of(sheet, today=TODAY)
    assert [p.found.village.code for p in proposals] == [row["code"] for row in record]
    # Claims beside the list that was loaded, which stays as it was.
    sheet = confirm(sheet, {p.row.line: p.found.village.code for p in proposals})
    assert sheet.stored + sheet.duplicate == 65
    assert Claim.objects.filter(kind="listed_blank").count() == 23
    assert Claim.objects.filter(kind="statement").count() == 65


@pytest.mark.django_db(transaction=True)
def test_sheets_with_the_same_rows_confirmed_at_once_keep_each_claim_once(two_villages):
    rows = [{"settlement": f"RT {number}"} for number in range(200)]
    sheets = [
        receive(filled_template(*rows), name="a.xlsx")[0],
        receive(filled_template(*reversed(rows)), name="b.xlsx")[0],
    ]
    # Each of them twice: a button pressed again, a page open in two windows.
    together = Barrier(4)

    def work(sheet):
        try:
            together.wait()
            return confirm(sheet, dict.fromkeys(range(3, 203), HULU))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, sheets * 2))
    assert Claim.objects.count() == 200
    for sheet in sheets:
        sheet.refresh_from_db()
        assert sheet.stored + sheet.duplicate == 200
        assert sheet.stored == sheet.claims.count()


# --- verification -----------------------------------------------------------------


@pytest.fixture
def a_claim(two_villages):
    sheet, _is_new = receive(filled_template({}))
    confirm(sheet, {3: HULU})
    return Claim.objects.get()


def decide(claim, verifier, verification="confirmed", reason="dikunjungi"):
    return verify_claim(
        claim_id=claim.pk,
        verification=verification,
        reason=reason,
        decided_by_id=verifier.pk,
    )


def test_the_newest_decision_holds_and_all_stay_on_record(a_claim, verifier):
    decide(a_claim, verifier)
    decide(a_claim, verifier)
    assert ClaimDecision.objects.count() == 1
    claim = decide(a_claim, verifier, "refuted", "diukur: ada sinyal")
    claim.refresh_from_db()
    assert claim.verification == "refuted"
    assert [
        (d.verification, d.reason, d.decided_by) for d in claim.decisions.all()
    ] == [
        ("refuted", "diukur: ada sinyal", verifier),
        ("confirmed", "dikunjungi", verifier),
    ]


def test_the_official_record_is_not_there_to_be_decided(two_villages, verifier):
    claim = Claim.objects.create(
        village_id=HULU,
        kind="listed_blank",
        stated_date=TODAY,
        event="x",
        status="x",
        source="x",
        name_in_source="x",
    )
    with pytest.raises(Claim.DoesNotExist):
        decide(claim, verifier)


# --- pages --------------------------------------------------------------------------


def client_of(role, **options):
    user = get_user_model().objects.create_user(f"the {role}")
    user.groups.add(Group.objects.get(name=role))
    client = Client(headers={"Accept-Language": "en"}, **options)
    client.force_login(user)
    return client


@pytest.fixture
def analyst():
    return client_of("analyst")


def send(client, data, name="../tabang.xlsx", **more):
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("claim-sheets"), {"file": file, **more})


def test_an_upload_is_shown_row_by_row_before_anything_is_kept(analyst, two_villages):
    response = send(
        analyst,
        filled_template(
            {},
            {"village": "Hulu", "district": "Entah"},
            {"village": "<script>"},
            {"stated": "?"},
        ),
        occasion="Surat 5",
    )
    sheet = ClaimSheet.objects.get()
    assert response["Location"] == reverse("claim-sheet", args=[sheet.pk])
    assert (sheet.file_name, sheet.occasion) == ("tabang.xlsx", "Surat 5")
    assert sheet.brought_by.get_username() == "the analyst"
    page = analyst.get(response["Location"]).content.decode()
    # Doubtful rows first, exact ones last.
    order = ["Choose the village", "Similar names", "Cannot be used", "Same name"]
    places = [page.index(f"</strong> {title}") for title in order]
    assert places == sorted(places)
    assert '<input type="checkbox" name="row-3" value="64.02.12.2001" checked>' in page
    assert "&lt;script&gt;" in page
    assert "<script>," not in page
    assert Claim.objects.count() == 0


def test_what_is_chosen_on_the_page_is_kept(analyst, two_villages):
    send(
        analyst,
        filled_template(
            {}, {"village": "Entah"}, {"village": "Hulu", "settlement": "RT 8"}
        ),
    )
    address = reverse("claim-sheet", args=[ClaimSheet.objects.get().pk])
    response = analyst.post(
        address,
        {"row-3": HULU, "row-4": "", "other-4": f"Hilir, Kecamatan 12 ({HILIR})"},
    )
    assert response.status_code == 302
    assert set(Claim.objects.values_list("village_id", flat=True)) == {HULU, HILIR}
    page = analyst.get(address).content.decode()
    assert "Left out when the sheet was confirmed." in page
    assert "the analyst" in page
    # A second press of the button, and other choices, change nothing.
    analyst.post(address, {"row-5": HULU})
    assert Claim.objects.count() == 2
    report = analyst.get(reverse("claim-rows", args=[ClaimSheet.objects.get().pk]))
    assert "tabang-hasil.xlsx" in report["Content-Disposition"]
    assert b"".join(report.streaming_content).startswith(b"PK")


@pytest.mark.parametrize(
    "written", [HILIR, "6402122002", "hilir", f"Hilir, Kecamatan 12 ({HILIR})"]
)
def test_another_village_is_named_by_name_or_code(written, two_villages):
    assert village_code_of(written) == HILIR


@pytest.mark.parametrize("written", ["Hil", "64.02.12.9999", "", "x" * 5_000])
def test_what_names_no_village_beyond_doubt_is_none(written, two_villages):
    assert village_code_of(written) is None


def test_a_village_that_does_not_exist_is_asked_for_again(analyst, two_villages):
    send(analyst, filled_template({}, {"village": "Entah"}))
    address = reverse("claim-sheet", args=[ClaimSheet.objects.get().pk])
    many = {f"row-{'9' * 500}": HULU, "row-x": HULU}
    response = analyst.post(address, {"other-4": "Antah Berantah", **many})
    page = response.content.decode()
    assert "Antah Berantah” is no village" in page
    # What was written stays, and so does the tick that was taken away.
    assert 'value="Antah Berantah"' in page
    assert 'value="64.02.12.2001" checked' not in page
    assert Claim.objects.count() == 0


def test_a_thousand_rows_are_confirmed_in_one_go(analyst, two_villages):
    rows = [{"settlement": f"RT {number}"} for number in range(1_000)]
    send(analyst, filled_template(*rows))
    sheet = ClaimSheet.objects.get()
    address = reverse("claim-sheet", args=[sheet.pk])
    assert analyst.get(address).status_code == 200
    choices = {f"row-{line}": HULU for line in range(3, 1_003)}
    others = {f"other-{line}": "" for line in range(3, 1_003)}
    assert analyst.post(address, {**choices, **others}).status_code == 302
    assert Claim.objects.count() == 1_000


def test_the_same_file_again_says_so(analyst, two_villages):
    data = filled_template({})
    send(analyst, data)
    response = send(analyst, data)
    page = analyst.get(response["Location"]).content.decode()
    assert "waits for confirmation" in page
    analyst.post(response["Location"], {"row-3": HULU})
    page = analyst.get(send(analyst, data)["Location"]).content.decode()
    assert "brought in before. Nothing was added." in page
    assert Claim.objects.count() == 1


def test_an_odd_file_is_refused_on_the_page(analyst, two_villages):
    response = send(analyst, b"\xd0\xcf\x11\xe0 old", name="lama.xls")
    assert response.status_code == 200
    assert ".xls" in response.content.decode()
    assert send(analyst, b"x" * (MAX_BYTES + 1)).status_code == 200
    assert send(analyst, b"x" * (MAX_BYTES + 200_000)).status_code == 413
    assert ClaimSheet.objects.count() == 0


def test_an_upload_needs_its_csrf_token(two_villages):
    client = client_of("analyst", enforce_csrf_checks=True)
    assert send(client, filled_template({})).status_code == 403


def test_a_sheet_can_be_discarded_on_the_page(analyst, two_villages):
    send(analyst, filled_template({}))
    sheet = ClaimSheet.objects.get()
    analyst.post(reverse("claim-discard", args=[sheet.pk]))
    assert ClaimSheet.objects.count() == 0
    assert analyst.get(reverse("claim-sheet", args=[sheet.pk])).status_code == 404
    assert analyst.post(reverse("claim-sheet", args=[sheet.pk])).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "field", "verifier"])
def test_sheets_are_for_analysts(role, two_villages):
    sheet, _is_new = receive(filled_template({}))
    client = client_of(role)
    for name, args in (
        ("claim-sheets", []),
        ("claim-template", []),
        ("claim-sheet", [sheet.pk]),
        ("claim-rows", [sheet.pk]),
    ):
        assert client.get(reverse(name, args=args)).status_code == 403
        assert Client().get(reverse(name, args=args)).status_code == 302
    assert send(client, filled_template({})).status_code == 403
    address = reverse("claim-discard", args=[sheet.pk])
    assert client.post(address).status_code == 403
    address = reverse("claim-sheet", args=[sheet.pk])
    assert client.post(address, {"row-3": HULU}).status_code == 403
    assert Claim.objects.count() == 0


@pytest.mark.parametrize("role", ["viewer", "field"])
def test_claims_are_verified_by_verifiers(role, a_claim):
    client = client_of(role)
    assert client.get(reverse("claims")).status_code == 403
    address = reverse("claim", args=[a_claim.pk])
    assert client.get(address).status_code == 403
    assert client.get(reverse("claim", args=[0])).status_code == 403
    decision = {"verification": "confirmed", "reason": "x"}
    assert client.post(address, decision).status_code == 403
    assert Client().get(address).status_code == 302
    assert ClaimDecision.objects.count() == 0


def test_claims_are_listed_by_state_and_district(a_claim):
    other = a_village("64.02.13.2001", "Lain", (117.0, 0.0, 117.1, 0.1))
    sheet, _is_new = receive(filled_template({"village": "Lain"}), name="b.xlsx")
    confirm(sheet, {3: other.code})
    client = client_of("verifier")

    def shown(**query):
        response = client.get(reverse("claims"), query)
        return [claim.village.name for claim in response.context["claims"]]

    assert shown() == ["Hulu", "Lain"]
    assert shown(district="64.02.13") == ["Lain"]
    assert shown(state="confirmed") == []
    client.post(
        reverse("claim", args=[a_claim.pk]),
        {"verification": "confirmed", "reason": "dikunjungi"},
    )
    assert shown() == ["Lain"]
    assert shown(state="confirmed") == ["Hulu"]
    assert shown(state="all") == ["Hulu", "Lain"]
    assert shown(state="x\0", district="'\0") == ["Lain"]


def test_a_decision_needs_a_reason_and_one_of_two_words(a_claim):
    client = client_of("verifier")
    address = reverse("claim", args=[a_claim.pk])
    for wrong in (
        {"verification": "confirmed", "reason": ""},
        {"verification": "to_verify", "reason": "x"},
        {"reason": "x"},
    ):
        assert client.post(address, wrong).status_code == 200
    assert ClaimDecision.objects.count() == 0
    client.post(address, {"verification": "refuted", "reason": "diukur"})
    decision = ClaimDecision.objects.get()
    assert decision.decided_by.get_username() == "the verifier"
    page = client.get(address).content.decode()
    assert "diukur" in page
    assert "Refuted" in page


def test_the_page_of_a_claim_shows_what_reports_found_there(a_claim):
    store(a_report(), a_report(), a_report(operator="INDOSAT"))
    page = client_of("verifier").get(reverse("claim", args=[a_claim.pk]))
    assert page.context["reports"] == [
        {"operator": "Telkomsel", "found": "internet", "count": 2}
    ]


def test_the_village_page_shows_the_claim_as_what_it_is(a_claim, officer, verifier):
    address = reverse("village", args=[HULU])
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(officer)
    page = client.get(address).content.decode()
    assert "Not verified yet" in page
    assert "Statement of the village" in page
    assert "RT 3" in page
    # Who is a person's name is for those who verify.
    assert "Ny. Rahasia" not in page
    # It is on no official list, whatever the village says.
    assert "tag--listed" not in page
    decide(a_claim, verifier, "refuted")
    client.force_login(verifier)
    page = client.get(address).content.decode()
    assert "Refuted" in page
    assert "Ny. Rahasia" in page
    assert reverse("claim", args=[a_claim.pk]) in page


def test_the_api_tells_a_claims_state_and_not_who_said_it(a_claim, officer):
    client = Client()
    client.force_login(officer)
    answer = client.get(f"/api/v1/villages/{HULU}/")
    (claim,) = answer.json()["properties"]["claims"]
    assert (claim["kind"], claim["stated"]) == ("village_statement", "no_service")
    assert claim["verification"] == "to_verify"
    assert "Ny. Rahasia" not in answer.content.decode()
    # The layer of the official list knows nothing of it.
    listed = client.get("/api/v1/official-list/").json()["features"]
    assert listed == []


def test_in_the_admin_claims_of_sheets_are_only_to_look_at(a_claim):
    user = get_user_model().objects.create_superuser("root")
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    address = reverse("admin:villages_claim_change", args=[a_claim.pk])
    page = client.get(address).content.decode()
    assert "Ny. Rahasia" in page
    assert 'name="_save"' not in page
    assert "deletelink" not in page
    client.post(address, {"status": "changed"})
    client.post(
        reverse("admin:villages_claim_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [a_claim.pk],
            "post": "yes",
        },
    )
    a_claim.refresh_from_db()
    assert a_claim.status == "Tidak ada sinyal"
    for name in ("claimsheet", "claimdecision"):
        assert (
            client.get(reverse(f"admin:villages_{name}_changelist")).status_code == 200
        )
    address = reverse("admin:villages_claimsheet_change", args=[a_claim.sheet_id])
    assert "tabang.xlsx" in client.get(address).content.decode()


def test_an_official_claim_can_still_be_added_in_the_admin(two_villages):
    user = get_user_model().objects.create_superuser("root")
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    address = reverse("admin:villages_claim_add")
    assert "village_statement" not in client.get(address).content.decode()
    values = {
        "village": HULU,
        "kind": "statement",
        "stated_date": "2026-11-12",
        "event": "x",
        "status": "x",
        "source": "x",
        "name_in_source": "Hulu",
    }
    assert client.post(address, values).status_code == 302
    assert Claim.objects.get().verification == ""


def test_a_workbook_among_reports_is_sent_to_the_page_of_claims(analyst, two_villages):
    from tests.integration.test_import_pages import work

    file = SimpleUploadedFile("tabang.xlsx", filled_template({}))
    response = analyst.post(reverse("report-import"), {"file": file})
    work()
    page = analyst.get(response["Location"]).content.decode()
    assert reverse("claim-sheets") in page
