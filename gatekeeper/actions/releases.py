"""Verbs of a release and its ladder: found it, add stages, publish it."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import Ladder, Release, Repository, Stage
from gatekeeper.models.roles import roles_at
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role, StageStatus

from ._step import acting, record

STEWARDS = frozenset({Role.STEWARD, Role.OWNER})

NO_TITLE = Refusal("title_missing", _("Give it a title."))
TAKEN = Refusal("name_taken", _("You have a release of this name already; choose another title."))
FOREIGN = Refusal(
    "repository_not_linked", _("Only repositories that this publisher has linked can be part of a stage.")
)
NO_STAGE = Refusal("no_stage", _("A ladder needs at least one stage before it is published."))
NO_REPOSITORY = Refusal("no_repository", _("A stage needs at least one repository."))
NOT_PLANNED = Refusal(
    "stage_not_planned", _("This stage is not planned any more: what it promised stays as it is. Add another stage.")
)
PUBLISHED = Refusal("already_published", _("This version is published already, and so cannot change."))


def require(by: Viewer, publisher_id: int, roles: frozenset[Role] = STEWARDS) -> None:
    """Raise NotAllowed unless the viewer holds one of the roles at the publisher."""
    acting(by)
    if not roles_at(by, publisher_id) & roles:
        raise NotAllowed(NOT_YOURS)


def create_release(
    publisher: Publisher,
    *,
    by: Viewer,
    title: str,
    summary: str = "",
    not_for_all_audiences: bool = False,
    at: datetime | None = None,
) -> Release:
    """Found a release, for its publisher's people only until its ladder is published. Raises NotAllowed, Invalid."""
    require(by, publisher.pk)
    at = at or timezone.now()
    title = title.strip()
    if not title:
        raise Invalid(NO_TITLE, {"title": NO_TITLE})
    slug = slugify(title, allow_unicode=False)[:80] or f"release-{publisher.releases.count() + 1}"
    with transaction.atomic():
        release, made = Release.objects.get_or_create(
            publisher=publisher,
            slug=slug,
            defaults={
                "title": title,
                "summary": summary,
                "not_for_all_audiences": not_for_all_audiences,
                "created_at": at,
                "created_by": acting(by),
            },
        )
        if not made:
            raise Invalid(TAKEN, {"title": TAKEN})
        record([("release.create", release, {})], by=acting(by), at=at)
    return release


def change_release(
    release: Release,
    *,
    by: Viewer,
    title: str,
    summary: str = "",
    not_for_all_audiences: bool = False,
    at: datetime | None = None,
) -> Release:
    """Change what a release says of itself; its address stays. Raises NotAllowed, Invalid."""
    require(by, release.publisher_id)
    at = at or timezone.now()
    if not title.strip():
        raise Invalid(NO_TITLE, {"title": NO_TITLE})
    with transaction.atomic():
        locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
        locked.title, locked.summary = title.strip(), summary.strip()
        locked.not_for_all_audiences = not_for_all_audiences
        locked.save(update_fields=["title", "summary", "not_for_all_audiences"])
        record([("release.change", locked, {"not_for_all_audiences": not_for_all_audiences})], by=acting(by), at=at)
    return locked


def add_stage(
    release: Release,
    *,
    by: Viewer,
    title: str,
    audience: str = "",
    repositories: Iterable[Repository] = (),
    promised_on: date | None = None,
    at: datetime | None = None,
) -> Stage:
    """Add the next rung of the ladder. Raises NotAllowed, Invalid (a repository of somebody else, or none)."""
    require(by, release.publisher_id)
    at = at or timezone.now()
    included = list(repositories)
    _check_stage(release, title, included)
    with transaction.atomic():
        Release.objects.select_for_update(no_key=True).get(pk=release.pk)
        last = release.stages.order_by("-ordinal").first()
        stage = Stage.objects.create(
            release=release,
            ordinal=last.ordinal + 1 if last else 1,
            title=title.strip(),
            audience=audience.strip(),
            status=StageStatus.PLANNED,
            status_at=at,
            promised_on=promised_on,
        )
        stage.repositories.set(included)
        record(
            [("stage.plan", stage, {"repositories": [repository.pk for repository in included]})], by=acting(by), at=at
        )
    return stage


def change_stage(
    stage: Stage,
    *,
    by: Viewer,
    title: str,
    audience: str = "",
    repositories: Iterable[Repository] = (),
    promised_on: date | None = None,
    at: datetime | None = None,
) -> Stage:
    """Change a stage while it is planned. Raises NotAllowed, Invalid, WrongState once it was opened or closed."""
    require(by, stage.release.publisher_id)
    at = at or timezone.now()
    included = list(repositories)
    _check_stage(stage.release, title, included)
    with transaction.atomic():
        locked = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=stage.pk)
        if locked.status != StageStatus.PLANNED:
            raise WrongState(NOT_PLANNED)
        locked.title, locked.audience, locked.promised_on = title.strip(), audience.strip(), promised_on
        locked.save(update_fields=["title", "audience", "promised_on"])
        locked.repositories.set(included)
        record(
            [("stage.change", locked, {"repositories": [repository.pk for repository in included]})],
            by=acting(by),
            at=at,
        )
    return locked


def _check_stage(release: Release, title: str, included: list[Repository]) -> None:
    if not title.strip():
        raise Invalid(NO_TITLE, {"title": NO_TITLE})
    if not included:
        raise Invalid(NO_REPOSITORY, {"repositories": NO_REPOSITORY})
    if any(repository.publisher_id != release.publisher_id or repository.unlinked_at for repository in included):
        raise Invalid(FOREIGN, {"repositories": FOREIGN})


def publish_ladder(release: Release, *, by: Viewer, at: datetime | None = None) -> Ladder:
    """Publish the ladder as it stands, as an immutable version with its hash; the release becomes public with it."""
    require(by, release.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
        document = locked.ladder_document()
        if not document["stages"]:
            raise WrongState(NO_STAGE)
        last = locked.ladders.order_by("-number").first()
        if last is not None and last.document == document:
            return last
        ladder = Ladder(
            release=locked,
            number=last.number + 1 if last else 1,
            document=document,
            created_at=at,
            created_by=acting(by),
            supersedes=last,
        )
        ladder.seal(by=acting(by), at=at)
        ladder.save()
        if locked.published_at is None:
            Release.objects.filter(pk=locked.pk).update(published_at=at)
        record([("ladder.publish", locked, {"ladder": ladder.pk, "sha256": ladder.sha256})], by=acting(by), at=at)
    return ladder
