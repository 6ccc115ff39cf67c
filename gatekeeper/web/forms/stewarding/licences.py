"""Forms of licence versions: where the text comes from, what is said of it, how much it changes."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.licence_profiles import CONDITIONS, FACTS, FAMILIES, FLOW_DOWN
from gatekeeper.catalogues.restrictions import RESTRICTIONS
from gatekeeper.models import LicenceVersion, Repository
from gatekeeper.rules.licence_changes import RANK, ChangeClass, Least
from gatekeeper.web.licence_words import class_words, language_name
from gatekeeper.web.words import restriction_words

ASKED = {
    "revocable": _("Can the licence be taken back?"),
    "latest_version": _("Do later versions bind?"),
    "remote_restriction": _("May use be restricted from afar?"),
    "deletion_at_end": _("Are copies deleted when it ends?"),
}
UNSAID = _("not said here")


class LicenceForm(forms.Form):
    """The text of a licence: from a linked repository, as a file, or typed."""

    title = forms.CharField(label=_("Title"), max_length=200)
    identifier = forms.CharField(
        label=_("Identifier on the Hub"), max_length=100, initial="other", help_text=_("Such as openrail++ or other.")
    )
    repository = forms.ModelChoiceField(
        label=_("The licence file of a repository, as it is now"),
        queryset=Repository.objects.none(),
        required=False,
        help_text=_("It is read now, and its commit is kept with it."),
    )
    file = forms.FileField(
        label=_("Or the text as a file"), required=False, help_text=_("UTF-8. Its exact bytes are what people accept.")
    )
    text = forms.CharField(
        label=_("Or the text itself"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 12})
    )
    language = forms.CharField(
        label=_("Language of the text that binds"), max_length=10, initial="en", help_text=_("Its code, such as en.")
    )

    def __init__(self, repositories: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["repository"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.empty_label = repositories, gettext("none of them")

    @property
    def text_bytes(self) -> bytes:
        """Return the exact bytes of the file, or of what was typed (with LF at the ends of lines)."""
        sent = self.cleaned_data.get("file")
        if sent is not None:
            return bytes(sent.read())
        return str(self.cleaned_data.get("text", "")).replace("\r\n", "\n").encode()


class ProfileForm(forms.Form):
    """What a text says, as facts; and translations of it."""

    restrictions = forms.MultipleChoiceField(
        label=_("Use restrictions that the text holds"), required=False, widget=forms.CheckboxSelectMultiple
    )
    family = forms.ChoiceField(label=_("Kind of licence"))
    flow_down = forms.MultipleChoiceField(
        label=_("Duties when it is passed on"), required=False, widget=forms.CheckboxSelectMultiple
    )
    conditions = forms.MultipleChoiceField(label=_("Conditions"), required=False, widget=forms.CheckboxSelectMultiple)
    territory_only = forms.CharField(
        label=_("Holds in these places only"),
        required=False,
        max_length=1_000,
        help_text=_("Codes of countries, or EU, with spaces between. Empty: everywhere."),
    )
    territory_except = forms.CharField(label=_("Does not hold in"), required=False, max_length=1_000)
    documents = forms.CharField(
        label=_("Documents that are part of it"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: address | title | SHA-256 of the file as you read it. Nobody here fetches them."),
    )
    kept = forms.MultipleChoiceField(
        label=_("Translations to keep"), required=False, widget=forms.CheckboxSelectMultiple
    )
    translation = forms.FileField(
        label=_("One translation more, as a file"), required=False, help_text=_("To read: the text itself binds.")
    )
    translation_language = forms.CharField(label=_("Its language, by its code"), required=False, max_length=10)

    def __init__(self, draft: LicenceVersion, *args: Any, **kwargs: Any) -> None:
        profile = draft.profile
        translations = draft.languages[1:]
        kwargs["initial"] = {
            **profile,
            "restrictions": draft.restrictions,
            "kept": translations,
            "territory_only": " ".join(profile["territory_only"]),
            "territory_except": " ".join(profile["territory_except"]),
            "documents": "\n".join(
                " | ".join(filter(None, (each["url"], each["title"], each["sha256"]))) for each in profile["documents"]
            ),
        }
        super().__init__(*args, **kwargs)
        slugs = dict.fromkeys([*RESTRICTIONS, *draft.restrictions])
        self._choose("restrictions", [(slug, restriction_words(slug)) for slug in slugs])
        self._choose("family", [(slug, gettext(words)) for slug, words in FAMILIES.items()])
        self._choose("flow_down", [(slug, gettext(words)) for slug, words in FLOW_DOWN.items()])
        self._choose("conditions", [(slug, gettext(words)) for slug, words in CONDITIONS.items()])
        self._choose("kept", [(code, language_name(code)) for code in translations])
        for name, words in FACTS.items():
            choices = [(value, UNSAID if value == "unsaid" else gettext(said)) for value, said in words.items()]
            self.fields[name] = forms.ChoiceField(label=ASKED[name], choices=choices)
        self.order_fields(["restrictions", "family", *FACTS])
        if not translations:
            del self.fields["kept"]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def profile(self) -> dict[str, Any]:
        """Return the profile as the verb takes it."""
        sent = self.cleaned_data
        names = ("family", "flow_down", "conditions", *FACTS)
        return {name: sent[name] for name in names} | {
            "territory_only": _codes(sent["territory_only"]),
            "territory_except": _codes(sent["territory_except"]),
            "documents": [_document(line) for line in sent["documents"].splitlines() if line.strip()],
        }

    def translations(self, draft: LicenceVersion) -> dict[str, bytes]:
        """Return the translations by language: those kept, and the one that was sent."""
        kept = draft.translations.filter(language__in=self.cleaned_data.get("kept", ()))
        texts = {each.language: bytes(each.text) for each in kept}
        sent = self.cleaned_data.get("translation")
        if sent is not None:
            texts[self.cleaned_data["translation_language"].strip()] = bytes(sent.read())
        return texts


def _codes(sent: str) -> list[str]:
    return [code.upper() for code in re.split(r"[\s,;]+", sent) if code]


def _document(line: str) -> dict[str, str]:
    url, title, sha256 = ([part.strip() for part in line.split("|", 2)] + ["", ""])[:3]
    return {"url": url, "title": title, "sha256": sha256.lower()}


class PublishingForm(forms.Form):
    """What was read, and how much it changes of the version before."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, least: Least | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if least is not None:
            allowed = [each for each in ChangeClass if RANK[each] >= RANK[least.change_class]]
            self.fields["change_class"] = forms.ChoiceField(
                label=_("How much it changes"),
                choices=[(each.value, class_words(each.value)) for each in allowed],
                widget=forms.RadioSelect,
                initial=least.change_class.value,
                help_text=_("It can be called worse than what has changed, never better."),
            )
