"""Verbs of people: appoint, dismiss, found a publisher, connect a Hub person.

No permission is asked here and no event is recorded: the caller does both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import HubPerson, Membership, Publisher, User


class CannotDo(Exception):
    """A refusal, with a sentence for the person who asked."""


def appoint(*, publisher: Publisher, user: User, role: str, by: User, at: datetime | None = None) -> Membership:
    """Give a user a role at a publisher; a role already held is returned as it is.

    Raises CannotDo for a system user or one whose account is closed, ValueError for an unknown role.
    """
    if role not in Membership.Role.values:
        raise ValueError(f"Unknown role: {role}")
    if user.is_system or not user.is_active:
        raise CannotDo(_("This account cannot hold a role, because nobody can sign in with it."))
    membership, _made = Membership.objects.get_or_create(
        publisher=publisher, user=user, role=role, defaults={"added_by": by, "added_at": at or timezone.now()}
    )
    return membership


def dismiss(*, publisher: Publisher, user: User, role: str, by: User, at: datetime | None = None) -> bool:
    """Take a role away; True if it was held. `by` and `at` are there for the caller's record.

    Raises CannotDo for the last owner: a publisher without one could never be managed again.
    """
    with transaction.atomic():
        # The lock makes two owners who dismiss each other at the same moment queue up.
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
        held = Membership.objects.filter(publisher=publisher, role=role)
        if role == Membership.Role.OWNER and not held.exclude(user=user).exists() and held.filter(user=user).exists():
            raise CannotDo(_("The last owner cannot be removed. Appoint another owner first."))
        removed, _by_model = held.filter(user=user).delete()
    return bool(removed)


# Hub persons and their users


def connect(*, person: HubPerson, user: User, at: datetime | None = None) -> HubPerson:
    """Tie a Hub person to a user, for good. Doing it twice changes nothing.

    Raises CannotDo when either is tied to another already, or the user is a system user.
    """
    if user.is_system:
        raise CannotDo(_("A system user cannot sign in."))
    with transaction.atomic():
        # Both rows are locked: two sign-ins at the same moment must not tie one user to two persons.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = HubPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
        refuse_connection(person=known, user=user)
        known.user = user
        known.proven_at = known.proven_at or at or timezone.now()
        known.save(update_fields=["user", "proven_at"])
    return known


def refuse_connection(*, person: HubPerson, user: User) -> None:
    """Raise CannotDo if this person and this user cannot belong together."""
    if person.user_id is not None and person.user_id != user.pk:
        raise CannotDo(
            _("%(name)s on the Hub belongs to another account here. Sign out, then sign in with Hugging Face.")
            % {"name": person}
        )
    other = HubPerson.objects.filter(user=user).exclude(pk=person.pk).first()
    if other is not None:
        raise CannotDo(
            _("Your account is connected to %(name)s on the Hub for good, and cannot be connected to a second name.")
            % {"name": other}
        )


def remember_orgs(*, person: HubPerson, claims: Mapping[str, Any], at: datetime | None = None) -> None:
    """Keep which organisations a sign-in showed, and in which role: what a publisher can be founded on."""
    person.orgs_seen = [
        {
            "name": str(org["preferred_username"]),
            "display_name": _clean_text(org.get("name")),
            "hub_id": str(org.get("sub") or ""),
            "role": str(org.get("roleInOrg") or ""),
        }
        for org in claims.get("orgs") or []
        if isinstance(org, dict) and org.get("preferred_username")
    ]
    person.orgs_seen_at = at or timezone.now()
    person.proven_at = person.proven_at or person.orgs_seen_at
    person.save(update_fields=["orgs_seen", "orgs_seen_at", "proven_at"])


def _clean_text(text: Any) -> str:
    return str(text or "").strip()[:200]


# Publishers

PROVING_ROLES = frozenset({"admin", "write"})
# Tokens that may do all that their person may; a fine-grained one names what it may write to.
WRITING_TOKENS = frozenset({"write", "god"})
WRITE_PERMISSION = "repo.write"
# A role on the Hub can be lost; what a sign-in showed is believed for this long.
PROOF_LASTS = timedelta(hours=24)


@dataclass(frozen=True)
class Namespace:
    """A namespace on the Hub that somebody can show to be theirs."""

    name: str
    kind: str
    hub_id: str = ""
    display_name: str = ""
    role: str = ""


def provable_namespaces(user: User, at: datetime | None = None) -> list[Namespace]:
    """What the last sign-in at the Hub proves: the person's own namespace, and organisations with admin or write."""
    person = HubPerson.objects.filter(user=user).first()
    if person is None or person.orgs_seen_at is None or person.orgs_seen_at < (at or timezone.now()) - PROOF_LASTS:
        return []
    own = Namespace(person.username, Publisher.Kind.USER, person.hub_user_id, person.fullname, "admin")
    orgs = [
        Namespace(org["name"], Publisher.Kind.ORGANISATION, org["hub_id"], org["display_name"], org["role"])
        for org in person.orgs_seen
        if org["role"] in PROVING_ROLES
    ]
    return [own, *sorted(orgs, key=lambda org: org.name.lower())]


