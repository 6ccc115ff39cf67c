"""Linking: proving a namespace, finding out what a repository has already, and linking it. The Hub is only read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.models import HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import repositories
from gatekeeper.models import Repository, RepositoryKind
from gatekeeper.rules import form_lint, hub_fields
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet
from gatekeeper.rules.refusals import gettext_noop as _

from . import card_findings, cards, tokens
from .client import HubClient
from .port import HubError, Need, RepositoryState, Word
from .reasons import WHY, explain

__all__ = [
    "WHY",
    "CannotAsk",
    "Found",
    "explain",
    "licence_of",
    "link_repository",
    "prove_namespace",
    "read_card",
    "what_a_link_has",
    "what_is_there",
    "what_to_start_from",
]

SENDABLE = re.compile(r"[!-~]+")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt")

BAD_NAME = Refusal("bad_name", _("Write the repository as owner/name, as in its address on the Hub."))
NO_TOKEN = Refusal(
    "token_missing", _("This publisher has no Hub token yet. Give one that may write to its repositories.")
)
NOT_THEIRS = Refusal("token_of_others", _("This token does not prove that you may write to this namespace."))
NOT_WRITABLE = Refusal(
    "token_read_only", _("The token may not write to this repository. Make one with the write role, and try again.")
)


class CannotAsk(Exception):
    """The Hub could not be asked. `refusal` says why, for people."""

    def __init__(self, failed: HubError) -> None:
        self.refusal = explain(failed)
        super().__init__(str(self.refusal))
        self.reason = failed.reason


@dataclass(frozen=True, slots=True)
class Found:
    """What a repository has: its state, its card and form, its licence, who waits there, and what is worth knowing.

    `licence` holds identifier, title, text (bytes), path and commit where a licence file was found. Counts end at the
    first page of a list; `more` says which of them did.
    """

    state: RepositoryState
    may_write: bool
    card: bytes | None = None
    gate: dict[str, Any] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    licence: dict[str, Any] | None = None
    waiting: int = 0
    accepted: int = 0
    more: frozenset[str] = frozenset()

    def lint(self) -> list[form_lint.Finding]:
        """Return what the linter says of the card's form; nothing of a card without one."""
        if not self.gate.get("fields"):
            return []
        words = [self.gate.get(part, "") for part in ("heading", "prompt", "description")]
        context = form_lint.Context(
            words="\n".join(words),
            prompt=self.gate.get("prompt", ""),
            ip_location=any(finding["code"] == "ip_location" for finding in self.findings),
            eu_disallowed=bool(self.gate.get("eu_disallowed")),
        )
        return form_lint.lint({"questions": self.questions}, context=context)

    @property
    def found(self) -> dict[str, Any]:
        """Return what `actions.repositories.link` takes."""
        state = self.state
        return {
            "hub_id": state.hub_id,
            "gate": state.gate,
            "private": state.private,
            "tags": list(state.tags),
            "licence": state.licence,
            "commit": state.commit,
        }


def prove_namespace(token: str) -> Mapping[str, Any]:
    """Return the Hub's answer to whoami for a token: the proof that `found_publisher` takes. Raises CannotAsk."""
    if not SENDABLE.fullmatch(token):
        raise CannotAsk(HubError(Word.STOP, "token_refused"))  # no header can hold it, so no Hub ever gave it
    try:
        return HubClient(token).whoami().whoami
    except HubError as failed:
        raise CannotAsk(failed) from None


def what_is_there(token: str, kind: str, name: str) -> Found:
    """Read what a repository has, writing nothing. Raises Invalid for what cannot be a name, CannotAsk."""
    check_name(kind, name)
    hub = HubClient(token)
    try:
        return read(hub, kind, name)
    except HubError as failed:
        raise CannotAsk(failed) from None


def what_a_link_has(repository: Repository) -> Found:
    """Read what a linked repository has, with the token that is used for it now. Raises CannotAsk."""
    try:
        return read(tokens.client_for(repository), repository.kind, repository.name)
    except HubError as failed:
        raise CannotAsk(failed) from None


def what_to_start_from(repository: Repository) -> Found:
    """Read what a linked repository has, to make a release of it.

    Raises Unmet where its card cannot be read safely: a form would lose its questions in silence. Raises CannotAsk.
    """
    found = what_a_link_has(repository)
    for finding in found.findings:
        if finding.get("unreadable"):
            raise Unmet(Refusal(finding["code"], finding["message"], finding["values"]))
    return found


def licence_of(repository: Repository) -> dict[str, Any]:
    """Read the licence file of a linked repository at its newest commit, under the name that the card gives it.

    It holds identifier, title, text (bytes), path and commit. Raises Unmet where there is none, CannotAsk.
    """
    findings: list[dict[str, Any]] = []
    try:
        hub = tokens.client_for(repository)
        state = hub.repository(repository.kind, repository.name, need=Need.TELL)
        found = _licence(hub, state, _card(hub, state)[0], findings)
    except HubError as failed:
        raise CannotAsk(failed) from None
    if found is None:
        raise Unmet(Refusal("no_licence_file", findings[0]["message"]))
    return found


