"""Ways around who may see and decide what of a case."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts import people as accounts_people
from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import decisions, grants, people, requests, reviews
from gatekeeper.models import AccessRequest, Grant, Repository, Stage
from gatekeeper.rules.refusals import Unmet
from tests import factories


def browser_of(who: Viewer) -> Client:
    """The pages as somebody sees them."""
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def test_a_form_that_is_refused_shows_no_staff_page_of_the_own_case(
    stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Whoever asks, a reviewer too, learns nothing of the review by sending a form with a fault."""
    for asking in (ha, chidi):
        case = factories.in_review(stage, asking, by=dana)
        for name in ("approve", "deny_correctably", "deny_finally", "ask_back", "recommend"):
            answer = browser_of(asking).post(reverse(f"web:{name}", args=[case.pk]), {})
            assert answer.status_code == 403, name
            assert b"dana" not in answer.content, name


def test_a_rule_does_not_undo_a_final_denial(
    aurora: Repository, stage: Stage, amara: Viewer, ha: Viewer, chidi: Viewer
) -> None:
    """Whoever was denied here for good presses the Hub's button, and is looked at by people once more."""
    factories.denied_finally(stage, ha, by=chidi)
    factories.policy(stage, by=amara, automatic="always")
    assert ha.person is not None
    case = factories.brought_in(aurora, ha.person)
    requests.answer(case, by=ha, answers=factories.ANSWERS)
    assert requests.submit(case, by=ha).status == "submitted"
    assert not Grant.objects.exists()


def test_a_rule_does_not_undo_a_revocation(aurora: Repository, amara: Viewer, ha: Viewer) -> None:
    """Whoever lost access for cause does not have it back a minute later by asking again."""
    stage = factories.open_stage(aurora, by=amara, automatic="always")
    assert factories.submitted(stage, ha).status == "approved"
    grants.revoke(Grant.objects.get(), by=amara, codes=["PRIOR_BREACH"], words="The weights were passed on.")
    assert factories.submitted(stage, ha).status == "submitted"
    assert not Grant.objects.live().exists()


def test_nor_a_suspension(aurora: Repository, amara: Viewer, ha: Viewer) -> None:
    """Giving suspended access back and asking again is no way around the suspension."""
    stage = factories.open_stage(aurora, by=amara, automatic="always")
    factories.submitted(stage, ha)
    grant = grants.suspend(Grant.objects.get(), by=amara)
    grants.relinquish(grant, by=ha)
    assert factories.submitted(stage, ha).status == "submitted"
    assert not Grant.objects.live().exists()


def test_who_gave_access_back_unasked_has_it_again_by_rule(aurora: Repository, amara: Viewer, ha: Viewer) -> None:
    """Nothing stands against them."""
    stage = factories.open_stage(aurora, by=amara, automatic="always")
    factories.submitted(stage, ha)
    grants.relinquish(Grant.objects.get(), by=ha)
    assert factories.submitted(stage, ha).status == "approved"


def test_invariant_14_an_opinion_of_somebody_dismissed_does_not_count(
    aurora: Repository, aurora_lab: Publisher, amara: Viewer, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Whoever took over a reviewer's account is stopped by taking the role away, also from what was begun."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    case = factories.in_review(stage, ha, by=chidi)
    reviews.recommend(case, by=chidi)
    assert chidi.user is not None
    people.dismiss(aurora_lab, by=amara, user=chidi.user, role="reviewer")
    with pytest.raises(Unmet) as refused:
        decisions.approve(case, by=dana, words="Welcome.")
    assert refused.value.refusal.code == "quorum_missing"
    assert not Grant.objects.exists()


def test_invariant_14_an_opinion_about_oneself_does_not_count(
    aurora: Repository, aurora_lab: Publisher, amara: Viewer, dana: Viewer
) -> None:
    """Also where the reviewer's account was connected to the Hub name that asked only after the opinion was given."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    reviewer = factories.account("password-only", on_the_hub=False)
    assert reviewer.user is not None
    people.appoint(aurora_lab, by=amara, user=reviewer.user, role="reviewer")
    asking = factories.hub_person("asks-on-the-hub")
    factories.policy(stage, by=amara, approvals_required=2, intake="hub_is_enough")
    case = factories.brought_in(aurora, asking)
    case = factories.fresh(case)
    reviews.recommend(case, by=Viewer.of(reviewer.user))
    accounts_people.connect(person=asking, user=reviewer.user)
    with pytest.raises(Unmet) as refused:
        decisions.approve(case, by=dana, words="Welcome.")
    assert refused.value.refusal.code == "quorum_missing"
    assert AccessRequest.objects.get().pk == case.pk
