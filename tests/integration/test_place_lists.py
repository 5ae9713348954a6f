"""Lists of settlements, facilities, sites and facts, as offices have them."""

import io
import json
import shutil
import zipfile
from datetime import date

import geopandas
import openpyxl
import pytest
import shapely
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from coverage.models import BlankSpot, PlaceCoverage
from kukar_connect.errors import DomainError
from tests.conftest import a_report, store
from tests.integration.test_compute import changes, full
from villages.importers import place_files
from villages.models import (
    Facility,
    OfficeInternet,
    ReportChange,
    Settlement,
    Site,
    Village,
)
from villages.services.demo_places import load_demo_places
from villages.services.load_place_file import PlaceLoadError, load_place_file

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)
REAL = settings.BASE_DIR.parent / "shared" / "data" / "kukar"


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def load(path, what="settlements", source="Disdukcapil 2026", **options):
    return load_place_file(what=what, path=path, source=source, today=TODAY, **options)


@pytest.fixture
def csv_of(tmp_path):
    def write(text, name="daftar.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write


def a_frame(**columns):
    frame = {
        "Nama": ["RT 01", "RT 02"],
        "jenis": ["RT", "rt"],
        "Jml_Jiwa": [120, 80],
        "geometry": shapely.points([(116.02, 0.01), (116.15, -0.01)]),
        **columns,
    }
    return geopandas.GeoDataFrame(frame, crs=4326)


def names_in(village):
    return sorted(village.settlements.values_list("name", flat=True))


# --- formats -------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gpkg", "geojson", "kml", "shp.zip", "utm.gpkg"])
@pytest.mark.parametrize("is_own", [True, False])
def test_maps_of_every_format_are_read(two_villages, tmp_path, form, is_own):
    frame = a_frame()
    path = tmp_path / f"rt.{form}"
    if form == "shp.zip":
        (tmp_path / "shp").mkdir()
        frame.to_file(tmp_path / "shp" / "rt.shp")
        shutil.make_archive(str(tmp_path / "rt.shp"), "zip", tmp_path / "shp")
    elif form == "utm.gpkg":
        frame.to_crs(32650).to_file(path)
    elif form == "kml":
        frame.rename(columns={"Nama": "Name"}).to_file(path, driver="LIBKML")
    else:
        frame.to_file(path)
    first = load(path, is_own=is_own)
    assert first.counts == {"added": 2, "changed": 0, "unchanged": 0, "left_out": 0}
    west, east = two_villages
    assert (names_in(west), names_in(east)) == (["RT 01"], ["RT 02"])
    rt = west.settlements.get()
    assert (rt.kind, rt.people, rt.source) == ("rt", 120, "Disdukcapil 2026")
    assert rt.point.equals_exact(shapely_to_geos(116.02, 0.01), 1e-6)
    assert load(path, is_own=is_own).counts["unchanged"] == 2


def shapely_to_geos(lon, lat):
    from django.contrib.gis.geos import Point

    return Point(lon, lat, srid=4326)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("rw", ["RT 01 RW 01", "RT 01 RW 02", "RT 02 RW 01"]),
        ("dusun", ["RT 01 Dusun 1", "RT 01 Dusun 2", "RT 02 Dusun 1"]),
    ],
)
def test_numbers_that_begin_anew_in_each_part_of_a_village_are_several_rt(
    two_villages, csv_of, heading, names
):
    rows = (
        f"kode_desa;rt;{heading};jiwa;bujur;lintang\n"
        "6402122001;1;1;10;116,02;0,01\n"
        "6402122001;1;2;20;116,03;0,01\n"
        "6402122001;2;1;30;116,04;0,01\n"
        # Where they go through, they are told by their number.
        "6402122002;1;1;40;116,14;0,01\n"
        "6402122002;2;2;50;116,15;0,01\n"
    )
    assert load(csv_of(rows)).counts["added"] == 5
    west, east = two_villages
    assert (names_in(west), names_in(east)) == (names, ["RT 01", "RT 02"])
    assert load(csv_of(rows)).counts["unchanged"] == 5
    # A later list of one part finds the same RT.
    later = load(
        csv_of(f"kode_desa;rt;{heading};jiwa\n6402122001;01;2;21\n6402122002;2;2;50\n")
    )
    assert [row.result for row in later.rows] == ["changed", "unchanged"]
    assert west.settlements.get(name=names[1]).people == 21


