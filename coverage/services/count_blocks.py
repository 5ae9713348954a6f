"""Counts the reports by blocks of squares, so that no single one has to be shown."""

from __future__ import annotations

from django.db import connection, transaction

from coverage.models import CoverageRun, ReportBlock
from villages.selectors.used_reports import used_sql

FIRST, SECOND, THIRD = ReportBlock.ZOOMS
FEWEST = ReportBlock.FEWEST
SIDE = 2**FIRST


@transaction.atomic
def count_report_blocks(run: CoverageRun) -> bool:
    """Count the reports that count for the map by blocks, once for *run*.

    Return whether there was anything to do; safe to repeat. A million reports take some
    seconds. Readers see the blocks of the run before until these are whole.
    """
    if ReportBlock.objects.filter(run=run).exists():
        return False
    ReportBlock.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(_counting(), {"run": run.pk})
        return bool(cursor.rowcount)


def _counting() -> str:
    """Return the statement; a report's own place leaves no subquery but the first."""
    return f"""
        INSERT INTO coverage_reportblock (
            code, run_id, operator, technology, zoom, x, y, polygon,
            reports, readings, median_dbm, no_service, newest_month, is_demo)
        SELECT concat_ws('-', operator, technology, zoom, x, y),
               %(run)s, operator, technology, zoom, x, y,
               ST_Transform(ST_TileEnvelope(zoom, x, y), 4326),
               reports, readings,
               CASE WHEN readings >= {FEWEST} THEN round(median::numeric, 1) END,
               no_service, newest_month, is_demo
        FROM (
        SELECT operator, technology, zoom,
               x >> ({FIRST} - zoom) AS x, y >> ({FIRST} - zoom) AS y,
               count(*) AS reports, count(rsrp_dbm) AS readings,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY rsrp_dbm) AS median,
               count(*) FILTER (WHERE found = 'no_service') AS no_service,
               to_char(max(observed_at) AT TIME ZONE 'Asia/Makassar', 'YYYY-MM')
                   AS newest_month,
               bool_or(is_demo) AS is_demo
        FROM (
            SELECT placed.*, CASE
                WHEN near >= {FEWEST} THEN {FIRST} WHEN wider >= {FEWEST} THEN {SECOND}
                WHEN count(*) FILTER (WHERE near < {FEWEST} AND wider < {FEWEST})
                     OVER (PARTITION BY operator, technology,
                           x >> {FIRST - THIRD}, y >> {FIRST - THIRD}) >= {FEWEST}
                THEN {THIRD} END AS zoom
            FROM (
                SELECT counted.*, count(*) FILTER (WHERE near < {FEWEST})
                    OVER (PARTITION BY operator, technology,
                          x >> {FIRST - SECOND}, y >> {FIRST - SECOND}) AS wider
                FROM (
                    SELECT here.*, count(*) OVER (
                        PARTITION BY operator, technology, x, y) AS near
                    FROM (
                        SELECT
                            r.operator, r.found, r.rsrp_dbm, r.observed_at, r.is_demo,
                            coalesce(nullif(r.technology, ''), 'unknown') AS technology,
                            floor((ST_X(r.point) + 180) / 360 * {SIDE})::int AS x,
                            floor((1 - asinh(tan(radians(ST_Y(r.point)))) / pi())
                                  / 2 * {SIDE})::int AS y
                        FROM villages_signalreport AS r WHERE {used_sql("r")}
                    ) AS here
                ) AS counted
            ) AS placed
        ) AS zoomed
        WHERE zoom IS NOT NULL
        GROUP BY operator, technology, zoom,
                 x >> ({FIRST} - zoom), y >> ({FIRST} - zoom)
        ) AS blocks
    """
