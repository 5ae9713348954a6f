"""The logs of G-NetTrack Lite and Pro: the text log (with tabs) and the CSV of Pro."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import (
    OPERATOR_OF_NAME,
    Lines,
    Problem,
    ReportFileError,
    Row,
    Told,
    operator_of_network,
    to_number,
    to_row,
    too_long,
)
from villages.importers.table import TECHNOLOGY_OF, found_with, names_of
from villages.models.reports import Found, Technology

NAME = "gnettrack"
TITLE = gettext_lazy("G-NetTrack log")
HINT = gettext_lazy("The text log or the CSV that the app writes, unchanged.")

# What the app writes for a value that it does not have; the last is Android's own.
_ABSENT = {"", "-", "--", "2147483647"}
_NO_LEVEL = _ABSENT | {"-200"}
_NO_COVERAGE = "NO_COVERAGE"

TEXT_COLUMNS = {
    "observed_at": "Timestamp",
    "lon": "Longitude",
    "lat": "Latitude",
    "operator_name": "Operatorname",
    "operator": "Operator",
    "technology": "NetworkTech",
    "rsrp_dbm": "Level",
    "rsrq_db": "Qual",
    "sinr_db": "SNR",
    "accuracy_m": "Accuracy",
}
CSV_COLUMNS = {
    **TEXT_COLUMNS,
    "technology": "NetworkMode",
    "rsrp_dbm": "RSRP",
    "rsrq_db": "RSRQ",
}
_TEXT_REQUIRED = set(TEXT_COLUMNS.values()) - {"Qual", "SNR", "Accuracy"}
_CSV_REQUIRED = set(CSV_COLUMNS.values()) - {"Operator", "RSRQ", "SNR", "Accuracy"}


def recognises(header: str) -> bool:
    return {"Timestamp", "NetworkTech", "Level"} <= set(names_of(header, "\t")) or {
        "Timestamp",
        "NetworkMode",
        "RSRP",
    } <= set(names_of(header))


def open_file(stream: BinaryIO, *, told: Told) -> GNetTrackReader:
    return GNetTrackReader(stream, told)


class GNetTrackReader:
    """Reads a log, after a first look through it for the operators it names."""

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._stream = stream
        self._lines = Lines(stream)
        _number, header = next(self._lines)
        text = header or ""
        self._delimiter = "\t" if "\t" in text else ","
        self._names = names_of(text, self._delimiter)
        self.ignored_columns: list[str] = []
        if "EventType" in self._names:
            raise ReportFileError(
                _(
                    "This is G-NetTrack's log of events, not of readings. Import the "
                    "log that lies beside it, without “events” in its name."
                )
            )
        is_text = "NetworkTech" in self._names
        required = _TEXT_REQUIRED if is_text else _CSV_REQUIRED
        missing = sorted(required - set(self._names))
        if missing:
            raise ReportFileError(
                _("This G-NetTrack log lacks the columns %(names)s in line 1.")
                % {"names": ", ".join(missing)}
            )
        self._readings = Readings(TEXT_COLUMNS if is_text else CSV_COLUMNS, told)
        self._readings.learn_operators(self._all_texts())
        self._lines = Lines(stream)
        next(self._lines)

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    def rows(self) -> Iterator[Row]:
        for line, text in self._lines:
            if text is None:
                yield too_long(line)
                continue
            if not text.strip():
                continue
            texts = self._texts(text)
            if texts is None:
                reason = _(
                    "The row does not have the %(count)d cells of line 1: the log was "
                    "cut off or changed here."
                ) % {"count": len(self._names)}
                yield Row(line, None, [Problem("", text, reason)])
            else:
                yield self._readings.row(line, texts)

    def _all_texts(self) -> Iterator[Mapping[str, str]]:
        lines = Lines(self._stream)
        next(lines)
        for _line, text in lines:
            if texts := self._texts(text or ""):
                yield texts

    def _texts(self, text: str) -> Mapping[str, str] | None:
        """Return the cells of a row, or None when their number is wrong."""
        cells = [cell.strip() for cell in text.split(self._delimiter)]
        # Every row of a text log ends in a tab that the header does not have.
        width = len(self._names)
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]
        if len(cells) != width:
            return None
        return dict(zip(self._names, cells, strict=True))


class Readings:
    """What a row of the app says, in whichever of its files.

    *columns* holds, by field, the file's name for it.
    """

    def __init__(self, columns: Mapping[str, str], told: Told) -> None:
        self._columns = columns
        self._told = told
        self._operators: set[str | None] = set()

    def learn_operators(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Look through a file for the operators it names.

        The SIM stays the same through a log, so a row without service belongs to the
        operator of the rows that have one, when there is only one.
        """
        if self._told.operator:
            return
        for texts in rows:
            if not self._is_without_service(texts):
                self._operators.add(self._operator_of(texts))

    def row(self, line: int, texts: Mapping[str, str]) -> Row:
        problems: list[Problem] = []
        content: dict[str, Any] = {}

        def refuse(field: str, reason: str) -> None:
            column = self._columns[field]
            problems.append(Problem(column, texts.get(column, ""), reason))

        try:
            content["observed_at"] = self._time(texts)
        except (ValueError, OverflowError):
            refuse("observed_at", _("Not a time as G-NetTrack writes it."))
        for field in ("lon", "lat"):
            try:
                content[field] = to_number(self._text(texts, field))
            except ValueError:
                refuse(field, _("The phone had no position here."))
        if self._is_without_service(texts):
            content["found"] = Found.NO_SERVICE.value
            if self._number_text(texts, "rsrp_dbm") not in _NO_LEVEL:
                refuse("rsrp_dbm", _("The phone names no network, and a level of one."))
        else:
            self._read_service(texts, content, refuse)
        self._read_operator(texts, content, refuse)
        self._read_number("accuracy_m", texts, content, refuse)
        if problems:
            return Row(line, None, problems)
        return to_row(
            line,
            content,
            columns=self._columns,
            written=lambda field: self._text(texts, field),
        )

    def _text(self, texts: Mapping[str, str], field: str) -> str:
        return texts.get(self._columns.get(field, ""), "")

    def _number_text(self, texts: Mapping[str, str], field: str) -> str:
        # Some of the app's files put the unit behind the number.
        return self._text(texts, field).removesuffix("dBm").removesuffix("m").strip()

    def _is_without_service(self, texts: Mapping[str, str]) -> bool:
        return (
            self._text(texts, "operator_name") == _NO_COVERAGE
            or self._text(texts, "technology") in _ABSENT
        )

    def _operator_of(self, texts: Mapping[str, str]) -> str | None:
        network = self._text(texts, "operator")
        if network:
            return operator_of_network(network)
        return OPERATOR_OF_NAME.get(self._text(texts, "operator_name").lower())

    def _time(self, texts: Mapping[str, str]) -> datetime:
        """Read the app's local time, such as 2025.07.18_22.12.21."""
        date, _underscore, clock = self._text(texts, "observed_at").partition("_")
        moment = datetime.fromisoformat(
            f"{date.replace('.', '-')}T{clock.replace('.', ':')}"
        )
        return moment.replace(tzinfo=self._told.zone).astimezone(UTC)

    def _read_service(
        self, texts: Mapping[str, str], content: dict[str, Any], refuse: Any
    ) -> None:
        technology = TECHNOLOGY_OF.get(self._text(texts, "technology").upper())
        if technology is None:
            refuse("technology", _("Not a technology that is known here (2G to 5G)."))
            return
        content["technology"] = technology
        content["found"] = found_with(technology)
        if self._number_text(texts, "rsrp_dbm") in _NO_LEVEL:
            refuse("rsrp_dbm", _("No level although the phone names a network."))
            return
        self._read_number("rsrp_dbm", texts, content, refuse)
        # In 2G the quality is RxQual, a class from 0 to 7, and not in dB.
        if technology != Technology.G2.value:
            self._read_number("rsrq_db", texts, content, refuse)
            self._read_number("sinr_db", texts, content, refuse)

    def _read_number(
        self,
        field: str,
        texts: Mapping[str, str],
        content: dict[str, Any],
        refuse: Any,
    ) -> None:
        text = self._number_text(texts, field)
        if text in _ABSENT:
            return
        try:
            content[field] = to_number(text)
        except ValueError:
            refuse(field, _("Not a number."))

    def _read_operator(
        self, texts: Mapping[str, str], content: dict[str, Any], refuse: Any
    ) -> None:
        own = self._operator_of(texts)
        if own is not None:
            content["operator"] = own
        elif self._told.operator:
            content["operator"] = self._told.operator
        elif not self._is_without_service(texts):
            refuse(
                "operator" if self._text(texts, "operator") else "operator_name",
                _(
                    "An operator of another country, or not known. Choose the operator "
                    "for the file if you know whose network this was."
                ),
            )
        elif len(self._operators) == 1 and (only := next(iter(self._operators))):
            content["operator"] = only
        else:
            refuse(
                "operator",
                _(
                    "No service, and the log does not tell whose: it names no operator "
                    "of ours, or several. Choose the operator for the file."
                ),
            )
