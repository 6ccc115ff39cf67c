"""Forms of re-acceptance campaigns: within how many days, and from when."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.rules.campaigns import GRACE_DAYS, MOST_DAYS


class PrepareForm(forms.Form):
    """Within how many days people have to accept."""

    grace_days = forms.IntegerField(
        label=_("They have to accept it within, in days"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=GRACE_DAYS,
        help_text=_("They are reminded at half of it, at a tenth, and a day before its end."),
    )


class ScheduleForm(forms.Form):
    """From when, and how many people it asks. A number that is another by now is refused by the verb."""

    confirmed = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    starts_at = forms.DateTimeField(
        label=_("Begins at (UTC)"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
