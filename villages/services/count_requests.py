"""Counting requests for the rates of the API (`villages.api.rates`)."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from villages.models import RequestCount


def count_request(key: str, *, ends_at: datetime) -> int:
    """Count one more request under *key* and return how many there are.

    One statement, so that no request of another process or thread is lost; *ends_at*
    says when nobody needs the count any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO villages_requestcount AS one (key, count, ends_at)"
            " VALUES (%s, 1, %s)"
            " ON CONFLICT (key) DO UPDATE SET count = one.count + 1 RETURNING count",
            (key, ends_at),
        )
        (count,) = cursor.fetchone()
    return int(count)


def forget_ended_counts(*, now: datetime) -> int:
    """Delete the counts that nobody needs any more; return how many. Safe to repeat."""
    return RequestCount.objects.filter(ends_at__lte=now).delete()[0]
