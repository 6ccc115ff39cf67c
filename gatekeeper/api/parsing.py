"""What is read of a body: JSON whose every text can be kept and shown. Django bounds its size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StorableJSONParser(JSONParser):
    """JSON in which no text holds a NUL or half a surrogate pair: PostgreSQL could not keep it."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the body holds. Raises ParseError."""
        try:
            found = super().parse(stream, media_type, dict(parser_context or {}))
            json.dumps(found, ensure_ascii=False).encode()
            held = _holds_nul(found)
        except (RecursionError, UnicodeEncodeError) as error:
            raise ParseError(_("This JSON is nested too deeply, or holds half a character.")) from error
        if held:
            raise ParseError(_("This JSON holds a NUL character, which no text can have."))
        return found


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any("\x00" in key or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
