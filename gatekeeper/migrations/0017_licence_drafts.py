"""Licence versions are drafted before they are published, and may hold translations of their text."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FROZEN = """
CREATE FUNCTION gatekeeper_translation_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM gatekeeper_licenceversion
        WHERE published_at IS NOT NULL AND id IN (
            CASE TG_OP WHEN 'INSERT' THEN NEW.version_id ELSE OLD.version_id END,
            CASE TG_OP WHEN 'DELETE' THEN OLD.version_id ELSE NEW.version_id END
        )
    ) THEN
        RAISE EXCEPTION 'The translations of a published licence version are frozen: publish a new one.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER gatekeeper_translation_frozen BEFORE INSERT OR UPDATE OR DELETE ON gatekeeper_translation
    FOR EACH ROW EXECUTE FUNCTION gatekeeper_translation_frozen();
"""
THAW = """
DROP TRIGGER gatekeeper_translation_frozen ON gatekeeper_translation;
DROP FUNCTION gatekeeper_translation_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("gatekeeper", "0016_answer_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Translation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10)),
                ("text", models.BinaryField()),
                ("text_sha256", models.CharField(max_length=64)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="licenceversion",
            name="one_version_per_licence_and_number",
        ),
        migrations.AddField(
            model_name="acceptance",
            name="text_language",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="acceptance",
            name="translation_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddConstraint(
            model_name="licenceversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("published_at__isnull", False)),
                fields=("licence", "number"),
                name="one_version_per_licence_and_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="licenceversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("published_at", None)), fields=("licence",), name="one_draft_per_licence"
            ),
        ),
        migrations.AddField(
            model_name="translation",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="translations", to="gatekeeper.licenceversion"
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.UniqueConstraint(fields=("version", "language"), name="one_translation_per_language"),
        ),
        migrations.RunSQL(FROZEN, THAW),
    ]
