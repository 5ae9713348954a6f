"""Numbers of a ranking and of a blank spot's page."""

from __future__ import annotations

from django import template
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coverage.web import priority_words

register = template.Library()


@register.filter
def one_decimal(number: float) -> str:
    return formats.number_format(round(number, 1), 1, use_l10n=True)


@register.filter
def kilometres(metres: float) -> str:
    return priority_words.kilometres(metres)


@register.simple_tag
def part_bar(width: str, kind: str) -> SafeString:
    """Draw a part of 0 to 100 as a bar; the number beside it says the same."""
    return format_html(
        '<svg class="part__bar" viewBox="0 0 100 6" preserveAspectRatio="none"'
        ' aria-hidden="true" focusable="false">'
        '<rect class="part__whole" width="100" height="6"/>'
        '<rect class="part__{}" width="{}" height="6"/></svg>',
        kind,
        width,
    )
