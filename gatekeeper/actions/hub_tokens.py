"""Verbs of a publisher's Hub tokens: have one checked, let it speak for repositories, retire it. None calls the Hub.

A new token is kept beside those that are in use (people.keep_token). It speaks for nothing that has a working one until
somebody says so, and that can be said only once it was seen to reach what it is to speak for.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import HubToken, User
from accounts.viewer import Viewer
from gatekeeper.models import Notice, Repository, TokenReach
from gatekeeper.models.roles import roles_at
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import NotAllowed, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import acting, record, tell
from .nudges import nudge
from .releases import STEWARDS, require

OWNERS = frozenset({Role.OWNER})
QUIET = timedelta(hours=6)  # between two mails about the same trouble of one token

RETIRED = Refusal("token_retired", _("This token is retired: it was deleted here."))
NOT_CHECKED = Refusal("token_not_checked", _("This token was not checked yet. Have it checked, and try again."))
NOT_WORKING = Refusal("token_not_working", _("The Hub does not let this token do what it is for."))
NOT_THERE = Refusal(
    "token_does_not_reach",
    _("This token was not seen to reach %(repositories)s. Have it checked, or let another one speak for it."),
)
IN_USE = Refusal(
    "token_in_use",
    _("This token speaks for %(repositories)s. Let another one do so, then retire this one."),
)

H = HubToken.Health
# What its people are told about, once for each change: kind of notice, by health.
ALARMS = {
    H.REFUSED: "token_refused",
    H.UNREADABLE: "token_unreadable",
    H.READ_ONLY: "token_narrowed",
    H.NARROW: "token_narrowed",
    H.LIMITED: "token_held_back",
    H.EXPIRING: "token_ends",
}


def check_token(token: HubToken, *, by: Viewer, at: datetime | None = None) -> HubToken:
    """Have a token checked now, and not only within the hour. For stewards, owners and operators.

    Raises NotAllowed, WrongState for one that is retired.
    """
    acting(by)
    if not by.is_operator and not roles_at(by, token.publisher_id) & STEWARDS:
        raise NotAllowed(NOT_YOURS)
    with transaction.atomic():
        locked = _locked(token)
        locked.check_due_at = at or timezone.now()
        locked.save(update_fields=["check_due_at"])
        nudge("tokens")
    return locked


def use_token(
    token: HubToken, *, by: Viewer, repositories: Iterable[Repository] | None = None, at: datetime | None = None
) -> list[Repository]:
    """Let a token speak for repositories of its publisher, or (None) for all that it reaches; returns those it took on.

    Workers go on with it from their next call. Raises NotAllowed unless an owner asks, WrongState for one that is
    retired, Unmet where it was not checked, does not work, or was not lately seen to reach what was named, or anything.
    """
    require(by, token.publisher_id, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(token)
        if locked.health == H.UNKNOWN:
            raise Unmet(NOT_CHECKED)
        if locked.health in HubToken.USELESS:
            raise Unmet(NOT_WORKING)
        wanted = Repository.objects.linked().filter(publisher=locked.publisher_id).exclude(token=locked)
        if repositories is not None:
            wanted = wanted.filter(pk__in=[each.pk for each in repositories])
        found = list(wanted.select_for_update(no_key=True, of=("self",)).select_related("token").order_by("pk"))
        good = TokenReach.objects.good(at=at).filter(token=locked).values_list("repository", flat=True)
        reached = set(good.filter(repository__in=found))
        taken = [each for each in found if each.pk in reached]
        missed = [each for each in found if each.pk not in reached]
        if missed and (repositories is not None or not taken):
            raise Unmet(_naming(NOT_THERE, missed))
        _speak_for(taken, locked, by=by, at=at)
    return taken


def _speak_for(repositories: list[Repository], token: HubToken, *, by: Viewer, at: datetime) -> None:
    if not repositories:
        return
    before = sorted({each.token.fingerprint for each in repositories})
    ids = [each.pk for each in repositories]
    Repository.objects.filter(pk__in=ids).update(token=token)
    # What had stopped for want of a token is looked at now, and goes on if the new one heals it.
    Repository.objects.filter(pk__in=ids).exclude(parked_reason="").update(observe_due_at=at)
    values = {"fingerprint": token.fingerprint, "before": before, "repositories": ids}
    record([("hubtoken.use", token, values)], by=acting(by), at=at)
    nudge("settle")
    nudge("observe", *ids)


def retire_token(token: HubToken, *, by: Viewer, at: datetime | None = None) -> HubToken:
    """Delete a token here. It stays on the Hub until its person deletes it there.

    Raises NotAllowed unless an owner asks, WrongState for one that is retired already, Unmet while it speaks for a
    linked repository.
    """
    require(by, token.publisher_id, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(token)
        speaks_for = list(Repository.objects.linked().filter(token=locked).order_by("pk"))
        if speaks_for:
            raise Unmet(_naming(IN_USE, speaks_for))
        locked.ciphertext, locked.revoked_at, locked.check_due_at = "", at, None
        locked.save(update_fields=["ciphertext", "revoked_at", "check_due_at"])
        record([("hubtoken.retire", locked, {"fingerprint": locked.fingerprint})], by=acting(by), at=at)
    return locked


def _locked(token: HubToken) -> HubToken:
    locked = HubToken.objects.select_for_update(no_key=True).get(pk=token.pk)
    if locked.revoked_at is not None:
        raise WrongState(RETIRED)
    return locked


def _naming(refusal: Refusal, repositories: list[Repository]) -> Refusal:
    named = [each.name for each in repositories[:3]] + (["…"] if len(repositories) > 3 else [])
    return replace(refusal, values={"repositories": ", ".join(named)})


def note_health(token: HubToken, *, health: HubToken.Health, at: datetime | None = None) -> bool:
    """Write down how a token was seen to stand; where that is worse, tell its owners and the operators, once.

    Returns whether it has changed.
    """
    at = at or timezone.now()
    with transaction.atomic():
        locked = HubToken.objects.select_for_update(no_key=True).get(pk=token.pk)
        before, token.health, token.checked_at = locked.health, health, at
        if locked.revoked_at is not None:
            return False
        locked.health, locked.checked_at = health, at
        locked.save(update_fields=["health", "checked_at"])
        if before == health:
            return False
        values = {"fingerprint": locked.fingerprint, "health": str(health), "before": before}
        record([("hubtoken.change", locked, values)], by=acting(Viewer.system("hub")), at=at)
        if health in ALARMS:
            _tell(locked, ALARMS[health], at=at)
    return True


def _tell(token: HubToken, kind: str, *, at: datetime) -> None:
    lately = Notice.objects.filter(
        kind=kind, object_kind=token._meta.model_name, object_id=token.pk, created_at__gt=at - QUIET
    )
    if lately.exists():
        return
    owners = User.objects.filter(memberships__publisher=token.publisher_id, memberships__role__in=OWNERS)
    operators = User.objects.filter(is_operator=True, is_active=True)
    tell(((user, kind, token) for user in (owners | operators).distinct()), at=at)
