"""The outbox, read: what is due is rendered in its reader's language and sent, one mail for each recipient.

A row is claimed by moving its due time on; the mail leaves outside any transaction. Whoever dies in between leaves a
row that is due again: a mail may come twice, under the same Message-ID, and is never lost.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from email.utils import formatdate
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts.models import HubToken
from accounts.viewer import Viewer
from gatekeeper.catalogues.notices import NOTICE_KINDS, NoticeKind
from gatekeeper.models import AccessRequest, Grant, HubHook, Notice, Procedure, Repository, Stage
from gatekeeper.models.hub_tokens import tokens_visible_to

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
ATTEMPTS = 12
ABOUT: dict[str, tuple[Any, str]] = {
    "accessrequest": (AccessRequest, "stage__release"),
    "grant": (Grant, "stage__release"),
    "repository": (Repository, "publisher"),
    "stage": (Stage, "release"),
    "hubtoken": (HubToken, "publisher"),
    "procedure": (Procedure, "publisher"),
    "hubhook": (HubHook, "publisher"),
}
# A stage is announced to whoever is invited to it; of everything else only those hear who may see it when it is sent.
SEEN: dict[str, Callable[[Viewer], QuerySet[Any]]] = {
    "accessrequest": AccessRequest.objects.visible_to,
    "grant": Grant.objects.visible_to,
    "repository": Repository.objects.visible_to,
    "hubtoken": tokens_visible_to,
    "procedure": Procedure.objects.visible_to,
    "hubhook": HubHook.objects.visible_to,
}


def send_due(*, at: datetime | None = None, limit: int = 100) -> int:
    """Send up to `limit` notices that are due; returns how many left.

    One that fails is due again after a growing pause and parked after twelve tries; one that nobody can be sent is
    parked at once with the name of its failure.
    """
    at = at or timezone.now()
    claimed = _claim(at, limit)
    if not claimed:
        return 0
    mail = get_connection()
    try:
        mail.open()
    except (SMTPException, OSError) as error:  # no mail server: all of them later, without waiting for each
        return sum(_later(notice, error, at=at) for notice in claimed)
    things = _things(claimed)
    try:
        return sum(
            _deliver(notice, things.get((notice.object_kind, notice.object_id)), mail, at=at) for notice in claimed
        )
    finally:
        mail.close()


def _claim(at: datetime, limit: int) -> list[Notice]:
    with transaction.atomic():
        due = list(
            Notice.objects.due(at=at)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("recipient")
            .order_by("due_at", "pk")[:limit]
        )
        Notice.objects.filter(pk__in=[notice.pk for notice in due]).update(due_at=at + LEASE)
    return due


def _things(notices: Iterable[Notice]) -> dict[tuple[str, int], Any]:
    """Return what the notices are about, with its stage and release; two statements."""
    wanted: dict[str, set[int]] = {}
    for notice in notices:
        wanted.setdefault(notice.object_kind, set()).add(notice.object_id)
    return {
        (kind, thing.pk): thing
        for kind, ids in wanted.items()
        if kind in ABOUT
        for thing in ABOUT[kind][0].objects.select_related(ABOUT[kind][1]).filter(pk__in=ids)
    }


def _deliver(notice: Notice, thing: Any, mail: Any, *, at: datetime) -> bool:
    kind, address = NOTICE_KINDS.get(notice.kind), notice.recipient.email
    if kind is None or thing is None:
        return _park(notice, "unknown_kind" if kind is None else "nothing_to_tell_about", at=at)
    if not address:
        return _park(notice, "no_address", at=at)
    if not notice.recipient.is_active:
        return _park(notice, "account_closed", at=at)
    if not _still_seen(notice):
        return _park(notice, "not_theirs_any_more", at=at)
    try:
        message(notice, kind, thing, connection=mail).send()
    except SMTPRecipientsRefused as error:
        final = all(code >= 500 for code, _reason in error.recipients.values())
        return _park(notice, "address_refused", at=at) if final else _later(notice, error, at=at)
    except (SMTPException, OSError) as error:
        return _later(notice, error, at=at)
    except ValueError:  # what looks like an address, and cannot be written into a mail
        return _park(notice, "address_refused", at=at)
    Notice.objects.filter(pk=notice.pk, sent_at=None).update(sent_at=at, attempts=notice.attempts + 1, failure="")
    return True


def _still_seen(notice: Notice) -> bool:
    """Say whether a recipient may see what a notice is about: somebody may have left the publisher since."""
    seen = SEEN.get(notice.object_kind)
    return seen is None or seen(Viewer.of(notice.recipient)).filter(pk=notice.object_id).exists()


def _park(notice: Notice, failure: str, *, at: datetime) -> bool:
    Notice.objects.filter(pk=notice.pk).update(parked_at=at, failure=failure)
    return False


def _later(notice: Notice, error: Exception, *, at: datetime) -> bool:
    # The name of the error only: the words of a mail server repeat the address.
    failure, attempts = type(error).__name__, notice.attempts + 1
    logger.warning("notice_failed", notice=notice.pk, kind=notice.kind, reason=failure, attempts=attempts)
    parked = at if attempts >= ATTEMPTS else None
    Notice.objects.filter(pk=notice.pk).update(
        attempts=attempts, failure=failure, parked_at=parked, due_at=at + pause(attempts)
    )
    return False


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many failures: twice as long each time, give or take a quarter."""
    # Jitter keeps the rows that failed together from coming back together; it guards no secret.
    spread = random.uniform(0.75, 1.25)  # noqa: S311  # jitter, no secret
    return min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT) * spread


