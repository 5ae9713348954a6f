"""Words and rows of the villages' and districts' pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

from coverage.selectors.tallies import OfficialTally
from coverage.web import profile_words, words
from villages.models import OfficeInternet

register = template.Library()


@register.filter
def distribution(found: OfficialTally) -> str:
    return profile_words.distribution(found)


@register.filter
def office_kinds(kinds: list[str]) -> str:
    """Name the kinds of internet at an office."""
    return ", ".join(str(OfficeInternet.Kind(kind).label) for kind in kinds)


@register.filter
def operator_names(operators: list[str]) -> str:
    return ", ".join(words.operator_name(operator) for operator in operators)


@register.filter
def at(rows: Sequence[Any], place: int) -> Any:
    """Return the row of a second list that runs beside the one looped over."""
    return rows[place]
