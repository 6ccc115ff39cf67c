"""Count what is due, parked and confirmed of one repository without reading what is not. No writer waits for it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("gatekeeper", "0006_sync")]

    operations = [
        AddIndexConcurrently(
            model_name="hubaccess",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["repository", "due_at"],
                name="hub_access_unsettled",
            ),
        ),
        AddIndexConcurrently(
            model_name="hubaccess",
            index=models.Index(
                condition=models.Q(("parked_reason", ""), _negated=True),
                fields=["repository", "parked_reason"],
                name="hub_access_parked",
            ),
        ),
        AddIndexConcurrently(
            model_name="hubaccess",
            index=models.Index(
                condition=models.Q(
                    ("access", "yes"), ("confirmed_at__isnull", False), ("due_at", None), ("seen", "accepted")
                ),
                fields=["repository"],
                name="hub_access_confirmed",
            ),
        ),
    ]
