"""Asking the real Hub whether linking would work, and what it would do. It writes nothing, here or there.

That decisions are possible is found out with a call about somebody who cannot exist: the Hub says so, and does nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gatekeeper.models import HubCapability

from . import adopt, capabilities
from .client import HubClient
from .port import HubError, Identity, Need, Word


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that was asked: the sentence to print, and whether linking can work with it."""

    sentence: str
    good: bool = True


def check(token: str, kind: str, name: str) -> Iterator[Answer]:
    """Ask about token, repository, lists, decisions and what linking would find; ends where the rest is pointless."""
    adopt.check_name(kind, name)
    hub = HubClient(token)
    try:
        yield _whose(hub.whoami())
        yield from _repository(hub, kind, name)
    except HubError as failed:
        yield Answer(str(adopt.explain(failed)), good=False)


def _whose(identity: Identity) -> Answer:
    return Answer(
        f"The token is alive: it belongs to {identity.username} and its role is {identity.role or 'unknown'}."
    )


def _repository(hub: HubClient, kind: str, name: str) -> Iterator[Answer]:
    state = hub.repository(kind, name)
    gate = {"manual": "by hand", "auto": "automatically"}.get(state.gate, "not at all")
    yield Answer(f"{state.name} is gated {gate}{', and private' if state.private else ''}.")
    yield _may_write(hub.may_write(kind, name))
    yield _may_read_lists(hub, kind, name)
    yield _may_decide(hub, kind, name, gated=bool(state.gate))
    yield from _capabilities(hub, kind, name, gated=bool(state.gate))
    yield from _linking(hub, kind, name)


def _may_write(may: bool) -> Answer:
    return Answer("The token may write to it." if may else "The token may not write to it.", good=may)


def _may_read_lists(hub: HubClient, kind: str, name: str) -> Answer:
    try:
        hub.requests(kind, name, "pending", limit=10, need=Need.TELL)
    except HubError as failed:
        if failed.word is Word.LATER:
            raise
        return Answer(f"The token may not read who asks for access ({failed.reason}).", good=False)
    return Answer("The token may read who asks for access.")


def _may_decide(hub: HubClient, kind: str, name: str, *, gated: bool) -> Answer:
    if not gated:
        return Answer("Whether the token may decide can be asked only while the repository is gated.")
    try:
        may = hub.may_decide(kind, name)
    except HubError as failed:
        if failed.word is Word.LATER:
            raise
        return Answer(f"The token may not decide on requests ({failed.reason}).", good=False)
    if not may:
        return Answer("The token may not decide on requests.", good=False)
    return Answer("The token may decide on requests.")


def _capabilities(hub: HubClient, kind: str, name: str, *, gated: bool) -> Iterator[Answer]:
    """Ask what the Hub knows, and remember it; where it cannot be asked here, say what is remembered."""
    try:
        if gated:
            capabilities.probe(hub, kind, name)
    except HubError as failed:
        yield Answer(f"What the Hub knows could not be asked ({failed.reason}).")
    for row in HubCapability.objects.at(hub.endpoint).order_by("name"):
        what, since = row.get_name_display(), f"{row.since:%Y-%m-%d}"
        if row.known:
            yield Answer(f"The Hub knows {what} (seen since {since}).")
        else:
            yield Answer(f"The Hub does not know {what} (since {since}); a slower way is taken.")


def _linking(hub: HubClient, kind: str, name: str) -> Iterator[Answer]:
    found = adopt.read(hub, kind, name)
    waiting = _count(found.waiting, more="waiting" in found.more)
    accepted = _count(found.accepted, more="accepted" in found.more)
    yield Answer(f"Once a stage is open, linking would bring in {waiting} waiting and {accepted} accepted people.")
    yield Answer(f"Its card asks {len(found.questions)} questions.")
    if found.licence is not None:
        size = len(found.licence["text"])
        yield Answer(f"Its licence is {found.licence['title']}: {size} bytes in {found.licence['path']}.")
    for finding in found.findings:
        about = f"“{finding['label']}”: " if finding.get("label") else ""
        yield Answer(f"Found: {about}{finding['message'] % finding['values']}")


def _count(number: int, *, more: bool) -> str:
    return f"{number}+" if more else str(number)
