"""What is odd about a report is flagged when it arrives, on both sides of each limit."""

from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import timedelta

import hypothesis
import pytest
from django.core.checks import run_checks
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st

from tests.conftest import NOW, a_report, no_service
from villages.flags import Flag, flag_effects
from villages.models import ImportBatch, SignalReport
from villages.services.import_reports import import_reports
from villages.services.submit_reports import store_reports

pytestmark = pytest.mark.django_db

KM = 1 / 111.195  # degrees, near enough to the equator
T0 = NOW - timedelta(days=3)


def flags_of(report):
    return SignalReport.objects.get(pk=report.id).flags


def has(flag, *reports):
    return [flag in flags_of(report) for report in reports]


def sent(*reports, by=None, **values):
    store_reports(
        reports=reports,
        source="api",
        now=NOW,
        reported_by_id=by.pk if by else None,
        **values,
    )
    return reports


def logged(*reports, source="import:gnettrack", batch=None):
    batch = batch or ImportBatch.objects.create(file_name="log.txt")
    store_reports(reports=reports, source=source, now=NOW, batch_id=batch.pk)
    return batch


def at(minutes, km, **values):
    return a_report(
        observed_at=T0 + timedelta(minutes=minutes), lon=116.02 + km * KM, **values
    )


# --- one report ------------------------------------------------------------------


def test_a_place_of_a_list_is_told_from_a_place_beside_it(two_villages):
    point = two_villages[0].point
    inside = a_report(lon=point.x, lat=point.y)
    rounded = a_report(lon=point.x + 2e-6, lat=point.y - 2e-6)
    two_metres = a_report(lon=point.x + 2e-5, lat=point.y)
    sent(inside, rounded, two_metres)
    assert has("village_centroid", inside, rounded, two_metres) == [True, True, False]


def test_the_probable_settlement_is_a_place_of_the_list_too(two_villages):
    village = two_villages[1]
    village.settlement_point = "SRID=4326;POINT(116.123 0.01)"
    village.save()
    copied = a_report(lon=116.123, lat=0.01)
    sent(copied)
    assert flags_of(copied) == ["village_centroid"]


@pytest.mark.parametrize(
    ("flag", "odd", "even"),
    [
        ("outside_regency", {"lon": 100.0}, {"lon": 116.02}),
        ("poor_accuracy", {"accuracy_m": 101.0}, {"accuracy_m": 100.0}),
        ("null_island", {"lon": 0.0, "lat": 0.0}, {"lon": 0.0, "lat": 0.1}),
        (
            "future",
            {"observed_at": NOW + timedelta(minutes=11)},
            {"observed_at": NOW + timedelta(minutes=9)},
        ),
        (
            "old",
            {"observed_at": NOW - timedelta(days=731)},
            {"observed_at": NOW - timedelta(days=729)},
        ),
    ],
)
def test_each_limit_has_two_sides(two_villages, flag, odd, even):
    odd, even = a_report(**odd), a_report(**even)
    sent(odd, even)
    assert has(flag, odd, even) == [True, False]


@pytest.mark.parametrize(("minutes", "is_wrong"), [(9, False), (11, True), (-11, True)])
def test_a_clock_that_is_wrong_by_more_than_ten_minutes(
    two_villages, minutes, is_wrong
):
    report = a_report()
    sent(report, clock_skew=timedelta(minutes=minutes))
    assert has("wrong_clock", report) == [is_wrong]


# --- moved too fast --------------------------------------------------------------


def test_nobody_is_50_km_away_ten_minutes_later(two_villages, reporter):
    first, second = at(0, 0), at(10, 50)
    sent(first, by=reporter)
    sent(second, by=reporter)
    assert has("impossible_speed", first, second) == [False, True]


