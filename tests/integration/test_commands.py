import csv
import json
import stat

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.contrib.gis.geos import MultiPolygon
from django.core.management import CommandError, call_command
from django.utils import timezone

from coverage.models import BlankSpot
from coverage.selectors.runs import current_run
from kukar_connect.roles import ROLES, has_role
from tests.conftest import a_report, store
from villages.models import ApiToken, SignalReport
from villages.services import demo
from villages.services.api_tokens import hash_of


def result_of(capsys, *arguments):
    call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_an_account_may_what_its_role_and_those_below_may(capsys, role):
    made = result_of(capsys, "create_user", f"a-{role}", "--role", role)
    user = get_user_model().objects.get(username=made["name"])
    assert user.check_password(made["password"])
    allowed = {r for r in ROLES if has_role(user, r)}
    assert allowed == set(ROLES[: ROLES.index(role) + 1])


@pytest.mark.django_db
def test_a_name_is_given_once(capsys):
    result_of(capsys, "create_user", "siti", "--role", "field")
    with pytest.raises(CommandError, match="already"):
        call_command("create_user", "siti", "--role", "field")


@pytest.mark.django_db
def test_a_token_is_printed_once_and_kept_as_a_hash(capsys, reporter):
    told = result_of(capsys, "create_token", "reporter", "--scope", "submit")
    (token,) = ApiToken.objects.all()
    assert told["scopes"] == token.scopes == ["submit"]
    assert token.token_hash == hash_of(told["token"])
    assert told["token"] not in str(vars(token))
    with pytest.raises(CommandError, match="create_user"):
        call_command("create_token", "nobody")


@pytest.fixture
def small_demo(monkeypatch, two_villages):
    from tests.conftest import a_village

    for i in range(3, 9):
        a_village(
            f"64.02.12.200{i}", f"Desa {i}", (116.0 + i / 10, 0.1, 116.1 + i / 10, 0.2)
        )
    monkeypatch.setattr(demo, "COUNT", 300)


@pytest.mark.django_db
def test_demonstration_data_comes_marked_and_goes_whole(
    capsys, small_demo, settings, client
):
    assert result_of(capsys, "load_demo", "--if-empty")["stored"] == 300
    assert SignalReport.objects.filter(is_demo=True).count() == 300
    accounts = result_of(capsys, "create_demo_accounts", "--if-demo")["accounts"]
    assert set(accounts) == {f"demo-{role}" for role in ROLES}
    kept = settings.KUKAR_LOCAL_DIR / "demo-accounts.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert result_of(capsys, "compute_coverage", "--full", "--threads", "1")["computed"]
    assert current_run().is_demo

    store(a_report())
    removed = result_of(capsys, "remove_demo")
    assert removed == {"reports": 300, "accounts": len(ROLES)}
    assert SignalReport.objects.count() == 1
    assert not get_user_model().objects.filter(username__startswith="demo-").exists()
    assert not kept.exists()
    # The worker's next run shows nothing of it.
    assert result_of(capsys, "compute_coverage")["computed"]
    run = current_run()
    assert not run.is_demo
    assert run.report_counts == {"TELKOMSEL": 1}
    assert not BlankSpot.objects.of_run(run.pk).exists()


@pytest.mark.django_db
def test_demonstration_data_is_always_the_same(small_demo):
    now = timezone.now()
    demo.load_demo(now=now, progress=lambda *a: None)
    first = list(
        SignalReport.objects.order_by("id").values_list("id", "rsrp_dbm", "point")
    )
    demo.remove_demo()
    demo.load_demo(now=now, progress=lambda *a: None)
    again = list(
        SignalReport.objects.order_by("id").values_list("id", "rsrp_dbm", "point")
    )
    assert first == again
    assert {r.found for r in SignalReport.objects.all()} >= {"data", "no_service"}


@pytest.mark.django_db
def test_demonstration_data_stays_out_of_a_database_with_reports(capsys, two_villages):
    store(a_report())
    assert result_of(capsys, "load_demo", "--if-empty")["stored"] == 0
    assert SignalReport.objects.count() == 1


@pytest.mark.django_db
def test_a_run_is_computed_once_when_asked_if_needed(capsys, two_villages):
    assert result_of(capsys, "compute_coverage", "--if-needed")["computed"]
    assert not result_of(capsys, "compute_coverage", "--if-needed")["computed"]
    assert not result_of(capsys, "compute_coverage")["computed"]


@pytest.mark.django_db
def test_new_boundaries_need_a_new_run_without_any_report(capsys, two_villages):
    result_of(capsys, "compute_coverage", "--if-needed")
    village = two_villages[0]
    village.boundary = MultiPolygon(village.boundary.buffer(0.01), srid=4326)
    village.save()
    assert result_of(capsys, "compute_coverage", "--if-needed")["computed"]


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def test_estimate_signal_answers_every_point_without_a_database(tmp_path, capsys):
    random = np.random.default_rng(3)
    west = [
        (116 + random.uniform(0, 0.05), random.uniform(0, 0.05), "") for _ in range(80)
    ]
    east = [
        (116.2 + random.uniform(0, 0.05), random.uniform(0, 0.05), -80)
        for _ in range(80)
    ]
    train = write(tmp_path / "train.csv", ["lon", "lat", "rsrp_dbm"], west + east)
    points = write(
        tmp_path / "points.csv",
        ["lon", "lat"],
        [(116.02, 0.02), (116.22, 0.02), (119, 3)],
    )
    out = tmp_path / "out.csv"
    result = result_of(capsys, "estimate_signal", train, points, str(out))

    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["blank", "covered", "unknown"]
    assert float(rows[0]["p_blank"]) > 0.7
    assert float(rows[1]["p_blank"]) < 0.1
    assert all(float(row["std_db"]) > 0 for row in rows)
    assert result["no_service"] == 80


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (["lon", "rsrp_dbm"], (116, -90), "no column lat"),
        (["lon", "lat", "rsrp_dbm"], (116, "x", -90), "line 2, column lat"),
        (["lon", "lat", "rsrp_dbm"], (116, 0, 10), "column rsrp_dbm"),
        (["lon", "lat", "rsrp_dbm"], (500, 0, -90), "column lon"),
    ],
)
def test_estimate_signal_names_the_line_and_column(tmp_path, header, row, message):
    train = write(tmp_path / "train.csv", header, [row])
    points = write(tmp_path / "points.csv", ["lon", "lat"], [(116, 0)])
    with pytest.raises(CommandError, match=message):
        call_command("estimate_signal", train, points, str(tmp_path / "out.csv"))
