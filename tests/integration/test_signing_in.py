"""Who has to sign in first comes back to the page where they were."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("came_from", "goes_back_to"),
    [
        ("http://testserver/prioritas/?operator=XL#x", "/prioritas/?operator=XL"),
        # Another site is no page of ours, and an address that takes forms only is none.
        ("https://elsewhere.example/prioritas/", "/"),
        ("//elsewhere.example/prioritas/", "/"),
        ("", "/"),
    ],
)
@pytest.mark.parametrize("address", ["/prioritas/bobot/", "/periksa/putuskan/"])
def test_a_form_leads_back_to_its_page(client, address, came_from, goes_back_to):
    answer = client.post(address, headers={"Referer": came_from})
    back = urlencode({"next": goes_back_to}, safe="/")
    assert answer["Location"] == f"/masuk/?{back}"


def test_a_page_leads_back_to_itself(client):
    page = "/tindakan/?status=built"
    client.cookies["django_language"] = "id"
    answer = client.get(page, headers={"Referer": "http://testserver/dasbor/"})
    back = urlencode({"next": page}, safe="/")
    assert answer["Location"] == f"/masuk/?{back}"


def test_who_is_signed_in_is_not_sent_to_sign_in(client, officer):
    client.force_login(officer)
    assert client.post("/periksa/putuskan/").status_code == 403
    assert client.post("/tindakan/baru/").status_code == 403
