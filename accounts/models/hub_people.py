"""Hub persons: accounts of the Hub, by the id that survives a change of name, and the names they were seen under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User

HUB_ID = r"^[0-9a-f]{24}$"
NAME_LENGTH = 200


class HubPersonQuerySet(models.QuerySet["HubPerson"]):
    """Questions asked of Hub persons."""

    def named(self, username: str) -> HubPersonQuerySet:
        """Whoever holds this name on the Hub now; names there ignore case."""
        return self.filter(username__iexact=username, gone_at=None)


class HubPersonManager(models.Manager.from_queryset(HubPersonQuerySet)):  # type: ignore[misc]  # made at run time
    """Hub persons are met, not made: see() is the only way in."""

    def see(self, *, hub_user_id: str, username: str, fullname: str = "", at: datetime | None = None) -> HubPerson:
        """Record that the Hub showed this person under this name at this time, and return the person."""
        row = {"hub_user_id": hub_user_id, "username": username, "fullname": fullname}
        return self.see_many([row], at=at)[hub_user_id]

    def see_many(self, rows: Iterable[Mapping[str, Any]], *, at: datetime | None = None) -> dict[str, HubPerson]:
        """Record many at once, in four statements however many they are; returns them by Hub id.

        A row has `hub_user_id`, `username` and perhaps `fullname`; an empty name changes nothing. A name has one holder
        at a time: whoever was known by it before is known by their id, until they are seen under another.
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
            cursor.execute(LOSE_NAMES, [at, ids, usernames])
            cursor.execute(SEE_PEOPLE, [at, ids, usernames, fullnames, at])
            cursor.execute(SEE_NAMES, [at, at, ids])
        return {person.hub_user_id: person for person in self.filter(hub_user_id__in=ids)}


LOSE_NAMES = """
UPDATE accounts_hubperson AS known SET username = '', named_at = %s::timestamptz
FROM (
    SELECT former.id
    FROM unnest(%s::text[], %s::text[]) AS seen (id, username)
    JOIN accounts_hubperson AS former
        ON upper(former.username) = upper(seen.username) AND former.hub_user_id <> seen.id
    WHERE seen.username <> ''
    ORDER BY former.id
    FOR NO KEY UPDATE OF former
) AS lost
WHERE known.id = lost.id
"""
# Only what differs is written: a poll of ten thousand unchanged people writes nothing.
SEE_PEOPLE = """
INSERT INTO accounts_hubperson AS known (hub_user_id, username, fullname, first_seen_at, orgs_seen)
SELECT id, username, fullname, %s::timestamptz, '[]'::jsonb
FROM unnest(%s::text[], %s::text[], %s::text[]) AS seen (id, username, fullname)
ORDER BY id
ON CONFLICT (hub_user_id) DO UPDATE SET
    username = coalesce(nullif(excluded.username, ''), known.username),
    fullname = coalesce(nullif(excluded.fullname, ''), known.fullname),
    gone_at = NULL,
    named_at = CASE
        WHEN known.username <> '' AND excluded.username <> '' AND upper(excluded.username) <> upper(known.username)
        THEN %s::timestamptz ELSE known.named_at
    END
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
    # Since when they were seen under another name than before, or another account under theirs.
    named_at = models.DateTimeField(_("renamed"), null=True, blank=True)
    asked_after_at = models.DateTimeField(null=True, blank=True)
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
        indexes = [
            models.Index(Upper("username"), name="hub_person_username_folded"),
            models.Index(fields=["id"], name="hub_person_gone", condition=Q(gone_at__isnull=False)),
            models.Index(fields=["id"], name="hub_person_renamed", condition=Q(named_at__isnull=False)),
        ]

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
        indexes = [models.Index(Upper("username"), name="hub_name_folded")]

    def __str__(self) -> str:
        return self.username
