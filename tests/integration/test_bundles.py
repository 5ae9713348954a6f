"""What a page loads is one file each, made by bin/bundle from the modules of static/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

TEMPLATES = settings.BASE_DIR / "templates"
SCRIPT = re.compile(r"""type="module" src="\{% static '([^']+)' %\}""")
# An import that a browser would have to follow, in what was minified.
IMPORT = re.compile(r"""(?:^|;)import[\s{*"'][^;]*["']\.""")


def loaded_scripts():
    pages = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    return sorted(set(SCRIPT.findall(pages)))


def test_every_script_of_a_page_is_written_so_that_it_is_found():
    pages = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    assert pages.count('type="module"') == len(SCRIPT.findall(pages)) > 10


@pytest.mark.parametrize("name", [*loaded_scripts(), "css/map-page.css"])
def test_what_a_page_loads_needs_nothing_else(name):
    source = settings.BASE_DIR / "static" / name
    found = Path(finders.find(name))
    text = found.read_text()
    assert source.exists()
    assert found != source
    assert not IMPORT.search(text)
    assert "@import" not in text


def test_a_bundle_holds_the_modules_that_its_page_imports():
    text = Path(finders.find("js/report/form.js")).read_text()
    # Only store.js says it, which form.js imports by way of others.
    assert "indexedDB" in text
