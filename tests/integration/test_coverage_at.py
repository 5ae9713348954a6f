"""What the map answers for one point, in numbers and in words."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone, translation

from coverage.models import BlankSpot
from coverage.selectors.at_point import Evidence, LayerAt, PlaceAt, place_at
from coverage.services.compute_run import compute_full
from coverage.web.answer import age, answer_at
from tests.conftest import a_report, no_service, store
from villages.models import Facility, Settlement, SignalReport

pytestmark = pytest.mark.django_db

WEST = {"lon": 116.05, "lat": 0.0}
EAST = {"lon": 116.15, "lat": 0.0}


def full():
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


def ask(client, **query):
    answer = client.get("/api/v1/coverage/at/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def layer(answer, operator, service="internet"):
    (found,) = (
        each
        for each in answer["layers"]
        if (each["operator"], each["service"]) == (operator, service)
    )
    return found


def a_settlement(village, **values):
    return Settlement.objects.create(
        village=village,
        point=Point(116.05, 0.0, srid=4326),
        kind="rt",
        source="test",
        **values,
    )


def test_a_blank_spot_is_answered_in_words(viewer, a_blank_west):
    west, _ = a_blank_west
    a_settlement(west, name="RT 1", people=200)
    a_settlement(west, name="RT 2", people=10)
    Facility.objects.create(
        village=west,
        name="SD 1",
        kind="school",
        point=Point(116.05, 0.0, srid=4326),
        source="test",
    )
    full()
    answer = ask(viewer, **WEST, operator="TELKOMSEL")
    spot = BlankSpot.objects.get(identity=answer["spot"])
    text = answer["answer"]["text"].replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("Blank spot ")
    assert " km² di Hulu" in text
    assert "2 permukiman, ±210 jiwa, 1 sekolah." in text
    assert f"Berdasarkan {spot.report_count} laporan (terbaru " in text
    assert "keyakinan sedang" in text
    assert "Belum diukur: Indosat Ooredoo Hutchison, XLSmart." in text
    assert "tidak ada." not in text, "who was not measured is not absent"
    assert answer["village"]["name"] == "Hulu"


def test_without_numbers_of_people_it_says_that_they_are_missing(viewer, a_blank_west):
    full()
    text = ask(viewer, **WEST, operator="TELKOMSEL")["answer"]["text"]
    assert "jumlah jiwa belum ada datanya" in text
    assert "permukiman" not in text
    assert " 0 " not in text


def test_a_covered_point_has_an_estimate_with_its_deviation(viewer, a_blank_west):
    full()
    answer = ask(viewer, **EAST, operator="TELKOMSEL")
    found = layer(answer, "TELKOMSEL")
    assert found["state"] == "covered"
    assert found["std_db"] > 0
    assert found["p_blank"] < 0.2
    assert -90 < found["mean_dbm"] < -70
    assert found["evidence"]["distance_km"] <= 1
    text = answer["answer"]["text"]
    assert text.startswith("Terjangkau di Hilir: perkiraan −")
    assert "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}" in text
    assert answer["spot"] is None


def test_unknown_is_never_called_without_a_signal(viewer, two_villages):
    store(a_report(operator="INDOSAT", lon=116.02, lat=0.04), now=timezone.now())
    full()
    answer = ask(viewer, **EAST, operator="INDOSAT")
    text = answer["answer"]["text"].replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("Belum diukur di Hilir: laporan terdekat 15,")
    assert text.endswith("Ini bukan berarti tidak ada sinyal.")
    other = layer(answer, "XLSMART")
    assert other["state"] == "unknown"
    assert other["evidence"] == {
        "distance_km": None,
        "age_days": None,
        "farther_than_km": None,
    }
    lines = {o["operator"]: o["text"] for o in answer["answer"]["operators"]}
    assert lines["XLSMART"] == "Belum diketahui; belum ada laporan sama sekali"


def test_a_point_outside_says_so(viewer, a_blank_west):
    full()
    for lon in (116.9, -20.0):
        answer = ask(viewer, lon=lon, lat=0.0)
        assert answer["village"] is None
        assert "di luar batas desa" in answer["answer"]["text"]
        assert answer["answer"]["operators"] == []


def test_a_spot_is_answered_without_a_point_and_in_its_own_layer(viewer, a_blank_west):
    run = full()
    spot = BlankSpot.objects.of_run(run.pk).filter(operator="TELKOMSEL").first()
    answer = ask(viewer, spot=str(spot.identity))
    assert answer["spot"] == str(spot.identity)
    assert (answer["operator"], answer["service"]) == ("TELKOMSEL", spot.service)
    gone = viewer.get(
        "/api/v1/coverage/at/", {"spot": "00000000-0000-4000-8000-000000000000"}
    )
    assert gone.status_code == 404


def test_an_older_run_answers_as_it_did(viewer, a_blank_west):
    before = full()
    store(
        *(
            a_report(lon=116.02 + 0.006 * i, lat=-0.03 + 0.006 * j, rsrp_dbm=-75.0)
            for i in range(12)
            for j in range(12)
        ),
        now=timezone.now(),
    )
    full()
    now = ask(viewer, **WEST, operator="TELKOMSEL")
    then = ask(viewer, **WEST, operator="TELKOMSEL", run=before.pk)
    assert then["run"] == before.pk
    assert layer(then, "TELKOMSEL")["state"] == "blank"
    assert layer(now, "TELKOMSEL")["state"] != "blank"


def test_a_distance_never_tells_where_a_single_report_was(viewer, two_villages):
    store(a_report(lon=116.0503, lat=0.0), now=timezone.now())
    run = full()
    for metres in (0, 12, 80):
        place = place_at(run, 116.0503 + metres / 111_320, 0.0, now=timezone.now())
        evidence = place.layer("TELKOMSEL", "internet").evidence
        assert evidence.distance_km in (0.0, 0.1)


def test_many_reports_of_one_operator_do_not_hide_the_few_of_another(
    two_villages, monkeypatch
):
    monkeypatch.setattr("coverage.selectors.at_point.MOST_NEAR", 5)
    store(*(a_report(lon=116.05 + n / 1e4, lat=0.0) for n in range(8)))
    store(a_report(operator="INDOSAT", lon=116.06, lat=0.0))
    run = full()
    few = place_at(run, 116.05, 0.0, now=timezone.now()).layer("INDOSAT", "voice")
    assert few.evidence.distance_km == pytest.approx(1.2)
    monkeypatch.setattr("coverage.selectors.at_point.FEW_REPORTS", 0)
    place = place_at(run, 116.02, 0.0, now=timezone.now())
    many = place.layer("INDOSAT", "voice").evidence
    assert many.distance_km is None
    assert many.farther_than_km == pytest.approx(3.3)


def test_reports_the_run_did_not_know_are_passed_over_but_not_without_end(
    two_villages, monkeypatch
):
    monkeypatch.setattr("coverage.selectors.at_point.MOST_NEAR", 5)
    monkeypatch.setattr("coverage.selectors.at_point.FEW_REPORTS", 0)
    store(a_report(lon=116.06, lat=0.0))
    run = full()

    def store_later(*lons):
        store(*(a_report(lon=lon, lat=0.0) for lon in lons))
        later = run.input_cutoff_at + timedelta(seconds=1)
        points = [Point(lon, 0.0) for lon in lons]
        SignalReport.objects.filter(point__in=points).update(received_at=later)

    def nearest():
        place = place_at(run, 116.05, 0.0, now=timezone.now())
        return place.layer("TELKOMSEL", "voice").evidence

    store_later(116.05, 116.0501, 116.0502, 116.0503)
    assert nearest().distance_km == pytest.approx(1.2)
    store_later(116.055)
    assert nearest().distance_km is None
    assert nearest().farther_than_km == pytest.approx(0.5)  # of 0.56 km


def test_the_answer_costs_a_fixed_number_of_queries(
    viewer, a_blank_west, django_assert_max_num_queries
):
    full()
    with django_assert_max_num_queries(11):
        ask(viewer, **WEST, operator="TELKOMSEL")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"lon": "116"},
        {"lon": "nan", "lat": "0"},
        {"lon": "116", "lat": "89"},
        {"lon": "116", "lat": "0", "operator": "HALO"},
        {"spot": "abc"},
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(viewer, a_blank_west, query):
    full()
    answer = viewer.get("/api/v1/coverage/at/", query)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_before_any_run_it_says_so(viewer, two_villages):
    assert viewer.get("/api/v1/coverage/at/", WEST).status_code == 404


def test_it_is_for_who_may_see_the_map(client, a_blank_west, settings):
    full()
    assert client.get("/api/v1/coverage/at/", WEST).status_code == 401
    settings.KUKAR_PUBLIC_MAP = True
    assert client.get("/api/v1/coverage/at/", WEST).status_code == 200


# --- the wording alone ---------------------------------------------------------------


def said(state="blank", *, language="en", others="blank", age_days=12, **values):
    """Return what is said of a made-up spot, or of a point where *state* says none."""
    near = Evidence(distance_km=0.2, age_days=3)
    layers = [
        LayerAt(o, "internet", s, -118.0, 6.0, 0.9, None, near)
        for o, s in (
            ("ANY", state),
            ("TELKOMSEL", state),
            ("INDOSAT", others),
            ("XLSMART", others),
        )
    ]
    spot = BlankSpot(
        **{
            "operator": "ANY",
            "service": "internet",
            "state": state,
            "area_km2": 12.44,
            "confidence": 0.9,
            "report_count": 41,
            "settlement_count": 3,
            "people": 210,
            "school_count": 1,
            **values,
        }
    )
    place = PlaceAt(116.0, 0.0, None, None, layers)
    with translation.override(language):
        answer = answer_at(
            place,
            "ANY",
            "internet",
            spot=spot,
            village_names=["Muara Tiq"],
            age_days=age_days,
        )
    return answer.text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_sentence_in_indonesian_is_what_was_asked_for():
    assert said(language="id") == (
        "Blank spot 12,4 km² di Muara Tiq: 3 permukiman, ±210 jiwa, 1 sekolah. "
        "Berdasarkan 41 laporan (terbaru 12 hari lalu), keyakinan tinggi. "
        "Operator yang ada: tidak ada."
    )


def test_the_sentence_in_english_knows_one_from_many():
    assert said(settlement_count=1, people=1, report_count=1, age_days=1) == (
        "Blank spot 12.4 km² in Muara Tiq: 1 settlement, about 1 person, 1 school. "
        "Based on 1 report (newest 1 day ago), high confidence. "
        "Operators there: none."
    )
    assert "3 settlements, about 1,234 people, 2 schools" in said(
        people=1234, school_count=2
    )


def test_nobody_inside_is_said_in_words():
    nobody = {"settlement_count": 0, "people": 0, "school_count": 0}
    assert said(language="id", **nobody).startswith(
        "Blank spot 12,4 km² di Muara Tiq: tidak ada permukiman di dalamnya. "
    )
    assert " no settlement in it. " in said(**nobody)


def test_an_operator_that_is_there_is_named():
    assert said(others="weak").endswith(
        "Operators there: Indosat Ooredoo Hutchison, XLSmart."
    )


def test_a_spot_without_a_report_inside_says_what_it_rests_on():
    assert "No report inside; estimated from reports nearby, low confidence." in said(
        report_count=0, age_days=None, confidence=0.51
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (1, "1 day ago"),
        (44, "44 days ago"),
        (60, "2 months ago"),
        (800, "2 years ago"),
    ],
)
def test_an_age_is_said_as_people_would(days, words):
    with translation.override("en"):
        assert age(days) == words


def test_evidence_after_the_run_is_not_in_its_answer(viewer, a_blank_west):
    run = full()
    store(no_service(operator="INDOSAT", **WEST), now=timezone.now())
    answer = ask(viewer, **WEST, run=run.pk)
    assert layer(answer, "INDOSAT")["evidence"]["distance_km"] is None
    assert run.input_cutoff_at <= timezone.now() + timedelta(seconds=1)
