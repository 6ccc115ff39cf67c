"""A licence in plain words: what its profile says, and what accepting it or revoking access does and does not end.

RAIL licences restrict use, so they are never called open source here. The text is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language_info, gettext, gettext_lazy
from django.utils.translation import gettext_noop as _
from django_countries import countries

from gatekeeper.catalogues.licence_profiles import CONDITIONS, FACTS, FAMILIES, FLOW_DOWN
from gatekeeper.models import Campaign, Event, LicenceVersion
from gatekeeper.rules.licence_changes import Least, Reason
from gatekeeper.rules.licence_profiles import ELSEWHERE

from .words import Standing, restriction_words

CLASSES = {
    "editorial": _("Editorial: nobody is asked anything"),
    "clarifying": _("Clarifying: people are told"),
    "expanding": _("Expanding: it gives more than before, and people are told"),
    "material": _("Material: people have to accept it"),
}
KINDS = {
    "same": _("Unchanged"),
    "retouched": _("Only punctuation or capitals"),
    "added": _("Added"),
    "removed": _("Removed"),
    "reworded": _("Reworded"),
    "moved": _("Moved"),
}
REASONS = {
    "restriction_added": _("A use restriction more: %(about)s"),
    "territory_narrowed": _("It no longer holds everywhere it did: %(about)s"),
    "revocable": _("It can be taken back more easily: %(about)s"),
    "latest_version": _("Later versions bind more than before: %(about)s"),
    "remote_restriction": _("Use may be restricted more than before: %(about)s"),
    "deletion_at_end": _("Copies are to be deleted: %(about)s"),
    "flow_down_added": _("A duty more when it is passed on: %(about)s"),
    "condition_added": _("A condition more: %(about)s"),
    "document_added": _("A document more is part of it: %(about)s"),
    "document_changed": _("A document that is part of it has other content: %(about)s"),
    "unsaid_again": _("Its profile no longer says what it did before: %(about)s"),
    "freer": _("Something is asked no more: %(about)s"),
    "clause_forbids": _("A new clause forbids, bounds or ends something: “%(about)s”"),
    "rewording_forbids": _("Other words forbid, bound or end something: “%(about)s”"),
    "limit_touched": _("A clause that forbids, bounds or ends something was moved or taken out: “%(about)s”"),
    "permission_gone": _("A permission is gone: “%(about)s”"),
    "words_changed": _("Words have changed."),
}
FIELDS = {
    "revocable": _("whether it can be taken back"),
    "latest_version": _("whether later versions bind"),
    "remote_restriction": _("whether use may be restricted from afar"),
    "deletion_at_end": _("whether copies are deleted at its end"),
}
LICENCE_ENDS = {
    "unsaid": _("Whether the licence ends with it is not said here: its text counts."),
    "no": _("The licence does not end: it cannot be taken back, and its terms go on binding copies already held."),
    "on_breach": _("The licence ends only if it was broken: taking the downloads away does not end it."),
    "yes": _("The licence can be taken back, but this alone does not do it: say so in your words if it ends."),
}
COPIES = {
    "unsaid": _("Whether copies already held have to be deleted is not said here: the text counts."),
    "no": _("Copies already held need not be deleted."),
    "yes": _("When the licence ends, copies already held have to be deleted."),
}

CAMPAIGNS = {
    "prepared": Standing(gettext_lazy("Prepared, nobody is asked yet"), "warn"),
    "scheduled": Standing(gettext_lazy("Scheduled"), "warn"),
    "running": Standing(gettext_lazy("Under way"), "warn"),
    "halted": Standing(gettext_lazy("Halted"), "bad"),
    "done": Standing(gettext_lazy("Done"), "good"),
    "called_off": Standing(gettext_lazy("Called off")),
}
STEPS = {
    "prepare": _("Prepared"),
    "schedule": _("Scheduled"),
    "begin": _("Begun"),
    "halt": _("Halted"),
    "resume": _("Gone on with"),
    "finish": _("Done"),
    "call_off": _("Called off"),
}


@dataclass(frozen=True, slots=True)
class Digest:
    """The profile of a licence version in sentences, in the reader’s language."""

    family: str
    facts: list[str]
    duties: list[str]
    conditions: list[str]
    places: list[str]
    documents: list[dict[str, Any]]


def digest(version: LicenceVersion) -> Digest:
    """Return what the profile of a version says, in plain words."""
    profile = version.profile
    return Digest(
        gettext(FAMILIES[profile["family"]]),
        [gettext(words[profile[name]]) for name, words in FACTS.items()],
        [gettext(FLOW_DOWN[slug]) for slug in profile["flow_down"]],
        [gettext(CONDITIONS[slug]) for slug in profile["conditions"]],
        _places(profile),
        list(profile["documents"]),
    )


def _places(profile: dict[str, Any]) -> list[str]:
    found = []
    for name, words in (
        ("territory_only", gettext("It holds in these places only: %(places)s.")),
        ("territory_except", gettext("It does not hold in: %(places)s.")),
    ):
        if profile[name]:
            found.append(words % {"places": ", ".join(place_name(code) for code in profile[name])})
    return found


def place_name(code: str) -> str:
    """Return the name of a country or of the European Union; of ELSEWHERE that it is everywhere else."""
    if code == ELSEWHERE:
        return gettext("places that are not named")
    return gettext("the European Union") if code == "EU" else str(countries.name(code) or code)


def language_name(code: str) -> str:
    """Return the name of a language in that language, or its code where it has none here."""
    known = str(code)  # in a receipt that somebody brings it can be anything
    try:
        return str(get_language_info(known)["name_local"])
    except KeyError:
        return known


def what_accepting_ends(version: LicenceVersion) -> list[str]:
    """Return what accepting a version does and does not end."""
    said = [gettext("Accepting it is what your access through this service rests on.")]
    if version.number > 1:
        said.append(gettext("It does not end an earlier version that you accepted, for what you have under that one."))
    said.append(gettext("You can give your access back at any time. What the licence says of copies goes on."))
    return said


def what_revoking_ends(version: LicenceVersion | None) -> list[str]:
    """Return what taking access away does and does not end: downloads, the licence, copies already held."""
    said = [gettext("Downloads end: the Hub no longer lets the holder in.")]
    if version is None:
        return [*said, gettext("No licence was accepted, so there is none to end.")]
    profile = version.profile
    return [*said, gettext(LICENCE_ENDS[profile["revocable"]]), gettext(COPIES[profile["deletion_at_end"]])]


def class_words(change_class: str) -> str:
    """Return what a class of change means; empty for a first version."""
    return gettext(CLASSES[change_class]) if change_class else ""


def kind_words(kind: str) -> str:
    """Return what became of a clause."""
    return gettext(KINDS[kind])


def reasons(least: Least) -> list[str]:
    """Return why a change has at least its class, in sentences."""
    return [gettext(REASONS[reason.code]) % {"about": _about(reason)} for reason in least.reasons]


def of_campaign(campaign: Campaign) -> Standing:
    """Return where a campaign stands."""
    return CAMPAIGNS[campaign.status]


def campaign_step(event: Event) -> str:
    """Return what a step of a campaign is called in its history."""
    return gettext(STEPS[event.action.partition(".")[2]])


def _about(reason: Reason) -> str:
    code, about = reason.code, reason.about
    if code == "restriction_added":
        return restriction_words(about)
    if code == "territory_narrowed":
        return place_name(about)
    if code in FACTS:
        return gettext(FACTS[code][about])
    known = FLOW_DOWN.get(about) or CONDITIONS.get(about) or FIELDS.get(about)
    return gettext(known) if known else about