def message(notice: Notice, kind: NoticeKind, thing: Any, *, connection: Any = None) -> EmailMultiAlternatives:
    """Return a notice as a mail, text and HTML, in the language of its recipient."""
    recipient = notice.recipient
    with translation.override(recipient.language):
        places = _places(thing, notice.data.get("by", ""))
        context = {
            "language": recipient.language,
            "greeting": gettext("Hello %(name)s,") % {"name": recipient.username},
            "sentences": [gettext(sentence) % places for sentence in _sentences(kind, thing)],
            "button": gettext(kind.button),
            "link": settings.PUBLIC_URL + kind.page % {"id": thing.pk, **places},
            "settings_link": f"{settings.PUBLIC_URL}/account/",
        }
        mail = EmailMultiAlternatives(
            # A subject is one line, whatever a title holds.
            subject=" ".join((gettext(kind.subject) % places).split()),
            body=render_to_string("email/notice.txt", context),
            to=[recipient.email],
            connection=connection,
            headers={
                "Message-ID": f"<notice-{notice.pk}@{settings.PUBLIC_HOST}>",
                "Date": formatdate(notice.created_at.timestamp()),
                "Auto-Submitted": "auto-generated",
            },
        )
        mail.attach_alternative(render_to_string("email/notice.html", context), "text/html")
    return mail


def _sentences(kind: NoticeKind, thing: Any) -> list[str]:
    ends = kind.until and _end_of(thing) is not None
    return [*kind.sentences, kind.until] if ends else list(kind.sentences)


def _end_of(thing: Any) -> datetime | None:
    """Return when a grant or a token ends, or until when a request waits for its person."""
    ends = ("ends_at", "waits_until", "expires_at")
    return next((at for at in (getattr(thing, name, None) for name in ends) if at is not None), None)


def _places(thing: Any, by: str = "") -> dict[str, str]:
    if isinstance(thing, Repository):
        return {"repository": thing.name}
    if isinstance(thing, HubToken):
        ends_at = thing.expires_at
        return {
            "publisher": thing.publisher.name,
            "fingerprint": thing.fingerprint,
            "until": date_format(ends_at, "DATE_FORMAT") if ends_at else "",
        }
    if isinstance(thing, Procedure):
        return {"covers": str(thing.covers)}
    if isinstance(thing, HubHook):
        return {"publisher": thing.publisher.name}
    stage = thing if isinstance(thing, Stage) else thing.stage
    ends_at = _end_of(thing)
    return {
        "release": stage.release.title,
        "stage": stage.title,
        "until": date_format(ends_at, "DATE_FORMAT") if ends_at else "",
        "by": date_format(datetime.fromisoformat(by), "DATE_FORMAT") if by else "",
    }
