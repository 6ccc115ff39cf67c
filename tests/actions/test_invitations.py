"""Invitations: by link, by names; accepted, met, withdrawn. They let people ask, and give nothing by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import arrivals, intake, invitations, releases, requests, stages
from gatekeeper.models import AccessRequest, Event, Grant, HubAccess, Invitation, Invited, Notice, Repository, Stage
from gatekeeper.models.invitations import token_digest
from gatekeeper.models.personal import canonical
from gatekeeper.rules.hub_names import listed
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused, told
from tests.races import outcomes, race, while_blocked


@pytest.fixture
@once
def by_invitation(aurora: Repository, amara: Viewer) -> Stage:
    """An open stage where only who is invited can ask."""
    return factories.open_stage(aurora, by=amara, entry="invited")


def link(stage: Stage, by: Viewer, **how: Any) -> tuple[Invitation, str]:
    """An invitation by link, and the digest of its token."""
    made, token = invitations.invite_by_link(stage, by=by, **{"label": "Partners", "days": 14, "uses": 1, **how})
    return made, token_digest(token)


def names(stage: Stage, by: Viewer, *who: str, days: int = 30) -> Invitation:
    """An invitation by names."""
    return invitations.invite_names(stage, by=by, label="Lab", days=days, names="\n".join(who))


# By link


def test_a_link_is_kept_as_a_digest(stage: Stage, bram: Viewer) -> None:
    """Invariant 28: the token stands in no row and in no event."""
    made, token = invitations.invite_by_link(stage, by=bram, label=" Partners  of 2026 ", days=14, uses=3)
    assert (made.label, made.most_uses, made.digest) == ("Partners of 2026", 3, token_digest(token))
    written = canonical(
        [list(Event.objects.values_list("data", flat=True)), list(Invitation.objects.values_list("digest"))]
    )
    assert token not in written
    assert last_event(made).data["uses"] == 3


def test_accepting_a_link_lets_one_ask_and_gives_nothing(by_invitation: Stage, ha: Viewer, bram: Viewer) -> None:
    """No grant, no acceptance, no word to the Hub; the request says how its person came."""
    made, digest = link(by_invitation, bram)
    with refused(Unmet, "by_invitation"):
        requests.start(by_invitation, by=ha)
    invited = invitations.accept_invitation(digest, by=ha)
    assert (invited.person, factories.fresh(made).uses) == (ha.person, 1)
    assert not Grant.objects.exists()
    assert not HubAccess.objects.exists()
    case = requests.start(by_invitation, by=ha)
    assert last_event(case).data["invited"] == invited.pk
    assert events(made) == ["invitation.invite", "invitation.accept"]


def test_the_same_person_takes_one_use(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """However often they press."""
    made, digest = link(stage, bram, uses=2)
    first = invitations.accept_invitation(digest, by=ha)
    assert invitations.accept_invitation(digest, by=ha) == first
    assert factories.fresh(made).uses == 1


@pytest.mark.parametrize("why", ["unknown", "used up", "expired", "withdrawn"])
def test_a_link_that_is_over_opens_nothing(why: str, stage: Stage, ha: Viewer, ines: Viewer, bram: Viewer) -> None:
    """And does not say why."""
    made, digest = link(stage, bram)
    at = None
    if why == "unknown":
        digest = token_digest("inv_other")
    elif why == "used up":
        invitations.accept_invitation(digest, by=ines)
    elif why == "expired":
        at = made.expires_at
    else:
        invitations.withdraw(made, by=bram)
    with refused(Unmet, "invitation_over"):
        invitations.accept_invitation(digest, by=ha, at=at)


def test_whoever_has_come_stays_invited(by_invitation: Stage, ha: Viewer, bram: Viewer) -> None:
    """Withdrawing a link closes the door behind them."""
    made, digest = link(by_invitation, bram)
    invitations.accept_invitation(digest, by=ha)
    invitations.withdraw(made, by=bram)
    assert requests.start(by_invitation, by=ha).status == "draft"


def test_it_needs_a_hub_identity(stage: Stage, nobody: Viewer, bram: Viewer) -> None:
    """Access is given to a Hub id."""
    _made, digest = link(stage, bram)
    unconnected = factories.account("password-only", on_the_hub=False)
    with refused(NotAllowed, "no_hub_identity"):
        invitations.accept_invitation(digest, by=unconnected)
    with refused(NotAllowed, "sign_in"):
        invitations.accept_invitation(digest, by=nobody)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_uses_hold_under_concurrency(stage: Stage, bram: Viewer) -> None:
    """Eight people on three uses; and one person who presses twice takes one."""
    _made, digest = link(stage, bram, uses=3)
    people = [factories.account(f"person-{n}") for n in range(8)]
    results = race(lambda i: invitations.accept_invitation(digest, by=people[i]), times=8)
    assert outcomes(results) == {"Invited": 3, "Unmet": 5}
    _again, other = link(stage, bram, uses=5)
    twice = factories.account("twice")
    assert outcomes(race(lambda _i: invitations.accept_invitation(other, by=twice), times=4)) == {"Invited": 4}
    assert Invited.objects.filter(person=twice.person).count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_name_and_a_link_for_one_person_at_one_moment(by_invitation: Stage, bram: Viewer) -> None:
    """They are invited once, and neither fails."""
    for number in range(4):
        names(by_invitation, bram, f"person-{number}")
        _made, digest = link(by_invitation, bram)
        somebody = factories.account(f"person-{number}")
        person = somebody.person
        assert person is not None
        ways = [
            lambda digest=digest, by=somebody: invitations.accept_invitation(digest, by=by),
            lambda who=person: arrivals.meet([who]),
        ]
        results = race(lambda i, ways=ways: ways[i](), times=2)  # type: ignore[misc]  # bound at once
        assert not [result for result in results if isinstance(result, Exception)], results
        assert Invited.objects.standing().filter(person=person).count() == 1


# By names


def test_names_are_invited_without_a_word_to_strangers(
    by_invitation: Stage, ha: Viewer, ines: Viewer, bram: Viewer
) -> None:
    """Who is known by their Hub id is told; a name waits, and the Hub hears nothing: invariant 10."""
    made = names(by_invitation, bram, "@Ha-Nguyen", "https://hf.co/late-comer", "ha-nguyen")
    assert list(made.invited.order_by("pk").values_list("hub_name", "person")) == [
        ("Ha-Nguyen", ha.person.pk),  # type: ignore[union-attr]
        ("late-comer", None),
    ]
    assert told(ha) == ["invited"]
    assert Notice.objects.count() == 1
    assert not HubAccess.objects.exists()
    with refused(Unmet, "by_invitation"):
        requests.start(by_invitation, by=ines)
    assert requests.start(by_invitation, by=ha).status == "draft"


def test_a_name_meets_its_holder_at_the_first_sign_in(by_invitation: Stage, bram: Viewer) -> None:
    """Once; the clock finds whatever was missed, and so does the one who asks."""
    names(by_invitation, bram, "late-comer", "other")
    late, other = factories.account("late-comer"), factories.account("other")
    assert late.person is not None
    arrivals.meet([late.person])
    arrivals.meet([late.person])
    assert told(late) == ["invited"]
    assert requests.start(by_invitation, by=other).status == "draft"
    clock.tick()
    assert told(other) == ["invited"]


def test_a_name_that_changed_hands_invites_nobody(by_invitation: Stage, bram: Viewer) -> None:
    """Ask them to come by a link."""
    HubPerson.objects.see(hub_user_id=factories.hub_id("first"), username="late-comer")
    names(by_invitation, bram, "late-comer")
    with refused(Unmet, "by_invitation"):
        requests.start(by_invitation, by=factories.account("late-comer"))


def test_a_name_waits_no_longer_than_was_said(by_invitation: Stage, bram: Viewer) -> None:
    """After that it can be invited again."""
    names(by_invitation, bram, "late-comer", days=1)
    late = factories.account("late-comer")
    assert late.person is not None
    arrivals.meet([late.person], at=factories.later(2))
    assert told(late) == []
    invitations.invite_names(by_invitation, by=bram, label="Again", days=30, names="late-comer", at=factories.later(2))
    assert told(late) == ["invited"]


def test_who_is_invited_already_is_left_out(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """Whether they were met or wait."""
    names(stage, bram, "ha-nguyen", "late-comer")
    again = names(stage, bram, "HA-NGUYEN", "late-comer", "third")
    assert list(again.invited.values_list("hub_name", flat=True)) == ["third"]
    assert last_event(again).data["left_out"] == 2
    assert told(ha) == ["invited"]


def test_who_came_by_link_and_took_a_listed_name_is_invited_once(stage: Stage, juma: Viewer, bram: Viewer) -> None:
    """The name on the list turns out to be theirs: it is let go, and they hear no second time."""
    _made, digest = link(stage, bram)
    came = invitations.accept_invitation(digest, by=juma)
    listed_name = names(stage, bram, "new-name").invited.get()
    renamed = HubPerson.objects.see(hub_user_id=came.person.hub_user_id, username="new-name")
    arrivals.meet([renamed])
    assert Invited.objects.standing().get(person=renamed) == came
    assert factories.fresh(listed_name).withdrawn_at is not None
    assert told(juma) == []


def test_nobody_is_looked_for_whose_name_is_hidden(stage: Stage, bram: Viewer, django_assert_num_queries: Any) -> None:
    """A list that waits has no name that could be theirs."""
    names(stage, bram, "late-comer")
    with django_assert_num_queries(0):
        arrivals.meet([HubPerson(hub_user_id=factories.hub_id("hidden"), username="")])


def test_one_can_be_taken_back(by_invitation: Stage, ha: Viewer, bram: Viewer, chidi: Viewer) -> None:
    """A slip of the pen; a request that is open already goes its way."""
    made = names(by_invitation, bram, "ha-nguyen", "late-comer")
    for invited in made.invited.select_related("stage__release", "invitation"):
        with refused(NotAllowed, "not_allowed"):
            invitations.withdraw_one(invited, by=chidi)
        invitations.withdraw_one(invited, by=bram)
        invitations.withdraw_one(invited, by=bram)
    with refused(Unmet, "by_invitation"):
        requests.start(by_invitation, by=ha)
    assert events(made).count("invitation.withdraw_one") == 2
    names(by_invitation, bram, "ha-nguyen")
    assert requests.start(by_invitation, by=ha).status == "draft"


def test_withdrawing_a_list_lets_its_names_go(by_invitation: Stage, bram: Viewer) -> None:
    """Nobody waits any more."""
    made = names(by_invitation, bram, "late-comer")
    invitations.withdraw(made, by=bram)
    assert last_event(made).data == {"names": 1}
    with refused(Unmet, "by_invitation"):
        requests.start(by_invitation, by=factories.account("late-comer"))


# Refused


@pytest.mark.parametrize(
    ("how", "code", "field"),
    [
        ({"label": " "}, "label_missing", "label"),
        ({"label": "x" * 201}, "label_missing", "label"),
        ({"days": 0}, "days_malformed", "days"),
        ({"days": 366}, "days_malformed", "days"),
        ({"uses": 0}, "uses_malformed", "uses"),
        ({"uses": 1_001}, "uses_malformed", "uses"),
    ],
)
def test_a_link_has_bounds(stage: Stage, bram: Viewer, how: dict[str, Any], code: str, field: str) -> None:
    """Refused at the field."""
    with refused(Invalid, code, field):
        link(stage, bram, **how)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "names_missing"),
        (" ,\n;", "names_missing"),
        ("ha-nguyen, a@b.c", "names_malformed"),
        ("=1+1", "names_malformed"),
    ],
)
def test_a_list_of_names_is_read_or_refused(stage: Stage, bram: Viewer, written: str, code: str) -> None:
    """As a whole: nobody is invited by half a list."""
    with refused(Invalid, code, "names"):
        invitations.invite_names(stage, by=bram, label="Lab", days=30, names=written)


def test_a_list_has_an_end(stage: Stage, bram: Viewer) -> None:
    """Five thousand names."""
    with refused(Invalid, "too_many_names", "names"):
        names(stage, bram, *(f"person-{n}" for n in range(5_001)))


def test_a_list_is_read_as_it_was_pasted() -> None:
    """Commas, semicolons, spaces, lines; a column of a spreadsheet with its mark."""
    assert [name for _written, name in listed("\ufeffa-1; b_2,c.d\n\te\r\n'f")] == ["a-1", "b_2", "c.d", "e", "f"]


def test_a_closed_stage_and_a_draft_release_invite_nobody(stage: Stage, aurora: Repository, amara: Viewer) -> None:
    """Nobody could come."""
    draft = factories.bare_stage(aurora, by=amara)
    with refused(Unmet, "release_not_published"):
        link(draft, amara)
    releases.publish_ladder(draft.release, by=amara)
    assert link(Stage.objects.get(pk=draft.pk), amara)
    stages.close(stage, by=amara)
    with refused(WrongState, "stage_closed"):
        names(factories.fresh(stage), amara, "kiri")


@pytest.mark.parametrize("who", ["chidi", "farid", "ines", "clock"])
def test_only_stewards_invite(who: str, stage: Stage, request: pytest.FixtureRequest) -> None:
    """Not a reviewer, not by a machine."""
    somebody = request.getfixturevalue(who)
    with refused(NotAllowed, "not_allowed"):
        link(stage, somebody)
    with refused(NotAllowed, "not_allowed"):
        names(stage, somebody, "kiri")


# A stage that is by invitation


def test_who_pressed_the_hubs_button_uninvited_stays_there_until_invited(
    by_invitation: Stage, aurora: Repository, kiri: HubPerson, ha: Viewer, bram: Viewer
) -> None:
    """No case, no denial: they wait on the Hub, are counted, and come in with the next reading after the invitation."""
    pressed = [factories.waiting(aurora, kiri), factories.waiting(aurora, ha.person)]
    names(by_invitation, bram, "ha-nguyen")
    [case] = intake.bring_in(aurora, pressed)
    assert case.person == ha.person
    assert list(HubAccess.objects.not_brought_in().values_list("person", flat=True)) == [kiri.pk]
    names(by_invitation, bram, "kiri")
    assert [case.person for case in intake.bring_in(aurora, pressed)] == [kiri]
    assert intake.bring_in(aurora, pressed) == []


def test_what_began_before_goes_on(stage: Stage, aurora: Repository, ha: Viewer, amara: Viewer) -> None:
    """New terms close the door to new people only."""
    draft = factories.draft(stage, ha)
    factories.policy(stage, by=amara, entry="invited")
    draft = requests.answer(factories.fresh(draft), by=ha, answers=factories.ANSWERS)
    assert requests.submit(draft, by=ha).status == "submitted"


def test_it_costs_the_same_for_two_as_for_forty(
    stage: Stage, aurora: Repository, amara: Viewer, django_assert_num_queries: Any
) -> None:
    """A constant number of statements, for names that are known and names that are not."""
    stage, other = factories.fresh(stage), factories.fresh(factories.open_stage(aurora, by=amara))
    for n in range(20):
        factories.account(f"person-{n}")
    names(factories.open_stage(aurora, by=amara), amara, "first")
    with CaptureQueriesContext(connection) as few:
        names(stage, amara, "person-0", "unknown-0")
    with django_assert_num_queries(len(few)):
        names(other, amara, *(f"person-{n}" for n in range(20)), *(f"unknown-{n}" for n in range(20)))
    assert Invited.objects.filter(stage=other).count() == 40
    assert AccessRequest.objects.count() == 0
    assert Invited.objects.waiting(at=factories.later(0) + timedelta(days=1)).filter(stage=other).count() == 20


def test_a_name_and_a_link_that_meet_the_same_person_at_once(
    transactional_db: None, by_invitation: Stage, amara: Viewer, ines: Viewer
) -> None:
    """Who accepts a link at this moment stands on the list by it; the name is met at the next look, and taken off."""
    names(by_invitation, amara, "late")
    waits = Invited.objects.get(hub_name="late")
    HubPerson.objects.filter(user=ines.user).update(username="late", proven_at=timezone.now())
    _link, secret = invitations.invite_by_link(by_invitation, by=amara, label="Partners", days=14, uses=1)
    with while_blocked(lambda: arrivals.meet_invited([waits.pk])) as other:
        invitations.accept_invitation(token_digest(secret), by=ines)
        other.begin()
    assert other.results == [0]
    assert factories.fresh(waits).person is None
    assert arrivals.meet_invited([waits.pk]) == 0
    assert factories.fresh(waits).withdrawn_at is not None
