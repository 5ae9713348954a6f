"""Photos come in pieces over bad links, are kept once, and tell nothing of their origin."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image, PngImagePlugin

from coverage.management.commands.run_worker import Command
from tests.conftest import NOW, a_report, store
from villages.models import ImportBatch, Photo, SignalReport
from villages.selectors.photos import photos_of
from villages.services.redraw_photo import CannotRedrawError, redraw
from villages.services.store_photos import (
    MAX_PHOTOS_PER_REPORT,
    MAX_PIECE_BYTES,
    Piece,
    clean_photos,
    kept_path,
    part_path,
    photos_dir,
    receive_piece,
)

pytestmark = pytest.mark.django_db


def picture(size=(640, 480), seed=1) -> Image.Image:
    """Return a picture that no compression makes small, the same for the same seed."""
    from random import Random

    width, height = size
    small = Image.frombytes("RGB", (64, 64), Random(seed).randbytes(64 * 64 * 3))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format_="JPEG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def with_exif(image: Image.Image, orientation=1) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Secretphone"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (0.0, 24.0, 30.0), 3: "E", 4: (116.0, 3.0, 0.0)}
    )
    return encoded(image, exif=exif, comment=b"taken by Ana")


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def jpeg():
    return encoded(picture())


@pytest.fixture
def two_reports(two_villages, reporter):
    """Two reports of one visit of the reporter's."""
    reports = [a_report(), a_report(operator="INDOSAT")]
    store(*reports, reported_by_id=reporter.pk)
    return [report.id for report in reports]


@pytest.fixture
def field(client, reporter):
    client.force_login(reporter)
    return client


def put(client, report_id, content, first=None, last=None, *, name=None, **headers):
    """Send the bytes *first* up to *last* of a photo, or all of it."""
    url = f"/api/v1/photos/{report_id}/{name or sha256_of(content)}"
    body = content
    if first is not None:
        body = content[first:last]
        end = first + len(body) - 1
        headers["content-range"] = f"bytes {first}-{end}/{len(content)}"
    return client.put(
        url, body, content_type="application/octet-stream", headers=headers
    )


def ask(client, report_id, content, **headers):
    headers["content-range"] = f"bytes */{len(content)}"
    return client.put(
        f"/api/v1/photos/{report_id}/{sha256_of(content)}", b"", headers=headers
    )


def kept(photo: Photo) -> Image.Image:
    return Image.open(io.BytesIO(kept_path(photo.id).read_bytes()))


def test_pieces_in_order_make_a_photo(field, two_reports, jpeg):
    report_id = two_reports[0]
    answers = [put(field, report_id, jpeg, at, at + 20_000) for at in (0, 20_000)]
    assert [a.status_code for a in answers] == [308, 308]
    assert answers[1]["Range"] == "bytes=0-39999"
    assert answers[1].json() == {
        "sha256": sha256_of(jpeg),
        "state": "arriving",
        "received": 40_000,
        "size": len(jpeg),
    }
    last = put(field, report_id, jpeg, 40_000)
    assert last.status_code == 201
    assert last.json()["state"] == "kept"
    photo = Photo.objects.get()
    assert (photo.format, photo.width_px, photo.height_px) == ("JPEG", 640, 480)
    assert list(photo.reports.values_list("id", flat=True)) == [report_id]
    assert kept(photo).size == (640, 480)
    assert kept(photo).format == "JPEG"


def test_a_small_photo_may_come_at_once(field, two_reports):
    small = encoded(picture((64, 64)), "PNG")
    answer = put(field, two_reports[0], small)
    assert answer.status_code == 201
    assert Photo.objects.get().format == "PNG"


def test_a_question_is_answered_with_what_is_there(
    field, two_reports, jpeg, django_capture_on_commit_callbacks
):
    report_id = two_reports[0]
    answer = ask(field, report_id, jpeg)
    assert (answer.status_code, answer.json()["received"]) == (308, 0)
    assert "Range" not in answer
    assert "Location" not in answer  # a browser would follow it
    put(field, report_id, jpeg, 0, 30_000)
    assert ask(field, report_id, jpeg)["Range"] == "bytes=0-29999"
    with django_capture_on_commit_callbacks(execute=True):
        put(field, report_id, jpeg, 30_000)
    assert ask(field, report_id, jpeg).status_code == 200
    assert not part_path(Photo.objects.get().id).exists()


