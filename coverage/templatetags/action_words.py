from __future__ import annotations

from django import template

from coverage.selectors.actions import ActionRow
from coverage.web.actions import doubt_text

register = template.Library()


@register.filter
def doubt(row: ActionRow) -> str:
    """Say why an action that is said to work may not."""
    return doubt_text(row)
