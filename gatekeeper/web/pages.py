"""What every page shares: who may open it, which methods it takes, and the one place where a refusal becomes a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.viewer import Viewer
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refused, Unmet, WrongState

from .words import sentence

View = Callable[..., HttpResponseBase]

# Refusals of state that a page can meet only because somebody, or another window, was faster.
CHANGED_MEANWHILE = frozenset(
    {"stale", "licence_changed", "wrong_state", "already_taken", "not_taken", "already_accepted", "already_published"}
)

STATUS: dict[type[Refused], int] = {NotAllowed: 403, WrongState: 409, Unmet: 422, Invalid: 422}


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who is asking."""
    return cast(Viewer, request.viewer)  # type: ignore[attr-defined]  # set by ViewerMiddleware


def me(request: HttpRequest) -> User:
    """Return the account of a viewer who is signed in."""
    user = viewer_of(request).user
    assert user is not None, "the page is for people who are signed in"
    return user


def page(*methods: str, public: bool = False, back: str = "") -> Callable[[View], View]:
    """Make a view a page: its methods (default: GET), signed in unless `public`, and refusals answered with a sentence.

    `back` names the address, with the same arguments, that a refusal leads back to.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
                raise Http404  # no text in the database can hold it, so nothing is there
            if back and "GET" not in methods:  # where a form that is shown again was first seen
                request.seen_on = reverse(back, kwargs=kwargs)  # type: ignore[attr-defined]  # for the foot of the page
            try:
                answer = view(request, *args, **kwargs)
            except Refused as refused:
                answer = refusal_page(request, refused, back=reverse(back, kwargs=kwargs) if back else "")
            if not public:
                patch_cache_control(answer, no_store=True, private=True)
            return answer

        allowed = [*(methods or ["GET"]), *([] if methods == ("POST",) else ["HEAD"])]
        limited = require_http_methods(allowed)(answered)
        return limited if public else login_required(limited)

    return decorate


def refusal_page(request: HttpRequest, refused: Refused, *, back: str = "") -> HttpResponse:
    """Answer a refusal: 403, 409 or 422, what happened, and the way back. Nothing was changed."""
    status = next((code for kind, code in STATUS.items() if isinstance(refused, kind)), 422)
    said = sentence(refused.refusal)
    more = [line for line in map(sentence, refused.fields.values()) if line != said]
    context = {
        "status": status,
        "changed": refused.refusal.code in CHANGED_MEANWHILE,
        "sentence": said,
        "sentences": more,
        "back": back,
    }
    return render(request, "refused.html", context, status=status)


def put_refusals(form: forms.Form, refused: Invalid, **names: str) -> None:
    """Put what was refused at the fields of a form; `names` says which field stands for which refused name."""
    for name, refusal in refused.fields.items():
        field = names.get(name, name)
        form.add_error(field if field in form.fields else None, sentence(refusal))
    if not refused.fields:
        form.add_error(None, sentence(refused.refusal))


def status_of(form: forms.BaseForm) -> int:
    """Return 422 for a form that is shown again with its errors, else 200."""
    return 422 if form.is_bound and form.errors else 200
