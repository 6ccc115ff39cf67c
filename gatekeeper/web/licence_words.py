"""A licence in plain words: what its profile says, and what accepting it or revoking access does and does not end.

RAIL licences restrict use, so they are never called open source here. The text is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop as noop
from django_countries import countries

from gatekeeper.catalogues.licence_profiles import CONDITIONS, FACTS, FAMILIES, FLOW_DOWN
from gatekeeper.models import Campaign, Event, LicenceVersion
from gatekeeper.rules.licence_changes import Least, Reason
from gatekeeper.rules.licence_profiles import ELSEWHERE

from .words import Standing, restriction_words

CLASSES = {
    "editorial": noop("Editorial: nobody is asked anything"),
    "clarifying": noop("Clarifying: people are told"),
    "expanding": noop("Expanding: it gives more than before, and people are told"),
    "material": noop("Material: people have to accept it"),
}
KINDS = {
    "same": noop("Unchanged"),
    "added": noop("Added"),
    "removed": noop("Removed"),
    "reworded": noop("Reworded"),
    "moved": noop("Moved"),
}
REASONS = {
    "restriction_added": noop("A use restriction more: %(about)s"),
    "territory_narrowed": noop("It no longer holds everywhere it did: %(about)s"),
    "revocable": noop("It can be taken back more easily: %(about)s"),
    "latest_version": noop("Later versions bind more than before: %(about)s"),
    "remote_restriction": noop("Use may be restricted more than before: %(about)s"),
    "deletion_at_end": noop("Copies are to be deleted: %(about)s"),
    "flow_down_added": noop("A duty more when it is passed on: %(about)s"),
    "condition_added": noop("A condition more: %(about)s"),
    "document_added": noop("A document more is part of it: %(about)s"),
    "document_changed": noop("A document that is part of it has other content: %(about)s"),
    "unsaid_again": noop("Its profile no longer says what it did before: %(about)s"),
    "freer": noop("Something is asked no more: %(about)s"),
    "clause_forbids": noop("A new clause forbids, bounds or ends something: “%(about)s”"),
    "rewording_forbids": noop("Other words forbid, bound or end something: “%(about)s”"),
    "permission_gone": noop("A permission is gone: “%(about)s”"),
    "words_changed": noop("Words have changed."),
}
FIELDS = {
    "revocable": noop("whether it can be taken back"),
    "latest_version": noop("whether later versions bind"),
    "remote_restriction": noop("whether use may be restricted from afar"),
    "deletion_at_end": noop("whether copies are deleted at its end"),
}
LICENCE_ENDS = {
    "unsaid": noop("Whether the licence ends with it is not said here: its text counts."),
    "no": noop("The licence does not end: it cannot be taken back, and its terms go on binding copies already held."),
    "on_breach": noop("The licence ends only if it was broken: taking the downloads away does not end it."),
    "yes": noop("The licence can be taken back, but this alone does not do it: say so in your words if it ends."),
}
COPIES = {
    "unsaid": noop("Whether copies already held have to be deleted is not said here: the text counts."),
    "no": noop("Copies already held need not be deleted."),
    "yes": noop("When the licence ends, copies already held have to be deleted."),
}

CAMPAIGNS = {
    "prepared": Standing(lazy("Prepared, nobody is asked yet"), "warn"),
    "scheduled": Standing(lazy("Scheduled"), "warn"),
    "running": Standing(lazy("Under way"), "warn"),
    "halted": Standing(lazy("Halted"), "bad"),
    "done": Standing(lazy("Done"), "good"),
    "called_off": Standing(lazy("Called off")),
}
STEPS = {
    "prepare": noop("Prepared"),
    "schedule": noop("Scheduled"),
    "begin": noop("Begun"),
    "halt": noop("Halted"),
    "resume": noop("Gone on with"),
    "finish": noop("Done"),
    "call_off": noop("Called off"),
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
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code


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
