import datetime

from django.db import migrations, models

EARLIEST = datetime.datetime(1993, 1, 1, tzinfo=datetime.UTC)
LATEST = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


# Reports that came in before times were bounded could not be changed any more, so that
# nobody could decide about them. They get a flag, and keep the time that they told.
class Migration(migrations.Migration):
    dependencies = [("villages", "0015_observed_within_reckoning")]

    operations = [
        migrations.RemoveConstraint(
            model_name="signalreport", name="signal_report_observed_at_possible"
        ),
        migrations.RunSQL(
            """
            UPDATE villages_signalreport SET flags = flags || '{impossible_time}'
            WHERE (observed_at < '1993-01-01Z' OR observed_at >= '2100-01-01Z')
              AND NOT flags @> '{impossible_time}'
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="signalreport",
            constraint=models.CheckConstraint(
                name="signal_report_observed_at_possible",
                condition=models.Q(
                    models.Q(observed_at__gte=EARLIEST, observed_at__lt=LATEST),
                    ("flags__contains", ["impossible_time"]),
                    _connector="OR",
                ),
            ),
        ),
    ]
