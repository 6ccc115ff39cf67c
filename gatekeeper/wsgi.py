"""The entrance for gunicorn."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatekeeper.settings")

# gunicorn starts a worker that failed again and again, unless it leaves with this number.
WORKER_CANNOT_BOOT = 3

try:
    application = get_wsgi_application()
except SystemExit as refused:
    sys.stderr.write(f"{refused}\n")
    raise SystemExit(WORKER_CANNOT_BOOT) from None
