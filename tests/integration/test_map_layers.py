"""What the map's layers are drawn from: counts equal those of SQL, within bounds."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import brotli
import geopandas
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.utils import timezone

from coverage.core.crowds import MOST_CELLS
from coverage.selectors.map_spots import SKETCH_DEG, STEP_DEG
from coverage.selectors.report_squares import keep_report_squares, report_squares
from tests.conftest import a_report, a_village, no_service, store
from tests.integration.test_compute import full
from tests.integration.test_place_coverage import a_settlement
from villages.models import Facility, SignalReport, Site

pytestmark = pytest.mark.django_db

WHOLE = "bbox=115.5,-0.5,116.5,0.5"
API = "/api/v1"


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def checker(client, verifier):
    client.force_login(verifier)
    return client


def total(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()["total"]


# --- evidence and counted reports --------------------------------------------------


def test_evidence_counts_every_report_that_counts_once(a_blank_west, viewer):
    full()
    for level in (2, 3, 12):
        assert total(viewer, f"{API}/evidence/?{WHOLE}&level={level}") == 72


def test_a_cell_tells_how_many_and_the_newest_day(two_villages, viewer):
    now = timezone.now()
    store(
        a_report(lon=116.05, lat=0.01, observed_at=now - timedelta(days=40)),
        a_report(lon=116.05, lat=0.01, observed_at=now - timedelta(days=10)),
        now=now,
    )
    full()
    answer = viewer.get(f"{API}/evidence/?{WHOLE}&level=5").json()
    [[_column, _row, day, count]] = answer["cells"]
    newest = timezone.localdate(now - timedelta(days=10))
    assert (count, day) == (2, (newest - newest.replace(1970, 1, 1)).days)


def test_what_a_run_counts_is_laid_ready_and_read_by_every_process(
    a_blank_west, viewer, django_assert_num_queries, settings, tmp_path
):
    settings.KUKAR_LOCAL_DIR = tmp_path
    run = full()
    assert keep_report_squares(run)
    assert not keep_report_squares(run)
    with django_assert_num_queries(0):
        found = report_squares(run)
    assert len(found.day) == SignalReport.objects.count()
    assert total(viewer, f"{API}/evidence/?{WHOLE}&level=5") == 72


def test_a_file_of_reports_that_is_damaged_is_made_anew(
    a_blank_west, viewer, settings, tmp_path, caplog
):
    settings.KUKAR_LOCAL_DIR = tmp_path
    keep_report_squares(full())
    (kept,) = (tmp_path / "squares").iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    assert total(viewer, f"{API}/evidence/?{WHOLE}&level=5") == 72
    assert "read anew" in caplog.text
    # Where nothing can be written the map does without.
    settings.KUKAR_LOCAL_DIR = kept
    assert total(viewer, f"{API}/evidence/?{WHOLE}&level=5") == 72
    assert "could not be kept" in caplog.text


def test_files_of_runs_that_nobody_looks_at_any_more_go(
    a_blank_west, settings, tmp_path
):
    settings.KUKAR_LOCAL_DIR = tmp_path
    run = full()
    for checksum in "abcde":
        run.checksum = checksum
        keep_report_squares(run)
    assert len(list((tmp_path / "squares").iterdir())) == 3


def test_rejected_reports_are_no_evidence_but_verifiers_see_them(
    a_blank_west, checker, client
):
    SignalReport.objects.filter(found="data").update(review_state="rejected")
    full()
    assert total(checker, f"{API}/evidence/?{WHOLE}&level=6") == 36
    assert total(checker, f"{API}/report-cells/?{WHOLE}&level=6") == 72


def test_counted_reports_say_what_was_found(a_blank_west, checker):
    full()
    answer = checker.get(f"{API}/report-cells/?{WHOLE}&level=12").json()
    found = dict.fromkeys(answer["found"], 0)
    for _column, _row, _day, *counts in answer["cells"]:
        for name, count in zip(answer["found"], counts, strict=True):
            found[name] += count
    assert found == {"no_service": 36, "emergency_only": 0, "voice_only": 0, "data": 36}


def test_only_the_view_is_counted(a_blank_west, viewer):
    full()
    # Cells are whole: of level 0 none reaches across the boundary.
    west = "bbox=116.0,-0.05,116.099,0.05"
    assert total(viewer, f"{API}/evidence/?{west}&level=0") == 36


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("operator=INDOSAT", {"operator": "INDOSAT"}),
        ("operator=ANY", {}),
        ("technology=2G", {"technology": "2G"}),
        ("district=64.02.12", {"village__district": "64.02.12"}),
        ("village=64.02.12.2001", {"village": "64.02.12.2001"}),
        ("district=64.02.06&village=64.02.12.2001", {"village": "none"}),
        ("since=2026-11-01", {"observed_at__date__gte": "2026-11-01"}),
        ("until=2026-10-31", {"observed_at__date__lte": "2026-10-31"}),
        ("since=2026-10-05&until=2026-10-05", {"observed_at__date": "2026-10-05"}),
        ("demo=off", {"is_demo": False}),
    ],
)
def test_filters_choose_the_reports_that_sql_chooses(
    two_villages, checker, now, query, condition
):
    a_village("64.02.06.1001", "Jauh", (116.3, -0.05, 116.4, 0.05))
    store(
        a_report(lon=116.05, observed_at=datetime(2026, 10, 5, 15, 30, tzinfo=UTC)),
        # A day later in WITA than in UTC.
        a_report(lon=116.06, observed_at=datetime(2026, 10, 5, 16, 30, tzinfo=UTC)),
        a_report(lon=116.15, operator="INDOSAT", observed_at=now - timedelta(days=2)),
        a_report(lon=116.35, technology="2G", rsrp_dbm=-80.0),
        no_service(lon=116.36),
        now=now,
    )
    SignalReport.objects.filter(operator="INDOSAT").update(is_demo=True)
    full()
    expected = SignalReport.objects.filter(**condition).count()
    assert total(checker, f"{API}/report-cells/?{WHOLE}&level=4&{query}") == expected
    if "ANY" not in query:
        listed = checker.get(f"{API}/reports/?{WHOLE}&{query}").json()
        assert len(listed["features"]) == expected


@pytest.mark.parametrize("name", ["evidence", "report-cells"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "level=3",
        WHOLE,
        f"{WHOLE}&level=13",
        f"{WHOLE}&level=-1",
        f"{WHOLE}&level=x",
        "bbox=-180,-90,180,90&level=0",
        f"{WHOLE}&level=3&technology=6G",
        f"{WHOLE}&level=3&since=soon",
        f"{WHOLE}&level=3&demo=on",
        f"{WHOLE}&level=3&operator=AXIS",
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(a_blank_west, checker, name, query):
    full()
    answer = checker.get(f"{API}/{name}/?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]


def test_a_view_of_the_whole_world_is_answered_at_a_level_that_can_be_drawn(
    a_blank_west, viewer
):
    full()
    answer = viewer.get(f"{API}/evidence/?bbox=-180,-90,180,90&level=12").json()
    assert answer["total"] == 72
    assert len(answer["cells"]) < MOST_CELLS


def test_counted_reports_are_for_verifiers_and_evidence_for_everyone(
    a_blank_west, viewer
):
    full()
    path = f"?{WHOLE}&level=6"
    assert viewer.get(f"{API}/report-cells/{path}").status_code == 403
    assert viewer.get(f"{API}/evidence/{path}").status_code == 200
    viewer.logout()
    assert viewer.get(f"{API}/evidence/{path}").status_code in (401, 403)


def test_a_second_question_about_a_run_reads_no_reports(
    a_blank_west, viewer, django_assert_num_queries
):
    full()
    path = f"{API}/evidence/?{WHOLE}&level=6"
    total(viewer, path)
    # The session, the account and the run.
    with django_assert_num_queries(3):
        total(viewer, path)


# --- villages and places -------------------------------------------------------------


def test_a_village_is_told_by_its_settlements_or_by_its_point(a_blank_west, viewer):
    west, east = a_blank_west
    a_settlement(west, "RT 1", 116.05)
    a_settlement(west, "RT 2", 118.0)
    full()
    answer = viewer.get(f"{API}/village-shares/?operator=TELKOMSEL&service=internet")
    found = answer.json()["villages"]
    assert found[west.code] == {
        "is_stand_in": False,
        "is_demo": False,
        "covered": 0,
        "weak": 0,
        "likely_blank": 0,
        "blank": 1,
        "unknown": 1,
    }
    assert found[east.code]["is_stand_in"]
    assert found[east.code]["covered"] + found[east.code]["weak"] == 1


def test_places_have_the_state_of_the_layer_asked_for(a_blank_west, viewer):
    west, east = a_blank_west
    home = a_settlement(west, "RT 1", 116.05)
    school = Facility.objects.create(
        name="SDN 1", kind="school", village=east, point=Point(116.15, 0.0, srid=4326)
    )
    full()
    answer = viewer.get(f"{API}/place-states/?operator=TELKOMSEL").json()
    assert answer["settlements"] == {str(home.pk): "blank"}
    assert answer["facilities"][str(school.pk)] in ("covered", "weak")
    # Nobody looked for this operator: nothing is said, which the map draws as unknown.
    other = viewer.get(f"{API}/place-states/?operator=XLSMART").json()
    assert other["settlements"] == {}


@pytest.mark.parametrize("name", ["village-shares", "place-states"])
def test_layers_of_a_run_are_asked_for_again_for_nothing(
    a_blank_west, viewer, name, django_assert_max_num_queries
):
    full()
    answer = viewer.get(f"{API}/{name}/")
    with django_assert_max_num_queries(3):
        again = viewer.get(f"{API}/{name}/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304


def test_sites_are_told_with_kind_and_status(two_villages, viewer):
    Site.objects.create(
        name="Menara Hulu",
        kind="bts",
        status="built",
        point=Point(116.05, 0.0, srid=4326),
        operators=["TELKOMSEL"],
        source="letter",
    )
    [feature] = viewer.get(f"{API}/sites/").json()["features"]
    assert feature["geometry"]["coordinates"] == [116.05, 0.0]
    told = feature["properties"]
    assert (told["kind"], told["status"], told["verified_date"]) == (
        "bts",
        "built",
        None,
    )


# --- boundaries and blank spots -------------------------------------------------------


def test_boundaries_come_packed_and_again_only_when_something_changed(
    two_villages, viewer
):
    answer = viewer.get(f"{API}/map-boundaries/", HTTP_ACCEPT_ENCODING="gzip")
    assert answer["Content-Encoding"] == "gzip"
    assert b"Hulu" in gzip.decompress(answer.content)
    shorter = viewer.get(f"{API}/map-boundaries/", HTTP_ACCEPT_ENCODING="gzip, br")
    assert shorter["Content-Encoding"] == "br"
    assert brotli.decompress(shorter.content) == gzip.decompress(answer.content)
    path = f"{API}/map-boundaries/"
    assert viewer.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    west, _east = two_villages
    west.name = "Hulu Baru"
    west.save()
    changed = viewer.get(path, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert changed.status_code == 200
    names = {f["properties"]["name"] for f in changed.json()["villages"]["features"]}
    assert names == {"Hulu Baru", "Hilir"}


def test_neighbours_are_simplified_together(two_villages, viewer):
    answer = viewer.get(f"{API}/map-boundaries/?detail=far").json()
    west, east = (f["geometry"] for f in answer["villages"]["features"])
    shared = [116.1, -0.05], [116.1, 0.05]
    for geometry in (west, east):
        corners = geometry["coordinates"][0][0]
        assert all(corner in corners for corner in shared)


def test_blank_spots_are_sketched_for_the_map(a_blank_west, viewer, tmp_path):
    run = full()
    layer = f"run={run.pk}&operator=TELKOMSEL&service=internet"
    exact = viewer.get(f"{API}/blank-spots/?{layer}&geometry=outline").json()[
        "features"
    ]
    answer = viewer.get(f"{API}/map-blank-spots/?{layer}")
    # GDAL reads it as any TopoJSON.
    file = tmp_path / "spots.json"
    file.write_bytes(answer.content)
    sketches = geopandas.read_file(file, engine="pyogrio")
    assert len(sketches) == len(exact) > 0
    for sketch, whole in zip(sketches.itertuples(), exact, strict=True):
        told = whole["properties"]
        assert (sketch.id, sketch.state) == (told["id"], told["state"])
        assert sketch.area_km2 == pytest.approx(told["area_km2"], abs=0.0006)
        assert sketch.confidence == told["confidence"]
        # No point is further from where it is than both roundings together.
        outline = shapely.geometry.shape(whole["geometry"])
        assert sketch.geometry.hausdorff_distance(outline) < SKETCH_DEG + STEP_DEG
    names = answer.json()["village_names"]
    for whole in exact:
        told = whole["properties"]
        assert [names[code] for code in told["villages"]] == told["village_names"]
    again = viewer.get(
        f"{API}/map-blank-spots/?{layer}", HTTP_IF_NONE_MATCH=answer["ETag"]
    )
    assert again.status_code == 304


@pytest.mark.parametrize("part", ["known", "unknown"])
def test_what_is_known_and_what_is_not_are_tiles_of_their_own(
    a_blank_west, viewer, part
):
    run = full()
    tile = f"/tiles/{run.pk}/TELKOMSEL/internet/8/210/127.png"
    whole, one = viewer.get(tile), viewer.get(f"{tile}?part={part}")
    assert one.status_code == 200
    assert one.content != whole.content
    assert viewer.get(f"{tile}?part=half").status_code == 404
