"""How drift is drawn."""

from __future__ import annotations

from django import template

from gatekeeper.web import drift_words as words

register = template.Library()

for _filter in (
    words.of_drift,
    words.of_severity,
    words.drift_label,
    words.drift_meaning,
    words.drift_reason,
    words.drift_said,
    words.drift_since,
    words.drift_touches,
    words.drift_address,
    words.drift_owner,
    words.drift_names,
):
    register.filter(_filter.__name__, _filter)
