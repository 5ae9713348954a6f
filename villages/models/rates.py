"""How often programs have asked."""

from __future__ import annotations

from django.db import models


class RequestCount(models.Model):
    """What one token or address has asked within one window of one of its rates.

    The table is not logged (migration 0019): to count costs no wait for the disk, and
    a crash of PostgreSQL begins all counts anew.
    """

    # Who, which rate, and the number of its window since 1970 (`villages.api.rates`).
    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="request_count_ends")]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
