"""Pages of a village and a district over a small regency counted by hand.

Hulu has four settlements, Hilir none; the states are put in as a run would write them.
"""

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from html import unescape

import numpy as np
import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db.models import F
from django.utils import timezone, translation

from coverage.core import grid
from coverage.models import (
    BlankSpot,
    CoverageRun,
    PlaceCoverage,
    SurfaceTile,
    VillageCoverage,
)
from coverage.selectors.around import neighbours_of, sites_near, spot_counts
from coverage.selectors.history import runs_for_history
from coverage.selectors.places import (
    PlaceRow,
    area_history,
    place_history,
    place_rows,
)
from coverage.selectors.surface_points import estimates_at
from coverage.selectors.tallies import (
    people_without_4g,
    tallies_of,
    tally,
    with_all_operators,
)
from coverage.services.layers import pack
from coverage.web.profile_rows import podes_point
from tests.conftest import a_report, store
from villages.models import (
    Claim,
    Facility,
    OfficeInternet,
    Settlement,
    Site,
    Village,
)
from villages.selectors.report_counts import village_report_counts

pytestmark = pytest.mark.django_db

# Settlement: internet and calls of Telkomsel, and its people. In officials' words:
# 4G, calls only, no signal, not measured.
SETTLEMENTS = {
    "RT 1": ("covered", "covered", 100),
    "RT 2": ("blank", "weak", 60),
    "RT 3": ("blank", "blank", 40),
    "RT 4": ("unknown", "unknown", None),
}
P_BLANK = {"covered": 0.1, "weak": 0.2, "likely_blank": 0.4, "blank": 0.8}


def a_run(when, *, is_current=False):
    return CoverageRun.objects.create(
        state="published",
        is_current=is_current,
        is_full=True,
        published_at=when,
        input_cutoff_at=when,
        software_version="test",
    )


def a_place(run, village, internet, voice, *, operators=("TELKOMSEL", "ANY"), **place):
    for operator in operators:
        for service, state in (("internet", internet), ("voice", voice)):
            PlaceCoverage.objects.create(
                first_run=run,
                operator=operator,
                service=service,
                village=village,
                state=state,
                p_blank=P_BLANK.get(state),
                **place,
            )


def an_area(run, village, *areas, operator="ANY", service="internet"):
    covered, weak, likely, blank, unknown = areas
    VillageCoverage.objects.create(
        first_run=run,
        operator=operator,
        service=service,
        village=village,
        covered_km2=covered,
        weak_km2=weak,
        likely_blank_km2=likely,
        blank_km2=blank,
        unknown_km2=unknown,
        report_count=7,
    )


def a_spot(run, *villages, areas, when, state="blank", operator="ANY"):
    square = MultiPolygon(Polygon.from_bbox((116.04, 0, 116.06, 0.02)), srid=4326)
    return BlankSpot.objects.create(
        first_run=run,
        identity=uuid.uuid4(),
        operator=operator,
        service="internet",
        state=state,
        anchor_column=1,
        anchor_row=1,
        polygon=square,
        outline=square,
        area_km2=sum(areas),
        confidence=0.85,
        confidence_std=0.1,
        report_count=9,
        reporter_count=2,
        newest_report_at=when,
        oldest_report_at=when,
        villages=[village.code for village in villages],
        village_areas_km2=list(areas),
        village_shares=[0.1] * len(areas),
        districts=["64.02.12"],
    )


@pytest.fixture
def small(two_villages, now):
    """A regency of two villages with a run of October and one of November."""
    hulu, hilir = two_villages
    october = a_run(now - timedelta(days=30))
    november = a_run(now, is_current=True)
    places = {}
    for n, (name, (internet, voice, people)) in enumerate(SETTLEMENTS.items()):
        places[name] = Settlement.objects.create(
            village=hulu,
            kind="rt",
            name=name,
            people=people,
            point=Point(116.02 + 0.01 * n, 0.0, srid=4326),
            source="kantor desa",
        )
        a_place(november, hulu, internet, voice, settlement=places[name])
    # In October there was the village's point alone, and it had no signal.
    a_place(october, hulu, "blank", "blank")
    PlaceCoverage.objects.filter(first_run=october).update(ended_run=november)
    a_place(october, hilir, "weak", "covered")
    school = Facility.objects.create(
        village=hulu,
        kind="school",
        name="SDN 1",
        point=Point(116.02, 0.0, srid=4326),
        source="Dapodik",
    )
    a_place(november, hulu, "weak", "covered", facility=school)
    an_area(november, hulu, 60, 10, 5, 25, 10)
    an_area(november, hilir, 100, 0, 0, 0, 0)
    return {"hulu": hulu, "hilir": hilir, "october": october, "november": november}


