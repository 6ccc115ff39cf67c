"""Pages about oneself: an overview, API tokens, the language; and the way to the Hub and back."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from allauth.socialaccount.providers.openid_connect import views as openid
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from requests import RequestException

from accounts.forms import ApiTokenForm, LanguageForm
from accounts.middleware import SESSION_LANGUAGE
from accounts.models import ApiToken, Membership, User

logger = structlog.get_logger(__name__)

PROVIDER = "huggingface"


def _me(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User), "the view is for people who are signed in"
    return user


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Who I am here, and where to change it."""
    memberships = Membership.objects.filter(user=_me(request)).select_related("publisher")
    return render(
        request, "accounts/overview.html", {"memberships": memberships.order_by("publisher__name", "role", "pk")}
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def api_tokens(request: HttpRequest) -> HttpResponse:
    """My API tokens, and a form for a new one, whose secret stands on the answer and nowhere else."""
    form = ApiTokenForm(request.POST or None, user=_me(request))
    secret = ""
    status = 200
    if request.method == "POST":
        if form.is_valid():
            now = timezone.now()
            asked = form.cleaned_data
            _row, secret = ApiToken.objects.issue(
                user=_me(request), name=asked["name"], scopes=asked["scopes"], expires_at=form.expires_at(now), at=now
            )
            form = ApiTokenForm(user=_me(request))
        else:
            status = 422
    context = {"form": form, "secret": secret, "tokens": _my_tokens(request), "now": timezone.now()}
    return render(request, "accounts/api_tokens.html", context, status=status)


def _my_tokens(request: HttpRequest) -> list[ApiToken]:
    """The newest hundred, live ones and revoked ones."""
    return list(ApiToken.objects.filter(user=_me(request)).order_by("-created_at", "-pk")[:100])


@login_required
@require_POST
def revoke_api_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of my tokens; again is the same."""
    token = get_object_or_404(ApiToken, pk=pk, user=_me(request))
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    messages.success(request, _("The token “%(name)s” is revoked. It opens nothing any more.") % {"name": token.name})
    return redirect("accounts:api_tokens")


@require_http_methods(["GET", "POST"])
def language(request: HttpRequest) -> HttpResponse:
    """The language of pages and, for a person who is signed in, of mails; `next` leads back to where it was chosen."""
    user = request.user if isinstance(request.user, User) else User(language=translation.get_language()[:2])
    form = LanguageForm(request.POST or None, instance=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/language.html", {"form": form}, status=422 if form.errors else 200)
    chosen = form.cleaned_data["language"]
    back = request.POST.get("next", "")
    stays = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    answer = redirect(back if stays else "accounts:overview" if user.pk else settings.LOGIN_REDIRECT_URL)
    if user.pk:
        user.save(update_fields=["language"])
        request.session[SESSION_LANGUAGE] = chosen
    else:
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=365 * 24 * 3600,
            httponly=True,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    if not stays:  # who stays on a page sees it change
        with translation.override(chosen):
            messages.success(request, _("The language is changed."))
    return answer


def hub_sign_in(request: HttpRequest) -> HttpResponse:
    """To the Hub, to sign in or to connect. A Hub that does not answer gives a page with a sentence, not an error."""
    return _at_the_hub(openid.login, request)


def hub_sign_in_back(request: HttpRequest) -> HttpResponse:
    """Back from the Hub; what it sends is not trusted to have the right shape."""
    request.seen_on = reverse("account_login")  # type: ignore[attr-defined]  # the address holds what the Hub said
    return _at_the_hub(openid.callback, request)


def _at_the_hub(view: Callable[..., HttpResponse], request: HttpRequest) -> HttpResponse:
    try:
        return view(request, PROVIDER)
    except (RequestException, KeyError, TypeError) as error:
        logger.warning("hub_sign_in_failed", reason=type(error).__name__)
        return render(request, "socialaccount/authentication_error.html", status=503)
