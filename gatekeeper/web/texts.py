"""A licence text as its page shows it."""

from __future__ import annotations

from django.template.loader import render_to_string

from gatekeeper.models import LicenceVersion, Translation
from gatekeeper.rules.clauses import Part, licence_parts

__all__ = ["Part", "licence_parts", "read", "rendered"]


def read(version: LicenceVersion, translation: Translation | None) -> dict[str, list[Part]]:
    """Return the parts of the text that is shown, and under a translation those of the text that binds."""
    binding = licence_parts(version.words)
    return {"parts": licence_parts(translation.words), "binding": binding} if translation else {"parts": binding}


def rendered(version: LicenceVersion, translation: Translation | None = None) -> str:
    """Return the HTML of the text as its page shows it: the translation first, if one was, then the text that binds."""
    shown = read(version, translation)
    return "".join(
        render_to_string("includes/licence_text.html", {"parts": shown[name]})
        for name in ("parts", "binding")
        if name in shown
    )
