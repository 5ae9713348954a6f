import json

import pytest
from django.utils import timezone

from coverage.services.compute_run import compute_full
from tests.conftest import a_report, store
from villages.models import Claim, District, SignalReport

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(a_blank_west):
    return compute_full(
        now=timezone.now(), progress=lambda done, total, label: None, threads=1
    )


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


MAP_ADDRESSES = [
    "/api/v1/blank-spots/",
    "/api/v1/villages/",
    "/api/v1/villages/64.02.12.2001/",
    "/api/v1/runs/",
    "/api/v1/runs/current/",
    "/api/v1/official-list/",
    "/api/v1/settlements/",
    "/api/v1/facilities/",
]


@pytest.mark.parametrize("address", MAP_ADDRESSES)
def test_the_map_is_for_people_signed_in_unless_opened(client, run, address, settings):
    refused = client.get(address)
    assert refused.status_code == 401
    assert refused["Content-Type"] == "application/problem+json"
    settings.KUKAR_PUBLIC_MAP = True
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ["/api/v1/districts/", "/api/v1/village-points/"])
def test_what_a_phone_keeps_before_anybody_signs_in_is_names_and_places(
    client, a_blank_west, address
):
    District.objects.update(boundary=a_blank_west[0].boundary)
    features = client.get(address).json()["features"]
    assert features
    known = {"code", "name", "district_name", "boundary_source", "lon", "lat"}
    assert all(set(feature["properties"]) <= known for feature in features)


def test_an_open_map_keeps_single_reports_closed(client, run, settings):
    settings.KUKAR_PUBLIC_MAP = True
    assert client.get("/api/v1/reports/").status_code == 401


def test_blank_spots_have_what_clients_need(viewer, run, a_blank_west):
    body = viewer.get("/api/v1/blank-spots/?operator=TELKOMSEL&service=internet").json()
    assert body["type"] == "FeatureCollection"
    properties = body["features"][0]["properties"]
    assert set(properties) >= {
        "id",
        "operator",
        "service",
        "state",
        "area_km2",
        "confidence",
        "reports",
        "newest_report_at",
        "villages",
        "run",
        "is_demo",
    }
    assert properties["run"] == run.pk
    assert properties["is_demo"] is False
    assert properties["village_names"][0] == "Hulu"
    assert body["features"][0]["geometry"]["type"] == "MultiPolygon"


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("village=64.02.12.2001", True),
        ("village=64.02.12.9999", False),
        ("district=64.02.12", True),
        ("district=64.02.01", False),
        ("bbox=116,-0.05,116.1,0.05", True),
        ("bbox=117,0,117.1,0.1", False),
        ("min_area_km2=0.1", True),
        ("min_area_km2=1000", False),
        ("state=blank", True),
        ("operator=XLSMART", False),
    ],
)
def test_blank_spots_are_filtered(viewer, run, query, is_found):
    features = viewer.get(f"/api/v1/blank-spots/?{query}").json()["features"]
    assert bool(features) == is_found


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "operator=ACME",
        "state=covered",
        "min_area_km2=x",
        "run=x",
        "village=%00",
        "bbox=200,0,201,1",
        "bbox=117,0,116,1",
    ],
)
def test_a_parameter_that_cannot_be_meant_is_refused_in_words(viewer, run, query):
    response = viewer.get(f"/api/v1/blank-spots/?{query}")
    assert response.status_code == 400
    assert response.json()["detail"]


def test_a_run_that_is_not_there_is_404(viewer, run):
    assert viewer.get("/api/v1/blank-spots/?run=999999").status_code == 404
    assert viewer.get("/api/v1/runs/999999/").status_code == 404


@pytest.mark.parametrize(
    "address", ["/api/v1/blank-spots/", "/api/v1/runs/current/", "/api/v1/villages/"]
)
def test_what_the_client_holds_is_not_sent_again(viewer, run, address):
    first = viewer.get(address)
    again = viewer.get(address, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_the_etag_changes_with_the_run(viewer, run):
    first = viewer.get("/api/v1/blank-spots/")
    store(a_report(lon=116.03))
    compute_full(now=timezone.now(), progress=lambda *a: None, threads=1)
    again = viewer.get("/api/v1/blank-spots/", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 200


def test_a_village_tells_its_layers_and_claims(viewer, run, a_blank_west):
    Claim.objects.create(
        village=a_blank_west[0],
        kind="statement",
        stated_date="2024-06-25",
        event="x",
        status="belum tersambung",
        source="koran",
        name_in_source="Hulu",
    )
    properties = viewer.get("/api/v1/villages/64.02.12.2001/").json()["properties"]
    assert {(r["operator"], r["service"]) for r in properties["coverage"]} == {
        (o, s) for o in ("TELKOMSEL", "ANY") for s in ("internet", "voice")
    }
    assert properties["claims"][0]["status"] == "belum tersambung"


def test_demonstration_data_is_marked_in_every_answer(viewer, a_blank_west):
    SignalReport.objects.update(is_demo=True)
    compute_full(now=timezone.now(), progress=lambda *a: None, threads=1)
    assert viewer.get("/api/v1/runs/current/").json()["is_demo"] is True
    for address in ("/api/v1/blank-spots/", "/api/v1/villages/"):
        features = viewer.get(address).json()["features"]
        assert features
        assert all(f["properties"]["is_demo"] for f in features)


@pytest.mark.parametrize("z", [5, 7, 9, 10, 12, 16])
def test_a_surface_tile_is_a_png_that_may_be_kept(viewer, run, z):
    x, y = int((116.05 + 180) / 360 * 2**z), 2 ** (z - 1)
    response = viewer.get(f"/tiles/{run.pk}/TELKOMSEL/internet/{z}/{x}/{y}.png")
    assert response.status_code == 200
    assert response.content.startswith(b"\x89PNG")
    assert "immutable" in response["Cache-Control"]


@pytest.mark.parametrize(
    "where",
    [
        "999/TELKOMSEL/internet/10/0/0",
        "{run}/ACME/internet/10/0/0",
        "{run}/ANY/fax/10/0/0",
        "{run}/ANY/voice/30/0/0",
        "{run}/ANY/voice/6/99/0",
    ],
)
def test_a_tile_that_cannot_be_is_404(viewer, run, where):
    assert viewer.get(f"/tiles/{where.format(run=run.pk)}.png").status_code == 404


def test_the_schema_names_every_address(client):
    response = client.get("/api/v1/schema/?format=json")
    assert response.status_code == 200
    paths = json.loads(response.content)["paths"]
    assert {"/api/v1/blank-spots/", "/api/v1/reports/", "/api/v1/runs/"} <= set(paths)


def test_pages_forbid_inline_scripts_and_styles(client):
    for address in ("/masuk/", "/api/v1/docs/"):
        response = client.get(address)
        policy = response["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert b"<style" not in response.content
        assert b"<script>" not in response.content


def test_five_wrong_passwords_lock_the_account_out(client, officer):
    wrong = {"username": "officer", "password": "salah"}
    for _ in range(5):
        client.post("/masuk/", wrong)
    right = {"username": "officer", "password": "rahasia-sekali"}
    assert client.post("/masuk/", right).status_code == 429


def test_healthz_needs_no_account(client, db):
    assert client.get("/healthz").json() == {"status": "ok"}
