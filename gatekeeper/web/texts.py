"""A licence text as its page shows it."""

from __future__ import annotations

from django.template.loader import render_to_string

from gatekeeper.models import LicenceVersion
from gatekeeper.rules.clauses import Part, licence_parts

__all__ = ["Part", "licence_parts", "rendered"]


def rendered(version: LicenceVersion) -> str:
    """Return the HTML of the text as its page shows it."""
    return render_to_string("includes/licence_text.html", {"parts": licence_parts(version.words)})
