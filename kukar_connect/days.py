"""Days as people count them: those of the calendar in the regency's own time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def days_ago(when: datetime, now: datetime) -> int:
    """Return how many days ago *when* was; 0 is today, or later."""
    return max(0, (timezone.localdate(now) - timezone.localdate(when)).days)
