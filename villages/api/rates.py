"""How often one may ask: rates per token and per address, from the settings.

People who are signed in and phones that are enrolled are not counted, so that neither
the map nor an outbox is ever held up. Counted in fixed windows in the database, which
all server processes share and which outlasts their restarts (ADR 19).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from villages.models import ApiToken
from villages.services.count_requests import count_request

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(rf"([1-9]\d{{0,8}})/({'|'.join(SECONDS)})")


def parsed(rate: str) -> tuple[int, int]:
    """Return how many requests a rate allows within how many seconds.

    >>> parsed("600/minute")
    (600, 60)

    Raises
    ------
    ValueError
        If it is not a whole number of requests per second, minute, hour or day.
    """
    found = _RATE.fullmatch(rate)
    if found is None:
        message = f"{rate!r} is not a rate such as 600/minute"
        raise ValueError(message)
    return int(found[1]), SECONDS[found[2]]


@dataclass(frozen=True)
class Standing:
    """What is left of one rate."""

    most: int
    window_s: int
    left: int
    reset_s: int


class Rates(BaseThrottle):
    """Counts requests of tokens, and of addresses that nobody has signed in from."""

    def __init__(self) -> None:
        self.is_over_for_s: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        standings = list(_count(request, self.get_ident(request)))
        if standings:
            # `RateHeaders` tells the one that ends first.
            request._request.rate_standing = min(  # type: ignore[attr-defined]  # ours
                standings, key=lambda each: each.left / each.most
            )
        over = [each.reset_s for each in standings if each.left < 0]
        if over:
            self.is_over_for_s = max(over)
        return not over

    def wait(self) -> float | None:
        return self.is_over_for_s


def _count(request: Request, address: str | None) -> Iterator[Standing]:
    if isinstance(request.auth, ApiToken):
        kind, name = "token", str(request.auth.pk)
    elif request.user.is_authenticated:
        return
    else:
        # Behind a socket there is none, and none is longer, whatever a header says.
        kind, name = "address", (address or "")[:64]
    over, now = caches["over"], int(time.time())
    for rate in settings.KUKAR_RATES.get(kind, []):
        most, window_s = parsed(rate)
        window, passed_s = divmod(now, window_s)
        key = f"{kind}/{name}/{rate}/{window}"
        left_s = window_s - passed_s
        # Whoever has been refused costs this process no more questions to the database.
        if over.get(key) is None:
            ends_at = datetime.fromtimestamp(now + left_s, UTC)
            count = count_request(key, ends_at=ends_at)
            if count > most:
                over.set(key, value=True, timeout=left_s)
        else:
            count = most + 1
        yield Standing(most, window_s, most - count, left_s)
