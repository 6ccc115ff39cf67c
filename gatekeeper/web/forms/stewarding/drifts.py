"""Forms of what is done about drift."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.reason_codes import fitting
from gatekeeper.models import Outcome


def reason() -> forms.CharField:
    """Return the field for why it was so decided."""
    return forms.CharField(
        label=_("Why"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with it, and read by the publisher’s people."),
    )


class RecordForm(forms.Form):
    """Why what the Hub says is taken over; with reasons where grants end by it."""

    codes = forms.MultipleChoiceField(label=_("Reasons"), required=False, widget=forms.CheckboxSelectMultiple)
    words = reason()

    def __init__(self, ends_grants: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = self.fields["codes"]
        assert isinstance(codes, forms.MultipleChoiceField)
        codes.choices = [(each.code, gettext(each.label)) for each in fitting(Outcome.REVOKED.value, None)]
        if not ends_grants:
            del self.fields["codes"]
        else:
            self.fields["words"].help_text = _("The holder reads this as the words of the decision.")


class AllowForm(forms.Form):
    """Until which day, and why."""

    until = forms.DateField(label=_("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}))
    words = reason()

    @property
    def end(self) -> datetime:
        """Return the end of that day, in the zone of the installation; the present where none was given."""
        day: date | None = self.cleaned_data.get("until")
        if day is None:
            return timezone.now()
        return timezone.make_aware(datetime.combine(day, time.min)) + timedelta(days=1)
