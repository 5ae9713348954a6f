"""The text of a blank spot's feature, written by PostgreSQL whenever the spot is."""

from django.db import migrations

# What `coverage.api.ogc.collections.BLANK_SPOTS` gives, up to the number of the run,
# which comes last: a spot belongs to many runs. The models do not know this column, or
# every page that reads spots would read it along. A trigger rather than a generated
# column, which a restored dump would have to compute before PostGIS can be found.
WRITE_FEATURES = """
ALTER TABLE coverage_blankspot ADD COLUMN feature_text text NOT NULL DEFAULT '';
DO $$
BEGIN
    -- Read a thousand at a time: lz4 unpacks several times as fast as pglz.
    EXECUTE 'ALTER TABLE coverage_blankspot ALTER COLUMN feature_text SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    RAISE NOTICE 'this PostgreSQL has no lz4';
END
$$;
CREATE FUNCTION coverage_write_spot_feature() RETURNS trigger LANGUAGE plpgsql
SET timezone = 'UTC' AS $$
BEGIN
    NEW.feature_text := '{"type":"Feature","id":' || to_json(NEW.identity)::text
        || ',"geometry":' || ST_AsGeoJSON(NEW.polygon, 7, 0) || ',"properties":'
        || rtrim((SELECT row_to_json(p)::text FROM (SELECT
            NEW.operator AS operator, NEW.service AS service, NEW.state AS state,
            round(NEW.area_km2::numeric, 4) AS area_km2,
            round(NEW.confidence::numeric, 3) AS confidence,
            NEW.report_count AS reports,
            NEW.newest_report_at AS newest_report_at,
            NEW.oldest_report_at AS oldest_report_at,
            NEW.villages AS villages, NEW.districts AS districts,
            NEW.settlement_count AS settlements, NEW.school_count AS schools,
            NEW.health_centre_count AS health_centres, NEW.people AS people,
            NEW.is_demo AS is_demo) AS p), '}') || ',"run":';
    RETURN NEW;
END
$$;
-- Not when a run only ends: nothing of the text changes then.
CREATE TRIGGER blank_spot_feature_is_written BEFORE INSERT OR UPDATE OF
    identity, operator, service, state, polygon, area_km2, confidence, report_count,
    newest_report_at, oldest_report_at, villages, districts, settlement_count,
    school_count, health_centre_count, people, is_demo, feature_text
    ON coverage_blankspot FOR EACH ROW EXECUTE FUNCTION coverage_write_spot_feature();
UPDATE coverage_blankspot SET feature_text = '';
"""
FORGET = """
DROP TRIGGER blank_spot_feature_is_written ON coverage_blankspot;
DROP FUNCTION coverage_write_spot_feature();
ALTER TABLE coverage_blankspot DROP COLUMN feature_text;
"""


class Migration(migrations.Migration):
    dependencies = [("coverage", "0007_deleted_places_stay")]

    operations = [migrations.RunSQL(WRITE_FEATURES, FORGET)]
