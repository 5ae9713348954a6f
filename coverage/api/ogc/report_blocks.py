"""Reports by blocks of squares: how many, and what they found; never where one stood.

A block has 8 × 8 squares of the grid (1.2 km): a web map's tile of zoom 15. Fewer
than five reports of an operator and a technology in one are told with those around it,
of 32 × 32 squares (4.9 km) and then of 128 × 128 (20 km), and not at all where there
are fewer even there. A report that stands in its block is not in the larger one. They
are counted by `coverage.services.count_blocks`.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from coverage.api.ogc.schemas import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Collection,
    Property,
)

REPORTS_AGGREGATED = Collection(
    id="reports-aggregated",
    title=_("Reports by blocks"),
    description=_(
        "How many reports of each operator and technology there are in blocks of "
        "1.2 km, and what they found. Fewer than five are told in larger blocks or "
        "not at all; no report's own place is given."
    ),
    source="coverage_reportblock AS a",
    where="TRUE",
    key="a.code",
    key_type="text",
    geometry="a.polygon",
    properties={
        "operator": Property("a.operator", STRING, _("operator"), True),
        "technology": Property("a.technology", STRING, _("technology"), True),
        "reports": Property("a.reports", INTEGER, _("reports")),
        "readings": Property("a.readings", INTEGER, _("readings of the signal")),
        "median_dbm": Property(
            "a.median_dbm", NUMBER, _("median signal (dBm), of five readings or more")
        ),
        "no_service": Property("a.no_service", INTEGER, _("found no network")),
        "newest_month": Property("a.newest_month", STRING, _("month of the newest")),
        "side_km": Property(
            "round((40075.016686 / power(2, a.zoom))::numeric, 1)",
            NUMBER,
            _("side of the block (km)"),
        ),
        "run": Property("a.run_id", INTEGER, _("run that they were counted for")),
        "is_demo": Property("a.is_demo", BOOLEAN, _("demonstration"), True),
    },
)
