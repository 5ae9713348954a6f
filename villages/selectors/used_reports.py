"""Which reports count for the map, and how much: one notion, in SQL.

Accepted reports count in full. Rejected ones, and those that a flag holds back until
somebody has looked, do not count. A flag that only lowers the weight lowers it to the
least that any of the report's flags names.
"""

from __future__ import annotations

from datetime import datetime

from villages.flags import flag_effects


def used_sql(
    alias: str = "villages_signalreport", *, as_of: datetime | None = None
) -> str:
    """Return the condition under which a report counts for the map.

    With *as_of*, for the map as it could have been drawn then: from what had been
    observed and received. Demonstration reports are received all at once, so for them
    only the observation counts. Reviews count as they are today.
    """
    held = _array([effect.flag.value for effect in flag_effects() if effect.is_held])
    is_used = (
        f"({alias}.review_state = 'accepted' OR {alias}.review_state <> 'rejected'"
        f" AND NOT {alias}.flags && {held})"
    )
    if as_of is None:
        return is_used
    then = f"'{as_of.isoformat()}'::timestamptz"
    return (
        f"({is_used} AND {alias}.observed_at <= {then}"
        f" AND ({alias}.is_demo OR {alias}.received_at <= {then}))"
    )


def weight_sql(alias: str = "villages_signalreport") -> str:
    """Return the weight of a report that counts, above 0 and up to 1."""
    lowered = [
        f"CASE WHEN {alias}.flags @> {_array([effect.flag.value])}"
        f" THEN {effect.weight!r} ELSE 1 END"
        for effect in flag_effects()
        if effect.weight < 1
    ]
    least = f"LEAST({', '.join(lowered)})" if lowered else "1"
    return (
        f"(CASE WHEN {alias}.review_state = 'accepted' OR {alias}.flags = '{{}}'"
        f" THEN 1 ELSE {least} END)::float8"
    )


def _array(flags: list[str]) -> str:
    # Names of flags are words of the program, checked at the start.
    return f"ARRAY[{', '.join(repr(flag) for flag in flags)}]::varchar[]"
