"""The verb that puts the first questions of a stage's form onto the cards of its repositories, at a steward's word."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Repository, Stage
from gatekeeper.models.policies import current_policies
from gatekeeper.rules import projection
from gatekeeper.rules.refusals import Unmet, WrongState

from ._step import acting, record
from ._wishes import wish_gate
from .releases import require


def project_form(stage: Stage, *, by: Viewer, card_link: str, at: datetime | None = None) -> list[Repository]:
    """Have the cards of a stage's repositories ask the first questions of its form, and say where to apply.

    A worker writes the cards; nothing of them changes but the questions and the two lines. Whoever calls this has shown
    a dry run. Raises NotAllowed, WrongState (the stage is not open), Unmet (no question for the Hub).
    """
    require(by, stage.release.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=stage.pk)
        policy = current_policies([locked]).get(locked.pk)
        projected = projection.to_hub(policy.form.document if policy else {"questions": []})
        refused = projection.why_not(locked.status, projected)
        if refused is not None:
            raise (WrongState if refused is projection.NOT_OPEN else Unmet)(refused)
        assert policy is not None, "an open stage has terms"
        repositories = list(Repository.objects.linked().filter(stages=locked).order_by("pk"))
        locked.tells_the_card = True
        locked.save(update_fields=["tells_the_card"])
        links = {repository.pk: card_link for repository in repositories}
        wish_gate(repositories, gate="manual", card_links=links, card_fields=projected.fields, at=at)
        details = {"form": policy.form.sha256, "repositories": [repository.pk for repository in repositories]}
        record([("stage.project_form", locked, details)], by=acting(by), at=at)
    return repositories
