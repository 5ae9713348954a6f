"""Drawings within a page, for paper.

WeasyPrint draws an <svg> of a page without the page's style sheets. Here each gets
the rules that colour drawings, with the colours that their names stand for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

_RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROPERTY = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")
_NAME = re.compile(r"var\((--[\w-]+)\)")
_PAINT = re.compile(r"\b((?:fill|stroke)[\w-]*)\s*:\s*([^;}]+)")
_SVG = re.compile(r"(<svg\b[^>]*>)")
# What SVG itself knows; the rest of a sheet's colours are written otherwise.
_SPACED_RGB = re.compile(r"rgb\((\d+) (\d+) (\d+)\)")


def with_colours(html: str) -> str:
    """Return *html* with the colours of its drawings written into each of them."""
    return _SVG.sub(rf"\1<style>{_drawing_rules()}</style>", html)


@lru_cache(maxsize=1)
def _drawing_rules() -> str:
    sheets = sorted((Path(settings.BASE_DIR) / "static" / "css").glob("*.css"))
    text = _COMMENT.sub("", "\n".join(sheet.read_text() for sheet in sheets))
    named = dict(_PROPERTY.findall(text))
    rules = []
    for selector, body in _RULE.findall(text):
        paints = [
            f"{name}:{_resolved(value, named)}" for name, value in _PAINT.findall(body)
        ]
        if paints:
            rules.append(f"{' '.join(selector.split())}{{{';'.join(paints)}}}")
    return "".join(rules)


def _resolved(value: str, named: dict[str, str]) -> str:
    plain = _NAME.sub(lambda found: named.get(found[1], "currentColor"), value)
    return _SPACED_RGB.sub(r"rgb(\1,\2,\3)", plain).strip()
