"""draft_form, publish_form, publish_policy: what a stage asks and on which terms, frozen once published."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import policies
from gatekeeper.models import GateForm, GatePolicy, Stage
from gatekeeper.models.personal import document_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, last_event, refused
from tests.factories import QUESTIONS


def test_a_form_is_drafted_and_published(aurora_lab: Publisher, bram: Viewer) -> None:
    """A draft has no hash; a published form has the hash of its questions, a time and a person."""
    draft = policies.draft_form(aurora_lab, by=bram, title="Access form", questions_asked=QUESTIONS)
    assert (draft.is_published, draft.sha256) == (False, "")
    assert list(GateForm.objects.drafts()) == [draft]
    form = policies.publish_form(draft, by=bram)
    assert (form.sha256, form.published_by) == (document_hash({"questions": QUESTIONS}), bram.user)
    assert form.questions == QUESTIONS
    assert list(GateForm.objects.published()) == [form]
    assert events(form) == ["gate_form.draft", "gate_form.publish"]


@pytest.mark.parametrize(
    "asked",
    [
        [{**QUESTIONS[0], "key": ""}],
        [{**QUESTIONS[0], "kind": "riddle"}],
        [{**QUESTIONS[0], "label": {}}],
        [QUESTIONS[0], QUESTIONS[0]],
        [{"key": "use", "label": {"en": "Use"}, "kind": "select"}],
        ["text"],
    ],
    ids=["no key", "unknown kind", "no label", "same key twice", "no options", "no question"],
)
def test_a_form_that_cannot_be_read_is_refused(aurora_lab: Publisher, bram: Viewer, asked: list[Any]) -> None:
    """Every question has what the rest relies on."""
    with refused(Invalid, "form_malformed", "questions"):
        policies.draft_form(aurora_lab, by=bram, title="Form", questions_asked=asked)


def test_a_form_is_not_published_without_purpose_and_retention(aurora_lab: Publisher, bram: Viewer) -> None:
    """Each question that lacks one is named."""
    asked = [QUESTIONS[0], {**QUESTIONS[1], "purpose": ""}, {**QUESTIONS[2], "retention_days": None}]
    draft = policies.draft_form(aurora_lab, by=bram, title="Form", questions_asked=asked)
    with refused(Invalid, "purpose_missing", "use", "country"):
        policies.publish_form(draft, by=bram)


def test_a_form_is_published_once(aurora_lab: Publisher, bram: Viewer) -> None:
    """A published version never changes."""
    form = factories.form(aurora_lab, by=bram)
    with refused(WrongState, "already_published"):
        policies.publish_form(form, by=bram)


def test_terms_are_published_with_defaults_and_hashes(stage: Stage, bram: Viewer) -> None:
    """The document names form and licence by their hashes; the next version names the one before."""
    first = stage.policy
    second = factories.policy(stage, by=bram, duration_days=180, cap=10)
    assert (second.number, second.supersedes, stage.policy) == (2, first, second)
    assert second.term("duration_days") == 180
    assert second.term("approvals_required") == 1
    assert second.document["form_sha256"] == second.form.sha256
    assert second.document["licence_sha256"] == second.licence_version.text_sha256
    assert second.sha256 == document_hash(second.document)
    assert last_event(stage).data == {"policy": second.pk, "sha256": second.sha256}


GOOD = {
    "entry": "invited",
    "intake": "hub_is_enough",
    "automatic": "always",
    "approvals_required": 5,
    "duration_days": 1,
    "cap": 10_000_000,
    "sla_days": 365,
    "info_wait_days": 1,
    "correction_days": 730,
    "intake_days": 1,
    "reason_codes": ["USE_THIN"],
    "conditions": ["Cite us."],
}
BAD: list[tuple[str, Any]] = [
    ("shoe_size", 42),
    ("entry", "nobody"),
    ("intake", "by_pigeon"),
    ("automatic", "sometimes"),
    ("approvals_required", 0),
    ("approvals_required", 6),
    ("approvals_required", True),
    ("approvals_required", "1"),
    ("approvals_required", None),
    ("duration_days", 0),
    ("duration_days", 3_651),
    ("duration_days", 1.5),
    ("cap", 0),
    ("cap", 10_000_001),
    ("sla_days", 366),
    ("info_wait_days", 0),
    ("correction_days", 731),
    ("intake_days", -1),
    ("reason_codes", "USE_THIN"),
    ("reason_codes", ["NONSENSE"]),
    ("conditions", "Cite us."),
    ("conditions", [1]),
]


def test_terms_that_fit_stand() -> None:
    """Each bound itself is allowed; nothing given is the defaults."""
    assert policies.check_terms(GOOD) == GOOD
    assert policies.check_terms({}) == GatePolicy.DEFAULTS
    assert policies.check_terms({"cap": None, "duration_days": None}) == GatePolicy.DEFAULTS


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_term_that_does_not_fit_is_refused_by_its_name(name: str, value: Any) -> None:
    """Unknown, of the wrong kind, or out of its bounds."""
    with pytest.raises(Invalid) as caught:
        policies.check_terms({**GOOD, name: value})
    assert set(caught.value.fields) == {name}


def test_every_wrong_term_is_named_at_once() -> None:
    """Nobody should have to send a form five times."""
    with pytest.raises(Invalid) as caught:
        policies.check_terms({"cap": 0, "intake": "", "sla_days": 0})
    assert set(caught.value.fields) == {"cap", "intake", "sla_days"}


def test_terms_need_published_parts_of_the_same_publisher(stage: Stage, aurora_lab: Publisher, bram: Viewer) -> None:
    """Neither a draft nor somebody else's form can be agreed to."""
    form, version = factories.form(aurora_lab, by=bram), factories.licence(aurora_lab, by=bram)
    draft = policies.draft_form(aurora_lab, by=bram, title="Draft", questions_asked=QUESTIONS)
    with refused(WrongState, "not_published"):
        policies.publish_policy(stage, by=bram, form=draft, licence_version=version)
    stranger = factories.account("stranger")
    publisher = factories.found(stranger, "other-lab")
    their_form, their_version = factories.form(publisher, by=stranger), factories.licence(publisher, by=stranger)
    for mixed in ({"form": their_form, "licence_version": version}, {"form": form, "licence_version": their_version}):
        with refused(Invalid, "belongs_elsewhere", "form"):
            policies.publish_policy(stage, by=bram, **mixed)


def test_only_stewards_and_owners_may(
    stage: Stage, aurora_lab: Publisher, amara: Viewer, chidi: Viewer, ewa: Viewer, ha: Viewer, nobody: Viewer
) -> None:
    """Forms and terms are a steward's."""
    form = policies.draft_form(aurora_lab, by=amara, title="Draft", questions_asked=QUESTIONS)
    policy = stage.policy
    assert policy is not None
    for who, code in ((chidi, "not_allowed"), (ewa, "not_allowed"), (ha, "not_allowed"), (nobody, "sign_in")):
        with refused(NotAllowed, code):
            policies.draft_form(aurora_lab, by=who, title="Form", questions_asked=QUESTIONS)
        with refused(NotAllowed, code):
            policies.publish_form(form, by=who)
        with refused(NotAllowed, code):
            policies.publish_policy(stage, by=who, form=policy.form, licence_version=policy.licence_version)
