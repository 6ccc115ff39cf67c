"""What must always hold. Each invariant has a test that names its number, here or beside the face that it is about.

Those whose feature is not built yet stand in NOT_BUILT, with the reason; a number is in exactly one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import ApiToken, HubPerson, HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import (
    arrivals,
    decisions,
    earlier_approvals,
    grants,
    intake,
    people,
    policies,
    repositories,
    requests,
    reviews,
    stages,
    terms,
)
from gatekeeper.log import scrubbed
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Decision,
    Event,
    GateForm,
    Grant,
    HubAccess,
    Notice,
    PersonalText,
    Repository,
    RepositoryWish,
    Stage,
)
from gatekeeper.models.personal import canonical
from gatekeeper.proof import sealing
from gatekeeper.rules.access import Access, Closing, next_call
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.lifecycle import TABLES
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refused, Unmet, WrongState
from gatekeeper.rules.statuses import Role
from tests import factories
from tests.expect import refused, told, wish
from tests.races import outcomes, race

NOT_BUILT = {
    23: "Exit criteria come with evidence.",
    24: "Exit criteria come with evidence.",
    27: "Numbers are published with the transparency report.",
}


def test_every_invariant_is_in_exactly_one_place() -> None:
    """Thirty numbers: tested, or listed with the reason why not yet."""
    here = Path(__file__).resolve().parent
    named = re.compile(r"^def test_invariant_(\d\d)_", re.MULTILINE)
    tested = {int(number) for file in here.rglob("test_*.py") for number in named.findall(file.read_text("utf-8"))}
    assert tested & set(NOT_BUILT) == set()
    assert tested | set(NOT_BUILT) == set(range(1, 31))
    assert all(reason.endswith(".") for reason in NOT_BUILT.values())


# --- access


def test_invariant_01_no_grant_without_an_acceptance_of_the_licence_in_force(
    stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, kiri: HubPerson
) -> None:
    """By the same person, of the version in force when the grant is made; an import is terms unproven."""
    case = factories.in_review(stage, ha, by=chidi)
    factories.policy(stage, by=amara, text=b"Other words.")
    with refused(Unmet, "acceptance_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    requests.accept(case, by=ha, text_sha256=raw_hash(b"Other words."))
    decisions.approve(case, by=chidi, words="Welcome.")
    grant = Grant.objects.get(person=ha.person)
    assert grant.acceptance is not None
    assert grant.acceptance.person == grant.person
    assert grant.acceptance.licence_version == factories.current_licence(stage)
    imported = factories.imported(stage, kiri, by=amara)
    assert imported.terms_unproven
    assert not Acceptance.objects.filter(person=kiri).exists()
    listed = factories.account("listed")
    factories.confirmed_import(stage, "listed", by=amara)
    grant = Grant.objects.get(person=listed.person)
    assert grant.terms_unproven
    terms.accept(grant, by=listed, text_sha256=raw_hash(b"Other words."))
    assert not factories.fresh(grant).terms_unproven


def test_invariant_02_no_grant_without_a_decision_or_an_import(
    stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """The database holds it, whatever code comes; an import is recorded with what it rests on."""
    source = factories.confirmed_import(stage, "ines,2025-03-01,Ana Lee,Licence v1", by=amara, evidence=b"%PDF-1.7")
    imported = Grant.objects.get(person=ines.person)
    assert imported.imported_by == amara.user
    rests_on = Event.objects.get(action="grant.bring_in", object_id=imported.pk).data
    assert (rests_on["import"], rests_on["approved_on"]) == (source.pk, "2025-03-01")
    assert all(rests_on[name] for name in ("approver_digest", "terms_digest", "file_sha256", "evidence_sha256"))
    grant = factories.waiting_grant(stage, ha, by=chidi)
    assert grant.decision is not None
    assert grant.decision.outcome == "approved"
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).update(decision=None)


def test_invariant_04_access_is_told_only_after_the_hub_was_read_back(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Approval says approved; only the reading says access, and no verb gets past it."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    for seen in ("unknown", "none", "pending", "rejected"):
        factories.hub_says(grant.person, aurora, seen)
        with refused(Unmet, "not_read_back"):
            grants.activate_all([grant])
        assert grants.activate_confirmed() == 0
    assert "access_confirmed" not in told(ha)
    assert factories.confirmed(grant).status == "active"
    assert told(ha)[-1] == "access_confirmed"


def suspended(grant: Grant, amara: Viewer, ha: Viewer) -> Any:
    return grants.suspend(grant, by=amara)


def revoked(grant: Grant, amara: Viewer, ha: Viewer) -> Any:
    return grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="No.")


def given_back(grant: Grant, amara: Viewer, ha: Viewer) -> Any:
    return grants.relinquish(grant, by=ha)


def expired(grant: Grant, amara: Viewer, ha: Viewer) -> Any:
    assert grant.ends_at is not None
    return grants.expire_all([grant], at=grant.ends_at)


def paused(grant: Grant, amara: Viewer, ha: Viewer) -> Any:
    return stages.pause(grant.stage, by=amara, suspending=True)


@pytest.mark.parametrize("end", [suspended, revoked, given_back, expired, paused], ids=lambda end: end.__name__)
def test_invariant_05_ending_access_and_wishing_it_are_one_step(
    end: Callable[[Grant, Viewer, Viewer], Any], aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Together or not at all: a transaction that fails leaves both as they were."""
    stage = factories.open_stage(aurora, by=amara, duration_days=30)
    grant = factories.active_grant(stage, ha, by=chidi)
    with transaction.atomic():
        end(grant, amara, ha)
        assert wish(ha.person, aurora).access is Access.NO
        transaction.set_rollback(True)
    assert factories.fresh(grant).status == "active"
    assert wish(ha.person, aurora).access is Access.YES
    end(grant, amara, ha)
    row = HubAccess.objects.get()
    assert (row.access, row.confirmed_at) == (Access.NO, None)
    assert row.due_at is not None


