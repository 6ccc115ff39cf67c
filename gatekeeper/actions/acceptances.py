"""An acceptance: that one person accepted one licence version, by the exact bytes that were shown."""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import HubPerson
from gatekeeper.models import Acceptance, AcceptanceKind, GatePolicy
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

OTHER_TEXT = Refusal(
    "licence_changed", _("The licence text has changed since it was shown to you. Read the version in force.")
)
NOT_ACKNOWLEDGED = Refusal("restrictions_missing", _("Every use restriction has to be acknowledged."))


def new_acceptance(
    person: HubPerson,
    policy: GatePolicy,
    *,
    text_sha256: str,
    acknowledged: Iterable[str],
    rendered_sha256: str,
    language: str,
    at: datetime,
) -> Acceptance:
    """Keep that a person accepts the licence version of a policy; part of the step that asks for it.

    `text_sha256` is the hash of the bytes that were shown. Raises WrongState if another version is in force by now,
    Invalid if a use restriction was not acknowledged.
    """
    version = policy.licence_version
    if text_sha256 != version.text_sha256:
        raise WrongState(OTHER_TEXT)
    given = [slug for slug in version.restrictions if slug in set(acknowledged)]
    if given != version.restrictions:
        raise Invalid(NOT_ACKNOWLEDGED, {"acknowledged": NOT_ACKNOWLEDGED})
    return Acceptance.objects.create(
        person=person,
        policy=policy,
        licence_version=version,
        kind=AcceptanceKind.HERE,
        text_sha256=version.text_sha256,
        normalised_sha256=version.normalised_sha256,
        rendered_sha256=rendered_sha256,
        language=language,
        acknowledged=given,
        hub_user_id=person.hub_user_id,
        hub_username=person.username,
        accepted_at=at,
    )