def test_pieces_twice_overlapping_and_out_of_order_do_no_harm(
    field, two_reports, jpeg, django_capture_on_commit_callbacks
):
    report_id = two_reports[0]
    for first, last, received in [
        (20_000, 30_000, 0),
        (0, 10_000, 10_000),
        (0, 10_000, 10_000),
        (20_000, 30_000, 10_000),
        (5_000, 25_000, 25_000),
        (1_000, 2_000, 25_000),
    ]:
        answer = put(field, report_id, jpeg, first, last)
        assert answer.status_code == 308
        assert answer.json()["received"] == received
    assert put(field, report_id, jpeg, 25_000).status_code == 201
    stored = kept_path(Photo.objects.get().id).read_bytes()
    for first in (0, 25_000):
        assert put(field, report_id, jpeg, first).status_code == 200
    assert kept_path(Photo.objects.get().id).read_bytes() == stored


def test_the_second_report_of_a_visit_has_the_photo_without_sending_it(
    field, two_reports, jpeg
):
    first, second = two_reports
    put(field, first, jpeg, 0, 10_000)
    assert ask(field, second, jpeg).json()["received"] == 10_000
    put(field, first, jpeg, 10_000)
    assert ask(field, second, jpeg).status_code == 200
    photo = Photo.objects.get()
    assert set(photo.reports.values_list("id", flat=True)) == {first, second}
    assert len(list(photos_dir().glob("*/*.jpg"))) == 1


def test_only_the_reports_own_sender_adds_a_photo(
    client, two_reports, jpeg, officer, account
):
    report_id = two_reports[0]
    assert put(client, report_id, jpeg, 0, 100).status_code == 401
    client.force_login(officer)
    assert put(client, report_id, jpeg, 0, 100).status_code == 403
    client.force_login(account("other", "verifier"))
    assert put(client, report_id, jpeg, 0, 100).status_code == 404
    assert put(client, uuid.uuid4(), jpeg, 0, 100).status_code == 404
    assert Photo.objects.count() == 0


def test_a_phone_whose_queue_the_office_imported_still_adds_its_photos(
    field, two_villages, reporter, account, jpeg
):
    importer = account("importer", "analyst")
    batch = ImportBatch.objects.create(
        file_name="antrean.json", format="queue", imported_by=importer
    )
    new = a_report()
    store(new, batch_id=batch.pk, reported_by_id=importer.pk)
    assert put(field, new.id, jpeg).status_code == 404
    # The phone sends the report before its photo, and is its author from then on.
    store(new, reported_by_id=reporter.pk)
    assert put(field, new.id, jpeg).status_code in (200, 201)
    assert Photo.objects.get().reports.get().id == new.id


def test_who_knows_a_fingerprint_has_not_got_the_photo(
    field, two_reports, jpeg, account
):
    put(field, two_reports[0], jpeg)
    other = account("other", "field")
    report = a_report(operator="XLSMART")
    store(report, reported_by_id=other.pk)
    field.force_login(other)
    assert ask(field, report.id, jpeg).json()["received"] == 0
    assert Photo.objects.get(sent_by=other).state == Photo.State.ARRIVING


def test_a_photo_that_arrives_damaged_is_asked_for_once_more_and_then_refused(
    field, two_reports, jpeg
):
    report_id = two_reports[0]
    name = sha256_of(jpeg)
    damaged = jpeg[:-1] + b"x"
    answer = put(field, report_id, damaged, name=name)
    assert (answer.status_code, answer.json()["received"]) == (308, 0)
    answer = put(field, report_id, damaged, name=name)
    assert answer.status_code == 422
    assert "rusak" in answer.json()["detail"]
    assert ask(field, report_id, jpeg).status_code == 422
    assert SignalReport.objects.count() == 2
    assert not list(photos_dir().glob("*/*.jpg"))


def test_a_photo_damaged_once_is_kept_when_it_comes_whole(field, two_reports, jpeg):
    put(field, two_reports[0], b"x" + jpeg[1:], name=sha256_of(jpeg))
    assert put(field, two_reports[0], jpeg).status_code == 201


