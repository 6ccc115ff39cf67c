"""The named system users, so that the first step of the clock finds itself."""

from django.db import migrations

NAMES = ("clock", "hub")


def make(apps, schema_editor):
    user = apps.get_model("accounts", "User")
    for name in NAMES:
        user.objects.using(schema_editor.connection.alias).get_or_create(
            username=name, defaults={"is_system": True, "is_active": False, "password": "!"}
        )


def remove(apps, schema_editor):
    user = apps.get_model("accounts", "User")
    user.objects.using(schema_editor.connection.alias).filter(username__in=NAMES, is_system=True).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make, remove)]
