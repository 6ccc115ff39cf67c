"""Tell the states of a pull request apart by what it changes: its commits can be replaced."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gatekeeper", "0008_hub_hooks")]

    operations = [
        migrations.RenameField(model_name="pullrequest", old_name="seen_commit", new_name="seen_digest"),
    ]
