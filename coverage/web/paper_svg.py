"""Drawings within a page, for paper.

WeasyPrint draws an <svg> of a page by itself: without the page's style sheets, and
without the patterns of its other drawings. Here each gets what it uses of both.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

_RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROPERTY = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")
_NAME = re.compile(r"var\((--[\w-]+)\)")
_PAINT = re.compile(r"\b((?:fill|stroke)[\w-]*|text-anchor)\s*:\s*([^;}]+)")
# Of a shorthand, weight and size are enough: the sheet has one family of letters.
_FONT = re.compile(r"\bfont\s*:\s*(\d+) ([\d.]+px)")
# The outline of letters, painted under them; WeasyPrint would paint it over them.
_UNDERNEATH = re.compile(r"\bpaint-order\s*:\s*stroke")
_SVG = re.compile(r"(<svg\b[^>]*>)(.*?)(</svg>)", re.DOTALL)
_CLASSES = re.compile(r'\bclass="([^"]*)"')
_CLASS_NAME = re.compile(r"\.([\w-]+)")
_PATTERN_USED = re.compile(r"url\(#hatch\)")
_DEFINITIONS = re.compile(r"<defs>.*?</defs>", re.DOTALL)
# What SVG itself knows; the rest of a sheet's colours are written otherwise.
_SPACED_RGB = re.compile(r"rgb\((\d+) (\d+) (\d+)\)")


def with_colours(html: str) -> str:
    """Return *html* with the colours of its drawings written into each of them."""
    return _SVG.sub(_with_its_own, html)


def _with_its_own(found: re.Match[str]) -> str:
    opening, inside, closing = found.groups()
    names = _class_names(opening + inside)
    style = _rules_of(names)
    definitions = ""
    if _PATTERN_USED.search(inside) and 'id="hatch"' not in inside:
        definitions = _hatch()
    styled = f"<style>{style}</style>" if style else ""
    return f"{opening}{styled}{definitions}{inside}{closing}"


def _class_names(svg: str) -> frozenset[str]:
    return frozenset(name for text in _CLASSES.findall(svg) for name in text.split())


@lru_cache(maxsize=1)
def _hatch() -> str:
    found = _DEFINITIONS.search(render_to_string("includes/hatch.html"))
    return found[0] if found else ""


@lru_cache(maxsize=256)
def _rules_of(names: frozenset[str]) -> str:
    """Return the rules that can colour a drawing of these classes; parsing is slow."""
    return "".join(
        f"{selector}{{{paints}}}"
        for selector, needed, paints in _drawing_rules()
        if needed <= names
    )


@lru_cache(maxsize=1)
def _drawing_rules() -> list[tuple[str, frozenset[str], str]]:
    """Return each selector with the classes it names and what it paints."""
    sheets = sorted((Path(settings.BASE_DIR) / "static" / "css").glob("*.css"))
    text = _COMMENT.sub("", "\n".join(sheet.read_text() for sheet in sheets))
    named = dict(_PROPERTY.findall(text))
    rules = []
    for selectors, body in _RULE.findall(text):
        is_halo = bool(_UNDERNEATH.search(body))
        paints = [
            f"{name}:{_resolved(value, named)}"
            for name, value in _PAINT.findall(body)
            if not (is_halo and name.startswith("stroke"))
        ]
        if font := _FONT.search(body):
            paints += [f"font-weight:{font[1]}", f"font-size:{font[2]}"]
        if not paints:
            continue
        for selector in selectors.split(","):
            needed = frozenset(_CLASS_NAME.findall(selector))
            # A rule without a class is for what is no drawing, or would be for all.
            if needed:
                rules.append((" ".join(selector.split()), needed, ";".join(paints)))
    return rules


def _resolved(value: str, named: dict[str, str]) -> str:
    plain = _NAME.sub(lambda found: named.get(found[1], "currentColor"), value)
    return _SPACED_RGB.sub(r"rgb(\1,\2,\3)", plain).strip()
