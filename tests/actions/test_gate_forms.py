"""draft_next, change_draft, discard_draft, and what publishing asks for: forms as their stewards write them."""

from __future__ import annotations

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import gate_forms, policies
from gatekeeper.models import Event, GateForm, Repository, Stage
from gatekeeper.rules.gate_forms import proposed
from gatekeeper.rules.questions import Kind
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, refused
from tests.factories import QUESTIONS

PROPOSED = {"key": "city", "kind": "short_text", "label": {"en": "City"}, **proposed(Kind.SHORT_TEXT)}


@pytest.fixture
def draft(aurora_lab: Publisher, bram: Viewer) -> GateForm:
    """A draft."""
    return policies.draft_form(aurora_lab, by=bram, title="Form", questions_asked=QUESTIONS)


def test_what_was_proposed_is_published_only_once_it_is_reviewed_or_confirmed(draft: GateForm, bram: Viewer) -> None:
    """Naming each question; the record says that it was confirmed unseen. Confirming mends nothing else."""
    gate_forms.change_draft(draft, by=bram, questions_asked=[*QUESTIONS, PROPOSED])
    with refused(Invalid, "to_review", "city"):
        policies.publish_form(draft, by=bram)
    bare = {key: value for key, value in PROPOSED.items() if key != "purpose"}
    gate_forms.change_draft(draft, by=bram, questions_asked=[bare])
    with refused(Invalid, "purpose_missing", "city"):
        policies.publish_form(draft, by=bram, confirmed=True)
    gate_forms.change_draft(draft, by=bram, questions_asked=[PROPOSED])
    published = policies.publish_form(draft, by=bram, confirmed=True)
    assert Event.objects.get(action="gate_form.publish").data == {"sha256": published.sha256, "confirmed_unreviewed": 1}


def test_nobody_publishes_what_another_has_changed_meanwhile(draft: GateForm, bram: Viewer) -> None:
    """What is frozen is what was read."""
    seen = draft.digest
    gate_forms.change_draft(draft, by=bram, questions_asked=QUESTIONS[:1])
    with refused(WrongState, "stale"):
        policies.publish_form(draft, by=bram, seen=seen)
    assert policies.publish_form(draft, by=bram, seen=factories.fresh(draft).digest).is_published


def test_a_condition_that_cannot_be_asked_is_refused_at_publication(draft: GateForm, bram: Viewer) -> None:
    """A draft may hold one for a while, as when questions change places."""
    ahead = {**QUESTIONS[0], "show_if": {"key": "use", "test": "answered"}}
    gate_forms.change_draft(draft, by=bram, questions_asked=[ahead, *QUESTIONS[1:]])
    with refused(Invalid, "condition_not_earlier", "affiliation"):
        policies.publish_form(draft, by=bram)


def test_the_next_version_begins_from_any_and_supersedes_the_latest(draft: GateForm, bram: Viewer) -> None:
    """There is one draft of it at a time, whoever begins it."""
    first = policies.publish_form(draft, by=bram)
    second = gate_forms.draft_next(first, by=bram)
    assert (second.number, second.supersedes, second.questions) == (2, first, first.questions)
    assert gate_forms.draft_next(first, by=bram) == second == gate_forms.draft_next(second, by=bram)
    assert not first.is_superseded
    gate_forms.change_draft(second, by=bram, questions_asked=QUESTIONS[:1], title="Shorter")
    policies.publish_form(second, by=bram)
    assert first.is_superseded
    third = gate_forms.draft_next(first, by=bram)
    assert (third.number, third.supersedes, third.title) == (3, second, "Shorter")
    assert third.questions == QUESTIONS
    assert events(third) == ["gate_form.draft"]


def test_a_draft_that_changed_meanwhile_is_not_overwritten(draft: GateForm, bram: Viewer, amara: Viewer) -> None:
    """Who saw something else is told so; nothing is changed."""
    seen = draft.digest
    gate_forms.change_draft(draft, by=amara, questions_asked=QUESTIONS, title="Another title", seen=seen)
    with refused(WrongState, "stale"):
        gate_forms.change_draft(draft, by=bram, questions_asked=QUESTIONS[:1], seen=seen)
    with refused(WrongState, "stale"):
        gate_forms.discard_draft(draft, by=bram, seen=seen)
    assert factories.fresh(draft).questions == QUESTIONS


def test_a_draft_is_thrown_away_and_a_published_form_is_not(draft: GateForm, bram: Viewer) -> None:
    """The version before it can have another next one."""
    first = policies.publish_form(draft, by=bram)
    for change in (
        lambda: gate_forms.discard_draft(first, by=bram),
        lambda: gate_forms.change_draft(first, by=bram, questions_asked=[]),
    ):
        with refused(WrongState, "already_published"):
            change()
    second = gate_forms.draft_next(first, by=bram)
    gate_forms.discard_draft(second, by=bram, seen=second.digest)
    with refused(WrongState, "stale"):
        gate_forms.discard_draft(second, by=bram)
    assert gate_forms.draft_next(first, by=bram).number == 2


def test_it_refuses_questions_that_cannot_be_read(draft: GateForm, bram: Viewer) -> None:
    """A kind that is not known, the same key twice, too many."""
    many = [{**QUESTIONS[0], "key": f"q{number}"} for number in range(201)]
    for asked in ([{**QUESTIONS[0], "kind": "matrix"}], [QUESTIONS[0], QUESTIONS[0]], many):
        with refused(Invalid, "form_malformed", "questions"):
            gate_forms.change_draft(draft, by=bram, questions_asked=asked)


def test_only_stewards_and_owners_write_forms(draft: GateForm, chidi: Viewer, farid: Viewer, juma: Viewer) -> None:
    """Reviewers and auditors read them."""
    for who in (chidi, farid, juma):
        with refused(NotAllowed, "not_allowed"):
            gate_forms.draft_next(draft, by=who)
        with refused(NotAllowed, "not_allowed"):
            gate_forms.change_draft(draft, by=who, questions_asked=[])
        with refused(NotAllowed, "not_allowed"):
            gate_forms.discard_draft(draft, by=who)


def test_a_form_says_which_terms_ask_it(aurora: Repository, stage: Stage, amara: Viewer) -> None:
    """Those in force; one form serves many stages."""
    policy = stage.policy
    assert policy is not None
    other = factories.planned_stage(aurora, by=amara)
    policies.publish_policy(other, by=amara, form=policy.form, licence_version=policy.licence_version)
    assert [used.stage for used in policy.form.used_at()] == [stage, other]
    factories.policy(other, by=amara)
    assert [used.stage for used in policy.form.used_at()] == [stage]
