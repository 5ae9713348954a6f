"""The database of `tests.bench.clients`: 20,000 polygons and a million points.

The polygons are blank spots of one layer, the points settlements, all invented. Our own
tables hold them for us; plain tables in a schema of their own, as tipg and pygeoapi
like them best, hold the same for the others: columns, key, index of the geometry.
"""

from __future__ import annotations

import sys

from tests.bench.map_database import add_spots, begin, say

NAME = "kukar_clients_bench"
POLYGONS, POINTS = 20_000, 1_000_000
SCHEMA = "bench"

_POINTS = f"""
INSERT INTO villages_settlement (village_id, name, kind, point, source, is_demo)
SELECT v.code, 'RT ' || n, 'rt', ST_SetSRID(ST_MakePoint(
         ST_XMin(v.boundary) + random() * (ST_XMax(v.boundary) - ST_XMin(v.boundary)),
         ST_YMin(v.boundary) + random() * (ST_YMax(v.boundary) - ST_YMin(v.boundary))
       ), 4326), 'bench', FALSE
FROM generate_series(1, {POINTS}) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY code) - 1 AS rank,
             count(*) OVER () AS ranks FROM villages_village) AS v
  ON v.rank = n % v.ranks
"""

# The same columns as the collections blank-spots and settlements give.
_FOR_THE_OTHERS = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
DROP TABLE IF EXISTS {SCHEMA}.spots, {SCHEMA}.points;
CREATE TABLE {SCHEMA}.spots AS
SELECT identity::text AS id, operator, service, state,
       round(area_km2::numeric, 4)::float8 AS area_km2,
       round(confidence::numeric, 3)::float8 AS confidence, report_count AS reports,
       newest_report_at, oldest_report_at, array_to_string(villages, ',') AS villages,
       array_to_string(districts, ',') AS districts, settlement_count AS settlements,
       school_count AS schools, health_centre_count AS health_centres, people, is_demo,
       first_run_id::int AS run, polygon::geometry(MultiPolygon, 4326) AS geom
FROM coverage_blankspot ORDER BY identity;
ALTER TABLE {SCHEMA}.spots ADD PRIMARY KEY (id);
CREATE INDEX ON {SCHEMA}.spots USING gist (geom);
CREATE TABLE {SCHEMA}.points AS
SELECT s.id, s.name, s.kind, v.code AS village, v.name AS village_name,
       v.district_id AS district, s.households, s.people, s.source, s.is_demo,
       s.point::geometry(Point, 4326) AS geom
FROM villages_settlement AS s JOIN villages_village AS v ON v.code = s.village_id
ORDER BY s.id;
ALTER TABLE {SCHEMA}.points ADD PRIMARY KEY (id);
CREATE INDEX ON {SCHEMA}.points USING gist (geom);
"""


def fill(boundaries: str | None = None) -> None:
    """Fill the database that DATABASE_URL names; minutes."""
    begin(boundaries)
    from django.db import connection

    from coverage.models import BlankSpot
    from villages.models import Settlement

    BlankSpot.objects.all().delete()
    add_spots([("ANY", "internet")], count=POLYGONS, grain=0.8, share=0.2)
    if BlankSpot.objects.count() != POLYGONS:
        sys.exit(f"Only {BlankSpot.objects.count()} polygons found room.")
    say("a million points")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE coverage_placecoverage")
        Settlement.objects.all().delete()
        cursor.execute(_POINTS)
        say("the same for the others")
        cursor.execute(_FOR_THE_OTHERS)
        cursor.execute("VACUUM ANALYZE")


def current_run() -> int:
    from coverage.selectors.runs import current_run

    run = current_run()
    if run is None:
        sys.exit("There is no run.")
    return run.pk
