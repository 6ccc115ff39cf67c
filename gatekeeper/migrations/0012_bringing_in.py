"""Earlier approvals, invitations, kept files, and by when the licence has to be accepted."""

import django.db.models.deletion
import gatekeeper.models.personal
import gatekeeper.rules.earlier_approvals
import gatekeeper.rules.lifecycle
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_names_once_held'),
        ('gatekeeper', '0011_absence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApprovalImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('rehearsed', 'rehearsed'), ('confirmed', 'confirmed'), ('discarded', 'discarded')], max_length=12)),
                ('status_at', models.DateTimeField()),
                ('file_name', models.CharField(max_length=200)),
                ('file_sha256', models.CharField(max_length=64)),
                ('lines', models.PositiveIntegerField()),
                ('ignored_columns', models.JSONField(default=list)),
                ('counts', models.JSONField(default=dict)),
                ('digest', models.CharField(max_length=64)),
                ('rehearsed_at', models.DateTimeField()),
                ('waits_until', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='EarlierApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('hub_name', models.CharField(max_length=200)),
                ('name_key', models.CharField(max_length=200)),
                ('approved_on', models.DateField(blank=True, null=True)),
                ('approver', models.CharField(max_length=200)),
                ('terms', models.CharField(max_length=500)),
                ('salt', models.CharField(default=gatekeeper.models.personal.new_salt, max_length=32)),
                ('verdict', models.CharField(choices=[('grant', 'grant'), ('has_grant', 'has_grant'), ('waits', 'waits'), ('joins', 'joins'), ('refused', 'refused')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('delete_after', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(max_length=100)),
                ('size', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('stored_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('link', 'Link'), ('names', 'Names')], max_length=5)),
                ('status', models.CharField(choices=[('open', 'open'), ('withdrawn', 'withdrawn')], max_length=10)),
                ('status_at', models.DateTimeField()),
                ('label', models.CharField(max_length=200)),
                ('digest', models.CharField(blank=True, max_length=64, null=True, unique=True)),
                ('most_uses', models.PositiveIntegerField(default=1)),
                ('uses', models.PositiveIntegerField(default=0)),
                ('expires_at', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Invited',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hub_name', models.CharField(max_length=200)),
                ('name_key', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('met_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'invited',
            },
        ),
        migrations.AddField(
            model_name='grant',
            name='lapsed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='terms_asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='terms_due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='terms_remind_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='stage',
            name='imported_terms_days',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('terms_due_at__isnull', False)), fields=['terms_due_at'], name='grant_terms_due'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('terms_remind_at__isnull', False)), fields=['terms_remind_at'], name='grant_terms_remind'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('lapsed_at__isnull', False)), fields=['id'], name='grant_lapsed'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('acceptance', None), ('decision', None), ('status__in', [gatekeeper.rules.lifecycle.GrantStatus['ACTIVE'], gatekeeper.rules.lifecycle.GrantStatus['PENDING_ACTIVATION'], gatekeeper.rules.lifecycle.GrantStatus['SUSPENDED']])), fields=['stage', 'id'], name='grant_imported_unproven'),
        ),
        migrations.AddField(
            model_name='approvalimport',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approvalimport',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approvalimport',
            name='stage',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='gatekeeper.stage'),
        ),
        migrations.AddField(
            model_name='earlierapproval',
            name='grant',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='earlier_approvals', to='gatekeeper.grant'),
        ),
        migrations.AddField(
            model_name='earlierapproval',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.hubperson'),
        ),
        migrations.AddField(
            model_name='earlierapproval',
            name='request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='earlier_approvals', to='gatekeeper.accessrequest'),
        ),
        migrations.AddField(
            model_name='earlierapproval',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='gatekeeper.approvalimport'),
        ),
        migrations.CreateModel(
            name='FileContent',
            fields=[
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='gatekeeper.storedfile')),
                ('content', models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name='storedfile',
            name='publisher',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.publisher'),
        ),
        migrations.AddField(
            model_name='storedfile',
            name='stored_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approvalimport',
            name='evidence',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='gatekeeper.storedfile'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='stage',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='gatekeeper.stage'),
        ),
        migrations.AddField(
            model_name='invited',
            name='invitation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invited', to='gatekeeper.invitation'),
        ),
        migrations.AddField(
            model_name='invited',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invited', to='accounts.hubperson'),
        ),
        migrations.AddField(
            model_name='invited',
            name='stage',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invited', to='gatekeeper.stage'),
        ),
        migrations.AddIndex(
            model_name='earlierapproval',
            index=models.Index(fields=['source', 'verdict', 'line'], name='earlier_approval_verdict'),
        ),
        migrations.AddIndex(
            model_name='earlierapproval',
            index=models.Index(condition=models.Q(('settled_at', None), ('verdict', gatekeeper.rules.earlier_approvals.Verdict['WAITS'])), fields=['name_key'], name='earlier_approval_waiting'),
        ),
        migrations.AddConstraint(
            model_name='earlierapproval',
            constraint=models.UniqueConstraint(fields=('source', 'line'), name='one_earlier_approval_per_line'),
        ),
        migrations.AddIndex(
            model_name='approvalimport',
            index=models.Index(fields=['stage', '-id'], name='import_of_stage'),
        ),
        migrations.AddConstraint(
            model_name='approvalimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', None)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='import_confirmed_at_and_by'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['stage', '-id'], name='invitation_of_stage'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('uses__lte', models.F('most_uses'))), name='invitation_uses_bounded'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('digest__isnull', False), ('kind', 'link')), models.Q(('digest', None), ('kind', 'names')), _connector='OR'), name='invitation_by_link_has_a_digest'),
        ),
        migrations.AddIndex(
            model_name='invited',
            index=models.Index(condition=models.Q(('person', None), ('withdrawn_at', None)), fields=['name_key'], name='invited_waiting'),
        ),
        migrations.AddIndex(
            model_name='invited',
            index=models.Index(fields=['stage', '-id'], name='invited_of_stage'),
        ),
        migrations.AddConstraint(
            model_name='invited',
            constraint=models.UniqueConstraint(condition=models.Q(('person__isnull', False), ('withdrawn_at', None)), fields=('stage', 'person'), name='invited_once_per_person_and_stage'),
        ),
        migrations.AddConstraint(
            model_name='invited',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('met_at', None), ('person', None)), models.Q(('met_at__isnull', False), ('person__isnull', False)), _connector='OR'), name='invited_person_and_met_at'),
        ),
    ]
