"""Blank spots as tiles need them, made by PostGIS whenever a row is written.

No model knows the column, so that nothing but a tile ever reads it.
"""

from django.db import migrations

# Units of a 4096th of a tile of zoom 14, counted from the world's south-west corner.
# Corners of squares lie on every 256th, so that rounding moves none of them. Rings as
# ST_AsMVT wants them once north is up no more.
MAKE = """
ALTER TABLE coverage_blankspot ADD COLUMN tile_polygon geometry(MultiPolygon)
GENERATED ALWAYS AS (
  ST_ForcePolygonCW(ST_SnapToGrid(ST_SetSRID(ST_TransScale(
    ST_Transform(polygon, 3857),
    20037508.342789244, 20037508.342789244,
    67108864 / 40075016.685578488, 67108864 / 40075016.685578488
  ), 0), 1))
) STORED;
CREATE INDEX coverage_blankspot_tile_polygon
ON coverage_blankspot USING gist (tile_polygon);
"""
UNMAKE = "ALTER TABLE coverage_blankspot DROP COLUMN tile_polygon;"


class Migration(migrations.Migration):

    dependencies = [("coverage", "0008_ogc_items")]

    operations = [migrations.RunSQL(MAKE, UNMAKE)]
