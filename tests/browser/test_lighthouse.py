"""What Lighthouse thinks of the report form on a phone."""

from __future__ import annotations

import json

import pytest

from tests.chromium import CHROMIUM
from tests.lighthouse import LIGHTHOUSE, lighthouse

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

LEAST = 95


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set KUKAR_CHROMIUM")
@pytest.mark.skipif(
    not LIGHTHOUSE.exists(), reason="Lighthouse is not installed: npm ci"
)
def test_the_form_is_accessible_and_follows_best_practices(
    live_server, client, reporter, two_villages
):
    client.force_login(reporter)
    headers = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    result = lighthouse(
        f"{live_server.url}/lapor/",
        "--only-categories=accessibility,best-practices",
        f"--extra-headers={json.dumps(headers)}",
    )
    # Not the sign-in, to which it would have been led without the cookie.
    assert result["finalDisplayedUrl"].endswith("/lapor/")
    failed = {
        name: audit["title"]
        for name, audit in result["audits"].items()
        if audit["score"] is not None and audit["score"] < 1
    }
    scores = {
        name: round(100 * category["score"])
        for name, category in result["categories"].items()
    }
    assert all(score >= LEAST for score in scores.values()), (scores, failed)
