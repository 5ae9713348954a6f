"""Where to measure next: the ranking, its files, and tasks made of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pyogrio
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from coverage.core import measure_next
from coverage.selectors.measuring import stops_to_measure
from coverage.web import words
from tests.conftest import a_report, a_village, store
from tests.integration.test_compute import full
from villages.models import Facility, MeasurementTask, Settlement

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(account):
    return account("analyst", "analyst")


@pytest.fixture
def unmeasured(two_villages):
    """A third village, east of two well covered ones, where nobody has been."""
    store(
        *(
            a_report(lon=116.005 + 0.012 * i, lat=-0.045 + 0.01 * j, rsrp_dbm=-70.0)
            for i in range(16)
            for j in range(10)
        )
    )
    return a_village("64.02.13.2003", "Muara", (116.2, -0.05, 116.3, 0.05))


def a_settlement(village, name, lon, lat=0.0, people=None, **values):
    return Settlement.objects.create(
        name=name,
        kind="rt",
        village=village,
        point=Point(lon, lat, srid=4326),
        people=people,
        **values,
    )


def ranked(run, operator="TELKOMSEL", **values):
    return stops_to_measure(run, operator, "internet", **values)


def test_confidence_means_the_same_in_the_core_and_on_the_pages():
    assert measure_next.SURE_FROM == words.CONFIDENCE_HIGH
    assert measure_next.UNSURE_BELOW == words.CONFIDENCE_MEDIUM


def test_an_unmeasured_village_is_a_stop_and_measured_ones_are_not(unmeasured):
    found = ranked(full())
    assert [s.leader.key for s in found.stops] == [f"v{unmeasured.code}"]
    (stop,) = found.stops
    assert (stop.leader.state, stop.people) == ("unknown", None)
    assert stop.operators == ["TELKOMSEL"]
    # Nobody has loaded people: it counts as one settlement of unknown size.
    assert (found.unsized, found.places, found.stand_in) == (1, 1, 1.0)
    assert stop.value == pytest.approx(1.0)


def test_more_people_come_first_and_unknown_numbers_count_as_the_median(unmeasured):
    a_settlement(unmeasured, "A", 116.22, people=90)
    a_settlement(unmeasured, "B", 116.25, people=500)
    a_settlement(unmeasured, "C", 116.28)
    found = ranked(full())
    assert [s.leader.name for s in found.stops] == ["B", "C", "A"]
    assert [s.value for s in found.stops] == pytest.approx([500, 295, 90])
    assert found.stops[1].people is None


def test_places_within_a_kilometre_are_one_stop_and_pupils_are_not_counted_twice(
    unmeasured,
):
    a_settlement(unmeasured, "A", 116.25, people=100)
    a_settlement(unmeasured, "B", 116.255, people=50)
    Facility.objects.create(
        name="SDN 1",
        kind="school",
        village=unmeasured,
        point=Point(116.252, 0.0, srid=4326),
        pupils=400,
    )
    (stop,) = ranked(full()).stops
    assert stop.leader.name == "SDN 1"
    assert (stop.people, len(stop.places)) == (150, 3)
    assert stop.value == pytest.approx(150)


def test_a_place_beside_a_blank_spot_is_worth_more_than_one_far_from_it(a_blank_west):
    west, _east = a_blank_west
    store(*(a_report(lon=116.03 + 0.001 * i, rsrp_dbm=-111.0) for i in range(8)))
    run = full()
    found = ranked(run)
    beside = [s for s in found.stops if s.spots]
    for stop in beside:
        assert stop.spots[0].area_km2 > 0
    assert west


def test_any_operator_tells_which_operators_to_look_for(unmeasured):
    (stop,) = ranked(full(), "ANY").stops
    assert stop.operators == ["TELKOMSEL", "INDOSAT", "XLSMART"]


def test_a_layer_that_nobody_has_reported_is_unknown_everywhere(unmeasured):
    found = ranked(full(), "INDOSAT")
    assert {s.leader.key for s in found.stops} == {
        f"v{code}" for code in ("64.02.12.2001", "64.02.12.2002", unmeasured.code)
    }
    assert {s.leader.state for s in found.stops} == {"unknown"}


def test_filters_and_the_number_of_queries(unmeasured, client, officer):
    for n in range(30):
        a_settlement(unmeasured, str(n), 116.2 + 0.003 * n, people=n)
    run = full()
    assert ranked(run, district="64.02.12").stops == []
    assert ranked(run, village=unmeasured.code, most=2).total > 2
    client.force_login(officer)
    url = reverse("measure")
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = client.get(url, {"n": "10"})
    with CaptureQueriesContext(connection) as many:
        client.get(url, {"n": "50"})
    assert page.status_code == 200
    assert len(many) == len(few) <= 16, [q["sql"] for q in few]


def test_viewers_see_the_list_and_make_no_tasks(unmeasured, client, officer):
    full()
    client.force_login(officer)
    page = client.get(reverse("measure"))
    assert "Muara" in page.content.decode()
    assert "Jadikan tugas" not in page.content.decode()
    assert client.get(reverse("measure-tasks")).status_code == 403
    answer = client.post(reverse("measure-tasks"), {"stop": f"v{unmeasured.code}"})
    assert answer.status_code == 403
    assert not MeasurementTask.objects.exists()


def test_the_pages_are_for_who_may_see_the_map(client, db):
    for name in ("measure", "measure-route", "measure-gpx", "measure-xlsx"):
        assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize(
    "name", ["measure", "measure-route", "measure-gpx", "measure-xlsx"]
)
def test_nonsense_in_the_address_is_not_an_error(unmeasured, client, officer, name):
    full()
    client.force_login(officer)
    query = {
        "operator": "X'--",
        "service": "\x00",
        "district": "9" * 500,
        "village": "..",
        "n": "-1",
        "start": "%",
    }
    assert client.get(reverse(name), query).status_code == 200
    assert client.get(reverse(name)).status_code == 200


def test_without_a_run_the_pages_say_so(client, officer, two_villages):
    client.force_login(officer)
    assert (
        "Cakupan belum pernah dihitung"
        in client.get(reverse("measure")).content.decode()
    )
    assert client.get(reverse("measure-route")).status_code == 200


def test_an_analyst_turns_stops_into_tasks_and_twice_makes_none(
    unmeasured, client, analyst, reporter
):
    full()
    client.force_login(analyst)
    asked = {
        "stop": [f"v{unmeasured.code}"],
        "assigned_to": str(reporter.pk),
        "due_date": "2999-01-31",
    }
    url = reverse("measure-tasks") + "?operator=TELKOMSEL&service=internet"
    answer = client.post(url, asked, follow=True)
    assert answer.status_code == 200
    (task,) = MeasurementTask.objects.all()
    assert (task.village, task.operators) == (unmeasured, ["TELKOMSEL"])
    assert (task.assigned_to, task.created_by) == (reporter, analyst)
    assert task.due_date.isoformat() == "2999-01-31"
    assert "Belum diukur: Telkomsel" in task.reason
    client.post(url, asked)
    assert MeasurementTask.objects.count() == 1
    page = client.get(reverse("measure-tasks")).content.decode()
    assert task.name in page
    client.post(reverse("measure-task-drop", args=[task.pk]))
    task.refresh_from_db()
    assert task.state == "dropped"
    assert client.get(reverse("measure-tasks") + "?state=dropped").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop": []},
        {"stop": ["s999999"]},
        {"due_date": "2001-01-01"},
        {"due_date": "soon"},
        {"assigned_to": "999999"},
        {"assigned_to": "x"},
    ],
)
def test_what_cannot_become_a_task_makes_none(unmeasured, client, analyst, wrong):
    full()
    client.force_login(analyst)
    asked = {"stop": [f"v{unmeasured.code}"]} | wrong
    answer = client.post(reverse("measure-tasks"), asked, follow=True)
    assert answer.redirect_chain
    # What can be ticked and was is ticked still.
    is_there = asked["stop"] == [f"v{unmeasured.code}"]
    assert answer.content.decode().count(" checked>") == is_there
    assert not MeasurementTask.objects.exists()


def test_the_gpx_is_read_by_gdal(unmeasured, client, officer, tmp_path):
    a_settlement(unmeasured, "A & <B>", 116.22, people=90)
    a_settlement(unmeasured, "C", 116.28, people=30)
    full()
    client.force_login(officer)
    answer = client.get(reverse("measure-gpx"), {"operator": "TELKOMSEL"})
    path = tmp_path / "trip.gpx"
    path.write_bytes(answer.content)
    points = pyogrio.read_dataframe(path, layer="waypoints")
    assert len(points) == 2
    assert any("A & <B>" in name for name in points["name"])
    routes = pyogrio.read_dataframe(path, layer="routes")
    assert len(routes) == 1
    assert np.asarray(routes.geometry[0].coords).shape[0] == 2


def test_the_gpx_and_the_route_sheet_number_as_the_list(unmeasured, client, officer):
    a_village("64.02.12.2009", "Ulak", (116.0, 0.1, 116.1, 0.2))
    for n, lon in enumerate((116.29, 116.21, 116.25)):
        a_settlement(unmeasured, f"0{n}", lon, people=10 * (n + 1))
    full()
    client.force_login(officer)
    asked = {"operator": "TELKOMSEL"}
    rows = client.get(reverse("measure"), asked).context["rows"]
    assert len({row["district"] for row in rows}) == 2
    names = {
        row["number"]: f"{row['name']}, {row['village']}"
        if row["name"].startswith("RT ")
        else row["name"]
        for row in rows
    }
    root = ElementTree.fromstring(client.get(reverse("measure-gpx"), asked).content)
    points = root.iterfind("{*}wpt/{*}name")
    assert sorted(point.text for point in points) == [
        f"{number:02d} {name}" for number, name in sorted(names.items())
    ]
    sheet = client.get(reverse("measure-route"), asked).context["legs"]
    assert {r["number"]: r["name"] for leg in sheet for r in leg["rows"]} == {
        row["number"]: row["name"] for row in rows
    }
    labels = {point["label"] for leg in sheet for point in leg["map"]["points"]}
    assert labels == {str(number) for number in names}


def test_the_workbook_has_the_list_and_no_formulas(unmeasured, client, officer):
    a_settlement(unmeasured, "=1+1", 116.22, people=90)
    full()
    client.force_login(officer)
    answer = client.get(reverse("measure-xlsx"), {"operator": "TELKOMSEL"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][0] == 1
    assert rows[1][6] == 90
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_route_sheet_goes_district_by_district_from_the_start(
    unmeasured, client, officer
):
    other = a_village("64.02.12.2009", "Ulak", (116.0, 0.1, 116.1, 0.2))
    for n, lon in enumerate((116.29, 116.21, 116.25)):
        a_settlement(unmeasured, f"RT {n}", lon, people=10)
    full()
    client.force_login(officer)
    page = client.get(
        reverse("measure-route"), {"operator": "TELKOMSEL", "start": "64.02.12.2002"}
    )
    legs = page.context["legs"]
    assert [leg["district"] for leg in legs] == ["Kecamatan 12", "Kecamatan 13"]
    assert [row["name"] for row in legs[1]["rows"]] == ["RT 1", "RT 2", "RT 0"]
    assert other.name in legs[0]["rows"][0]["name"]


def a_river(tmp_path, settings):
    line = {"type": "LineString", "coordinates": [[116.05, 0.0], [116.35, 0.0]]}
    feature = {"type": "Feature", "properties": {"NAMOBJ": "Belayan"}, "geometry": line}
    path = tmp_path / "rivers.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    settings.KUKAR_RIVERS = str(path)


def test_unmeasured_stretches_of_a_river_come_after_people(
    unmeasured, tmp_path, settings, client, officer
):
    a_river(tmp_path, settings)
    run = full()
    found = ranked(run)
    assert found.stops[0].leader.key == f"v{unmeasured.code}"
    river = [s for s in found.stops if s.leader.kind == "river"]
    # Of the 33 km only those in the third village: the others are measured, and the
    # last 5 km lie outside.
    assert 3 <= len(river) <= 6
    assert all(116.19 < s.leader.lon < 116.301 for s in river)
    assert {s.leader.village for s in river} == {unmeasured.code}
    client.force_login(officer)
    page = client.get(reverse("measure"), {"operator": "TELKOMSEL"}).content.decode()
    assert "Sungai Belayan" in page


def test_a_file_of_rivers_that_cannot_be_read_is_left_out(
    unmeasured, tmp_path, settings, caplog
):
    settings.KUKAR_RIVERS = str(tmp_path / "none.geojson")
    assert [s.leader.kind for s in ranked(full()).stops] == ["village"]
    assert "could not be used" in caplog.text
    (tmp_path / "none.geojson").write_text("{")
    assert len(ranked(full()).stops) == 1


def test_the_regencys_own_rivers_are_read(unmeasured, settings):
    path = Path(__file__).parents[3] / "shared" / "data" / "kukar" / "rivers.geojson"
    if not path.exists():
        pytest.skip("the regency's rivers are not here")
    settings.KUKAR_RIVERS = str(path)
    assert ranked(full()).total >= 1
