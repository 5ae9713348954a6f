"""What is being done: recorded, followed step by step, and held against the map."""

import io
from datetime import date

import openpyxl
import pytest
from django.contrib.gis.geos import Point
from django.db import InternalError, transaction
from django.db.utils import IntegrityError
from django.urls import reverse
from django.utils import timezone

from coverage.models import Action, ActionStep, BlankSpot
from coverage.selectors.actions import (
    actions_of_spots,
    actions_of_villages,
    point_check,
)
from coverage.services.track_actions import (
    SAME_WITHIN,
    FutureStepError,
    NoSuchSpotError,
    add_step,
    change_action,
    record_action,
)
from tests.integration.test_compute import full
from tests.integration.test_priorities import IDENTITIES, small_regency
from villages.models import Settlement, Village

pytestmark = pytest.mark.django_db
__all__ = ["small_regency"]
TODAY = date(2026, 11, 25)


@pytest.fixture
def analyst(account):
    return account("analis", "analyst")


def record(user, **values):
    return record_action(
        **{
            "user": user,
            "today": TODAY,
            "spot": None,
            "village_id": None,
            "kind": "bts",
            "status": "proposed",
            "responsible": "Telkomsel",
            "step_date": date(2026, 10, 1),
            **values,
        }
    )[0]


def told(**values):
    return {
        "kind": "proposal",
        "responsible": "Diskominfo",
        "status": "proposed",
        "step_date": "2026-11-02",
        "source": "B-12/KOMINFO/2026",
        "year": "2026",
        **values,
    }


def test_thousands_of_people_are_written_as_elsewhere(client, analyst, small_regency):
    BlankSpot.objects.filter(identity=IDENTITIES["a"]).update(people=3020)
    client.force_login(analyst)
    page = client.get(reverse("action-new"), {"spot": IDENTITIES["a"]})
    assert "Penduduk yang diketahui di situ: 3.020." in page.content.decode()


def test_no_village_is_chosen_ahead(client, analyst, small_regency):
    client.force_login(analyst)
    page = client.get(reverse("action-new")).content.decode()
    choices = page.split('<select id="village"')[1].split("</select>")[0]
    assert choices.startswith(' name="village" required>')
    assert '<option value="">– pilih desa –</option>' in choices
    assert "Pilih dahulu desa" not in page
    # Sent without a choice all the same.
    again = client.get(reverse("action-new"), {"village": ""})
    assert again.context["place"] is None
    assert "Pilih dahulu desa atau blank spot." in again.content.decode()


