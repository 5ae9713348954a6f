import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("coverage", "0002_unfinished_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="blankspot",
            name="outline",
            field=django.contrib.gis.db.models.fields.MultiPolygonField(
                null=True, spatial_index=False, srid=4326, verbose_name="outline"
            ),
        ),
        # Spots of earlier runs are drawn with the stairs of their squares.
        migrations.RunSQL(
            "UPDATE coverage_blankspot SET outline = polygon", migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name="blankspot",
            name="outline",
            field=django.contrib.gis.db.models.fields.MultiPolygonField(
                spatial_index=False, srid=4326, verbose_name="outline"
            ),
        ),
        migrations.AddField(
            model_name="blankspot",
            name="report_kinds",
            field=models.JSONField(default=dict, verbose_name="what the reports found"),
        ),
        migrations.AddField(
            model_name="blankspot",
            name="village_areas_km2",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(),
                default=list,
                size=None,
                verbose_name="areas (km²)",
            ),
        ),
        migrations.AddField(
            model_name="blankspot",
            name="village_shares",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(),
                default=list,
                size=None,
                verbose_name="shares",
            ),
        ),
    ]
