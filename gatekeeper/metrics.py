"""The installation in figures, for Prometheus: read from the database and from Valkey when they are asked for.

No process counts for itself, so it does not matter which of them answers. A scrape takes a constant number of
statements, over indexes that hold only what is counted. Nobody is named, and no repository.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import HubToken
from gatekeeper import valkey
from gatekeeper.console import budgets_of
from gatekeeper.hub import tally
from gatekeeper.models import (
    AccessRequest,
    Drift,
    Heartbeat,
    HookState,
    HubAccess,
    HubHook,
    Notice,
    Repository,
    RepositoryWish,
    SyncPause,
)
from gatekeeper.rules.access import Access

log = structlog.get_logger(__name__)

LIMITED = "429"


def answer(request: HttpRequest) -> HttpResponse:
    """Answer a scrape that holds the token of METRICS_TOKEN as a bearer; 401 for any other."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(
            "The token is missing or wrong.\n", "text/plain", status=401, headers={"WWW-Authenticate": "Bearer"}
        )
    registry = CollectorRegistry()
    registry.register(Figures())
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class Figures(Collector):
    """All figures. Where the database or Valkey is away, the others are given, and which one is away."""

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        at, found = timezone.now(), True
        try:
            for part in PARTS:
                yield from list(part(at))
        except DatabaseError as failed:
            log.warning("figures missing", reason=type(failed).__name__)
            found = False
        yield _gauge("gatekeeper_database_up", "Whether the database answers.", [((), int(found))])
        there = bool(valkey.asked(lambda server: server.ping(), False))
        yield _gauge("gatekeeper_cache_up", "Whether Valkey or Redis answers.", [((), int(there))])
        if there:
            yield from _of_the_hub()

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: to be asked for its names must cost no statement."""
        return ()


Values = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, words: str, values: Values, labels: tuple[str, ...] = ()) -> Metric:
    gauge = GaugeMetricFamily(name, words, labels=labels)
    for label, value in values:
        gauge.add_metric(label, value)
    return gauge


def _counter(name: str, words: str, values: Values, labels: tuple[str, ...] = ()) -> Metric:
    counter = CounterMetricFamily(name, words, labels=labels)
    for label, value in values:
        counter.add_metric(label, value)
    return counter


def _age(since: datetime | None, at: datetime) -> float:
    return 0.0 if since is None else max((at - since).total_seconds(), 0.0)


def _due(at: datetime) -> Iterator[Metric]:
    linked = HubAccess.objects.unsettled().filter(parked_reason="", repository__unlinked_at=None)
    found = linked.aggregate(
        accepting=Count("pk", filter=Q(access=Access.YES)),
        accepting_since=Min("due_at", filter=Q(access=Access.YES)),
        removing=Count("pk", filter=~Q(access=Access.YES)),
        removing_since=Min("due_at", filter=~Q(access=Access.YES)),
    )
    ways = ("accepting", "removing")
    yield _gauge(
        "gatekeeper_sync_due",
        "Rows whose wish was not read back from the Hub yet.",
        [((way,), found[way]) for way in ways],
        ("way",),
    )
    yield _gauge(
        "gatekeeper_sync_oldest_due_seconds",
        "For how long the oldest of them has been due.",
        [((way,), _age(found[f"{way}_since"], at)) for way in ways],
        ("way",),
    )
    wishes = RepositoryWish.objects.filter(due_at__isnull=False, parked_reason="", repository__unlinked_at=None)
    yield _gauge("gatekeeper_sync_gates_due", "Gates and cards to be written or read back.", [((), wishes.count())])


def _parked(at: datetime) -> Iterator[Metric]:
    rows = HubAccess.objects.parked().filter(repository__unlinked_at=None).order_by()
    counted = rows.values_list("parked_reason").annotate(rows=Count("pk"))
    yield _gauge(
        "gatekeeper_sync_parked",
        "Rows that wait for somebody to look, by reason.",
        [((reason,), number) for reason, number in counted],
        ("reason",),
    )


def _repositories(at: datetime) -> Iterator[Metric]:
    linked = Repository.objects.linked()
    found = linked.aggregate(
        linked=Count("pk"),
        read=Min(Coalesce("observed_at", "linked_at")),  # one that was never read waits since it was linked
        failing=Count("pk", filter=~Q(failure="")),
    )
    yield _gauge("gatekeeper_repositories", "Linked repositories.", [((), found["linked"])])
    yield _gauge(
        "gatekeeper_repositories_failing", "Repositories whose lists cannot be read.", [((), found["failing"])]
    )
    yield _gauge(
        "gatekeeper_observe_age_seconds",
        "How long ago the repository that was read longest ago was read whole.",
        [((), _age(found["read"], at))],
    )
    stopped = linked.exclude(parked_reason="").order_by().values_list("parked_reason").annotate(rows=Count("pk"))
    yield _gauge(
        "gatekeeper_repositories_stopped",
        "Repositories that wait for somebody to look, by reason.",
        [((reason,), number) for reason, number in stopped],
        ("reason",),
    )
    pauses = dict(SyncPause.objects.open().order_by().values_list("cause").annotate(rows=Count("pk")))
    everywhere = SyncPause.objects.open().of(None).exists()
    yield _gauge(
        "gatekeeper_sync_pauses",
        "Open pauses of the sync, of a repository or of all, by cause.",
        [((cause,), pauses.get(cause, 0)) for cause in ("by_hand", "restore")],
        ("cause",),
    )
    yield _gauge("gatekeeper_sync_paused", "Whether the sync is paused everywhere.", [((), int(everywhere))])


def _drift(at: datetime) -> Iterator[Metric]:
    counted = Drift.objects.waiting().order_by().values_list("kind", "severity").annotate(rows=Count("pk"))
    yield _gauge(
        "gatekeeper_drift_open",
        "Findings where the Hub says what nobody here decided, that wait for a decision.",
        [((kind, severity), number) for kind, severity, number in counted],
        ("kind", "severity"),
    )


def _people(at: datetime) -> Iterator[Metric]:
    waiting = AccessRequest.objects.waiting_for_review().order_by().count()
    late = AccessRequest.objects.overdue(at=at).order_by().count()
    yield _gauge("gatekeeper_requests_waiting", "Requests that a reviewer owes an answer.", [((), waiting)])
    yield _gauge("gatekeeper_requests_breached", "Those of them whose promised time has passed.", [((), late)])
    notices = Notice.objects.due(at=at).aggregate(rows=Count("pk"), since=Min("due_at"))
    yield _gauge("gatekeeper_notices_unsent", "Notices that are due and not sent.", [((), notices["rows"])])
    yield _gauge(
        "gatekeeper_notices_oldest_unsent_seconds",
        "For how long the oldest of them has been due.",
        [((), _age(notices["since"], at))],
    )


def _workers(at: datetime) -> Iterator[Metric]:
    beats = Heartbeat.objects.order_by("name").values_list("name", "seen_at")
    yield _gauge(
        "gatekeeper_worker_last_seen_timestamp_seconds",
        "When a worker last began a sweep, by sweep.",
        [((name,), seen.timestamp()) for name, seen in beats],
        ("sweep",),
    )


def _tokens(at: datetime) -> Iterator[Metric]:
    kept = HubToken.objects.filter(revoked_at=None)
    healths = dict(kept.order_by().values_list("health").annotate(number=Count("pk")))
    yield _gauge(
        "gatekeeper_hub_tokens",
        "Hub tokens that are kept, by how they stood at their last check.",
        [((health,), healths.get(health, 0)) for health in HubToken.Health.values],
        ("health",),
    )
    known = {token.pk: token for token in HubToken.objects.filter(revoked_at=None).order_by("pk")}
    budgets = {known[pk].fingerprint: found for pk, found in budgets_of(known.values()).items()}
    yield _gauge(
        "gatekeeper_hub_budget_left",
        "Calls that a Hub token has left in its window, by fingerprint.",
        [((name,), found.left) for name, found in budgets.items()],
        ("token",),
    )
    yield _gauge(
        "gatekeeper_hub_budget_quota",
        "Calls that it has in a whole window.",
        [((name,), found.quota) for name, found in budgets.items()],
        ("token",),
    )


def _webhooks(at: datetime) -> Iterator[Metric]:
    states = dict(HubHook.objects.listening().order_by().values_list("state").annotate(number=Count("pk")))
    yield _gauge(
        "gatekeeper_webhooks",
        "Webhooks that are wished, by where they were last seen to stand at the Hub.",
        [((state,), states.get(state, 0)) for state in HookState.values],
        ("state",),
    )


def _of_the_hub() -> Iterator[Metric]:
    calls = tally.calls()
    yield _counter(
        "gatekeeper_hub_calls",
        "Calls to the Hub, by route and status of the answer (none: no answer).",
        [(key, number) for key, number in sorted(calls.items())],
        ("route", "status"),
    )
    limited = sum(number for (_route, status), number in calls.items() if status == LIMITED)
    yield _counter("gatekeeper_hub_rate_limited", "Calls that the Hub refused as too many.", [((), limited)])
    yield _counter(
        "gatekeeper_sync_confirmed", "Rows whose wish was read back from the Hub.", [((), tally.all_confirmed())]
    )


PARTS: tuple[Callable[[datetime], Iterator[Metric]], ...] = (
    _due,
    _parked,
    _repositories,
    _drift,
    _people,
    _workers,
    _tokens,
    _webhooks,
)
