"""Tokens: for the Hub, kept encrypted; for our API, kept as a digest. Nothing prints either."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import ciphers
from accounts.models.hub_people import NAME_LENGTH
from accounts.models.publishers import Publisher
from accounts.models.users import User


class HubTokenManager(models.Manager["HubToken"]):
    """Hub tokens: kept encrypted, found by publisher."""

    def keep(
        self,
        *,
        publisher: Publisher,
        secret: str,
        label: str = "",
        hub_username: str = "",
        hub_user_id: str = "",
        expires_at: datetime | None = None,
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
            hub_user_id=hub_user_id,
            expires_at=expires_at,
            role_seen=role_seen,
            health=health,
            checked_at=None if health == HubToken.Health.UNKNOWN else at,
            check_due_at=at,
            created_by=by,
            created_at=at,
        )

    def in_order(self) -> models.QuerySet[HubToken]:
        """Those in use, in the order in which they stand in for one another: what works first, then the newest."""
        works = models.Case(*(models.When(health=bad, then=1) for bad in HubToken.USELESS), default=0)
        return self.filter(revoked_at=None).order_by(works, "-created_at", "-pk")

    def current_for(self, publisher: Publisher | int) -> HubToken | None:
        """The token to act with for this publisher where none was chosen; None where it has none."""
        return self.in_order().filter(publisher=publisher).first()

    def due(self, *, at: datetime) -> models.QuerySet[HubToken]:
        """Those whose health is to be asked for now."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.filter(free, Q(check_due_at=None) | Q(check_due_at__lte=at), revoked_at=None)


class HubToken(models.Model):
    """A publisher's token for the Hub. Encrypted; only reveal() opens it, and nothing prints it."""

    class Health(models.TextChoices):
        OK = "ok", _("works")
        EXPIRING = "expiring", _("works, and ends soon")
        LIMITED = "limited", _("held back by the Hub")
        NARROW = "narrow", _("does not reach every repository")
        READ_ONLY = "read_only", _("may only read")
        REFUSED = "refused", _("refused by the Hub")
        UNREADABLE = "unreadable", _("cannot be opened here")
        UNKNOWN = "unknown", _("not checked yet")

    USELESS = frozenset({Health.REFUSED, Health.READ_ONLY, Health.UNREADABLE})

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="hub_tokens")
    label = models.CharField(_("label"), max_length=100, blank=True)
    ciphertext = models.TextField(editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=12)
    hub_username = models.CharField(_("whose token"), max_length=NAME_LENGTH, blank=True)
    hub_user_id = models.CharField(max_length=24, blank=True)
    role_seen = models.CharField(_("role at the last check"), max_length=40, blank=True)
    expires_at = models.DateTimeField(_("ends on the Hub"), null=True, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    health = models.CharField(_("health"), max_length=10, choices=Health, default=Health.UNKNOWN)
    check_due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # How many checks in a row came to nothing because the Hub held the token back.
    held_back = models.PositiveSmallIntegerField(default=0)
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

    @property
    def scopes_in_words(self) -> list[str]:
        """What the token may do, in the reader's language."""
        return [str(scope.label) for scope in self.Scope if scope in self.scopes]

    def is_live(self, at: datetime | None = None) -> bool:
        """Whether the token opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > (at or timezone.now()))
