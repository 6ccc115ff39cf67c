"""Verbs of linked repositories: link, start from what is there, keep a card, unlink. None of them writes to the Hub."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import HubToken, Membership, Publisher
from accounts.viewer import Viewer
from gatekeeper.models import Card, HubAccess, Repository, RepositoryKind, RepositoryWish, Stage
from gatekeeper.models.roles import roles_at
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import acting, record
from .hub_hooks import watch_anew
from .licences import publish_licence_version
from .nudges import nudge
from .people import appoint
from .policies import draft_form, publish_form, publish_policy
from .releases import STEWARDS, add_stage, create_release, publish_ladder, require
from .stages import open_stage

LINKED = Refusal("already_linked", _("This repository is linked already."))
FOREIGN_TOKEN = Refusal("token_of_another", _("This token belongs to another publisher."))
NOT_YOURS = Refusal("other_namespace", _("A publisher links only repositories of its own namespace."))
NOT_LINKED = Refusal("not_linked", _("This repository is not linked any more."))
IN_USE = Refusal("stage_open", _("A stage that is open uses this repository. Close the stage first."))
STOPPED = Refusal(
    "stopped",
    _("An emergency stop takes access to this repository away. It stays linked until the stop is lifted."),
)
NO_LICENCE = Refusal(
    "licence_missing",
    _("The repository has no licence file that could be accepted. Add one, or publish a licence here."),
)


def link(
    publisher: Publisher,
    *,
    by: Viewer,
    kind: str,
    name: str,
    token: HubToken,
    found: Mapping[str, Any],
    at: datetime | None = None,
) -> Repository:
    """Link a repository, with what was read of it: gate, private, tags, licence, commit, hub_id.

    Nothing is written to the Hub. The caller has asked the Hub that the token may write there.
    Raises NotAllowed, Invalid, WrongState if it is linked.
    """
    require(by, publisher.pk)
    at = at or timezone.now()
    if token.publisher_id != publisher.pk:
        raise Invalid(FOREIGN_TOKEN, {"token": FOREIGN_TOKEN})
    if kind not in RepositoryKind.values or name.partition("/")[0].lower() != publisher.name.lower():
        raise Invalid(NOT_YOURS, {"name": NOT_YOURS})
    with transaction.atomic():
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
        if Repository.objects.linked().filter(kind=kind, name__iexact=name).exists():
            raise WrongState(LINKED)
        repository = Repository.objects.create(
            publisher=publisher,
            kind=kind,
            name=name,
            token=token,
            linked_by=acting(by),
            linked_at=at,
            observe_due_at=at,
            seen_at=at,
            **_seen_fields(found),
        )
        record([("repository.link", repository, {"kind": kind})], by=acting(by), at=at)
        watch_anew(publisher.pk, at=at)
        nudge("observe", repository.pk)
    return repository


def _seen_fields(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hub_id": str(found.get("hub_id") or ""),
        "seen_gate": str(found.get("gate") or ""),
        "seen_private": bool(found.get("private")),
        "seen_tags": list(found.get("tags") or ()),
        "seen_licence": str(found.get("licence") or "")[:100],
        "seen_commit": str(found.get("commit") or ""),
    }


def keep_card(
    repository: Repository,
    *,
    commit: str,
    text: bytes,
    gate: Mapping[str, Any],
    findings: Sequence[Any] = (),
    at: datetime | None = None,
) -> Card:
    """Keep a card as it was read at a commit; the same commit again returns the first."""
    card, _made = Card.objects.get_or_create(
        repository=repository,
        commit=commit,
        defaults={
            "text": text,
            "sha256": raw_hash(text),
            "read_at": at or timezone.now(),
            "gate": dict(gate),
            "findings": list(findings),
        },
    )
    return card


def start_from_what_is_there(
    repository: Repository,
    *,
    by: Viewer,
    questions_asked: list[dict[str, Any]],
    licence: Mapping[str, Any],
    intake: str = "hub_is_enough",
    at: datetime | None = None,
) -> Stage:
    """Make a release of one stage from what the repository has: its card's form, its licence, one approval, no end.

    The card stays untouched. `licence` holds identifier, title, text, path, commit. The stage opens
    as soon as the gate was read back as manual.
    Raises NotAllowed, Invalid if there is no licence text.
    """
    require(by, repository.publisher_id)
    at = at or timezone.now()
    if not licence.get("text"):
        raise Invalid(NO_LICENCE, {"licence": NO_LICENCE})
    title = repository.name.partition("/")[2]
    with transaction.atomic():
        release = create_release(
            repository.publisher,
            by=by,
            title=title,
            at=at,
            not_for_all_audiences="not-for-all-audiences" in repository.seen_tags,
        )
        stage = add_stage(
            release,
            by=by,
            title="Access on request",
            repositories=[repository],
            at=at,
            audience="Everybody whose request is approved.",
        )
        draft = draft_form(repository.publisher, by=by, title=title, questions_asked=questions_asked, at=at)
        form = publish_form(draft, by=by, confirmed=True, at=at)  # the page of this step shows what is to be reviewed
        version = publish_licence_version(
            repository.publisher,
            by=by,
            identifier=licence["identifier"],
            title=licence["title"],
            text=licence["text"],
            restrictions=licence.get("restrictions", ()),
            source_repository=repository,
            source_commit=licence.get("commit", ""),
            source_path=licence.get("path", ""),
            at=at,
        )
        publish_policy(stage, by=by, form=form, licence_version=version, terms={"intake": intake}, at=at)
        publish_ladder(release, by=by, at=at)
        _have_a_reviewer(repository.publisher, by=by, at=at)
        return open_stage(Stage.objects.get(pk=stage.pk), by=by, at=at)


def _have_a_reviewer(publisher: Publisher, *, by: Viewer, at: datetime) -> None:
    """Let an owner who starts alone review as well, until others are appointed: somebody has to be able to decide."""
    alone = not Membership.objects.filter(publisher=publisher, role=Membership.Role.REVIEWER).exists()
    if alone and Role.OWNER in roles_at(by, publisher.pk):
        appoint(publisher, by=by, user=acting(by), role=Membership.Role.REVIEWER, at=at)


def take_up_again(repository: Repository, *, by: Viewer, at: datetime | None = None) -> int:
    """Try again what waits for a person to look at a repository; returns how many rows. What still fails parks again.

    For stewards, owners, operators, and the worker that a shell command calls. Raises NotAllowed.
    """
    require(by, repository.publisher_id, STEWARDS | {Role.OPERATOR, Role.HUB})
    at = at or timezone.now()
    again: dict[str, Any] = {"parked_reason": "", "attempts": 0, "due_at": at}
    with transaction.atomic():
        parked = HubAccess.objects.parked().filter(repository=repository).select_for_update(no_key=True)
        rows = list(parked.order_by("pk").values_list("pk", flat=True))
        freed = HubAccess.objects.filter(pk__in=rows).update(**again)
        freed += RepositoryWish.objects.exclude(parked_reason="").filter(repository=repository).update(**again)
        freed += (
            Repository.objects.linked()
            .exclude(parked_reason="")
            .filter(pk=repository.pk)
            .update(parked_reason="", observe_attempts=0, observe_due_at=at)
        )
        if freed:
            record([("repository.take_up_again", repository, {"rows": freed})], by=acting(by), at=at)
        nudge("settle")
        nudge("observe", repository.pk)
    return freed


def follow(repository: Repository, *, name: str, at: datetime | None = None) -> Repository:
    """Take over the new name of a repository that was renamed on the Hub; it is the same one, by its id there.

    One that went to another namespace keeps its old name here, and so does one whose new name is linked already.
    """
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(repository)
        ours = _namespace(name) == _namespace(locked.name)
        if ours and not _is_taken(locked, name):
            _rename(locked, name, step="repository.follow", by=Viewer.system("hub"), at=at)
    repository.name = locked.name
    return locked


def take_over(repository: Repository, *, name: str, by: Viewer, at: datetime | None = None) -> Repository:
    """Take over the name that a repository has on the Hub now, also in another namespace. For stewards.

    Whose that namespace is has been found out by whoever calls this. Raises NotAllowed, WrongState.
    """
    require(by, repository.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(repository)
        if locked.unlinked_at is not None:
            raise WrongState(NOT_LINKED)
        if _is_taken(locked, name):
            raise WrongState(LINKED)
        _rename(locked, name, step="repository.take_over", by=by, at=at)
    repository.name = locked.name
    return locked


def _locked(repository: Repository) -> Repository:
    return Repository.objects.select_for_update(no_key=True, of=("self",)).get(pk=repository.pk)


def _namespace(name: str) -> str:
    return name.partition("/")[0].lower()


def _is_taken(repository: Repository, name: str) -> bool:
    """Say whether another link has this name."""
    same = Repository.objects.linked().filter(kind=repository.kind, name__iexact=name)
    return same.exclude(pk=repository.pk).exists()


def _rename(repository: Repository, name: str, *, step: str, by: Viewer, at: datetime) -> None:
    if name == repository.name:
        return
    record([(step, repository, {"from": repository.name, "to": name})], by=acting(by), at=at)
    repository.name = name
    repository.save(update_fields=["name"])
    watch_anew(repository.publisher_id, at=at)


def unlink(repository: Repository, *, by: Viewer, at: datetime | None = None) -> Repository:
    """Unlink a repository; nothing changes on the Hub.

    Raises NotAllowed, WrongState while an open stage uses it, or an emergency stop holds one that does.
    """
    require(by, repository.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        # The stages are locked too, so that none opens on this repository meanwhile.
        used = Stage.objects.filter(repositories=repository)
        list(used.select_for_update(no_key=True).order_by("pk"))
        locked = Repository.objects.select_for_update(no_key=True).get(pk=repository.pk)
        if locked.unlinked_at is not None:
            return locked
        if used.in_use().exists():
            raise WrongState(IN_USE)
        if used.stopped().exists():
            raise WrongState(STOPPED)
        locked.unlinked_at, locked.unlinked_by = at, acting(by)
        locked.save(update_fields=["unlinked_at", "unlinked_by"])
        record([("repository.unlink", locked, {})], by=acting(by), at=at)
        watch_anew(locked.publisher_id, at=at)
    return locked
