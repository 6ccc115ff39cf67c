"""How licences are drawn."""

from __future__ import annotations

from django import template

from gatekeeper.web import licence_words as words

register = template.Library()

for _filter in (
    words.digest,
    words.class_words,
    words.kind_words,
    words.language_name,
    words.of_campaign,
    words.campaign_step,
    words.what_accepting_ends,
    words.what_revoking_ends,
):
    register.filter(_filter.__name__, _filter)
