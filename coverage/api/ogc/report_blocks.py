"""Reports by blocks of squares: how many, and what they found; never where one stood.

A block has 8 × 8 squares of the grid (1.2 km): a web map's tile of zoom 15. Fewer
than five reports of an operator and a technology in one are told with those around it,
of 32 × 32 squares (4.9 km) and then of 128 × 128 (20 km), and not at all where there
are fewer even there. A report that stands in its block is not in the larger one.
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
from villages.selectors.used_reports import used_sql

# As few as could be one household's.
FEWEST = 5
# The zoom of the tile that is a block, from the smallest on.
ZOOMS = (15, 13, 11)


def _source() -> str:
    """Return the blocks; a report's own place leaves no subquery but the first."""
    first, second, third = ZOOMS
    side = 2**first
    return f"""(
        SELECT operator, technology, zoom,
               x >> ({first} - zoom) AS x, y >> ({first} - zoom) AS y,
               count(*) AS reports, count(rsrp_dbm) AS readings,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY rsrp_dbm) AS median,
               count(*) FILTER (WHERE found = 'no_service') AS no_service,
               to_char(max(observed_at), 'YYYY-MM') AS newest_month,
               bool_or(is_demo) AS is_demo
        FROM (
            SELECT placed.*, CASE
                WHEN near >= {FEWEST} THEN {first} WHEN wider >= {FEWEST} THEN {second}
                WHEN count(*) FILTER (WHERE near < {FEWEST} AND wider < {FEWEST})
                     OVER (PARTITION BY operator, technology,
                           x >> {first - third}, y >> {first - third}) >= {FEWEST}
                THEN {third} END AS zoom
            FROM (
                SELECT counted.*, count(*) FILTER (WHERE near < {FEWEST})
                    OVER (PARTITION BY operator, technology,
                          x >> {first - second}, y >> {first - second}) AS wider
                FROM (
                    SELECT here.*, count(*) OVER (
                        PARTITION BY operator, technology, x, y) AS near
                    FROM (
                        SELECT
                            r.operator, r.found, r.rsrp_dbm, r.observed_at, r.is_demo,
                            coalesce(nullif(r.technology, ''), 'unknown') AS technology,
                            floor((ST_X(r.point) + 180) / 360 * {side})::int AS x,
                            floor((1 - asinh(tan(radians(ST_Y(r.point)))) / pi())
                                  / 2 * {side})::int AS y
                        FROM villages_signalreport AS r WHERE {used_sql("r")}
                    ) AS here
                ) AS counted
            ) AS placed
        ) AS zoomed
        WHERE zoom IS NOT NULL
        GROUP BY operator, technology, zoom,
                 x >> ({first} - zoom), y >> ({first} - zoom)
    ) AS a"""  # noqa: S608 - names of our own


REPORTS_AGGREGATED = Collection(
    id="reports-aggregated",
    title=_("Reports by blocks"),
    description=_(
        "How many reports of each operator and technology there are in blocks of "
        "1.2 km, and what they found. Fewer than five are told in larger blocks or "
        "not at all; no report's own place is given."
    ),
    source=_source(),
    where="TRUE",
    key="concat_ws('-', a.operator, a.technology, a.zoom, a.x, a.y)",
    key_type="text",
    geometry="ST_Transform(ST_TileEnvelope(a.zoom, a.x, a.y), 4326)",
    is_computed=True,
    properties={
        "operator": Property("a.operator", STRING, _("operator"), True),
        "technology": Property("a.technology", STRING, _("technology"), True),
        "reports": Property("a.reports", INTEGER, _("reports")),
        "readings": Property("a.readings", INTEGER, _("readings of the signal")),
        "median_dbm": Property(
            f"CASE WHEN a.readings >= {FEWEST} THEN round(a.median::numeric, 1) END",
            NUMBER,
            _("median signal (dBm), of five readings or more"),
        ),
        "no_service": Property("a.no_service", INTEGER, _("found no network")),
        "newest_month": Property("a.newest_month", STRING, _("month of the newest")),
        "side_km": Property(
            "round((40075.016686 / power(2, a.zoom))::numeric, 1)",
            NUMBER,
            _("side of the block (km)"),
        ),
        "is_demo": Property("a.is_demo", BOOLEAN, _("demonstration"), True),
    },
)
