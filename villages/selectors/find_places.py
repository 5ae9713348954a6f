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
# Fewer letters are looked for where a word begins: "sma" is no puskesmas.
LEAST_WITHIN_A_WORD = 4
# A village's code is told by the digits of its district at least.
LEAST_OF_A_CODE = 6

# How sources write a letter that is compared as another.
_WRITTEN = {
    "a": "aáàâäãå",
    "c": "cç",
    "e": "eéèêë",
    "i": "iíìîï",
    "k": "kq",
    "n": "nñ",
    "o": "oóòôöõ",
    "u": "uúùûü",
}
_SIGNS = "[^[:alnum:]]*"
# A school of the state: one list has SDN 12, another SD Negeri 012 or SD 12.
_SCHOOL = re.compile(r"(paud|tk|sd|smp|sma|smk|mi|mts|ma)(?:n|negeri)?(?=\d)")
_OF_THE_STATE = f"(?:n(?:egeri)?{_SIGNS})?"


def search_key(name: str) -> str:
    """Return *name* as it is compared; `searchKey` of the map's words.js is the same.

    >>> search_key("Buluq  Sén"), search_key("Long Bawwang")
    ('buluksen', 'longbawang')
    """
    letters = unicodedata.normalize("NFD", name).lower().replace("q", "k")
    return re.sub(r"([a-z])\1+", r"\1", re.sub(r"[^a-z0-9]", "", letters))


def _pattern(key: str) -> str:
    """Return a regular expression for names that hold *key*, in PostgreSQL's words.

    Doubled letters count once, RT 5 is RT 05, and signs do not count. A name is read
    once for it; to bring each name into the form of a key first takes ten times as
    long.

    >>> _pattern(search_key("RT 05"))
    'r+[^[:alnum:]]*t+[^[:alnum:]]*0*5'
    """
    if school := _SCHOOL.match(key):
        kind, which = _spaced(school[1]), _spaced(key[school.end() :])
        return f"{kind}{_SIGNS}{_OF_THE_STATE}{which}"
    return _spaced(key)


def _spaced(key: str) -> str:
    parts = re.findall(r"[a-z]|[0-9]+", key)
    return _SIGNS.join(
        f"{_letter(part)}+" if part.isalpha() else f"0*{part.lstrip('0') or '0'}"
        for part in parts
    )


def _letter(letter: str) -> str:
    written = _WRITTEN.get(letter, letter)
    return letter if written == letter else f"[{written}]"


def _ranked(own: str) -> str:
    return f"""CASE WHEN {own} ~* ('^' || %(pattern)s || '$') THEN 0
                    WHEN {own} ~* ('^' || %(pattern)s) THEN 1
                    WHEN {own} ~* ('\\m' || %(pattern)s) THEN 2
                    WHEN {own} ~* %(within)s THEN 3
                    ELSE 4 END"""


# Spellings of a village in the official record differ from its name as the ministry
# writes it; only those that read differently are worth showing.
_VILLAGES = f"""
SELECT 'village' AS "group", code AS id, name, kind, district_name AS "within",
       ST_X(point) AS lon, ST_Y(point) AS lat, FALSE AS is_demo, spellings AS also,
       rank
FROM (
    SELECT v.code, v.name, v.kind, v.point, d.name AS district_name, other.spellings,
           (SELECT min({_ranked("one")})
            FROM unnest(v.name || other.spellings) AS one)
           * (replace(v.code, '.', '') NOT LIKE %(code)s)::int AS rank
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
WHERE rank < 4
ORDER BY rank, name LIMIT {MOST_PER_GROUP}
"""


def _places(group: str, table: str) -> str:
    return f"""
    SELECT '{group}', p.id::text, p.name, p.kind, v.name AS "within", ST_X(p.point),
           ST_Y(p.point), p.is_demo, ARRAY[]::varchar[], {_ranked("p.name")} AS rank
    FROM {table} AS p LEFT JOIN villages_village AS v ON v.code = p.village_id
    WHERE concat(p.name, ' ', v.name) ~* %(within)s
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
    it, a village by its code too. Less than `LEAST_TYPED` letters find nothing.
    """
    key = search_key(typed)
    if len(key) < LEAST_TYPED:
        return []
    pattern = _pattern(key)
    is_code = key.isdecimal() and len(key) >= LEAST_OF_A_CODE
    sought = {
        "pattern": pattern,
        "within": pattern if len(key) >= LEAST_WITHIN_A_WORD else rf"\m{pattern}",
        "code": f"{key}%" if is_code else "",
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, sought)
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        del row["rank"]
    return rows
