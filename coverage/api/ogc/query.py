"""Reading what a client of the OGC API asks for, and refusing what cannot be meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.request import Request

from coverage.api.ogc.collections import Collection
from coverage.api.ogc.items import ItemQuery
from coverage.api.rest import published
from coverage.selectors.runs import current_run
from kukar_connect import params
from kukar_connect.errors import DomainError

USUAL_LIMIT, MOST = 100, 10_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NotThereError(DomainError):
    status = 404
    title = gettext_noop("There is nothing at this address.")


def run_number(request: Request, collection: Collection) -> int | None:
    """Return the run that is asked for, else the current one.

    Without any run there is number 0, of which no row is.
    """
    if not collection.is_of_run:
        return None
    number = params.whole_number(request.query_params, "run")
    run = current_run() if number is None else published(number)
    if run is None and number is not None:
        raise NotThereError(_("There is no such run."))
    return run.pk if run else 0


def query_of(request: Request, collection: Collection, most: int) -> ItemQuery:
    given = request.query_params
    limit = params.whole_number(given, "limit")
    if limit == 0:
        raise params.ParameterError(_("limit is a whole number from 1 on."))
    after = params.text(given, "after")
    if after is not None:
        check_key(collection, after)
    return ItemQuery(
        # More than the most is answered with the most, as the standard has it.
        limit=min(limit or USUAL_LIMIT, most),
        bbox=bbox_of(given.get("bbox", "")),
        interval=interval_of(given.get("datetime", "")),
        equal={
            name: given[name][:200].replace("\0", "")
            for name in collection.filters
            if name in given
        },
        after=after,
        run=run_number(request, collection),
    )


def check_key(collection: Collection, key: str) -> None:
    if collection.key_type == "bigint":
        is_right = key.isdecimal() and len(key) < 19
    else:
        is_right = collection.key_type == "text" or bool(_UUID.fullmatch(key))
    if not is_right:
        raise params.ParameterError(
            _("Take “after” from the link to the next page, as it is.")
        )


def bbox_of(text: str) -> tuple[float, float, float, float] | None:
    """Return the box; heights, where six numbers are given, say nothing here."""
    if not text:
        return None
    parts = text.split(",")
    if len(parts) == 6:
        parts = [parts[0], parts[1], parts[3], parts[4]]
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        west = south = east = north = float("nan")
    if not (
        -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    ):
        raise params.ParameterError(
            _("Give bbox as west,south,east,north in degrees, such as 116,-1,117,0.")
        )
    if west > east:
        # Across the antimeridian: of Kukar's side, what lies east of its west.
        east = 180.0
    return west, south, east, north


def interval_of(text: str) -> tuple[datetime | None, datetime | None] | None:
    """Return begin and end of an RFC 3339 moment or interval, both included."""
    if not text:
        return None
    begin, slash, end = text.partition("/")
    if not slash:
        end = begin
    interval = (_moment(begin, is_end=False), _moment(end, is_end=True))
    if interval[0] and interval[1] and interval[0] > interval[1]:
        raise params.ParameterError(
            _("The interval of datetime ends before it begins.")
        )
    return interval


def _moment(text: str, *, is_end: bool) -> datetime | None:
    if text in ("", ".."):
        return None
    try:
        moment = parse_datetime(text) if "T" in text.upper() else None
        day = parse_date(text)
    except ValueError:
        moment = day = None
    if moment is None and day is not None:
        edge = time.max if is_end else time.min
        moment = datetime.combine(day, edge)
    if moment is None:
        raise params.ParameterError(
            _("Give datetime as 2026-03-01T00:00:00Z or as 2026-03-01/2026-03-31.")
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
