"""The OpenAPI document: how people sign in, and that every refusal is a problem."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from .errors import CONTENT_TYPE

FAULT = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["code", "detail"],
}
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is stable and for scripts; sentences are in the reader's language.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": FAULT},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
REFUSED = {
    "description": "Refused: nothing was changed, but for the answers that could be taken of a draft.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer gk_…`."""

    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "description": "An API token of your account, with its scopes."}


def tell_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Give every operation the answer of a refusal. SPECTACULAR_SETTINGS names this."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = REFUSED
    return result
