"""The order of features: what is asked to be sorted by, then the key.

A walk goes on behind the last feature of a page by the values that it was sorted by, so
that each page costs the same and sees each feature once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from coverage.api.ogc.schemas import Collection, Property


@dataclass(frozen=True)
class Sorting:
    """A property to sort by."""

    name: str
    is_descending: bool = False


# What stands for a value that is missing, which comes last in either direction.
_KINDS = {
    "string": ("text", "''"),
    "number": ("float8", "0"),
    "integer": ("float8", "0"),
    "boolean": ("boolean", "FALSE"),
}
_MOMENT = ("timestamptz", "'epoch'")


def is_sortable(one: Property) -> bool:
    return one.schema["type"] in _KINDS


def terms_of(
    collection: Collection, sorting: tuple[Sorting, ...]
) -> list[tuple[str, str, bool]]:
    """Return SQL, type and whether it falls of each value that decides, key last."""
    terms = []
    for one in sorting:
        chosen = collection.properties[one.name]
        kind, nothing = _KINDS[str(chosen.schema["type"])]
        if "format" in chosen.schema:
            kind, nothing = _MOMENT
        value = f"({chosen.sql})::{kind}"
        terms.append((f"({value} IS NULL)", "boolean", False))
        terms.append((f"coalesce({value}, {nothing})", kind, one.is_descending))
    return [*terms, (collection.key, collection.key_type, False)]


def order_by(terms: list[tuple[str, str, bool]]) -> str:
    return ", ".join(f"{sql}{' DESC' if down else ''}" for sql, _kind, down in terms)


def behind(
    collection: Collection,
    terms: list[tuple[str, str, bool]],
    *,
    after: str,
    where: str,
    values: dict[str, Any],
) -> tuple[str, dict[str, Any]] | None:
    """Return the condition of what comes behind the feature *after*, and its values.

    None where that feature is no longer there: nobody knows then where it stood.
    """
    if len(terms) == 1:
        sql, kind, _down = terms[0]
        return f"{sql} > %(after)s::{kind}", {"after": after}
    told = ", ".join(f"({sql})::text" for sql, _kind, _down in terms)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {told} FROM {collection.source} WHERE {where}"  # noqa: S608 - names of our own
            f" AND {collection.key} = %(after)s::{collection.key_type}",
            values | {"after": after},
        )
        last = cursor.fetchone()
    if last is None:
        return None
    names = {f"after_{n}": value for n, value in enumerate(last)}
    choices, same = [], ""
    for n, (sql, kind, down) in enumerate(terms):
        there = f"%(after_{n})s::{kind}"
        choices.append(f"({same}{sql} {'<' if down else '>'} {there})")
        same += f"{sql} = {there} AND "
    return f"({' OR '.join(choices)})", names