def text_of(response):
    """Return what the page says, each space, also one that does not break, as one."""
    body = re.sub(
        r"<(script|style|svg|head).*?</\1>", " ", response.content.decode(), flags=re.S
    )
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture
def page(client, officer):
    client.force_login(officer)

    def page(path, language="id"):
        client.cookies["django_language"] = language
        response = client.get(path)
        assert response.status_code == 200
        return text_of(response)

    return page


# --- counting ---------------------------------------------------------------------


def test_settlements_are_counted_by_hand(small):
    rows = place_rows(small["november"], [small["hulu"].code])
    found = tallies_of(with_all_operators(rows, [small["hulu"].code]))
    counts = {s.value: n for s, n in found["TELKOMSEL"].present}
    assert counts == {"four_g": 1, "voice_only": 1, "no_signal": 1, "unknown": 1}
    # 4G: 1 − 0.1; calls only: min(0.8, 1 − 0.2); no signal: min(0.8, 0.8).
    assert found["TELKOMSEL"].confidence == pytest.approx((0.9 + 0.8 + 0.8) / 3)
    # Nobody reported Indosat: all four are unknown, none is left out.
    assert {s.value: n for s, n in found["INDOSAT"].present} == {"unknown": 4}
    assert found["INDOSAT"].confidence is None


def test_people_without_4g_are_those_of_the_settlements_without(small):
    rows = place_rows(small["november"], [small["hulu"].code])
    of_any = [r for r in rows if r.operator == "ANY" and r.is_of_people]
    people = dict(Settlement.objects.values_list("pk", "people"))
    assert people_without_4g(of_any, people) == (60 + 40, 0)
    assert people_without_4g(of_any, dict.fromkeys(people)) == (None, None)


def test_who_has_no_4g_counts_so_where_calls_were_not_measured():
    """As on the dashboard, which counts by the internet layer."""
    rows = [
        PlaceRow("x", 1, None, "ANY", "blank", 0.9, "unknown", None),
        PlaceRow("x", 2, None, "ANY", "likely_blank", 0.6, None, None),
        PlaceRow("x", 3, None, "ANY", "unknown", None, "covered", 0.1),
        PlaceRow("x", 4, None, "ANY", "weak", 0.4, "covered", 0.1),
    ]
    people = {1: 1, 2: 20, 3: 300, 4: 4000}
    assert people_without_4g(rows, people) == (21, 300)


def test_podes_is_read_where_most_people_live(small):
    hulu = small["hulu"]
    settlements = list(hulu.settlements.order_by(F("people").asc(nulls_first=True)))
    point, kind = podes_point(hulu, settlements, [])
    assert (point, kind) == (settlements[-1].point, "largest")
    office = Facility(kind="village_office", point=Point(116.01, 0.01, srid=4326))
    assert podes_point(hulu, settlements, [office]) == (office.point, "office")
    assert podes_point(hulu, [], [])[1] == "point"


def test_a_village_that_no_run_knows_is_unknown_and_not_missing(small):
    found = tally(with_all_operators([], ["64.02.12.9999"]))
    assert {s.value for s, _n in found.present} == {"unknown"}


def test_the_history_counts_each_run_with_the_rows_that_held_then(small):
    runs = runs_for_history()
    assert runs == [small["october"], small["november"]]
    rows = place_history(runs, [small["hulu"].code])
    counts = {
        (row.run, row.official.value): row.count
        for row in rows
        if row.operator == "TELKOMSEL"
    }
    october, november = (run.pk for run in runs)
    assert counts == {
        (october, "no_signal"): 1,
        (november, "four_g"): 1,
        (november, "voice_only"): 1,
        (november, "no_signal"): 1,
        (november, "unknown"): 1,
    }


def test_the_history_of_areas_takes_weak_out_of_covered(small):
    codes = [small["hulu"].code, small["hilir"].code]
    areas = area_history(runs_for_history(), codes, "ANY", "internet")
    assert areas == {small["november"].pk: [150.0, 10.0, 5.0, 25.0, 10.0]}


def test_of_several_runs_in_a_month_the_last_tells_its_history(small, now):
    CoverageRun.objects.update(is_current=False)
    later = a_run(now + timedelta(days=2), is_current=True)
    assert runs_for_history() == [small["october"], later]


