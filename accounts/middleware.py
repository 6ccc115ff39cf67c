"""Who is asking, and in which language, for every request."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from accounts.viewer import Viewer

SESSION_LANGUAGE = "language"


class ViewerMiddleware:
    """Puts `request.viewer` there; nothing is read until somebody asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with a viewer at hand."""
        request.viewer = SimpleLazyObject(lambda: Viewer.of(_user(request)))  # type: ignore[attr-defined]  # set here
        return self.get_response(request)


def _user(request: HttpRequest) -> object:
    # A SimpleLazyObject answers isinstance() for what it holds, but the Viewer keeps the user: unwrap it.
    user = request.user
    user.is_authenticated  # noqa: B018  (loads it)
    return getattr(user, "_wrapped", user)


class LanguageMiddleware:
    """The language that a signed-in person chose goes before the browser's; it is kept in the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the person's language."""
        chosen = request.session.get(SESSION_LANGUAGE)
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