@pytest.mark.parametrize("move", [stages.pause, stages.close], ids=["paused", "closed"])
def test_invariant_06_a_stage_that_is_not_open_makes_no_grant_by_any_door(
    move: Callable[..., Stage],
    aurora: Repository,
    ha: Viewer,
    ines: Viewer,
    chidi: Viewer,
    amara: Viewer,
    kiri: HubPerson,
) -> None:
    """Approval, rule, reinstatement, import, spreadsheet, the Hub's list, the API: every way in is closed."""
    stage = factories.open_stage(aurora, by=amara, intake="hub_is_enough", automatic="always")
    waiting_person = factories.brought_in(aurora, ha.person)
    stopped = grants.suspend(factories.imported(stage, ines.person, by=amara), by=amara)
    draft = factories.draft(stage, chidi)
    factories.confirmed_import(stage, "late-comer", by=amara)
    unconfirmed = factories.rehearsed(stage, "late-comer", by=amara)
    lapsed = factories.lapsed(factories.imported(stage, factories.account("lapsed").person, by=amara), by=amara)
    move(stage, by=amara)
    before = Grant.objects.count()
    late = factories.account("late-comer").person
    assert late is not None
    arrivals.meet([late])
    arrivals.meet_all()
    with suppress(Refused):
        earlier_approvals.confirm(unconfirmed, by=amara, seen=earlier_approvals.rehearse(unconfirmed, by=amara).digest)
    with refused(Unmet, "stage_not_open"):
        terms.restore_all([lapsed])
    with refused(Unmet, "stage_not_open"):
        decisions.approve(factories.fresh(waiting_person), by=chidi, words="Welcome.")
    with refused(Unmet, "stage_not_open"):
        requests.submit(draft, by=chidi)
    with refused(Unmet, "stage_not_open"):
        grants.reinstate(stopped, by=amara)
    assert grants.bring_in_all(stage, [kiri], by=amara) == []
    assert intake.bring_in(aurora, [factories.waiting(aurora, kiri)]) == []
    client = APIClient()
    _row, secret = ApiToken.objects.issue(user=chidi.user, name="test", scopes=ApiToken.Scope.values)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    asked = {"words": "Welcome.", "codes": ["ELIGIBLE"], "submission": factories.fresh(waiting_person).submission_id}
    answer = client.post(f"/api/v1/requests/{waiting_person.pk}/approve/", asked, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "stage_not_open")
    assert Grant.objects.count() == before


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_invariant_07_cap_holds_under_concurrency(
    aurora: Repository, amara: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Twenty approvals at the same moment on five places are five grants."""
    stage = factories.open_stage(aurora, by=amara, cap=5)
    cases = [factories.in_review(stage, factories.account(f"person-{n}"), by=chidi) for n in range(20)]
    results = race(lambda i: decisions.approve(cases[i], by=(chidi, dana)[i % 2], words="Welcome."), times=20)
    assert outcomes(results) == {"AccessRequest": 5, "Unmet": 15}
    assert Grant.objects.live().count() == 5


def test_invariant_08_one_open_request_and_one_live_grant_per_person_and_stage(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Beginning again is the same request; a holder begins none; the database refuses a second."""
    case = requests.start(stage, by=ha)
    assert requests.start(stage, by=ha) == case
    assert intake.bring_in(aurora, [factories.waiting(aurora, case.person)]) == []
    requests.withdraw(case, by=ha)
    grant = factories.active_grant(stage, ha, by=chidi)
    with refused(Unmet, "grant_exists"):
        requests.start(stage, by=ha)
    assert grants.bring_in_all(stage, [grant.person], by=Viewer.system("hub")) == []
    grant.pk, case.pk, case.draft, case.status = None, None, None, "submitted"
    with pytest.raises(IntegrityError), transaction.atomic():
        grant.save(force_insert=True)
    case.save(force_insert=True)
    case.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        case.save(force_insert=True)


def test_invariant_10_only_linked_repositories_and_known_people_are_written_about(
    stage: Stage, aurora: Repository, ha: Viewer, kiri: HubPerson, chidi: Viewer, amara: Viewer
) -> None:
    """An unlinked repository is never due; nobody is brought in whom the Hub's own list did not show."""
    factories.waiting_grant(stage, ha, by=chidi)
    assert intake.bring_in(aurora, [intake.Waiting(kiri, factories.later(0))]) == []
    stages.close(stage, by=amara)
    repositories.unlink(aurora, by=amara)
    later = factories.later(1)
    assert not HubAccess.objects.due(at=later).exists()
    assert not RepositoryWish.objects.due(at=later).exists()
    grants.revoke(Grant.objects.get(), by=amara, codes=["PRIOR_BREACH"], words="No.")
    assert not HubAccess.objects.due(at=later).exists()


def test_invariant_11_an_import_has_nothing_for_the_hub_to_be_told(
    stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer
) -> None:
    """The Hub says yes already: the wish is settled by what was read."""
    factories.hub_says(kiri, aurora, "accepted")
    grants.bring_in_all(stage, [kiri], by=amara)
    row = HubAccess.objects.get()
    assert next_call(row.wish, row.sight) is None


# --- decisions


def test_invariant_13_a_decision_has_reason_actor_words_and_redress(
    stage: Stage, ha: Viewer, ines: Viewer, juma: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Each of the four outcomes; without a code or words there is none."""
    factories.denied_finally(stage, ines, by=chidi)
    factories.denied_correctably(stage, juma, by=chidi)
    grants.revoke(factories.active_grant(stage, ha, by=chidi), by=amara, codes=["PRIOR_BREACH"], words="No.")
    made = list(Decision.objects.all())
    assert {decision.outcome for decision in made} == {"approved", "denied_correctable", "denied_final", "revoked"}
    for decision in made:
        assert decision.reason_codes
        assert decision.words
        assert decision.redress
        assert decision.decided_by in (chidi.user, amara.user)
    case = factories.in_review(stage, factories.account("another"), by=chidi)
    with refused(Invalid, "reason_missing", "codes"):
        decisions.deny_finally(case, by=chidi, codes=[], words="No.")
    with refused(Invalid, "words_missing", "words"):
        decisions.deny_finally(case, by=chidi, codes=["AGE"], words=" ")


def test_invariant_14_nobody_decides_on_their_own_and_a_quorum_is_people(
    aurora: Repository, ha: Viewer, chidi: Viewer, dana: Viewer, amara: Viewer
) -> None:
    """The same account, or the same Hub id behind another account: never one's own; twice the same is one."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    own = factories.in_review(stage, chidi, by=dana)
    with refused(NotAllowed, "own_request"):
        decisions.approve(own, by=chidi, words="Welcome.")
    case = reviews.recommend(factories.in_review(stage, ha, by=chidi), by=chidi)
    with refused(Unmet, "quorum_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    assert decisions.approve(case, by=dana, words="Welcome.").status == "approved"


def test_invariant_15_nothing_is_denied_by_a_machine(
    stage: Stage, ha: Viewer, chidi: Viewer, clock: Viewer, hub: Viewer
) -> None:
    """No step of clock or Hub leads to a denial, and the database keeps no automatic one."""
    for step in TABLES["request"]:
        if step.who & {Role.CLOCK, Role.HUB}:
            assert step.to not in ("denied_correctable", "denied_final")
    case = factories.in_review(stage, ha, by=chidi)
    for machine in (clock, hub):
        with refused(NotAllowed, "not_allowed"):
            decisions.deny_finally(case, by=machine, codes=["AGE"], words="No.")
    decisions.deny_finally(case, by=chidi, codes=["AGE"], words="No.")
    decision = Decision.objects.get()
    decision.pk, decision.automatic = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        decision.save(force_insert=True)


def test_invariant_16_a_decision_is_never_edited_and_a_stale_one_changes_nothing(
    stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Frozen in the database; decided twice, or on an older submission, is refused."""
    case = factories.denied_correctably(stage, ha, by=chidi)
    seen = case.submission_id
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.update(outcome="approved")
    case = reviews.take(requests.resubmit(case, by=ha), by=dana)
    for verb, reasons in (
        (decisions.approve, {"words": "Welcome."}),
        (decisions.deny_finally, {"codes": ["AGE"], "words": "No."}),
        (decisions.deny_correctably, {"codes": ["USE_THIN"], "words": "More."}),
    ):
        with refused(WrongState, "stale"):
            verb(case, by=dana, seen=seen, **reasons)  # type: ignore[operator]
    decisions.approve(case, by=dana, words="Welcome.", seen=case.submission_id)
    with refused(WrongState, "wrong_state"):
        decisions.deny_finally(case, by=chidi, codes=["AGE"], words="No.", seen=case.submission_id)


def test_invariant_17_a_correctable_denial_is_never_rejected_on_the_hub(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Whatever the Hub says at that time: reset, or pending where reset is unknown."""
    factories.hub_says(ha.person, aurora, "pending")
    factories.denied_correctably(stage, ha, by=chidi)
    row = HubAccess.objects.get()
    assert row.wish.closing is Closing.RESET
    for seen in ("unknown", "none", "pending", "accepted", "reset"):
        row = factories.hub_says(ha.person, aurora, seen)
        for known in (True, False):
            assert next_call(row.wish, row.sight, reset_known=known) != "rejected"


def test_invariant_18_the_promise_waits_only_while_the_requester_owes_the_answer(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """The time of an answer is added, and no other; a breach stays recorded."""
    case = factories.submitted(stage, ha)
    promised = case.due_at
    case = reviews.put_back(reviews.take(case, by=chidi), by=chidi)
    assert case.due_at == promised
    case = reviews.ask_back(reviews.take(case, by=chidi), by=chidi, words="Why?")
    assert requests.note_breaches(at=promised + timedelta(days=9)) == 0
    assert case.owed_since is not None
    case = requests.answer_back(case, by=ha, words="So.", at=case.owed_since + timedelta(days=2))
    assert case.due_at == promised + timedelta(days=2)
    late = case.due_at + timedelta(seconds=1)
    assert requests.note_breaches(at=late) == 1
    decided = decisions.approve(factories.fresh(case), by=chidi, words="Welcome.")
    assert factories.fresh(decided).breached_at == late


def test_invariant_19_private_words_reach_no_record_no_notice_and_no_answer_of_the_api(
    aurora: Repository, ha: Viewer, chidi: Viewer, dana: Viewer, amara: Viewer
) -> None:
    """A note and the names of reviewers stay with the publisher's people; the pages have tests of their own."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    case = factories.in_review(stage, ha, by=chidi)
    reviews.recommend(case, by=dana, note="Sounds like a competitor.")
    reviews.note(case, by=dana, words="The competitor of last year.")
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.")
    stored = canonical([list(Event.objects.values_list("data", flat=True)), list(Notice.objects.values_list("data"))])
    assert "competitor" not in stored
    client = APIClient()
    _row, secret = ApiToken.objects.issue(user=ha.user, name="test", scopes=ApiToken.Scope.values)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for address in ("requests/", f"requests/{case.pk}/", "events/", "grants/", "releases/", f"stages/{stage.pk}/"):
        seen = client.get(f"/api/v1/{address}").content.decode()
        for private in ("competitor", "dana", "chidi"):
            assert private not in seen, address
    assert "Say more." in client.get(f"/api/v1/requests/{case.pk}/").content.decode()


# --- versions and proof


def test_invariant_20_a_published_version_is_immutable_and_a_submission_keeps_its_own(
    stage: Stage, ha: Viewer, amara: Viewer
) -> None:
    """New terms change nothing of what was handed in under the old ones."""
    case = factories.submitted(stage, ha)
    before = stage.policy
    assert before is not None
    factories.policy(stage, by=amara, duration_days=1)
    submission = factories.fresh(case).submission
    assert submission is not None
    assert (submission.policy, submission.form) == (before, before.form)
    for version in (before, before.form, before.licence_version, stage.release.ladders.get()):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(version).objects.filter(pk=version.pk).update(document={})


def test_invariant_21_an_acceptance_holds_the_hash_of_the_bytes_shown(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """Whatever is published later, what was accepted can be read and its hash computed again."""
    factories.draft(stage, ha)
    factories.policy(stage, by=amara, text=b"Other words.")
    acceptance = Acceptance.objects.get()
    assert raw_hash(bytes(acceptance.licence_version.text)) == acceptance.text_sha256
    case = AccessRequest.objects.get()
    with refused(WrongState, "licence_changed"):
        requests.accept(case, by=ha, text_sha256="0" * 64)


def test_invariant_25_the_record_is_append_only_tamper_evident_and_holds_no_personal_data(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """A change is refused; forced, it is found; erasing somebody's words breaks no proof."""
    factories.denied_finally(stage, ha, by=chidi)
    checkpoint = sealing.seal()
    assert checkpoint is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.update(action="x")
    written = canonical(list(Event.objects.values_list("data", flat=True)))
    for personal in ("ha-nguyen", "Hà", "example.org", *factories.ANSWERS.values()):
        assert str(personal) not in written
    PersonalText.objects.filter(person=ha.person).delete()
    kept = [{name: getattr(checkpoint, name) for name in ("id", "digest", "events", "signature")}]
    assert sealing.verify(kept=kept).sound
    assert not sealing.verify(kept=[{**kept[0], "id": checkpoint.pk + 1}]).sound


# --- privacy and safety


def test_invariant_26_no_question_is_published_without_purpose_and_retention(
    aurora_lab: Publisher, bram: Viewer
) -> None:
    """A draft may lack them; nothing is asked of anybody before they are there."""
    for lacking in ({"purpose": ""}, {"retention_days": 0}):
        draft = policies.draft_form(
            aurora_lab, by=bram, title="Form", questions_asked=[{**factories.QUESTIONS[0], **lacking}]
        )
        with refused(Invalid, "purpose_missing", "affiliation"):
            policies.publish_form(draft, by=bram)
    assert not GateForm.objects.published().exists()


def test_invariant_28_tokens_are_kept_encrypted_or_hashed_and_never_logged(
    aurora_lab: Publisher, amara: Viewer, client: Client
) -> None:
    """Neither in a row, nor in a log line, nor in an error page."""
    people.keep_token(aurora_lab, by=amara, secret="hf_averysecrettoken")
    _row, ours = ApiToken.objects.issue(user=amara.user, name="test", scopes=["read"])
    rows = [*HubToken.objects.values(), *ApiToken.objects.values(), *Event.objects.values()]
    for secret in ("hf_averysecrettoken", ours):
        assert secret not in str(rows)
        assert secret not in scrubbed(f"GET /x failed for {secret}")
    assert HubToken.objects.get().reveal() == "hf_averysecrettoken"
    with structlog.testing.capture_logs() as lines:
        answer = client.get(f"/nothing-here/?token={ours}&name=ha@example.org")
    assert answer.status_code == 404
    assert ours not in answer.content.decode()
    assert ours not in str([scrubbed(str(line)) for line in lines])
    assert "ha@example.org" not in str([scrubbed(str(line)) for line in lines])


def test_invariant_30_what_commits_a_person_is_reviewed_before_it_is_confirmed(
    stage: Stage, ha: Viewer, client: Client
) -> None:
    """Plain pages and forms: looking hands nothing in, every answer can be changed, and only then it is sent."""
    assert ha.user is not None
    client.force_login(ha.user)
    case = factories.draft(stage, ha)
    last_look = client.get(reverse("web:hand_in", args=[case.pk]))
    shown = last_look.content.decode()
    assert last_look.status_code == 200
    assert factories.fresh(case).submission_id is None
    assert str(factories.ANSWERS["use"]) in shown
    assert reverse("web:draft", args=[case.pk]) in shown
    assert 'method="post"' in shown
    client.post(reverse("web:hand_in", args=[case.pk]))
    assert factories.fresh(case).submission_id is not None


def test_fail_closed(stage: Stage, ha: Viewer, chidi: Viewer, nobody: Viewer) -> None:
    """Silence approves nothing, and whoever is unknown sees and does nothing."""
    case = factories.in_review(stage, ha, by=chidi)
    requests.note_breaches(at=factories.later(365))
    assert factories.fresh(case).status == "in_review"
    assert not Grant.objects.exists()
    assert not AccessRequest.objects.visible_to(nobody).exists()
    with pytest.raises(Refused):
        decisions.approve(case, by=nobody, words="Welcome.")
