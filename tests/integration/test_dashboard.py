"""The dashboard against a small regency counted by hand."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse

from coverage.models import CoverageRun, PlaceCoverage, VillageCoverage
from coverage.selectors import dashboard
from coverage.selectors.dashboard import village_state
from coverage.web.dashboard import month_rows, most_lacking
from tests.conftest import a_report, store
from villages.models import Claim, Settlement

pytestmark = pytest.mark.django_db


@pytest.fixture
def a_run(two_villages):
    """West: one settlement of 100 blank, one of unknown size covered. East: a point."""
    west, east = two_villages
    run = CoverageRun.objects.create(
        state="published",
        is_current=True,
        is_full=True,
        published_at=datetime(2026, 3, 1, tzinfo=UTC),
        input_cutoff_at=datetime(2030, 3, 1, tzinfo=UTC),
        software_version="test",
    )
    blank, covered = (
        Settlement.objects.create(
            name=name,
            kind="rt",
            village=west,
            people=people,
            point=Point(116.05, 0.0, srid=4326),
        )
        for name, people in (("RT 1", 100), ("RT 2", None))
    )
    layer = {"first_run": run, "operator": "TELKOMSEL", "service": "internet"}
    for village, settlement, state, p_blank in (
        (west, blank, "likely_blank", 0.4),
        (west, covered, "covered", 0.1),
        (east, None, "unknown", None),
    ):
        PlaceCoverage.objects.create(
            **layer,
            village=village,
            settlement=settlement,
            state=state,
            p_blank=p_blank,
        )
    for village, areas in ((west, (6, 1, 2, 3, 4)), (east, (0, 0, 0, 0, 9))):
        names = ("covered", "weak", "likely_blank", "blank", "unknown")
        VillageCoverage.objects.create(
            **layer,
            village=village,
            report_count=0,
            **{f"{n}_km2": a for n, a in zip(names, areas, strict=True)},
        )
    return run


def test_villages_are_counted_by_the_state_of_their_places(a_run):
    (west, east) = dashboard.village_counts(a_run, "internet")
    if west.name != "Hulu":
        west, east = east, west
    assert (west.state, west.places, west.blank_places) == ("partly", 2, 1)
    assert (west.people_blank, west.blank_uncounted) == (100, 0)
    assert (east.state, east.is_stand_in, east.people_blank) == ("unknown", True, None)


@pytest.mark.parametrize(
    ("places", "blank", "unknown", "state"),
    [
        (2, 0, 0, "covered"),
        (2, 1, 0, "partly"),
        (3, 1, 1, "partly"),
        (2, 2, 0, "blank"),
        (2, 1, 1, "blank"),
        (2, 0, 1, "incomplete"),
        (2, 0, 2, "unknown"),
    ],
)
def test_unknown_makes_no_village_covered_or_blank(places, blank, unknown, state):
    assert village_state(places, blank, unknown) == state


def test_sums_of_the_regency_and_of_the_district(a_run):
    counts = dashboard.village_counts(a_run, "internet")
    by_operator = dashboard.summed_by(counts)
    by_district = dashboard.summed_by(counts, operator="TELKOMSEL")
    dashboard.add_areas(
        a_run,
        "internet",
        by_operator=by_operator,
        by_district=by_district,
        operator="TELKOMSEL",
    )
    for sums in (by_operator["TELKOMSEL"], by_district["64.02.12"]):
        assert sums.villages["partly"] == sums.villages["unknown"] == 1
        assert (sums.people_blank, sums.stand_ins) == (100, 1)
        assert sums.confidence == pytest.approx(0.4)
        assert (sums.blank_km2, sums.unknown_km2) == (5, 13)
        assert sums.likely_blank_km2 == 2
        # Weak lies inside covered and is not added again.
        assert sums.area_km2 == 6 + 2 + 3 + 4 + 9


def test_months_without_reports_are_zero_and_not_left_out():
    rows = month_rows([("TELKOMSEL", "2025-11", 3), ("INDOSAT", "2026-02", 4)], "ANY")
    assert [row["total"] for row in rows] == [3, 0, 0, 4]
    only = month_rows([("TELKOMSEL", "2025-11", 3)], "INDOSAT")
    assert only == []


def test_a_reader_sees_the_figures_with_their_confidence(a_run, client, officer):
    Claim.objects.create(
        village_id="64.02.12.2001",
        kind="listed_blank",
        stated_date=date(2022, 3, 8),
        event="RPJMD",
        status="blankspot",
        source="x",
        name_in_source="Hulu",
    )
    store(a_report(observed_at=datetime(2026, 2, 27, 20, tzinfo=UTC)))
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("dashboard"), {"operator": "TELKOMSEL"})
    text = " ".join(page.content.decode().split())
    assert page.status_code == 200
    assert "±100" in text
    assert "low confidence (40" in text
    assert "4G at some settlements, none at others" in text
    # 20.00 UTC of the 27th is the 28th in WITA, still February.
    assert "February 2026" in text
    assert page.context["listed"]["rows"][0]["state"] == "partly"
    assert "district=64.02.12" in text


def test_the_line_above_the_folded_districts_names_those_that_lack_most():
    rows = [
        {"name": name, "lacking": lacking}
        for name, lacking in (("A", 0), ("B", 2), ("C", 7), ("D", 1), ("E", 2))
    ]
    assert [row["name"] for row in most_lacking(rows)] == ["C", "B", "E"]
    assert most_lacking(rows[:1]) == []


def test_without_people_counted_there_is_no_number(a_run, client, officer):
    Settlement.objects.update(people=None)
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    text = client.get(reverse("dashboard"), {"operator": "TELKOMSEL"}).content.decode()
    assert "no data yet" in text
    assert "±0" not in text


def test_before_the_first_run_it_says_so(two_villages, client, officer):
    client.force_login(officer)
    assert client.get(reverse("dashboard")).status_code == 200


def test_it_asks_few_questions(a_run, client, officer, django_assert_max_num_queries):
    client.force_login(officer)
    with django_assert_max_num_queries(14):
        client.get(reverse("dashboard"))


def test_outsiders_are_asked_to_sign_in(client):
    answer = client.get(reverse("dashboard"))
    assert answer.status_code == 302


def test_its_tables_come_as_a_workbook(a_run, client, officer):
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    answer = client.get(reverse("dashboard-workbook"), {"operator": "TELKOMSEL"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    heading, row = book["Districts compared"].iter_rows(values_only=True)
    found = dict(zip(heading, row, strict=True))
    assert found["People without 4G"] == 100
    assert found["How sure that it lacks"] == pytest.approx(0.4)
    assert found["Blank area (km²)"] == 5
    assert found["4G at some settlements, none at others"] == 1


def test_the_workbook_before_the_first_run_says_so(two_villages, client, officer):
    client.force_login(officer)
    assert client.get(reverse("dashboard-workbook")).status_code == 200
