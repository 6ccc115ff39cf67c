"""The form by which the sync is paused. Whether the words can be taken is said by the verb."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class PauseForm(forms.Form):
    """Why nothing is to be told to the Hub."""

    words = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("Whoever comes next reads this, and decides by it whether the sync may go on."),
    )
