"""answer: somebody saves answers to the draft."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.models import Stage
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, offered, refused
from tests.factories import ANSWERS, QUESTIONS


def test_it_saves_the_answers_given_and_leaves_the_others(stage: Stage, ha: Viewer) -> None:
    """A form may be saved page by page; nothing is recorded about a draft."""
    case = requests.start(stage, by=ha)
    requests.answer(case, by=ha, answers={"affiliation": " University  of Hà Nội "})
    case = requests.answer(case, by=ha, answers={"use": "To measure bias.", "country": "vn"})
    assert factories.fresh(case).answers == {
        "affiliation": "University of Hà Nội",
        "use": "To measure bias.",
        "country": "VN",
    }
    assert events(case) == ["request.start"]


def test_it_removes_an_answer_that_is_emptied(stage: Stage, ha: Viewer) -> None:
    """An empty field is no answer."""
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers=ANSWERS)
    case = requests.answer(case, by=ha, answers={"use": "", "terms": False})
    assert case.answers == {"affiliation": ANSWERS["affiliation"]}


def test_it_refuses_at_the_field_and_keeps_the_rest(stage: Stage, ha: Viewer) -> None:
    """What stood before a refused answer stays; every answer that fits is saved."""
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers={"country": "VN"})
    with refused(Invalid, "answers_at_fault", "country", "use", "is_admin") as caught:
        requests.answer(
            case,
            by=ha,
            answers={"affiliation": "Uni", "country": "Atlantis", "use": "x\x00y", "is_admin": "yes"},
        )
    assert {key: refusal.code for key, refusal in caught.value.fields.items()} == {
        "country": "not_an_option",
        "use": "control_characters",
        "is_admin": "not_asked",
    }
    assert factories.fresh(case).answers == {"country": "VN", "affiliation": "Uni"}


def test_it_keeps_the_draft_longer_than_its_person_has_to_finish_it(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A draft that went before the deadline would have to be written anew."""
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers=ANSWERS)
    assert case.draft.delete_after > case.waits_until
    denied = factories.denied_correctably(stage, factories.account("late"), by=chidi)
    assert denied.draft.delete_after > denied.waits_until > factories.later(80)
    saved = requests.answer(denied, by=Viewer.of(denied.person.user), answers={})
    assert saved.draft.delete_after == denied.draft.delete_after


def test_it_begins_a_new_draft_where_the_old_one_was_erased(stage: Stage, ha: Viewer) -> None:
    """Retention may take a draft; its person goes on from an empty form."""
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers=ANSWERS)
    case.draft.delete()
    case = requests.answer(factories.fresh(case), by=ha, answers={"affiliation": "Uni"})
    assert factories.fresh(case).answers == {"affiliation": "Uni"}


def test_it_is_refused_to_everybody_else(
    stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, amara: Viewer, nobody: Viewer
) -> None:
    """A draft is its person's own."""
    case = requests.start(stage, by=ha)
    for who in (ines, chidi, amara):
        with refused(NotAllowed, "not_allowed"):
            requests.answer(case, by=who, answers=ANSWERS)
    with refused(NotAllowed, "sign_in"):
        requests.answer(case, by=nobody, answers=ANSWERS)


def test_it_is_refused_once_the_request_is_handed_in(stage: Stage, ha: Viewer) -> None:
    """A submission is frozen: the reviewer decides on what was read."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        requests.answer(case, by=ha, answers={"use": "Something else."})


def test_after_a_correctable_denial_only_the_named_questions_are_open(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The others are as they were; sending them back unchanged is fine."""
    case = factories.denied_correctably(stage, ha, by=chidi, reopened=("use",))
    with refused(Invalid, "answers_at_fault", "affiliation") as caught:
        requests.answer(case, by=ha, answers={"use": "Longer.", "affiliation": "Another", "terms": True})
    assert caught.value.fields["affiliation"].code == "not_reopened"
    assert factories.fresh(case).answers == {**ANSWERS, "use": "Longer."}


def test_after_a_correctable_denial_that_names_no_question_all_are_open(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """None named means all."""
    case = factories.denied_correctably(stage, ha, by=chidi)
    assert requests.answer(case, by=ha, answers={"affiliation": "Another"}).answers["affiliation"] == "Another"


# The terms change while somebody writes


CHANGED = [QUESTIONS[0], {**QUESTIONS[1], "label": {"en": "Use, in detail"}}, QUESTIONS[3]]


def test_an_unfinished_case_follows_new_terms_and_forgets_what_is_asked_no_more(
    stage: Stage, ha: Viewer, amara: Viewer
) -> None:
    """Saving is reading the form again: from then on the new terms count."""
    case = requests.answer(factories.draft(stage, ha), by=ha, answers={"country": "VN"})
    policy = factories.policy(stage, by=amara, asked=CHANGED)
    assert offered(case, ha)["submit"] == "policy_changed"
    case = requests.answer(case, by=ha, answers={})
    assert case.policy == policy
    assert case.answers == ANSWERS
    assert offered(case, ha)["submit"] is None


@pytest.mark.parametrize(("reopened", "open_now"), [(("affiliation",), ["affiliation", "use"]), ((), [])])
def test_new_terms_open_the_questions_that_they_changed(
    stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, reopened: tuple[str, ...], open_now: list[str]
) -> None:
    """What is asked in other words has to be answered in them; where all was open, all stays open."""
    case = factories.denied_correctably(stage, ha, by=chidi, reopened=reopened)
    factories.policy(stage, by=amara, asked=CHANGED)
    case = requests.answer(case, by=ha, answers={"use": "In detail."})
    assert case.reopened == open_now
    assert case.answers["use"] == "In detail."


def test_saving_does_not_reach_a_case_that_is_long_over(stage: Stage, ha: Viewer) -> None:
    """What expired is not written to any more."""
    case = requests.start(stage, by=ha)
    [case] = requests.expire_all([case], at=case.waits_until + timedelta(days=1))
    with refused(WrongState, "wrong_state"):
        requests.answer(case, by=ha, answers=ANSWERS)
