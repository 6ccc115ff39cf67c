"""Nouns of people: users, Hub persons, publishers, memberships, tokens. Nothing here knows a gate.

A person of the Hub is known by the Hub's id, never by name or e-mail address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import ciphers

SYSTEM_USERS = ("clock", "hub")
HUB_ID = r"^[0-9a-f]{24}$"
NAME_LENGTH = 200


class PeopleManager(UserManager["User"]):
    """Users, and the named system users among them."""

    def system(self, name: str) -> User:
        """The system user of this name, made if it is missing.

        Raises ValueError if a person holds the name.
        """
        user, _made = self.get_or_create(
            username=name, defaults={"is_system": True, "is_active": False, "password": "!"}
        )
        if not user.is_system:
            raise ValueError(f"“{name}” is the name of a person, not of a system user.")
        return user


class User(AbstractUser):
    """Somebody who acts here: a person with an account, or a named system user such as the clock."""

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        FRENCH = "fr", _("French")

    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.ENGLISH)
    is_operator = models.BooleanField(_("operator"), default=False, help_text=_("Looks after this installation."))
    is_system = models.BooleanField(_("system user"), default=False, help_text=_("Acts by itself; cannot sign in."))

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        # In upper case, because that is how PostgreSQL is asked by __iexact.
        constraints = [
            models.UniqueConstraint(Upper("email"), condition=~Q(email=""), name="user_email_once"),
            models.UniqueConstraint(Upper("username"), name="user_username_once"),
            models.CheckConstraint(
                condition=Q(is_system=False) | Q(is_active=False, is_staff=False, is_superuser=False),
                name="user_system_cannot_sign_in",
            ),
        ]


class HubPersonQuerySet(models.QuerySet["HubPerson"]):
    """Questions asked of Hub persons."""

    def named(self, username: str) -> HubPersonQuerySet:
        """Whoever holds this name on the Hub now; names there ignore case."""
        return self.filter(username__iexact=username, gone_at=None)


class HubPersonManager(models.Manager.from_queryset(HubPersonQuerySet)):  # type: ignore[misc]
    """Hub persons are met, not made: see() is the only way in."""

    def see(self, *, hub_user_id: str, username: str, fullname: str = "", at: datetime | None = None) -> HubPerson:
        """Record that the Hub showed this person under this name at this time, and return the person."""
        row = {"hub_user_id": hub_user_id, "username": username, "fullname": fullname}
        return self.see_many([row], at=at)[hub_user_id]

    def see_many(self, rows: Iterable[Mapping[str, Any]], *, at: datetime | None = None) -> dict[str, HubPerson]:
        """Record many at once, in three statements however many they are; returns them by Hub id.

        A row has `hub_user_id`, `username` and perhaps `fullname`; an empty name changes nothing.
        Rows are written in the order of their ids, so that two observers cannot deadlock.
        Raises ValueError for an id that is not the Hub's 24 hexadecimal digits.
        """
        at = at or timezone.now()
        seen = sorted({row["hub_user_id"]: _as_seen(row) for row in rows}.items())
        if not seen:
            return {}
        ids = [hub_user_id for hub_user_id, _names in seen]
        usernames = [names[0] for _id, names in seen]
        fullnames = [names[1] for _id, names in seen]
        with connection.cursor() as cursor:
            cursor.execute(SEE_PEOPLE, [at, ids, usernames, fullnames])
            cursor.execute(SEE_NAMES, [at, at, ids])
        return {person.hub_user_id: person for person in self.filter(hub_user_id__in=ids)}


# Only what differs is written: a poll of ten thousand unchanged people writes nothing.
SEE_PEOPLE = """
INSERT INTO accounts_hubperson AS known (hub_user_id, username, fullname, first_seen_at, orgs_seen)
SELECT id, username, fullname, %s::timestamptz, '[]'::jsonb
FROM unnest(%s::text[], %s::text[], %s::text[]) AS seen (id, username, fullname)
ORDER BY id
ON CONFLICT (hub_user_id) DO UPDATE SET
    username = coalesce(nullif(excluded.username, ''), known.username),
    fullname = coalesce(nullif(excluded.fullname, ''), known.fullname),
    gone_at = NULL
WHERE known.gone_at IS NOT NULL
    OR (excluded.username <> '' AND excluded.username <> known.username)
    OR (excluded.fullname <> '' AND excluded.fullname <> known.fullname)