def test_spots_are_counted_with_their_part_in_each_village(small, now):
    hulu, hilir = small["hulu"], small["hilir"]
    old = now - timedelta(days=200)
    a_spot(small["november"], hulu, hilir, areas=(3.0, 1.0), when=old)
    a_spot(small["november"], hulu, areas=(2.0,), when=now)
    a_spot(small["november"], hulu, areas=(9.0,), when=now, operator="TELKOMSEL")
    ended = a_spot(small["october"], hulu, areas=(7.0,), when=now)
    BlankSpot.objects.filter(pk=ended.pk).update(ended_run=small["november"])
    codes = [hulu.code, hilir.code]
    found = spot_counts(small["november"], codes, "ANY", "internet")
    assert {c: (s.count, s.area_km2, s.stalest_at) for c, s in found.items()} == {
        hulu.code: (2, 5.0, old),
        hilir.code: (1, 1.0, old),
    }


def test_reports_are_counted_by_the_months_of_the_regency(two_villages, now):
    # 31 October 20.00 UTC is 1 November in Kutai Kartanegara.
    edge = datetime(2026, 10, 31, 20, 0, tzinfo=UTC)
    store(a_report(observed_at=edge), a_report(observed_at=edge - timedelta(days=1)))
    store(a_report(operator="INDOSAT", observed_at=edge), is_demo=True)
    counts = village_report_counts(two_villages[0].code)
    assert [(c.month, c.operator, c.count, c.is_demo) for c in counts] == [
        (date(2026, 11, 1), "INDOSAT", 1, True),
        (date(2026, 11, 1), "TELKOMSEL", 1, False),
        (date(2026, 10, 1), "TELKOMSEL", 1, False),
    ]


def test_neighbours_are_those_whose_boundary_touches(two_villages):
    far = Village.objects.create(
        code="64.02.12.2003",
        name="Jauh",
        kind="desa",
        district_id="64.02.12",
        point=Point(116.5, 0.0, srid=4326),
        area_km2=1,
        boundary=MultiPolygon(Polygon.from_bbox((116.4, 0, 116.6, 0.1)), srid=4326),
    )
    hulu, hilir = two_villages
    assert [n.code for n in neighbours_of(hulu.code)] == [hilir.code]
    assert neighbours_of(far.code) == []


def test_sites_come_nearest_first_and_not_from_beyond_reach(two_villages):
    for name, lon in (("dekat", 116.06), ("jauh", 116.2), ("luar", 117.0)):
        Site.objects.create(
            name=name, kind="bts", point=Point(lon, 0.0, srid=4326), source="x"
        )
    found = list(sites_near(Point(116.05, 0.0, srid=4326)))
    assert [site.name for site in found] == ["dekat", "jauh"]
    assert found[0].distance.km == pytest.approx(1.11, abs=0.01)


def test_sites_are_told_from_the_villages_own_point(small, page):
    """Not from its largest settlement, where PODES' category is read."""
    hulu = small["hulu"]
    largest = max(hulu.settlements.all(), key=lambda one: one.people or 0)
    largest.point = Point(hulu.point.x + 0.03, hulu.point.y, srid=4326)
    largest.save()
    Site.objects.create(name="BTS Hulu", kind="bts", point=hulu.point, source="x")
    assert re.search(r"BTS Hulu \(.*?\): 0(,0)? k?m", page("/desa/64.02.12.2001/"))


def test_the_estimate_of_any_operator_is_that_of_the_strongest(small):
    lon, lat = 116.05, 0.001
    column, row = (int(np.floor(v)) for v in grid.position_of(lon, lat))
    where = (row % 256, column % 256)
    for operator, mean, p in (
        ("ANY", -1190, 10),
        ("INDOSAT", -1190, 10),
        ("TELKOMSEL", -900, 20),
        ("XLSMART", -500, 255),
    ):
        arrays = {
            "state": np.zeros((256, 256), np.uint8),
            "mean_ddbm": np.zeros((256, 256), np.int16),
            "std_ddb": np.full((256, 256), 50, np.uint8),
            "p_blank": np.full((256, 256), 255, np.uint8),
        }
        arrays["mean_ddbm"][where] = mean
        arrays["p_blank"][where] = p
        SurfaceTile.objects.create(
            first_run=small["november"],
            operator=operator,
            service="internet",
            x=column // 256,
            y=row // 256,
            digest="0" * 64,
            **{name: pack(array) for name, array in arrays.items()},
        )
    found = estimates_at(small["november"], "internet", lon=lon, lat=lat)
    assert {name: e.mean_dbm for name, e in found.items()} == {
        "ANY": -90.0,
        "INDOSAT": -119.0,
        "TELKOMSEL": -90.0,
    }
    assert found["TELKOMSEL"].std_db == 5.0
    assert found["TELKOMSEL"].p_blank == pytest.approx(20 / 250)
    beside = estimates_at(small["november"], "internet", lon=lon + 0.01, lat=lat)
    assert beside == {}


