"""What the form costs a phone's data the first time, over the air."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

pytestmark = pytest.mark.django_db

MOST_BYTES = 150_000
# The pin's map is counted apart: most visits never open it.
MAP = "/static/leaflet/"


def over_the_air(client, url: str) -> int:
    if url.startswith("/static/"):
        content = Path(finders.find(url.removeprefix("/static/"))).read_bytes()
    else:
        content = client.get(url).content
    # WhiteNoise does better, with brotli.
    return min(len(content), len(gzip.compress(content)))


def test_the_first_load_is_below_150_kb_with_all_villages(client, reporter):
    call_command("load_villages", stdout=io.StringIO())
    client.force_login(reporter)
    worker = client.get("/sw.js").content.decode()
    shell = json.loads(re.search(r"const SHELL = (\[.*\]);", worker)[1])
    sizes = {url: over_the_air(client, url) for url in shell}
    without_map = {url: s for url, s in sizes.items() if not url.startswith(MAP)}
    assert 20_000 < sum(without_map.values()) <= MOST_BYTES
    # And even with the map it stays so.
    assert sum(sizes.values()) <= MOST_BYTES
