"""Places by name, however a source spells it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.db import connection

MOST_PER_GROUP = 5
# Longer than any name here with its village behind it.
MOST_TYPED = 80
# A single letter is in half of all names.
LEAST_TYPED = 2

# Lower case without accents and signs, q as k: what `search_key` does, in SQL.
_ACCENTED = "áàâäãåéèêëíìîïóòôöõúùûüñç"
_PLAIN = "aaaaaaeeeeiiiiooooouuuunc"
_SIGNS = " .,''’`-/()\"&"


def _folded(text: str) -> str:
    return f"translate(lower({text}), 'q{_ACCENTED}{_SIGNS}', 'k{_PLAIN}')"


def search_key(name: str) -> str:
    """Return *name* as it is compared; `searchKey` of the map's words.js is the same.

    >>> search_key("Buluq  Sén"), search_key("Long Bawwang")
    ('buluksen', 'longbawang')
    """
    letters = unicodedata.normalize("NFD", name).lower().replace("q", "k")
    return re.sub(r"([a-z])\1+", r"\1", re.sub(r"[^a-z0-9]", "", letters))


def _pattern(key: str) -> str:
    """Return a regular expression for names that hold *key*, in PostgreSQL's words.

    Doubled letters count once, and RT 5 is RT 05.

    >>> _pattern(search_key("RT 05"))
    'r+t+0*5'
    """
    parts = re.findall(r"[a-z]|[0-9]+", key)
    return "".join(
        f"{part}+" if part.isalpha() else f"0*{part.lstrip('0') or '0'}"
        for part in parts
    )


def _ranked(own: str, both: str) -> str:
    return f"""CASE WHEN {own} ~ ('^' || %(pattern)s || '$') THEN 0
                    WHEN {own} ~ ('^' || %(pattern)s) THEN 1
                    WHEN {own} ~ %(pattern)s THEN 2
                    WHEN {both} ~ %(pattern)s THEN 3 END"""


# Spellings of a village in the official record differ from its name as the ministry
# writes it; only those that read differently are worth showing.
_VILLAGES = f"""
SELECT 'village' AS "group", code AS id, name, kind, district_name AS "within",
       ST_X(point) AS lon, ST_Y(point) AS lat, FALSE AS is_demo, spellings AS also,
       rank
FROM (
    SELECT v.code, v.name, v.kind, v.point, d.name AS district_name, other.spellings,
           LEAST({_ranked(_folded("v.name"), _folded("v.name"))},
                 (SELECT min({_ranked("s.folded", "s.folded")})
                  FROM (SELECT {_folded("spelling")} AS folded
                        FROM unnest(other.spellings) AS spelling) AS s)) AS rank
    FROM villages_village AS v
    JOIN villages_district AS d ON d.code = v.district_id
    LEFT JOIN (
        SELECT village_id, array_agg(DISTINCT name_in_source) AS names
        FROM villages_claim GROUP BY village_id
    ) AS claimed ON claimed.village_id = v.code
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT min(one) FROM unnest(v.aliases || claimed.names) AS one
            WHERE one <> '' AND lower(one) <> lower(v.name)
            GROUP BY lower(one) ORDER BY 1 LIMIT 3
        ) AS spellings
    ) AS other
) AS known
WHERE rank IS NOT NULL
ORDER BY rank, name LIMIT {MOST_PER_GROUP}
"""


def _places(group: str, table: str) -> str:
    own, both = _folded("p.name"), _folded("concat(p.name, ' ', v.name)")
    return f"""
    SELECT '{group}', id, name, kind, "within", lon, lat, is_demo,
           ARRAY[]::varchar[], rank
    FROM (
        SELECT p.id::text, p.name, p.kind, v.name AS "within", ST_X(p.point) AS lon,
               ST_Y(p.point) AS lat, p.is_demo, {_ranked(own, both)} AS rank
        FROM {table} AS p LEFT JOIN villages_village AS v ON v.code = p.village_id
    ) AS known
    WHERE rank IS NOT NULL
    ORDER BY rank, "within", name, id LIMIT {MOST_PER_GROUP}
    """


_FOUND = " UNION ALL ".join(
    f"({part})"
    for part in (
        _VILLAGES,
        _places("settlement", "villages_settlement"),
        _places("facility", "villages_facility"),
        _places("site", "villages_site"),
    )
)


def found_places(typed: str) -> list[dict[str, Any]]:
    """Return places whose name holds what was *typed*, the nearest name first.

    At most `MOST_PER_GROUP` of each group (village, settlement, facility, site). A
    place within a village is also found by its own name with the village's behind
    it. Less than `LEAST_TYPED` letters find nothing.
    """
    key = search_key(typed)
    if len(key) < LEAST_TYPED:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, {"pattern": _pattern(key)})
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        del row["rank"]
    return rows
