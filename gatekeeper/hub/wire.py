"""What the Hub's answers mean in our words: status codes, rate-limit headers, list items. It calls nothing."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .bucket import Said
from .port import (
    Commit,
    HubError,
    Identity,
    ListedFile,
    ListedRequest,
    Listing,
    Member,
    Namespace,
    Person,
    PullRequestState,
    RepositoryState,
    Webhook,
    Word,
)

HUB_ID = re.compile(r"[0-9a-f]{24}")
LIMIT = re.compile(r'"(?P<kind>\w+)"\s*;\s*r=(?P<left>\d+)\s*;\s*t=(?P<seconds>\d+)')
QUOTA = re.compile(r"\bq=(\d+)")
WINDOW = re.compile(r"\bw=(\d+)")
GATES = ("manual", "auto")
RETRY_AFTER = 30.0  # seconds, where the Hub names none
LONGEST_WAIT = 3_600.0


def fault(status: int, headers: Mapping[str, str], message: str = "", *, writing: bool = False) -> HubError:
    """Return the failure that an answer says. Source: statuses and codes as the Hub was seen to give them."""
    code = headers.get("x-error-code", "")
    if status == 429:
        return HubError(Word.LATER, "rate_limited", retry_after=wait_of(headers), status=status)
    if status >= 500 or status == 408:
        # Nobody can tell whether a write took effect before the Hub stumbled.
        return HubError(Word.LATER, "hub_unwell", retry_after=named_wait(headers), unknown=writing, status=status)
    if code == "RepoNotFound" or (status == 404 and message == "Repository not found"):
        return HubError(Word.STOP, "repository_gone", status=status)
    if code == "RepoNotGated":
        return HubError(Word.STOP, "not_gated", status=status)
    if headers.get("x-error-message") == "Access to this resource is disabled.":
        return HubError(Word.STOP, "repository_disabled", status=status)
    if status == 401 and code != "GatedRepo":
        return HubError(Word.STOP, "token_refused", status=status)
    if status == 403 and code != "GatedRepo":
        return HubError(Word.STOP, "token_read_only", status=status)
    if status in (401, 403):
        return HubError(Word.LOOK, "gate_closed", status=status)
    if status in (409, 412):
        return HubError(Word.LOOK, "changed_meanwhile", status=status)
    return HubError(Word.LOOK, "not_found" if status == 404 else "refused_as_sent", status=status)


def limit_of(headers: Mapping[str, str]) -> tuple[str, Said] | None:
    """Return the kind of calls that the rate-limit headers speak of, and what they say, if they are there."""
    found = LIMIT.search(headers.get("ratelimit", ""))
    if found is None:
        return None
    policy = headers.get("ratelimit-policy", "")
    quota, window = QUOTA.search(policy), WINDOW.search(policy)
    return found["kind"], Said(
        int(found["left"]),
        int(found["seconds"]),
        int(quota[1]) if quota else None,
        int(window[1]) if window else None,
    )


def wait_of(headers: Mapping[str, str]) -> float:
    """Return how many seconds a 429 asks for, in either of its forms, with a second to spare."""
    limit = limit_of(headers)
    if limit is not None and limit[1].left == 0:
        return min(limit[1].seconds + 1.0, LONGEST_WAIT)
    return named_wait(headers) or RETRY_AFTER


def named_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date, with a second to spare."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return min(int(text) + 1.0, LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0) + 1.0, LONGEST_WAIT)


def moment(text: Any) -> datetime | None:
    """Return a time of the Hub, or None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def listed(item: Any, status: str) -> ListedRequest:
    """Return one item of a request list. Raises HubError where it has neither a time nor a person nor a request id."""
    if not isinstance(item, Mapping):
        raise unreadable()
    requested = moment(item.get("timestamp"))
    if requested is None:
        raise unreadable()
    granter = item.get("grantedBy")
    fields = item.get("fields")
    return ListedRequest(
        person=_person(item.get("user")),
        request_id=_plain(item.get("requestId"), 64),
        status=status,
        requested_at=requested,
        reviewed_at=moment(item.get("reviewedAt")),
        granted_by=_plain(granter.get("user"), 100) if isinstance(granter, Mapping) else "",
        granted_by_id=_plain(granter.get("_id"), 24) if isinstance(granter, Mapping) else "",
        granter_gone=isinstance(granter, Mapping) and not granter.get("user"),
        fields={_plain(label, 2_000): _plain(value, 20_000) for label, value in fields.items()}
        if isinstance(fields, Mapping)
        else {},
    )


def _plain(text: Any, longest: int) -> str:
    """Return a text as the database can hold it."""
    return str(text or "").replace("\x00", "")[:longest]


def _person(user: Any) -> Person | None:
    if not isinstance(user, Mapping) or not HUB_ID.fullmatch(str(user.get("_id") or "")):
        return None
    return Person(
        hub_user_id=user["_id"],
        username=str(user.get("user") or ""),
        fullname=str(user.get("fullname") or ""),
        email=str(user.get("email") or ""),
    )


def hub_id(shown: Any) -> str:
    """Return the id of an account from the Hub's overview of it."""
    person = _person(shown)
    if person is None:
        raise unreadable()
    return person.hub_user_id