@pytest.mark.parametrize(("km", "is_too_fast"), [(45.5, False), (46.5, True)])
def test_the_limit_is_250_km_h_with_a_minute_and_both_accuracies(
    two_villages, reporter, km, is_too_fast
):
    # 11 minutes at 250 km/h are 45.8 km; twice 8 m and the arc's rounding are less.
    sent(at(0, 0), by=reporter)
    second = at(10, km)
    sent(second, by=reporter)
    assert has("impossible_speed", second) == [is_too_fast]


def test_the_limit_is_a_setting(two_villages, reporter, settings):
    settings.KUKAR_MOST_SPEED_KMH = 400.0
    sent(at(0, 0), by=reporter)
    second = at(10, 50)
    sent(second, by=reporter)
    assert has("impossible_speed", second) == [False]


def test_two_fixes_a_second_apart_with_30_m_error_are_no_journey(two_villages):
    reports = [
        at(second / 60, 0.06 * (second % 2), accuracy_m=30.0, device_model="HP")
        for second in range(20)
    ]
    logged(*reports)
    assert (
        SignalReport.objects.filter(flags__contains=["impossible_speed"]).count() == 0
    )


def test_a_poor_fix_may_be_far_away_without_having_moved(two_villages, reporter):
    sent(at(0, 0), by=reporter)
    poor = at(1, 30, accuracy_m=40_000.0)
    sent(poor, by=reporter)
    assert has("impossible_speed", poor) == [False]


def test_of_a_log_with_one_bad_fix_that_one_is_flagged(two_villages):
    reports = [at(i / 60, 0.01 * i) for i in range(30)]
    bad = at(15 / 60 + 0.001, 80)
    logged(*reports, bad)
    flagged = SignalReport.objects.filter(flags__contains=["impossible_speed"])
    assert list(flagged.values_list("pk", flat=True)) == [bad.id]


def test_a_log_that_ends_far_away_blames_its_last_row(two_villages):
    reports = [at(i, 0.1 * i) for i in range(5)]
    far = at(6, 90)
    logged(*reports, far)
    assert has("impossible_speed", *reports, far) == [False] * 5 + [True]


def test_where_either_may_be_wrong_both_are_flagged(two_villages):
    # An hour before and after, either place can be reached; in three minutes neither.
    reports = [at(0, 0), at(60, 1), at(63, 90), at(123, 2)]
    logged(*reports)
    assert has("impossible_speed", *reports) == [False, True, True, False]


def test_after_a_bad_fix_the_next_one_is_believed(two_villages, reporter):
    for report in (good_first := at(0, 0), bad := at(1, 90), good_next := at(2, 0.5)):
        sent(report, by=reporter)
    assert has("impossible_speed", good_first, bad, good_next) == [False, True, False]


def test_all_operators_of_one_visit_are_judged_alike(two_villages, reporter):
    operators = ("TELKOMSEL", "INDOSAT", "XLSMART")
    sent(*(at(0, 0, operator=o) for o in operators), by=reporter)
    visit = [at(5, 60, operator=o) for o in operators]
    sent(*visit, by=reporter)
    assert has("impossible_speed", *visit) == [True] * 3


def test_a_log_cut_into_chunks_is_judged_across_the_cut(two_villages):
    batch = logged(*(at(i / 60, 0) for i in range(5)))
    far = at(6 / 60, 70)
    logged(far, batch=batch)
    assert has("impossible_speed", far) == [True]


def test_two_people_are_two_places(two_villages, reporter, verifier):
    one, other = at(0, 0), at(1, 80)
    sent(one, by=reporter)
    sent(other, by=verifier)
    assert has("impossible_speed", one, other) == [False, False]


def test_a_table_of_many_people_is_no_journey_unless_it_names_the_phone(two_villages):
    unnamed = [at(0, 0), at(1, 80)]
    logged(*unnamed, source="import:csv")
    named = [at(0, 0, device_model="HP 1"), at(1, 80, device_model="HP 1")]
    logged(*named, source="import:csv")
    assert has("impossible_speed", *unnamed, *named) == [False, False, True, True]


