"""Remember which wish it was that the Hub was told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gatekeeper", "0003_doubt")]

    operations = [
        migrations.AddField(
            "hubaccess", "applied_generation", models.PositiveBigIntegerField(blank=True, null=True)
        ),
    ]
