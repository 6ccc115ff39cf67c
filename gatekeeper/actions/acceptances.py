"""An acceptance: that one person accepted one licence version, by the exact bytes that were shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import HubPerson
from gatekeeper.models import Acceptance, AcceptanceKind, Capacity, Fragment, GatePolicy
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from .receipts import issue_all

OTHER_TEXT = Refusal(
    "licence_changed", _("The licence text has changed since it was shown to you. Read the version in force.")
)
NOT_ACKNOWLEDGED = Refusal("restrictions_missing", _("Every use restriction has to be acknowledged."))
NO_AUTHORITY = Refusal("authority_missing", _("Say that you are allowed to accept for this organisation."))
NAME_TOO_LONG = Refusal("organisation_too_long", _("The organisation’s name has more than 200 characters."))
LONGEST_NAME = 200
AUTHORITY = _("I am allowed to accept this licence for this organisation.")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a licence was shown and accepted: the HTML of its text as rendered, its language, each control's words.

    `organisation` is empty for oneself; `authority` is the sentence that was ticked to say that one may accept for it.
    `text_language` names the translation that was shown above the text that binds; empty for that text alone.
    """

    rendered: str = ""
    language: str = "en"
    controls: Sequence[Mapping[str, str]] = ()
    organisation: str = ""
    authority: str = ""
    text_language: str = ""


def new_acceptance(
    person: HubPerson,
    policy: GatePolicy,
    *,
    text_sha256: str,
    version_sha256: str | None = None,
    acknowledged: Iterable[str],
    shown: Shown,
    at: datetime,
) -> Acceptance:
    """Keep that a person accepts the licence version of a policy, with a receipt; part of the step that asks for it.

    `text_sha256` is the hash of the bytes that were shown, and `version_sha256` the digest of their version, over all
    that was shown with them (its profile, restrictions and translations); None leaves that uncompared. Raises
    WrongState if another version is in force by now, Invalid if a use restriction was not acknowledged, or an
    organisation is named without authority to accept for it.
    """
    version = policy.licence_version
    if text_sha256 != version.text_sha256 or version_sha256 not in (None, version.digest):
        raise WrongState(OTHER_TEXT)
    translations = version.document.get("translations", {})
    if shown.text_language and shown.text_language not in translations:
        raise WrongState(OTHER_TEXT)
    given = [slug for slug in version.restrictions if slug in set(acknowledged)]
    organisation = " ".join(shown.organisation.split())
    faults = _faults(organisation, shown)
    if given != version.restrictions:
        faults = {"acknowledged": NOT_ACKNOWLEDGED} | faults
    if faults:
        raise Invalid(next(iter(faults.values())), faults)
    acceptance = Acceptance.objects.create(
        person=person,
        policy=policy,
        licence_version=version,
        kind=AcceptanceKind.HERE,
        text_sha256=version.text_sha256,
        normalised_sha256=version.normalised_sha256,
        rendered_sha256=_kept(shown.rendered),
        language=shown.language,
        text_language=shown.text_language,
        translation_sha256=translations.get(shown.text_language, ""),
        controls=[dict(control) for control in shown.controls],
        capacity=Capacity.ORGANISATION if organisation else Capacity.SELF,
        organisation=organisation,
        authority=shown.authority if organisation else "",
        acknowledged=given,
        hub_user_id=person.hub_user_id,
        hub_username=person.username,
        accepted_at=at,
    )
    issue_all([acceptance], at=at)
    return acceptance


def _faults(organisation: str, shown: Shown) -> dict[str, Refusal]:
    if len(organisation) > LONGEST_NAME or "\x00" in organisation:
        return {"organisation": NAME_TOO_LONG}
    return {"authority": NO_AUTHORITY} if organisation and not shown.authority else {}


def _kept(rendered: str) -> str:
    """Keep what was rendered, once for all who were shown the same, and return its hash; empty for nothing."""
    if not rendered:
        return ""
    digest = raw_hash(rendered.encode())
    Fragment.objects.bulk_create([Fragment(sha256=digest, html=rendered)], ignore_conflicts=True)
    return digest