# --- the pages --------------------------------------------------------------------


def test_the_village_page_opens_with_a_sentence_to_read_out(small, page):
    assert (
        "Desa Hulu: 1 dari 4 permukiman 4G, 1 hanya telepon (2G), 1 tanpa sinyal, "
        "1 belum diukur." in page("/desa/64.02.12.2001/")
    )
    assert (
        "Desa Hulu: 1 of 4 settlements 4G, 1 calls only (2G), 1 no signal, "
        "1 not measured yet." in page("/desa/64.02.12.2001/", "en")
    )


def test_where_the_village_point_stands_in_the_page_says_so(small, page):
    text = page("/desa/64.02.12.2002/")
    assert "Desa Hilir, di titik desanya: 4G lemah." in text
    assert "satu titik mewakili seluruh penduduknya" in text


def test_what_the_office_has_not_loaded_is_not_shown_as_nothing(small, page):
    text = page("/desa/64.02.12.2001/")
    assert "Belum ada data: belum ada puskesmas yang dimuat." in text
    assert "Penduduk: belum ada data" in text
    assert "Listrik: belum ada data" in text
    # Of four settlements one has no number of people: 200 of the others are counted.
    assert "Tidak termasuk 1 permukiman yang jumlah penduduknya belum dimuat." in text
    assert "100 (50%)" in text


def test_shares_have_what_is_unknown_apart(small, page):
    text = page("/desa/64.02.12.2001/")
    # 50 km² well covered, 10 weak, 5 likely blank, 25 blank, 10 unknown: of 100.
    for share in ("50,0 km² (50%)", "10,0 km² (10%)", "25,0 km² (25%)"):
        assert share in text


def test_office_internet_is_told_apart_from_coverage(small, page):
    OfficeInternet.objects.create(
        village=small["hulu"],
        kinds=["satellite"],
        status="working",
        stated_date=date(2025, 10, 1),
        source="katakaltim.com",
    )
    text = page("/desa/64.02.12.2001/")
    assert "1 Oktober 2025" in text
    assert "bukan sinyal seluler dan tidak dihitung" in text
    assert "1 dari 4 permukiman 4G" in text


def a_claim(village, status, when, kind="statement"):
    return Claim.objects.create(
        village=village,
        kind=kind,
        stated_date=when,
        event=f"peristiwa {when}",
        status=status,
        source="koran",
        name_in_source=village.name,
    )


def test_a_statement_stands_beside_the_measurement_that_differs(small, page):
    a_claim(small["hulu"], "sudah bersinyal sejak 2021", date(2022, 4, 1))
    a_claim(small["hulu"], "blankspot, menunggu BTS", date(2022, 3, 8), "listed_blank")
    a_claim(small["hulu"], "akan dibangun tower", date(2023, 1, 1))
    text = page("/desa/64.02.12.2001/")
    part = text[text.index("Pernyataan resmi Pernyataan, bukan") :]
    order = ["Oktober 2023", "1 Januari 2023", "1 April 2022", "8 Maret 2022"]
    places = [part.index(when) for when in order]
    assert places == sorted(places)
    regency, plan, signal, listed = (
        part[start:end] for start, end in zip(places, [*places[1:], None], strict=True)
    )
    assert "tentang seluruh kabupaten" in regency
    assert "Pengukuran berbeda: 4G: 1 · hanya telepon (2G): 1" in regency
    assert "25,0 km² dari luasnya blank spot" in regency
    # A plan says nothing of a signal: nothing to compare.
    assert "Pengukuran" not in plan
    assert "Pengukuran berbeda" in signal
    assert "Pengukuran sejalan" in listed


def test_single_reports_are_linked_for_verifiers_alone(
    small, client, officer, verifier
):
    report = a_report(lon=116.05)
    store(report)
    for user, is_seen in ((officer, False), (verifier, True)):
        client.force_login(user)
        body = client.get("/desa/64.02.12.2001/").content.decode()
        assert (str(report.id) in body) == is_seen
        assert "1 laporan sejak" in text_of(client.get("/desa/64.02.12.2001/"))


