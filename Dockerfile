# One image for the web, the worker and the clock. Built in two stages, so that no compiler and no cache is in what runs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements/base.txt requirements/base.txt
RUN /venv/bin/python -m pip install --require-hashes --no-deps --only-binary=:all: -r requirements/base.txt
COPY manage.py LICENSE ./
COPY accounts accounts
COPY gatekeeper gatekeeper
COPY templates templates
# Static files get their hashed names here, as in production; this needs no database, no Redis and no secret.
RUN GATEKEEPER_OFFLINE=true GATEKEEPER_ENV=production STATIC_ROOT=/app/static-collected \
    /venv/bin/python manage.py collectstatic --noinput \
    && /venv/bin/python -m compileall -q accounts gatekeeper

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Gatekeeper" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 gatekeeper \
    && useradd --system --uid 10001 --gid gatekeeper --no-create-home --home-dir /data --shell /usr/sbin/nologin gatekeeper \
    && install --directory --mode 0700 --owner gatekeeper --group gatekeeper /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=gatekeeper.settings \
    GATEKEEPER_ENV=production \
    GATEKEEPER_DATA=/data \
    STATIC_ROOT=/app/static-collected \
    WEB_CONCURRENCY=3
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Asked inside the container, over loopback: the answer needs no database, so a restart is no cure for a lost one.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Sync workers behind a proxy that buffers; their number is WEB_CONCURRENCY. /dev/shm: a heartbeat that never waits for a disk.
CMD ["gunicorn", "gatekeeper.wsgi:application", "--bind=0.0.0.0:8000", "--worker-class=sync", "--timeout=60", \
     "--graceful-timeout=30", "--max-requests=5000", "--max-requests-jitter=500", "--worker-tmp-dir=/dev/shm", \
     "--access-logfile=/dev/null", "--error-logfile=-"]
