"""The page on which field staff report; what its script does is a browser's test."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from villages.models import Found, Operator

pytestmark = pytest.mark.django_db


def page_of(role: str | None) -> tuple[int, str]:
    client = Client()
    if role:
        user = get_user_model().objects.create_user("somebody")
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
    response = client.get(reverse("report-form"))
    return response.status_code, response.content.decode()


def test_field_staff_and_those_above_may_report():
    assert page_of(None)[0] == 302
    assert page_of("viewer")[0] == 403


@pytest.mark.parametrize("role", ["field", "verifier", "admin"])
def test_the_form_opens_for(role):
    assert page_of(role)[0] == 200


def test_no_signal_is_the_first_choice():
    _status, page = page_of("field")
    found = re.findall(r'name="found" value="(\w+)"', page)
    assert found[0] == Found.NO_SERVICE
    assert sorted(found) == sorted(Found.values)
    operators = re.findall(r'name="operator" value="(\w+)"', page)
    assert operators == Operator.values


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
