"""The office's background is read by ranges, by who may see the map."""

import pytest

from coverage.api.basemap import MOST_BYTES
from kukar_connect.ranges import span

pytestmark = pytest.mark.django_db
ADDRESS = "/tiles/latar.pmtiles"
CONTENT = bytes(range(256)) * 20


@pytest.fixture
def basemap(tmp_path, settings):
    path = tmp_path / "kukar.pmtiles"
    path.write_bytes(CONTENT)
    settings.KUKAR_BASEMAP = str(path)
    return path


@pytest.fixture
def viewer(client, officer):
    client.force_login(officer)
    return client


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-126", 0, 127),
        ("bytes=100-100", 100, 101),
        ("bytes=5000-999999", 5000, 5120),
        ("bytes=5000-", 5000, 5120),
        ("bytes=-20", 5100, 5120),
        ("bytes=-999999", 0, 5120),
    ],
)
def test_a_range_is_answered_by_just_that(viewer, basemap, asked, start, end):
    answer = viewer.get(
        ADDRESS, headers={"Range": asked, "Accept-Encoding": "gzip, br"}
    )
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/5120"
    assert answer["Content-Encoding"] == "identity", "a compressed range is another"
    assert answer["Content-Length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=5120-", "bytes=9999-10000", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused(viewer, basemap, asked):
    answer = viewer.get(ADDRESS, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer["Content-Range"] == "bytes */5120"


@pytest.mark.parametrize("asked", ["", "bytes=-", "bytes=9-3", "lines=1-2", "bytes=x-"])
def test_without_a_usable_range_it_is_the_whole_file(viewer, basemap, asked):
    answer = viewer.get(
        ADDRESS, headers={"Range": asked, "Accept-Encoding": "gzip, br"}
    )
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == CONTENT
    assert answer["Accept-Ranges"] == "bytes"


def test_no_range_takes_more_memory_than_is_good():
    assert span("bytes=0-", 10**12, most=MOST_BYTES) == (0, MOST_BYTES)


def test_a_changed_file_has_another_etag(viewer, basemap):
    first = viewer.get(ADDRESS, headers={"Range": "bytes=0-9"})["ETag"]
    assert viewer.get(ADDRESS, headers={"Range": "bytes=9-19"})["ETag"] == first
    basemap.write_bytes(CONTENT + b"more")
    assert viewer.get(ADDRESS, headers={"Range": "bytes=0-9"})["ETag"] != first


def test_it_is_for_who_may_see_the_map(client, basemap, settings):
    assert client.get(ADDRESS, headers={"Range": "bytes=0-9"}).status_code == 401
    settings.KUKAR_PUBLIC_MAP = True
    assert client.get(ADDRESS, headers={"Range": "bytes=0-9"}).status_code == 206


def test_without_a_file_there_is_none(viewer, settings, basemap):
    basemap.unlink()
    assert viewer.get(ADDRESS).status_code == 404
    settings.KUKAR_BASEMAP = ""
    assert viewer.get(ADDRESS).status_code == 404
