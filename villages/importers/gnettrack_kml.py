"""G-NetTrack's KML: one placemark for each reading, its values as extended data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.gnettrack import Readings
from villages.importers.reading import (
    MAX_LINE_BYTES,
    Problem,
    ReportFileError,
    Row,
    Told,
    read_header,
)
from villages.importers.table import damaged

NAME = "gnettrack_kml"
TITLE = gettext_lazy("G-NetTrack KML")
HINT = gettext_lazy("The KML of the app, unchanged. Unpack a KMZ first.")

_COLUMNS = {
    "observed_at": "TIME",
    "lon": "longitude",
    "lat": "latitude",
    "operator_name": "OPERATOR",
    "operator": "CGI",
    "technology": "TECHNOLOGY",
    "rsrp_dbm": "RSRP",
    "rsrq_db": "RSRQ",
    "sinr_db": "SNR",
    "accuracy_m": "ACCURACY",
}
# MCC and a two-digit MNC, with which Indonesia's cell identities begin.
_NETWORK_DIGITS = 5

_CHUNK_BYTES = 64 * 1024
# Folders, a placemark and what it holds; the app's files go six deep.
_MAX_DEPTH = 32
_MAX_VALUES = 200


def recognises(header: str) -> bool:
    return header.startswith("<") and "<kml" in header


def open_file(stream: BinaryIO, *, told: Told) -> KmlReader:
    if "<!DOCTYPE" in read_header(stream):
        raise ReportFileError(
            _("A KML file of G-NetTrack declares no types and no entities; this does.")
        )
    return KmlReader(stream, told)


class KmlReader:
    """Reads placemarks one by one; the "line" of a row is the placemark's number."""

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._stream = stream
        self.ignored_columns: list[str] = []
        self._readings = Readings(_COLUMNS, told)
        self._readings.learn_operators(self._readable_texts())

    @property
    def bytes_read(self) -> int:
        return self._stream.tell()

    def rows(self) -> Iterator[Row]:
        number = 0
        try:
            for texts in _placemarks(self._stream):
                number += 1
                yield self._row(number, texts)
        except (expat.ExpatError, _RefusedError) as error:
            yield damaged(number + 1, error)
        # Nothing behind can be told apart.
        self._stream.seek(0, 2)

    def _readable_texts(self) -> Iterator[dict[str, str]]:
        try:
            for texts in _placemarks(self._stream):
                if texts and "TECHNOLOGY" in texts:
                    yield texts
        except (expat.ExpatError, _RefusedError):
            return

    def _row(self, number: int, texts: dict[str, str] | None) -> Row:
        if texts is None:
            reason = _("Longer than %(bytes)d bytes, so it was not read.")
            problem = Problem("", "", reason % {"bytes": MAX_LINE_BYTES})
            return Row(number, None, [problem])
        # One without a technology would look like one without service.
        if "TECHNOLOGY" not in texts:
            reason = _("A placemark without a technology is not a reading.")
            return Row(number, None, [Problem("TECHNOLOGY", "", reason)])
        return self._readings.row(number, texts)


class _RefusedError(ValueError):
    """XML that no log of the app is."""


def _placemarks(stream: BinaryIO) -> Iterator[dict[str, str] | None]:
    """Yield the values of each placemark; None for one that is too long.

    Nothing is kept of a placemark that was yielded, and of none more than is sane.
    """
    stream.seek(0)
    collector = _Collector()
    # UTF-8 whatever the file says of itself: the app writes nothing else.
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    fed = 0
    while data := stream.read(_CHUNK_BYTES):
        fed += len(data)
        parser.Parse(data, False)
        # A tag or a comment without end would be kept until it comes.
        if fed - parser.CurrentByteIndex > 2 * _CHUNK_BYTES:
            raise _RefusedError(_("a tag or a comment has no end"))
        yield from collector.take()
    parser.Parse(b"", True)
    yield from collector.take()


def _refuse_doctype(*declared: Any) -> None:
    raise _RefusedError(_("it declares types or entities"))


class _Collector:
    """Puts placemarks together from what the parser meets."""

    def __init__(self) -> None:
        self._done: list[dict[str, str] | None] = []
        self._depth = 0
        self._texts: dict[str, str] | None = None
        self._size = 0
        self._name = ""
        self._value: list[str] | None = None

    def take(self) -> list[dict[str, str] | None]:
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _RefusedError(_("its elements lie too deep in each other"))
        name = tag.rpartition(":")[2]
        if name == "Placemark":
            self._texts, self._size = {}, 0
        elif name == "Data":
            self._name = attributes.get("name", "")
        elif name in ("value", "coordinates"):
            self._value = []

    def text(self, data: str) -> None:
        if self._value is not None and self._texts is not None:
            self._size += len(data)
            if self._size <= MAX_LINE_BYTES:
                self._value.append(data)

    def end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition(":")[2]
        if self._texts is None:
            self._value = None
        elif name == "Placemark":
            is_sane = self._size <= MAX_LINE_BYTES and len(self._texts) <= _MAX_VALUES
            self._done.append(self._texts if is_sane else None)
            self._texts = None
        elif self._value is not None and name in ("value", "coordinates"):
            self._keep(name, "".join(self._value).strip())
            self._value = None

    def _keep(self, name: str, value: str) -> None:
        if self._texts is None or len(self._texts) > _MAX_VALUES:
            return
        if name == "coordinates":
            lon, _comma, rest = value.partition(",")
            self._texts |= {"longitude": lon, "latitude": rest.partition(",")[0]}
        elif self._name == "CGI":
            self._texts["CGI"] = value[:_NETWORK_DIGITS]
        else:
            self._texts[self._name] = value