# --- the same reading at many places -----------------------------------------------


def stuck(count, step_km=1.0, **values):
    reading = {"rsrp_dbm": -95.0, "rsrq_db": -11.0, "sinr_db": 4.0} | values
    return [at(5 * i, step_km * i, **reading) for i in range(count)]


@pytest.mark.parametrize(("count", "is_stuck"), [(4, False), (5, True)])
def test_a_stuck_log_repeats_all_readings_at_five_places(two_villages, count, is_stuck):
    reports = stuck(count)
    logged(*reports)
    assert has("repeated_reading", *reports) == [is_stuck] * count


@pytest.mark.parametrize(("count", "is_stuck"), [(7, False), (8, True)])
def test_rsrp_alone_must_repeat_at_eight_places(two_villages, count, is_stuck):
    reports = stuck(count, rsrq_db=None, sinr_db=None)
    logged(*reports)
    assert has("repeated_reading", *reports) == [is_stuck] * count


def test_a_phone_that_lies_still_may_repeat_itself_for_ever(two_villages):
    # On the corner of four places, with the jitter of a fix.
    reports = [
        a_report(
            lon=116.05 + 1e-5 * (i % 2 * 2 - 1),
            lat=0.005 + 1e-5 * (i // 2 % 2 * 2 - 1),
            rsrq_db=-11.0,
            observed_at=T0 + timedelta(seconds=i),
        )
        for i in range(100)
    ]
    logged(*reports)
    assert not SignalReport.objects.filter(
        flags__contains=["repeated_reading"]
    ).exists()


def test_another_reading_in_between_ends_the_row(two_villages):
    reports = stuck(7)
    reports[3] = at(15, 3.0, rsrp_dbm=-96.0, rsrq_db=-11.0, sinr_db=4.0)
    logged(*reports)
    assert not any(has("repeated_reading", *reports))


def test_no_signal_repeats_naturally(two_villages):
    reports = [
        no_service(lon=116.02 + KM * i, observed_at=T0 + timedelta(minutes=5 * i))
        for i in range(12)
    ]
    logged(*reports)
    assert not SignalReport.objects.filter(
        flags__contains=["repeated_reading"]
    ).exists()


def test_reports_that_come_one_by_one_are_seen_in_their_row(two_villages, reporter):
    reports = stuck(6)
    for report in reports:
        sent(report, by=reporter)
    assert has("repeated_reading", *reports) == [False] * 4 + [True] * 2


def test_operators_are_rows_of_their_own(two_villages):
    reports = [
        at(i, i * 1.0, operator=o, rsrp_dbm=-90.0 - (o == "INDOSAT"), rsrq_db=-9.0)
        for i in range(5)
        for o in ("TELKOMSEL", "INDOSAT")
    ]
    logged(*reports)
    assert all(has("repeated_reading", *reports))


# --- against all neighbours ---------------------------------------------------------


def visits(count, make=no_service, km=0.3, **values):
    """Store *count* visits by others around the place."""
    for i in range(count):
        logged(
            make(
                lon=116.05 + km * KM,
                observed_at=T0 - timedelta(days=i + 1),
                device_model=f"HP {i}",
                **values,
            )
        )


def good(**values):
    return a_report(rsrp_dbm=-75.0, lon=116.05, lat=0.0, **values)


@pytest.mark.parametrize(("count", "is_odd"), [(2, False), (3, True)])
def test_good_signal_where_three_visits_found_none(
    two_villages, reporter, count, is_odd
):
    visits(count)
    report = good()
    sent(report, by=reporter)
    assert has("contradicts_neighbours", report) == [is_odd]


def test_no_signal_where_three_visits_found_it_good(two_villages, reporter):
    visits(3, make=lambda **v: a_report(rsrp_dbm=-80.0, **v))
    report = no_service()
    sent(report, by=reporter)
    assert flags_of(report) == ["contradicts_neighbours"]


def test_good_internet_says_it_without_a_number(two_villages, reporter):
    visits(3)
    report = a_report(technology="", rsrp_dbm=None, internet="good")
    sent(report, by=reporter)
    assert flags_of(report) == ["contradicts_neighbours"]


@pytest.mark.parametrize(
    "neighbours",
    [
        {"km": 1.2},
        {"operator": "INDOSAT"},
        {"environment": "indoor"},
        {"power_out_hours": 5.0},
    ],
    ids=["out of range", "another operator", "indoors", "after a power cut"],
)
def test_what_says_little_about_the_place_contradicts_nothing(
    two_villages, reporter, neighbours
):
    km = neighbours.pop("km", 0.3)

    def make(**values):
        return no_service(**values | neighbours)

    visits(3, make=make, km=km)
    report = good()
    sent(report, by=reporter)
    assert has("contradicts_neighbours", report) == [False]


def test_one_neighbour_that_agrees_is_enough(two_villages, reporter):
    visits(3)
    visits(1, make=lambda **v: a_report(rsrp_dbm=-105.0, **v))
    report = good()
    sent(report, by=reporter)
    assert has("contradicts_neighbours", report) == [False]


def test_reports_of_another_year_are_of_another_network(two_villages, reporter):
    visits(3)
    SignalReport.objects.update(observed_at=T0 - timedelta(days=367))
    report = good()
    sent(report, by=reporter)
    assert has("contradicts_neighbours", report) == [False]


def test_ones_own_reports_and_rejected_ones_are_no_neighbours(two_villages, reporter):
    for i in range(4):
        sent(no_service(observed_at=T0 - timedelta(days=i)), by=reporter)
    mine = good(observed_at=T0 + timedelta(hours=4))
    sent(mine, by=reporter)
    visits(3)
    SignalReport.objects.exclude(pk=mine.id).update(review_state="rejected")
    after = good(observed_at=T0 + timedelta(hours=8))
    sent(after, by=reporter)
    assert has("contradicts_neighbours", mine, after) == [False, False]


def test_a_thousand_rows_of_one_log_are_one_visit(two_villages, reporter):
    logged(*(no_service(observed_at=T0 + timedelta(seconds=i)) for i in range(1000)))
    assert SignalReport.objects.filter(is_witness=True).count() <= 2
    report = good()
    sent(report, by=reporter)
    assert has("contradicts_neighbours", report) == [False]


def test_the_index_of_witnesses_holds_nothing_else(two_villages):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'signal_report_witness'"
        )
        assert cursor.fetchone()[0].endswith("WHERE is_witness")


