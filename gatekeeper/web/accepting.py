"""How a licence is accepted on a page: what was shown, ticked and pressed, in its words and its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import HubPerson
from gatekeeper.actions.acceptances import AUTHORITY, Shown
from gatekeeper.models import LicenceVersion
from gatekeeper.rules.refusals import Invalid

from .buttons import Button
from .texts import read, rendered
from .words import restriction_words, sentence

# The fields of the form that a refusal can be about, and the id of each on the page.
PLACES = {"organisation": "organisation", "authority": "authority"}


def statement(person: HubPerson, version: LicenceVersion) -> str:
    """Return the sentence that stands over the button."""
    names = {"name": str(person), "title": version.licence.title}
    return _("With this button you, %(name)s on the Hub, accept “%(title)s”.") % names


def shown(request: HttpRequest, person: HubPerson, version: LicenceVersion, buttons: Mapping[str, Button]) -> Shown:
    """Return how the licence was shown and accepted; what was not ticked is not among the controls."""
    controls = [
        {"control": f"restriction:{slug}", "words": restriction_words(slug)}
        for slug in version.restrictions
        if slug in request.POST.getlist("acknowledged")
    ]
    organisation = request.POST.get("organisation", "").strip()
    authority = _(AUTHORITY) if organisation and request.POST.get("authority") else ""
    if authority:
        controls.append({"control": "authority", "words": authority})
    controls.append({"control": "statement", "words": statement(person, version)})
    if "accept" in buttons:
        controls.append({"control": "button", "words": buttons["accept"].label})
    translation = version.shown_in(request.POST.get("text_language", ""))
    return Shown(
        rendered=rendered(version, translation),
        language=(get_language() or "en")[:10],
        controls=controls,
        organisation=organisation,
        authority=authority,
        text_language=translation.language if translation else "",
    )


def _before(person: HubPerson, version: LicenceVersion) -> LicenceVersion | None:
    """Return the version right before this one, if the person has accepted that."""
    earlier = LicenceVersion.objects.filter(superseded_by=version.pk, acceptances__person=person)
    found: LicenceVersion | None = earlier.defer("text").first()
    return found


def accepting(
    request: HttpRequest, person: HubPerson, version: LicenceVersion, refused: Invalid | None = None
) -> dict[str, Any]:
    """Return what the page needs to show a licence and the form that accepts it, as it was sent if it was refused."""
    ticked = request.POST.getlist("acknowledged")
    fields = refused.fields if refused else {}
    translation = version.shown_in(request.POST.get("text_language") or request.GET.get("text", ""))
    return {
        "version": version,
        "translation": translation,
        "before": _before(person, version),
        **read(version, translation),
        "ticked": ticked,
        "missing": sorted(set(version.restrictions) - set(ticked)) if "acknowledged" in fields else [],
        "wrong": {PLACES[name]: sentence(refusal) for name, refusal in fields.items() if name in PLACES},
        "organisation": request.POST.get("organisation", ""),
        "may_accept": bool(request.POST.get("authority")),
        "authority": _(AUTHORITY),
        "statement": statement(person, version),
    }