def test_what_to_measure_next_is_what_nobody_knows_nearest_first(small, page):
    for name, internet, lon in (
        ("Balai adat", "unknown", 116.051),
        ("Lapangan", "blank", 116.052),
    ):
        place = Facility.objects.create(
            village=small["hulu"],
            kind="other",
            name=name,
            point=Point(lon, 0.0, srid=4326),
            source="x",
        )
        a_place(small["november"], small["hulu"], internet, "unknown", facility=place)
    text = page("/desa/64.02.12.2001/")
    part = text[text.index("Yang perlu diukur berikutnya Tempat") :]
    part = part[: part.index("Desa tetangga")]
    # From 116.051: the hall at 0 km, RT 4 at 116.05; RT 1 to 3 are known, but of the
    # field nobody knows whether calls work.
    assert part.index("Balai adat") < part.index("RT 4")
    asked = "(4G sudah diukur, telepon belum)"
    assert re.search(rf"Lapangan [^·]*· [^·()]*m {re.escape(asked)}", part), part
    assert part.count(asked) == 1
    assert "RT 1" not in part


def test_aliases_and_neighbours_with_their_state_are_shown(small, page):
    Village.objects.filter(code="64.02.12.2001").update(aliases=["Ulu"])
    text = page("/desa/64.02.12.2001/")
    assert "juga ditulis: Ulu" in text
    part = text[text.rindex("Desa tetangga") :]
    assert re.search(r"Hilir ?: ?4G lemah", part)


def test_the_district_page_adds_up_its_villages(small, page, now):
    a_spot(small["november"], small["hulu"], areas=(2.5,), when=now)
    text = page("/kecamatan/64.02.12/")
    assert (
        "Kecamatan Kecamatan 12: 1 dari 5 permukiman 4G, 1 4G lemah, 1 hanya telepon "
        "(2G), 1 tanpa sinyal, 1 belum diukur." in text
    )
    assert "tanpa 4G dari operator mana pun: 100" in text
    assert "Permukiman 1 desa belum dimuat" in text
    row = text[text.index("Daftar resmi Hilir") :]
    row = row[: row.index("Blank spot internet semua operator")]
    hilir, hulu = row.split(" Hulu ", 1)
    assert "4G lemah" in hilir
    assert "hanya titik desa" in hilir
    assert "belum ada data" in hilir
    assert "campuran" in hulu
    assert "1 / 4" in hulu
    assert "2,5 km²" in hulu
    assert "20 November 2026" in hulu


def test_before_the_first_run_nothing_is_claimed(two_villages, page):
    for path in ("/desa/64.02.12.2001/", "/kecamatan/64.02.12/"):
        text = page(path)
        assert "Belum ada hitungan, jadi belum ada riwayat." in text
        assert "4G lemah" not in text


@pytest.mark.parametrize(
    "path", ["/desa/99.99.99.9999/", "/kecamatan/99.99.99/", "/desa/%00/"]
)
def test_a_place_that_is_not_there_is_404(client, officer, db, path):
    client.force_login(officer)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/desa/64.02.12.2001/", "/kecamatan/64.02.12/"])
def test_the_pages_are_for_people_signed_in(client, small, path):
    assert client.get(path).status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_places(
    small, client, verifier, django_assert_max_num_queries
):
    client.force_login(verifier)
    for n in range(10):
        village = Village.objects.create(
            code=f"64.02.12.30{n:02}",
            name=f"Desa {n}",
            kind="desa",
            district_id="64.02.12",
            point=Point(116.05, 0.0, srid=4326),
            area_km2=1,
            boundary=small["hulu"].boundary,
        )
        place = Settlement.objects.create(
            village=village, kind="rt", name="RT 1", point=village.point, source="x"
        )
        a_place(small["november"], village, "covered", "covered", settlement=place)
        a_claim(small["hulu"], "lemah sinyal", date(2020, 1, 1 + n))
        a_spot(small["november"], small["hulu"], areas=(1.0,), when=timezone.now())
    for path, most in (("/desa/64.02.12.2001/", 22), ("/kecamatan/64.02.12/", 17)):
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


def test_the_api_tells_the_state_in_the_readers_words(small, client, officer):
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    state = client.get("/api/v1/villages/64.02.12.2001/").json()["properties"]["state"]
    assert state["sentence"].startswith("Desa Hulu: 1 of 4 settlements 4G")
    assert state["is_stand_in"] is False
    of_any = state["operators"][0]
    assert (of_any["operator"], of_any["state"]) == ("ANY", "mixed")
    assert of_any["places"] == {
        "four_g": 1,
        "voice_only": 1,
        "no_signal": 1,
        "unknown": 1,
    }
    assert of_any["confidence"] == 0.833
    with translation.override("en"):
        schema = client.get("/api/v1/schema/?format=json").content.decode()
    assert "likely_voice_only" in schema
