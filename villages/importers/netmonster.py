"""NetMonster's file of sites. Sites are no readings: recognised to say so."""

from __future__ import annotations

import re
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from villages.importers.reading import Reader, ReportFileError, Told

NAME = "netmonster"
TITLE = gettext_lazy("NetMonster")
HINT = gettext_lazy("A list of sites, without readings: it is recognised and refused.")

# Technology, MCC, MNC, area, site, cell; then the code, the place and a remark.
_SITE = re.compile(r"[2-5]G;\d{3};\d{1,3};\d*;\d*;\d*;")


def recognises(header: str) -> bool:
    return _SITE.match(header) is not None


def open_file(stream: BinaryIO, *, told: Told) -> Reader:
    raise ReportFileError(
        _(
            "This is NetMonster's list of sites (where antennas stand), not of "
            "readings: it says nothing of what a phone found, so there is nothing to "
            "import."
        )
    )
