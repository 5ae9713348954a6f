"""The page of one blank spot, in force and ended."""

from datetime import UTC, datetime

import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone

from coverage.models import BlankSpot, CoverageRun
from coverage.selectors.spots import layers_within, spot_record
from tests.integration.test_compute import full
from tests.integration.test_priorities import IDENTITIES, a_run, small_regency
from villages.models import Facility, Settlement, Site

pytestmark = pytest.mark.django_db
__all__ = ["small_regency"]


def page_of(identity):
    return reverse("blank-spot", args=[identity])


@pytest.fixture
def west_spot(a_blank_west):
    west, _east = a_blank_west
    for n in range(3):
        Settlement.objects.create(
            name=f"RT {n}",
            kind="rt",
            village=west,
            people=70,
            point=Point(116.045 + n / 400, 0.0, srid=4326),
        )
    Facility.objects.create(
        name="SDN 001",
        kind="school",
        village=west,
        pupils=90,
        point=Point(116.05, 0.001, srid=4326),
    )
    Site.objects.create(
        name="BTS Hilir",
        kind="bts",
        point=Point(116.15, 0.0, srid=4326),
        source="uji",
    )
    run = full()
    return max(
        BlankSpot.objects.of_run(run.pk).filter(
            operator="TELKOMSEL", service="internet", state="blank"
        ),
        key=lambda spot: spot.area_km2,
    )


def test_it_begins_with_words(
    client, officer, west_spot, django_assert_max_num_queries
):
    client.force_login(officer)
    client.get(page_of(west_spot.identity))
    with django_assert_max_num_queries(45):
        response = client.get(page_of(west_spot.identity))
    assert response.status_code == 200
    assert response.context["title"].startswith("Blank spot")
    assert "di Hulu" in response.context["title"]
    assert response.context["who"] == "Di dalamnya: 3 permukiman, ±210 jiwa, 1 sekolah."
    assert "Berdasarkan" in response.context["based_on"]
    text = response.content.decode()
    for part in ("RT 0", "SDN 001", "90 siswa", "BTS Hilir", "<svg"):
        assert part in text
    assert response.context["place_in_ranking"]["rank"] == 1


def test_the_own_layer_is_all_of_its_state(west_spot):
    record = spot_record(west_spot.identity)
    areas = layers_within(record.spot, record.run)
    own = areas["TELKOMSEL", "internet"]
    assert own["blank_km2"] == pytest.approx(west_spot.area_km2)
    assert own["covered_km2"] == own["unknown_km2"] == 0
    assert areas["ANY", "internet"]["blank_km2"] > 0


def test_an_ended_blank_spot_says_since_when_it_is_gone(client, officer, small_regency):
    gone = BlankSpot.objects.get(identity=IDENTITIES["a"])
    small_regency.is_current = False
    small_regency.save()
    later = a_run()
    gone.ended_run = later
    gone.save()
    client.force_login(officer)
    response = client.get(page_of(gone.identity))
    assert response.status_code == 200
    text = response.content.decode()
    assert f"Sudah tidak ada sejak 20 November 2026 (hitungan {later.pk})" in text
    assert f"nomor {small_regency.pk}," in text
    assert response.context["place_in_ranking"] is None


def test_its_history_goes_from_first_seen_to_now(client, officer, small_regency):
    old = BlankSpot.objects.get(identity=IDENTITIES["a"])
    small_regency.is_current = False
    small_regency.save()
    later = a_run(published_at=timezone.now())
    BlankSpot.objects.filter(pk=old.pk).update(ended_run=later)
    old.pk, old._state.adding = None, True
    old.first_run, old.ended_run, old.area_km2 = later, None, 9.0
    old.save()
    client.force_login(officer)
    response = client.get(page_of(old.identity))
    history = response.context["history"]
    assert [row["run"].pk for row in history] == [small_regency.pk, later.pk]
    assert [row["is_first"] for row in history] == [True, False]
    assert response.context["run"].pk == later.pk
    assert response.context["ended_run"] is None


def test_its_history_tells_the_time_a_run_is_of_and_only_what_changed(
    client, officer, small_regency
):
    """Runs of the past are all published on one day; the table is of their months."""
    row = BlankSpot.objects.get(identity=IDENTITIES["a"])
    last = small_regency
    made = []
    for month, area_km2 in ((8, row.area_km2), (9, 9.0)):
        when = datetime(2026, month, 28, 4, 0, tzinfo=UTC)
        CoverageRun.objects.update(is_current=False)
        # Its input is that of the day it was computed; it tells of an earlier one.
        run = a_run(parameters={"as_of": when.isoformat()})
        BlankSpot.objects.filter(first_run=last, identity=row.identity).update(
            ended_run=run
        )
        row.pk, row._state.adding = None, True
        row.first_run, row.ended_run, row.area_km2 = run, None, area_km2
        row.save()
        last = run
        made.append(run)
    client.force_login(officer)
    response = client.get(page_of(row.identity))
    assert [h["run"].pk for h in response.context["history"]] == [
        small_regency.pk,
        made[1].pk,
    ]
    table = response.content.decode().split('id="history-caption"')[1]
    assert "28 September 2026" in table.split("</table>")[0]
    assert "28 Agustus 2026" not in table.split("</table>")[0]


def test_reports_with_internet_inside_are_explained(client, officer, small_regency):
    client.force_login(officer)
    why = "Laporan dengan internet juga bisa ada di sini"
    page = page_of(IDENTITIES["a"])
    assert why not in client.get(page).content.decode()
    BlankSpot.objects.update(report_kinds={"no_service": 4, "data": 2})
    assert why in client.get(page).content.decode()


def test_what_never_was_is_not_found(client, officer, db):
    client.force_login(officer)
    answer = client.get(page_of("8e5047d5-2115-4624-96c8-7f7d34eb1398"))
    assert answer.status_code == 404


def test_nobody_inside_is_said_in_words(client, officer, small_regency):
    BlankSpot.objects.filter(identity=IDENTITIES["a"]).update(people=0)
    client.force_login(officer)
    response = client.get(page_of(IDENTITIES["a"]))
    assert response.context["who"] == "Di dalamnya: tidak ada permukiman."
    assert "0 jiwa" not in response.content.decode()


def test_people_that_nobody_counted_are_not_zero(client, officer, small_regency):
    client.force_login(officer)
    text = client.get(page_of(IDENTITIES["c"])).content.decode()
    assert "belum ada data" in text
    assert "0 jiwa" not in text
