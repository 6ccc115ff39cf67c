"""Personal text: the only rows that hold what people wrote.

Erasing, retention, and withdrawing what was never submitted delete here and nowhere else. Frozen rows
keep the id and the salted digest, so that a proof still verifies when the text is gone.
"""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models

from accounts.models import HubPerson


class Purpose(models.TextChoices):
    """What a personal text was kept for."""

    DRAFT = "draft"
    ANSWERS = "answers"
    MESSAGE = "message"
    WORDS = "words"
    NOTE = "note"
    CONTACT = "contact"


class PersonalTextQuerySet(models.QuerySet["PersonalText"]):
    """Questions asked of personal texts."""

    def free(self) -> "PersonalTextQuerySet":
        """Return the texts that nothing holds."""
        return self.filter(~_held(), hold=False)

    def overdue(self, *, at: datetime) -> "PersonalTextQuerySet":
        """Return the texts whose retention has ended and that nothing holds."""
        return self.free().filter(delete_after__lt=at)

    def to_trim(self, *, at: datetime) -> "PersonalTextQuerySet":
        """Return the answers of which one may have to go by now, and that nothing holds."""
        return self.free().filter(trim_after__lte=at)


def _held() -> models.Exists:
    """Return the condition that a legal hold keeps what there is of the person of a text."""
    holds = apps.get_model("gatekeeper", "LegalHold")._default_manager
    return models.Exists(holds.filter(person=models.OuterRef("person"), lifted_at=None))


def new_salt() -> str:
    """Return 32 random hexadecimal characters."""
    return secrets.token_hex(16)


class PersonalText(models.Model):
    """What one person wrote, or what was written about them, with the day after which it goes."""

    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="personal_texts")
    purpose = models.CharField(max_length=20, choices=Purpose)
    body = models.JSONField()
    salt = models.CharField(max_length=32, default=new_salt)
    created_at = models.DateTimeField()
    delete_after = models.DateTimeField(db_index=True)
    hold = models.BooleanField(default=False)
    # When the next of several answers goes, by the days that its question gave: see actions/retention.py.
    trim_after = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = PersonalTextQuerySet.as_manager()

    @classmethod
    def of(cls, person: HubPerson, purpose: Purpose, body: Any, *, at: datetime, days: int) -> "PersonalText":
        """Return an unsaved text that is deleted `days` days after `at`."""
        trim_after = at if purpose == Purpose.ANSWERS else None
        return cls(
            person=person,
            purpose=purpose,
            body=body,
            created_at=at,
            delete_after=at + timedelta(days=days),
            trim_after=trim_after,
        )

    @property
    def digest(self) -> str:
        """Return the salted SHA-256 of the body as canonical JSON, in hexadecimal."""
        return salted_digest(self.salt, self.body)


def salted_digest(salt: str, body: Any) -> str:
    """Return the SHA-256 of salt and canonical JSON, in hexadecimal."""
    return hashlib.sha256((salt + canonical(body)).encode()).hexdigest()


def canonical(document: Any) -> str:
    """Return a document as JSON with sorted keys and no space: equal documents give equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def document_hash(document: Any) -> str:
    """Return the SHA-256 of a document's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()
