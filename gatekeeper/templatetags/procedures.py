"""How procedures are drawn."""

from __future__ import annotations

from django import template

from gatekeeper.web import procedure_words as words

register = template.Library()

for _filter in (
    words.procedure_title,
    words.procedure_covers,
    words.of_procedure,
    words.phase_meaning,
    words.phases_of,
    words.outcome_words,
    words.about_seconds,
    words.step_words,
):
    register.filter(_filter.__name__, _filter)