def test_an_action_begins_with_a_step_and_goes_on(analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"], source="Surat 5")
    step = {"status": "agreed", "step_date": date(2026, 11, 1), "source": "Surat 6"}
    for _time in range(2):  # sent twice, kept once
        add_step(action_id=action.pk, user=analyst, today=TODAY, **step)
    action.refresh_from_db()
    assert action.status == "agreed"
    steps = [(s.status, s.source, s.made_by_name) for s in action.steps.all()]
    assert steps == [("proposed", "Surat 5", "analis"), ("agreed", "Surat 6", "analis")]


def test_a_step_lies_not_in_the_future(analyst, small_regency):
    with pytest.raises(FutureStepError):
        record(analyst, spot=IDENTITIES["a"], step_date=date(2026, 11, 26))
    assert not Action.objects.exists()


def test_an_unknown_spot_is_refused(analyst, two_villages):
    with pytest.raises(NoSuchSpotError):
        record(analyst, spot=IDENTITIES["a"])


def test_steps_are_never_changed_or_removed(analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"])
    for change in (
        lambda: action.steps.update(status="verified"),
        lambda: ActionStep.objects.all()._raw_delete("default"),
    ):
        with (
            pytest.raises((InternalError, IntegrityError), match="action_step_is_kept"),
            transaction.atomic(),
        ):
            change()
    # The account may go; the name stays.
    analyst.delete()
    step = action.steps.get()
    assert (step.made_by, step.made_by_name) == (None, "analis")


def test_only_what_may_be_put_right_is_changed(analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"])
    assert change_action(action_id=action.pk, values={"year": 2027}).year == 2027
    with pytest.raises(ValueError, match="status"):
        change_action(action_id=action.pk, values={"status": "verified"})


def test_a_village_has_its_own_actions_and_those_of_its_spots(analyst, small_regency):
    west, east = Village.objects.order_by("code")
    of_spot = record(analyst, spot=IDENTITIES["a"])
    of_village = record(analyst, village_id=west.code)
    record(analyst, village_id=east.code)
    rows = actions_of_villages([west.code])
    assert [row.action.pk for row in rows] == [of_village.pk, of_spot.pk]
    assert [v.code for v in rows[1].villages] == [west.code]
    assert [r.action.pk for r in actions_of_spots([IDENTITIES["a"]])] == [of_spot.pk]


def test_the_map_contradicts_what_is_said_to_be_on_air(analyst, small_regency):
    spot = BlankSpot.objects.get(identity=IDENTITIES["a"])
    record(analyst, spot=spot.identity, status="on_air")

    def doubt():
        return actions_of_spots([spot.identity])[0].doubt

    # Measured before: nobody knows better yet.
    assert doubt().run_id == small_regency.pk
    assert not doubt().is_measured_since
    for day, is_since in ((1, False), (2, True)):
        spot.newest_report_at = timezone.make_aware(timezone.datetime(2026, 10, day))
        spot.save()
        assert doubt().is_measured_since is is_since
    # The spot is gone: nothing to say against it.
    spot.ended_run = small_regency.__class__.objects.create(
        is_full=True,
        state="published",
        published_at=timezone.now(),
        input_cutoff_at=timezone.now(),
        software_version="test",
    )
    spot.save()
    assert doubt() is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [("bts", "built"), ("office_internet", "on_air"), ("electricity", "on_air")],
)
def test_no_run_speaks_against_other_things(analyst, small_regency, kind, status):
    record(analyst, spot=IDENTITIES["a"], kind=kind, status=status)
    assert actions_of_spots([IDENTITIES["a"]])[0].doubt is None


def test_a_village_where_places_stay_blank_is_told(analyst, a_blank_west):
    west, east = a_blank_west
    for n, lon in enumerate((116.04, 116.05)):
        Settlement.objects.create(
            name=f"RT {n}", kind="rt", village=west, point=Point(lon, 0.0, srid=4326)
        )
    run = full()
    record(analyst, village_id=west.code, status="on_air")
    record(analyst, village_id=east.code, status="on_air")
    of_east, of_west = actions_of_villages([west.code, east.code])
    assert of_east.doubt is None
    doubt = of_west.doubt
    assert (doubt.run_id, doubt.blank, doubt.places) == (run.pk, 2, 2)


def test_a_list_of_many_costs_no_more_queries(
    analyst, small_regency, django_assert_max_num_queries
):
    for n in range(12):
        record(analyst, spot=IDENTITIES["a"], status="on_air", note=str(n))
    with django_assert_max_num_queries(6):
        assert len(actions_of_spots([IDENTITIES["a"]])) == 12


def test_a_point_outside_the_regency_is_noticed(two_villages):
    west, _east = two_villages
    inside = point_check(point=None, spot=None, village=west)
    assert inside.village == west
    sea = point_check(point=Point(120, 0, srid=4326), spot=None, village=west)
    assert sea.village is None
    assert sea.has_boundaries


def test_an_analyst_records_an_action_for_a_spot(client, analyst, small_regency):
    client.force_login(analyst)
    address = f"{reverse('action-new')}?spot={IDENTITIES['a']}"
    assert "SIGNAL" in client.get(address).content.decode()
    response = client.post(address, told())
    action = Action.objects.get()
    assert response.url == reverse("action", args=[action.pk])
    page = client.get(response.url).content.decode()
    assert "B-12/KOMINFO/2026" in page
    assert "Usulan ke kementerian" in page
    spot = client.get(reverse("blank-spot", args=[IDENTITIES["a"]])).content.decode()
    assert response.url in spot


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("step_date", "2099-01-01", "masa depan"),
        ("step_date", "1990-01-01", "2010"),
        ("lat", "-0.4", "keduanya"),
        ("responsible", "", "wajib"),
        ("year", "1900", "2010"),
    ],
)
def test_what_cannot_be_is_explained(
    client, analyst, small_regency, field, value, says
):
    client.force_login(analyst)
    address = f"{reverse('action-new')}?spot={IDENTITIES['a']}"
    response = client.post(address, told(**{field: value}))
    assert response.status_code == 200
    assert says in response.content.decode()
    assert not Action.objects.exists()


