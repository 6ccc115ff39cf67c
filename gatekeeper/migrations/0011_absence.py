"""Remember that a reading met fewer people than are known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gatekeeper", "0010_hub_capabilities")]

    operations = [
        migrations.AddField("repository", "absence_suspected", models.BooleanField(default=False)),
    ]
