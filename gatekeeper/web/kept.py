"""What is kept of somebody as a page shows it: the same document as the file, its names in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.reason_codes import REASON_CODES
from gatekeeper.web.words import FOR_REQUESTER, OF_GRANT, SEEN, WISHED, in_reader_language

PARTS: Mapping[str, Any] = {
    "person": _("Who you are on the Hub"),
    "account": _("Your account here"),
    "requests": _("Your requests"),
    "acceptances": _("Licences you accepted"),
    "grants": _("Your access"),
    "hub": _("What the Hub should say and said of you"),
    "invitations": _("Where you are invited"),
    "earlier_approvals": _("Earlier approvals about you"),
    "notices": _("What was sent to you"),
    "erasures": _("When you asked to be erased"),
    "legal_holds": _("Legal holds"),
}
NAMES: Mapping[str, Any] = {
    "hub_id": _("Hub id"),
    "hub_name": _("Name on the Hub"),
    "full_name": _("Full name"),
    "first_seen_at": _("First seen"),
    "last_seen_at": _("Last seen"),
    "organisations": _("Organisations"),
    "names": _("Names on the Hub"),
    "name": _("Name"),
    "username": _("Account"),
    "email": _("E-mail address"),
    "language": _("Language"),
    "since": _("Since"),
    "last_sign_in": _("Last sign-in"),
    "roles": _("Roles"),
    "role": _("Role"),
    "publisher": _("Publisher"),
    "stage": _("Stage"),
    "status": _("Status"),
    "began_at": _("Began"),
    "began": _("Began where"),
    "draft": _("Draft"),
    "submissions": _("Submissions"),
    "number": _("Number"),
    "submitted_at": _("Submitted"),
    "answers": _("Answers"),
    "messages": _("Messages"),
    "kind": _("Kind"),
    "sent_at": _("Sent"),
    "words": _("Words"),
    "decisions": _("Decisions"),
    "outcome": _("Outcome"),
    "reasons": _("Reasons"),
    "decided_at": _("Decided"),
    "licence": _("Licence"),
    "text_sha256": _("Hash of the text (SHA-256)"),
    "accepted_at": _("Accepted"),
    "organisation": _("Organisation"),
    "authority": _("Authority"),
    "acknowledged": _("Restrictions acknowledged"),
    "receipt": _("Receipt"),
    "signed": _("What is signed"),
    "signature": _("Signature"),
    "key_id": _("Key"),
    "active_since": _("Active since"),
    "ends_at": _("Ends"),
    "conditions": _("Conditions"),
    "repository": _("Repository"),
    "should_say": _("Should say"),
    "said": _("Said"),
    "read_at": _("Read"),
    "as": _("Under the name"),
    "invited_at": _("Invited"),
    "withdrawn_at": _("Withdrawn"),
    "approved_on": _("Approved on"),
    "terms": _("Terms"),
    "kept_until": _("Kept until"),
    "at": _("When"),
    "asked_at": _("Asked"),
    "carried_out_at": _("Carried out"),
    "reason": _("Reason"),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A part of it: facts by name, or rows of parts, or a time, or a text."""

    facts: list[tuple[Any, Kept]] | None = None
    rows: list[Kept] | None = None
    at: datetime | date | None = None
    text: str = ""


def parts_of(document: Mapping[str, Any]) -> Iterable[tuple[Kept, Any]]:
    """Yield each part of what is kept of somebody with its title."""
    for name, title in PARTS.items():
        yield shown(document[name] or []), title


def _facts(value: Mapping[str, Any]) -> Iterable[tuple[Any, Kept]]:
    """Yield the facts of a part: answers under their questions, and what has a word of its own in words."""
    labels = {key: in_reader_language(label) for key, label in value.get("asked", {}).items()}
    for name, inner in value.items():
        if name == "asked":
            continue
        if name == "answers" and inner:
            inner = {labels.get(key, key): answer for key, answer in inner.items()}
        elif name in WORDS and inner:
            inner = [WORDS[name](each) for each in inner] if isinstance(inner, list) else WORDS[name](inner)
        yield NAMES.get(name, name), shown(inner)


def _standing(status: str) -> str:
    """Return where a request or a grant stands; nobody who applies reads the name of a state."""
    return str((FOR_REQUESTER.get(status) or OF_GRANT[status]).words)


def _plain(word: str) -> str:
    return word.replace("_", " ")


WORDS: Mapping[str, Callable[[str], str]] = {
    "status": _standing,
    "reasons": lambda code: gettext(REASON_CODES[code].label),
    "should_say": lambda access: str(WISHED.get(access, access)),
    "said": lambda seen: str(SEEN.get(seen, seen)),
    "outcome": _plain,
    "kind": _plain,
}


def shown(value: Any) -> Kept:
    """Return a value of the document as it is shown; a list of plain values is one text."""
    if isinstance(value, Mapping):
        return Kept(facts=list(_facts(value)))
    if isinstance(value, list | tuple):
        if value and not any(isinstance(inner, Mapping) for inner in value):
            return Kept(text=", ".join(map(str, value)))
        return Kept(rows=[shown(inner) for inner in value])
    if isinstance(value, datetime | date):
        return Kept(at=value)
    return Kept(text="" if value is None else str(value))
