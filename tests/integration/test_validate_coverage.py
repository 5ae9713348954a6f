"""Judging the estimates: the command as an analyst runs it, and its arithmetic."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from coverage.core.folds import blocked_folds, blocks_of
from coverage.core.rivals import RIVALS, Prediction
from coverage.core.validation import score
from coverage.services.compute_run import compute_changes, compute_full
from coverage.services.read_files import FileError
from tests.conftest import a_report, store

MEASUREMENTS = Path(__file__).parents[3] / "shared/data/measurements"


def write(path, rows, header=("lon", "lat", "rsrp_dbm")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture
def drive(tmp_path):
    """A town and its road: strong in the west, none in the east."""
    random = np.random.default_rng(2)
    lon, lat = (
        116 + random.uniform(0, 0.12, 900),
        0.5 + random.uniform(-0.03, 0.03, 900),
    )
    rsrp = -75 - 450 * (lon - 116) + random.normal(0, 4, 900)
    rows = [
        (repr(float(x)), repr(float(y)), "" if z < -118 else f"{z:.1f}")
        for x, y, z in zip(lon, lat, rsrp, strict=True)
    ]
    return write(tmp_path / "drive.csv", rows)


def result_of(capsys, *args):
    call_command("validate_coverage", *args, "--json")
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_every_method_is_scored_in_the_same_folds(drive, capsys):
    result = result_of(capsys, drive)

    assert [e["name"] for e in result["estimators"]] == ["Kukar Connect", *RIVALS]
    assert result["below"] > 100
    assert not result["is_optimistic"]
    for estimator in result["estimators"]:
        assert "reason" not in estimator, estimator
        assert estimator["rmse_db"] < 20
        assert 0.5 < estimator["auc"] <= 1
    ours, *rivals = result["estimators"]
    assert ours["brier"] < 1.1 * min(rival["brier"] for rival in rivals)


def test_random_folds_are_called_optimistic(drive, capsys):
    call_command("validate_coverage", drive, "--random", "--only-ours")
    shown = capsys.readouterr().out
    assert "OPTIMISTIC" in shown
    assert "| Kukar Connect |" in shown


def test_a_method_that_cannot_run_says_why(drive, capsys, monkeypatch):
    def missing(question):
        import no_such_library  # noqa: F401

    for name in list(RIVALS):
        monkeypatch.delitem(RIVALS, name)
    monkeypatch.setitem(RIVALS, "H3 mean", missing)
    call_command("validate_coverage", drive)
    shown = capsys.readouterr().out
    assert "| H3 mean | could not run: ModuleNotFoundError" in shown


def test_sites_and_elevation_are_judged_beside_the_plain_estimate(
    drive, tmp_path, capsys
):
    sites = write(
        tmp_path / "sites.csv", [("116.0", "0.5", "60")], ("lon", "lat", "height_m")
    )
    result = result_of(capsys, drive, "--only-ours", "--sites", sites)
    names = [e["name"] for e in result["estimators"]]
    assert names == ["Kukar Connect", "Kukar Connect + sites"]


def test_elevation_is_read_from_a_geotiff(drive, tmp_path, capsys):
    from django.contrib.gis.gdal import GDALRaster

    path = tmp_path / "land.tif"
    heights = (np.random.default_rng(0).random(20_000) * 100).astype(np.float32)
    # A hole as satellites leave them, without a word in the header.
    heights[:50] = -32768
    GDALRaster(
        {
            "driver": "GTiff",
            "name": str(path),
            "srid": 4326,
            "width": 200,
            "height": 100,
            "origin": (115.95, 0.55),
            "scale": (0.001, -0.001),
            "datatype": 6,
            "bands": [{"data": heights}],
        }
    )
    result = result_of(capsys, drive, "--only-ours", "--elevation", str(path))
    plain, with_land = result["estimators"]
    assert "reason" not in with_land, with_land
    # Heights of no meaning: nothing is gained, and next to nothing lost.
    assert with_land["rmse_db"] == pytest.approx(plain["rmse_db"], rel=0.02)

    with pytest.raises(CommandError, match="could not be read as a raster"):
        call_command("validate_coverage", drive, "--elevation", drive)


@pytest.mark.django_db
def test_reports_in_the_database_are_judged(capsys, two_villages):
    with pytest.raises(CommandError, match="no reports of INDOSAT"):
        call_command("validate_coverage", "--from-database", "--operator", "INDOSAT")
    random = np.random.default_rng(0)
    store(
        *[
            a_report(
                operator="INDOSAT",
                lon=116 + float(random.uniform(0, 0.1)),
                lat=float(random.uniform(-0.05, 0.05)),
                rsrp_dbm=float(random.uniform(-120, -80)),
            )
            for _ in range(60)
        ]
    )
    result = result_of(
        capsys, "--from-database", "--operator", "INDOSAT", "--only-ours"
    )
    assert result["observations"] == 60
    assert not result["is_demo"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "Name either a CSV or --from-database"),
        (["{drive}", "--folds", "1"], "--folds from 2 to 100"),
        (["{drive}", "--threshold", "5"], "--threshold is from -200 to 0"),
        (["{drive}", "--block-km", "500"], "at least two are needed"),
        (["--from-database", "--threshold", "-100"], "leave --threshold out"),
    ],
)
def test_a_question_without_an_answer_is_refused(drive, args, message):
    with pytest.raises(CommandError, match=message):
        call_command("validate_coverage", *[a.format(drive=drive) for a in args])


# --- the arithmetic --------------------------------------------------------------


def test_scores_of_four_readings_by_hand():
    found = score(
        Prediction(
            mean_dbm=np.array([-100.0, -112.0, -90.0, -115.0]),
            std_db=np.array([4.0, 4.0, 4.0, 4.0]),
            p_below=np.array([0.05, 0.6, 0.55, 0.95]),
        ),
        reading_dbm=np.array([-102.0, -115.0, -98.0, np.nan]),
        is_below=np.array([False, True, False, True]),
    )
    assert found.rmse_db == pytest.approx(np.sqrt((4 + 9 + 64) / 3))
    assert found.mae_db == pytest.approx(13 / 3)
    assert found.auc == 1.0
    assert found.brier == pytest.approx((0.0025 + 0.16 + 0.3025 + 0.0025) / 4)
    # Three called below, two rightly; none missed.
    assert found.iou == pytest.approx(2 / 3)
    assert found.within_50 == pytest.approx(1 / 3)
    assert found.within_90 == pytest.approx(2 / 3)
    assert found.confident_right == 1.0
    assert found.confident_share == 0.5
    assert found.calibration_error == pytest.approx((0.05 + 0.4 + 0.55 + 0.05) / 4)


def test_blocks_are_squares_of_that_size_and_stay_whole():
    random = np.random.default_rng(0)
    lon, lat = 116 + random.uniform(0, 0.3, 3000), random.uniform(-0.4, -0.1, 3000)
    block = blocks_of(lon, lat, block_km=2.0)
    fold = blocked_folds(lon, lat, block_km=2.0, folds=5, seed=0)

    for number in np.unique(block)[::7]:
        inside = block == number
        assert len(np.unique(fold[inside])) == 1
        assert np.ptp(lon[inside]) * 111.32 <= 2.0
        assert np.ptp(lat[inside]) * 110.6 <= 2.0
    assert sorted(np.unique(fold)) == [0, 1, 2, 3, 4]


@pytest.mark.skipif(
    not MEASUREMENTS.exists(), reason="the real measurements are not at hand"
)
def test_on_a_real_road_our_estimates_beat_every_other_method(capsys):
    """The largest real set: what the docs' table says of it."""
    ours, *rivals = result_of(capsys, str(MEASUREMENTS / "rail-rural.csv"))[
        "estimators"
    ]
    for rival in rivals:
        if "reason" in rival:
            continue
        assert ours["brier"] < rival["brier"], rival["name"]
        assert ours["log_loss"] < rival["log_loss"], rival["name"]
        assert ours["auc"] > 0.99 * rival["auc"], rival["name"]
        assert ours["rmse_db"] < 1.01 * rival["rmse_db"], rival["name"]
    assert ours["calibration_error"] <= 0.03
    assert 0.87 <= ours["within_90"] <= 0.93
    assert ours["confident_right"] >= 0.9