def bomb(width: int) -> bytes:
    """Return a few kilobytes that would be many megabytes of pixels."""
    return encoded(Image.new("L", (width, 10_000)), "PNG")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a" + b"\0" * 200, "tidak bisa dibuka"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "tidak bisa dibuka"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 500, "tidak bisa dibuka"),
        (encoded(picture())[:20_000], "tidak bisa dibuka"),
        (encoded(picture((50, 50)), "TIFF"), "tidak bisa dibuka"),
        # Past our own limit, past Pillow's warning, and past its error.
        (bomb(1_601), "terlalu banyak piksel"),
        (bomb(10_000), "terlalu banyak piksel"),
        (bomb(20_000), "terlalu banyak piksel"),
    ],
    ids=["gif", "svg", "noise", "cut", "tiff", "large", "larger", "bomb"],
)
def test_what_is_no_photo_is_refused_by_its_content(
    field, two_reports, content, words, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = put(field, two_reports[0], content)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    # And again, without sending it.
    assert ask(field, two_reports[0], content).status_code == 422
    assert [path for path in photos_dir().rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_any_garbage_in_a_photo_is_refused_and_breaks_nothing(format_):
    from random import Random

    good = encoded(picture((80, 60)), format_)
    random = Random(7)
    for _ in range(150):
        content = bytearray(good)
        for _ in range(random.randint(1, 30)):
            content[random.randrange(len(content))] = random.randrange(256)
        with contextlib.suppress(CannotRedrawError):
            assert redraw(bytes(content)).jpeg


def test_too_large_is_said_before_anything_is_stored(
    field, two_reports, jpeg, settings
):
    report_id = two_reports[0]
    settings.KUKAR_MAX_PHOTO_BYTES = len(jpeg) - 1
    answer = put(field, report_id, jpeg, 0, 100)
    assert answer.status_code == 413
    settings.KUKAR_MAX_PHOTO_BYTES = 3_000_000
    too_much = b"\0" * (MAX_PIECE_BYTES + 1)
    assert put(field, report_id, too_much, 0).status_code == 413
    assert put(field, report_id, too_much).status_code == 413
    assert Photo.objects.count() == 0


def test_another_size_for_the_same_photo_is_refused(field, two_reports, jpeg):
    put(field, two_reports[0], jpeg, 0, 100)
    answer = ask(field, two_reports[0], jpeg)
    assert answer.status_code == 308
    answer = put(field, two_reports[0], jpeg[:-1], 0, 200, name=sha256_of(jpeg))
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "told",
    [
        "bytes 0-99",
        "bytes 10-5/100",
        "bytes 0-100/100",
        "bytes */0",
        "bytes */100",  # asks, and has a body
        "bytes 0-3/100",  # less than the body
        "bytes ٠-٩/١٠٠",
        "0-99/100",
        "bytes 0-99/99999999999999999999",
    ],
)
def test_a_range_that_cannot_be_meant_is_refused_in_words(field, two_reports, told):
    answer = field.put(
        f"/api/v1/photos/{two_reports[0]}/{'0' * 64}",
        b"x" * 100,
        content_type="application/octet-stream",
        headers={"content-range": told.encode().decode("latin-1")},
    )
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert Photo.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["0" * 63, "G" * 64, "A" * 64, "..%2f..%2fetc", "0" * 65]
)
def test_a_name_that_is_no_fingerprint_is_not_found(field, two_reports, jpeg, name):
    answer = put(field, two_reports[0], jpeg, name=name)
    assert answer.status_code == 404
    assert Photo.objects.count() == 0


def test_a_report_has_a_few_photos_and_not_a_thousand(field, two_reports):
    first, second = two_reports
    photos = [encoded(picture((32, 32), seed)) for seed in range(8)]
    statuses = [put(field, first, photo).status_code for photo in photos]
    assert statuses == [201] * MAX_PHOTOS_PER_REPORT + [422] * (
        8 - MAX_PHOTOS_PER_REPORT
    )
    assert put(field, first, photos[0]).status_code == 200
    assert put(field, second, photos[7]).status_code == 201


def test_nothing_of_its_origin_is_in_what_is_served(field, two_reports):
    original = with_exif(picture())
    assert b"Secretphone" in original
    put(field, two_reports[0], original)
    served = field.get(photos_of(SignalReport.objects.get(id=two_reports[0]))[0].url)
    assert b"Secretphone" not in served.content
    assert b"taken by Ana" not in served.content
    with Image.open(io.BytesIO(served.content)) as image:
        assert dict(image.getexif()) == {}
        assert image.getexif().get_ifd(0x8825) == {}
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }


