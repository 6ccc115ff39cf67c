"""Since when a person has another name than before, and when somebody who is missed was asked after."""

from django.db import migrations, models

# Whoever bears the newest of several names was renamed when it was first seen.
RENAMED = """
UPDATE accounts_hubperson AS person SET named_at = present.first_seen_at
FROM accounts_hubname AS present
WHERE present.person_id = person.id AND present.username = person.username
    AND EXISTS (SELECT 1 FROM accounts_hubname AS other WHERE other.person_id = person.id
        AND upper(other.username) <> upper(person.username))
    AND NOT EXISTS (SELECT 1 FROM accounts_hubname AS later WHERE later.person_id = person.id
        AND upper(later.username) <> upper(person.username) AND later.first_seen_at >= present.first_seen_at)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_hub_token_unreadable'),
    ]

    operations = [
        migrations.AddField(
            model_name='hubperson',
            name='asked_after_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='hubperson',
            name='named_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='renamed'),
        ),
        migrations.AddIndex(
            model_name='hubperson',
            index=models.Index(condition=models.Q(('gone_at__isnull', False)), fields=['id'], name='hub_person_gone'),
        ),
        migrations.AddIndex(
            model_name='hubperson',
            index=models.Index(condition=models.Q(('named_at__isnull', False)), fields=['id'], name='hub_person_renamed'),
        ),
        migrations.RunSQL(RENAMED, migrations.RunSQL.noop),
    ]
