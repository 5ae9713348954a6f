"""Files of reports. One module per format; a file is told by its content."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from villages.importers import gnettrack, own_csv
from villages.importers.reading import (
    Format,
    Problem,
    Reader,
    ReportFileError,
    Row,
    read_header,
)

__all__ = ["FORMATS", "Problem", "Reader", "ReportFileError", "Row", "open_file"]

# A module is not seen as a Protocol by the type checker.
FORMATS = cast("tuple[Format, ...]", (gnettrack, own_csv))


def open_file(stream: BinaryIO, *, operator: str) -> tuple[Format, Reader]:
    """Tell the format of *stream* by its first line and return its reader.

    Raises
    ------
    ReportFileError
        If it is no file of a known format, or its header is not complete.
    """
    header = read_header(stream)
    for format_ in FORMATS:
        if format_.recognises(header):
            return format_, format_.open_file(stream, operator=operator)
    raise ReportFileError(
        _(
            "The first line is of no format known here. Known are: %(formats)s. Our "
            "CSV needs the columns %(columns)s."
        )
        % {
            "formats": ", ".join(str(format_.TITLE) for format_ in FORMATS),
            "columns": ", ".join(own_csv.REQUIRED),
        }
    )
