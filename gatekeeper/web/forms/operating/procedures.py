"""The forms by which an emergency stop and a safe re-gate are prepared. Whether the words fit is said by the verb."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Publisher
from gatekeeper.models import Release, Repository, Stage
from gatekeeper.rules.procedures import Scope

SCOPES = {
    Scope.PUBLISHER: _("Everything of the publisher"),
    Scope.RELEASE: _("A release, with all its stages"),
    Scope.STAGE: _("A stage"),
    Scope.REPOSITORY: _("A repository, with every stage that gives access to it"),
}


class RegateForm(forms.Form):
    """Why a repository is gated again."""

    words = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Whoever has to confirm whose access ends reads this.")
    )


class StopForm(forms.Form):
    """What of a publisher is stopped, and why."""

    covers = forms.ChoiceField(label=_("What to stop"))
    words = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Whoever has to ratify the stop, or to lift it, reads this.")
    )

    def __init__(self, publisher: Publisher, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = Stage.objects.filter(release__publisher=publisher).select_related("release")
        self.things: dict[str, Any] = {
            f"{scope}-{thing.pk}": thing
            for scope, things in (
                (Scope.PUBLISHER, [publisher]),
                (Scope.RELEASE, Release.objects.filter(publisher=publisher).order_by("title")[:200]),
                (Scope.STAGE, stages.order_by("release__title", "ordinal")[:500]),
                (Scope.REPOSITORY, Repository.objects.linked().filter(publisher=publisher).order_by("name")[:500]),
            )
            for thing in things
        }
        groups: dict[str, list[tuple[str, str]]] = {}
        for key, thing in self.things.items():
            groups.setdefault(str(SCOPES[Scope(key.partition("-")[0])]), []).append((key, str(thing)))
        field = self.fields["covers"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(groups.items())

    @property
    def covered(self) -> Any:
        """Return the publisher, release, stage or repository that was chosen."""
        return self.things[self.cleaned_data["covers"]]
