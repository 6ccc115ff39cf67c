"""What the linter says of a form, and the report of an import, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.rules.card_report import Group, grouped
from gatekeeper.rules.form_lint import Finding, Severity
from gatekeeper.web.words import in_reader_language

SEVERITIES: Mapping[Severity, tuple[Any, str]] = {
    Severity.BLOCKS: (_("has to be done first"), "bad"),
    Severity.SERIOUS: (_("serious"), "warn"),
    Severity.ADVICE: (_("advice"), ""),
}
GROUPS: Mapping[Group, Any] = {
    Group.DANGEROUS: _("Dangerous"),
    Group.LEFT: _("Not carried over"),
    Group.MENDED: _("Mended"),
    Group.WORTH_A_LOOK: _("Worth a look"),
}


class Linted(Protocol):
    """Whatever has questions and can be linted."""

    @property
    def questions(self) -> list[dict[str, Any]]:
        """Return its questions in order."""

    def lint(self) -> list[Finding]:
        """Return what the linter says of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of the linter, as it is shown."""

    severity: Any
    tone: str
    question: str
    why: str
    todo: str


def told(findings: Iterable[Finding], questions: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Return findings in words; a question is called by its label in the reader's language."""
    labels = {question["key"]: in_reader_language(question["label"]) for question in questions}
    return [
        Told(
            *SEVERITIES[finding.severity],
            question=str(labels.get(finding.question, "")),
            why=gettext(finding.why) % finding.values,
            todo=gettext(finding.todo),
        )
        for finding in findings
    ]


def report(findings: Iterable[Mapping[str, Any]]) -> list[tuple[Any, list[Mapping[str, Any]]]]:
    """Return the findings about a card by group, each with its title; the gravest group first."""
    return [(GROUPS[group], members) for group, members in grouped(findings).items()]
