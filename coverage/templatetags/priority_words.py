"""Numbers of a ranking and of a blank spot's page."""

from __future__ import annotations

from django import template
from django.utils import formats

from coverage.web import priority_words

register = template.Library()


@register.filter
def one_decimal(number: float) -> str:
    return formats.number_format(round(number, 1), 1, use_l10n=True)


@register.filter
def kilometres(metres: float) -> str:
    return priority_words.kilometres(metres)
