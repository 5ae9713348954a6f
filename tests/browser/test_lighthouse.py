"""What Lighthouse thinks of the report form on a phone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

LIGHTHOUSE = Path("node_modules") / "lighthouse" / "cli" / "index.js"
CHROMIUM = os.environ.get("KUKAR_CHROMIUM") or shutil.which("chromium")
LEAST = 95


@pytest.fixture
def short_folder():
    """A folder in which Chromium's sockets have names of less than 108 letters."""
    with TemporaryDirectory() as folder:
        yield folder


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set KUKAR_CHROMIUM")
@pytest.mark.skipif(
    not (settings.BASE_DIR / LIGHTHOUSE).exists(),
    reason="Lighthouse is not installed: npm ci",
)
def test_the_form_is_accessible_and_follows_best_practices(
    live_server, client, reporter, two_villages, tmp_path, short_folder
):
    client.force_login(reporter)
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    out = tmp_path / "lighthouse.json"
    headers = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    subprocess.run(
        [
            "node",
            str(LIGHTHOUSE),
            f"{live_server.url}/lapor/",
            "--only-categories=accessibility,best-practices",
            "--output=json",
            f"--output-path={out}",
            f"--extra-headers={json.dumps(headers)}",
            f"--chrome-flags={' '.join(['--headless=new', *sandbox])}",
            "--quiet",
            "--no-enable-error-reporting",
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "CHROME_PATH": str(CHROMIUM), "TMPDIR": short_folder},
        check=True,
        timeout=240,
    )
    result = json.loads(out.read_text())
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
