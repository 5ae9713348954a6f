"""Files of reports. One module per format; a file is told by its content."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from villages.importers import (
    cellmapper,
    drive_test_geojson,
    gnettrack,
    gnettrack_kml,
    netmonster,
    network_survey,
    opencellid,
    own_csv,
    queue_file,
    rf_signal_tracker,
    tower_collector,
)
from villages.importers.reading import (
    Format,
    Problem,
    Reader,
    ReportFileError,
    Row,
    Told,
    read_header,
)

__all__ = [
    "FORMATS",
    "Problem",
    "Reader",
    "ReportFileError",
    "Row",
    "Told",
    "open_file",
]

# A module is not seen as a Protocol by the type checker.
# In the order of asking: our own CSV, which knows many names of columns, comes last.
FORMATS = cast(
    "tuple[Format, ...]",
    (
        gnettrack,
        gnettrack_kml,
        queue_file,
        drive_test_geojson,
        network_survey,
        opencellid,
        tower_collector,
        rf_signal_tracker,
        cellmapper,
        netmonster,
        own_csv,
    ),
)


_NOTHING_TOLD = Told()


def open_file(stream: BinaryIO, *, told: Told = _NOTHING_TOLD) -> tuple[Format, Reader]:
    """Tell the format of *stream* by its beginning and return its reader.

    Raises
    ------
    ReportFileError
        If no format knows the file, or the one that does refuses it.
    """
    header = read_header(stream)
    for format_ in FORMATS:
        if format_.recognises(header):
            stream.seek(0)
            return format_, format_.open_file(stream, told=told)
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