def check_name(kind: str, name: str) -> None:
    """Raise Invalid unless this can be the name of a repository of that kind."""
    if kind not in RepositoryKind.values or not NAME.fullmatch(name):
        raise Invalid(BAD_NAME, {"name": BAD_NAME})


def read(hub: HubClient, kind: str, name: str) -> Found:
    """Read what a repository has, as `hub` sees it. Raises HubError."""
    state = hub.repository(kind, name, need=Need.TELL)
    may_write = hub.may_write(kind, name)
    card, text, findings = _card(hub, state)
    findings += card_findings.about(card)
    brought = hub_fields.from_hub(dict(card.fields))
    findings += [
        cards.finding(refusal.code, refusal.message, **refusal.values) | {"label": label[:200]}
        for label, refusal in brought.findings
    ]
    licence = _licence(hub, state, card, findings)
    findings += _about_the_gate(state, card)
    waiting, accepted, more = _counts(hub, kind, name) if may_write else (0, 0, frozenset())
    return Found(
        state=state,
        may_write=may_write,
        card=text,
        gate=card.gate(),
        questions=brought.questions,
        findings=findings,
        licence=licence,
        waiting=waiting,
        accepted=accepted,
        more=more,
    )


def _card(hub: HubClient, state: RepositoryState) -> tuple[cards.Card, bytes | None, list[dict[str, Any]]]:
    text = hub.file(state.kind, state.name, "README.md", state.commit)
    if text is None:
        return cards.Card(), None, [no_card()]
    card, findings = read_card(text)
    return card, text, findings


def no_card() -> dict[str, Any]:
    """Return the finding of a repository without a card."""
    return cards.finding("no_card", _("The repository has no README, so no form of its own."))


def read_card(text: bytes) -> tuple[cards.Card, list[dict[str, Any]]]:
    """Return a card with its findings; of one that cannot be read safely only the finding that says so."""
    try:
        card = cards.read(text)
    except cards.CannotRead as refused:
        return cards.Card(), [refused.finding | {"unreadable": True}]
    return card, list(card.findings)


def _licence(
    hub: HubClient, state: RepositoryState, card: cards.Card, findings: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the licence file at the commit that was read, under the name that the card gives it."""
    for path in LICENCE_FILES:
        text = hub.file(state.kind, state.name, path, state.commit)
        if text is not None and text.strip():
            identifier = card.licence.get("identifier") or state.licence or "other"
            return {
                "identifier": identifier,
                "title": card.licence.get("name") or identifier,
                "text": text,
                "path": path,
                "commit": state.commit,
            }
    findings.append(
        cards.finding(
            "no_licence_file",
            _("The repository has no LICENSE file, so there is no text yet that anybody could accept."),
        )
    )
    return None


def _about_the_gate(state: RepositoryState, card: cards.Card) -> list[dict[str, Any]]:
    if state.gate == "auto":
        return [
            cards.finding(
                "gate_auto",
                _("The Hub accepts everybody who asks at once. Opening a stage makes it wait for your decision."),
            )
        ]
    if not state.gate and card.is_gated:
        return [cards.finding("not_gated", _("The card has a form, but the repository is not gated at the moment."))]
    return []


def _counts(hub: HubClient, kind: str, name: str) -> tuple[int, int, frozenset[str]]:
    waiting = hub.requests(kind, name, "pending", need=Need.TELL)
    accepted = hub.requests(kind, name, "accepted", need=Need.TELL)
    more = {word for word, page in (("waiting", waiting), ("accepted", accepted)) if page.next}
    return len(waiting.items), len(accepted.items), frozenset(more)


def link_repository(
    publisher: Publisher, *, by: Viewer, kind: str, name: str, found: Found | None = None
) -> Repository:
    """Read a repository with the publisher's token, link it and keep its card; nothing is written to the Hub.

    `found` is what was read a moment ago, so that it is not read twice. Raises Unmet (no token, or it may not write
    there), Invalid, CannotAsk, and what `repositories.link` refuses.
    """
    token = HubToken.objects.current_for(publisher)
    if token is None:
        raise Unmet(NO_TOKEN)
    found = found or what_is_there(_revealed(token), kind, name)
    if not found.may_write:
        raise Unmet(NOT_WRITABLE)
    repository = repositories.link(
        publisher, by=by, kind=kind, name=found.state.name or name, token=token, found=found.found
    )
    if found.card is not None:
        repositories.keep_card(
            repository, commit=found.state.commit, text=found.card, gate=found.gate, findings=found.findings
        )
    return repository


def _revealed(token: HubToken) -> str:
    try:
        return tokens.revealed(token)
    except HubError as failed:
        raise CannotAsk(failed) from None
