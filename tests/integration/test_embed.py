"""The map in another site's page: only where the office has named that site."""

import pytest

pytestmark = pytest.mark.django_db
SITE = "https://diskominfo.example"


def ancestors(response):
    (value,) = (
        part.removeprefix("frame-ancestors ")
        for part in response["Content-Security-Policy"].split("; ")
        if part.startswith("frame-ancestors")
    )
    return value.rstrip(";")


@pytest.fixture
def public(settings):
    settings.KUKAR_PUBLIC_MAP = True
    return settings


def test_nobody_may_frame_it_until_a_site_is_named(client, public, two_villages):
    answer = client.get("/tertanam/")
    assert answer.status_code == 200
    assert ancestors(answer) == "'none'"
    assert answer["X-Frame-Options"] == "DENY"


def test_the_named_site_may_frame_it_and_nothing_else(client, public, two_villages):
    public.KUKAR_FRAME_ANCESTORS = [SITE]
    answer = client.get("/tertanam/?operator=TELKOMSEL")
    assert ancestors(answer) == SITE
    assert "X-Frame-Options" not in answer
    for address in ("/", "/tabel/", "/masuk/"):
        other = client.get(address)
        assert ancestors(other) == "'none'"
        assert other["X-Frame-Options"] == "DENY"


def test_the_site_itself_may_frame_it_when_it_is_named(client, public, two_villages):
    public.KUKAR_FRAME_ANCESTORS = ["'self'"]
    answer = client.get("/tertanam/")
    assert ancestors(answer) == "'self'"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_where_the_map_is_closed_it_says_so_instead_of_asking_to_sign_in(
    client, settings, two_villages, officer
):
    settings.KUKAR_FRAME_ANCESTORS = [SITE]
    answer = client.get("/tertanam/")
    assert answer.status_code == 403
    assert ancestors(answer) == SITE
    text = answer.content.decode()
    assert "Peta ini tidak dibuka untuk umum" in text
    assert "<form" not in text
    client.force_login(officer)
    assert client.get("/tertanam/").status_code == 200


def test_it_is_the_map_with_a_way_to_the_whole_one_and_no_menus(
    client, public, two_villages
):
    text = client.get("/tertanam/").content.decode()
    assert 'id="map"' in text
    assert 'href="http://testserver/"' in text
    assert "site-header" not in text
    assert 'target="_blank"' in text
