"""Lists in pages: nothing twice, nothing left out, whatever happens meanwhile."""

import uuid
from base64 import b64encode
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from coverage.models import BlankSpot, CoverageRun
from coverage.services.compute_run import compute_full
from kukar_connect.pages import Key, as_number, as_uuid, paging_of
from tests.conftest import NOW, a_report, a_village, no_service, store
from villages.models import (
    Claim,
    District,
    Facility,
    OfficeInternet,
    Settlement,
    SignalReport,
    Site,
    Village,
)

pytestmark = pytest.mark.django_db

LISTS = {
    "villages": "/api/v1/villages/",
    "districts": "/api/v1/districts/",
    "reports": "/api/v1/reports/",
    "blank-spots": "/api/v1/blank-spots/",
    "runs": "/api/v1/runs/",
    "priorities": "/api/v1/priorities/",
    "village points": "/api/v1/village-points/",
    "settlements": "/api/v1/settlements/",
    "facilities": "/api/v1/facilities/",
    "sites": "/api/v1/sites/",
    "official list": "/api/v1/official-list/",
    "office internet": "/api/v1/office-internet/",
}


def full():
    return compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)


@pytest.fixture
def reader(client, verifier):
    client.force_login(verifier)
    return client


def rows_of(body):
    return next(body[name] for name in ("features", "runs", "spots") if name in body)


def name_of(row):
    told = row.get("properties", row)
    return told["id"] if "id" in told else told["code"]


def walk(client, address):
    """Return the names of all rows, following `next` as a client would."""
    names, pages = [], 0
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        body = answer.json()
        names += [name_of(row) for row in rows_of(body)]
        address = body["next"]
        link = f'<{address}>; rel="next"'
        assert answer.get("Link") == (link if address else None)
        pages += 1
        assert pages < 100
    return names


@pytest.fixture
def much(two_villages):
    """Three blank spots of a layer, runs, villages and districts, and reports."""
    for n in range(3):
        a_village(
            f"64.02.0{n + 1}.2001", f"Desa {n}", (116.3, 0.1 * n, 116.4, 0.1 * n + 0.1)
        )
    for district in District.objects.all():
        district.boundary = Village.objects.filter(district=district).first().boundary
        district.save()
    for lon in (116.03, 116.1, 116.17):
        spots = [
            no_service(lon=lon + i / 500, lat=j / 500 - 0.01)
            for i in range(4)
            for j in range(4)
        ]
        store(*spots, now=timezone.now())
    for number, village in enumerate(Village.objects.all()):
        at = {"name": f"Satu {number}", "village": village, "point": village.point}
        Settlement.objects.create(kind="rt", source="desa", **at)
        Facility.objects.create(kind="school", source="Dapodik", **at)
        Site.objects.create(kind="bts", status="built", source="surat", **at)
        said = {"village": village, "stated_date": NOW.date(), "source": "daftar"}
        OfficeInternet.objects.create(kinds=["satellite"], status="working", **said)
        Claim.objects.create(
            kind="listed_blank",
            event="daftar",
            status="blank spot",
            name_in_source=village.name,
            **said,
        )
    for _run in range(2):
        CoverageRun.objects.create(
            state="published",
            is_full=True,
            published_at=NOW,
            input_cutoff_at=NOW,
            parameters={"laws": {}},
        )
    full()
    return two_villages


def test_a_walk_by_pages_is_the_list_itself(reader, much):
    for address in LISTS.values():
        whole = [name_of(row) for row in rows_of(reader.get(address).json())]
        assert len(whole) > 2, address
        assert max(Counter(whole).values()) == 1, address
        limits = (1, 2) if len(whole) < 10 else (7,)
        for limit in limits:
            assert walk(reader, f"{address}?limit={limit}") == whole, address


def test_reports_of_one_moment_come_once_each(reader, much):
    SignalReport.objects.update(observed_at=NOW)
    names = walk(reader, "/api/v1/reports/?limit=7")
    assert sorted(names) == sorted(
        str(pk) for pk in SignalReport.objects.values_list("pk", flat=True)
    )


def test_a_report_that_comes_meanwhile_moves_no_other(reader, much):
    first = reader.get("/api/v1/reports/?limit=5").json()
    store(a_report(observed_at=timezone.now()), now=timezone.now())
    before = SignalReport.objects.filter(observed_at__lt=timezone.now())
    assert before.exists()
    rest = walk(reader, first["next"])
    seen = [name_of(row) for row in first["features"]] + rest
    assert len(seen) == len(set(seen)) == SignalReport.objects.count() - 1


