"""Finding drift: after each reading, what the Hub says is held against what was decided here, as sets in SQL.

Nothing is changed by finding. What our own call did too late is no drift: that is undone at once, as it was wished.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import unified_diff
from itertools import islice

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import HubToken
from gatekeeper.actions import drifts
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import Drift, HubAccess, Repository, RepositoryWish, Stage
from gatekeeper.models.drift import ghosts, missing, wrongly_rejected
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.access import Access
from gatekeeper.rules.drift import UNRESOLVED, DriftKind, DriftStatus
from gatekeeper.rules.licensing import normalised_hash
from gatekeeper.rules.statuses import StageStatus

from . import card_form, card_lines, cards
from .accounts import compare_accounts
from .client import HubClient
from .port import RepositoryState

AT_ONCE = 1_000
DIFFED, LONGEST_DIFF, LONGEST_LINE = 200_000, 200, 500
# A yes of ours that was lost on its way was never seen to arrive later than minutes; an hour is what is allowed for.
LATE = timedelta(hours=1)
CLOCKS_DIFFER = timedelta(minutes=2)
AUDIENCE_TAG = "not-for-all-audiences"
COMPARED = {
    DriftKind.GHOST_ACCESS: ghosts,
    DriftKind.MISSING_ACCESS: missing,
    DriftKind.WRONG_REJECTED: wrongly_rejected,
}


def compare(repository: Repository) -> int:
    """Write down who stands on the Hub otherwise than was decided here, and end what is so no more; returns how many.

    Nobody is looked at before the first stage of the repository opened: until then all that is there is theirs.
    """
    end_what_is_over(repository)
    guarded = Repository.objects.filter(pk=repository.pk).values_list("guarded_since", flat=True).first()
    if guarded is None:
        return 0
    _take_back_late_words(repository)
    names = _our_names(repository)
    found = 0
    for kind, rows in COMPARED.items():
        new = _new(repository, kind, rows()).select_related("person").order_by("pk").iterator(chunk_size=AT_ONCE)
        for batch in _batches(new):
            found += len(
                drifts.find_all(repository, findings=[_finding(repository, kind, row, names) for row in batch])
            )
    return found + compare_accounts(repository)


def _batches(rows: Iterator[HubAccess]) -> Iterator[list[HubAccess]]:
    while batch := list(islice(rows, AT_ONCE)):
        yield batch


def _new(repository: Repository, kind: DriftKind, rows: QuerySet[HubAccess]) -> QuerySet[HubAccess]:
    known = Drift.objects.filter(
        repository=repository, kind=kind, person=OuterRef("person"), status__in=[status.value for status in UNRESOLVED]
    )
    return rows.filter(~Exists(known), repository=repository, parked_reason="")


def _our_names(repository: Repository) -> set[str]:
    names = HubToken.objects.filter(publisher=repository.publisher_id).values_list("hub_username", flat=True)
    return {name for name in names if name}


def _take_back_late_words(repository: Repository) -> None:
    """Make due what our own call did after it was not wished any more: it is told again, nobody has to decide that."""
    ours = Q(seen_granted_by__in=[*_our_names(repository), ""])
    soon_after = Q(seen_reviewed_at=None) | Q(
        seen_reviewed_at__gte=F("told_yes_at") - CLOCKS_DIFFER, seen_reviewed_at__lte=F("told_yes_at") + LATE
    )
    late = ghosts().filter(ours, soon_after, repository=repository, access=Access.NO, told_yes_at__isnull=False)
    now = timezone.now()
    with transaction.atomic():
        rows = list(late.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        HubAccess.objects.filter(pk__in=rows).update(due_at=now, confirmed_at=None)


def _finding(repository: Repository, kind: DriftKind, row: HubAccess, our_names: set[str]) -> Finding:
    exact = row.seen_reviewed_at
    last_known = row.confirmed_at or row.wished_at or repository.guarded_since
    facts = {"is": row.seen}
    if kind is DriftKind.GHOST_ACCESS:
        facts["why"] = _why(repository, row, our_names)
        if facts["why"] == "restored":  # it counts again from when the gate came back, which nobody saw
            exact = None
    since = exact or last_known or row.seen_at or timezone.now()
    return Finding(
        kind,
        since,
        person_id=row.person_id,
        since_is_exact=exact is not None,
        by_username=row.seen_granted_by,
        facts=facts,
    )


def _why(repository: Repository, row: HubAccess, our_names: set[str]) -> str:
    """Return why the Hub lets somebody in whom nobody let in here, by the codes of GHOST_REASONS."""
    if row.confirmed_at is not None and row.seen_reviewed_at is not None and row.seen_reviewed_at < row.confirmed_at:
        return "restored"
    if row.seen_granted_by in our_names:
        return "own_token"
    if row.seen_granted_by:
        return "by_hand"
    opened = Drift.objects.filter(repository=repository, kind=DriftKind.MODE_CHANGED).order_by("-pk").first()
    when = row.seen_reviewed_at or row.seen_requested_at
    was_auto = opened is not None and when is not None and (opened.resolved_at is None or when <= opened.resolved_at)
    return "auto_gate" if was_auto and when is not None and opened is not None and when >= opened.since else "unknown"


def end_what_is_over(repository: Repository | None = None) -> None:
    """End the drift about people that the Hub, as it was read, does not show any more."""
    over = Drift.objects.over()
    if repository is not None:
        over = over.filter(repository=repository)
    end(over)


def end(over: QuerySet[Drift]) -> None:
    """End drift that is so no more: what was being undone is repaired, the rest went away by itself."""
    while rows := list(over.order_by("pk")[:AT_ONCE]):
        undone = [row for row in rows if row.status == DriftStatus.REPAIRING]
        others = [row for row in rows if row.status != DriftStatus.REPAIRING]
        if undone:
            drifts.confirm_all(undone)
        if others:
            drifts.vanish_all(others)


# The repository itself


def compare_repository(repository: Repository, state: RepositoryState, *, at: datetime) -> None:
    """Write down how a repository differs from how it was last seen (`repository`), now that it was read again."""
    if repository.guarded_since is None:
        return
    since, before = repository.seen_at or at, repository
    found = []
    wished = RepositoryWish.objects.confirmed().filter(repository=repository, gate="manual").exists()
    if wished and state.gate != "manual":
        found.append(Finding(DriftKind.MODE_CHANGED, since, facts={"was": "manual", "is": state.gate}))
    meant = RepositoryWish.objects.filter(repository=repository, visibility=_visibility(state.private)).exists()
    if state.private != before.seen_private and not meant:
        facts = {"was": _visibility(before.seen_private), "is": _visibility(state.private)}
        found.append(Finding(DriftKind.VISIBILITY_CHANGED, since, facts=facts))
    if state.licence != before.seen_licence:
        facts = {"was": before.seen_licence, "is": state.licence}
        found.append(Finding(DriftKind.LICENCE_CHANGED, since, reference="card", facts=facts))
    if AUDIENCE_TAG in before.seen_tags and AUDIENCE_TAG not in state.tags:
        found.append(Finding(DriftKind.AUDIENCE_TAG_REMOVED, since))
    drifts.find_all(repository, findings=found, at=at)
    _end_of_repository(repository, state)


def _visibility(private: bool) -> str:
    return "private" if private else "public"


def _end_of_repository(repository: Repository, state: RepositoryState) -> None:
    """End what is about the repository and is as it was again."""
    over = Q(kind=DriftKind.REPOSITORY_GONE)
    over |= Q(kind=DriftKind.VISIBILITY_CHANGED, facts__was=_visibility(state.private))
    over |= Q(kind=DriftKind.LICENCE_CHANGED, reference="card", facts__was=state.licence)
    if state.gate == "manual":
        over |= Q(kind=DriftKind.MODE_CHANGED)
    if AUDIENCE_TAG in state.tags:
        over |= Q(kind=DriftKind.AUDIENCE_TAG_REMOVED)
    end(Drift.objects.unresolved().filter(over, repository=repository))


def compare_cards(repository: Repository, before: bytes | None, after: bytes, *, commit: str, at: datetime) -> None:
    """Write down what a new commit changed in the gate of a card, besides our own two lines. `before` None: unknown."""
    if repository.guarded_since is None:
        return
    since, found = repository.seen_at or at, []
    wish = RepositoryWish.objects.filter(repository=repository).first() or RepositoryWish()
    confirmed, fields = wish.due_at is None and wish.confirmed_at is not None, wish.card_fields
    old, new = (None if text is None else gate_of(text, fields=fields is None) for text in (before, after))
    if before is not None and old != new:
        facts = {"diff": diff(front_of(before), front_of(after)), "was": repository.seen_commit, "is": commit}
        found.append(Finding(DriftKind.GATE_TEXT_CHANGED, since, reference=commit, facts=facts))
    asks_so = fields is None or not confirmed or card_form.asks_so(after, fields)
    if not asks_so:
        facts = {"diff": diff(front_of(before or b""), front_of(after)), "is": commit}
        found.append(Finding(DriftKind.CARD_FORM_CHANGED, since, facts=facts))
    says_where = not (confirmed and wish.card_link) or card_lines.sentence(wish.card_link).encode() in after
    if not says_where:
        found.append(Finding(DriftKind.CARD_LINES_REMOVED, since, facts={"diff": diff(before or b"", after)}))
    drifts.find_all(repository, findings=found, at=at)
    if asks_so:
        end(Drift.objects.unresolved().filter(kind=DriftKind.CARD_FORM_CHANGED, repository=repository))
    if says_where:
        end(Drift.objects.unresolved().filter(kind=DriftKind.CARD_LINES_REMOVED, repository=repository))


def gate_of(text: bytes, *, fields: bool = True) -> object:
    """Return what a card asks at the gate, without our own two lines; its bytes where it cannot be read safely.

    Without `fields` the questions are left out: they are looked at by themselves.
    """
    try:
        gate = cards.read(card_lines.without_card_lines(text)).gate()
    except cards.CannotRead:
        return text
    return gate if fields else gate | {"fields": []}


def front_of(text: bytes) -> bytes:
    """Return the front matter of a card without our two lines, or all of it where it has none."""
    try:
        text = card_lines.without_card_lines(text)
        front = cards.front_matter(text)
    except cards.CannotRead:
        return text
    return text if front is None else text[front.start : front.end]


def compare_licence(hub: HubClient, repository: Repository, *, commit: str, at: datetime) -> None:
    """Write down that a licence file is not the text any more that people accept here. Reads each file once."""
    stages = Stage.objects.including(repository).exclude(status__in=(StageStatus.PLANNED, StageStatus.CLOSED))
    if repository.guarded_since is None:
        return
    versions = {policy.licence_version for policy in current_policies(list(stages)).values()}
    for version in versions:
        if version.source_repository_id != repository.pk or not version.source_path:
            continue
        text = hub.file(repository.kind, repository.name, version.source_path, commit) or b""
        if normalised_hash(text) == version.normalised_sha256:
            end(
                Drift.objects.unresolved().filter(
                    kind=DriftKind.LICENCE_CHANGED, repository=repository, reference=version.source_path[:100]
                )
            )
            continue
        facts = {"diff": diff(bytes(version.text), text), "is": commit, "licence_version": version.pk}
        finding = Finding(
            DriftKind.LICENCE_CHANGED, repository.seen_at or at, reference=version.source_path[:100], facts=facts
        )
        drifts.find_all(repository, findings=[finding], at=at)


def diff(old: bytes, new: bytes) -> list[str]:
    """Return the lines of a unified diff of two public texts, at most LONGEST_DIFF of them."""
    before, after = (text[:DIFFED].decode("utf-8", "replace").splitlines() for text in (old, new))
    return [line[:LONGEST_LINE] for line in islice(unified_diff(before, after, lineterm="", n=2), 2, LONGEST_DIFF + 2)]


def find_gone(repository: Repository, reason: str) -> None:
    """Write down that a repository which is watched cannot be found any more."""
    if repository.guarded_since is not None:
        now = timezone.now()
        drifts.find_all(
            repository,
            findings=[Finding(DriftKind.REPOSITORY_GONE, repository.seen_at or now, facts={"reason": reason})],
            at=now,
        )