def test_a_point_far_away_is_refused(client, analyst, small_regency):
    client.force_login(analyst)
    address = f"{reverse('action-new')}?spot={IDENTITIES['a']}"
    response = client.post(address, told(lat="-6.2", lon="106.8"))
    assert "di luar Kutai Kartanegara" in response.content.decode()
    assert not Action.objects.exists()


def test_an_action_that_is_sent_twice_is_one(client, analyst, small_regency):
    client.force_login(analyst)
    address = f"{reverse('action-new')}?spot={IDENTITIES['a']}"
    first, second = (client.post(address, told(year="")) for _time in range(2))
    assert first.url == second.url
    assert "sudah Anda catat" in client.get(second.url).content.decode()
    assert Action.objects.get().steps.count() == 1
    client.post(address, told(year="2027"))
    assert Action.objects.count() == 2
    # Whoever tells the same another day means another one.
    Action.objects.update(created_at=timezone.now() - SAME_WITHIN)
    client.post(address, told(year=""))
    assert Action.objects.count() == 3


def test_an_action_without_a_place_is_not_recorded(client, analyst, small_regency):
    client.force_login(analyst)
    for asked in ("", "?spot=nonsense", "?village=%00", "?village=64.02.99.2001"):
        response = client.post(reverse("action-new") + asked, told())
        assert response.status_code == 200
    assert not Action.objects.exists()


def test_a_viewer_sees_but_does_not_change(client, officer, analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"])
    client.force_login(officer)
    assert client.get(reverse("actions")).status_code == 200
    page = reverse("action", args=[action.pk])
    assert "Tambah langkah" not in client.get(page).content.decode()
    step = {"status": "agreed", "step_date": "2026-11-02"}
    assert client.post(page, step).status_code == 403
    for name, args in (("action-new", []), ("action-change", [action.pk])):
        assert client.get(reverse(name, args=args)).status_code == 403
    assert action.steps.count() == 1


def test_a_step_and_a_correction_over_the_pages(client, analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"])
    client.force_login(analyst)
    page = reverse("action", args=[action.pk])
    client.post(page, {"status": "built", "step_date": "2026-11-02", "step_note": "x"})
    change = reverse("action-change", args=[action.pk])
    assert "Telkomsel" in client.get(change).content.decode()
    client.post(
        change, {"kind": "bts", "responsible": "Indosat", "lat": "0", "lon": "116.05"}
    )
    action.refresh_from_db()
    assert (action.status, action.responsible) == ("built", "Indosat")
    assert action.point.x == 116.05
    wrong = client.post(page, {"status": "nonsense", "step_date": "2026-11-02"})
    assert wrong.status_code == 400


def test_the_list_is_filtered_and_leaves_as_a_workbook(client, analyst, small_regency):
    west = Village.objects.order_by("code").first()
    record(analyst, spot=IDENTITIES["a"], responsible="=SUM(A1)")
    record(analyst, village_id=west.code, kind="letter", status="dropped")
    client.force_login(analyst)
    address = reverse("actions")
    for query, count in (
        ({}, 2),
        ({"kind": "letter"}, 1),
        ({"status": "proposed"}, 1),
        ({"district": "64.02.12"}, 2),
        ({"district": "99"}, 2),
    ):
        assert client.get(address, query).context["total"] == count
    response = client.get(reverse("actions-file"), {"kind": "bts"})
    page = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    row = dict(zip([c.value for c in page[1]], page[2], strict=True))
    assert page.max_row == 2
    assert row["Penanggung jawab"].value == "=SUM(A1)"
    assert row["Penanggung jawab"].data_type == "s"
    assert row["Status sejak"].is_date


def test_an_action_outlives_its_blank_spot(client, analyst, small_regency):
    action = record(analyst, spot=IDENTITIES["a"], status="on_air")
    BlankSpot.objects.all().delete()
    client.force_login(analyst)
    for address in (reverse("actions"), reverse("action", args=[action.pk])):
        response = client.get(address)
        assert response.status_code == 200
        assert str(IDENTITIES["a"]) not in response.content.decode()
    assert client.get(reverse("actions-file")).status_code == 200