"""
# The last time is kept to the hour, for the same reason.
SEE_NAMES = """
INSERT INTO accounts_hubname AS known (person_id, username, first_seen_at, last_seen_at)
SELECT id, username, %s::timestamptz, %s::timestamptz
FROM accounts_hubperson
WHERE hub_user_id = ANY(%s::text[]) AND username <> ''
ORDER BY id
ON CONFLICT (person_id, username) DO UPDATE SET last_seen_at = excluded.last_seen_at
WHERE known.last_seen_at < excluded.last_seen_at - interval '1 hour'
"""


def _as_seen(row: Mapping[str, Any]) -> tuple[str, str]:
    """The two names of a row, as PostgreSQL can hold them."""
    return _clean(row.get("username")), _clean(row.get("fullname"))


def _clean(name: Any) -> str:
    return str(name or "").replace("\x00", "").strip()[:NAME_LENGTH]


class HubPerson(models.Model):
    """An account of the Hub, signed in here or not, by the id that survives a change of name."""

    hub_user_id = models.CharField(_("Hub id"), max_length=24, unique=True, validators=[RegexValidator(HUB_ID)])
    username = models.CharField(_("Hub name"), max_length=NAME_LENGTH, blank=True, db_index=True)
    fullname = models.CharField(_("full name"), max_length=NAME_LENGTH, blank=True)
    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="hub_person")
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    proven_at = models.DateTimeField(_("proven by sign-in"), null=True, blank=True)
    gone_at = models.DateTimeField(_("gone from the Hub"), null=True, blank=True)
    orgs_seen = models.JSONField(_("organisations at the last sign-in"), default=list, blank=True)
    orgs_seen_at = models.DateTimeField(_("organisations seen"), null=True, blank=True)

    objects = HubPersonManager()

    class Meta:
        verbose_name = _("Hub person")
        constraints = [
            models.CheckConstraint(condition=Q(hub_user_id__regex=HUB_ID), name="hub_person_id_is_the_hubs"),
            models.CheckConstraint(
                condition=Q(user=None) | Q(proven_at__isnull=False), name="hub_person_with_user_is_proven"
            ),
        ]
        indexes = [models.Index(Upper("username"), name="hub_person_username_folded")]

    def __str__(self) -> str:
        return self.username or self.hub_user_id


class HubName(models.Model):
    """A name that a Hub person was seen under, and when."""

    person = models.ForeignKey(HubPerson, models.CASCADE, related_name="names")
    username = models.CharField(max_length=NAME_LENGTH, db_index=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("name on the Hub")
        constraints = [models.UniqueConstraint(fields=["person", "username"], name="hub_name_once_a_person")]

    def __str__(self) -> str:
        return self.username


class Publisher(models.Model):
    """A Hub namespace whose members steward releases."""

    class Kind(models.TextChoices):
        USER = "user", _("user")
        ORGANISATION = "organisation", _("organisation")

    name = models.CharField(_("namespace on the Hub"), max_length=NAME_LENGTH, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    hub_id = models.CharField(_("Hub id"), max_length=24, blank=True)
    display_name = models.CharField(_("name shown"), max_length=NAME_LENGTH, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("publisher")
        constraints = [
            models.UniqueConstraint(Upper("name"), name="publisher_name_once"),
            models.UniqueConstraint(fields=["hub_id"], condition=~Q(hub_id=""), name="publisher_hub_id_once"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.name


class Membership(models.Model):
    """One role of one user at one publisher."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        STEWARD = "steward", _("steward")
        REVIEWER = "reviewer", _("reviewer")
        COUNSEL = "counsel", _("counsel")
        APPEALS_OFFICER = "appeals_officer", _("appeals officer")
        AUDITOR = "auditor", _("auditor")

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(fields=["publisher", "user", "role"], name="membership_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.publisher}"


class HubTokenManager(models.Manager["HubToken"]):
    """Hub tokens: kept encrypted, found by publisher."""

    def keep(
        self,
        *,
        publisher: Publisher,
        secret: str,
        label: str = "",
        hub_username: str = "",
        role_seen: str = "",
        health: str = "unknown",
        by: User,
        at: datetime | None = None,
    ) -> HubToken:
        """Encrypt and keep a Hub token; `checked_at` is set when its health is known."""
        at = at or timezone.now()
        return self.create(
            publisher=publisher,
            label=label,
            ciphertext=ciphers.encrypt(secret),
            fingerprint=ciphers.fingerprint(secret),
            hub_username=hub_username,
            role_seen=role_seen,
            health=health,
            checked_at=None if health == HubToken.Health.UNKNOWN else at,
            created_by=by,
            created_at=at,
        )

    def current_for(self, publisher: Publisher | int) -> HubToken | None:
        """The token to act with for this publisher: the newest that is not revoked."""
        return self.filter(publisher=publisher, revoked_at=None).order_by("-created_at", "-pk").first()


class HubToken(models.Model):
    """A publisher's token for the Hub. Encrypted; only reveal() opens it, and nothing prints it."""

    class Health(models.TextChoices):
        OK = "ok", _("works")
        REFUSED = "refused", _("refused by the Hub")
        READ_ONLY = "read_only", _("may only read")
        UNKNOWN = "unknown", _("not checked yet")

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="hub_tokens")
    label = models.CharField(_("label"), max_length=100, blank=True)
    ciphertext = models.TextField(editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=12)
    hub_username = models.CharField(_("whose token"), max_length=NAME_LENGTH, blank=True)
    role_seen = models.CharField(_("role at the last check"), max_length=40, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    health = models.CharField(_("health"), max_length=10, choices=Health, default=Health.UNKNOWN)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = HubTokenManager()

    class Meta:
        verbose_name = _("Hub token")
        indexes = [
            models.Index(fields=["publisher", "-created_at"], condition=Q(revoked_at=None), name="hub_token_current")
        ]

    def __str__(self) -> str:
        return f"{self.label or _('Hub token')} ({self.fingerprint})"

    def __repr__(self) -> str:
        return f"<HubToken {self.pk} {self.fingerprint}>"

    def reveal(self) -> str:
        """The token itself, to send to the Hub and nowhere else.

        Raises accounts.ciphers.KeyMissing when no key of this installation opens it.
        """
        return ciphers.decrypt(self.ciphertext)


class ApiTokenManager(models.Manager["ApiToken"]):
    """API tokens: shown once, kept as a digest."""

    def issue(
        self,
        *,
        user: User,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None = None,
        at: datetime | None = None,
    ) -> tuple[ApiToken, str]:
        """Make a token; returns the row and the secret, which is not kept and cannot be shown again.

        Raises ValueError for an unknown scope or a system user.
        """
        unknown = set(scopes := sorted(set(scopes))) - set(ApiToken.Scope.values)
        if unknown or not scopes:
            raise ValueError(f"Unknown or missing scopes: {sorted(unknown)}")
        if user.is_system:
            raise ValueError("A system user has no API token.")
        secret = f"{ApiToken.PREFIX}{secrets.token_urlsafe(30)}"
        row = self.create(
            user=user,
            name=name,
            prefix=secret[: ApiToken.PREFIX_LENGTH],
            digest=_digest(secret),
            scopes=scopes,
            expires_at=expires_at,
            created_at=at or timezone.now(),
        )
        return row, secret

    def find(self, secret: str, *, at: datetime | None = None) -> ApiToken | None:
        """The live token of this secret, or None; its last use is written at most once a minute.

        Found by digest, so the time that a look-up takes says nothing about the secret.
        """
        at = at or timezone.now()
        if not secret.startswith(ApiToken.PREFIX):
            return None
        live = Q(expires_at=None) | Q(expires_at__gt=at)
        row = self.select_related("user").filter(live, digest=_digest(secret), revoked_at=None, user__is_active=True)
        token = row.first()
        if token and (token.last_used_at is None or token.last_used_at < at - timedelta(minutes=1)):
            self.filter(pk=token.pk).update(last_used_at=at)
            token.last_used_at = at
        return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """A user's key to the API, with a part of the user's rights."""

    PREFIX = "gk_"
    PREFIX_LENGTH = 9

    class Scope(models.TextChoices):
        READ = "read", _("read what I may see")
        APPLY = "apply", _("apply and manage my access")
        REVIEW = "review", _("review and decide")
        STEWARD = "steward", _("manage releases")
        OPERATE = "operate", _("operate the installation")

    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = ApiTokenManager()

    class Meta:
        verbose_name = _("API token")
        indexes = [models.Index(F("user"), F("created_at").desc(), name="api_token_of_user")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def __repr__(self) -> str:
        return f"<ApiToken {self.pk} {self.prefix}…>"

    def is_live(self, at: datetime | None = None) -> bool:
        """Whether the token opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > (at or timezone.now()))
