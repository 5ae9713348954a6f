"""Reading features: one statement that PostgreSQL answers with GeoJSON text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from coverage.api.ogc.collections import Collection
from coverage.api.ogc.crs import CRS84, Crs

STORED = 4326
# Between two points of a box's side it bends less than a metre in the regency.
BEND_M = 5_000


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
    # A condition of SQL and its values (`coverage.api.ogc.cql2_sql`).
    condition: str = ""
    condition_values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Features as text; *next_after* is None at the end."""

    features: list[str]
    number_matched: int
    next_after: str | None


def page_of(collection: Collection, query: ItemQuery) -> Page:
    """Return the features that *query* asks for, in the order of their keys."""
    where, values = _conditions(collection, query)
    after = ""
    if query.after is not None:
        after = f" AND {collection.key} > %(after)s::{collection.key_type}"
    statement = (
        f"SELECT {collection.key}::text, {_feature(collection, query.crs)}"  # noqa: S608 - names of our own
        f" FROM {collection.source} WHERE {where}{after}"
        f" ORDER BY {collection.key} LIMIT %(limit)s"
    )
    count = f"SELECT count(*) FROM {collection.source} WHERE {where}"  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        # One more, to know whether there is a next page.
        cursor.execute(
            statement, values | {"after": query.after, "limit": query.limit + 1}
        )
        rows = cursor.fetchall()
        cursor.execute(count, values)
        matched = cursor.fetchone()[0]
    shown = rows[: query.limit]
    return Page(
        features=[text for _key, text in shown],
        number_matched=matched,
        next_after=shown[-1][0] if len(rows) > query.limit else None,
    )


def feature_of(
    collection: Collection, key: str, run: int | None, crs: Crs
) -> str | None:
    """Return one feature by its id, None where there is none."""
    statement = (
        f"SELECT {_feature(collection, crs)} FROM {collection.source}"  # noqa: S608 - names of our own
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
        for name, sign, moment in zip(
            ("begin", "end"), (">=", "<="), query.interval, strict=True
        ):
            if moment is not None:
                parts.append(f"{collection.moment} {sign} %({name})s")
                values[name] = moment
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
        return f"ST_Intersects({geometry}, {box})"
    # The box's sides bend in degrees: its corners alone would not hold them.
    around = f"ST_Transform(ST_Segmentize({box}, {BEND_M}), {STORED})"
    return (
        f"{geometry} && {around}"
        f" AND ST_Intersects(ST_Transform({geometry}, {srid}), {box})"
    )


def _feature(collection: Collection, crs: Crs) -> str:
    geometry = "'null'"
    if collection.geometry is not None:
        shown = collection.geometry
        if crs.srid != STORED:
            shown = f"ST_Transform({shown}, {crs.srid})"
        if crs.is_lat_first:
            shown = f"ST_FlipCoordinates({shown})"
        # Without a crs member, which GeoJSON knows no more.
        shown = f"ST_AsGeoJSON({shown}, {crs.decimals}, 0)"
        geometry = f"coalesce({shown}, 'null')"
    names = ", ".join(
        f'{one.sql} AS "{name}"' for name, one in collection.properties.items()
    )
    properties = f"(SELECT row_to_json(p)::text FROM (SELECT {names}) AS p)"  # noqa: S608 - names of our own
    return (
        f"""'{{"type":"Feature","id":' || to_json({collection.key})::text"""
        f""" || ',"geometry":' || {geometry}"""
        f""" || ',"properties":' || {properties} || '}}'"""
    )


def written(page: Page, links: str, *, stamp: datetime | None = None) -> Iterator[str]:
    """Yield the text of the FeatureCollection; *links* is JSON."""
    moment = (stamp or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield (
        f'{{"type":"FeatureCollection","timeStamp":"{moment}",'
        f'"numberMatched":{page.number_matched},'
        f'"numberReturned":{len(page.features)},"links":{links},"features":['
    )
    yield ",\n".join(page.features)
    yield "]}"
