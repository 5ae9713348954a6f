"""Answers of a run are made once, and given only to those who may see the map."""

from __future__ import annotations

import gzip
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from coverage.models import CoverageRun
from coverage.selectors import runs
from kukar_connect import kept_answers
from tests.integration.test_compute import full
from villages.services.api_tokens import create_api_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def surface(a_blank_west):
    return f"/tiles/{full().pk}/ANY/internet/10/842/511.png"


def spoilt(address):
    """Put another body in the place of the kept one, to see where answers come from."""
    store = kept_answers.store()
    with store._take()[1] as file:
        changed = file.execute("UPDATE answer SET body = 'kept'").rowcount
    assert changed == 1


def test_everybody_is_given_what_is_kept_where_the_map_is_open(
    surface, settings, django_assert_num_queries
):
    settings.KUKAR_PUBLIC_MAP = True
    first = Client().get(surface)
    assert first.status_code == 200
    assert first["Cache-Control"] == "public, max-age=31536000, immutable"
    with django_assert_num_queries(0):
        again = Client().get(surface)
    assert (again.content, again["Content-Type"]) == (first.content, "image/png")
    assert again["ETag"] == first["ETag"]
    # Of what every answer carries.
    assert again["X-Content-Type-Options"] == "nosniff"
    spoilt(surface)
    assert Client().get(surface).content == b"kept"


def test_what_is_kept_is_given_to_nobody_who_may_not_see_the_map(surface, officer):
    reader = Client()
    reader.force_login(officer)
    assert reader.get(surface).status_code == 200
    spoilt(surface)
    assert reader.get(surface).content == b"kept"
    assert Client().get(surface).status_code == 401
    officer.is_active = False
    officer.save()
    assert reader.get(surface).status_code == 401


def test_a_bad_token_is_refused_though_everybody_may_see(surface, settings, officer):
    settings.KUKAR_PUBLIC_MAP = True
    assert Client().get(surface).status_code == 200
    bad = {"Authorization": "Bearer kukar_nothing"}
    assert Client().get(surface, headers=bad).status_code == 401
    token = create_api_token(
        user=officer, name="x", scopes=["read"], days=1, now=timezone.now()
    )[1]
    good = {"Authorization": f"Bearer {token}"}
    assert Client().get(surface, headers=good).status_code == 200


def test_who_has_it_already_is_told_so(surface, settings):
    settings.KUKAR_PUBLIC_MAP = True
    etag = Client().get(surface)["ETag"]
    answer = Client().get(surface, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "immutable" in answer["Cache-Control"]


def test_a_run_of_another_database_has_another_key(surface, settings, rf):
    settings.KUKAR_PUBLIC_MAP = True
    Client().get(surface)
    spoilt(surface)
    CoverageRun.objects.update(checksum="f" * 64)
    runs._known.clear()
    assert Client().get(surface).content != b"kept"
    CoverageRun.objects.update(state="failed", is_current=False)
    runs._known.clear()
    assert Client().get(surface).status_code == 404


def test_who_names_no_run_is_given_a_new_one_within_half_a_second(
    a_blank_west, monkeypatch, django_assert_num_queries
):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(runs, "CURRENT_FOR_S", 0.5)
    assert runs.run_number() is None
    # That there is none is no answer to keep.
    first = full().pk
    assert runs.run_number() == first
    second = full().pk
    clock.now += 0.4
    with django_assert_num_queries(0):
        assert runs.run_number() == first
    clock.now += 0.1
    assert runs.run_number() == second


def test_text_is_kept_packed_and_not(rf):
    text = b"many words " * 200
    plain = rf.get("/x")
    takes_gzip = rf.get("/x", headers={"Accept-Encoding": "gzip"})

    def made():
        headers = {"ETag": 'W/"1"', "Content-Type": "text/plain"}
        return kept_answers.HttpResponse(text, headers=headers)

    given = kept_answers.keep_answer(plain, "k", made(), is_fixed=True)
    assert given.content == text
    for _n in range(2):
        packed = kept_answers.kept_answer(takes_gzip, "k", is_fixed=False)
        assert packed["Content-Encoding"] == "gzip"
        assert packed["Cache-Control"] == "private, no-cache"
        assert gzip.decompress(packed.content) == text
    assert kept_answers.kept_answer(plain, "k", is_fixed=True).content == text