def test_a_walk_stays_on_the_run_it_began_with(reader, much):
    run = CoverageRun.objects.get(is_current=True)
    wanted = {str(s.identity) for s in BlankSpot.objects.of_run(run.pk)}
    first = reader.get("/api/v1/blank-spots/?limit=1").json()
    store(*(a_report(lon=116.1 + n / 1000, lat=0.0) for n in range(9)))
    assert full().pk != run.pk
    rest = walk(reader, first["next"])
    assert {name_of(first["features"][0]), *rest} == wanted
    assert first["run"] == run.pk


def test_filters_and_fields_go_with_the_pages(reader, much):
    address = "/api/v1/blank-spots/?service=voice&limit=1&fields=id,area_km2"
    body = reader.get(address).json()
    assert set(body["features"][0]["properties"]) == {"id", "area_km2"}
    assert len(walk(reader, address)) == sum(
        spot.service == "voice"
        for spot in BlankSpot.objects.of_run(CoverageRun.objects.first().pk)
    )
    refused = reader.get("/api/v1/villages/?fields=code,colour")
    assert refused.status_code == 400
    assert "district_name" in refused.json()["detail"]


WRONG_PAGES = [
    "limit=0",
    "limit=-1",
    "limit=x",
    "cursor=x",
    "cursor=%00",
    *(
        f"cursor={b64encode(text.encode()).decode()}"
        for text in (
            "[]",
            "{}",
            '["a","b","c"]',
            "[[],[]]",
            '[NaN,"a"]',
            "[1e9999]",
            "[99999999999999999999]",
            '["\\u0000"]',
            '["2026-01-01T00:00:00","a"]',
            "[" * 250,
            f'["{"x" * 400}"]',
        )
    ),
]


def test_a_page_that_cannot_be_is_refused_in_words(reader, two_villages):
    store(no_service(), now=timezone.now())
    full()
    for address in LISTS.values():
        for query in WRONG_PAGES:
            refused = reader.get(f"{address}?{query}")
            assert refused.status_code == 400, (address, query)
            assert refused.json()["detail"]
        assert reader.get(f"{address}?limit=999999999").status_code == 200


def test_the_order_of_falling_and_rising_keys():
    class Rows:
        def filter(self, condition):
            self.condition = condition
            return self

        def order_by(self, *order):
            self.order = order
            return self

        def __getitem__(self, part):
            return self

    keys = [Key("area", as_number, is_falling=True), Key("id", as_uuid)]
    one = uuid.UUID(int=1)
    from django.http import QueryDict

    from kukar_connect.pages import _written

    paging = paging_of(QueryDict(f"cursor={_written([2.5, one])}"), keys)
    rows = paging.cut(Rows())
    assert rows.order == ("-area", "id")
    assert paging.after == [2.5, one]
    assert "('area__lte', 2.5)" in str(rows.condition)


def test_field_staff_read_their_own_reports_and_verifiers_all(
    client, reporter, verifier, officer, two_villages
):
    store(a_report(), a_report(), reported_by_id=reporter.pk)
    store(a_report(), reported_by_id=verifier.pk)
    store(a_report(observed_at=NOW - timedelta(days=9)))
    for user, query, count in (
        (reporter, "", 2),
        (reporter, "?by=me", 2),
        (verifier, "", 4),
        (verifier, "?by=me", 1),
    ):
        client.force_login(user)
        answer = client.get(f"/api/v1/reports/{query}")
        assert len(answer.json()["features"]) == count
    client.force_login(officer)
    assert client.get("/api/v1/reports/").status_code == 403


def test_a_district_tells_its_villages_and_the_sum_of_their_areas(reader, much):
    body = reader.get("/api/v1/districts/64.02.12/").json()
    told = body["properties"]
    assert [v["name"] for v in told["villages"]] == ["Hulu", "Hilir"]
    villages = [
        layer
        for village in ("2001", "2002")
        for layer in reader.get(f"/api/v1/villages/64.02.12.{village}/").json()[
            "properties"
        ]["coverage"]
    ]
    for layer in told["coverage"]:
        parts = [
            v["blank_km2"]
            for v in villages
            if (v["operator"], v["service"]) == (layer["operator"], layer["service"])
        ]
        assert layer["blank_km2"] == pytest.approx(sum(parts), abs=1e-3)
    assert len(told["coverage"]) == 4
    assert reader.get("/api/v1/districts/64.02.99/").status_code == 404
