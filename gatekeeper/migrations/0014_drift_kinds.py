"""More kinds of drift: accounts, names of repositories, members of organisations."""


import django.db.models.deletion
from django.db import migrations, models

# What a call said of an account stood on the row that it was about, and nowhere else.
GONE = """
UPDATE accounts_hubperson SET gone_at = now()
WHERE gone_at IS NULL AND id IN (SELECT person_id FROM gatekeeper_hubaccess WHERE parked_reason = 'person_gone')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_hub_person_named'),
        ('gatekeeper', '0013_procedures'),
    ]

    operations = [
        migrations.AddField(
            model_name='repository',
            name='members_due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='drift',
            name='kind',
            field=models.CharField(choices=[('ghost_access', 'ghost_access'), ('missing_access', 'missing_access'), ('wrong_rejected', 'wrong_rejected'), ('mode_changed', 'mode_changed'), ('visibility_changed', 'visibility_changed'), ('gate_text_changed', 'gate_text_changed'), ('card_lines_removed', 'card_lines_removed'), ('licence_changed', 'licence_changed'), ('audience_tag_removed', 'audience_tag_removed'), ('pull_request_touches_gate', 'pull_request_touches_gate'), ('repository_gone', 'repository_gone'), ('repository_moved', 'repository_moved'), ('account_gone', 'account_gone'), ('account_renamed', 'account_renamed'), ('members_bypass', 'members_bypass')], max_length=30),
        ),
        migrations.CreateModel(
            name='OrganisationMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hub_user_id', models.CharField(max_length=24)),
                ('username', models.CharField(blank=True, max_length=200)),
                ('role', models.CharField(blank=True, max_length=40)),
                ('first_seen_at', models.DateTimeField()),
                ('publisher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='organisation_members', to='accounts.publisher')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('publisher', 'hub_user_id'), name='one_row_a_member')],
            },
        ),
        migrations.RunSQL(GONE, migrations.RunSQL.noop),
    ]
