"""Webhooks at the Hub, the pull requests they speak of, and when a look was asked for."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import gatekeeper.models.hub_hooks


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_index_as_names_are_asked"),
        ("gatekeeper", "0007_sync_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="repository",
            name="look_planned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="repository",
            name="pull_requests_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="HubHook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(default=gatekeeper.models.hub_hooks.new_public_id, max_length=40, unique=True),
                ),
                ("wanted", models.BooleanField(default=True)),
                ("digests", models.JSONField(default=list)),
                ("switched_at", models.DateTimeField()),
                ("generation", models.PositiveBigIntegerField(default=1)),
                ("told_generation", models.PositiveBigIntegerField(default=0)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("parked_reason", models.CharField(blank=True, max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("absent", "not registered"),
                            ("registered", "registered"),
                            ("disabled", "switched off on the Hub"),
                            ("suspended", "suspended by the Hub"),
                            ("gone", "deleted on the Hub"),
                        ],
                        default="absent",
                        max_length=10,
                    ),
                ),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("hub_id", models.CharField(blank=True, max_length=64)),
                ("watched", models.JSONField(default=list)),
                ("heard_at", models.DateTimeField(blank=True, null=True)),
                ("refused_at", models.DateTimeField(blank=True, null=True)),
                (
                    "publisher",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="hub_hook", to="accounts.publisher"
                    ),
                ),
                (
                    "switched_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.hubtoken",
                    ),
                ),
            ],
            options={
                "verbose_name": "Hub webhook",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="hub_hook_due")
                ],
            },
        ),
        migrations.CreateModel(
            name="PullRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("is_open", models.BooleanField(default=True)),
                ("seen_commit", models.CharField(blank=True, max_length=64)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "repository",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pull_requests",
                        to="gatekeeper.repository",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["repository", "due_at"],
                        name="pull_request_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("repository", "number"), name="one_pull_request_per_number")
                ],
            },
        ),
    ]
