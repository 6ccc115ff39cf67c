"""What is to be taken away is found at once, also among many who are to be accepted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gatekeeper', '0021_look_at_answers'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='hubaccess',
            index=models.Index(
                condition=models.Q(('due_at__isnull', False), models.Q(('access', 'yes'), _negated=True)),
                fields=['repository', 'due_at'],
                name='hub_access_removals_due',
            ),
        ),
    ]
