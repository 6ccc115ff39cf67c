"""Hold the sync back where somebody paused it, count what the Hub was told, and know when workers were seen."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


MARK = "INSERT INTO gatekeeper_syncmark (id, installation, told) VALUES (1, gen_random_uuid(), 0)"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_index_as_names_are_asked"),
        ("gatekeeper", "0005_drift"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SyncMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("installation", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("told", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="SyncPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("by_hand", "somebody paused it"),
                            ("restore", "the database was restored, or may have been"),
                        ],
                        default="by_hand",
                        max_length=10,
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=300)),
                ("paused_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("told_outside", models.PositiveBigIntegerField(default=0)),
                ("confirmed", models.CharField(blank=True, max_length=64)),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "repository",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sync_pauses",
                        to="gatekeeper.repository",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("repository", "cause"),
                        name="one_open_pause_per_repository_and_cause",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at", None), ("lifted_by", None)),
                            models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="pause_lifted_at_and_by",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="hubaccess",
            name="log_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=36),
        ),
        migrations.AddField(
            model_name="repository",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="repository",
            name="failure",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
    ]
