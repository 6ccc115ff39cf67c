"""A face for the Hub: the address that its webhooks call. It believes a secret, and of what is said only where to look.

No session, no form, no page. It answers the same whether anything was done, and says nothing of what it knows.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime

import structlog
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from gatekeeper.actions.hearing import hear, note_refused
from gatekeeper.models import HubHook
from gatekeeper.models.hub_hooks import digest_of
from gatekeeper.rules import announcements

log = structlog.get_logger(__name__)

A_MINUTE = 60  # announcements of one webhook; the Hub itself stops at 1,000 a day
REMEMBERED = 60  # seconds in which the same body counts as a repetition
NOBODYS = digest_of("")


@csrf_exempt
@require_POST
def hub(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an announcement: 202 once the secret is right; 403, 404, 413, 400 otherwise."""
    at = timezone.now()
    hook = HubHook.objects.listening().filter(public_id=public_id).first()
    if not _opens(hook, request.headers.get("X-Webhook-Secret", ""), at=at):
        if hook is None:
            return _answer(404)
        note_refused(hook, at=at)
        return _answer(403)
    assert hook is not None
    body = _body(request)
    if body is None:
        return _answer(413)
    try:
        about = announcements.read(body)
    except announcements.Unreadable:
        return _answer(400)
    planned = hear(hook, about=about, again=_again(hook, body), at=at)
    log.info("heard", hook=hook.pk, scope=about.scope, looks=planned)
    return _answer(202)


def _opens(hook: HubHook | None, given: str, *, at: datetime) -> bool:
    """Say whether a secret is taken now. It takes as long for any secret, and for a webhook that is none."""
    digest = digest_of(given)
    taken = hook.digests_at(at) if hook is not None else []
    found = [hmac.compare_digest(digest, each) for each in (taken or [NOBODYS])]
    return bool(given and taken) and any(found)


def _body(request: HttpRequest) -> bytes | None:
    """Return the body, empty where it broke off; None for one that is too long, of which no more is read than that."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > announcements.LONGEST:
        return None
    try:
        body = request.read(announcements.LONGEST + 1)
    except UnreadablePostError:
        return b""
    return None if len(body) > announcements.LONGEST else body


def _again(hook: HubHook, body: bytes) -> bool:
    """Say whether the sender repeats itself: the same body a moment ago, or more than anybody has to say in a minute.

    Two changes can be told in the same words, so a repetition is not dropped: it makes a look that comes later. Where
    the cache is away nothing counts as one; looks stay a few seconds apart all the same.
    """
    said = f"hook-{hook.pk}-{hashlib.sha256(body).hexdigest()}"
    count = f"hook-{hook.pk}-{int(time.time()) // 60}"
    try:
        new = cache.add(said, 1, timeout=REMEMBERED)
        cache.add(count, 0, timeout=120)
        return cache.incr(count) > A_MINUTE or not new
    except (RedisError, ValueError):  # ValueError: the key was evicted between the two commands
        return False


def _answer(status: int) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})


app_name = "hooks"
urlpatterns = [path("hub/<slug:public_id>/", hub, name="hub")]