def test_two_rt_of_one_number_without_more_are_named_and_not_added_up(
    two_villages, csv_of
):
    path = csv_of(
        "kode_desa;rt;jiwa;bujur;lintang\n"
        "6402122001;1;10;116,02;0,01\n"
        "6402122001;1;20;116,03;0,01\n"
    )
    first, second = load(path).rows
    assert (first.result, second.result) == ("added", "left_out")
    assert "row 2" in second.reason
    assert "RW" in second.reason


def test_an_rt_known_by_its_number_alone_is_named_when_a_list_has_two_of_it(
    two_villages, csv_of
):
    load(csv_of("kode_desa;rt;bujur;lintang\n6402122001;1;116,02;0,01\n"))
    later = load(
        csv_of(
            "kode_desa;rt;rw;bujur;lintang\n"
            "6402122001;1;1;116,02;0,01\n"
            "6402122001;1;2;116,03;0,01\n"
        )
    )
    assert all("“RT 01” of an earlier list stays" in row.warning for row in later.rows)
    assert names_in(two_villages[0]) == ["RT 01", "RT 01 RW 01", "RT 01 RW 02"]


def test_an_excel_workbook_with_titles_above_and_examples(two_villages, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Daftar RT Kecamatan Tabang"])
    sheet.append([])
    sheet.append(["Kecamatan", "Desa", "RT", "KK", "Jiwa", "Bujur", "Lintang"])
    sheet.append(["CONTOH (tidak dibaca)", "nama desa", 1, 1, 1, 116.98, -0.42])
    sheet.append(["Kecamatan 12", "Hulu", 3, 40, 150.0, 116.03, 0.02])
    book.save(tmp_path / "rt.xlsx")
    assert load(tmp_path / "rt.xlsx").counts["added"] == 1
    rt = Settlement.objects.get()
    assert (rt.name, rt.kind, rt.households, rt.people) == ("RT 03", "rt", 40, 150)


def test_csv_with_semicolons_decimal_commas_and_thousands(two_villages, csv_of):
    path = csv_of(
        "kode;nama;jenis;jiwa;bujur;lintang\r\n"
        "64.02.12.2001;Dusun Hulu;Dusun;1.250;116,0312;-0,0125\r\n",
        encoding="utf-8-sig",
    )
    load(path)
    place = Settlement.objects.get()
    assert (place.kind, place.people) == ("dusun", 1250)
    assert (place.point.x, place.point.y) == (116.0312, -0.0125)


def test_areas_stand_for_a_point_in_them_and_lines_are_left_out(two_villages, tmp_path):
    frame = a_frame(
        geometry=[
            shapely.box(116.01, 0.0, 116.03, 0.02),
            shapely.LineString([(116.01, 0), (116.02, 0)]),
        ]
    )
    frame.to_file(tmp_path / "rt.gpkg")
    result = load(tmp_path / "rt.gpkg")
    assert result.counts["added"] == 1
    assert "line is no place" in result.rows[1].reason
    assert shapely.box(116.01, 0.0, 116.03, 0.02).covers(
        shapely.Point(Settlement.objects.get().point.coords)
    )


# --- what becomes of rows --------------------------------------------------------------


def test_every_row_that_cannot_be_used_is_named_with_its_reason(two_villages, csv_of):
    result = load(
        csv_of(
            "desa,kecamatan,nama,kk,lon,lat\n"
            "Hulu,Kecamatan 12,RT 1,30,116.02,0.0\n"
            "Hulu,Kecamatan 12,rt. 01,31,116.03,0.0\n"
            "Antah,,RT 2,1,116.02,0.0\n"
            "Hulu,,,1,116.02,0.0\n"
            "Hulu,,RT 3,1,,\n"
            "Hulu,,RT 4,1,0.0,116.02\n"
            "Hulu,,RT 5,1,500123,9998877\n"
            "Hulu,,RT 6,1,10.0,50.0\n"
            "Hulu,,RT 7,-3,116.02,0.0\n"
            "Hulu,,RT 8,2.5,116.02,0.0\n"
            'Hulu,,"=HYPERLINK(""http://x"")",2,116.02,0.0\n'
            ",,RT 9,2,117.9,3.0\n"
            "Hulu,,RT 10,2,116.15,0.0\n"
        )
    )
    reasons = {row.line: row.reason for row in result.rows if row.reason}
    words = {
        3: "same place as in row 2",
        4: "No village is called",
        5: "no name",
        6: "no position",
        7: "swapped",
        8: "UTM",
        9: "outside Indonesia",
        10: "no whole number",
        11: "no whole number",
        12: "Formulas",
        13: "lies in none",
    }
    assert reasons.keys() == words.keys()
    for line, word in words.items():
        assert word in reasons[line]
    assert result.counts["added"] == 2
    assert result.rows[-1].warning == "Lies in Hilir."


def test_approximate_boundaries_are_named_where_they_were_relied_on(
    two_villages, csv_of
):
    Village.objects.update(boundary_source="approximate")
    result = load(
        csv_of(
            "desa,nama,lon,lat\n"
            "Hulu,RT 1,116.02,0\n"
            "Hulu,RT 2,116.15,0\n"
            ",RT 3,116.15,0\n"
        )
    )
    assert [row.warning for row in result.rows] == [
        "",
        "Lies in Hilir, by approximate boundaries.",
        "The village was found by an approximate boundary.",
    ]


def test_a_second_list_changes_what_it_tells_and_leaves_the_rest(two_villages, csv_of):
    head = "desa,nama,kk,jiwa,lon,lat\n"
    load(csv_of(head + "Hulu,RT 1,30,100,116.02,0\nHulu,RT 2,10,40,116.03,0\n"))
    result = load(csv_of(head + "Hulu,RT 01,,110,116.04,0\n"), source="Desa 2027")
    assert result.counts == {"added": 0, "changed": 1, "unchanged": 0, "left_out": 0}
    rt = Settlement.objects.get(name="RT 1")
    assert (rt.households, rt.people, rt.point.x) == (30, 110, 116.04)
    assert rt.source == "Desa 2027"
    assert Settlement.objects.count() == 2


def test_numbers_alone_may_come_without_positions(two_villages, csv_of):
    load(csv_of("desa,nama,lon,lat\nHulu,RT 1,116.02,0\n"))
    load(csv_of("desa,nama,jiwa\nHulu,RT 1,99\n"))
    rt = Settlement.objects.get()
    assert (rt.people, rt.point.x) == (99, 116.02)


def test_a_trial_stores_nothing_and_says_the_same(two_villages, csv_of):
    store(a_report())
    ReportChange.objects.all().delete()
    path = csv_of("desa,nama,lon,lat\nHulu,RT 1,116.02,0\n")
    assert load(path, is_dry_run=True).counts["added"] == 1
    assert not Settlement.objects.exists()
    assert not ReportChange.objects.exists()


def test_one_note_tells_the_worker_where_places_came(two_villages, csv_of):
    store(a_report(), a_report(operator="INDOSAT"))
    ReportChange.objects.all().delete()
    path = csv_of("desa,nama,lon,lat\nHulu,RT 1,116.02,0\nHulu,RT 2,116.04,0.01\n")
    load(path)
    note = ReportChange.objects.get()
    assert note.operators == ["TELKOMSEL", "INDOSAT"]
    # The village's own point stood for its people until now.
    for point in ((116.02, 0), (116.04, 0.01), two_villages[0].point.coords):
        assert note.extent.covers(shapely_to_geos(*point))
    load(path)
    assert ReportChange.objects.count() == 1


def test_invented_places_give_way_where_the_office_has_its_own(two_villages, csv_of):
    load_demo_places()
    west, east = two_villages
    load(csv_of("desa,nama,lon,lat\nHulu,RT 77,116.02,0\n"))
    assert names_in(west) == ["RT 77"]
    assert not west.settlements.filter(is_demo=True).exists()
    assert east.settlements.filter(is_demo=True).exists()
    assert west.facilities.filter(is_demo=True).exists()


def test_other_names_of_a_village_are_its_names(two_villages, csv_of):
    west, _east = two_villages
    west.aliases = ["Long Sungai"]
    west.save()
    load(csv_of("desa,nama,lon,lat\nLong Sungai,RT 1,116.02,0\n"))
    assert names_in(west) == ["RT 1"]


def test_schools_and_puskesmas_by_kind_or_by_name(two_villages, csv_of):
    result = load(
        csv_of(
            "desa,nama,bentuk,siswa,pasien,lon,lat\n"
            "Hulu,SD Negeri 001 Hulu,SD,120,,116.02,0\n"
            "Hulu,Puskesmas Hulu,,,3.400,116.03,0\n"
            "Hulu,Toko,,,,116.03,0\n"
            "Hulu,Balai,Istana,,,116.03,0\n"
        ),
        "facilities",
    )
    assert result.counts["added"] == 2
    school = Facility.objects.get(kind="school")
    assert (school.pupils, school.patients) == (120, None)
    assert Facility.objects.get(kind="health_centre").patients == 3400
    assert "What kind" in result.rows[2].reason
    assert "Istana" in result.rows[3].reason


def test_the_estimators_file_of_sites_is_a_list_of_sites(two_villages, csv_of):
    path = csv_of(
        "operator,lon,lat,height_m\nTELKOMSEL,116.02,0.0,42\nXLSMART,116.15,0.0,\n"
    )
    result = load(path, "sites")
    assert result.counts["added"] == 2
    site = Site.objects.get(operators=["TELKOMSEL"])
    assert (site.kind, site.height_m, site.status) == ("bts", 42.0, "not_known")
    assert site.village == two_villages[0]
    assert load(path, "sites").counts["unchanged"] == 2
    from coverage.services.read_files import read_sites

    assert read_sites(path, operator="TELKOMSEL").lon.tolist() == [116.02]


def test_a_site_says_what_was_seen_of_it(two_villages, csv_of):
    load(
        csv_of(
            "nama;jenis;operator;teknologi;tinggi;keadaan;tanggal;bujur;lintang\n"
            "BTS Hulu;menara;Telkomsel, Indosat;2G/4G;42,5;tidak berfungsi;28/1/2023;"
            "116,02;0\n"
        ),
        "sites",
    )
    site = Site.objects.get()
    assert site.operators == ["TELKOMSEL", "INDOSAT"]
    assert (site.technologies, site.height_m) == (["2G", "4G"], 42.5)
    assert (site.status, site.verified_date) == ("off_air", date(2023, 1, 28))


def test_facts_about_villages_are_kept_with_their_source(two_villages, csv_of):
    path = csv_of(
        "kode;penduduk;listrik;nama lain;internet;keadaan;tanggal\n"
        "64.02.12.2001;1.024;18 jam;Hulu Lama; Hulu Dua;;;\n".replace(
            "; Hulu", ", Hulu"
        )
        + "64.02.12.2002;;;;radio link/Starlink;berfungsi;29/11/2025\n"
        "64.02.12.2003;5;;;;;\n"
        "64.02.12.2002;;25;;;;\n"
        "64.02.12.2002;;;;Orbit;;\n"
    )
    result = load(path, "village_facts")
    assert [row.result for row in result.rows] == [
        "changed",
        "changed",
        "left_out",
        "left_out",
        "left_out",
    ]
    west = Village.objects.get(code="64.02.12.2001")
    assert (west.people, west.power_hours) == (1024, 18)
    assert west.people_source == west.power_source == "Disdukcapil 2026"
    assert west.aliases == ["Hulu Lama", "Hulu Dua"]
    internet = OfficeInternet.objects.get()
    assert (internet.kinds, internet.status) == (["radio_link", "satellite"], "working")
    again = load(path, "village_facts")
    assert again.counts["changed"] == 0


def test_the_next_run_counts_the_people_of_a_list(a_blank_west, csv_of):
    full()
    load(csv_of("desa,nama,jiwa,lon,lat\nHulu,RT 1,120,116.05,0\n"))
    run = changes()
    spot = BlankSpot.objects.of_run(run.pk).get(
        operator="TELKOMSEL", service="internet", state="blank"
    )
    assert (spot.settlement_count, spot.people, spot.is_demo) == (1, 120, False)
    rt = Settlement.objects.get()
    assert PlaceCoverage.objects.of_run(run.pk).filter(
        settlement=rt, operator="TELKOMSEL", service="internet", state="blank"
    )


# --- hostile and broken files ------------------------------------------------------------


def refused(path, words, **options):
    with pytest.raises(DomainError, match=words):
        load(path, **options)
    assert not Settlement.objects.exists()


def test_a_file_without_a_coordinate_system_is_refused(two_villages, tmp_path):
    (tmp_path / "shp").mkdir()
    a_frame().to_file(tmp_path / "shp" / "rt.shp")
    (tmp_path / "shp" / "rt.prj").unlink()
    shutil.make_archive(str(tmp_path / "rt"), "zip", tmp_path / "shp")
    refused(tmp_path / "rt.zip", "coordinate system")


def test_a_wrong_coordinate_system_is_refused(two_villages, tmp_path):
    frame = a_frame().to_crs(32650).set_crs(32601, allow_override=True)
    frame.to_file(tmp_path / "rt.gpkg")
    refused(tmp_path / "rt.gpkg", "outside Indonesia")


def test_files_that_are_too_large_are_refused(two_villages, csv_of, monkeypatch):
    refused(csv_of("nama,lon,lat\n" + "x" * (10 * 1024 * 1024)), "larger than 10 MB")
    monkeypatch.setattr(place_files, "MAX_ROWS", 3)
    refused(csv_of("nama,lon,lat\n" + "RT 1,116.02,0\n" * 4), "more than 3 rows")


def test_an_archive_that_unpacks_into_too_much_is_refused(two_villages, tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rt.shp", b"\0" * (101 * 1024 * 1024))
    refused(path, "larger than 100 MB")


@pytest.mark.parametrize(
    "content",
    [
        b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd'
        b"</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>',
        b"PK\x03\x04 damaged",
        b"SQLite format 3\0 damaged",
        b'{"type": "FeatureCollection", "features": []}',
        b"{",
        b"\xd0\xcf\x11\xe0 old",
        b"",
        b"nothing,of,ours\n1,2,3\n",
        b"\x00\xff\xfe binary",
    ],
)
def test_what_is_no_list_of_places_is_refused_in_words(two_villages, tmp_path, content):
    path = tmp_path / "rt.geojson"
    path.write_bytes(content)
    with pytest.raises(DomainError) as caught:
        load(path)
    assert caught.value.detail


def test_an_archive_cannot_write_elsewhere(two_villages, tmp_path):
    frame_dir = tmp_path / "shp"
    frame_dir.mkdir()
    a_frame().to_file(frame_dir / "rt.shp")
    path = tmp_path / "rt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in frame_dir.iterdir():
            archive.write(part, f"../../{part.name}")
        archive.writestr("../../evil.sh", "boo")
    assert load(path).counts["added"] == 2
    assert not (tmp_path.parent / "evil.sh").exists()


def test_a_list_needs_its_source(two_villages, csv_of):
    path = csv_of("desa,nama,lon,lat\nHulu,RT 1,116.02,0\n")
    with pytest.raises(PlaceLoadError):
        load(path, source="  ")


def test_five_thousand_rows_are_a_few_statements(
    two_villages, csv_of, django_assert_max_num_queries
):
    rows = "".join(
        f"{'Hulu' if n % 2 else 'Hilir'},RT {n},{n % 300},116.{n % 2:d}5,0.0\n"
        for n in range(5_000)
    )
    path = csv_of("desa,nama,jiwa,lon,lat\n" + rows)
    with django_assert_max_num_queries(40):
        assert load(path).counts["added"] == 5_000


# --- the command -------------------------------------------------------------------------


def test_the_command_says_what_became_of_the_rows(two_villages, csv_of, capsys):
    path = csv_of("desa,nama,lon,lat,warna\nHulu,RT 1,116.02,0,biru\nX Y,RT 2,116,0,\n")
    call_command("load_settlements", path, "--source", "Desa", "--json")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["added"], result["left_out"]) == (1, 1)
    assert result["ignored_columns"] == ["warna"]
    assert result["rows_left_out"][0].startswith("row 3: RT 2: No village")
    call_command("load_settlements", path, "--source", "Desa", "--dry-run")
    assert "1 unchanged" in capsys.readouterr().out
    with pytest.raises(CommandError, match="could not be read"):
        call_command("load_facilities", path.with_name("x.csv"), "--source", "Desa")


@pytest.mark.skipif(
    not REAL.is_dir(), reason="the real schools are not beside this clone"
)
def test_the_real_list_of_schools_comes_in(db):
    call_command("load_villages", stderr=io.StringIO(), stdout=io.StringIO())
    result = load(REAL / "schools-2019.geojson", "facilities", "Dapodik 2019")
    assert result.counts["added"] > 600
    assert Facility.objects.filter(kind="school").count() == result.counts["added"]
