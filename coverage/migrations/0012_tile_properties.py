"""What tiles say of a blank spot, written by PostgreSQL whenever the spot is."""

from django.db import migrations

# The properties of `coverage.api.ogc.collections.BLANK_SPOTS` in types that a tile
# knows, but for the run: to work them out for ten thousand spots took longer than to
# write the tile. As in migration 0008 the models do not know the column.
WRITE_PROPERTIES = """
ALTER TABLE coverage_blankspot ADD COLUMN tile_properties jsonb NOT NULL DEFAULT '{}';
DO $$
BEGIN
    EXECUTE
        'ALTER TABLE coverage_blankspot ALTER COLUMN tile_properties SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    RAISE NOTICE 'this PostgreSQL has no lz4';
END
$$;
CREATE FUNCTION coverage_write_spot_tile_properties() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    NEW.tile_properties := jsonb_strip_nulls(jsonb_build_object(
        'id', NEW.identity, 'operator', NEW.operator, 'service', NEW.service,
        'state', NEW.state,
        'area_km2', round(NEW.area_km2::numeric, 4),
        'confidence', round(NEW.confidence::numeric, 3),
        'reports', NEW.report_count,
        'newest_report_at', to_char(
            NEW.newest_report_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'oldest_report_at', to_char(
            NEW.oldest_report_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'villages', array_to_string(NEW.villages, ','),
        'districts', array_to_string(NEW.districts, ','),
        'settlements', NEW.settlement_count, 'schools', NEW.school_count,
        'health_centres', NEW.health_centre_count, 'people', NEW.people,
        'is_demo', NEW.is_demo));
    RETURN NEW;
END
$$;
CREATE TRIGGER blank_spot_tile_properties_are_written BEFORE INSERT OR UPDATE OF
    identity, operator, service, state, area_km2, confidence, report_count,
    newest_report_at, oldest_report_at, villages, districts, settlement_count,
    school_count, health_centre_count, people, is_demo, tile_properties
    ON coverage_blankspot
    FOR EACH ROW EXECUTE FUNCTION coverage_write_spot_tile_properties();
UPDATE coverage_blankspot SET tile_properties = '{}';
"""
FORGET = """
DROP TRIGGER blank_spot_tile_properties_are_written ON coverage_blankspot;
DROP FUNCTION coverage_write_spot_tile_properties();
ALTER TABLE coverage_blankspot DROP COLUMN tile_properties;
"""


class Migration(migrations.Migration):
    dependencies = [("coverage", "0011_report_blocks")]

    operations = [migrations.RunSQL(WRITE_PROPERTIES, FORGET)]
