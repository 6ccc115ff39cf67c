"""Gate forms to begin with, for a card that has none: few questions, each with its purpose and its retention time."""

from typing import Any

from gatekeeper.rules.questions import DEFAULT_RETENTION_DAYS


def _question(key: str, kind: str, label: str, purpose: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "label": {"en": label},
        "required": True,
        "purpose": purpose,
        "retention_days": DEFAULT_RETENTION_DAYS,
        **more,
    }


NAME = _question("name", "short_text", "Your full name", "To know who receives access.")
COUNTRY = _question("country", "country", "Country you work in", "To see whether the licence covers your territory.")
AFFILIATION = _question(
    "affiliation",
    "short_text",
    "Affiliation, spelt out",
    "To understand in which setting the work takes place.",
    hint={"en": "The organisation without acronyms, or “independent”."},
)
USE = _question(
    "use",
    "long_text",
    "What you want to do with it",
    "To judge whether the use fits this stage.",
    hint={"en": "What you will build or measure, with which data or people, and who will see the outputs."},
    max_length=3_000,
)

FORM_TEMPLATES: dict[str, dict[str, Any]] = {
    "research": {"title": "Research access", "questions": [NAME, AFFILIATION, COUNTRY, USE]},
    "short": {"title": "Short form", "questions": [NAME, USE]},
}