# --- by both ways in -----------------------------------------------------------------


def test_the_api_tells_the_flags(client, two_villages, reporter):
    visits(3)
    client.force_login(reporter)
    body = {
        "id": str(uuid.uuid4()),
        "operator": "TELKOMSEL",
        "found": "data",
        "internet": "good",
        "lon": 116.05,
        "lat": 0.0,
        "observed_at": timezone.now().isoformat(),
    }
    SignalReport.objects.update(observed_at=timezone.now())
    answer = client.post(
        "/api/v1/reports/", json.dumps(body), content_type="application/json"
    )
    assert answer.json()["results"][0]["flags"] == ["contradicts_neighbours"]


def test_an_imported_file_gets_the_same_flags(two_villages, settings, tmp_path):
    settings.KUKAR_LOCAL_DIR = tmp_path
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            "operator",
            "found",
            "lon",
            "lat",
            "observed_at",
            "rsrp_dbm",
            "rsrq_db",
            "device_model",
        ]
    )
    for i in range(6):
        writer.writerow(
            [
                "TELKOMSEL",
                "data",
                116.02 + i * KM,
                0,
                f"2026-11-19 08:{i:02}",
                -95,
                -11,
                "HP",
            ]
        )
    writer.writerow(["TELKOMSEL", "data", 117.9, 0, "2026-11-19 08:06", -80, -9, "HP"])
    writer.writerow(["ACME", "data", 116.02, 0, "2026-11-19 08:06", -80, -9, "HP"])
    batch = import_reports(
        stream=io.BytesIO(text.getvalue().encode()), file_name="x.csv", now=NOW
    )
    # An operator that is not known is no flag: its row is rejected with the reason.
    assert (batch.stored, batch.rejected) == (7, 1)
    flags = SignalReport.objects.order_by("observed_at").values_list("flags", flat=True)
    assert list(flags) == [["repeated_reading"]] * 6 + [
        ["outside_regency", "impossible_speed"]
    ]


