"""Forms of the terms that bind a gate form and a licence together."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Publisher
from gatekeeper.models import GateForm, GatePolicy, LicenceVersion


class TermsForm(forms.Form):
    """The terms of a stage. Bounds are checked by the verb."""

    form = forms.ModelChoiceField(label=_("Gate form"), queryset=GateForm.objects.none(), empty_label=None)
    licence_version = forms.ModelChoiceField(
        label=_("Licence"), queryset=LicenceVersion.objects.none(), empty_label=None
    )
    entry = forms.ChoiceField(
        label=_("Who can ask"),
        choices=[("anyone", _("anybody it is meant for")), ("invited", _("only who is invited"))],
        widget=forms.RadioSelect,
    )
    intake = forms.ChoiceField(
        label=_("Requests that begin on the Hub"),
        choices=[
            ("here", _("are finished here")),
            ("hub_is_enough", _("count as they are, with the box ticked there as acceptance (the weaker proof)")),
        ],
        widget=forms.RadioSelect,
    )
    automatic = forms.ChoiceField(
        label=_("Who decides"),
        choices=[("never", _("people")), ("always", _("a rule: every complete request is approved"))],
        widget=forms.RadioSelect,
    )
    approvals_required = forms.IntegerField(label=_("Reviewers who have to agree"))
    duration_days = forms.IntegerField(
        label=_("Access lasts, in days"), required=False, help_text=_("Empty: it has no end.")
    )
    cap = forms.IntegerField(label=_("Places"), required=False, help_text=_("Empty: as many as come."))
    sla_days = forms.IntegerField(label=_("Answer promised within, in days"))
    info_wait_days = forms.IntegerField(label=_("A question may stay unanswered, in days"))
    correction_days = forms.IntegerField(label=_("Time for changes, in days"))
    intake_days = forms.IntegerField(label=_("Time to finish here what began on the Hub, in days"))
    conditions = forms.CharField(
        label=_("Conditions"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line; every holder sees them."),
    )

    def __init__(self, publisher: Publisher, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {**GatePolicy.DEFAULTS, **kwargs.get("initial", {})}
        kwargs["initial"]["conditions"] = "\n".join(kwargs["initial"].get("conditions", ()))
        super().__init__(*args, **kwargs)
        published_forms = GateForm.objects.published().filter(publisher=publisher).order_by("-pk")
        versions = LicenceVersion.objects.published().filter(licence__publisher=publisher).order_by("-pk")
        for name, rows in (("form", published_forms), ("licence_version", versions.select_related("licence"))):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    @property
    def terms(self) -> dict[str, Any]:
        """Return the terms as the verb takes them."""
        sent = {name: self.cleaned_data[name] for name in GatePolicy.DEFAULTS if name in self.cleaned_data}
        sent["conditions"] = [line.strip() for line in sent.get("conditions", "").splitlines() if line.strip()]
        return sent
