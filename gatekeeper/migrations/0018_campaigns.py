"""Re-acceptance campaigns, and by which one a grant was asked last."""

import django.db.models.deletion
import gatekeeper.rules.campaigns
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_hub_person_named'),
        ('gatekeeper', '0017_licence_drafts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grace_days', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('prepared', 'prepared'), ('scheduled', 'scheduled'), ('running', 'running'), ('halted', 'halted'), ('done', 'done'), ('called_off', 'called_off')], default=gatekeeper.rules.campaigns.CampaignStatus['PREPARED'], max_length=10)),
                ('status_at', models.DateTimeField()),
                ('prepared_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField(blank=True, null=True)),
                ('people', models.PositiveIntegerField(blank=True, null=True)),
                ('counts_from', models.DateTimeField(blank=True, null=True)),
                ('halted_at', models.DateTimeField(blank=True, null=True)),
                ('result', models.JSONField(default=dict)),
                ('licence_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='gatekeeper.licenceversion')),
                ('prepared_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('publisher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='accounts.publisher')),
                ('scheduled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='grant',
            name='campaign',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='gatekeeper.campaign'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('campaign__isnull', False)), fields=['campaign', 'id'], name='grant_campaign'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('status__in', ['halted', 'prepared', 'running', 'scheduled'])), fields=['starts_at'], name='campaign_open'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['halted', 'prepared', 'running', 'scheduled'])), fields=('licence_version',), name='one_unfinished_campaign_per_version'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('people', None), ('scheduled_by', None), ('starts_at', None)), models.Q(('people__isnull', False), ('scheduled_by__isnull', False), ('starts_at__isnull', False)), _connector='OR'), name='campaign_scheduled_together'),
        ),
    ]
