"""The form by which an owner appoints somebody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import HubPerson, Membership


class AppointForm(forms.Form):
    """Somebody who has signed in here, by their name on the Hub, and a role."""

    username = forms.CharField(
        label=_("Name on the Hub"), max_length=200, help_text=_("They must have signed in here once.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.REVIEWER)

    def clean(self) -> dict[str, Any]:
        """Find the person, among those who have signed in."""
        cleaned = super().clean() or {}
        name = cleaned.get("username", "").strip()
        person = HubPerson.objects.named(name).filter(user__isnull=False).select_related("user").first()
        if name and person is None:
            self.add_error("username", _("Nobody of this name has signed in here yet. Ask them to sign in once."))
        cleaned["person"] = person
        return cleaned
