"""The forms of a case: to decide, ask, note and recommend. Each carries the submission that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.reason_codes import REASON_CODES, fitting
from gatekeeper.models import AccessRequest, GatePolicy, Outcome
from gatekeeper.web.words import in_reader_language


class SeenForm(forms.Form):
    """A form about one submission: what the reviewer had on screen when it was opened."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, case: AccessRequest, policy: GatePolicy, data: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {"seen": case.submission_id, **kwargs["initial"]}
        super().__init__(data, **kwargs)

    @property
    def seen_submission(self) -> int:
        """Return the id of the submission that was seen; 0, which no submission has, if that is not told."""
        return int(self.cleaned_data.get("seen") or 0)


class WordedForm(SeenForm):
    """A form with words for the requester, or for the other reviewers."""

    words = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))


class QuestionForm(WordedForm):
    """A question to the requester."""

    prefix = "ask"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("Your question")
        self.fields["words"].help_text = _("The clock of the promise stops until it is answered.")


class NoteForm(WordedForm):
    """A note that stays among the publisher's people."""

    prefix = "note"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("Private note")
        self.fields["words"].help_text = _("Read by the publisher’s people only.")
        self.fields["words"].widget.attrs["rows"] = 2


class RecommendForm(NoteForm):
    """An opinion, with a note or without."""

    prefix = "recommend"


class DecisionForm(WordedForm):
    """Reasons and words of a decision. Words left empty are made of what the reasons tell the requester."""

    outcome: Outcome
    ready: Sequence[str] = ()

    codes = forms.MultipleChoiceField(label=_("Reasons"), required=False, widget=forms.CheckboxSelectMultiple)
    field_order = ("seen", "codes", "reopened", "conditions", "words")

    def __init__(self, case: AccessRequest, policy: GatePolicy, data: Any = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"codes": list(self.ready), **kwargs.get("initial", {})}
        super().__init__(case, policy, data, **kwargs)
        allowed = None if self.outcome is Outcome.APPROVED else policy.term("reason_codes") or None
        codes = self.fields["codes"]
        assert isinstance(codes, forms.MultipleChoiceField)
        codes.choices = [(each.code, gettext(each.label)) for each in fitting(self.outcome.value, allowed)]
        self.fields["words"].label = _("Words for the requester")
        self.fields["words"].help_text = _("Leave this empty to send what the reasons above say.")

    @property
    def chosen(self) -> list[str]:
        """Return the reasons that were ticked."""
        return list(self.cleaned_data.get("codes", ()))

    @property
    def said(self) -> str:
        """Return the words that were written, else those that the reasons bring with them."""
        written = str(self.cleaned_data.get("words", "")).strip()
        return written or "\n".join(gettext(REASON_CODES[code].hint) for code in self.chosen)


class ApproveForm(DecisionForm):
    """Approve: ready to send, with conditions if there are any."""

    prefix = "approve"
    outcome = Outcome.APPROVED
    ready = ("ELIGIBLE",)

    conditions = forms.CharField(
        label=_("Further conditions"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line; the holder sees them."),
    )

    def __init__(self, case: AccessRequest, policy: GatePolicy, data: Any = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"words": gettext(REASON_CODES["ELIGIBLE"].hint), **kwargs.get("initial", {})}
        super().__init__(case, policy, data, **kwargs)

    @property
    def further_conditions(self) -> list[str]:
        """Return the conditions, one a line."""
        return [line.strip() for line in self.cleaned_data.get("conditions", "").splitlines() if line.strip()]


class CorrectableForm(DecisionForm):
    """Ask for changes: which reasons, and which answers may be changed."""

    prefix = "changes"
    outcome = Outcome.DENIED_CORRECTABLE

    reopened = forms.MultipleChoiceField(
        label=_("Answers that may be changed"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick none to open all of them."),
    )

    def __init__(self, case: AccessRequest, policy: GatePolicy, data: Any = None, **kwargs: Any) -> None:
        super().__init__(case, policy, data, **kwargs)
        reopened = self.fields["reopened"]
        assert isinstance(reopened, forms.MultipleChoiceField)
        reopened.choices = [(each["key"], in_reader_language(each["label"])) for each in case.policy.form.questions]


class FinalForm(DecisionForm):
    """Deny for good."""

    prefix = "final"
    outcome = Outcome.DENIED_FINAL
