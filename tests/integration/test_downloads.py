"""Bulk files over HTTP: whole, by ranges, for ever, and gone when they should be."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections import namedtuple
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from coverage.management.commands.run_worker import Command as Worker
from coverage.models import CoverageRun, RunFile, RunFileSet
from coverage.selectors.file_columns import TABLES
from coverage.services.cite_run import cite_run
from coverage.services.compute_run import compute_changes, compute_full
from coverage.services.downloads import build
from coverage.services.downloads.build import FILES_KEY, FilesBusyError, build_files
from coverage.services.downloads.disk import (
    NoRoomForFilesError,
    files_dir,
    folder_of,
    remove_lost_folders,
)
from coverage.services.downloads.keep import runs_without_files, thin_files
from tests.conftest import NOW, a_report, store
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db
NAME = "blank-spots.kml"


def in_silence(*_):
    pass


@pytest.fixture
def a_run(a_blank_west):
    return compute_full(now=timezone.now(), progress=in_silence, threads=1)


@pytest.fixture
def files(a_run):
    return build_files(a_run, now=timezone.now(), progress=in_silence)


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def content(files):
    return (folder_of(files.pk) / NAME).read_bytes()


def address(files, name=NAME):
    return f"/unduhan/{files.pk}/{name}"


def body_of(answer):
    return b"".join(answer.streaming_content)


# --- one file ------------------------------------------------------------------------


def test_a_file_comes_as_it_was_built_with_its_checksum(viewer, files, content):
    answer = viewer.get(address(files), headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 200
    assert body_of(answer) == content
    digest = hashlib.sha256(content)
    assert answer["ETag"] == f'"{digest.hexdigest()}"'
    told = base64.b64encode(digest.digest()).decode()
    assert answer["Repr-Digest"] == f"sha-256=:{told}:"
    assert answer["Content-Length"] == str(len(content))
    assert answer["Accept-Ranges"] == "bytes"
    assert "immutable" in answer["Cache-Control"]
    assert answer["Content-Type"] == "application/vnd.google-earth.kml+xml"
    assert f"kukar-run-{files.pk}-{NAME}" in answer["Content-Disposition"]
    for row in files.files.all():
        data = (folder_of(files.pk) / row.name).read_bytes()
        assert (row.bytes, row.sha256) == (
            len(data),
            hashlib.sha256(data).hexdigest(),
        )


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-7", -7, None)],
)
def test_a_range_is_answered_by_just_that(viewer, files, content, asked, start, end):
    answer = viewer.get(address(files), headers={"Range": asked})
    expected = content[start:end]
    assert answer.status_code == 206
    assert body_of(answer) == expected
    first = start % len(content)
    last = first + len(expected) - 1
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(content)}"
    assert answer["Content-Length"] == str(len(expected))


def test_a_range_beyond_the_file_is_refused(viewer, files, content):
    answer = viewer.get(address(files), headers={"Range": f"bytes={len(content)}-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(content)}"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-3", "lines=1-2"])
def test_what_is_not_one_range_is_the_whole_file(viewer, files, content, asked):
    answer = viewer.get(address(files), headers={"Range": asked})
    assert answer.status_code == 200
    assert body_of(answer) == content


def test_who_began_with_another_version_gets_all_of_this_one(viewer, files, content):
    first = viewer.get(address(files))
    body_of(first)
    for known, status in (
        (first["ETag"], 206),
        (first["Last-Modified"], 206),
        ('"another"', 200),
        (f"W/{first['ETag']}", 200),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 200),
    ):
        answer = viewer.get(
            address(files), headers={"Range": "bytes=5-9", "If-Range": known}
        )
        assert answer.status_code == status, known
        assert body_of(answer) == (content[5:10] if status == 206 else content)


def test_who_has_it_is_told_so(viewer, files):
    head = viewer.head(address(files))
    assert head.status_code == 200
    assert int(head["Content-Length"]) > 1000
    assert not head.content
    for method in (viewer.get, viewer.head):
        again = method(address(files), headers={"If-None-Match": head["ETag"]})
        assert again.status_code == 304
        assert again["ETag"] == head["ETag"]


def test_the_name_that_stays_leads_to_the_newest_run(viewer, files, a_run):
    answer = viewer.get(f"/unduhan/terbaru/{NAME}")
    assert answer.status_code == 302
    assert answer["Location"] == address(files)
    assert "no-cache" in answer["Cache-Control"]
    store(a_report(lon=116.12, rsrp_dbm=-120.0), now=timezone.now())
    later = compute_changes(now=timezone.now(), progress=in_silence)
    assert later.pk > a_run.pk
    # Until its files are there, those of the run before are the newest.
    assert viewer.get(f"/unduhan/terbaru/{NAME}")["Location"] == address(files)
    newer = build_files(later, now=timezone.now(), progress=in_silence)
    assert viewer.get(f"/unduhan/terbaru/{NAME}")["Location"] == address(newer)


@pytest.mark.parametrize(
    "path",
    [
        "/unduhan/{run}/nothing.csv",
        "/unduhan/999999/blank-spots.kml",
        "/unduhan/terbaru/nothing.csv",
        "/unduhan/{run}/..%2f..%2fenv",
    ],
)
def test_what_is_not_there_is_a_problem_document_or_a_page(viewer, files, path):
    where = path.format(run=files.pk)
    answer = viewer.get(where)
    if "%2f" not in path:
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["status"] == 404
    assert answer.status_code == 404
    page = viewer.get(where, headers={"Accept": "text/html,*/*"})
    assert page.status_code == 404
    assert page["Content-Type"].startswith("text/html")


def test_a_file_that_is_lost_is_not_there(viewer, files):
    shutil.rmtree(folder_of(files.pk))
    assert viewer.get(address(files)).status_code == 404


# --- who may -------------------------------------------------------------------------


def test_they_are_for_who_may_see_the_map(client, files, content, officer, settings):
    for where in (address(files), f"/unduhan/terbaru/{NAME}", "/unduhan/dcat.json"):
        answer = client.get(where)
        assert answer.status_code == 401, where
        assert answer["Content-Type"] == "application/problem+json"
        page = client.get(where, headers={"Accept": "text/html"})
        assert page.status_code == 302
        assert page["Location"].startswith("/masuk/?next=")
    token = create_api_token(
        user=officer, name="skrip", scopes=["read"], days=1, now=timezone.now()
    )[1]
    bearer = {"Authorization": f"Bearer {token}"}
    assert body_of(client.get(address(files), headers=bearer)) == content
    submit = create_api_token(
        user=officer, name="kirim", scopes=["submit"], days=1, now=timezone.now()
    )[1]
    refused = client.get(address(files), headers={"Authorization": f"Bearer {submit}"})
    assert refused.status_code == 403
    settings.KUKAR_PUBLIC_MAP = True
    assert body_of(client.get(address(files))) == content


@pytest.mark.django_db(transaction=True)
def test_curl_goes_on_where_it_was(
    django_db_serialized_rollback, live_server, a_run, tmp_path, settings
):
    settings.KUKAR_PUBLIC_MAP = True
    files = build_files(a_run, now=timezone.now(), progress=in_silence)
    content = (folder_of(files.pk) / "kukar-connect.gpkg").read_bytes()
    out = tmp_path / "kukar.gpkg"
    out.write_bytes(content[:70_000])
    done = subprocess.run(
        [
            *("curl", "-sS", "-L", "--fail", "-C", "-", "-o", str(out)),
            *("-w", "%{http_code} %{size_download}"),
            f"{live_server.url}/unduhan/terbaru/kukar-connect.gpkg",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"206 {len(content) - 70_000}"
    assert out.read_bytes() == content


# --- pages, catalogue, dictionary ----------------------------------------------------


def test_the_page_lists_every_file_with_its_checksum(viewer, files):
    html = viewer.get("/unduhan/").content.decode()
    for row in files.files.all():
        assert address(files, row.name) in html
        assert row.sha256 in html


def test_the_page_leads_to_the_files_of_other_runs(client, three_runs, officer):
    client.force_login(officer)
    first, _second, current = three_runs
    for run in (first, current):
        build_files(run, now=timezone.now(), progress=in_silence)
    page = client.get("/unduhan/").content.decode()
    assert f'href="?run={first.pk}"' in page
    assert f"/unduhan/{current.pk}/{NAME}" in page
    earlier = client.get(f"/unduhan/?run={first.pk}").content.decode()
    assert f"/unduhan/{first.pk}/{NAME}" in earlier
    # Links that stay the newest belong to the newest files.
    assert "/unduhan/terbaru/" in page
    assert f"/unduhan/terbaru/{NAME}" not in earlier
    for odd in ("999999", "9" * 30, "x", "-1"):
        again = client.get("/unduhan/", {"run": odd}).content.decode()
        assert f"/unduhan/{current.pk}/{NAME}" in again


def test_without_files_the_page_says_so(viewer, a_run):
    assert viewer.get("/unduhan/").status_code == 200
    assert viewer.get("/unduhan/dcat.json").json()["dcat:dataset"] == []


def test_the_catalogue_names_every_file_and_each_is_there(viewer, files, settings):
    settings.KUKAR_DATA_LICENSE = "https://creativecommons.org/licenses/by/4.0/"
    answer = viewer.get("/unduhan/dcat.json")
    assert answer["Content-Type"] == "application/ld+json"
    again = viewer.get("/unduhan/dcat.json", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    told = answer.json()
    prefixes = set(told["@context"])
    used = set()

    def walk(part):
        if isinstance(part, dict):
            used.update(k.split(":")[0] for k in part if not k.startswith("@"))
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk({k: v for k, v in told.items() if k != "@context"})
    assert used <= prefixes
    found = {}
    for dataset in told["dcat:dataset"]:
        assert {t["@language"] for t in dataset["dct:title"]} == {"id", "en"}
        for key in ("dct:publisher", "dct:accrualPeriodicity", "dct:spatial"):
            assert dataset[key]
        assert dataset["dct:license"] == settings.KUKAR_DATA_LICENSE
        assert (
            dataset["dct:temporal"]["dcat:startDate"]["@value"]
            < (dataset["dct:temporal"]["dcat:endDate"]["@value"])
        )
        for one in dataset["dcat:distribution"]:
            url = one["dcat:downloadURL"]["@id"].removeprefix("http://testserver")
            found[url] = (one["dcat:byteSize"], one["spdx:checksum"])
    assert len(found) == files.files.count()
    for url, (length, checksum) in found.items():
        data = body_of(viewer.get(url))
        assert len(data) == length
        digest = hashlib.sha256(data).hexdigest()
        assert checksum["spdx:checksumValue"] == digest


def test_the_dictionary_has_every_column_in_both_languages(viewer, files):
    told = viewer.get("/unduhan/kamus.json").json()
    tables = {t["name"]: t for t in told["tables"]}
    page = viewer.get("/unduhan/kamus/").content.decode()
    for table in TABLES:
        columns = tables[table.name]["columns"]
        assert [c["name"] for c in columns] == [c.name for c in table.columns]
        for column in columns:
            assert set(column["meaning"]) == {"id", "en"}
            assert all(column["meaning"].values())
            assert f"<code>{column['name']}</code>" in page


# --- building ------------------------------------------------------------------------


def test_they_are_built_once(files, a_run, monkeypatch):
    before = [(p.name, p.stat().st_mtime_ns) for p in folder_of(a_run.pk).iterdir()]
    again = build_files(a_run, now=timezone.now(), progress=in_silence)
    assert again == files
    after = [(p.name, p.stat().st_mtime_ns) for p in folder_of(a_run.pk).iterdir()]
    assert after == before


def test_files_that_were_lost_are_built_again_and_the_same(files, a_run):
    def digests():
        return dict(
            RunFile.objects.exclude(format="pmtiles").values_list("name", "sha256")
        )

    before = digests()
    shutil.rmtree(folder_of(a_run.pk))
    build_files(a_run, now=timezone.now(), progress=in_silence)
    assert digests() == before


def test_a_building_that_fails_leaves_nothing_but_its_reason(a_run, monkeypatch):
    def fail(*_args):
        message = "the disk is gone"
        raise OSError(message)

    monkeypatch.setattr(build, "write_pmtiles", fail)
    with pytest.raises(OSError, match="gone"):
        build_files(a_run, now=timezone.now(), progress=in_silence)
    file_set = RunFileSet.objects.get()
    assert file_set.state == "failed"
    assert file_set.error == "OSError: the disk is gone"
    assert list(files_dir().glob(f"{a_run.pk}*")) == []
    now = timezone.now()
    assert runs_without_files(now=now) == []
    assert runs_without_files(now=now + timedelta(hours=2)) == [a_run]
    monkeypatch.undo()
    assert build_files(a_run, now=now, progress=in_silence).state == "whole"


def test_a_full_disk_is_left_alone(a_run, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        "coverage.services.downloads.disk.shutil.disk_usage",
        lambda path: usage(10**9, 5 * 10**8, 5 * 10**8),
    )
    with pytest.raises(NoRoomForFilesError, match="500 MB"):
        build_files(a_run, now=timezone.now(), progress=in_silence)
    assert RunFileSet.objects.get().state == "failed"


@pytest.mark.django_db(transaction=True)
def test_two_do_not_build_at_once(django_db_serialized_rollback, a_run):
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [FILES_KEY])
        with pytest.raises(FilesBusyError):
            build_files(a_run, now=timezone.now(), progress=in_silence)
    finally:
        other.close()
    assert not RunFileSet.objects.exists()


def test_the_command_builds_what_is_due_and_what_is_named(a_run):
    out = StringIO()
    call_command("build_downloads", "--json", stdout=out)
    [told] = json.loads(out.getvalue().splitlines()[-1])["runs"]
    assert told["run"] == a_run.pk
    assert told["files"] == RunFile.objects.count()
    out = StringIO()
    call_command("build_downloads", "--next", stdout=out)
    assert "No run is without files." in out.getvalue()
    with pytest.raises(CommandError, match="no published run 999999"):
        call_command("build_downloads", "999999")


# --- which runs have them ------------------------------------------------------------


@pytest.fixture
def three_runs(a_blank_west):
    """Three runs of one day, the last of them the current one."""
    runs = [compute_full(now=NOW, progress=in_silence, threads=1)]
    for step in (1, 2):
        store(
            a_report(lon=116.12 + 0.01 * step, rsrp_dbm=-120.0),
            now=NOW + timedelta(hours=step),
        )
        runs.append(
            compute_changes(now=NOW + timedelta(hours=step), progress=in_silence)
        )
    return runs


def test_the_current_run_and_one_a_month_and_what_is_cited_have_files(
    three_runs, settings
):
    first, second, current = three_runs
    settings.KUKAR_FILES_EVERY_MINUTES = 30
    now = timezone.now()
    assert runs_without_files(now=now) == [current]
    cite_run(run_id=first.pk)
    assert runs_without_files(now=now) == [current, first]
    CoverageRun.objects.filter(pk=second.pk).update(
        input_cutoff_at=NOW - timedelta(days=40)
    )
    assert runs_without_files(now=now) == [current, second, first]


def test_files_of_a_new_run_wait_until_the_last_ones_are_half_an_hour_old(
    three_runs, settings
):
    settings.KUKAR_FILES_EVERY_MINUTES = 30
    current = three_runs[-1]
    now = timezone.now()
    build_files(three_runs[1], now=now, progress=in_silence)
    assert runs_without_files(now=now + timedelta(minutes=29)) == []
    assert runs_without_files(now=now + timedelta(minutes=30)) == [current]


def test_measurements_do_not_wait_behind_a_demonstration(three_runs):
    now = timezone.now()
    CoverageRun.objects.filter(pk=three_runs[1].pk).update(is_demo=True)
    build_files(three_runs[1], now=now, progress=in_silence)
    assert runs_without_files(now=now) == [three_runs[-1]]


def test_files_that_nobody_needs_go_and_their_runs_stay(three_runs, settings):
    first, second, _current = three_runs
    now = timezone.now()
    cite_run(run_id=second.pk)
    for run in three_runs:
        build_files(run, now=now, progress=in_silence)
    settings.KUKAR_FILES_KEEP_DAYS = 3
    assert thin_files(now=now + timedelta(days=2)) == []
    assert thin_files(now=now + timedelta(days=4)) == [first.pk]
    assert not folder_of(first.pk).exists()
    assert folder_of(second.pk).exists()
    assert CoverageRun.objects.filter(pk=first.pk).exists()
    assert not RunFile.objects.filter(file_set=first.pk).exists()


def test_files_of_a_demonstration_go_with_it(a_run, now):
    CoverageRun.objects.filter(pk=a_run.pk).update(is_demo=True)
    store(a_report(), is_demo=True, now=now)
    assert runs_without_files(now=now) == [a_run]
    build_files(a_run, now=now, progress=in_silence)
    assert folder_of(a_run.pk).exists()
    out = StringIO()
    call_command("remove_demo", stdout=out)
    assert "the files of 1 runs" in out.getvalue()
    assert not folder_of(a_run.pk).exists()
    assert not RunFile.objects.exists()
    # Until the worker has computed a run without it, there is nothing to be had.
    assert runs_without_files(now=now) == []


def test_files_go_with_their_run(files, a_run):
    CoverageRun.objects.filter(pk=a_run.pk).delete()
    assert not RunFile.objects.exists()
    # Of tests whose rows were taken back there may be more.
    assert str(a_run.pk) in remove_lost_folders()
    assert not folder_of(a_run.pk).exists()


def test_the_worker_builds_files_once_no_full_run_is_being_computed(a_run):
    begun = []

    class Noted:
        def __init__(self, *, is_busy=False):
            self.is_busy = is_busy

        def is_running(self):
            return self.is_busy

        def take_result(self):
            return None

        def begin(self):
            begun.append("files")

    worker = Worker()
    worker._files, worker._full = Noted(), Noted(is_busy=True)
    worker._see_to_files()
    assert begun == []
    worker._full = Noted()
    worker._see_to_files()
    assert begun == ["files"]
    # Asked again a minute later, not a second later.
    worker._see_to_files()
    assert begun == ["files"]
