"""What was found out about a claim is added to, never changed or removed."""

from django.db import migrations

KEEP_DECISIONS = """
CREATE FUNCTION villages_keep_claim_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.decided_by_id IS NULL
       AND to_jsonb(NEW) - 'decided_by_id' = to_jsonb(OLD) - 'decided_by_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'claim_decision_is_kept: decisions are added, never changed or removed'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER claim_decision_is_kept BEFORE UPDATE OR DELETE ON villages_claimdecision
    FOR EACH ROW EXECUTE FUNCTION villages_keep_claim_decisions();
"""
FORGET_TRIGGER = """
DROP TRIGGER claim_decision_is_kept ON villages_claimdecision;
DROP FUNCTION villages_keep_claim_decisions();
"""


class Migration(migrations.Migration):

    dependencies = [('villages', '0008_review')]

    operations = [migrations.RunSQL(KEEP_DECISIONS, FORGET_TRIGGER)]
