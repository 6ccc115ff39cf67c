"""Answers that were kept before each had a time of its own are looked at once, and note when the first of them goes."""

from django.db import migrations

LOOK = """
UPDATE gatekeeper_personaltext SET trim_after = created_at WHERE purpose = 'answers' AND trim_after IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('gatekeeper', '0020_erasure'),
    ]

    operations = [
        migrations.RunSQL(LOOK, migrations.RunSQL.noop),
    ]
