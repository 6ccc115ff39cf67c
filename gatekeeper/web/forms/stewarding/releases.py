"""Forms of releases and stages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Publisher
from gatekeeper.models import Repository


class ReleaseForm(forms.Form):
    """What a release is called, and what it is."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    summary = forms.CharField(
        label=_("What it is"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In plain words, for somebody who decides whether to apply."),
    )
    not_for_all_audiences = forms.BooleanField(
        label=_("Not for all audiences"),
        required=False,
        help_text=_("Every page of it then asks first, and shows nothing before."),
    )


class StageForm(forms.Form):
    """One rung of the ladder."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    audience = forms.CharField(
        label=_("Whom it is for"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    promised_on = forms.DateField(
        label=_("Promised for"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The day on which you mean to open it. It is public."),
    )
    repositories = forms.ModelMultipleChoiceField(
        label=_("Repositories that it gives access to"),
        queryset=Repository.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, publisher: Publisher, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        repositories = self.fields["repositories"]
        assert isinstance(repositories, forms.ModelMultipleChoiceField)
        repositories.queryset = Repository.objects.linked().filter(publisher=publisher).order_by("name")
