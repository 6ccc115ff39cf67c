"""Remember until when a call of ours with an unknown outcome may still take effect."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gatekeeper", "0002_frozen_rows")]

    operations = [
        migrations.AddField("hubaccess", "doubt_until", models.DateTimeField(blank=True, null=True)),
    ]
