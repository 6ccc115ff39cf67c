"""Drift: what the Hub says that nobody here decided, and since when each repository is watched for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


OPENED = """
UPDATE gatekeeper_repository AS linked SET guarded_since = opened.first
FROM (
    SELECT rung.repository_id, min(event.at) AS first
    FROM gatekeeper_event AS event
    JOIN gatekeeper_stage_repositories AS rung ON rung.stage_id = event.object_id
    WHERE event.object_kind = 'stage' AND event.action = 'stage.confirm_open'
    GROUP BY rung.repository_id
) AS opened
WHERE opened.repository_id = linked.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_index_as_names_are_asked"),
        ("gatekeeper", "0004_told"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="hubaccess",
            name="told_yes_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="repository",
            name="enforced_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="repository",
            name="guarded_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="repository",
            name="read_in_full_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Drift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ghost_access", "ghost_access"),
                            ("missing_access", "missing_access"),
                            ("wrong_rejected", "wrong_rejected"),
                            ("mode_changed", "mode_changed"),
                            ("visibility_changed", "visibility_changed"),
                            ("gate_text_changed", "gate_text_changed"),
                            ("card_lines_removed", "card_lines_removed"),
                            ("licence_changed", "licence_changed"),
                            ("audience_tag_removed", "audience_tag_removed"),
                            ("pull_request_touches_gate", "pull_request_touches_gate"),
                            ("repository_gone", "repository_gone"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "critical"), ("serious", "serious"), ("notice", "notice")], max_length=10
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=100)),
                ("facts", models.JSONField(default=dict)),
                ("since", models.DateTimeField()),
                ("since_is_exact", models.BooleanField(default=False)),
                ("by_username", models.CharField(blank=True, max_length=100)),
                ("found_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("repairing", "repairing"),
                            ("repaired", "repaired"),
                            ("recorded", "recorded"),
                            ("excepted", "excepted"),
                            ("over", "over"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("status_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("words", models.TextField(blank=True)),
                ("excepted_until", models.DateTimeField(blank=True, null=True)),
                ("held_back", models.BooleanField(default=False)),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drifts",
                        to="accounts.hubperson",
                    ),
                ),
                (
                    "repository",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="drifts", to="gatekeeper.repository"
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ("excepted", "open", "repairing"))),
                        fields=["repository", "kind"],
                        name="drift_unresolved",
                    ),
                    models.Index(fields=["status", "-id"], name="drift_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("excepted", "open", "repairing"))),
                        fields=("repository", "person", "kind", "reference"),
                        name="one_unresolved_drift",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("excepted_until__isnull", False), ("status", "excepted")),
                            models.Q(("status", "excepted"), _negated=True),
                            _connector="OR",
                        ),
                        name="an_exception_ends",
                    ),
                ],
            },
        ),
        migrations.RunSQL(OPENED, migrations.RunSQL.noop),
    ]
