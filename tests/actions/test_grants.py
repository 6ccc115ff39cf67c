"""suspend, reinstate, revoke, relinquish, expire: what becomes of a grant, and what the Hub should say from then on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import grants, stages
from gatekeeper.models import Decision, Grant, HubAccess, PersonalText, Repository, Stage
from gatekeeper.rules.access import Access, Closing, Wish
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.expect import events, last_event, offered, refused, told, wish

BREACH: dict[str, Any] = {"codes": ["PRIOR_BREACH"], "words": "You shared the weights."}


@pytest.fixture
def since(grant: Grant, aurora: Repository) -> datetime | None:
    """When the Hub request of the grant was made."""
    return HubAccess.objects.get(person=grant.person, repository=aurora).seen_requested_at


def test_suspending_wishes_pending(grant: Grant, aurora: Repository, since: datetime, bram: Viewer, ha: Viewer) -> None:
    """From this step on the Hub should not accept; the person is told, with words if there are any."""
    suspended = grants.suspend(grant, by=bram, words=" While we look into it. ")
    assert suspended.status == "suspended"
    assert wish(ha.person, aurora) == Wish(Access.NO, Closing.PENDING, since)
    assert told(ha)[-1] == "access_suspended"
    event = last_event(grant)
    assert event.action == "grant.suspend"
    text = PersonalText.objects.get(pk=event.data["words"])
    assert (text.body, text.digest) == ("While we look into it.", event.data["words_digest"])


def test_suspending_needs_no_words_but_readable_ones(grant: Grant, bram: Viewer) -> None:
    """Stopping comes first."""
    with refused(Invalid, "control_characters", "words"):
        grants.suspend(grant, by=bram, words="a\x00b")
    assert last_event(grants.suspend(grant, by=bram)).data == {}


def test_a_steward_may_suspend_their_own_grant(stage: Stage, bram: Viewer, chidi: Viewer) -> None:
    """Otherwise nobody who holds a grant could stop a whole stage."""
    own = factories.active_grant(stage, bram, by=chidi)
    assert grants.suspend(own, by=bram).status == "suspended"
    with refused(NotAllowed, "own_request"):
        grants.reinstate(own, by=bram)


def test_reinstating_wishes_yes_and_waits_for_the_hub(
    grant: Grant, aurora: Repository, amara: Viewer, ha: Viewer
) -> None:
    """Access counts again when it was read back, not before."""
    back = grants.reinstate(grants.suspend(grant, by=amara), by=amara)
    assert back.status == "pending_activation"
    assert wish(ha.person, aurora) == Wish(Access.YES)
    assert events(grant)[-1] == "grant.reinstate"
    first = grant.activated_at
    assert factories.confirmed(back).status == "active"
    assert factories.fresh(grant).activated_at == first


def test_reinstating_needs_an_open_stage_and_the_licence_in_force(
    grant: Grant, stage: Stage, amara: Viewer, ha: Viewer
) -> None:
    """A paused stage makes no grant by this door either, and terms that changed are accepted first."""
    suspended = grants.suspend(grant, by=amara)
    stages.pause(stage, by=amara)
    with refused(Unmet, "stage_not_open"):
        grants.reinstate(suspended, by=amara)
    stages.confirm_open(stages.open_stage(stage, by=amara))
    factories.policy(stage, by=amara, text=b"Other words.")
    with refused(Unmet, "acceptance_missing"):
        grants.reinstate(suspended, by=amara)
    factories.policy(stage, by=amara)
    assert raw_hash(factories.LICENCE_TEXT) != raw_hash(b"Other words.")


def test_an_import_is_reinstated_with_its_terms_unproven(stage: Stage, kiri: HubPerson, amara: Viewer) -> None:
    """Nobody ever had proof; suspending does not ask for it."""
    grant = grants.suspend(factories.imported(stage, kiri, by=amara), by=amara)
    assert grants.reinstate(grant, by=amara).status == "pending_activation"


def test_revoking_is_a_decision_and_wishes_rejected(
    grant: Grant, stage: Stage, aurora: Repository, since: datetime, bram: Viewer, ha: Viewer
) -> None:
    """With reasons, words and redress."""
    revoked = grants.revoke(grant, by=bram, **BREACH)
    decision = Decision.objects.get(outcome="revoked")
    assert revoked.status == "revoked"
    assert (decision.grant, decision.request, decision.policy) == (grant, grant.request, stage.policy)
    assert (decision.reason_codes, decision.words, decision.decided_by) == (
        ["PRIOR_BREACH"],
        BREACH["words"],
        bram.user,
    )
    assert decision.redress == "write_to_the_publisher"
    assert wish(ha.person, aurora) == Wish(Access.NO, Closing.REJECTED, since)
    assert told(ha)[-1] == "access_revoked"
    assert last_event(grant).data == {
        "decision": decision.pk,
        "codes": ["PRIOR_BREACH"],
        "words_digest": decision.words_digest,
    }


def test_revoking_needs_reasons_and_words(grant: Grant, bram: Viewer) -> None:
    """What could be mended is no cause to revoke."""
    for codes, words, code, field in (
        ([], "Why.", "reason_missing", "codes"),
        (["USE_THIN"], "Why.", "reason_does_not_fit", "codes"),
        (["PRIOR_BREACH"], "", "words_missing", "words"),
    ):
        with refused(Invalid, code, field):
            grants.revoke(grant, by=bram, codes=codes, words=words)


def test_an_import_can_be_revoked(stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer) -> None:
    """It has no request; the decision is on the grant."""
    grant = grants.revoke(factories.imported(stage, kiri, by=amara), by=amara, **BREACH)
    assert Decision.objects.get().request is None
    assert wish(kiri, aurora).closing is Closing.REJECTED
    assert grant.status == "revoked"


def test_relinquishing_wishes_reset(grant: Grant, aurora: Repository, since: datetime, ha: Viewer) -> None:
    """Somebody who gave access back may ask again."""
    assert grants.relinquish(grant, by=ha).status == "relinquished"
    assert wish(ha.person, aurora) == Wish(Access.NO, Closing.RESET, since)
    assert events(grant)[-1] == "grant.relinquish"


def test_expiring_wishes_reset(aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer, clock: Viewer) -> None:
    """The clock ends what has reached its end, and nothing sooner."""
    stage = factories.open_stage(aurora, by=amara, duration_days=30)
    grant = factories.active_grant(stage, ha, by=chidi)
    with refused(Unmet, "not_due"):
        grants.expire_all([grant], at=grant.ends_at - timedelta(seconds=1))
    assert list(Grant.objects.to_expire(at=grant.ends_at)) == [grant]
    [expired] = grants.expire_all([grant], at=grant.ends_at)
    assert expired.status == "expired"
    assert wish(ha.person, aurora).closing is Closing.RESET
    assert told(ha)[-1] == "access_expired"
    assert last_event(grant).actor == clock.user


def test_a_grant_without_an_end_does_not_expire(grant: Grant) -> None:
    """No end is never due."""
    with refused(Unmet, "not_due"):
        grants.expire_all([grant], at=factories.later(36_500))


def suspend(grant: Grant, by: Viewer) -> Grant:
    return grants.suspend(grant, by=by)


def reinstate(grant: Grant, by: Viewer) -> Grant:
    return grants.reinstate(grant, by=by)


def revoke(grant: Grant, by: Viewer) -> Grant:
    return grants.revoke(grant, by=by, **BREACH)


def relinquish(grant: Grant, by: Viewer) -> Grant:
    return grants.relinquish(grant, by=by)


def test_only_stewards_and_owners_may(
    grant: Grant, ha: Viewer, chidi: Viewer, ewa: Viewer, farid: Viewer, goran: Viewer, clock: Viewer
) -> None:
    """Reviewers decide on requests; what was given is a steward's matter."""
    for verb in (suspend, reinstate, revoke):
        for who in (ha, chidi, ewa, farid, goran, clock):
            with refused(NotAllowed, "not_allowed"):
                verb(grant, who)


