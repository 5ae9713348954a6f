"""The pages of settlements and facilities: lists, single places, and who may."""

import io

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.conftest import a_report, store
from villages.importers.place_files import MAX_BYTES
from villages.models import Facility, ReportChange, Settlement
from villages.services.demo_places import load_demo_places
from villages.services.edit_places import PlaceEditError, save_place
from villages.services.place_workbooks import place_template

pytestmark = pytest.mark.django_db
CSV = "desa,nama,jiwa,lon,lat\nHulu,RT 1,90,116.02,0\nAntah,RT 2,1,116.02,0\n"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path


@pytest.fixture
def analyst(account, client):
    user = account("ana", "analyst")
    client.force_login(user)
    return user


@pytest.fixture
def noted():
    """Begin with a report, and without notes for the worker."""
    store(a_report())
    ReportChange.objects.all().delete()


def bring(client, text=CSV, sort="rt", name="rt.csv"):
    return client.post(
        reverse("place-bring", args=[sort]),
        {"file": SimpleUploadedFile(name, text.encode()), "source": "Desa 2026"},
    )


def form(village, **values):
    return {
        "village": village.pk,
        "kind": "rt",
        "name": "RT 1",
        "lon": "116,02",
        "lat": "0,01",
        "source": "Kantor desa",
        "households": "",
        "people": "120",
        **values,
    }


# --- who may ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, "viewer", "field", "verifier"])
def test_only_analysts_come_in(role, account, client, two_villages):
    if role:
        client.force_login(account("x", role))
    place = Settlement.objects.create(
        village=two_villages[0], name="RT 1", kind="rt", point=Point(116, 0, srid=4326)
    )
    for name, args in (
        ("places", []),
        ("place-outlines", []),
        ("place-bring", ["rt"]),
        ("place-template", ["rt"]),
        ("place-new", ["rt"]),
        ("place", ["rt", place.pk]),
        ("place-delete", ["rt", place.pk]),
    ):
        answer = client.get(reverse(name, args=args))
        assert answer.status_code == (403 if role else 302)
    for name, args in (("place-delete", ["rt", place.pk]), ("place-bring", ["rt"])):
        assert client.post(reverse(name, args=args)).status_code in (302, 403)
    assert Settlement.objects.count() == 1


def test_what_is_no_sort_of_place_is_not_there(analyst, client, two_villages):
    assert client.get("/permukiman/muat/menara/").status_code == 404
    assert client.get("/permukiman/menara/baru/").status_code == 404


# --- lists -----------------------------------------------------------------------------


def test_a_list_is_stored_when_it_is_confirmed_and_only_then(
    analyst, client, two_villages, noted
):
    page = bring(client).url
    told = client.get(page).content.decode()
    assert "Belum ada yang disimpan" in told
    assert "Tidak ada desa bernama “Antah”" in told
    assert not Settlement.objects.exists()
    for _time in range(2):
        assert "Daftar tersimpan" in client.post(page, follow=True).content.decode()
    assert Settlement.objects.get().people == 90
    assert ReportChange.objects.count() == 1
    entry = LogEntry.objects.get()
    assert (entry.user, entry.change_message) == (
        analyst,
        "added: 1, changed: 0, unchanged: 0, left_out: 1",
    )


def test_a_discarded_list_is_gone(analyst, client, two_villages):
    page = bring(client).url
    client.post(page + "buang/")
    assert client.get(page).status_code == 404
    assert client.post(page).status_code == 404
    assert not Settlement.objects.exists()


def test_a_file_that_cannot_be_read_is_refused_beside_its_field(
    analyst, client, two_villages, settings
):
    answer = bring(client, "<OGRVRTDataSource/>", name="rt.kml")
    assert "Ini bukan KML" in answer.content.decode()
    assert not list((settings.KUKAR_LOCAL_DIR / "place-lists").iterdir())


def test_what_is_far_too_large_is_not_even_read(analyst, client):
    answer = client.post(
        reverse("place-bring", args=["rt"]),
        data=b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(MAX_BYTES + 1024 * 1024),
    )
    assert answer.status_code == 413


def test_the_upload_needs_its_token(account, two_villages):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(account("ana", "analyst"))
    assert bring(strict).status_code == 403


