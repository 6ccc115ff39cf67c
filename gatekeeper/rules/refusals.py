"""What the service says when it refuses: a code for scripts, a sentence for people, and the values inside it.

Sentences are marked for translation here and translated by the faces; nothing below a face knows a language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def gettext_noop(message: str) -> str:
    """Mark a sentence for the translators and hand it back unchanged."""
    return message


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act is refused: `code` for scripts, `message` with %(name)s places for people, `values` for the places."""

    code: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class Refused(Exception):
    """The base of every refusal. `refusal` says why; `fields` names the fields at fault, if there are any."""

    def __init__(self, refusal: Refusal, fields: Mapping[str, Refusal] | None = None) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.fields = dict(fields or {})


class NotAllowed(Refused):
    """The person may not do this at all (403)."""


class WrongState(Refused):
    """It cannot be done any more, or not yet, or what was seen is stale (409)."""


class Unmet(Refused):
    """Something that is needed first is missing (422)."""


class Invalid(Refused):
    """What was sent cannot be taken; `fields` says where (422)."""
