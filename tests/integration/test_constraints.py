"""What the database itself refuses, past every serializer."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import IntegrityError, connection, models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coverage.models import (
    Action,
    ActionStep,
    BlankSpot,
    CoverageRun,
    PlaceCoverage,
    RankingWeights,
    ReportBlock,
    RunDifference,
    RunFile,
    RunFileSet,
    StagedLayer,
    StagedTile,
    SurfaceTile,
    VillageCoverage,
)
from tests.conftest import NOW, a_report, store
from villages.models import (
    ApiToken,
    Claim,
    ClaimDecision,
    ClaimRow,
    ClaimSheet,
    Device,
    District,
    Facility,
    ImportBatch,
    MeasurementTask,
    OfficeInternet,
    Photo,
    ReportChange,
    ReportReview,
    Settlement,
    SignalReport,
    Site,
    Village,
    Webhook,
    WebhookDelivery,
)
from villages.services.submit_reports import Outcome, check_report

pytestmark = pytest.mark.django_db
BOX = Polygon.from_bbox((116.0, 0.0, 116.1, 0.1))
POINT = Point(116.05, 0.05, srid=4326)
ONE_MESSAGE = uuid.uuid4()


def report(**values):
    return SignalReport(
        **{
            "id": uuid.uuid4(),
            "digest": "0" * 64,
            "operator": "TELKOMSEL",
            "technology": "4G",
            "found": "data",
            "point": POINT,
            "observed_at": NOW,
            "received_at": NOW,
            "source": "test",
            **values,
        }
    )


def review(**values):
    return ReportReview(
        **{
            "report": SignalReport.objects.first() or saved(report()),
            "decision": "accepted",
            "previous_state": "unreviewed",
            "decided_by_name": "verifier",
            **values,
        }
    )


def run(**values):
    return CoverageRun(
        **{
            "is_full": True,
            "input_cutoff_at": NOW,
            "software_version": "test",
            **values,
        }
    )


def device(**values):
    user, _ = get_user_model().objects.get_or_create(username="siti")
    return Device(
        **{
            "name": "HP Siti",
            "user": user,
            "code_hash": "0" * 64,
            "code_expires_at": NOW,
            **values,
        }
    )


def district(**values):
    return District(**{"code": "64.02.12", "name": "Tabang", **values})


def village(**values):
    District.objects.get_or_create(code="64.02.12", defaults={"name": "Tabang"})
    return Village(
        **{
            "code": "64.02.12.2001",
            "name": "Hulu",
            "kind": "desa",
            "district_id": "64.02.12",
            "point": POINT,
            "area_km2": 1.0,
            **values,
        }
    )


def saved(row):
    row.save(force_insert=True)
    return row


def settlement(**values):
    v = Village.objects.first() or saved(village())
    return Settlement(
        **{
            "village": v,
            "name": "RT 1",
            "kind": "rt",
            "point": POINT,
            "source": "x",
            **values,
        }
    )


def facility(**values):
    v = Village.objects.first() or saved(village())
    return Facility(
        **{
            "village": v,
            "name": "SDN 1",
            "kind": "school",
            "point": POINT,
            "source": "x",
            **values,
        }
    )


def site(**values):
    return Site(
        **{"name": "BTS 1", "kind": "bts", "point": POINT, "source": "x", **values}
    )


def api_token(**values):
    return ApiToken(
        **{
            "user": a_user(),
            "name": "script",
            "scopes": ["read"],
            "token_hash": "0" * 64,
            "beginning": "kukar_",
            "expires_at": NOW,
            **values,
        }
    )


def webhook(**values):
    return Webhook(
        **{
            "owner": a_user(),
            "address": "https://example.org/hook",
            "events": ["run.published"],
            "seed": "0" * 64,
            "secret_hash": "0" * 64,
            **values,
        }
    )


def webhook_delivery(**values):
    return WebhookDelivery(
        **{
            "webhook": Webhook.objects.first() or saved(webhook()),
            "event": "test",
            "body": "{}",
            "created_at": NOW,
            "next_attempt_at": NOW,
            **values,
        }
    )


def measurement_task(**values):
    return MeasurementTask(
        **{
            "village": Village.objects.first() or saved(village()),
            "name": "RT 1",
            "point": POINT,
            "operators": ["TELKOMSEL"],
            **values,
        }
    )


def office_internet(**values):
    return OfficeInternet(
        **{
            "village": Village.objects.first() or saved(village()),
            "kinds": ["radio_link"],
            "status": "working",
            "stated_date": NOW.date(),
            "source": "x",
            **values,
        }
    )


def at_settlement():
    place = Settlement.objects.first() or saved(settlement())
    return in_run(PlaceCoverage, settlement=place)


def at_facility():
    place = Facility.objects.first() or saved(facility())
    return in_run(PlaceCoverage, facility=place)


def claim(**values):
    v = Village.objects.first() or saved(village())
    return Claim(
        **{
            "village": v,
            "kind": "statement",
            "stated_date": NOW.date(),
            "event": "x",
            "status": "x",
            "source": "x",
            "name_in_source": "x",
            **values,
        }
    )


def sheet(**values):
    return ClaimSheet(
        **{"file_name": "x.xlsx", "sha256": "0" * 64, "row_count": 1, **values}
    )


def sheet_claim(**values):
    return claim(
        **{
            "kind": "village_statement",
            "sheet": ClaimSheet.objects.first() or saved(sheet()),
            "digest": "0" * 64,
            "stated": "no_service",
            "verification": "to_verify",
            **values,
        }
    )


def sheet_row(**values):
    own = ClaimSheet.objects.first() or saved(sheet())
    return ClaimRow(**{"sheet": own, "line": 2, "cells": {}, **values})


def decision(**values):
    return ClaimDecision(
        **{
            "claim": Claim.objects.first() or saved(sheet_claim()),
            "verification": "confirmed",
            "reason": "x",
            **values,
        }
    )


def photo(**values):
    return Photo(
        **{"sha256": "0" * 64, "size_bytes": 9, "last_piece_at": NOW, **values}
    )


def action(**values):
    return Action(
        **{
            "spot": IDENTITY,
            "kind": "letter",
            "status": "proposed",
            "responsible": "Diskominfo",
            **values,
        }
    )


def action_step(**values):
    own = Action.objects.first() or saved(action())
    return ActionStep(
        **{
            "action": own,
            "status": "proposed",
            "step_date": NOW.date(),
            "made_by_name": "ana",
            **values,
        }
    )


def a_user():
    return get_user_model().objects.get_or_create(username="ana")[0]


def difference(*, is_of_one_run=False, **values):
    one = CoverageRun.objects.order_by("pk").first() or saved(run())
    other = CoverageRun.objects.order_by("pk").last()
    if other == one:
        other = saved(run())
    return RunDifference(
        **{
            "from_run": one,
            "to_run": one if is_of_one_run else other,
            "operator": "TELKOMSEL",
            "service": "internet",
            "fingerprint": "0" * 64,
            "body": b"",
            **values,
        }
    )


def in_run(model, **values):
    first = CoverageRun.objects.first() or saved(run())
    common = {"first_run": first, "operator": "TELKOMSEL", "service": "internet"}
    own = {
        SurfaceTile: {
            "x": 1,
            "y": 1,
            "state": b"",
            "mean_ddbm": b"",
            "std_ddb": b"",
            "p_blank": b"",
            "digest": "0" * 64,
        },
        BlankSpot: {
            "state": "blank",
            "anchor_column": 1,
            "anchor_row": 1,
            "polygon": MultiPolygon(BOX, srid=4326),
            "outline": MultiPolygon(BOX, srid=4326),
            "area_km2": 1.0,
            "confidence": 0.8,
            "confidence_std": 0.1,
            "report_count": 1,
            "reporter_count": 1,
            "villages": [],
            "districts": [],
        },
        VillageCoverage: {
            "covered_km2": 1.0,
            "weak_km2": 0.5,
            "likely_blank_km2": 0.0,
            "blank_km2": 0.0,
            "unknown_km2": 0.0,
            "report_count": 0,
        },
        PlaceCoverage: {"state": "covered", "p_blank": 0.1},
    }[model]
    if model in (VillageCoverage, PlaceCoverage):
        own["village"] = Village.objects.first() or saved(village())
    return model(**{**common, **own, **values})


def staged(model, **values):
    unfinished = CoverageRun.objects.first() or saved(run())
    common = {"run": unfinished, "operator": "TELKOMSEL", "service": "internet"}
    own = {
        StagedLayer: {"law": {}, "pooled": b""},
        StagedTile: {
            "x": 1,
            "y": 1,
            "mean_ddbm": b"",
            "std_ddb": b"",
            "p_blank": b"",
        },
    }[model]
    return model(**{**common, **own, **values})


def ended_in_itself(model):
    row = in_run(model)
    row.ended_run = row.first_run
    return row


IDENTITY = uuid.uuid4()


# Each constraint's name and rows of which the last must be refused.
def file_set(**values):
    return RunFileSet(**{"run": saved(run()), **values})


def report_block(**values):
    return ReportBlock(
        **{
            "code": "TELKOMSEL-4G-15-26950-16384",
            "run": saved(run()),
            "operator": "TELKOMSEL",
            "technology": "4G",
            "zoom": 15,
            "x": 26950,
            "y": 16384,
            "polygon": Polygon.from_bbox((116.08, -0.01, 116.09, 0.0)),
            "reports": 6,
            "readings": 5,
            "median_dbm": -100.0,
            "no_service": 1,
            "newest_month": "2026-11",
            "is_demo": False,
            **values,
        }
    )


def run_file(**values):
    found = RunFileSet.objects.first() or saved(file_set())
    return RunFile(
        **{
            "file_set": found,
            "name": "blank-spots.csv",
            "content": "blank-spots",
            "format": "csv",
            "media_type": "text/csv",
            "bytes": 3,
            "sha256": "a" * 64,
            "rows": 1,
            **values,
        }
    )


BROKEN = {
    "signal_report_operator_known": lambda: [report(operator="ACME")],
    "signal_report_technology_known": lambda: [report(technology="6G")],
    "signal_report_found_known": lambda: [report(found="maybe")],
    "signal_report_environment_known": lambda: [report(environment="cave")],
    "signal_report_position_source_known": lambda: [report(position_source="guess")],
    "signal_report_review_state_known": lambda: [report(review_state="lost")],
    "signal_report_rsrp_in_range": lambda: [report(rsrp_dbm=-10)],
    "signal_report_rsrq_in_range": lambda: [report(rsrq_db=-50)],
    "signal_report_sinr_in_range": lambda: [report(sinr_db=50)],
    "signal_report_reading_needs_service": lambda: [
        report(found="no_service", technology="", rsrp_dbm=-100)
    ],
    "signal_report_internet_known": lambda: [
        report(found="no_service", technology="", rsrp_dbm=None, internet="slow")
    ],
    "signal_report_power_out_in_range": lambda: [report(power_out_hours=-1)],
    "signal_report_rate_needs_data": lambda: [
        report(found="voice_only", download_mbps=1)
    ],
    "signal_report_download_in_range": lambda: [report(download_mbps=-1)],
    "signal_report_upload_in_range": lambda: [report(upload_mbps=1e6)],
    "signal_report_latency_in_range": lambda: [report(latency_ms=-1)],
    "signal_report_accuracy_in_range": lambda: [report(accuracy_m=-1)],
    "signal_report_point_on_earth": lambda: [report(point=Point(200, 0, srid=4326))],
    "signal_report_observed_at_possible": lambda: [
        report(observed_at=datetime(9999, 12, 30, tzinfo=UTC))
    ],
    "report_review_decides": lambda: [review(decision="unreviewed")],
    "report_review_state_before_known": lambda: [review(previous_state="lost")],
    "report_review_says_why": lambda: [review(decision="rejected")],
    "signal_report_digest_form": lambda: [report(digest="short")],
    "import_batch_rows_add_up": lambda: [ImportBatch(file_name="x", rows=2, stored=1)],
    "device_has_a_name": lambda: [device(name="")],
    "device_code_hash_form": lambda: [device(code_hash="K7QM-4XPD")],
    "device_token_hash_form": lambda: [device(token_hash="abc", enrolled_at=NOW)],
    "device_enrolled_with_a_token": lambda: [device(token_hash="1" * 64)],
    "device_revoked_by_somebody_at_a_time": lambda: [
        device(revoked_by=get_user_model().objects.create_user("admin"))
    ],
    "device_code_once": lambda: [device(), device()],
    "device_token_once": lambda: [
        device(token_hash="1" * 64, enrolled_at=NOW),
        device(code_hash="2" * 64, token_hash="1" * 64, enrolled_at=NOW),
    ],
    "photo_once_per_sender": lambda: [photo(sent_by=a_user()), photo(sent_by=a_user())],
    "photo_sha256_form": lambda: [photo(sha256="../../etc/passwd")],
    "photo_received_within_size": lambda: [photo(received_bytes=10)],
    "photo_state_known": lambda: [photo(state="kept", received_bytes=9)],
    "photo_exif_point_on_earth": lambda: [photo(exif_point=Point(200, 0, srid=4326))],
    "import_batch_time_zone_known": lambda: [
        ImportBatch(file_name="x", time_zone="WIBB")
    ],
    "report_change_names_an_operator": lambda: [ReportChange(operators=[], extent=BOX)],
    "district_code_form": lambda: [district(code="64-02")],
    "district_boundary_source_known": lambda: [district(boundary_source="guess")],
    "village_code_form": lambda: [village(code="64.02")],
    "village_kind_known": lambda: [village(kind="kota")],
    "village_area_positive": lambda: [village(area_km2=0)],
    "village_boundary_source_known": lambda: [village(boundary_source="guess")],
    "settlement_kind_known": lambda: [settlement(kind="city")],
    "settlement_once_per_village": lambda: [settlement(), settlement()],
    "facility_kind_known": lambda: [facility(kind="mall")],
    "facility_once_per_village": lambda: [facility(), facility()],
    "claim_kind_known": lambda: [claim(kind="rumour")],
    "claim_stated_once": lambda: [claim(), claim()],
    "claim_content_once": lambda: [sheet_claim(), sheet_claim()],
    "claim_on_record_or_from_a_sheet": lambda: [claim(verification="confirmed")],
    "claim_operator_known": lambda: [sheet_claim(operator="ACME")],
    "claim_power_hours_in_range": lambda: [sheet_claim(power_hours=25)],
    "claim_sheet_sha256_form": lambda: [sheet(sha256="short")],
    "claim_sheet_file_once": lambda: [sheet(), sheet()],
    "claim_sheet_rows_add_up": lambda: [sheet(confirmed_at=NOW, row_count=2, stored=1)],
    "claim_row_once": lambda: [sheet_row(), sheet_row()],
    "claim_row_result_fits_its_claim": lambda: [sheet_row(result="stored")],
    "claim_decision_known": lambda: [decision(verification="to_verify")],
    "claim_decision_has_a_reason": lambda: [decision(reason="")],
    "coverage_run_one_current": lambda: [
        run(is_current=True, state="published", published_at=NOW),
        run(is_current=True, state="published", published_at=NOW),
    ],
    "coverage_run_current_is_published": lambda: [run(is_current=True)],
    "staged_layer_once": lambda: [staged(StagedLayer), staged(StagedLayer)],
    "staged_tile_once": lambda: [staged(StagedTile), staged(StagedTile)],
    "surfacetile_ends_after_it_began": lambda: [ended_in_itself(SurfaceTile)],
    "surfacetile_layer_known": lambda: [in_run(SurfaceTile, operator="ACME")],
    "surface_tile_one_current": lambda: [in_run(SurfaceTile), in_run(SurfaceTile)],
    "blankspot_ends_after_it_began": lambda: [ended_in_itself(BlankSpot)],
    "blankspot_layer_known": lambda: [in_run(BlankSpot, service="fax")],
    "blank_spot_state_known": lambda: [in_run(BlankSpot, state="covered")],
    "blank_spot_confidence_is_a_probability": lambda: [
        in_run(BlankSpot, confidence=1.1)
    ],
    "blank_spot_area_positive": lambda: [in_run(BlankSpot, area_km2=0)],
    "blank_spot_identity_once": lambda: [
        in_run(BlankSpot, identity=IDENTITY),
        in_run(BlankSpot, identity=IDENTITY),
    ],
    "api_token_has_a_name": lambda: [api_token(name="")],
    "api_token_hash_form": lambda: [api_token(token_hash="x")],
    "api_token_scopes_known": lambda: [api_token(scopes=["own"])],
    "webhook_address_is_http": lambda: [webhook(address="ftp://example.org/")],
    "webhook_events_known": lambda: [webhook(events=["test"])],
    "webhook_state_known": lambda: [webhook(state="asleep")],
    "webhook_seed_form": lambda: [webhook(seed="x")],
    "webhook_previous_secret_ends": lambda: [webhook(previous_seed="0" * 64)],
    "webhook_delivery_once": lambda: [
        webhook_delivery(message_id=ONE_MESSAGE),
        webhook_delivery(message_id=ONE_MESSAGE),
    ],
    "webhook_delivery_event_known": lambda: [webhook_delivery(event="rain")],
    "webhook_delivery_state_known": lambda: [webhook_delivery(state="lost")],
    "webhook_delivery_waits_for_a_moment": lambda: [
        webhook_delivery(next_attempt_at=None)
    ],
    "site_kind_known": lambda: [site(kind="mast")],
    "site_status_known": lambda: [site(status="gone")],
    "site_operators_known": lambda: [site(operators=["ACME"])],
    "site_technologies_known": lambda: [site(technologies=["6G"])],
    "site_height_plausible": lambda: [site(height_m=0)],
    "measurement_task_state_known": lambda: [
        measurement_task(state="lost", ended_at=NOW)
    ],
    "measurement_task_open_or_ended": lambda: [measurement_task(ended_at=NOW)],
    "measurement_task_report_ends_it": lambda: [
        measurement_task(done_report=saved(report()))
    ],
    "measurement_task_operators_known": lambda: [measurement_task(operators=["ACME"])],
    "office_internet_kinds_known": lambda: [office_internet(kinds=["pigeon"])],
    "office_internet_status_known": lambda: [office_internet(status="maybe")],
    "office_internet_stated_once": lambda: [office_internet(), office_internet()],
    "village_power_hours_of_a_day": lambda: [village(power_hours=25)],
    "placecoverage_ends_after_it_began": lambda: [ended_in_itself(PlaceCoverage)],
    "placecoverage_layer_known": lambda: [in_run(PlaceCoverage, operator="")],
    "place_coverage_state_known": lambda: [in_run(PlaceCoverage, state="fine")],
    "place_coverage_unknown_has_no_probability": lambda: [
        in_run(PlaceCoverage, state="unknown", p_blank=0.5)
    ],
    "place_coverage_of_one_place": lambda: [
        in_run(
            PlaceCoverage,
            settlement=saved(settlement()),
            facility=saved(facility()),
        )
    ],
    "place_coverage_settlement_once": lambda: [at_settlement(), at_settlement()],
    "place_coverage_facility_once": lambda: [at_facility(), at_facility()],
    "place_coverage_village_once": lambda: [
        in_run(PlaceCoverage),
        in_run(PlaceCoverage),
    ],
    "action_kind_known": lambda: [action(kind="prayer")],
    "action_status_known": lambda: [action(status="soon")],
    "action_about_a_place": lambda: [action(spot=None)],
    "action_has_a_responsible": lambda: [action(responsible="")],
    "action_year_plausible": lambda: [action(year=1945)],
    "action_step_status_known": lambda: [action_step(status="soon")],
    "ranking_weights_in_range": lambda: [RankingWeights(user=a_user(), people=11)],
    "run_difference_once": lambda: [difference(), difference()],
    "run_difference_of_two_runs": lambda: [difference(is_of_one_run=True)],
    "run_difference_layer_known": lambda: [difference(operator="ACME")],
    "report_block_of_enough": lambda: [
        report_block(reports=4, readings=4, median_dbm=None)
    ],
    "report_block_counts_within": lambda: [report_block(no_service=7)],
    "report_block_median_of_enough": lambda: [report_block(readings=4)],
    "report_block_zoom_known": lambda: [report_block(zoom=14)],
    "run_file_set_state_known": lambda: [file_set(state="lost", ended_at=NOW)],
    "run_file_set_ended_unless_building": lambda: [file_set(ended_at=NOW)],
    "run_file_set_failed_says_why": lambda: [file_set(state="failed", ended_at=NOW)],
    "run_file_once_of_a_name": lambda: [run_file(), run_file()],
    "run_file_name_form": lambda: [run_file(name="../blank-spots.csv")],
    "run_file_content_known": lambda: [run_file(content="secrets")],
    "run_file_format_known": lambda: [run_file(format="exe")],
    "run_file_layer_of_a_surface": lambda: [run_file(operator="ANY")],
    "run_file_surface_has_no_rows": lambda: [run_file(rows=None)],
    "run_file_not_empty": lambda: [run_file(bytes=0)],
    "run_file_sha256_form": lambda: [run_file(sha256="short")],
    "villagecoverage_ends_after_it_began": lambda: [ended_in_itself(VillageCoverage)],
    "villagecoverage_layer_known": lambda: [in_run(VillageCoverage, operator="")],
    "village_coverage_one_current": lambda: [
        in_run(VillageCoverage),
        in_run(VillageCoverage),
    ],
    "village_coverage_areas_not_negative": lambda: [
        in_run(VillageCoverage, blank_km2=-1)
    ],
    "village_coverage_weak_within_covered": lambda: [
        in_run(VillageCoverage, weak_km2=2.0)
    ],
}


def test_every_named_constraint_has_a_row_that_breaks_it():
    from django.apps import apps

    named = {
        constraint.name
        for app in ("villages", "coverage")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, (models.CheckConstraint, models.UniqueConstraint))
    }
    assert named == set(BROKEN)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_database_refuses(name):
    *before, last = BROKEN[name]()
    for row in before:
        row.save(force_insert=True)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        last.save(force_insert=True)


def test_the_rows_that_break_are_sound_without_the_fault():
    for make in (report, review, run, village, settlement, facility, claim, device):
        make().save(force_insert=True)
    for make in (action, action_step):
        make().save(force_insert=True)
    for make in (sheet, sheet_claim, sheet_row, decision, photo):
        make().save(force_insert=True)
    for model in (SurfaceTile, BlankSpot, VillageCoverage, PlaceCoverage):
        in_run(model).save(force_insert=True)
    for model in (StagedLayer, StagedTile):
        staged(model).save(force_insert=True)
    difference().save(force_insert=True)
    for make in (webhook, webhook_delivery, file_set, run_file, report_block):
        make().save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


numbers = st.one_of(st.none(), st.floats(-200, 200))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["TELKOMSEL", "INDOSAT", "XLSMART", "ACME"]),
            "technology": st.sampled_from(["", "2G", "3G", "4G", "5G"]),
            "found": st.sampled_from(
                ["no_service", "emergency_only", "voice_only", "data"]
            ),
            "internet": st.sampled_from(["", "slow", "good", "fast"]),
            "power_out_hours": numbers,
            "rsrp_dbm": numbers,
            "rsrq_db": numbers,
            "sinr_db": numbers,
            "download_mbps": numbers,
            "latency_ms": numbers,
            "accuracy_m": numbers,
            "lon": st.floats(-190, 190),
            "lat": st.floats(-95, 95),
            "note": st.text(max_size=20),
        }
    )
)
def test_what_the_check_lets_through_the_database_takes(values):
    new = a_report(**values)
    if not check_report(new):
        with transaction.atomic():
            assert store(new) == [Outcome.STORED]
