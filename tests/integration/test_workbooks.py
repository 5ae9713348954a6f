"""Tables that leave as workbooks have the numbers of the pages, as numbers."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.utils import timezone

from coverage.models import BlankSpot
from coverage.selectors.tables import village_table
from coverage.services.compute_run import compute_full
from tests.pages import a_claim, an_import

pytestmark = pytest.mark.django_db


@pytest.fixture
def a_run(a_blank_west):
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


def book_of(response):
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment;")
    return openpyxl.load_workbook(io.BytesIO(response.content))


def rows_of(sheet):
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_layers_tables_are_a_workbook_with_its_run(a_run, client, officer):
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    book = book_of(client.get("/tabel/unduh.xlsx?operator=TELKOMSEL"))
    villages, districts, spots, notes = book.worksheets
    [hulu] = [row for row in rows_of(villages) if row["Village"] == "Hulu"]
    [known] = [
        row
        for row in village_table(a_run, "TELKOMSEL", "internet")
        if row["name"] == "Hulu"
    ]
    assert hulu["Blank (km²)"] == pytest.approx(known["blank_km2"])
    shares = [value for name, value in hulu.items() if name.endswith(", share")]
    assert sum(shares) == pytest.approx(1)
    [district] = rows_of(districts)
    assert district["Villages"] == 2
    layer = BlankSpot.objects.of_run(a_run.pk).filter(
        operator="TELKOMSEL", service="internet"
    )
    told = rows_of(spots)
    assert len(told) == layer.count() > 0
    # Nobody counted people: an empty cell, never 0.
    assert {row["People"] for row in told} == {None}
    facts = dict(notes.iter_rows(values_only=True))
    assert facts["Run"] == a_run.pk
    assert facts["Operator"] == "Telkomsel"
    assert facts["Demonstration data"] == "No"


def test_without_a_run_the_workbook_says_so(two_villages, client, officer):
    client.force_login(officer)
    book = book_of(client.get("/tabel/unduh.xlsx"))
    assert dict(book.worksheets[-1].iter_rows(values_only=True))["Perhitungan"] == (
        "Peta belum dihitung."
    )


def test_every_run_can_be_traced(a_run, client, officer):
    client.force_login(officer)
    [row] = rows_of(book_of(client.get("/perhitungan/unduh.xlsx")).worksheets[0])
    assert row["Perhitungan"] == a_run.pk
    assert a_run.checksum in row.values()


@pytest.mark.parametrize(
    ("path", "least", "below"),
    [
        ("/pernyataan/unduh.xlsx", "verifier", "field"),
        ("/impor/unduh.xlsx", "analyst", "verifier"),
    ],
)
def test_statements_and_imports_leave_for_their_role_only(
    two_villages, client, account, path, least, below
):
    a_claim()
    an_import()
    client.force_login(account("below", below))
    assert client.get(path).status_code == 403
    client.force_login(account("least", least))
    sheet = book_of(client.get(path)).worksheets[0]
    text = {str(value) for row in sheet.iter_rows(values_only=True) for value in row}
    assert "Hulu" in text or "uji-jalan.csv" in text
