"""How far a procedure has come, counted anew from the rows each time: nothing here is kept, so nothing can be wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Publisher
from gatekeeper.rules.access import Access, Seen
from gatekeeper.rules.drift import DriftKind, DriftStatus
from gatekeeper.rules.procedures import Outcome, Phase, Scope, Sighting
from gatekeeper.rules.statuses import GrantStatus

from .drift import Drift
from .grants import Grant
from .hub_access import HubAccess, RepositoryWish
from .ladders import Release, Stage
from .licences import Acceptance
from .policies import current_policies
from .procedures import Procedure, StoppedGrant
from .repositories import STEWARDING, Repository

if TYPE_CHECKING:
    from accounts.viewer import Viewer

# The Hub has no such account any more, so there is nobody who could get in.
GONE = "person_gone"


@dataclass(frozen=True, slots=True)
class AtRepository:
    """How a procedure stands with the Hub at one repository: rows not told yet, told, read back, and parked."""

    repository: Repository
    untold: int
    told: int
    confirmed: int
    parked: int

    @property
    def rows(self) -> int:
        """Return how many people it is about there."""
        return self.untold + self.told + self.confirmed + self.parked


@dataclass(frozen=True, slots=True)
class StopTally:
    """People of an emergency stop: still to be suspended, and of the others how the Hub was read back.

    `kept` have access at some repository through another stage that is not stopped; `again` were let in on the Hub by
    hand since. Of a lift: by what became of their grants, `returned` being those who are to have access again.
    """

    to_do: int
    suspended: int = 0
    confirmed: int = 0
    waiting: int = 0
    parked: int = 0
    kept: int = 0
    again: int = 0
    returned: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def people(self) -> int:
        """Return how many people it is about."""
        return self.to_do + self.suspended


def coverable(scope: Scope, viewer: "Viewer") -> QuerySet[Any]:
    """Return the stages, releases, repositories or publishers of which a viewer may prepare a procedure."""
    theirs = Publisher.objects.all()
    if not viewer.is_operator:
        theirs = theirs.filter(pk__in=viewer.publishers_with(*STEWARDING))
    by_scope: dict[Scope, QuerySet[Any]] = {
        Scope.STAGE: Stage.objects.filter(release__publisher__in=theirs).select_related("release__publisher"),
        Scope.RELEASE: Release.objects.filter(publisher__in=theirs).select_related("publisher"),
        Scope.REPOSITORY: Repository.objects.linked().filter(publisher__in=theirs).select_related("publisher"),
        Scope.PUBLISHER: theirs,
    }
    return by_scope[scope]


def covered(procedure: Procedure) -> QuerySet[Stage]:
    """Return the stages that an emergency stop covers."""
    by_scope: dict[str, Q] = {
        Scope.STAGE: Q(pk=procedure.stage_id),
        Scope.RELEASE: Q(release=procedure.release_id),
        Scope.REPOSITORY: Q(repositories=procedure.repository_id),
        Scope.PUBLISHER: Q(release__publisher=procedure.publisher_id),
    }
    return Stage.objects.filter(by_scope[procedure.scope])


def to_stop(procedure: Procedure) -> QuerySet[Grant]:
    """Return the grants that a stop has still to suspend, the newest first."""
    return Grant.objects.wanted().filter(stage__in=covered(procedure)).order_by("-created_at", "-pk")


def would_keep(procedure: Procedure) -> int:
    """Return how many of those whom a stop would suspend have access through a stage that it does not cover."""
    elsewhere = (
        Grant.objects.wanted()
        .filter(person=OuterRef("person"), stage__repositories=OuterRef("stage__repositories"))
        .exclude(stage__in=covered(procedure))
    )
    return to_stop(procedure).order_by().filter(Exists(elsewhere)).values("pk").distinct().count()


def repositories_of(procedure: Procedure) -> QuerySet[Repository]:
    """Return the linked repositories at which a procedure changes what people may do."""
    if not procedure.is_stop:
        return Repository.objects.filter(pk=procedure.covers.pk)
    return Repository.objects.linked().filter(stages__in=covered(procedure)).distinct()


def _rows() -> QuerySet[HubAccess]:
    """Return the rows of the person of an outer stopped grant, at the linked repositories of its stage."""
    return HubAccess.objects.filter(
        person=OuterRef("grant__person"),
        repository__stages=OuterRef("grant__stage"),
        repository__unlinked_at=None,
    )


WAITING = Q(due_at__isnull=False, parked_reason="")
PARKED = ~Q(parked_reason="") & ~Q(parked_reason=GONE)


def tally_of_stop(procedure: Procedure) -> StopTally:
    """Return how far a stop, or its lift, has come. Three statements."""
    if procedure.is_lifting:
        return _tally_of_lift(procedure)
    ended = _rows().exclude(access=Access.YES)
    counted: dict[str, Any] = (
        StoppedGrant.objects.filter(procedure=procedure)
        .annotate(
            waits=Exists(ended.filter(WAITING)),
            stuck=Exists(ended.filter(PARKED)),
            goes_on=Exists(_rows().filter(access=Access.YES)),
            let_in=Exists(ended.filter(due_at=None, parked_reason="", seen=Seen.ACCEPTED)),
        )
        .aggregate(
            suspended=Count("pk"),
            confirmed=Count("pk", filter=Q(waits=False, stuck=False)),
            waiting=Count("pk", filter=Q(waits=True)),
            parked=Count("pk", filter=Q(stuck=True, waits=False)),
            kept=Count("pk", filter=Q(goes_on=True)),
            again=Count("pk", filter=Q(let_in=True)),
        )
    )
    return StopTally(to_do=to_stop(procedure).count(), **counted)


def _tally_of_lift(procedure: Procedure) -> StopTally:
    of_it = StoppedGrant.objects.filter(procedure=procedure)
    given = Q(outcome=Outcome.RETURNED)
    counted: dict[str, Any] = of_it.annotate(
        waits=Exists(_rows().filter(WAITING)), stuck=Exists(_rows().filter(PARKED))
    ).aggregate(
        to_do=Count("pk", filter=Q(outcome="")),
        suspended=Count("pk", filter=~Q(outcome="")),
        returned=Count("pk", filter=given),
        confirmed=Count("pk", filter=given & ~Q(grant__status=GrantStatus.PENDING_ACTIVATION)),
        waiting=Count("pk", filter=given & Q(grant__status=GrantStatus.PENDING_ACTIVATION, waits=True)),
        parked=Count("pk", filter=given & Q(grant__status=GrantStatus.PENDING_ACTIVATION, waits=False, stuck=True)),
    )
    outcomes = dict(of_it.exclude(outcome="").values_list("outcome").annotate(number=Count("pk")))
    return StopTally(**counted, outcomes=outcomes)


def at_repositories(procedure: Procedure) -> list[AtRepository]:
    """Return how a stop or its lift stands with the Hub at each repository, by name. Three statements.

    Whoever is still to be suspended counts as not told yet.
    """
    to_come = Grant.objects.none() if procedure.is_lifting else to_stop(procedure).order_by()
    still = dict(to_come.values_list("stage__repositories").annotate(number=Count("pk")))
    of_it = StoppedGrant.objects.filter(
        procedure=procedure,
        grant__person=OuterRef("person"),
        grant__stage__repositories=OuterRef("repository"),
    )
    lifted = procedure.is_lifting
    rows = HubAccess.objects.filter(Exists(of_it.filter(outcome=Outcome.RETURNED) if lifted else of_it))
    rows = rows.filter(access=Access.YES) if lifted else rows.exclude(access=Access.YES)
    told = Q(applied_generation__isnull=False) & Q(applied_at__gte=procedure.phase_at)
    counted: dict[int, Any] = {
        each["repository"]: each
        for each in rows.values("repository").annotate(
            untold=Count("pk", filter=WAITING & ~told),
            told=Count("pk", filter=WAITING & told),
            confirmed=Count("pk", filter=Q(due_at=None, parked_reason="") | Q(parked_reason=GONE)),
            parked=Count("pk", filter=PARKED),
        )
    }
    places = []
    for each in repositories_of(procedure).select_related("token", "publisher").order_by("name"):
        here = counted.get(each.pk, {})
        numbers = {name: here.get(name, 0) for name in ("untold", "told", "confirmed", "parked")}
        numbers["untold"] += still.get(each.pk, 0)
        places.append(AtRepository(each, **numbers))
    return places


def what_would_return(procedure: Procedure) -> dict[str, int]:
    """Return what lifting a stop would do to what it has suspended, counted by outcome. One statement for each."""
    still = StoppedGrant.objects.filter(procedure=procedure, outcome="")
    suspended = still.filter(grant__status=GrantStatus.SUSPENDED)
    held = suspended.filter(Exists(Procedure.objects.holding("grant__stage__").exclude(pk=procedure.pk)))
    free = suspended.exclude(pk__in=held.values("pk"))
    returned = to_be_given_back(free).count()
    return {
        Outcome.RETURNED: returned,
        Outcome.LICENCE: free.count() - returned,
        Outcome.HELD: held.count(),
        Outcome.ENDED: still.count() - suspended.count(),
    }


def to_be_given_back(stopped: QuerySet[StoppedGrant]) -> QuerySet[StoppedGrant]:
    """Return those of these whose person has accepted the licence in force, or was brought in with terms unproven."""
    stages = list(Stage.objects.filter(pk__in=stopped.values("grant__stage")))
    fits = Q(grant__decision=None, grant__acceptance=None, grant__lapsed_at=None)
    for stage, policy in current_policies(stages).items():
        accepted = Acceptance.objects.filter(
            person=OuterRef("grant__person"), licence_version=policy.licence_version_id
        )
        fits |= Q(Exists(accepted), grant__stage=stage)
    return stopped.filter(fits)


def is_read_back(procedure: Procedure) -> bool:
    """Say whether what a procedure does in this phase is done, and the Hub was read back as saying so."""
    if not procedure.is_stop:
        return _is_public_again(procedure)
    tally = tally_of_stop(procedure)
    if tally.to_do or tally.waiting:
        return False
    return procedure.is_lifting or not tally.parked


# A safe re-gate


@dataclass(frozen=True, slots=True)
class GhostTally:
    """People whom the Hub lets in at a repository: with a grant, excepted until a day, undecided, and being ended."""

    accepted: int
    granted: int
    excepted: int
    undecided: int
    closing: int
    parked: int

    @property
    def left(self) -> int:
        """Return how many are let in whom neither a grant nor an exception lets in."""
        return self.accepted - self.granted - self.excepted


def ghost_drift(procedure: Procedure) -> QuerySet[Drift]:
    """Return the access at its repository that nobody gave, as it was found, and about which nothing is done yet."""
    return Drift.objects.waiting().filter(repository=procedure.repository_id, kind=DriftKind.GHOST_ACCESS)


def to_close(procedure: Procedure) -> QuerySet[Drift]:
    """Return the ghost access that a person has confirmed to end, the newest first. What came later is not in it."""
    if procedure.confirmed_at is None or procedure.up_to is None:
        return Drift.objects.none()
    meant = Q(pk__lte=procedure.up_to, status_at__lte=procedure.confirmed_at)
    return ghost_drift(procedure).filter(meant).order_by("-since", "-pk")


def undecided(procedure: Procedure) -> QuerySet[Drift]:
    """Return the ghost access at its repository that nobody has confirmed to end."""
    return ghost_drift(procedure).exclude(pk__in=to_close(procedure).order_by().values("pk"))


def tally_of_ghosts(procedure: Procedure) -> GhostTally:
    """Return who is let in at the repository of a re-gate, by why. Two statements."""
    accepted = HubAccess.objects.filter(repository=procedure.repository_id, seen=Seen.ACCEPTED)
    excused = Drift.objects.filter(
        repository=procedure.repository_id,
        person=OuterRef("person"),
        kind=DriftKind.GHOST_ACCESS,
        status=DriftStatus.EXCEPTED,
    )
    without = ~Q(access=Access.YES)
    counted = accepted.annotate(excused=Exists(excused)).aggregate(
        accepted=Count("pk"),
        granted=Count("pk", filter=~without),
        excepted=Count("pk", filter=without & Q(excused=True)),
        closing=Count("pk", filter=without & Q(due_at__isnull=False, parked_reason="")),
        parked=Count("pk", filter=without & ~Q(parked_reason="")),
    )
    return GhostTally(undecided=undecided(procedure).count(), **counted)


def sighting_of(procedure: Procedure) -> Sighting:
    """Return what a safe re-gate goes by, as the Hub was last read."""
    repository = Repository.objects.get(pk=procedure.covers.pk)
    wish = RepositoryWish.objects.filter(repository=repository).first()
    wished = wish is not None and wish.due_at is None and wish.confirmed_at is not None
    began = repository.read_in_full_from
    ghosts = tally_of_ghosts(procedure)
    return Sighting(
        private=repository.seen_private,
        gated=repository.seen_gate == "manual",
        wished=wished,
        lists_read=bool(
            wish is not None and wish.confirmed_at is not None and began is not None and began > wish.confirmed_at
        ),
        undecided=ghosts.undecided,
        left=ghosts.left,
    )


def _is_public_again(procedure: Procedure) -> bool:
    if procedure.phase != Phase.PUBLIC:
        return False
    repository = Repository.objects.get(pk=procedure.covers.pk)
    if procedure.was_private:
        return repository.seen_private and repository.seen_gate == "manual"
    confirmed = RepositoryWish.objects.confirmed().filter(repository=repository, visibility="public").exists()
    return confirmed and not repository.seen_private and repository.seen_gate == "manual"


def write_read_back(procedure: Procedure) -> None:
    """Write on each grant of a stop when the Hub was last read back as not letting its person in any more."""
    of_it = HubAccess.objects.filter(
        person__grants=OuterRef("grant_id"),
        repository__stages__grants=OuterRef("grant_id"),
        repository__unlinked_at=None,
    )
    last = of_it.exclude(access=Access.YES).order_by("-confirmed_at").values("confirmed_at")[:1]
    StoppedGrant.objects.filter(procedure=procedure).update(read_back_at=Subquery(last))


def proof_lines(procedure: Procedure) -> Iterator[tuple[StoppedGrant, str]]:
    """Return each grant of a stop with the line that its proof holds of it: no name, only ids and times."""
    rows = procedure.stopped.select_related("grant__person", "grant__stage").order_by("pk")
    for row in rows.iterator(chunk_size=1_000):
        read = "-" if row.read_back_at is None else row.read_back_at.isoformat()
        yield row, f"{row.grant_id} {row.suspended_at.isoformat()} {read}"


def digest_of(lines: Iterable[str]) -> str:
    """Return the SHA-256 of lines, each ended by a line feed, in hexadecimal."""
    digest = sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
