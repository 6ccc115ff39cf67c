"""A form of words alone. Whether they can be taken is said by the verb."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class WordsForm(forms.Form):
    """Something that somebody wants to say."""

    words = forms.CharField(label=_("Your answer"), required=False, widget=forms.Textarea(attrs={"rows": 5}))

    @property
    def said(self) -> str:
        """Return the words as they were sent."""
        self.full_clean()
        return str(self.cleaned_data.get("words", ""))
