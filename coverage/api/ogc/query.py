"""Reading what a client of the OGC API asks for, and refusing what cannot be meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.request import Request

from coverage.api.ogc.cql2_sql import LANGUAGES, sql_of
from coverage.api.ogc.crs import CRS84, MOST_M, SYSTEMS, Crs
from coverage.api.ogc.items import STORED, ItemQuery
from coverage.api.ogc.order import Sorting, is_sortable
from coverage.api.ogc.schemas import Collection
from coverage.selectors import runs
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
    asked = params.whole_number(request.query_params, "run")
    if asked is None:
        known = getattr(request._request, "current_run", None)
        return known or runs.run_number() or 0
    if runs.run_tag(asked) is None:
        raise NotThereError(_("There is no such run."))
    return asked


def query_of(request: Request, collection: Collection, most: int) -> ItemQuery:
    given = request.query_params
    limit = params.whole_number(given, "limit")
    bbox_crs = crs_of(request, "bbox-crs")
    if limit == 0:
        raise params.ParameterError(_("limit is a whole number from 1 on."))
    after = params.text(given, "after")
    if after is not None:
        check_key(collection, after)
    condition, condition_values = filter_of(request, collection)
    return ItemQuery(
        # More than the most is answered with the most, as the standard has it.
        limit=min(limit or USUAL_LIMIT, most),
        bbox=bbox_of(given.get("bbox", ""), bbox_crs),
        bbox_crs=bbox_crs,
        crs=crs_of(request, "crs"),
        interval=interval_of(given.get("datetime", "")),
        equal={
            name: given[name][:200].replace("\0", "")
            for name in collection.filters
            if name in given
        },
        after=after,
        run=run_number(request, collection),
        sorting=sorting_of(given.get("sortby", ""), collection),
        shown=shown_of(given.get("properties"), collection),
        condition=condition,
        condition_values=condition_values,
    )


def sorting_of(text: str, collection: Collection) -> tuple[Sorting, ...]:
    """Return what to sort by; ``-`` before a name turns its order round."""
    found: dict[str, Sorting] = {}
    # A + in an address is a space.
    for part in text.split(",") if text else []:
        name = part.strip().removeprefix("+")
        is_descending = name.startswith("-")
        name = name.removeprefix("-")
        known = [n for n, one in collection.properties.items() if is_sortable(one)]
        if name not in known:
            raise params.ParameterError(
                _("sortby takes names with + or - before them, of: %(known)s.")
                % {"known": ", ".join(known)}
            )
        found.setdefault(name, Sorting(name, is_descending))
    return tuple(found.values())


def shown_of(text: str | None, collection: Collection) -> tuple[str, ...] | None:
    """Return the properties to be shown, None for all; an empty list shows none."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if any(name not in collection.properties for name in names):
        raise params.ParameterError(
            _("properties takes names of: %(known)s.")
            % {"known": ", ".join(collection.properties)}
        )
    return names


def filter_of(request: Request, collection: Collection) -> tuple[str, dict[str, Any]]:
    given = request.query_params
    language = params.choice(given, "filter-lang", list(LANGUAGES)) or LANGUAGES[0]
    crs = crs_of(request, "filter-crs")
    text = given.get("filter", "")
    if not text:
        return "", {}
    return sql_of(collection, text, language=language, crs=crs)


def check_key(collection: Collection, key: str) -> None:
    if collection.key_type == "bigint":
        is_right = key.isdecimal() and len(key) < 19
    else:
        is_right = collection.key_type == "text" or bool(_UUID.fullmatch(key))
    if not is_right:
        raise params.ParameterError(
            _("Take “after” from the link to the next page, as it is.")
        )


def crs_of(request: Request, name: str) -> Crs:
    """Return the reference system that the parameter *name* gives the address of."""
    given = request.query_params.get(name, CRS84.uri)
    if given not in SYSTEMS:
        raise params.ParameterError(
            _("%(name)s is one of: %(known)s.")
            % {"name": name, "known": ", ".join(SYSTEMS)}
        )
    return SYSTEMS[given]


def bbox_of(text: str, crs: Crs) -> tuple[float, float, float, float] | None:
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
    if crs.is_lat_first:
        west, south, east, north = south, west, north, east
    if crs.srid == STORED:
        is_there = max(abs(west), abs(east)) <= 180 and -90 <= south <= north <= 90
    else:
        is_there = max(abs(west), abs(south), abs(east), abs(north)) <= MOST_M
        is_there = is_there and west <= east and south <= north
    if not is_there:
        raise params.ParameterError(
            _("Give bbox as west,south,east,north in degrees, such as 116,-1,117,0.")
            if crs.uri == CRS84.uri
            else _("Give bbox as four numbers in the axes of bbox-crs.")
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
        # RFC 3339 knows small letters, the parser does not.
        moment = parse_datetime(text.upper()) if "T" in text.upper() else None
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
