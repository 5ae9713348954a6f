from django.db import migrations

ROLES = ("viewer", "field", "verifier", "analyst", "admin")


def add_groups(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("villages", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    # Backwards leaves the groups: people may be in them.
    operations = [migrations.RunPython(add_groups, migrations.RunPython.noop)]
