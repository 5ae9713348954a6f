"""The queue of a phone that found no signal, saved as a file by the report form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.json_items import (
    DamagedError,
    ItemError,
    parse_item,
    read_items,
)
from villages.importers.reading import (
    Problem,
    ReportFileError,
    Row,
    Told,
    read_header,
    to_row,
    to_utc,
)
from villages.importers.table import damaged
from villages.services.submit_reports import NewReport

NAME = "queue"
TITLE = gettext_lazy("Queue of a phone")
HINT = gettext_lazy("As the report form saves it when a phone finds no signal.")

_FORMAT = "kukar-connect-queue"
_VERSION = re.compile(r'"version"\s*:\s*(\d+)')
_KNOWN_VERSION = "1"

_REQUIRED = ("id", "operator", "found", "lon", "lat", "observed_at")
_NUMBERS = frozenset(
    name for name, kind in NewReport.__annotations__.items() if kind.startswith("float")
)
_FIELDS = frozenset(NewReport.__annotations__)
# Names of fields that this server does not know are told, within reason.
_MOST_IGNORED = 20
_LONGEST_NAME = 40


def recognises(header: str) -> bool:
    return header.startswith("{") and f'"{_FORMAT}"' in header


def open_file(stream: BinaryIO, *, told: Told) -> QueueReader:
    version = _VERSION.search(read_header(stream))
    if version is None or version.group(1) != _KNOWN_VERSION:
        raise ReportFileError(
            _(
                "This queue was saved by another version of the report form, which "
                "this server does not know yet. Ask the administrator to update it."
            )
        )
    return QueueReader(stream, told)


class QueueReader:
    """Reads the reports one by one; the "line" of a row is the report's number."""

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._stream = stream
        self._told = told
        self.ignored_columns: list[str] = []

    @property
    def bytes_read(self) -> int:
        return self._stream.tell()

    def rows(self) -> Iterator[Row]:
        number = 0
        try:
            for text in read_items(self._stream, "reports"):
                number += 1
                yield self._row(number, text)
        except DamagedError as error:
            yield damaged(number + 1, error)
        self._stream.seek(0, 2)

    def _row(self, number: int, text: bytes | None) -> Row:
        try:
            item = parse_item(text)
            if not isinstance(item, dict):
                raise ItemError(_("Not a report."))
        except ItemError as error:
            written = (text or b"").decode("utf-8", "replace")
            return Row(number, None, [Problem("", written, str(error))])
        content: dict[str, Any] = {}
        problems = []
        for name, value in item.items():
            # Empty means "not known", as it does to the API.
            if value is None or value == "":
                continue
            if name not in _FIELDS:
                self._ignore(name)
                continue
            try:
                content[name] = self._value(name, value)
            except (ValueError, TypeError, OverflowError):
                reason = _("Not what belongs here.")
                problems.append(Problem(name, _written(value), reason))
        # Without its own id a report is not known again when the phone sends it too.
        problems += [
            Problem(name, "", _("This must not be missing."))
            for name in _REQUIRED
            if item.get(name) in (None, "")
        ]
        if problems:
            return Row(number, None, problems)
        return to_row(
            number, content, columns={}, written=lambda field: _written(item.get(field))
        )

    def _value(self, name: str, value: Any) -> Any:
        if name in _NUMBERS:
            if isinstance(value, bool):
                raise TypeError(name)
            return float(value)
        if not isinstance(value, str):
            raise TypeError(name)
        if name == "id":
            return UUID(value)
        if name == "observed_at":
            return to_utc(value, self._told.zone)
        return value.strip()

    def _ignore(self, name: str) -> None:
        if (
            name not in self.ignored_columns
            and len(self.ignored_columns) < _MOST_IGNORED
            and len(name) <= _LONGEST_NAME
            and name.isprintable()
        ):
            self.ignored_columns.append(name)


def _written(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)
