"""A CQL2 filter as a condition of SQL: every value apart, every name one of ours.

The library cql2 reads the text; what it says is checked here for kinds, so that the
database never refuses what a client asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import cql2
import shapely
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from coverage.api.ogc.crs import Crs
from coverage.api.ogc.items import STORED, FilterError
from coverage.api.ogc.schemas import Collection

LANGUAGES = ("cql2-text", "cql2-json")
# A filter in an address is short; deeper nesting than this nobody writes.
MOST_LETTERS, MOST_BRACKETS = 4_000, 100
GEOMETRY = "geometry"

COMPARISONS = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
ARITHMETIC = {"+": "+", "-": "-", "*": "*"}
SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Disjoint",
    "s_contains": "ST_Contains",
    "s_within": "ST_Within",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_overlaps": "ST_Overlaps",
    "s_equals": "ST_Equals",
}
ARRAYS = {
    "a_equals": "=",
    "a_contains": "@>",
    "a_containedby": "<@",
    "a_overlaps": "&&",
}
# Of two intervals (a, b) and (c, d), ends included.
TEMPORAL = {
    "t_after": "{a} > {d}",
    "t_before": "{b} < {c}",
    "t_disjoint": "({b} < {c} OR {a} > {d})",
    "t_intersects": "({b} >= {c} AND {a} <= {d})",
    "t_equals": "({a} = {c} AND {b} = {d})",
    "t_during": "({a} > {c} AND {b} < {d})",
    "t_contains": "({a} < {c} AND {b} > {d})",
    "t_meets": "{b} = {c}",
    "t_metby": "{a} = {d}",
    "t_overlaps": "({a} < {c} AND {b} > {c} AND {b} < {d})",
    "t_overlappedby": "({a} > {c} AND {a} < {d} AND {b} > {d})",
    "t_starts": "({a} = {c} AND {b} < {d})",
    "t_startedby": "({a} = {c} AND {b} > {d})",
    "t_finishes": "({b} = {d} AND {a} > {c})",
    "t_finishedby": "({b} = {d} AND {a} < {c})",
}


@dataclass(frozen=True)
class Term:
    """SQL of one *kind*: text, number, boolean, moment, geometry, array or interval.

    An interval has its end in ``end``; so has a moment that lasts a day.
    """

    sql: str
    kind: str
    end: str = ""


@dataclass
class Writer:
    """Writes the SQL of one filter and collects its values."""

    collection: Collection
    crs: Crs
    values: dict[str, Any] = field(default_factory=dict)

    def condition(self, node: Any) -> str:
        term = self.term(node)
        if term.kind != "boolean":
            raise FilterError(_("A filter is a condition, such as name = 'Muara Tiq'."))
        return term.sql

    def term(self, node: Any) -> Term:
        if isinstance(node, dict):
            if "op" in node:
                return self.operation(str(node["op"]).lower(), node.get("args", []))
            if "property" in node:
                return self.property(node["property"])
            return self.literal(node)
        if isinstance(node, bool):
            return Term("TRUE" if node else "FALSE", "boolean")
        if isinstance(node, int | float):
            if not math.isfinite(node):
                raise FilterError(_("A number of the filter is too large."))
            return Term(f"{self.value(float(node))}::float8", "number")
        if isinstance(node, str):
            return Term(f"{self.value(node)}::text", "text")
        if isinstance(node, list):
            texts = [item for item in node if isinstance(item, str)]
            if len(texts) == len(node):
                return Term(f"{self.value(texts)}::text[]", "array")
        raise FilterError(_("The filter holds a value that is not known here."))

    def value(self, value: Any) -> str:
        # PostgreSQL keeps no NUL in a text.
        if isinstance(value, str):
            value = value.replace("\0", "")
        elif isinstance(value, list):
            value = [text.replace("\0", "") for text in value]
        name = f"cql_{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def property(self, name: str) -> Term:
        if name == GEOMETRY and self.collection.geometry is not None:
            return Term(self.collection.geometry, "geometry")
        one = self.collection.properties.get(name)
        if one is None:
            known = [*self.collection.properties]
            if self.collection.geometry is not None:
                known.append(GEOMETRY)
            raise FilterError(
                _("There is no property “%(name)s”. Known are: %(known)s.")
                % {"name": str(name)[:40], "known": ", ".join(known)}
            )
        return _typed(f"({one.sql})", one.schema)

    def literal(self, node: Mapping[str, Any]) -> Term:
        if "timestamp" in node:
            moment = self.value(_moment(node["timestamp"]))
            return Term(f"{moment}::timestamptz", "moment")
        if "date" in node:
            begin, end = (
                self.value(_edge(node["date"], is_end=is_end))
                for is_end in (False, True)
            )
            return Term(f"{begin}::timestamptz", "moment", f"{end}::timestamptz")
        if "interval" in node:
            begin, end = node["interval"]
            return Term(
                f"{self.value(_bound(begin, is_end=False))}::timestamptz",
                "interval",
                f"{self.value(_bound(end, is_end=True))}::timestamptz",
            )
        if "bbox" in node or "coordinates" in node:
            return self.geometry(node)
        raise FilterError(_("The filter holds a value that is not known here."))

    def geometry(self, node: Mapping[str, Any]) -> Term:
        try:
            if "bbox" in node:
                box = [float(part) for part in node["bbox"]]
                shape = shapely.box(*box[:2], *box[len(box) // 2 :][:2])
            else:
                shape = shapely.from_geojson(json.dumps(node))
        except (ValueError, TypeError, shapely.errors.GEOSException) as error:
            raise FilterError(_("A geometry of the filter is not one.")) from error
        is_usable = (
            shape is not None
            and not shape.is_empty
            and shape.is_valid
            and bool(math.isfinite(sum(shape.bounds)))
            and shape.geom_type != "GeometryCollection"
        )
        if not is_usable:
            raise FilterError(_("A geometry of the filter is not valid."))
        if self.crs.is_lat_first:
            shape = shapely.transform(shape, lambda points: points[:, ::-1])
        wkb = self.value(shapely.to_wkb(shapely.force_2d(shape)))
        sql = f"ST_GeomFromWKB({wkb}, {self.crs.srid})"
        if self.crs.srid != STORED:
            sql = f"ST_Transform({sql}, {STORED})"
        return Term(sql, "geometry")

    def operation(self, op: str, args: Any) -> Term:
        if not isinstance(args, list):
            args = [args]
        if op in ("and", "or"):
            if not args:
                raise FilterError(_("The filter is not complete."))
            joined = f" {op.upper()} ".join(f"({self.condition(a)})" for a in args)
            return Term(f"({joined})", "boolean")
        if op == "not":
            return Term(f"(NOT ({self.condition(_only(args))}))", "boolean")
        if op == "isnull":
            return Term(f"({self.term(_only(args)).sql} IS NULL)", "boolean")
        if op == "casei":
            return Term(f"lower({self.of_kind('text', _only(args)).sql})", "text")
        if op in ("between", "in", "like"):
            write: Callable[[list[Any]], str] = getattr(self, f"write_{op}")
            return Term(write(args), "boolean")
        if len(args) != 2:
            raise FilterError(_("“%(op)s” is not known here.") % {"op": op[:40]})
        return self.of_two(op, self.term(args[0]), self.term(args[1]))

    def of_two(self, op: str, left: Term, right: Term) -> Term:
        if op in COMPARISONS:
            if left.kind != right.kind or left.kind not in (
                "text",
                "number",
                "boolean",
                "moment",
            ):
                raise FilterError(
                    _("“%(op)s” compares two texts, two numbers or two times.")
                    % {"op": op}
                )
            return Term(f"({left.sql} {COMPARISONS[op]} {right.sql})", "boolean")
        if op in (*ARITHMETIC, "/", "%", "div", "^"):
            _need(op, {"number"}, left, right)
            if op in ARITHMETIC:
                return Term(f"({left.sql} {ARITHMETIC[op]} {right.sql})", "number")
            if op == "/":
                return Term(f"({left.sql} / nullif({right.sql}, 0))", "number")
        if op in SPATIAL:
            _need(op, {"geometry"}, left, right)
            return Term(f"{SPATIAL[op]}({left.sql}, {right.sql})", "boolean")
        if op in ARRAYS:
            _need(op, {"array"}, left, right)
            return Term(f"({left.sql} {ARRAYS[op]} {right.sql})", "boolean")
        if op in TEMPORAL:
            _need(op, {"moment", "interval"}, left, right)
            form = TEMPORAL[op].format(
                a=left.sql,
                b=left.end or left.sql,
                c=right.sql,
                d=right.end or right.sql,
            )
            return Term(f"({form})", "boolean")
        raise FilterError(_("“%(op)s” is not known here.") % {"op": op[:40]})

    def write_between(self, args: list[Any]) -> str:
        low, high = (args[1], args[2]) if len(args) == 3 else args[1]
        value = self.term(args[0])
        terms = [self.term(low), self.term(high)]
        if value.kind not in ("number", "moment"):
            raise FilterError(_("BETWEEN takes numbers or times."))
        _need("between", {value.kind}, *terms)
        return f"({value.sql} BETWEEN {terms[0].sql} AND {terms[1].sql})"

    def write_in(self, args: list[Any]) -> str:
        value = self.term(args[0])
        choices = [self.term(one) for one in args[1]]
        _need("in", {value.kind}, *choices)
        if not choices or value.kind not in ("text", "number", "boolean", "moment"):
            raise FilterError(_("IN takes a list of texts, numbers or times."))
        return f"({value.sql} IN ({', '.join(one.sql for one in choices)}))"

    def write_like(self, args: list[Any]) -> str:
        value, pattern = (self.of_kind("text", one) for one in args)
        told = args[1]
        while isinstance(told, dict) and str(told.get("op")).lower() == "casei":
            told = _only(told.get("args", []))
        told = told if isinstance(told, str) else ""
        if (len(told) - len(told.rstrip("\\"))) % 2:
            raise FilterError(_("A pattern does not end with a single backslash."))
        return f"({value.sql} LIKE {pattern.sql})"

    def of_kind(self, kind: str, node: Any) -> Term:
        term = self.term(node)
        _need(kind, {kind}, term)
        return term


def sql_of(
    collection: Collection, text: str, *, language: str, crs: Crs
) -> tuple[str, dict[str, Any]]:
    """Return *text* as a condition of SQL and the values in it.

    Raises
    ------
    FilterError
        If it is no CQL2, names what the collection has not, or compares what cannot
        be compared.
    """
    brackets = sum(text.count(one) for one in "([{")
    if len(text) > MOST_LETTERS or brackets > MOST_BRACKETS:
        raise FilterError(_("The filter is too long or too deep."))
    parse = cql2.parse_text if language == "cql2-text" else cql2.parse_json
    try:
        node = parse(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        told = " ".join(str(error).split())[:200]
        raise FilterError(_("It is not CQL2: %(told)s") % {"told": told}) from error
    writer = Writer(collection, crs)
    try:
        condition = writer.condition(node)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise FilterError(_("The filter is not complete.")) from error
    return f"({condition})", writer.values


def _typed(sql: str, schema: Mapping[str, object]) -> Term:
    kind, form = schema["type"], schema.get("format")
    if form == "date":
        day = f"{sql}::date"
        return Term(
            f"{day}::timestamptz",
            "moment",
            f"({day}::timestamptz + interval '1 day' - interval '1 microsecond')",
        )
    if form == "date-time":
        return Term(sql, "moment")
    if kind in ("number", "integer"):
        return Term(f"{sql}::float8", "number")
    if kind == "array":
        return Term(f"{sql}::text[]", "array")
    return Term(f"{sql}::text", "text") if kind == "string" else Term(sql, "boolean")


def _need(op: str, kinds: set[str], *terms: Term) -> None:
    if any(term.kind not in kinds for term in terms):
        raise FilterError(
            _("“%(op)s” takes %(kinds)s here.")
            % {"op": op, "kinds": "/".join(sorted(kinds))}
        )


def _only(args: list[Any]) -> Any:
    if len(args) != 1:
        raise FilterError(_("The filter is not complete."))
    return args[0]


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None:
        raise FilterError(_("Give a time as TIMESTAMP('2026-03-01T00:00:00Z')."))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _edge(text: str, *, is_end: bool) -> datetime:
    try:
        day = parse_date(text)
    except (TypeError, ValueError):
        day = None
    if day is None:
        raise FilterError(_("Give a day as DATE('2026-03-01')."))
    return datetime.combine(day, time.max if is_end else time.min, UTC)


def _bound(text: Any, *, is_end: bool) -> datetime | str:
    if text == "..":
        return "infinity" if is_end else "-infinity"
    if isinstance(text, dict):
        text = text.get("timestamp") or text.get("date")
    if isinstance(text, str) and "T" in text.upper():
        return _moment(text)
    return _edge(text, is_end=is_end)
