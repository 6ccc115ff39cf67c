"""Forms of proving a namespace and linking a repository. A token that was sent is never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.models import Intake, RepositoryKind


class TokenForm(forms.Form):
    """A Hub token."""

    token = forms.CharField(
        label=_("Hub token"),
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("With the write role, or fine-grained with write on the namespace. It is kept encrypted."),
    )


class ProveForm(forms.Form):
    """A namespace, and what proves that it is one's own: the last sign-in at the Hub, or a token."""

    namespace = forms.CharField(label=_("Namespace on the Hub"), max_length=200, help_text=_("A user or organisation."))
    token = forms.CharField(
        label=_("Hub token"),
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("With the write role, or fine-grained with write on the namespace. It is kept encrypted."),
    )

    def __init__(self, proven: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if proven:
            self.fields["token"].help_text = _(
                "Your last sign-in proves these already: %(names)s. A token is needed to link a repository, and can be "
                "given later."
            ) % {"names": ", ".join(proven)}
        self.fields["token"].required = not proven


class LinkForm(forms.Form):
    """A repository of the publisher's namespace."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=RepositoryKind.choices, initial=RepositoryKind.MODEL, widget=forms.RadioSelect
    )
    name = forms.CharField(label=_("Repository"), max_length=200, help_text=_("As owner/name."))


class StartForm(forms.Form):
    """Where the requests of the first stage have to be completed."""

    intake = forms.ChoiceField(
        label=_("People who ask on the Hub"),
        choices=[
            (Intake.HUB_IS_ENOUGH, _("are reviewed with the answers that they gave there")),
            (Intake.HERE, _("finish their request here first")),
        ],
        initial=Intake.HUB_IS_ENOUGH,
        widget=forms.RadioSelect,
    )
