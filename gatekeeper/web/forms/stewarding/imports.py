"""Forms of what is brought in: a file of earlier approvals, its confirmation, and a day for the licence."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.actions.earlier_approvals import MOST_WAITING_DAYS, WAITING_DAYS
from gatekeeper.actions.terms import MOST_DAYS


class UploadForm(forms.Form):
    """A spreadsheet, and one file that shows the approvals. Bounds are checked as it is read."""

    file = forms.FileField(
        label=_("Spreadsheet (CSV)"),
        help_text=_(
            "UTF-8, with a first line that names the columns: name, date, approver, and perhaps terms. At most 5 MB."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    evidence = forms.FileField(
        label=_("Evidence"),
        required=False,
        help_text=_(
            "One file that shows the approvals: a PDF, an image, a text, or a ZIP or office file. At most 10 MB."
        ),
    )

    def handed(self) -> tuple[str, Any] | None:
        """Return the name and the bytes of the evidence, if there is any."""
        sent = self.cleaned_data.get("evidence")
        return None if sent is None else (sent.name, sent.chunks())


class ConfirmForm(forms.Form):
    """The dry run that was seen, and how long names wait."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    days = forms.IntegerField(
        label=_("Names without a known holder wait, in days"),
        min_value=1,
        max_value=MOST_WAITING_DAYS,
        initial=WAITING_DAYS,
        help_text=_("A name on the Hub can change hands: the longer it waits, the less it says."),
    )


class AskForTermsForm(forms.Form):
    """In how many days the licence has to be accepted; empty: they are not asked by a day."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    days = forms.IntegerField(
        label=_("They have to accept it within, in days"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("Empty: they are honoured without a day. It holds for whoever is brought in later, too."),
    )


class InvitationForm(forms.Form):
    """A link that invites."""

    label = forms.CharField(
        label=_("For whom it is"), max_length=200, help_text=_("Only your publisher’s people see it.")
    )
    days = forms.IntegerField(label=_("It lasts, in days"), initial=14)
    uses = forms.IntegerField(label=_("People who can accept it"), initial=1)


class NamesForm(forms.Form):
    """Hub names to invite."""

    label = forms.CharField(
        label=_("For whom it is"), max_length=200, help_text=_("Only your publisher’s people see it.")
    )
    days = forms.IntegerField(label=_("Names wait for their holders, in days"), initial=90)
    names = forms.CharField(
        label=_("Names on the Hub"),
        max_length=600_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("With commas, spaces or lines between; a column of a spreadsheet can be pasted."),
    )
