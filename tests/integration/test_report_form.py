"""The page on which field staff report; what its script does is a browser's test."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from PIL import Image

from villages.models import Operator

pytestmark = pytest.mark.django_db


def page_of(role: str | None) -> tuple[int, str]:
    client = Client()
    if role:
        user = get_user_model().objects.create_user("somebody")
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
    response = client.get(reverse("report-form"))
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("role", ["viewer", "field", "verifier", "admin"])
def test_the_form_is_the_same_for_everyone(role):
    def without_secrets(page: str) -> str:
        return re.sub(r'value="\w{64}"', "", page)

    status, page = page_of(role)
    assert status == 200
    assert without_secrets(page) == without_secrets(page_of(None)[1])


def test_nothing_is_the_first_choice_for_every_operator():
    _status, page = page_of("field")
    for operator in Operator.values:
        choices = re.findall(rf'name="found-{operator}" value="(\w+)"', page)
        assert choices == ["none", "emergency", "calls", "slow", "good"]


def test_the_page_that_a_phone_keeps_names_nobody():
    _status, page = page_of("field")
    assert "somebody" not in page


def test_the_worker_lists_what_the_page_needs_and_all_of_it_is_open(client):
    text = client.get("/sw.js").content.decode()
    match = re.search(r"const SHELL = (\[.*\]);", text)
    assert match is not None
    shell = json.loads(match.group(1))
    assert client.get("/sw.js")["Content-Type"].startswith("text/javascript")
    page = client.get("/lapor/").content.decode()
    asked = set(re.findall(r'(?:src|href|data-leaflet-\w+)="([^"]+)"', page))
    # Seen by the browser's own frame, not needed to open the form.
    extras = {"/static/img/icon-192.png", "/manifest.webmanifest"}
    assert {url for url in asked if url.startswith("/static/")} - extras <= set(shell)
    for url in shell:
        if url.startswith("/static/"):
            assert finders.find(url.removeprefix("/static/")), url
        else:
            assert client.get(url).status_code == 200, url


def test_ping_says_that_it_is_us_and_who_asks(client, account):
    answer = client.get("/api/v1/ping")
    assert answer["X-Kukar-Connect"] == "1"
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["service"] == "kukar-connect"
    assert (answer.json()["account"], answer.json()["can_report"]) == (None, False)
    client.force_login(account("ana", "field"))
    answer = client.get("/api/v1/ping").json()
    assert (answer["account"], answer["can_report"]) == ("ana", True)
    assert answer["device"] is None


def test_the_manifest_names_icons_that_are_there(client):
    manifest = client.get("/manifest.webmanifest").json()
    assert manifest["start_url"] == "/lapor/"
    for icon in manifest["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        with Image.open(path) as image:
            assert icon["sizes"] == "{}x{}".format(*image.size)


def test_without_javascript_the_page_says_that_it_needs_it():
    _status, page = page_of("field")
    assert "<noscript>" in page
    assert re.search(r'<form class="report"[^>]* hidden', page)


def test_the_page_has_no_inline_script_or_style():
    _status, page = page_of("field")
    for attributes in re.findall(r"<script([^>]*)>", page):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
