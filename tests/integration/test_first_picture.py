"""What is seen until the map is drawn: the same states in the same places, kept once."""

from __future__ import annotations

import io
import re

import pytest
from django.test import Client
from PIL import Image

from coverage.services.first_picture import first_pictures, lay_picture_ready
from coverage.web.palette import STATE_COLOURS
from tests.integration.test_compute import full
from villages.models import District, Village

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def run(a_blank_west):
    return full()


@pytest.fixture
def reader(officer):
    client = Client()
    client.force_login(officer)
    return client


def address(client, query=""):
    """Return where the map's page has its first picture, None where it has none."""
    page = client.get(f"/{query}").content.decode()
    found = re.search(r'<img class="first-picture"[^>]* src="([^"]+)"', page)
    return found and found[1].replace("&amp;", "&")


def colour_at(image, across, down):
    return image.getpixel((int(across * image.width), int(down * image.height)))


def seen_through(state, ground=(247, 245, 239)):
    red, green, blue, alpha = STATE_COLOURS[state]
    return tuple(
        round((colour * alpha + below * (255 - alpha)) / 255)
        for colour, below in zip((red, green, blue), ground, strict=True)
    )


def is_like(one, other, by=14):
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def test_it_shows_the_states_where_they_are(reader, run):
    answer = reader.get(address(reader, "?operator=TELKOMSEL"))
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    image = Image.open(io.BytesIO(answer.content))
    # Twice as wide as high, as the two villages are, and no more than the map needs.
    assert image.width == pytest.approx(2 * image.height, rel=0.02)
    assert 500 < image.width <= 1000
    blank, covered = colour_at(image, 0.25, 0.5), colour_at(image, 0.75, 0.5)
    # A blank spot lies over the surface and deepens it.
    assert is_like(blank, STATE_COLOURS["blank"][:3], by=45), blank
    assert is_like(covered, seen_through("covered")), covered


def test_what_nobody_measured_is_neither_blank_nor_covered(reader, two_villages):
    full()
    image = Image.open(io.BytesIO(reader.get(address(reader)).content))
    colours = {colour for _count, colour in image.getcolors(1_000_000)}
    assert any(is_like(colour, seen_through("unknown")) for colour in colours)
    for state in ("blank", "likely_blank", "covered", "weak"):
        near = [c for c in colours if is_like(c, seen_through(state))]
        assert near == [], state


@pytest.mark.parametrize(
    "query", ["?layers=surface", "?village=64.02.01.1001", "?run=1", "?demo=off"]
)
def test_an_address_that_asks_for_another_view_has_none(reader, run, query):
    assert address(reader)
    assert address(reader, query) is None


def test_without_a_run_or_boundaries_there_is_none(reader, two_villages):
    assert address(reader) is None
    full()
    assert address(reader)
    Village.objects.update(boundary=None)
    District.objects.update(boundary=None)
    assert address(reader) is None


def test_a_phone_is_sent_a_smaller_one_of_the_same(reader, run, monkeypatch):
    monkeypatch.setattr("coverage.services.first_picture.SMALL_PX", 300)
    page = reader.get("/?operator=TELKOMSEL").content.decode()
    source = re.search(r'<source media="([^"]+)" srcset="([^"]+)"', page)
    assert source[1] == "(max-width: 47.99rem)"
    small, full = (
        Image.open(io.BytesIO(reader.get(where).content)).convert("RGB")
        for where in (
            source[2].replace("&amp;", "&"),
            address(reader, "?operator=TELKOMSEL"),
        )
    )
    assert max(small.size) == 300 < max(full.size)
    for across in (0.25, 0.75):
        assert is_like(colour_at(small, across, 0.5), colour_at(full, across, 0.5))
    huge = source[2].replace("&amp;", "&").replace("small", "huge")
    assert reader.get(huge).status_code == 404


def test_other_boundaries_are_another_picture(reader, run):
    before = address(reader)
    Village.objects.first().save()
    after = address(reader)
    assert before != after
    assert reader.get(before).status_code == 404
    assert reader.get(after).status_code == 200


def test_what_is_kept_is_given_without_drawing(reader, run, monkeypatch):
    where = address(reader)
    drawn = reader.get(where).content
    monkeypatch.setattr("coverage.api.tiles.first_pictures", None)
    assert reader.get(where).content == drawn


def test_the_worker_lays_ready_what_the_map_opens_with(reader, run, monkeypatch):
    assert lay_picture_ready(run)
    assert not lay_picture_ready(run)
    monkeypatch.setattr("coverage.api.tiles.first_pictures", None)
    assert reader.get(address(reader)).status_code == 200


@pytest.mark.parametrize(
    "where",
    ["{run}/NOBODY/internet", "{run}/ANY/smoke-signals", "999999/ANY/internet"],
)
def test_what_there_is_not_is_not_drawn(reader, run, where):
    where = where.format(run=run.pk)
    assert reader.get(f"/tiles/{where}/regency.webp?places=x").status_code == 404


def test_nobody_sees_it_who_may_not_see_the_map(run, reader):
    where = address(reader)
    assert reader.get(where).status_code == 200
    assert Client().get(where).status_code == 401


def test_it_is_drawn_of_the_run_that_is_named(reader, run):
    where = address(reader)
    assert f"/tiles/{run.pk}/ANY/internet/" in where
    places = re.search("places=([^&]+)", where)[1]
    assert first_pictures(run.pk, "ANY", "internet", places, ["full"])
    assert not first_pictures(run.pk, "ANY", "internet", "others", ["full"])