def identity(whoami: Any) -> Identity:
    """Return whose token an answer to whoami speaks of."""
    if not isinstance(whoami, Mapping) or not whoami.get("name"):
        raise unreadable()
    auth = whoami.get("auth")
    token = auth.get("accessToken") if isinstance(auth, Mapping) else None
    role = str(token.get("role") or "") if isinstance(token, Mapping) else ""
    ends = moment(auth.get("expiresAt")) if isinstance(auth, Mapping) else None
    hub_user_id = str(whoami.get("id") or "")
    return Identity(
        hub_user_id if HUB_ID.fullmatch(hub_user_id) else "",
        _plain(whoami["name"], 100),
        _plain(role, 40),
        ends,
        dict(whoami),
    )


def state(kind: str, shown: Mapping[str, Any]) -> RepositoryState:
    """Return a repository from the Hub's description of it."""
    tags = tuple(str(tag) for tag in shown.get("tags") or ())
    licences = [tag.partition(":")[2] for tag in tags if tag.startswith("license:")]
    gate = shown.get("gated")
    return RepositoryState(
        kind=kind,
        name=str(shown.get("id") or ""),
        hub_id=str(shown.get("_id") or ""),
        gate=gate if gate in GATES else "",
        private=bool(shown.get("private")),
        tags=tags,
        licence=licences[0] if licences else "",
        commit=str(shown.get("sha") or ""),
    )


def namespace(shown: Any, *, is_organisation: bool) -> Namespace:
    """Return a person or an organisation from the Hub's overview of it."""
    if not isinstance(shown, Mapping):
        raise unreadable()
    name = shown.get("name") if is_organisation else shown.get("user")
    return Namespace(_plain(name, 100), _plain(shown.get("_id"), 24), is_organisation)


def listing(kind: str, item: Any) -> Listing:
    """Return one item of the list of a namespace's repositories."""
    if not isinstance(item, Mapping) or not item.get("id"):
        raise unreadable()
    card = item.get("cardData")
    return Listing(
        state(kind, item),
        moment(item.get("createdAt")),
        moment(item.get("lastModified")),
        has_form=isinstance(card, Mapping) and any(str(key).startswith("extra_gated_") for key in card),
    )


def commit(item: Any) -> Commit:
    """Return one item of a history."""
    at = moment(item.get("date")) if isinstance(item, Mapping) else None
    if at is None or not item.get("id"):
        raise unreadable()
    authors = item.get("authors")
    names = [author.get("user") for author in authors if isinstance(author, Mapping)] if authors else []
    return Commit(
        sha=_plain(item["id"], 40),
        at=at,
        authors=tuple(_plain(name, 100) for name in names if name),
        title=_plain(item.get("title"), 300),
    )


def member(item: Any) -> Member:
    """Return one item of the list of an organisation's members."""
    person = _person(item)
    if person is None:
        raise unreadable()
    return Member(person, _plain(item.get("role"), 40))


def listed_file(item: Any) -> ListedFile:
    """Return one entry of a tree that was asked for with the last commit of each."""
    if not isinstance(item, Mapping):
        raise unreadable()
    last = item.get("lastCommit")
    last = last if isinstance(last, Mapping) else {}
    return ListedFile(_plain(item.get("path"), 1_000), moment(last.get("date")), _plain(last.get("id"), 40))


def webhook(item: Any) -> Webhook:
    """Return a webhook from the Hub's description of it."""
    if not isinstance(item, Mapping) or not item.get("id"):
        raise unreadable()
    off = item.get("disabled")
    watched = item.get("watched")
    pairs = [one for one in watched if isinstance(one, Mapping)] if isinstance(watched, list) else []
    return Webhook(
        hub_id=_plain(item["id"], 64),
        url=_plain(item.get("url"), 2_000),
        watched=tuple(sorted((_plain(one.get("type"), 20), _plain(one.get("name"), 200)) for one in pairs)),
        state="suspended" if isinstance(off, str) and off else "disabled" if off else "registered",
    )


def pull_request(shown: Any) -> PullRequestState | None:
    """Return a pull request from the Hub's description of a discussion, or None for a discussion that is none."""
    if not isinstance(shown, Mapping) or type(shown.get("num")) is not int:
        raise unreadable()
    if not shown.get("isPullRequest"):
        return None
    author, events = shown.get("author"), shown.get("events")
    commits = [
        (one["data"].get("oid"), moment(one.get("createdAt")))
        for one in (events if isinstance(events, list) else ())
        if isinstance(one, Mapping) and one.get("type") == "commit" and isinstance(one.get("data"), Mapping)
    ]
    newest, changed_at = commits[-1] if commits else ("", None)
    return PullRequestState(
        number=shown["num"],
        is_open=shown.get("status") in ("open", "draft"),
        commit=_plain(newest, 64),
        changed_at=changed_at,
        author=_plain(author.get("name"), 100) if isinstance(author, Mapping) else "",
        diff=str(shown.get("diff") or "").replace("\x00", ""),
    )


def unreadable() -> HubError:
    """Return the failure of an answer that is not what the Hub gives: a proxy's page, half an answer."""
    return HubError(Word.LATER, "unreadable_answer")