def test_a_row_sent_again_changes_no_flag(two_villages, reporter):
    reports = [at(0, 0), at(10, 50)]
    sent(*reports, by=reporter)
    before = [flags_of(report) for report in reports]
    sent(*reports, by=reporter)
    assert [flags_of(report) for report in reports] == before


visit = st.tuples(
    st.integers(0, 40),  # minutes
    st.sampled_from([0.0, 0.1, 1.0, 2.0, 3.0, 5.0, 80.0]),  # km
    st.sampled_from(["TELKOMSEL", "INDOSAT"]),
    st.sampled_from([(None, None), (-95.0, None), (-95.0, -9.0), (-80.0, -9.0)]),
)


@hypothesis.settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(st.lists(visit, min_size=2, max_size=25), st.randoms())
def test_the_order_of_rows_in_a_file_changes_no_flag(two_villages, rows, chance):
    def flags_by_row(order):
        with transaction.atomic():
            reports = {}
            for i in order:
                minutes, km, operator, (rsrp, rsrq) = rows[i]
                reports[i] = at(
                    minutes, km, operator=operator, rsrp_dbm=rsrp, rsrq_db=rsrq
                )
            logged(*reports.values())
            flags = [flags_of(reports[i]) for i in range(len(rows))]
            transaction.set_rollback(True)
        return flags

    order = list(range(len(rows)))
    straight = flags_by_row(order)
    chance.shuffle(order)
    assert flags_by_row(order) == straight


def test_two_readings_of_one_moment_end_a_run_in_either_order(two_villages):
    def flags(*last):
        with transaction.atomic():
            rows = [
                at(minute, minute, operator="TELKOMSEL", rsrp_dbm=-95, rsrq_db=-9)
                for minute in range(4)
            ]
            rows += [
                at(4, 4, operator="TELKOMSEL", rsrp_dbm=rsrp, rsrq_db=-9)
                for rsrp in last
            ]
            logged(*rows)
            found = {(row.observed_at, row.rsrp_dbm): flags_of(row) for row in rows}
            transaction.set_rollback(True)
        return found

    assert flags(-95, -80) == flags(-80, -95)


# --- the table of effects ---------------------------------------------------------------


def problems(settings):
    return [e.msg for e in run_checks() if e.id == "villages.E001"]


def test_the_settings_name_an_effect_for_every_flag(settings):
    assert problems(settings) == []
    assert [effect.flag for effect in flag_effects()] == list(Flag)
    for effect in flag_effects():
        assert effect.name
        assert effect.reason
        assert "%" not in effect.reason


@pytest.mark.parametrize(
    "change",
    [{"old": 0}, {"old": 1.5}, {"old": "maybe"}, {"old": True}, {"tired": "hold"}],
)
def test_effects_that_mean_nothing_stop_the_start(settings, change):
    settings.KUKAR_FLAG_EFFECTS = settings.KUKAR_FLAG_EFFECTS | change
    assert len(problems(settings)) == 1


def test_a_flag_without_an_effect_stops_the_start(settings):
    effects = dict(settings.KUKAR_FLAG_EFFECTS)
    del effects["old"]
    settings.KUKAR_FLAG_EFFECTS = effects
    assert problems(settings) == ["KUKAR_FLAG_EFFECTS: 'old' is missing."]
