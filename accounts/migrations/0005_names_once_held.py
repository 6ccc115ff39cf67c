"""An index that finds who has ever had a Hub name, however it was spelt."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_hub_token_health'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='hubname',
            index=models.Index(django.db.models.functions.text.Upper('username'), name='hub_name_folded'),
        ),
    ]
