"""Reading what a client asks for in an address, and refusing what cannot be meant."""

from __future__ import annotations

import re
from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError

# Codes, names of choices and dates; long enough for all of ours.
_PLAIN = re.compile(r"[\w.:+-]{0,64}")


class ParameterError(DomainError):
    title = gettext_noop("A parameter is not usable.")


def text(query: QueryDict, name: str) -> str | None:
    """Return the parameter *name*, None where it is absent or empty.

    Raises
    ------
    ParameterError
        If it holds anything that no code or name of ours holds.
    """
    value = query.get(name, "")
    if not _PLAIN.fullmatch(value):
        raise ParameterError(_("%(name)s is not a code or a name.") % {"name": name})
    return value or None


def choice(query: QueryDict, name: str, known: list[str]) -> str | None:
    """Return the parameter *name*, which must be one of *known*."""
    value = text(query, name)
    if value is not None and value not in known:
        raise ParameterError(
            _("%(name)s is one of: %(known)s.")
            % {"name": name, "known": ", ".join(known)}
        )
    return value


def whole_number(query: QueryDict, name: str) -> int | None:
    """Return the parameter *name* as a number from 0 to 2⁶³ − 1."""
    value = text(query, name)
    if value is None:
        return None
    # isdecimal() also knows digits of other scripts, which int() reads as well.
    if not value.isdecimal() or int(value) >= 2**63:
        raise ParameterError(_("%(name)s is a whole number.") % {"name": name})
    return int(value)


def number(query: QueryDict, name: str) -> float | None:
    value = text(query, name)
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        raise ParameterError(_("%(name)s is a number.") % {"name": name}) from None


def day(query: QueryDict, name: str) -> date | None:
    """Return the parameter *name* as a day, written 2026-01-31."""
    value = text(query, name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ParameterError(
            _("%(name)s is a day, such as 2026-01-31.") % {"name": name}
        ) from None


def bbox(query: QueryDict) -> tuple[float, float, float, float] | None:
    """Return ``bbox=west,south,east,north`` in degrees, None where it is absent."""
    value = query.get("bbox", "")
    if not value:
        return None
    try:
        west, south, east, north = (float(part) for part in value.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ParameterError(
            _("Give bbox as west,south,east,north in degrees, such as 116,-1,117,0.")
        )
    return west, south, east, north
