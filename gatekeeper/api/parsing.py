"""What is read of a body: JSON of a bounded size whose every text can be stored and shown."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from .errors import TooLarge


class BoundedJSONParser(JSONParser):
    """JSON up to Django's limit for a body; a NUL or half a surrogate pair anywhere is refused, as PostgreSQL would."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the body holds. Raises ParseError, TooLarge."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        try:
            found = super().parse(BytesIO(raw.removeprefix(codecs.BOM_UTF8)), media_type, dict(parser_context or {}))
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
