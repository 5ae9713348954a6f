"""Places are found by name, however the name is spelled."""

import pytest
from django.contrib.gis.geos import Point

from tests.conftest import a_village
from villages.models import Claim, Facility, Settlement, Site
from villages.selectors.find_places import MOST_TYPED, found_places

pytestmark = pytest.mark.django_db


@pytest.fixture
def buluq_sen(two_villages):
    village = a_village("64.02.16.2001", "Buluq Sen", (116.2, -0.05, 116.3, 0.05))
    village.aliases = ["Buluk Sen"]
    village.save()
    return village


def names(typed, group=None):
    return [
        row["name"]
        for row in found_places(typed)
        if group is None or row["group"] == group
    ]


def in_village(model, village, name, **values):
    return model.objects.create(
        village=village,
        name=name,
        point=Point(116.25, 0.01, srid=4326),
        source="test",
        **values,
    )


@pytest.mark.parametrize(
    "typed", ["Buluq Sen", "buluk sen", "BULUKSEN", "Bulluq  Sén", "uluk s"]
)
def test_a_village_is_found_however_it_is_spelled(buluq_sen, typed):
    assert names(typed) == ["Buluq Sen"]
    assert found_places(typed)[0]["also"] == ["Buluk Sen"]


def test_a_village_is_found_by_a_spelling_of_the_official_record(two_villages):
    for name in ("Hoeloe", "HULU", ""):
        Claim.objects.create(
            village=two_villages[0],
            kind="statement",
            stated_date="2023-05-01",
            event=f"rapat {name}",
            status="lemah",
            source="berita",
            name_in_source=name,
        )
    (found,) = found_places("hoeloe")
    assert found["id"] == two_villages[0].code
    assert found["also"] == ["Hoeloe"], "a difference in case is none"


def test_a_settlement_is_found_with_its_village_and_without_its_zero(buluq_sen):
    in_village(Settlement, buluq_sen, "RT 05", kind="rt", is_demo=True)
    in_village(Settlement, buluq_sen, "RT 15", kind="rt")
    (found,) = found_places("rt 5 buluk sen")
    assert (found["name"], found["within"]) == ("RT 05", "Buluq Sen")
    assert found["is_demo"]
    assert found["lon"] == pytest.approx(116.25)
    assert names("rt5", "settlement") == ["RT 05"]


def test_every_group_is_found_and_the_nearest_name_comes_first(buluq_sen):
    in_village(Facility, buluq_sen, "SDN 012 Tabang", kind="school")
    in_village(Facility, buluq_sen, "Tabang", kind="health_centre")
    in_village(Site, buluq_sen, "BTS Tabang", kind="bts")
    in_village(Settlement, buluq_sen, "Tabang Lama", kind="dusun")
    assert names("tabang", "facility") == ["Tabang", "SDN 012 Tabang"]
    assert names("tabang", "site") == ["BTS Tabang"]
    assert names("tabang", "settlement") == ["Tabang Lama"]


@pytest.mark.parametrize("written", ["SDN 012 Tabang", "SD Negeri 12", "SD 012"])
@pytest.mark.parametrize("typed", ["sdn 12", "SD 12", "sd negeri 012", "sdn012"])
def test_a_school_is_found_however_a_list_shortens_it(buluq_sen, written, typed):
    in_village(Facility, buluq_sen, written, kind="school")
    in_village(Facility, buluq_sen, "SMPN 12 Tabang", kind="school")
    in_village(Facility, buluq_sen, "SDN 13 Tabang", kind="school")
    assert names(typed, "facility") == [written]


def test_a_few_letters_begin_a_word(buluq_sen):
    in_village(Facility, buluq_sen, "Puskesmas Tabang", kind="health_centre")
    in_village(Facility, buluq_sen, "SMA 1 Tabang", kind="school")
    assert names("sma") == ["SMA 1 Tabang"]
    assert names("kesmas") == ["Puskesmas Tabang"]
    in_village(Facility, buluq_sen, "Puskesmas Masjid", kind="health_centre")
    in_village(Facility, buluq_sen, "Masmas", kind="other")
    assert names("mas") == ["Masmas", "Puskesmas Masjid"]


@pytest.mark.parametrize("typed", ["64.02.16.2001", "6402162001", "64.02.16"])
def test_a_village_is_found_by_its_code(buluq_sen, typed):
    assert names(typed) == ["Buluq Sen"]


def test_a_site_of_no_village_is_found(two_villages):
    in_village(Site, None, "Menara Bukit", kind="bts")
    assert names("menara") == ["Menara Bukit"]


def test_few_letters_and_signs_find_nothing(two_villages):
    assert found_places("h") == found_places(" .% ") == []


def test_the_answer_is_short_however_many_there_are(buluq_sen):
    for n in range(20):
        in_village(Settlement, buluq_sen, f"RT {n}", kind="rt")
    assert len(names("rt", "settlement")) == 5


def test_the_search_is_one_query_for_who_may_see_the_map(
    client, officer, two_villages, django_assert_num_queries
):
    assert client.get("/api/v1/search/?q=hulu").status_code == 401
    client.force_login(officer)
    with django_assert_num_queries(3):  # session, user, search
        answer = client.get("/api/v1/search/?q=hulu").json()
    assert [row["name"] for row in answer["results"]] == ["Hulu"]


@pytest.mark.parametrize("typed", ["x" * (MOST_TYPED + 1), "a\0b"])
def test_too_much_is_refused_in_words(client, officer, typed):
    client.force_login(officer)
    answer = client.get("/api/v1/search/", {"q": typed})
    assert answer.status_code == 400
    assert str(MOST_TYPED) in answer.json()["detail"]
