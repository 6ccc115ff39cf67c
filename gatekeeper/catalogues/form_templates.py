"""Gate forms to begin with, for a card that has none: few questions, each with its purpose and its retention time.

They are asked in both languages, whatever their steward reads, because their words become part of a published form.
"""

from typing import Any

from gatekeeper.rules.questions import DEFAULT_RETENTION_DAYS
from gatekeeper.rules.refusals import gettext_noop as _


def _question(key: str, kind: str, label: str, french: str, purpose: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "label": {"en": label, "fr": french},
        "required": True,
        "purpose": purpose,
        "retention_days": DEFAULT_RETENTION_DAYS,
        **more,
    }


NAME = _question("name", "short_text", "Your full name", "Votre nom complet", _("To know who receives access."))
COUNTRY = _question(
    "country",
    "country",
    "Country you work in",
    "Pays où vous travaillez",
    _("To see whether the licence covers your territory."),
)
AFFILIATION = _question(
    "affiliation",
    "short_text",
    "Affiliation, spelt out",
    "Affiliation, en toutes lettres",
    _("To understand in which setting the work takes place."),
    help={
        "en": "The organisation without acronyms, or “independent”.",
        "fr": "L’organisation sans sigle, ou « indépendant ».",
    },
)
USE = _question(
    "use",
    "long_text",
    "What you want to do with it",
    "Ce que vous voulez en faire",
    _("To judge whether the use fits this stage."),
    help={
        "en": "What you will build or measure, with which data or people, and who will see the outputs.",
        "fr": "Ce que vous allez construire ou mesurer, avec quelles données ou personnes, et qui verra les résultats.",
    },
    max_length=3_000,
)

FORM_TEMPLATES: dict[str, dict[str, Any]] = {
    "research": {"title": _("Research access"), "questions": [NAME, AFFILIATION, COUNTRY, USE]},
    "short": {"title": _("Short form"), "questions": [NAME, USE]},
}
