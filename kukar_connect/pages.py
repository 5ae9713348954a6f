"""Lists in pages, by keyset: each page begins after the last row of the one before.

However deep one reads, a page costs the same, and a row that comes or goes meanwhile
makes no other row appear twice or not at all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from kukar_connect import params
from kukar_connect.geojson import PRECISION, collection_response, with_text
from kukar_connect.params import ParameterError

DEFAULT_LIMIT = 1_000
MOST = 10_000
# Far longer than the keys of any list of ours.
LONGEST_CURSOR = 400


def as_number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError
    return value


def as_whole_number(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


def as_text(value: Any) -> str:
    if type(value) is not str or "\0" in value:
        raise TypeError
    return value


def as_uuid(value: Any) -> UUID:
    return UUID(as_text(value))


def as_moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(as_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


@dataclass(frozen=True)
class Key:
    """One field of a list's order; it is never null. The last one is unique."""

    field: str
    read: Callable[[Any], Any]
    is_falling: bool = False


def parameters(
    most: int = MOST, default: int = DEFAULT_LIMIT
) -> list[OpenApiParameter]:
    """Return what the documentation of a list in pages says of them."""
    return [
        OpenApiParameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": most, "default": default},
            description="Rows of one page; a larger number is taken for the largest.",
        ),
        OpenApiParameter(
            "cursor",
            str,
            description="Where the page begins. Follow `next`; never make one up.",
        ),
    ]


@dataclass(frozen=True)
class Paging:
    """Which page of a list is asked for."""

    limit: int
    keys: Sequence[Key]
    after: list[Any] | None

    def cut(self, rows: QuerySet) -> QuerySet:
        """Return the page of *rows* in their order, and one row more if there is one.

        Whether there is one tells `link_to_next`.
        """
        if self.after is not None:
            rows = rows.filter(self._is_after())
        order = [f"{'-' * key.is_falling}{key.field}" for key in self.keys]
        return rows.order_by(*order)[: self.limit + 1]

    def _is_after(self) -> Q:
        condition = Q()
        pairs = list(zip(self.keys, self.after or [], strict=True))
        # From the last key to the first: a > x OR (a = x AND (b > y OR …)).
        for key, value in reversed(pairs):
            beyond = Q((f"{key.field}__{'lt' if key.is_falling else 'gt'}", value))
            same = Q((key.field, value))
            condition = beyond | (same & condition) if condition else beyond
        # Said besides, so that an index on the first key is used.
        first, value = pairs[0]
        bound = f"{first.field}__{'lte' if first.is_falling else 'gte'}"
        return Q((bound, value)) & condition

    def link_to_next(self, request: Request, last: Sequence[Any], **pinned: Any) -> str:
        """Return the address of the page after the row whose keys are *last*.

        *pinned* are parameters that must stay what they were for this page.
        """
        query = request.query_params.copy()
        for name, value in pinned.items():
            query[name] = str(value)
        query["cursor"] = _written(last)
        query["limit"] = str(self.limit)
        return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"


def paging_of(
    query: QueryDict,
    keys: Sequence[Key],
    *,
    most: int = MOST,
    default: int = DEFAULT_LIMIT,
) -> Paging:
    """Return the page that an address asks for.

    Raises
    ------
    ParameterError
        If `limit` is no number above 0, or `cursor` none that this list gave.
    """
    limit = params.whole_number(query, "limit")
    if limit == 0:
        raise ParameterError(_("%(name)s is at least 1.") % {"name": "limit"})
    cursor = query.get("cursor", "")
    return Paging(
        min(limit or default, most), keys, _read(cursor, keys) if cursor else None
    )


def _written(values: Sequence[Any]) -> str:
    text = json.dumps(
        [v.isoformat() if isinstance(v, datetime) else v for v in values],
        default=str,
        separators=(",", ":"),
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[Key]) -> list[Any]:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list):
            raise TypeError
        return [key.read(v) for key, v in zip(keys, values, strict=True)]
    # Deep nesting in a short text stays far from Python's limit.
    except (ValueError, TypeError, OverflowError):
        raise ParameterError(
            _("This cursor is of no page of this list: begin again without it.")
        ) from None


def feature_page(
    request: Request,
    paging: Paging,
    rows: QuerySet,
    *,
    geometry: str,
    properties: dict[str, Any],
    precision: int = PRECISION,
    pinned: dict[str, Any] | None = None,
    **members: str,
) -> HttpResponse:
    """Answer one page of *rows* as GeoJSON; *members* are further members as JSON."""
    texts = with_text(paging.cut(rows), geometry, properties, precision)
    page = list(texts.values_list("feature_text", *(key.field for key in paging.keys)))
    shown = page[: paging.limit]
    following = None
    if len(page) > len(shown):
        following = paging.link_to_next(request, shown[-1][1:], **(pinned or {}))
    response = collection_response(
        [row[0] for row in shown], next=json.dumps(following), **members
    )
    return link(response, following)


def link(response: HttpResponse, following: str | None) -> HttpResponse:
    """Name the next page in the header too, as RFC 8288 has it."""
    if following:
        response["Link"] = f'<{following}>; rel="next"'
    return response


FIELDS = OpenApiParameter(
    "fields",
    str,
    description="Names of properties, separated by commas. Default: all of them.",
)


def fields_of(query: QueryDict, known: dict[str, Any]) -> dict[str, Any]:
    """Return those of *known* that an address asks for, in their order; else all."""
    asked = query.get("fields", "")
    if not asked:
        return known
    names = asked.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ParameterError(
            _("%(name)s is one of: %(known)s.")
            % {"name": "fields", "known": ", ".join(known)}
        )
    return {name: value for name, value in known.items() if name in names}
