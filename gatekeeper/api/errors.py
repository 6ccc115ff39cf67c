"""Every refusal of the API as a problem (RFC 9457): a code for scripts, a sentence for people, the fields at fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext, gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from gatekeeper.catalogues.statuses import STATUS_WORDS
from gatekeeper.models.paging import BadCursor
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refusal, Refused, Unmet, WrongState

logger = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

TITLES = {
    400: gettext_lazy("Bad request"),
    401: gettext_lazy("Not signed in"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    406: gettext_lazy("Not acceptable"),
    409: gettext_lazy("Conflict"),
    413: gettext_lazy("Too large"),
    415: gettext_lazy("Unsupported media type"),
    422: gettext_lazy("Cannot be taken"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Something broke here"),
    503: gettext_lazy("Not available at the moment"),
}
STATUS_OF: dict[type[Refused], int] = {NotAllowed: 403, WrongState: 409, Unmet: 422, Invalid: 422}

INVALID = gettext_lazy("Some of what was sent cannot be taken; see the fields.")
UNKNOWN_PARAMETER = gettext_lazy("This address does not take all of what stands behind its “?”; see the fields.")
NOT_TAKEN = gettext_lazy("This is not taken here.")
NOTHING_HERE = gettext_lazy("There is nothing here, or nothing that you may see.")
BAD_CURSOR = gettext_lazy("This cursor does not belong to this list. Start from its first page.")
TOO_LARGE = gettext_lazy("The body is larger than this service reads.")
BUSY = gettext_lazy("The database is busy or away. Nothing was changed; try again in a moment.")
BROKEN = gettext_lazy("Nothing was changed as far as we know. Look again, then try again.")


class HubAway(exceptions.APIException):
    """The Hub could not be asked just now."""

    status_code = 503
    default_code = "hub_away"


class UnknownParameter(exceptions.APIException):
    """A query string holds names that the address does not know: a misspelt filter must not be lost in silence."""

    status_code = 400
    default_code = "unknown_parameter"
    default_detail = UNKNOWN_PARAMETER

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.fields = {name: {"code": "unknown_parameter", "detail": str(NOT_TAKEN)} for name in sorted(names)}


class ScopeMissing(exceptions.PermissionDenied):
    """The token was not given the scope that this needs."""

    default_code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(
            gettext("This token lacks the scope “%(scope)s”. Make a token that has it.") % {"scope": scope}
        )


def sentence(refusal: Refusal) -> str:
    """Return the sentence of a refusal in the language of the reader, with a state by what it is called."""
    values = dict(refusal.values)
    if "status" in values:
        values["status"] = STATUS_WORDS.get(values["status"], values["status"])
    return gettext(refusal.message) % {
        name: gettext(value) if isinstance(value, str) and value else value for name, value in values.items()
    }


def problem(
    status: int,
    code: str,
    detail: str,
    fields: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as an answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": str(TITLES.get(status) or HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if fields:
        body["fields"] = dict(fields)
    return Response(body, status=status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


def answer_to(error: Exception, context: dict[str, Any]) -> Response:
    """Turn whatever a view raised into a problem. REST_FRAMEWORK names this as its handler."""
    if isinstance(error, Refused):
        return _refusal(error)
    if isinstance(error, BadCursor):
        return problem(400, "bad_cursor", str(BAD_CURSOR))
    if isinstance(error, OperationalError):
        logger.warning("database_unavailable", reason=type(error).__name__)
        return problem(503, "busy", str(BUSY), headers={"Retry-After": "5"})
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, "not_found", str(NOTHING_HERE))
    if isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", str(TOO_LARGE))
    if isinstance(error, exceptions.ValidationError):
        return problem(422, "invalid", str(INVALID), dict(faults(error.detail)))
    if isinstance(error, exceptions.APIException):
        return _plain(error)
    return _broken(context)


def _refusal(error: Refused) -> Response:
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    fields = {
        name: {"code": refusal.code, "detail": sentence(refusal)} for name, refusal in sorted(error.fields.items())
    }
    return problem(status, error.refusal.code, sentence(error.refusal), fields)


def _plain(error: exceptions.APIException) -> Response:
    scheme, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": scheme} if scheme else {}
    if wait:
        headers["Retry-After"] = str(int(wait))
    code = str(getattr(error.detail, "code", error.default_code))
    return problem(error.status_code, code, str(error.detail), getattr(error, "fields", None), headers)


def _broken(context: dict[str, Any]) -> Response:
    # Whoever listens for broken pages hears of it: the log, and a test, which fails with what was raised.
    request = getattr(context["request"], "_request", context["request"])
    got_request_exception.send(sender=None, request=request)
    return problem(500, "broken", str(BROKEN))


def faults(detail: Any, name: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (field, {code, detail}) for the first fault of each field of a validation error; nested names get a dot."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from faults(inner, name if whole else f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list | tuple):
        for number, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from faults(inner, f"{name}.{number}" if nested else name)
            if not nested:
                break
    else:
        yield name or "body", {"code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}