def test_comments_and_profiles_of_other_formats_stay_behind_too():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "taken by Ana")
    png = encoded(picture((50, 40)), "PNG", pnginfo=text, icc_profile=b"profile of Ana")
    webp = encoded(picture((50, 40)), "WEBP", xmp=b"xmp of Ana")
    for content in (png, webp):
        assert b"Ana" not in redraw(content).jpeg


def test_a_photo_stands_upright_without_its_orientation():
    image = picture((60, 40))
    image.paste("red", (0, 0, 60, 8))  # the top, which orientation 6 turns to the right
    redrawn = redraw(with_exif(image, orientation=6))
    assert (redrawn.width_px, redrawn.height_px) == (40, 60)
    with Image.open(io.BytesIO(redrawn.jpeg)) as upright:
        red, green, blue = upright.getpixel((38, 30))
    assert red > 200
    assert max(green, blue) < 60


def test_what_is_larger_than_a_screen_is_made_smaller_and_transparent_is_white():
    assert (redraw(encoded(picture((4000, 3000)))).width_px) == 1600
    image = Image.new("RGBA", (30, 30), (255, 0, 0, 0))
    with Image.open(io.BytesIO(redraw(encoded(image, "PNG")).jpeg)) as white:
        assert min(white.getpixel((10, 10))) > 250


def test_photos_are_shown_to_verifiers_and_their_sender(
    field, two_reports, jpeg, reporter, verifier, officer, account, client
):
    put(field, two_reports[0], jpeg)
    url = f"/foto/{Photo.objects.get().id}/"
    statuses = {}
    for user in (reporter, verifier, officer, account("other", "field")):
        client.force_login(user)
        statuses[user.username] = client.get(url).status_code
    assert statuses == {"reporter": 200, "verifier": 200, "officer": 404, "other": 404}
    client.logout()
    assert client.get(url).status_code == 302


def test_a_photo_is_served_as_a_picture_and_nothing_else(field, two_reports, jpeg):
    put(field, two_reports[0], jpeg)
    answer = field.get(f"/foto/{Photo.objects.get().id}/")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith('inline; filename="foto-')
    assert answer["Cache-Control"] == "private, no-cache"
    again = field.get(
        f"/foto/{Photo.objects.get().id}/", headers={"if-none-match": answer["ETag"]}
    )
    assert again.status_code == 304


def test_a_photo_that_is_not_kept_or_not_there_is_not_found(field, two_reports, jpeg):
    put(field, two_reports[0], jpeg, 0, 1000)
    photo = Photo.objects.get()
    assert field.get(f"/foto/{photo.id}/").status_code == 404
    assert field.get(f"/foto/{uuid.uuid4()}/").status_code == 404
    put(field, two_reports[0], jpeg)
    kept_path(photo.id).unlink()
    assert field.get(f"/foto/{photo.id}/").status_code == 404


def test_a_photo_taken_far_away_is_remarked_and_nothing_else(field, two_reports):
    near, far, without = (encoded(picture((32, 32), seed)) for seed in range(3))
    report_id = two_reports[0]
    before = SignalReport.objects.filter(id=report_id).values().get()
    put(field, report_id, near, **{"x-photo-position": "116.051,0.0"})
    put(
        field,
        report_id,
        far,
        **{"x-photo-position": "116.08,0", "x-photo-time": "2026-11-17T12:00:00+08:00"},
    )
    put(field, report_id, without)
    photos = photos_of(SignalReport.objects.get(id=report_id))
    assert [round(p.distance_m) if p.distance_m else None for p in photos] == [
        111,
        3340,
        None,
    ]
    assert [bool(p.remark) for p in photos] == [False, True, False]
    assert "3,3 km" in photos[1].remark
    assert photos[1].taken_at == datetime(2026, 11, 17, 4, tzinfo=UTC)
    assert SignalReport.objects.filter(id=report_id).values().get() == before


