"""Numbers and dates as the tables show them."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coverage.web import words

register = template.Library()
NO_BREAK = "\N{NO-BREAK SPACE}"
# Below this a share would read as nothing.
SMALLEST_PERCENT = 0.5


@register.filter
def km2(area_km2: float) -> str:
    """Show an area: one decimal where it is small enough to matter."""
    decimals = 0 if area_km2 >= 100 or area_km2 == 0 else 1 if area_km2 >= 1 else 2
    # Rounded here, because number_format cuts a float's decimals off.
    number = formats.number_format(
        round(area_km2, decimals), decimals, use_l10n=True, force_grouping=True
    )
    return f"{number}{NO_BREAK}km²"


@register.filter
def count(number: int) -> str:
    return formats.number_format(number, 0, use_l10n=True, force_grouping=True)


@register.filter
def percent(share: float) -> str:
    """Show a share of 1 as a whole percentage; what is there is never shown as 0."""
    value = share * 100
    if 0 < value < SMALLEST_PERCENT:
        return "<1%"
    if 100 - SMALLEST_PERCENT <= value < 100:
        return ">99%"
    return f"{value:.0f}%"


@register.filter
def confidence(value: float) -> str:
    # The word fits the number as it is shown.
    return f"{words.confidence_word(round(value, 2))} ({percent(value)})"


@register.filter
def wita_date(when: datetime) -> str:
    return formats.date_format(timezone.localtime(when), "j F Y")


@register.filter
def wita(when: datetime) -> str:
    """Show a moment in the regency's own time, and say so."""
    local = timezone.localtime(when)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')}{NO_BREAK}WITA"


@register.filter
def dbm(value: float) -> str:
    return f"{_one_decimal(value)}{NO_BREAK}dBm"


@register.filter
def db(value: float) -> str:
    return f"{_one_decimal(value)}{NO_BREAK}dB"


@register.filter
def km(distance_km: float) -> str:
    return f"{_one_decimal(distance_km)}{NO_BREAK}km"


def _one_decimal(value: float) -> str:
    text = formats.number_format(round(value, 1), 1, use_l10n=True)
    return text.replace("-", "\N{MINUS SIGN}")


@register.simple_tag
def swatch(state: str) -> SafeString:
    return format_html(
        '<span class="swatch swatch--{}" aria-hidden="true"></span>', state
    )
