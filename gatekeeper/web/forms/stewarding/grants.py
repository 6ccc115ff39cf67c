"""Forms of what a steward does with a grant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.reason_codes import REASON_CODES, fitting
from gatekeeper.models import GatePolicy, Outcome


class SuspendForm(forms.Form):
    """Words for the holder, if there are any."""

    words = forms.CharField(
        label=_("Words for the holder"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )


class RevokeForm(forms.Form):
    """Reasons and words. Words left empty are made of what the reasons say."""

    codes = forms.MultipleChoiceField(label=_("Reasons"), required=False, widget=forms.CheckboxSelectMultiple)
    words = forms.CharField(
        label=_("Words for the holder"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Leave this empty to send what the reasons above say."),
    )

    def __init__(self, policy: GatePolicy | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = policy.term("reason_codes") or None if policy else None
        codes = self.fields["codes"]
        assert isinstance(codes, forms.MultipleChoiceField)
        codes.choices = [(each.code, gettext(each.label)) for each in fitting(Outcome.REVOKED.value, allowed)]

    @property
    def said(self) -> str:
        """Return the words that were written, else those that the reasons bring with them."""
        written = str(self.cleaned_data.get("words", "")).strip()
        return written or "\n".join(gettext(REASON_CODES[code].hint) for code in self.cleaned_data.get("codes", ()))