@pytest.mark.parametrize("what", ["settlements", "facilities"])
def test_the_filled_in_template_comes_in(what, two_villages, tmp_path):
    from datetime import date

    from villages.services.load_place_file import load_place_file

    book = openpyxl.load_workbook(io.BytesIO(place_template(what)))
    sheet = book["Isian"]
    kind = "RT" if what == "settlements" else "Sekolah"
    row = ["Kecamatan 12", "Hulu", None, "Nama 1", kind, 40, None, 116.02, 0.01]
    for column, value in enumerate(row, start=1):
        sheet.cell(3, column, value)
    book.save(tmp_path / "isi.xlsx")
    load = load_place_file(
        what=what, path=tmp_path / "isi.xlsx", source="x", today=date(2026, 11, 25)
    )
    assert load.counts["added"] == 1
    assert load.ignored_columns == []
    model = Settlement if what == "settlements" else Facility
    assert model.objects.get().name == "Nama 1"


def test_the_template_names_the_puskesmas_whose_positions_are_wanted():
    book = openpyxl.load_workbook(io.BytesIO(place_template("facilities")))
    names = [row[3] for row in book["Isian"].iter_rows(min_row=3, values_only=True)]
    assert "UPTD Puskesmas Ritan Baru" in names
    assert len(names) == 32


# --- single places ---------------------------------------------------------------------


def test_a_place_is_added_moved_and_deleted_and_all_of_it_is_kept(
    analyst, client, two_villages, noted
):
    west, _east = two_villages
    client.post(reverse("place-new", args=["rt"]), form(west))
    place = Settlement.objects.get()
    assert (place.people, place.households, place.point.x) == (120, None, 116.02)
    url = reverse("place", args=["rt", place.pk])
    client.post(url, form(west, lon="116.03", people="125"))
    client.post(url, form(west, lon="116.03", people="125"))
    assert "120 → 125" in client.get(url).content.decode()
    client.post(reverse("place-delete", args=["rt", place.pk]))
    assert not Settlement.objects.exists()
    entries = LogEntry.objects.order_by("pk")
    assert [entry.action_flag for entry in entries] == [1, 2, 3]
    assert {entry.user for entry in entries} == {analyst}
    notes = list(ReportChange.objects.order_by("pk"))
    # Saving what is stored already is no change.
    assert len(notes) == 3
    for lon in (116.02, 116.03):
        assert notes[1].extent.covers(Point(lon, 0.01, srid=4326))


def test_one_name_per_village_and_kind(analyst, client, two_villages):
    west, east = two_villages
    client.post(reverse("place-new", args=["rt"]), form(west))
    answer = client.post(reverse("place-new", args=["rt"]), form(west, name="rt. 01"))
    assert "sudah mempunyai tempat" in answer.content.decode()
    client.post(reverse("place-new", args=["rt"]), form(west, kind="dusun"))
    client.post(reverse("place-new", args=["rt"]), form(east))
    assert Settlement.objects.count() == 3


def test_outside_the_regency_is_asked_once_more(analyst, client, two_villages):
    url = reverse("place-new", args=["rt"])
    values = form(two_villages[0], lon="117.5", lat="-1.0")
    answer = client.post(url, values)
    assert "tidak terletak di desa mana pun" in answer.content.decode()
    assert not Settlement.objects.exists()
    client.post(url, {**values, "is_outside": "on"})
    assert Settlement.objects.exists()


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        ("0,01", "116,02", "tertukar"),
        ("500123", "9998877", "UTM"),
        ("seratus", "0", "bukan posisi"),
        ("10", "50", "luar Indonesia"),
        ("nan", "0", "bukan posisi"),
    ],
)
def test_positions_that_are_none_are_refused(
    analyst, client, two_villages, lon, lat, words
):
    url = reverse("place-new", args=["rt"])
    answer = client.post(url, form(two_villages[0], lon=lon, lat=lat))
    assert words in answer.content.decode()
    assert not Settlement.objects.exists()


def test_a_position_in_another_village_is_saved_with_a_question(
    analyst, client, two_villages
):
    answer = client.post(
        reverse("place-new", args=["rt"]),
        form(two_villages[0], lon="116.15"),
        follow=True,
    )
    assert "Posisinya terletak di Hilir" in answer.content.decode()
    assert Settlement.objects.exists()


