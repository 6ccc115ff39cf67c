"""The entrance for workers and the clock. Rows are the queue; Celery rings the bell."""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatekeeper.settings")

from django.conf import settings

settings.DEBUG  # noqa: B018  (read now, so that a bad value stops the start with its sentence)

app = Celery("gatekeeper")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["gatekeeper", "gatekeeper.hub"])
app.steps["worker"].add(DjangoStructLogInitStep)
