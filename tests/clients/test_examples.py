"""The examples of docs/examples do what they say, against a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from django.utils import timezone

from coverage.models import BlankSpot
from coverage.services.compute_run import compute_full
from villages.models import Village
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
GUIDE = EXAMPLES.parent / "api.md"
HERE = Path(__file__).parent


@pytest.fixture
def a_run(django_db_serialized_rollback, a_blank_west):
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def token(officer):
    return create_api_token(
        user=officer, name="script", scopes=["read"], days=1, now=timezone.now()
    )[1]


@pytest.fixture
def told(live_server, token):
    """What the examples find in their environment."""
    return os.environ | {"KUKAR_URL": live_server.url, "KUKAR_TOKEN": token}


def run(command, env, **more):
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=240, **more
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def spots_of(a_run, operator):
    return BlankSpot.objects.of_run(a_run.pk).filter(
        operator=operator, service="internet"
    )


def test_the_python_script_pulls_blank_spots_and_looks_up_points(told, a_run, tmp_path):
    points, file = tmp_path / "points.csv", tmp_path / "spots.gpkg"
    points.write_text("name,lon,lat\nHulu,116.05,0.0\nHilir,116.15,0.0\n")
    script = EXAMPLES / "coverage.py"
    said = run([sys.executable, script, "64.02.12", file, points], told)
    spots = gpd.read_file(file)
    assert set(spots["id"]) == {str(s.identity) for s in spots_of(a_run, "ANY")}
    assert len(spots)
    assert said.startswith(f"{len(spots)} blank spots")
    (hulu,) = re.findall(r"^ *Hulu .*$", said, re.MULTILINE)
    (hilir,) = re.findall(r"^ *Hilir .*$", said, re.MULTILINE)
    assert "blank" in hulu
    assert "covered" in hilir


def test_the_python_script_says_in_words_what_is_wrong(told, a_run, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("name,lon,lat\nHulu,0.0,116.05\n")
    done = subprocess.run(
        [sys.executable, EXAMPLES / "coverage.py", "64.02.12", "x.gpkg", points],
        env=told,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    assert "1 of 1 points" in done.stderr or "1 dari 1 titik" in done.stderr


def test_the_curl_lines_get_what_they_ask_for(told, a_run):
    whole = json.loads(run([EXAMPLES / "blank_spots.sh"], told))
    wanted = {str(s.identity) for s in spots_of(a_run, "TELKOMSEL")}
    assert {f["properties"]["id"] for f in whole["features"]} == wanted
    # Those of the guide, as they stand there.
    blocks = re.findall(r"^```\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    lines = [block[block.index("curl ") :] for block in blocks if "curl " in block]
    assert len(lines) == 2
    spots, lookup = (json.loads(run(["sh", "-c", line], told)) for line in lines)
    assert {f["properties"]["id"] for f in spots["features"]} == wanted
    assert set(spots["features"][0]["properties"]) == {
        "id",
        "area_km2",
        "village_names",
    }
    assert lookup["points"][0]["id"] == "SDN 004"


def test_qgis_opens_the_project(live_server, token, a_run, tmp_path):
    project = tmp_path / "kukar_connect.qgs"
    text = (EXAMPLES / "kukar_connect.qgs").read_text()
    assert "http://localhost:8000/ogc/" in text
    project.write_text(text.replace("http://localhost:8000", live_server.url))
    # Nothing of this installation's Python, and no profile of whoever runs the tests.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRT"))}
    said = run(
        ["/usr/bin/python3", HERE / "qgis_opens.py", project, token],
        kept
        | {
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(tmp_path),
            "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path),
            "QGIS_AUTH_DB_DIR_PATH": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
        },
    )
    assert json.loads(said.strip().splitlines()[-1]) == {
        "Villages": {
            "is_valid": True,
            "count": Village.objects.count(),
            "renderer": "singleSymbol",
        },
        "Blank spots": {
            "is_valid": True,
            "count": spots_of(a_run, "ANY").count(),
            "renderer": "categorizedSymbol",
        },
    }
