"""The bell that wakes a worker after a step, so that it does not wait for the next sweep.

It may not fail or delay the step that rings it: a broker that is away is left alone for a while, and the sweep finds
the row.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

import structlog
from kombu.connection import Connection
from kombu.pools import producers
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

SETTLE = "gatekeeper.hub.tasks.settle_due"
OBSERVE = "gatekeeper.hub.tasks.observe_repository"
SWEEPS = {
    "settle": SETTLE,
    "hooks": "gatekeeper.hub.tasks.settle_hooks",
    "tokens": "gatekeeper.hub.tasks.check_tokens",
    "procedures": "gatekeeper.tasks.carry_on",
}
PATIENCE = 0.4  # seconds for each wait on the broker
QUIET = 15.0  # seconds without a try after a failure
EXPIRES = 60  # seconds after which a bell that nobody heard is of no use: the sweep has been there

_quiet_until = 0.0
_connections: dict[tuple[int, str], Connection] = {}


def ring(*, what: str, ids: Sequence[int] = (), after: float = 0, **_signal: Any) -> bool:
    """Wake a worker for a sweep, or to `observe` repositories by id, `after` so many seconds; False when it failed."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    calls = [(SWEEPS[what], ())] if what in SWEEPS else [(OBSERVE, (pk,)) for pk in ids]
    try:
        for task, arguments in calls:
            _send(task, arguments, after)
    except Exception as failed:  # whatever it is, the step that rang is done, and the sweep comes
        _quiet_until = time.monotonic() + QUIET
        log.warning("bell not heard", what=what, why=type(failed).__name__)
        return False
    return True


def _send(task: str, arguments: tuple[int, ...], after: float) -> None:
    from gatekeeper.celery import app

    with producers[_connection()].acquire(block=True, timeout=PATIENCE) as producer:
        app.send_task(
            task,
            args=arguments,
            producer=producer,
            retry=False,
            countdown=after or None,
            expires=after + EXPIRES,
            ignore_result=True,
        )


def _connection() -> Connection:
    """Return this process's connection for bells: it gives up at once where the worker's own would wait."""
    from gatekeeper.celery import app

    key = (os.getpid(), str(app.conf.broker_url))
    if key not in _connections:
        hasty = {
            "max_retries": 0,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            "retry": Retry(NoBackoff(), 0),
        }
        options = {**app.conf.broker_transport_options, **hasty}
        _connections[key] = app.connection_for_write(connect_timeout=PATIENCE, transport_options=options)
    return _connections[key]