@pytest.mark.parametrize(
    ("position", "time"),
    [
        ("0,0", "yesterday"),
        ("200,0", "2026-11-17T12:00:00"),
        ("nan,nan", "1980-01-01T00:00:00Z"),
        ("116.05", "2999-01-01T00:00:00Z"),
        ("a,b", "2026-13-45T00:00:00Z"),
        ("1,2,3", ""),
    ],
)
def test_what_a_camera_cannot_mean_is_left_out(
    field, two_reports, jpeg, position, time
):
    answer = ask(
        field,
        two_reports[0],
        jpeg,
        **{"x-photo-position": position, "x-photo-time": time},
    )
    assert answer.status_code == 308
    photo = Photo.objects.get()
    assert (photo.exif_point, photo.taken_at) == (None, None)


# --- the disk ------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_is_left_to_the_reports(
    field, two_reports, jpeg, settings
):
    settings.KUKAR_PHOTO_RESERVE_BYTES = 10**18
    answer = put(field, two_reports[0], jpeg)
    assert answer.status_code == 507
    assert Photo.objects.count() == 0
    settings.KUKAR_PHOTO_RESERVE_BYTES = 0
    assert put(field, two_reports[0], jpeg).status_code == 201


def test_a_disk_that_fills_up_while_writing_loses_nothing(field, two_reports, jpeg):
    ask(field, two_reports[0], jpeg)
    photo = Photo.objects.get()
    part_path(photo.id).parent.mkdir(parents=True, exist_ok=True)
    part_path(photo.id).symlink_to("/dev/full")
    answer = put(field, two_reports[0], jpeg, 0, 100)
    assert answer.status_code == 507
    photo.refresh_from_db()
    assert photo.received_bytes == 0
    part_path(photo.id).unlink()
    assert put(field, two_reports[0], jpeg).status_code == 201


def test_the_row_never_promises_more_than_the_file_has(field, two_reports, jpeg):
    put(field, two_reports[0], jpeg, 0, 30_000)
    path = part_path(Photo.objects.get().id)
    # A restored backup may have the row and an older file, or none.
    os.truncate(path, 12_000)
    assert ask(field, two_reports[0], jpeg).json()["received"] == 12_000
    path.unlink()
    assert ask(field, two_reports[0], jpeg).json()["received"] == 0
    assert put(field, two_reports[0], jpeg).status_code == 201


def test_bytes_that_a_crash_left_behind_the_row_are_written_over(
    field, two_reports, jpeg
):
    put(field, two_reports[0], jpeg, 0, 10_000)
    with part_path(Photo.objects.get().id).open("ab") as part:
        part.write(b"\0" * 100_000)
    assert put(field, two_reports[0], jpeg, 10_000).status_code == 201


def test_what_is_left_over_is_removed_and_what_is_needed_stays(
    field, two_reports, reporter, django_capture_on_commit_callbacks
):
    arriving, old, whole, alone = (encoded(picture((40, 40), s)) for s in range(4))
    third = a_report(operator="XLSMART")
    store(third, reported_by_id=reporter.pk)
    put(field, two_reports[0], arriving, 0, 100)
    put(field, two_reports[0], old, 0, 100)
    with django_capture_on_commit_callbacks(execute=True):
        put(field, two_reports[1], whole)
        put(field, third.id, alone)
    photos = {photo.sha256: photo for photo in Photo.objects.all()}
    Photo.objects.filter(sha256=sha256_of(old)).update(
        last_piece_at=timezone.now() - timedelta(days=90)
    )
    SignalReport.objects.filter(id=third.id).delete()
    week_ago = (timezone.now() - timedelta(days=7)).timestamp()
    stray = kept_path(uuid.uuid4())
    stray.parent.mkdir(exist_ok=True)
    for path in (stray, part_path(uuid.uuid4()), stray.with_suffix(".new")):
        path.write_bytes(b"x")
        os.utime(path, (week_ago, week_ago))
    fresh = part_path(uuid.uuid4())
    fresh.write_bytes(b"x")
    for path in (
        part_path(photos[sha256_of(arriving)].id),
        kept_path(photos[sha256_of(whole)].id),
    ):
        os.utime(path, (week_ago, week_ago))

    with django_capture_on_commit_callbacks(execute=True):
        removed = clean_photos(now=timezone.now())
    assert removed == {
        "forgotten_photos": 1,
        "photos_without_report": 1,
        "stray_files": 3,
    }
    assert {path.name for path in photos_dir().rglob("*") if path.is_file()} == {
        f"{photos[sha256_of(arriving)].id}.part",
        f"{photos[sha256_of(whole)].id}.jpg",
        fresh.name,
    }
    # What the phone still has begins anew.
    assert ask(field, two_reports[0], old).json()["received"] == 0


