"""accept: somebody accepts the licence version in force."""

from __future__ import annotations

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.actions.acceptances import Shown
from gatekeeper.models import Acceptance, Fragment, Repository, Stage
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, offered, refused
from tests.factories import LICENCE_TEXT, RESTRICTIONS

SHOWN = raw_hash(LICENCE_TEXT)


def test_it_keeps_who_accepted_which_bytes_when(stage: Stage, ha: Viewer) -> None:
    """The proof holds the hash of the bytes shown, the Hub id and name, and the language."""
    case = requests.start(stage, by=ha)
    acceptance = requests.accept(case, by=ha, text_sha256=SHOWN, shown=Shown("<p>Text</p>", "fr"))
    assert (acceptance.person, acceptance.policy, acceptance.kind) == (ha.person, stage.policy, "here")
    assert acceptance.text_sha256 == raw_hash(bytes(acceptance.licence_version.text)) == SHOWN
    assert (acceptance.hub_user_id, acceptance.hub_username) == (factories.hub_id("ha-nguyen"), "ha-nguyen")
    assert (acceptance.rendered_sha256, acceptance.language, acceptance.capacity) == (
        raw_hash(b"<p>Text</p>"),
        "fr",
        "self",
    )
    assert Fragment.objects.get(sha256=acceptance.rendered_sha256).html == "<p>Text</p>"
    assert events(case) == ["request.start", "request.accept"]
    assert last_event(case).data == {
        "acceptance": acceptance.pk,
        "licence_version": acceptance.licence_version_id,
        "text_sha256": SHOWN,
    }


def test_accepting_the_same_again_is_refused_and_not_offered(stage: Stage, ha: Viewer) -> None:
    """It is accepted, so there is nothing to accept."""
    case = requests.start(stage, by=ha)
    assert offered(case, ha)["accept"] is None
    requests.accept(case, by=ha, text_sha256=SHOWN)
    assert "accept" not in offered(case, ha)
    with refused(WrongState, "already_accepted"):
        requests.accept(case, by=ha, text_sha256=SHOWN)
    assert events(case) == ["request.start", "request.accept"]


def test_it_is_refused_for_a_text_that_is_not_in_force(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """Whoever read an older version reads the new one first."""
    case = requests.start(stage, by=ha)
    factories.policy(stage, by=amara, text=b"You may use the model on Mondays.")
    with refused(WrongState, "licence_changed"):
        requests.accept(case, by=ha, text_sha256=SHOWN)
    requests.accept(case, by=ha, text_sha256=raw_hash(b"You may use the model on Mondays."))


def test_the_same_text_with_other_facts_is_another_version(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """What was read besides the text counts too: its profile, restrictions and translations."""
    case = requests.start(stage, by=ha)
    shown = factories.hashes(factories.current_licence(stage))
    facts = {"identifier": "openrail++", "title": "Aurora licence", "profile": {"revocable": "yes"}}
    version = factories.licences.publish_licence_version(
        stage.release.publisher, by=amara, text=LICENCE_TEXT, restrictions=[], **facts
    )
    in_force = stage.policy
    assert in_force is not None
    factories.policies.publish_policy(stage, by=amara, form=in_force.form, licence_version=version)
    with refused(WrongState, "licence_changed"):
        requests.accept(case, by=ha, **shown)
    requests.accept(case, by=ha, **factories.hashes(version))


def test_new_terms_with_the_same_licence_want_no_second_acceptance(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """An acceptance is of a licence version; another version is accepted anew."""
    case = requests.start(stage, by=ha)
    requests.accept(case, by=ha, text_sha256=SHOWN)
    factories.policy(stage, by=amara, duration_days=30)
    assert "accept" not in offered(case, ha)
    factories.policy(stage, by=amara, text=b"Other words.")
    assert offered(case, ha)["accept"] is None
    second = requests.accept(case, by=ha, text_sha256=raw_hash(b"Other words."))
    assert second.policy == factories.fresh(stage).policy


@pytest.fixture
@once
def restricted(aurora: Repository, amara: Viewer) -> Stage:
    """A stage whose licence restricts uses."""
    return factories.open_stage(aurora, by=amara, restrictions=RESTRICTIONS)


def test_every_use_restriction_is_acknowledged_one_by_one(restricted: Stage, ha: Viewer) -> None:
    """One missing is all missing; what is not a restriction is not kept."""
    case = requests.start(restricted, by=ha)
    for acknowledged in ((), RESTRICTIONS[:1], ("something", *RESTRICTIONS[1:])):
        with refused(Invalid, "restrictions_missing", "acknowledged"):
            requests.accept(case, by=ha, text_sha256=SHOWN, acknowledged=acknowledged)
    acceptance = requests.accept(case, by=ha, text_sha256=SHOWN, acknowledged=["more", *reversed(RESTRICTIONS)])
    assert acceptance.acknowledged == list(RESTRICTIONS)


def test_nobody_accepts_for_another(stage: Stage, ha: Viewer, ines: Viewer, amara: Viewer, clock: Viewer) -> None:
    """An acceptance is by the same person."""
    case = requests.start(stage, by=ha)
    for who in (ines, amara, clock):
        with refused(NotAllowed, "not_allowed"):
            requests.accept(case, by=who, text_sha256=SHOWN)


def test_it_is_refused_when_the_request_is_over(stage: Stage, ha: Viewer) -> None:
    """There is nothing to accept for."""
    case = requests.withdraw(requests.start(stage, by=ha), by=ha)
    with refused(WrongState, "wrong_state"):
        requests.accept(case, by=ha, text_sha256=SHOWN)
    assert not Acceptance.objects.exists()


def test_for_an_organisation_it_keeps_by_which_authority(stage: Stage, ha: Viewer) -> None:
    """The name as it was given, and the sentence that was ticked."""
    case = requests.start(stage, by=ha)
    shown = Shown(organisation="  Aurora  University ", authority="I am allowed to.")
    acceptance = requests.accept(case, by=ha, text_sha256=SHOWN, shown=shown)
    found = (acceptance.capacity, acceptance.organisation, acceptance.authority)
    assert found == ("organisation", "Aurora University", "I am allowed to.")


@pytest.mark.parametrize(
    ("shown", "field"),
    [
        (Shown(organisation="Aurora University"), "authority"),
        (Shown(organisation="x" * 201, authority="I am."), "organisation"),
        (Shown(organisation="x\x00", authority="I am."), "organisation"),
    ],
)
def test_an_organisation_without_authority_or_end_is_refused_at_its_field(
    stage: Stage, ha: Viewer, shown: Shown, field: str
) -> None:
    """Nothing is accepted then."""
    case = requests.start(stage, by=ha)
    with pytest.raises(Invalid) as refused:
        requests.accept(case, by=ha, text_sha256=SHOWN, shown=shown)
    assert set(refused.value.fields) == {field}
    assert not Acceptance.objects.exists()


def test_authority_alone_is_for_oneself(stage: Stage, ha: Viewer) -> None:
    """No organisation was named."""
    case = requests.start(stage, by=ha)
    acceptance = requests.accept(case, by=ha, text_sha256=SHOWN, shown=Shown(authority="I am."))
    assert (acceptance.capacity, acceptance.authority) == ("self", "")
