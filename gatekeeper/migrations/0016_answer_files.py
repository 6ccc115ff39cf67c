"""Files that answer questions, which go with the last text that they belong to; and what is asked anew."""

import django.db.models.deletion
from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION gatekeeper_forget_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gatekeeper_answerfile WHERE file_id = OLD.file_id) THEN
        DELETE FROM gatekeeper_filecontent WHERE file_id = OLD.file_id;
        DELETE FROM gatekeeper_storedfile WHERE id = OLD.file_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER gatekeeper_answerfile_forget AFTER DELETE ON gatekeeper_answerfile
    FOR EACH ROW EXECUTE FUNCTION gatekeeper_forget_file();

CREATE FUNCTION gatekeeper_forget_answer_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gatekeeper_answerfile WHERE text_id = NEW.id AND NOT jsonb_exists(NEW.body, key);
    RETURN NULL;
END $$;
CREATE TRIGGER gatekeeper_personaltext_forget_files AFTER UPDATE OF body ON gatekeeper_personaltext
    FOR EACH ROW WHEN (OLD.body IS DISTINCT FROM NEW.body) EXECUTE FUNCTION gatekeeper_forget_answer_files();
"""
DROP_TRIGGERS = """
DROP TRIGGER gatekeeper_personaltext_forget_files ON gatekeeper_personaltext;
DROP FUNCTION gatekeeper_forget_answer_files();
DROP TRIGGER gatekeeper_answerfile_forget ON gatekeeper_answerfile;
DROP FUNCTION gatekeeper_forget_file();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('gatekeeper', '0015_receipts'),
    ]

    operations = [
        migrations.AddField(
            model_name='accessrequest',
            name='asked_anew',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.CreateModel(
            name='AnswerFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=60)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answering', to='gatekeeper.storedfile')),
                ('text', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='gatekeeper.personaltext')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('text', 'key'), name='one_file_per_answer')],
            },
        ),
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
    ]