def test_nobody_reinstates_or_revokes_their_own(stage: Stage, bram: Viewer, chidi: Viewer) -> None:
    """Their own is decided on by others."""
    own = grants.suspend(factories.active_grant(stage, bram, by=chidi), by=bram)
    for verb in (reinstate, revoke):
        with refused(NotAllowed, "own_request"):
            verb(own, bram)


def test_nobody_gives_back_for_another(grant: Grant, ines: Viewer, amara: Viewer, chidi: Viewer) -> None:
    """A grant is its person's own."""
    for who in (ines, amara, chidi):
        with refused(NotAllowed, "not_allowed"):
            grants.relinquish(grant, by=who)


@pytest.mark.parametrize("end", ["revoke", "relinquish"])
def test_what_has_ended_stays_ended(end: str, grant: Grant, amara: Viewer, ha: Viewer) -> None:
    """An ended grant is not touched again."""
    ended = revoke(grant, amara) if end == "revoke" else relinquish(grant, ha)
    for verb in (suspend, reinstate, revoke):
        with refused(WrongState, "wrong_state"):
            verb(ended, amara)
    with refused(WrongState, "wrong_state"):
        grants.relinquish(ended, by=ha)
    with refused(WrongState, "wrong_state"):
        grants.expire_all([ended], at=factories.later(1))


def test_a_suspended_grant_is_not_suspended_again(grant: Grant, amara: Viewer) -> None:
    """Nor is an active one reinstated."""
    with refused(WrongState, "wrong_state"):
        grants.reinstate(grant, by=amara)
    suspended = grants.suspend(grant, by=amara)
    with refused(WrongState, "wrong_state"):
        grants.suspend(suspended, by=amara)


def test_access_by_another_stage_outlives_a_revocation(
    grant: Grant, aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer
) -> None:
    """Yes wins as long as one grant gives it; when the last ends, the Hub is told no."""
    other = factories.active_grant(factories.open_stage(aurora, by=amara), ha, by=chidi)
    grants.revoke(grant, by=amara, **BREACH)
    assert wish(ha.person, aurora) == Wish(Access.YES)
    grants.relinquish(other, by=ha)
    assert wish(ha.person, aurora).access is Access.NO


def test_what_is_offered_follows_role_and_state(
    grant: Grant, ha: Viewer, amara: Viewer, chidi: Viewer, nobody: Viewer
) -> None:
    """Holder and steward see different buttons."""
    assert offered(grant, ha) == {"relinquish": None}
    assert offered(grant, amara) == {"suspend": None, "revoke": None}
    assert offered(grant, chidi) == offered(grant, nobody) == {}
    suspended = grants.suspend(grant, by=amara)
    assert offered(suspended, amara) == {"reinstate": None, "revoke": None}


def test_suspending_many_costs_what_suspending_two_costs(
    stage: Stage, amara: Viewer, django_assert_num_queries: Any
) -> None:
    """A constant number of statements."""
    people = [factories.hub_person(f"person-{n}") for n in range(42)]
    given = grants.bring_in_all(stage, people, by=amara)
    assert amara.person is not None  # asked once for every viewer
    with CaptureQueriesContext(connection) as few:
        grants.suspend_all(given[:2], by=amara)
    with django_assert_num_queries(len(few)):
        grants.suspend_all(given[2:], by=amara)
    assert set(HubAccess.objects.values_list("access", flat=True)) == {"no"}
