"""The text log of G-NetTrack Lite and Pro (tab-separated `…_log.txt`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import (
    OPERATOR_OF_NAME,
    WITA,
    Lines,
    Problem,
    ReportFileError,
    Row,
    operator_of_network,
    to_number,
    to_row,
    too_long,
)
from villages.models.reports import Found, Technology

NAME = "gnettrack"
TITLE = gettext_lazy("G-NetTrack text log")

_REQUIRED = (
    "Timestamp",
    "Longitude",
    "Latitude",
    "Operatorname",
    "Operator",
    "NetworkTech",
    "Level",
)
# What the app writes for a value that it does not have; the last is Android's own.
_ABSENT = {"", "-", "--", "2147483647"}
_NO_LEVEL = _ABSENT | {"-200"}
_NO_COVERAGE = "NO_COVERAGE"
_TECHNOLOGY_OF = {
    **{value: value for value in Technology.values if value},
    "GSM": Technology.G2.value,
    "UMTS": Technology.G3.value,
    "LTE": Technology.G4.value,
    "NR": Technology.G5.value,
}
_COLUMNS = {
    "operator": "Operator",
    "technology": "NetworkTech",
    "rsrp_dbm": "Level",
    "rsrq_db": "Qual",
    "sinr_db": "SNR",
    "lon": "Longitude",
    "lat": "Latitude",
    "accuracy_m": "Accuracy",
    "observed_at": "Timestamp",
}


def recognises(header: str) -> bool:
    names = header.split("\t")
    return {"Timestamp", "NetworkTech", "Level"} <= set(names)


def open_file(stream: BinaryIO, *, operator: str) -> GNetTrackReader:
    return GNetTrackReader(stream, operator=operator)


class GNetTrackReader:
    """Reads a log, after a first look through it for the operators it names."""

    def __init__(self, stream: BinaryIO, *, operator: str) -> None:
        self._lines = Lines(stream)
        _number, header = next(self._lines)
        names = (header or "").split("\t")
        self._width = len(names)
        self._index = {name.strip(): index for index, name in enumerate(names)}
        self.ignored_columns: list[str] = []
        if "EventType" in self._index:
            raise ReportFileError(
                _(
                    "This is G-NetTrack's log of events, not of readings. Import the "
                    "log that lies beside it, without “events” in its name."
                )
            )
        missing = [name for name in _REQUIRED if name not in self._index]
        if missing:
            raise ReportFileError(
                _("This G-NetTrack log lacks the columns %(names)s in line 1.")
                % {"names": ", ".join(missing)}
            )
        self._given_operator = operator
        # The SIM stays the same through a log, so a row without service belongs
        # to the operator of the rows that have one, when there is only one.
        self._operators = set() if operator else self._find_operators(stream)
        self._lines = Lines(stream)
        next(self._lines)

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    def rows(self) -> Iterator[Row]:
        for line, text in self._lines:
            if text is None:
                yield too_long(line)
            elif text.strip():
                yield self._row(line, text)

    def _find_operators(self, stream: BinaryIO) -> set[str | None]:
        operators: set[str | None] = set()
        lines = Lines(stream)
        next(lines)
        for _line, text in lines:
            cells = self._cells(text or "")
            if cells and not self._is_without_service(cells):
                operators.add(self._operator_of(cells))
        return operators

    def _cells(self, text: str) -> list[str] | None:
        """Return the cells of a row, or None when their number is wrong."""
        cells = [cell.strip() for cell in text.split("\t")]
        # Every row ends in a tab that the header does not have.
        if len(cells) > self._width and not any(cells[self._width :]):
            del cells[self._width :]
        return cells if len(cells) == self._width else None

    def _cell(self, cells: list[str], column: str) -> str:
        index = self._index.get(column)
        return "" if index is None else cells[index]

    def _is_without_service(self, cells: list[str]) -> bool:
        return (
            self._cell(cells, "Operatorname") == _NO_COVERAGE
            or self._cell(cells, "NetworkTech") in _ABSENT
        )

    def _operator_of(self, cells: list[str]) -> str | None:
        network = self._cell(cells, "Operator")
        if network:
            return operator_of_network(network)
        return OPERATOR_OF_NAME.get(self._cell(cells, "Operatorname").lower())

    def _row(self, line: int, text: str) -> Row:
        cells = self._cells(text)
        if cells is None:
            reason = _(
                "The row does not have the %(count)d cells of line 1: the log was cut "
                "off or changed here."
            )
            return Row(line, None, [Problem("", text, reason % {"count": self._width})])
        problems: list[Problem] = []
        content: dict[str, Any] = {}

        def refuse(column: str, reason: str) -> None:
            problems.append(Problem(column, self._cell(cells, column), reason))

        try:
            content["observed_at"] = _to_utc(self._cell(cells, "Timestamp"))
        except (ValueError, OverflowError):
            refuse("Timestamp", _("Not a time as G-NetTrack writes it."))
        for field in ("lon", "lat"):
            column = _COLUMNS[field]
            try:
                content[field] = to_number(self._cell(cells, column))
            except ValueError:
                refuse(column, _("The phone had no position here."))
        if self._is_without_service(cells):
            content["found"] = Found.NO_SERVICE.value
            if self._cell(cells, "Level") not in _NO_LEVEL:
                refuse("Level", _("The phone names no network, and a level of one."))
        else:
            self._read_service(cells, content, refuse)
        self._read_operator(cells, content, refuse)
        accuracy = self._cell(cells, "Accuracy").removesuffix("m").strip()
        if accuracy not in _ABSENT:
            try:
                content["accuracy_m"] = to_number(accuracy)
            except ValueError:
                refuse("Accuracy", _("Not a number."))
        if problems:
            return Row(line, None, problems)
        return to_row(
            line,
            content,
            columns=_COLUMNS,
            written=lambda field: self._cell(cells, _COLUMNS.get(field, "")),
        )

    def _read_service(
        self, cells: list[str], content: dict[str, Any], refuse: Any
    ) -> None:
        technology = _TECHNOLOGY_OF.get(self._cell(cells, "NetworkTech").upper())
        if technology is None:
            refuse("NetworkTech", _("Not a technology that is known here (2G to 5G)."))
            return
        content["technology"] = technology
        # 2G packet data is too slow to be called internet here.
        content["found"] = (
            Found.VOICE_ONLY.value if technology == Technology.G2 else Found.DATA.value
        )
        level = self._cell(cells, "Level")
        if level in _NO_LEVEL:
            refuse("Level", _("No level although the phone names a network."))
            return
        # In 2G the quality is RxQual, a class from 0 to 7, and not in dB.
        has_quality = technology != Technology.G2
        columns = {"rsrp_dbm": "Level"} | (
            {"rsrq_db": "Qual", "sinr_db": "SNR"} if has_quality else {}
        )
        for field, column in columns.items():
            text = self._cell(cells, column)
            if text in _ABSENT:
                continue
            try:
                content[field] = to_number(text)
            except ValueError:
                refuse(column, _("Not a number."))

    def _read_operator(
        self, cells: list[str], content: dict[str, Any], refuse: Any
    ) -> None:
        own = self._operator_of(cells)
        if own is not None:
            content["operator"] = own
        elif self._given_operator:
            content["operator"] = self._given_operator
        elif not self._is_without_service(cells):
            refuse(
                "Operator",
                _(
                    "An operator of another country, or not known. Choose the operator "
                    "for the file if you know whose network this was."
                ),
            )
        elif len(self._operators) == 1 and (only := next(iter(self._operators))):
            content["operator"] = only
        else:
            refuse(
                "Operator",
                _(
                    "No service, and the log does not tell whose: it names no operator "
                    "of ours, or several. Choose the operator for the file."
                ),
            )


def _to_utc(text: str) -> datetime:
    """Read the app's local time, such as 2025.07.18_22.12.21."""
    date, _underscore, clock = text.partition("_")
    moment = datetime.fromisoformat(
        f"{date.replace('.', '-')}T{clock.replace('.', ':')}"
    )
    return moment.replace(tzinfo=WITA).astimezone(UTC)