def test_the_worker_cleans_when_it_starts_and_not_at_every_look(two_reports, reporter):
    worker = Command()
    for left in (0, 1):
        Photo.objects.create(sha256="0" * 64, size_bytes=9, last_piece_at=NOW)
        worker._clean_up()
        assert Photo.objects.count() == left


def test_an_administrator_deletes_a_photo_and_then_nobody_sees_it(
    field, two_reports, jpeg, admin_client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        put(field, two_reports[0], jpeg)
    photo = Photo.objects.get()
    page = admin_client.get("/admin/villages/photo/").content.decode()
    assert f'href="/foto/{photo.id}/"' in page
    assert (
        admin_client.get(f"/admin/villages/photo/{photo.id}/change/").status_code == 200
    )
    address = f"/admin/villages/photo/{photo.id}/delete/"
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    assert admin_client.get(f"/foto/{photo.id}/").status_code == 404
    assert SignalReport.objects.count() == 2
    # The worker removes the file at the next day's cleaning.
    clean_photos(now=timezone.now() + timedelta(days=2))
    assert not kept_path(photo.id).exists()


def test_cleaning_is_a_command(db, capsys):
    call_command("clean_photos", "--json")
    assert '"stray_files": 0' in capsys.readouterr().out


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


# --- at the same time ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_senders_of_the_same_pieces_make_one_photo(two_reports, reporter):
    content = encoded(picture((1000, 800)))
    size = 16_384
    starts = list(range(0, len(content), size))
    together = threading.Barrier(8)

    def send(number: int) -> list[str]:
        try:
            together.wait(120)
            states = []
            # Each begins elsewhere, and goes round until it hears that all is there.
            for turn in range(40 * len(starts)):
                first = starts[(number + turn) % len(starts)]
                photo = receive_piece(
                    report_id=two_reports[number % 2],
                    sha256=sha256_of(content),
                    piece=Piece(
                        total=len(content),
                        first=first,
                        content=content[first : first + size],
                    ),
                    sent_by_id=reporter.pk,
                    now=NOW,
                )
                states.append(photo.state)
                if photo.state == Photo.State.KEPT:
                    break
            return states
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(send, range(8)))
    assert [states[-1] for states in results] == ["kept"] * 8
    photo = Photo.objects.get()
    assert photo.damaged_count == 0
    assert set(photo.reports.values_list("id", flat=True)) == set(two_reports)
    assert [path.name for path in photos_dir().rglob("*") if path.is_file()] == [
        f"{photo.id}.jpg"
    ]


@pytest.mark.django_db(transaction=True)
def test_of_a_piece_that_is_cut_off_the_part_that_came_is_kept(
    live_server, two_reports, reporter, jpeg
):
    client = Client()
    client.force_login(reporter)
    report_id = two_reports[0]
    host, port = live_server.url.removeprefix("http://").split(":")
    head = (
        f"PUT /api/v1/photos/{report_id}/{sha256_of(jpeg)} HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\n"
        f"Cookie: sessionid={client.cookies['sessionid'].value}; csrftoken={'a' * 32}\r\n"
        f"X-CSRFToken: {'a' * 32}\r\n"
        f"Content-Range: bytes 0-39999/{len(jpeg)}\r\n"
        "Content-Length: 40000\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as link:
        link.sendall(head.encode() + jpeg[:25_000])
        link.shutdown(socket.SHUT_WR)
        assert b" 308 " in link.recv(1000).split(b"\r\n")[0]
    assert ask(client, report_id, jpeg).json()["received"] == 25_000
    assert put(client, report_id, jpeg, 25_000).status_code == 201


def test_the_point_of_the_photo_is_where_it_was_told(field, two_reports, jpeg):
    ask(field, two_reports[0], jpeg, **{"x-photo-position": "116.5,-0.25"})
    assert Photo.objects.get().exif_point == Point(116.5, -0.25, srid=4326)