def namespaces_of_token(whoami: Mapping[str, Any]) -> list[Namespace]:
    """What a Hub token proves, from the Hub's answer to whoami.

    That answer names every organisation of the token's person, whatever the token may do there: so a fine-grained token
    proves only what it may write to, and one that may only read, or that was given to an application, proves nothing.
    """
    token = (whoami.get("auth") or {}).get("accessToken") or {}
    known = _namespaces_of(whoami)
    if token.get("role") in WRITING_TOKENS:
        return known
    if token.get("role") != "fineGrained":
        return []
    writable = {
        str(scope["entity"].get("name") or "").lower()
        for scope in (token.get("fineGrained") or {}).get("scoped") or []
        if isinstance(scope.get("entity"), dict) and WRITE_PERMISSION in (scope.get("permissions") or [])
    }
    return [namespace for namespace in known if namespace.name.lower() in writable]


def _namespaces_of(whoami: Mapping[str, Any]) -> list[Namespace]:
    name, fullname = str(whoami.get("name") or ""), _clean_text(whoami.get("fullname"))
    if whoami.get("type") != "user":
        return [Namespace(name, Publisher.Kind.ORGANISATION, str(whoami.get("id") or ""), fullname, "write")]
    own = Namespace(name, Publisher.Kind.USER, str(whoami.get("id") or ""), fullname, "admin")
    orgs = [
        Namespace(
            str(org["name"]),
            Publisher.Kind.ORGANISATION,
            str(org.get("id") or ""),
            _clean_text(org.get("fullname")),
            str(org.get("roleInOrg") or ""),
        )
        for org in whoami.get("orgs") or []
        if isinstance(org, dict) and org.get("name") and org.get("roleInOrg") in PROVING_ROLES
    ]
    return [own, *orgs]


def found_publisher(
    *, user: User, namespace: str, proof: Mapping[str, Any] | None = None, at: datetime | None = None
) -> Publisher:
    """Make the publisher of a namespace, with this user as its owner.

    `proof` is the Hub's answer to whoami for a token; without it, the user's last sign-in at the Hub is the proof.
    Raises CannotDo when neither proves admin or write on the namespace, or the publisher is there already.
    """
    at = at or timezone.now()
    proven = provable_namespaces(user, at) if proof is None else namespaces_of_token(proof)
    found = next((known for known in proven if known.name.lower() == namespace.strip().lower()), None)
    if found is None or not found.name:
        raise CannotDo(_not_proven(namespace, by_token=proof is not None))
    same = Q(name__iexact=found.name) | Q(hub_id=found.hub_id) if found.hub_id else Q(name__iexact=found.name)
    try:
        with transaction.atomic():
            if Publisher.objects.filter(same).exists():
                raise IntegrityError
            publisher = Publisher.objects.create(
                name=found.name,
                kind=found.kind,
                hub_id=found.hub_id,
                display_name=found.display_name,
                created_by=user,
                proved_at=at,
                created_at=at,
            )
            appoint(publisher=publisher, user=user, role=Membership.Role.OWNER, by=user, at=at)
    except IntegrityError:
        raise CannotDo(
            _("%(name)s is a publisher here already. Ask one of its owners to add you.") % {"name": found.name}
        ) from None
    return publisher


def _not_proven(namespace: str, *, by_token: bool) -> str:
    if by_token:
        return _("This token does not prove that you may write to %(name)s on the Hub.") % {"name": namespace}
    return _(
        "Your last sign-in does not prove that you may write to %(name)s on the Hub. Sign in with Hugging Face again, "
        "and share that organisation when the Hub asks."
    ) % {"name": namespace}
