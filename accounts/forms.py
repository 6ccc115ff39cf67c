"""Forms about oneself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, User


class ApiTokenForm(forms.Form):
    """A new API token: a name, what it may do, how long."""

    LIFETIMES = [("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year"))]

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What it is for, such as the script or machine that uses it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    lifetime = forms.ChoiceField(label=_("Expires after"), choices=LIFETIMES, initial="90")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.is_operator:
            scopes = self.fields["scopes"]
            assert isinstance(scopes, forms.MultipleChoiceField)
            scopes.choices = [choice for choice in ApiToken.Scope.choices if choice[0] != ApiToken.Scope.OPERATE]

    def clean_name(self) -> str:
        """A name once: so that sending the form twice makes one token, and the list can be read."""
        name: str = self.cleaned_data["name"].strip()
        if ApiToken.objects.filter(user=self.user, name=name, revoked_at=None).exists():
            raise forms.ValidationError(
                _("You have a token with this name. Choose another name, or revoke that token.")
            )
        return name

    def expires_at(self, at: datetime) -> datetime:
        """When the token ends, if it is made now."""
        return at + timedelta(days=int(self.cleaned_data["lifetime"]))


class LanguageForm(forms.ModelForm):
    """The language of pages and mails."""

    class Meta:
        model = User
        fields = ["language"]
        widgets = {"language": forms.RadioSelect}
