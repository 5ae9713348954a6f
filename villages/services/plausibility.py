"""What is odd about reports that arrive, in SQL, for one report or ten thousand.

Part of the statement that stores them (submit_reports): it finds each report's village,
the lines of the batch that deserve a flag, and those that later reports are compared
with. What it looks up in the table is bounded for each place or gap of the batch, never
for each pair of reports, so that a large import does not slow down as it goes on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from villages import flags
from villages.selectors.used_reports import used_sql

# What one phone or boat or car does cannot be told from a table that many people's
# reports went into, unless its rows name the phone.
_MIXED_SOURCES = ("import:csv",)

_M_PER_DEG = 111_195.0


def _says(report: str) -> str:
    """Return what a report says, so plainly that another may contradict it.

    "No signal" indoors or after a power cut says little about the place.
    """
    return f"""CASE
        WHEN {report}.found IN ('no_service', 'emergency_only')
             AND {report}.environment <> 'indoor'
             AND coalesce({report}.power_out_hours, 0) = 0 THEN 'none'
        WHEN {report}.found = 'data' AND {report}.technology NOT IN ('2G', '3G')
             AND ({report}.rsrp_dbm >= %(good_rsrp_dbm)s OR
                  {report}.rsrp_dbm IS NULL AND {report}.internet = 'good') THEN 'good'
        ELSE 'between' END"""


def _hour(report: str) -> str:
    # date_part, because EXTRACT is exact and slow.
    return f"floor(date_part('epoch', {report}.observed_at) / 3600)"


def _is_too_fast(way: str, steps: int) -> str:
    """Return whether a fix is too far from the one *steps* before or after it.

    Null where there is none within the window.
    """

    def other(column: str) -> str:
        return f"{way}({column}, {steps}) OVER by_time"

    apart_s = f"abs(at_s - {other('at_s')})"
    return f"""CASE WHEN {apart_s} <= %(speed_window_s)s THEN
            {_M_PER_DEG} * sqrt(((lon - {other("lon")}) * cosd(lat)) ^ 2
                                + (lat - {other("lat")}) ^ 2)
            > accuracy_m + {other("accuracy_m")}
              + %(most_speed_m_s)s * ({apart_s} + %(time_rounding_s)s) END"""


# The villages are looked up in the order of arrival, which is mostly that of a
# journey, so that PostGIS can go on using the polygon it has prepared.
_PLACED = f"""
placed AS MATERIALIZED (
    SELECT incoming.*,
           ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS point,
           (
               SELECT min(code) FROM villages_village AS v
               WHERE ST_Covers(v.boundary, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
           ) AS village_code,
           {_says("incoming")} AS says,
           floor(lon / %(place_deg)s)::int AS place_x,
           floor(lat / %(place_deg)s)::int AS place_y,
           date_part('epoch', observed_at) AS at_s
    FROM incoming_report AS incoming
),
centre AS (
    SELECT round(ST_X(spot) / %(centroid_deg)s) AS x,
           round(ST_Y(spot) / %(centroid_deg)s) AS y
    FROM villages_village, unnest(ARRAY[point, settlement_point]) AS spot
    WHERE spot IS NOT NULL
)"""

# One of each visit (an hour), place, operator and finding speaks for the rest. Only
# these are compared, and only these are compared with: a log of a million rows by one
# phone in one place counts as a few hundred.
_CONTRADICTING = f"""
visit AS MATERIALIZED (
    SELECT operator, says, min(line) AS witness, array_agg(line) AS lines,
           avg(lon) AS lon, avg(lat) AS lat, min(observed_at) AS observed_at
    FROM placed
    GROUP BY operator, says, place_x, place_y, {_hour("placed")}
),
contradicting AS (
    SELECT unnest(visit.lines) AS line
    FROM visit
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT near.visit) AS visits,
               bool_and(near.says <> 'between' AND near.says <> visit.says) AS are_all
        FROM (
            SELECT concat_ws('/', stored.reported_by_id, stored.batch_id,
                             stored.device_model, {_hour("stored")}) AS visit,
                   {_says("stored")} AS says
            FROM villages_signalreport AS stored
            WHERE stored.is_witness AND stored.operator = visit.operator
              AND {{is_others}}
              AND {{is_used}}
              AND stored.observed_at BETWEEN visit.observed_at - %(neighbour_age)s
                                         AND visit.observed_at + %(neighbour_age)s
              AND stored.point && ST_Expand(
                  ST_SetSRID(ST_MakePoint(visit.lon, visit.lat), 4326),
                  %(range_m)s / {_M_PER_DEG} / GREATEST(cosd(visit.lat), 0.01),
                  %(range_m)s / {_M_PER_DEG})
              AND ST_DistanceSphere(
                  stored.point, ST_SetSRID(ST_MakePoint(visit.lon, visit.lat), 4326)
              ) <= %(range_m)s
            LIMIT %(most_neighbours)s
        ) AS near
    ) AS around
    WHERE visit.says <> 'between' AND around.are_all
      AND around.visits >= %(least_neighbours)s
)"""


def _stored_fixes(side: str, condition: str, order: str) -> str:
    return f"""
        (SELECT date_part('epoch', stored.observed_at) AS at_s,
                ST_X(stored.point) AS lon, ST_Y(stored.point) AS lat,
                coalesce(stored.accuracy_m, %(untold_accuracy_m)s) AS accuracy_m
         FROM villages_signalreport AS stored
         WHERE fix.{side} AND {{is_of_source}}
           AND stored.device_model = fix.device_model
           AND stored.observed_at BETWEEN {condition}
           AND (stored.observed_at, ST_X(stored.point), ST_Y(stored.point))
               <> (fix.observed_at, fix.lon, fix.lat)
         ORDER BY stored.observed_at {order} LIMIT 6)"""


# A fix is one phone at one moment. Of two that are too far apart both are flagged, but
# where it can be told which is to blame: a fix that is also too far from the one on its
# other side, while the two beside it agree; or one at the end, while the other has a
# neighbour that speaks for it. Most of a log is dealt with by a look at the fix before;
# only where that is too far, or too long ago for nothing to lie between in the table,
# are the fixes around (two visits of three operators on either side) compared with each
# other and with those stored.
_MOVED_TOO_FAST = f"""
fix AS MATERIALIZED (
    SELECT device_model, observed_at, at_s, lon, lat, max(accuracy_m) AS accuracy_m,
           array_agg(line) AS lines, bool_or(is_after_gap) AS is_after_gap,
           bool_or(is_before_gap) AS is_before_gap
    FROM (
        SELECT *,
               bool_or(is_after_gap OR is_before_gap OR is_too_fast) OVER (
                   by_time ROWS BETWEEN 6 PRECEDING AND 7 FOLLOWING) AS is_suspect
        FROM (
            SELECT line, device_model, observed_at, at_s, lon, lat, accuracy_m,
                   coalesce(at_s - lag(at_s) OVER by_time > %(time_rounding_s)s, TRUE)
                   AS is_after_gap,
                   coalesce(lead(at_s) OVER by_time - at_s > %(time_rounding_s)s, TRUE)
                   AS is_before_gap,
                   coalesce({_is_too_fast("lag", 1)}, FALSE) AS is_too_fast
            FROM (
                SELECT line, device_model, observed_at, at_s, lon, lat,
                       coalesce(accuracy_m, %(untold_accuracy_m)s) AS accuracy_m
                FROM placed
                WHERE %(has_source)s AND (device_model <> '' OR NOT %(is_mixed)s)
            ) AS told
            WINDOW by_time AS (PARTITION BY device_model ORDER BY at_s, lon, lat)
        ) AS timed
        WINDOW by_time AS (PARTITION BY device_model ORDER BY at_s, lon, lat)
    ) AS looked_at
    WHERE is_suspect
    GROUP BY device_model, observed_at, at_s, lon, lat
),
moved_too_fast AS (
    SELECT unnest(lines) AS line
    FROM (
        SELECT *,
               lead(from_1) OVER by_time AS to_1, lead(from_2, 2) OVER by_time AS to_2,
               lag(from_1) OVER by_time AS before_from_1,
               lead(from_1, 2) OVER by_time AS after_to_1
        FROM (
            SELECT lines, device_model, at_s, lon, lat,
                   {_is_too_fast("lag", 1)} AS from_1, {
    _is_too_fast("lag", 2)
} AS from_2
            FROM (
                SELECT lines, device_model, at_s, lon, lat, accuracy_m FROM fix
                UNION ALL
                SELECT DISTINCT NULL::int[], fix.device_model, near.*
                FROM fix
                CROSS JOIN LATERAL ({
    _stored_fixes(
        "is_after_gap",
        "fix.observed_at - %(speed_window)s AND fix.observed_at",
        "DESC",
    )
}
                    UNION ALL {
    _stored_fixes(
        "is_before_gap",
        "fix.observed_at AND fix.observed_at + %(speed_window)s",
        "ASC",
    )
}
                ) AS near
                WHERE fix.is_after_gap OR fix.is_before_gap
            ) AS around
            WINDOW by_time AS (PARTITION BY device_model ORDER BY at_s, lon, lat)
        ) AS compared
        WINDOW by_time AS (PARTITION BY device_model ORDER BY at_s, lon, lat)
    ) AS judged
    WHERE from_1 AND NOT CASE WHEN from_2 IS NULL THEN to_1 IS FALSE
                              ELSE coalesce(before_from_1, FALSE) AND NOT from_2 END
       OR to_1 AND NOT CASE WHEN to_2 IS NULL THEN from_1 IS FALSE
                            ELSE coalesce(after_to_1, FALSE) AND NOT to_2 END
)"""

_READING = "technology, rsrp_dbm, rsrq_db, sinr_db"
# Whole, so that rows of one moment come out alike in whatever order they were sent.
_IN_ORDER = f"at_s, place_x, place_y, {_READING}"


def _stored_readings(condition: str, order: str) -> str:
    return f"""
            (SELECT stored.operator, stored.device_model,
                    date_part('epoch', stored.observed_at) AS at_s, {_READING},
                    floor(ST_X(stored.point) / %(place_deg)s)::int AS place_x,
                    floor(ST_Y(stored.point) / %(place_deg)s)::int AS place_y
             FROM villages_signalreport AS stored
             WHERE {{is_of_source}} AND stored.observed_at BETWEEN {condition}
             ORDER BY stored.observed_at {order} LIMIT 200)"""


# Runs of equal readings in order of time; only rows that equal the one before or after
# are counted. A phone that lies still has moved nowhere; one that lies on the corner of
# places has moved between four of them, which are two steps across.
_REPEATED = f"""
reading AS (
    SELECT line, operator, device_model, at_s, {_READING}, place_x, place_y
    FROM placed WHERE %(has_source)s AND rsrp_dbm IS NOT NULL
    UNION ALL
    SELECT NULL, near.*
    FROM (
        SELECT operator, device_model,
               min(observed_at) AS first_at, max(observed_at) AS last_at
        FROM placed WHERE %(has_source)s AND rsrp_dbm IS NOT NULL
        GROUP BY operator, device_model
    ) AS span
    CROSS JOIN LATERAL ({
    _stored_readings("span.first_at - %(repeats_window)s AND span.first_at", "DESC")
}
            UNION ALL {
    _stored_readings("span.last_at AND span.last_at + %(repeats_window)s", "ASC")
}
    ) AS near
    WHERE near.operator = span.operator AND near.device_model = span.device_model
      AND near.rsrp_dbm IS NOT NULL
),
repeated AS (
    SELECT unnest(lines) AS line
    FROM (
        SELECT array_agg(line) FILTER (WHERE line IS NOT NULL) AS lines
        FROM (
            SELECT *, count(*) FILTER (WHERE is_other) OVER by_time AS run
            FROM (
                SELECT *, lead(is_other) OVER by_time AS is_next_other
                FROM (
                    SELECT line, operator, device_model, at_s, place_x, place_y,
                           {_READING},
                           rsrq_db IS NOT NULL OR sinr_db IS NOT NULL AS are_several,
                           lag(rsrp_dbm) OVER by_time IS DISTINCT FROM rsrp_dbm
                           OR lag(rsrq_db) OVER by_time IS DISTINCT FROM rsrq_db
                           OR lag(sinr_db) OVER by_time IS DISTINCT FROM sinr_db
                           OR lag(technology) OVER by_time <> technology AS is_other,
                           lag(place_x) OVER by_time <> place_x
                           OR lag(place_y) OVER by_time <> place_y AS is_elsewhere
                    FROM reading
                    WINDOW by_time AS (PARTITION BY operator, device_model
                                       ORDER BY {_IN_ORDER})
                ) AS compared
                WINDOW by_time AS (PARTITION BY operator, device_model
                                   ORDER BY {_IN_ORDER})
            ) AS looked_at
            WHERE NOT is_other OR NOT is_next_other
            WINDOW by_time AS (PARTITION BY operator, device_model
                               ORDER BY {_IN_ORDER})
        ) AS numbered
        GROUP BY operator, device_model, run
        HAVING 1 + count(*) FILTER (WHERE is_elsewhere AND NOT is_other)
               >= CASE WHEN bool_or(are_several)
                       THEN %(repeats_of_several)s ELSE %(repeats_of_rsrp)s END
           AND max(place_x) - min(place_x) + max(place_y) - min(place_y) > 2
    ) AS runs
)"""

# In the order of villages.flags.
FLAGS_SQL = """array_remove(ARRAY[
        CASE WHEN village_code IS NULL THEN 'outside_regency' END,
        CASE WHEN accuracy_m > %(poor_accuracy_m)s THEN 'poor_accuracy' END,
        CASE WHEN lon = 0 AND lat = 0 THEN 'null_island' END,
        CASE WHEN (round(lon / %(centroid_deg)s), round(lat / %(centroid_deg)s))
                  IN (SELECT x, y FROM centre) THEN 'village_centroid' END,
        CASE WHEN line IN (SELECT line FROM moved_too_fast)
             THEN 'impossible_speed' END,
        CASE WHEN line IN (SELECT line FROM repeated) THEN 'repeated_reading' END,
        CASE WHEN line IN (SELECT line FROM contradicting)
             THEN 'contradicts_neighbours' END,
        CASE WHEN observed_at > %(latest)s THEN 'future' END,
        CASE WHEN observed_at < %(oldest)s THEN 'old' END,
        CASE WHEN abs(%(clock_skew_s)s::float8) > %(most_skew_s)s THEN 'wrong_clock' END
    ]::text[], NULL)"""
IS_WITNESS_SQL = "line IN (SELECT witness FROM visit)"


def placed_sql(
    *, batch_id: UUID | None, device_id: UUID | None, reported_by_id: int | None
) -> str:
    """Return the WITH clause over incoming_report, for one source of reports."""
    if batch_id is not None:
        is_of_source = "stored.batch_id = %(batch)s::uuid"
        is_others = "stored.batch_id IS DISTINCT FROM %(batch)s::uuid"
    elif device_id is not None:
        is_of_source = "stored.device_id = %(device)s::uuid"
        is_others = "stored.reported_by_id IS DISTINCT FROM %(reported_by)s"
    elif reported_by_id is not None:
        is_of_source = (
            "stored.reported_by_id = %(reported_by)s AND stored.batch_id IS NULL"
            " AND stored.device_id IS NULL"
        )
        is_others = "stored.reported_by_id IS DISTINCT FROM %(reported_by)s"
    else:
        # Nobody knows whose these are, nor who is another.
        is_of_source = is_others = "FALSE"
    parts = (_PLACED, _CONTRADICTING, _MOVED_TOO_FAST, _REPEATED)
    return f"WITH {','.join(parts)}".format(
        is_of_source=is_of_source, is_others=is_others, is_used=used_sql("stored")
    )


def limits(
    *,
    now: datetime,
    source: str,
    batch_id: UUID | None,
    reported_by_id: int | None,
    clock_skew: timedelta | None,
) -> dict[str, Any]:
    """Return the parameters of the SQL above."""
    return {
        "has_source": batch_id is not None or reported_by_id is not None,
        "is_mixed": source in _MIXED_SOURCES,
        "poor_accuracy_m": flags.POOR_ACCURACY_M,
        "untold_accuracy_m": flags.UNTOLD_ACCURACY_M,
        "latest": now + flags.CLOCK_TOLERANCE,
        "oldest": now - flags.OLD_AGE,
        "clock_skew_s": None if clock_skew is None else clock_skew.total_seconds(),
        "most_skew_s": flags.CLOCK_TOLERANCE.total_seconds(),
        "centroid_deg": flags.CENTROID_DEG,
        "place_deg": flags.PLACE_DEG,
        "good_rsrp_dbm": flags.GOOD_RSRP_DBM,
        "range_m": settings.KUKAR_NEIGHBOUR_RANGE_M,
        "neighbour_age": flags.NEIGHBOUR_AGE,
        "least_neighbours": flags.LEAST_NEIGHBOURS,
        "most_neighbours": flags.MOST_NEIGHBOURS,
        "most_speed_m_s": settings.KUKAR_MOST_SPEED_KMH / 3.6,
        "speed_window": flags.SPEED_WINDOW,
        "speed_window_s": flags.SPEED_WINDOW.total_seconds(),
        "time_rounding_s": flags.TIME_ROUNDING.total_seconds(),
        "repeats_window": flags.REPEATS_WINDOW,
        "repeats_of_several": flags.REPEATS_OF_SEVERAL,
        "repeats_of_rsrp": flags.REPEATS_OF_RSRP,
    }