def test_a_real_place_takes_the_place_of_invented_ones(analyst, client, two_villages):
    load_demo_places()
    west, east = two_villages
    demo = east.settlements.first()
    answer = client.post(reverse("place-new", args=["rt"]), form(west), follow=True)
    assert "tempat contoh di desa ini dihapus" in answer.content.decode()
    assert [s.is_demo for s in west.settlements.all()] == [False]
    assert east.settlements.filter(is_demo=True).exists()
    # An invented one is deleted, not corrected.
    assert client.get(reverse("place", args=["rt", demo.pk])).status_code == 404
    with pytest.raises(PlaceEditError):
        save_place(
            model=Settlement,
            place_id=demo.pk,
            values={"village": east, "name": "x", "kind": "rt"},
            user_id=analyst.pk,
        )
    client.post(reverse("place-delete", args=["rt", demo.pk]))
    assert not Settlement.objects.filter(pk=demo.pk).exists()


def test_schools_have_pupils_and_no_households(analyst, client, two_villages):
    values = form(two_villages[0], kind="school", name="SDN 1", pupils="1200")
    client.post(reverse("place-new", args=["fasilitas"]), values)
    assert Facility.objects.get().pupils == 1200


def test_the_pages_ask_few_questions_however_much_there_is(
    analyst, client, two_villages, django_assert_max_num_queries
):
    load_demo_places()
    with django_assert_max_num_queries(12):
        assert client.get(reverse("places")).status_code == 200
    with django_assert_max_num_queries(14):
        page = client.get(reverse("places"), {"desa": two_villages[0].pk})
    assert two_villages[0].name in page.content.decode()
    assert client.get(reverse("places"), {"desa": "x\0"}).status_code == 200


def test_outlines_are_of_one_district(analyst, client, two_villages):
    url = reverse("place-outlines")
    found = client.get(url, {"kecamatan": "64.02.12"}).json()["features"]
    assert {f["properties"]["name"] for f in found} == {"Hulu", "Hilir"}
    assert client.get(url, {"kecamatan": "\0"}).json()["features"] == []


# --- API and admin -----------------------------------------------------------------------


def test_the_api_tells_what_is_invented_and_what_is_not_known(
    officer, client, two_villages
):
    client.force_login(officer)
    load_demo_places()
    for name in ("settlements", "facilities", "sites"):
        found = client.get(f"/api/v1/{name}/").json()["features"]
        assert found
        assert all(f["properties"]["is_demo"] is True for f in found)
    site = found[0]["properties"]
    assert site["verified_date"] is None
    assert isinstance(site["operators"], list)


def test_the_api_tells_of_internet_at_offices(officer, client, two_villages):
    two_villages[0].office_internet.create(
        kinds=["satellite"], status="ended", stated_date="2025-10-23", source="x"
    )
    client.force_login(officer)
    (row,) = client.get("/api/v1/office-internet/").json()["features"]
    assert row["properties"]["kinds"] == ["satellite"]
    assert row["properties"]["stated_date"] == "2025-10-23"


def test_the_new_paths_are_in_the_schema(client):
    schema = client.get("/api/v1/schema/").content.decode()
    for path in ("/api/v1/sites/", "/api/v1/office-internet/"):
        assert path in schema


@pytest.mark.parametrize("model", ["site", "officeinternet", "settlement", "facility"])
def test_the_admin_shows_them(model, admin_client, two_villages):
    load_demo_places()
    two_villages[0].office_internet.create(
        kinds=["fibre"], status="working", stated_date="2025-10-23", source="x"
    )
    for query in ("", "?q=hulu"):
        answer = admin_client.get(f"/admin/villages/{model}/{query}")
        assert answer.status_code == 200


def test_villages_are_found_by_their_other_names_in_the_admin(
    admin_client, two_villages
):
    two_villages[0].aliases = ["Buluq Sen"]
    two_villages[0].save()
    page = admin_client.get("/admin/villages/village/?q=buluq").content.decode()
    assert "64.02.12.2001" in page
    assert "64.02.12.2002" not in page