# --- sites and elevation in a run ------------------------------------------------


@pytest.mark.django_db
def test_a_run_uses_the_sites_that_the_settings_name(a_blank_west, tmp_path, settings):
    def law():
        run = compute_full(now=timezone.now(), progress=lambda *a: None, threads=1)
        return run.parameters["laws"]["TELKOMSEL/internet"]

    settings.KUKAR_SITES = str(tmp_path / "sites.csv")
    with pytest.raises(FileError, match="could not be read"):
        law()

    header = ("operator", "lon", "lat", "height_m")
    rows = [("TELKOMSEL", "116.15", "0", "60"), ("INDOSAT", "116.05", "0", "")]
    write(tmp_path / "sites.csv", rows, header)
    # Signal is good around the site in the east, and there is none in the west.
    assert law()["trend_slopes"][0] > 0

    # The next report is estimated with the same sites; other sites need a full run.
    store(a_report(lon=116.02, lat=0.01, rsrp_dbm=-100.0))
    after = compute_changes(now=timezone.now(), progress=lambda *a: None)
    assert not after.is_full
    write(tmp_path / "sites.csv", rows[:1], header)
    store(a_report(lon=116.02, lat=0.01, rsrp_dbm=-101.0))
    after = compute_changes(now=timezone.now(), progress=lambda *a: None)
    assert after.is_full
