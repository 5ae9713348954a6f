"""Reading features: one statement that PostgreSQL answers with GeoJSON text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from django.db import DataError, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coverage.api.ogc.crs import CRS84, Crs
from coverage.api.ogc.order import Sorting, behind, order_by, terms_of
from coverage.api.ogc.schemas import Collection
from kukar_connect.errors import DomainError

STORED = 4326
# Between two points of a box's side it bends less than a metre in the regency.
BEND_M = 5_000
# To start a second process takes PostgreSQL longer than to read a page by itself.
_BY_ITSELF = "SET LOCAL max_parallel_workers_per_gather = 0; "


class WalkError(DomainError):
    title = gettext_noop("The walk cannot go on from there.")

    def __init__(self) -> None:
        super().__init__(
            _("The feature it stopped at is gone; begin with the first page again.")
        )


class FilterError(DomainError):
    title = gettext_noop("The filter cannot be used.")


@dataclass(frozen=True)
class ItemQuery:
    """What a client asks for; every value is checked before it comes here."""

    limit: int
    # West, south, east, north in the axes' usual order, in ``bbox_crs``.
    bbox: tuple[float, float, float, float] | None = None
    bbox_crs: Crs = CRS84
    crs: Crs = CRS84
    # Begin and end, both included; None is open.
    interval: tuple[datetime | None, datetime | None] | None = None
    equal: dict[str, str] = field(default_factory=dict)
    # The key of the last feature that the client has.
    after: str | None = None
    run: int | None = None
    sorting: tuple[Sorting, ...] = ()
    # The properties that are shown; None is all of them.
    shown: tuple[str, ...] | None = None
    # A condition of SQL and its values (`coverage.api.ogc.cql2_sql`).
    condition: str = ""
    condition_values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.bbox or self.interval or self.equal or self.condition)


@dataclass(frozen=True)
class Page:
    """Features as one text, commas between them; *next_after* is None at the end."""

    text: str
    number_returned: int
    number_matched: int
    next_after: str | None


def page_of(collection: Collection, query: ItemQuery) -> Page:
    """Return the features that *query* asks for, in the order of their keys.

    One statement, of which the answer is one row: PostgreSQL joins the features to one
    text faster than they could be handed over. It finds, sorts and counts keys and
    places of rows alone, and reads the rest only of what is shown.

    Raises
    ------
    WalkError
        If the feature that *query* goes on behind is not there any more.
    FilterError
        If the filter reckons with numbers beyond those of the database.
    """
    try:
        return _page_of(collection, query)
    except DataError as error:
        if not query.condition:
            raise
        raise FilterError(_("A number of the filter is too large.")) from error


def _page_of(collection: Collection, query: ItemQuery) -> Page:
    where, values = _conditions(collection, query)
    terms = terms_of(collection, query.sorting)
    sought, after = dict(values), ""
    if query.after is not None:
        place = behind(collection, terms, after=query.after, where=where, values=values)
        if place is None:
            raise WalkError
        after = f" AND {place[0]}"
        sought |= place[1]
    columns = "".join(f", {sql} AS term{n}" for n, (sql, _, _) in enumerate(terms[:-1]))
    feature = _feature(collection, query.crs, query.shown)
    found = (
        f"SELECT {collection.key} AS key, {collection.row} AS row{columns}"  # noqa: S608 - names of our own
        f" FROM {collection.source} WHERE {where}"
    )
    order = order_by(
        [(f"term{n}", kind, down) for n, (_, kind, down) in enumerate(terms[:-1])]
        + [("key", "", False)]
    )
    known = _known_count(collection, where, values)
    if known is None and not after and query.is_narrowed:
        # The index of places is gone through once, for the page and for the count.
        begin = f"WITH hit AS MATERIALIZED ({found}) "
        found, matched = "SELECT * FROM hit", "SELECT count(*) FROM hit"
    else:
        begin, found = "", f"{found}{after}"
        matched = (
            f"SELECT count(*) FROM {collection.source} WHERE {where}"  # noqa: S608 - names of our own
            if known is None
            else f"SELECT {known}"
        )
    text = (
        f"(SELECT {feature} FROM {collection.source}"  # noqa: S608 - names of our own
        f" WHERE {collection.row} = page.row)"
    )
    # One more, to know whether there is a next page.
    statement = f"""{_BY_ITSELF}{begin}
        SELECT string_agg({text}, E',\n') FILTER (WHERE number <= %(limit)s),
               least(count(*), %(limit)s), count(*) > %(limit)s,
               max(key::text) FILTER (WHERE number = %(limit)s), ({matched})
        FROM (SELECT row_number() OVER () AS number, one.*
              FROM ({found} ORDER BY {order} LIMIT %(limit)s + 1) AS one) AS page
    """  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.execute(statement, sought | {"limit": query.limit})
        text, returned, has_next, last, count = cursor.fetchone()
    _keep_count(collection, where, values, count)
    return Page(text or "", returned, count, last if has_next else None)


def pages_of(collection: Collection, query: ItemQuery) -> Iterator[Page]:
    """Yield what *query* asks for in pages of a few megabytes.

    Each is a statement of its own, so that neither a connection nor a transaction
    waits for whoever reads slowly.
    """
    left = query.limit
    while True:
        page = page_of(collection, replace(query, limit=min(left, collection.batch)))
        left -= page.number_returned
        yield page
        if page.next_after is None or not left:
            return
        query = replace(query, after=page.next_after)


# How many features a filter finds in a run does not change where the run is fixed; a
# walk through the pages would count them anew for each.
_COUNTS_KEPT = 2_000
_counts: OrderedDict[str, int] = OrderedDict()
_counting = Lock()


def forget_counts() -> None:
    """Count anew: for a bench, or where rows of a published run were put right."""
    with _counting:
        _counts.clear()


def _count_key(where: str, values: Mapping[str, Any]) -> str:
    return f"{where}\n{values!r}"


def _known_count(
    collection: Collection, where: str, values: Mapping[str, Any]
) -> int | None:
    return _counts.get(_count_key(where, values)) if collection.is_fixed else None


def _keep_count(
    collection: Collection, where: str, values: Mapping[str, Any], count: int
) -> None:
    if not collection.is_fixed:
        return
    with _counting:
        _counts[_count_key(where, values)] = count
        while len(_counts) > _COUNTS_KEPT:
            _counts.popitem(last=False)


def feature_of(
    collection: Collection, key: str, run: int | None, crs: Crs
) -> str | None:
    """Return one feature by its id, None where there is none."""
    statement = (
        f"SELECT {_feature(collection, crs, None)} FROM {collection.source}"  # noqa: S608 - names of our own
        f" WHERE {collection.where} AND {collection.key}::text = %(key)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"key": key, "run": run})
        row = cursor.fetchone()
    return None if row is None else row[0]


def extent_of(collection: Collection) -> list[float] | None:
    """Return (west, south, east, north) of the regency, None before it is loaded."""
    if collection.geometry is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
            " FROM (SELECT ST_Extent(boundary) AS e FROM villages_village) AS v"
        )
        row = cursor.fetchone()
    return None if row[0] is None else list(row)


def _conditions(collection: Collection, query: ItemQuery) -> tuple[str, dict[str, Any]]:
    parts = [collection.where]
    values: dict[str, Any] = {"run": query.run}
    if query.bbox is not None and collection.geometry is not None:
        parts.append(_meets_box(collection.geometry, query.bbox_crs.srid))
        values |= dict(zip(("west", "south", "east", "north"), query.bbox, strict=True))
    if query.interval is not None and collection.moment is not None:
        begin, end = query.interval
        # Of what lasts, any part counts; what has no time of its own is always meant.
        is_in = []
        if begin is not None:
            is_in.append(f"{collection.moment_end or collection.moment} >= %(begin)s")
        if end is not None:
            is_in.append(f"{collection.moment} <= %(end)s")
        if is_in:
            parts.append(f"({collection.moment} IS NULL OR {' AND '.join(is_in)})")
            values |= {"begin": begin, "end": end}
    for number, (name, value) in enumerate(query.equal.items()):
        parts.append(f"({collection.properties[name].sql})::text = %(equal{number})s")
        values[f"equal{number}"] = value
    if query.condition:
        parts.append(query.condition)
        values |= query.condition_values
    return " AND ".join(parts), values


def _meets_box(geometry: str, srid: int) -> str:
    """Return the condition that *geometry* meets the box, exactly, by its index."""
    box = f"ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {srid})"
    if srid == STORED:
        # What lies within it whole needs no second look at its corners.
        return (
            f"{geometry} && {box} AND CASE WHEN {geometry} @ {box} THEN TRUE"
            f" ELSE ST_Intersects({geometry}, {box}) END"
        )
    # The box's sides bend in degrees: its corners alone would not hold them.
    around = f"ST_Transform(ST_Segmentize({box}, {BEND_M}), {STORED})"
    return (
        f"{geometry} && {around}"
        f" AND ST_Intersects(ST_Transform({geometry}, {srid}), {box})"
    )


def _feature(collection: Collection, crs: Crs, shown: tuple[str, ...] | None) -> str:
    if collection.written is not None and crs == CRS84 and shown is None:
        return collection.written
    geometry = "'null'"
    if collection.geometry is not None:
        placed = collection.geometry
        if crs.srid != STORED:
            placed = f"ST_Transform({placed}, {crs.srid})"
        if crs.is_lat_first:
            placed = f"ST_FlipCoordinates({placed})"
        # Without a crs member, which GeoJSON knows no more.
        placed = f"ST_AsGeoJSON({placed}, {crs.decimals}, 0)"
        geometry = f"coalesce({placed}, 'null')"
    names = ", ".join(
        f'{one.sql} AS "{name}"'
        for name, one in collection.properties.items()
        if shown is None or name in shown
    )
    properties = f"(SELECT row_to_json(p)::text FROM (SELECT {names}) AS p)"  # noqa: S608 - names of our own
    return (
        f"""'{{"type":"Feature","id":' || to_json({collection.key})::text"""
        f""" || ',"geometry":' || {geometry}"""
        f""" || ',"properties":' || {properties} || '}}'"""
    )


def written(pages: Iterable[Page], links: Callable[[str | None], str]) -> Iterator[str]:
    """Yield the text of the FeatureCollection, page by page.

    What is only known when all of it has been read comes last: how many there are, and
    what *links* makes of the last feature (None at the end of all) in JSON.
    """
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield f'{{"type":"FeatureCollection","timeStamp":"{moment}","features":['
    returned = 0
    for page in pages:
        yield (",\n" if returned and page.number_returned else "") + page.text
        returned += page.number_returned
        matched, last = page.number_matched, page.next_after
    yield (
        f'],"numberMatched":{matched},"numberReturned":{returned},'
        f'"links":{links(last)}}}'
    )
