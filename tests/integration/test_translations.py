"""Both languages are whole: nothing untranslated, on no page, in no file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.utils import timezone, translation

from coverage.services.compute_run import compute_full
from coverage.templatetags.coverage_words import wita
from tests.pages import (
    PAGES,
    PAGES_BEFORE_SIGNING_IN,
    addresses,
    is_no_page,
    url_names,
)

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "kukar_connect" / "locale" / "id" / "LC_MESSAGES" / "django.po"
LOOKED_AT = ("aria-label", "title", "placeholder", "alt", "data-busy", "data-failed")
# Letters that are no words of a language, or the same in both.
PROPER = {
    *(
        "Kukar Connect",
        "XLSX",
        "PDF",
        "CSV",
        "GPX",
        "ID",
        "EN",
        "id",
        "en",
        "demo",
        "RT",
    ),
    *(
        "Telkomsel",
        "Indosat",
        "XLSmart",
        "WITA",
        "km²",
        "km",
        "dBm",
        "RSRP",
        "Starlink",
    ),
    # Between two translated halves: a code, or a letter of a unit.
    *("h", "m", "x", "p"),
}
# A template text that is right as it stands, and why.
ALLOWED_IN_TEMPLATES: dict[str, str] = {
    "GeoJSON": "a format's name",
    "GeoPackage": "a format's name",
    "KML": "a format's name",
    "OGC API": "a standard's name",
    "OGC API – Features": "a standard's name",
    "OpenAPI 3.0": "a standard's name",
    "The description of the API as OpenAPI: /api/v1/schema": "for programmers, English",
    "SHA-256": "a method's name",
    "K7QM-4XPD": "what a code looks like",
    "RSRP dBm · RSRQ dB · SINR dB": "quantities with their units",
    "↓ Mbit/s ↑ Mbit/s ms": "units",
    "km m": "units",
    "Kutai Kartanegara": "a name",
}


# --- the catalogue ---------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh_catalogue(tmp_path_factory):
    """The catalogue as makemessages writes it from the sources of today."""
    if not shutil.which("xgettext"):
        pytest.skip("gettext is not installed")
    copy = tmp_path_factory.mktemp("sources")
    for name in ("kukar_connect", "villages", "coverage", "templates"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "manage.py", copy)
    (copy / "static").mkdir()
    done = subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "id", "--no-obsolete"],
        cwd=copy,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "kukar_connect.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return polib.pofile(str(copy / CATALOGUE.relative_to(ROOT)))


def test_every_string_of_the_sources_is_in_the_indonesian_catalogue(fresh_catalogue):
    missing = [
        entry.msgid
        for entry in fresh_catalogue
        if entry.fuzzy or not entry.translated()
    ]
    assert missing == []


def test_the_catalogue_has_nothing_twice_and_nothing_fuzzy():
    entries = polib.pofile(str(CATALOGUE))
    seen = [(entry.msgctxt, entry.msgid) for entry in entries if not entry.obsolete]
    assert sorted({str(key) for key in seen if seen.count(key) > 1}) == []
    assert [entry.msgid for entry in entries if entry.fuzzy] == []


def test_translations_have_the_same_places_to_fill_in():
    filled = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
    wrong = []
    for entry in polib.pofile(str(CATALOGUE)):
        texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
        allowed = set(filled.findall(entry.msgid + entry.msgid_plural))
        wrong += [t for t in texts if not set(filled.findall(t)) <= allowed]
    assert wrong == []


# --- the sources -----------------------------------------------------------------


class Texts(HTMLParser):
    """Collects what a reader sees or hears, each with whether it is Indonesian anyway."""

    SILENT = {"script", "style", "code", "kbd", "pre", "textarea"}
    VOID = {"br", "img", "input", "link", "meta", "hr", "wbr", "source", "col"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, bool, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        marked = "lang" in values and tag != "html"
        silent = tag in self.SILENT or "data-language-free" in values
        is_marked = marked or any(m for _, m, _ in self.stack)
        is_silent = silent or any(s for _, _, s in self.stack)
        if not is_marked:
            self.found += [values[a] for a in LOOKED_AT if values.get(a)]
            if tag == "input" and values.get("type") in ("submit", "button"):
                self.found.append(values.get("value") or "")
        if tag not in self.VOID:
            self.stack.append((tag, is_marked, is_silent))

    def handle_endtag(self, tag):
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i][0] == tag:
                del self.stack[i:]
                return

    def handle_data(self, data):
        text = " ".join(data.split())
        if text and not any(m or s for _, m, s in self.stack):
            self.found.append(text)


def texts_of(html: str) -> list[str]:
    parser = Texts()
    parser.feed(html)
    return parser.found


def template_words(source: str) -> list[str]:
    """Return the words of a template that gettext never sees."""
    for pattern in (
        r"\{% comment %\}.*?\{% endcomment %\}",
        r"\{#.*?#\}",
        # These blocks are class names.
        r"\{% block (?:body|main)_class %\}.*?\{% endblock %\}",
        r"\{% blocktrans(?:late)?\b.*?\{% endblocktrans(?:late)? %\}",
        r"\{%.*?%\}",
        r"\{\{.*?\}\}",
    ):
        source = re.sub(pattern, " ", source, flags=re.DOTALL)
    words = []
    for text in texts_of(source):
        plain = text.strip(" ·–—:,.()%+×›“”•/…±\"'")
        if re.search(r"[A-Za-z]{2}", plain) and plain not in PROPER:
            words.append(plain)
    return words


def test_templates_say_nothing_outside_of_gettext():
    found = [
        (str(path.relative_to(ROOT)), words)
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for words in template_words(path.read_text())
        if words not in ALLOWED_IN_TEMPLATES
    ]
    assert found == []


def test_the_scanner_of_templates_finds_what_it_should():
    source = (
        '<p title="Close it">{% translate "Seen" %} never seen {{ x }}</p>'
        '<p lang="id">tanpa sinyal</p>{% blocktranslate %}Seen{% endblocktranslate %}'
    )
    assert template_words(source) == ["Close it", "never seen"]


# Two words with a space between, beginning like a sentence: what is said to people.
JS_TEXT = re.compile(r"""(["'`])([A-Z][a-z]+(?: [A-Za-z]+){1,}[^"'`]*)\1""")
# Errors for programmers, which no reader sees: they end in the console.
JS_NOT_SHOWN = re.compile(r"new (?:Type|Range)?Error\(|throw |console\.|DOMException\(")


def test_scripts_say_nothing_that_did_not_come_with_the_page():
    found = []
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.lstrip().startswith(("//", "*", "/*")) or JS_NOT_SHOWN.search(line):
                continue
            found += [
                (f"{path.relative_to(ROOT)}:{number}", match[2])
                for match in JS_TEXT.finditer(line)
            ]
    assert found == []


# --- the pages -------------------------------------------------------------------


def test_every_address_is_a_page_that_is_looked_at_or_is_known_to_be_none():
    known = {*PAGES, *PAGES_BEFORE_SIGNING_IN}
    unknown = {n for n in url_names() if n not in known and not is_no_page(n)}
    assert unknown == set()
    assert known <= set(url_names())


@pytest.fixture
def everything(db, a_blank_west, django_user_model):
    """A run, a place for every page, and an account that may see them all."""
    compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)
    cache.clear()
    user = django_user_model.objects.create_user("Sri", password="rahasia-sekali")
    user.groups.add(Group.objects.get_or_create(name="admin")[0])
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def page_text(client, address, language) -> tuple[str, list[str]]:
    client.cookies["django_language"] = language
    response = client.get(address)
    assert response.status_code == 200, address
    html = response.content.decode()
    assert f'<html lang="{language}"' in html, address
    return html, texts_of(html)


def strange_texts(texts: list[str], strange: dict[str, str]) -> list[str]:
    """Return those *texts* that are the other language's words for something."""
    return [text for text in texts if text in strange]


def other_language(reads: str) -> dict[str, str]:
    """Return text of the other language -> what it is in the one that is read."""
    both: set[str] = set()
    strange: dict[str, str] = {}
    for entry in polib.pofile(str(CATALOGUE)):
        english = [entry.msgid, *([entry.msgid_plural] if entry.msgid_plural else [])]
        indonesian = list(entry.msgstr_plural.values()) or [entry.msgstr]
        both |= {*english} if reads == "en" else {*indonesian}
        wrong = indonesian if reads == "en" else english
        right = english if reads == "en" else indonesian
        for text in wrong:
            if re.search(r"[A-Za-z]{3}", text) and not re.search(r"%\(|\{", text):
                strange[" ".join(text.split())] = right[0]
    own = {" ".join(text.split()) for text in both}
    return {text: right for text, right in strange.items() if text not in own}


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_page_speaks_the_other_language(everything, client, language):
    strange = other_language(language)
    found = {}
    for name, address in PAGES_BEFORE_SIGNING_IN.items():
        _, texts = page_text(client, address(), language)
        found[name] = strange_texts(texts, strange)
    client.force_login(everything)
    for name, address in addresses().items():
        _, texts = page_text(client, address, language)
        found[name] = strange_texts(texts, strange)
    assert {name: texts for name, texts in found.items() if texts} == {}


MONTHS = {
    "id": "Mei|Agustus|Oktober|Desember|Januari|Februari|Maret|Juni|Juli|Agt|Des|Okt",
    "en": "May|August|October|December|January|February|March|June|July|Aug|Dec|Oct",
}
POINT = re.compile(r"(?<![\d.,/-])\d+\.\d{1,2}(?=\s?(?:km²|km|%|dBm|m)(?!\w))")
COMMA = re.compile(r"(?<![\d.,/-])\d+,\d{1,2}(?=\s?(?:km²|km|%|dBm|m)(?!\w))")
MOMENT = re.compile(r"\b\d{4},? \d{1,2}[.:]\d{2}\b(?!\s*WITA)")


@pytest.mark.parametrize("language", ["id", "en"])
def test_numbers_and_dates_are_in_the_readers_format(everything, client, language):
    client.force_login(everything)
    other_months = MONTHS["en" if language == "id" else "id"]
    wrong_number = POINT if language == "id" else COMMA
    found = []
    for name, address in addresses().items():
        for text in page_text(client, address, language)[1]:
            if re.search(rf"\d{{1,2}} (?:{other_months}) \d{{4}}", text):
                found.append((name, text))
            if wrong_number.search(text) or MOMENT.search(text):
                found.append((name, text))
    assert found == []


def test_the_formats_tell_right_from_wrong():
    assert POINT.search("12.4 km²")
    assert not POINT.search("12,4 km²")
    assert COMMA.search("12,4 km²")
    assert not COMMA.search("1,234 km²")
    assert MOMENT.search("25 November 2026 14.05")
    assert not MOMENT.search("25 November 2026, 14.05 WITA")


@pytest.mark.parametrize(("language", "clock"), [("id", "14.05"), ("en", "14:05")])
def test_the_clock_is_written_as_the_readers_language_does(language, clock):
    with translation.override(language):
        told = wita(datetime(2026, 11, 25, 6, 5, tzinfo=UTC))
    assert told.replace("\xa0", " ") == f"25 November 2026, {clock} WITA"
