"""Erasing: what somebody asks to be gone goes at once, what rests on it ends, a legal hold holds it; proofs stand."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import ApiToken, HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import erasure, evidence, invitations, reviews
from gatekeeper.models import (
    AccessRequest,
    EarlierApproval,
    ErasureRequest,
    Event,
    Grant,
    HubAccess,
    Invited,
    LegalHold,
    Notice,
    PersonalText,
    Repository,
    Stage,
)
from gatekeeper.models.own_data import consequences, own_data
from gatekeeper.proof import keys, receipts, sealing, verify_receipt
from gatekeeper.rules.erasure import Fate
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories


def person_of(viewer: Viewer) -> HubPerson:
    """The Hub person behind somebody, as it stands now."""
    assert viewer.person is not None
    return HubPerson.objects.get(pk=viewer.person.pk)


def foreseen(person: HubPerson) -> dict[str, int]:
    """What erasing would mean: kinds and counts."""
    return {one.code: one.count for one in consequences(person)}


def test_access_ends_and_what_was_written_goes(grant: Grant, ha: Viewer, chidi: Viewer) -> None:
    """As the preview said; the Hub is to be told, once, by a reset."""
    person = person_of(ha)
    _row, _secret = ApiToken.objects.issue(user=ha.user, name="mine", scopes=["read"])
    before = foreseen(person)
    assert before["grants"] == 1
    asked = erasure.ask(person, by=ha)
    assert asked.counts["grants"] == before["grants"]
    assert asked.counts["texts"] == before["texts"] > 2
    assert factories.fresh(grant).status == "relinquished"
    assert not PersonalText.objects.filter(person=person).exists()
    row = HubAccess.objects.get(person=person)
    assert (row.access, row.closing, row.cause) == ("no", "reset", "erased")
    gone = person_of(ha)
    assert (gone.fullname, gone.username, gone.orgs_seen) == ("", "ha-nguyen", [])
    assert gone.user is not None
    assert (gone.user.email, gone.user.first_name) == ("", "")
    assert not Notice.objects.filter(recipient=gone.user).exists()
    assert not ApiToken.objects.filter(user=gone.user, revoked_at=None).exists()
    assert set(foreseen(gone)) == {"contact", "acceptances", "decisions", "hub_access", "account"}


def test_an_open_request_is_withdrawn(stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """One that began here tells the Hub nothing; one that waits on the Hub is reset there."""
    case = factories.in_review(stage, ha, by=chidi)
    reviews.note(case, by=chidi, words="Looks fine.")
    erasure.ask(person_of(ha), by=ha)
    case = factories.fresh(case)
    assert (case.status, case.waits_until, case.assignee) == ("withdrawn", None, None)
    assert case.submission is not None
    assert case.submission.answers is None
    assert [message.words for message in case.messages.all()] == [None]
    assert not HubAccess.objects.filter(person=case.person).exists()


def test_what_waits_on_the_hub_is_reset(aurora: Repository, stage: Stage, kiri: HubPerson, goran: Viewer) -> None:
    """An operator asks for somebody who never signed in here."""
    factories.hub_says(kiri, aurora, "pending")
    case = factories.brought_in(aurora, kiri)
    HubAccess.objects.filter(person=kiri).update(adopted_of=factories.later(0))
    erasure.ask(kiri, by=goran)
    assert factories.fresh(case).status == "withdrawn"
    row = HubAccess.objects.get(person=kiri)
    assert (row.closing, row.cause) == ("reset", "erased")


def test_lines_and_names_that_wait_go_too(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """A list of earlier approvals and an invitation name somebody before anybody knows who that is."""
    factories.confirmed_import(stage, "ha-nguyen", "somebody-else", by=bram)
    invitations.invite_names(stage, by=bram, label="Partners", days=30, names="ha-nguyen, somebody-else")
    person = person_of(ha)
    before = foreseen(person)
    erasure.ask(person, by=ha)
    assert before["earlier_approvals"] == 1
    assert list(EarlierApproval.objects.values_list("hub_name", flat=True)) == ["somebody-else"]
    assert not Invited.objects.filter(hub_name="ha-nguyen").exists()
    assert Invited.objects.filter(hub_name="somebody-else").exists()


def test_somebody_who_was_met_is_uninvited(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """The row stays without a name, so that the link does not bring them back."""
    link, _token = invitations.invite_by_link(stage, by=bram, label="Partners", days=14, uses=1)
    invited = invitations.accept_invitation(link.digest or "", by=ha)
    erasure.ask(person_of(ha), by=ha)
    invited = factories.fresh(invited)
    assert (invited.hub_name, invited.name_key) == ("", "")
    assert invited.withdrawn_at is not None


def test_whoever_works_here_keeps_the_account(stage: Stage, chidi: Viewer) -> None:
    """Their address is needed for the work; the preview says so."""
    assert chidi.user is not None
    chidi.user.email = "chidi@example.org"
    chidi.user.save(update_fields=["email"])
    person = person_of(chidi)
    assert "roles" in foreseen(person)
    erasure.ask(person, by=chidi)
    assert person_of(chidi).user.email == "chidi@example.org"  # type: ignore[union-attr]  # they have an account


def test_every_proof_still_verifies(grant: Grant, ha: Viewer, amara: Viewer, tmp_path: Any) -> None:
    """Receipt, evidence pack and record: they hold digests of what is gone (invariant 25)."""
    sealing.seal()
    pack = evidence.export(grant, by=amara)
    erasure.ask(person_of(ha), by=ha)
    sealing.seal()
    (tmp_path / "before.zip").write_bytes(pack)
    (tmp_path / "after.zip").write_bytes(evidence.export(factories.fresh(grant), by=amara))
    published = {"keys": keys.published()}
    for name in ("before.zip", "after.zip"):
        assert verify_receipt.check_pack(tmp_path / name, published)[0]
    assert grant.acceptance is not None
    signed = receipts.document(grant.acceptance.receipt)
    assert receipts.check(receipts.canonical(signed)).code == "genuine"
    assert sealing.verify().sound
    assert Event.objects.filter(action="erasure.carry_out").get().data["grants"] == 1


def test_a_hold_refuses_with_its_reason(grant: Grant, ha: Viewer, ewa: Viewer, aurora_lab: Publisher) -> None:
    """Nothing goes, not even by its time, until it is lifted; then the clock erases what was asked for."""
    person = person_of(ha)
    held = erasure.hold(aurora_lab, by=ewa, person=person, reason="A lawsuit about this access.")
    asked = erasure.ask(person, by=ha)
    assert asked.carried_out_at is None
    assert "A lawsuit about this access." in str(LegalHold.objects.select_related("publisher").get(pk=held.pk).refusal)
    with pytest.raises(WrongState, match="asked for already"):
        erasure.ask(person, by=ha)
    clock.tick(at=factories.later(4_000))
    assert PersonalText.objects.filter(person=person).exists()
    assert Event.objects.get(action="legal_hold.set").data.keys() == {"salt", "reason_digest"}
    erasure.lift(held, by=ewa)
    assert erasure.lift(held, by=ewa).lifted_at is not None
    clock.tick()
    assert factories.fresh(asked).carried_out_at is not None
    assert not PersonalText.objects.filter(person=person).exists()


def test_it_is_not_carried_out_while_it_is_held_again(grant: Grant, ha: Viewer, ewa: Viewer, amara: Viewer) -> None:
    """Between the clock's look and the deed."""
    person = person_of(ha)
    held = erasure.hold(grant.stage.release.publisher, by=ewa, person=person, reason="A lawsuit.")
    asked = erasure.ask(person, by=ha)
    assert erasure.carry_out_all([asked]) == []
    with pytest.raises(WrongState, match="hold this person"):
        erasure.hold(grant.stage.release.publisher, by=amara, person=person, reason="Another.")
    assert LegalHold.objects.standing().get() == held


def test_who_may(grant: Grant, ha: Viewer, chidi: Viewer, juma: Viewer, aurora_lab: Publisher, ewa: Viewer) -> None:
    """A person for themselves, operators for others; stewards, owners and counsel hold. Reviewers do neither."""
    person = person_of(ha)
    for who in (chidi, juma, ewa):
        with pytest.raises(NotAllowed):
            erasure.ask(person, by=who)
    with pytest.raises(NotAllowed):
        erasure.hold(aurora_lab, by=chidi, person=person, reason="So.")
    held = erasure.hold(aurora_lab, by=ewa, person=person, reason="So.")
    with pytest.raises(NotAllowed):
        erasure.lift(held, by=chidi)
    with pytest.raises(Unmet):
        erasure.hold(aurora_lab, by=ewa, person=person_of(juma), reason="So.")
    with pytest.raises(Invalid):
        erasure.hold(aurora_lab, by=ewa, person=person, reason="x" * 501)
    with pytest.raises(Invalid):
        erasure.hold(aurora_lab, by=ewa, person=person, reason=" ")


def test_who_sees(
    grant: Grant, ha: Viewer, chidi: Viewer, juma: Viewer, ewa: Viewer, goran: Viewer, aurora_lab: Publisher
) -> None:
    """Their own; those who answer for it; operators. No reviewer, nobody else."""
    erasure.hold(aurora_lab, by=ewa, person=person_of(ha), reason="So.")
    erasure.ask(person_of(ha), by=ha)
    for who, sees in ((ha, True), (ewa, True), (goran, True), (chidi, False), (juma, False)):
        assert ErasureRequest.objects.visible_to(who).exists() is sees
    for who, sees in ((ha, False), (ewa, True), (goran, True), (chidi, False), (juma, False)):
        assert LegalHold.objects.visible_to(who).exists() is sees


def test_one_reads_all_of_ones_own(
    grant: Grant, ha: Viewer, chidi: Viewer, stage: Stage, django_assert_num_queries: Any
) -> None:
    """Answers, decisions, receipt and access; no note of a reviewer, and no name of one (invariant 19)."""
    case = grant.request
    assert case is not None
    person = HubPerson.objects.select_related("user").get(pk=person_of(ha).pk)
    with django_assert_num_queries(15):
        mine = own_data(person)
    [request] = mine["requests"]
    assert request["submissions"][0]["answers"] == factories.ANSWERS
    assert request["decisions"][0]["words"]
    assert mine["acceptances"][0]["receipt"]["signature"]
    assert mine["grants"][0]["status"] == "active"
    assert mine["hub"][0]["said"] == "accepted"
    assert mine["account"]["username"] == "ha-nguyen"
    assert "chidi" not in str(mine)


def test_notes_about_somebody_are_not_theirs(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """They go with the rest, and are never handed out."""
    case = factories.in_review(stage, ha, by=chidi)
    reviews.note(case, by=chidi, words="Seems hasty.")
    assert "hasty" not in str(own_data(person_of(ha)))
    assert own_data(factories.hub_person("never-here"))["account"] is None


def test_a_file_that_names_others_stays_until_its_last_line_goes(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """With the day."""
    factories.confirmed_import(stage, "ha-nguyen", by=bram, evidence=b"%PDF-1.4 minutes")
    [file] = [one for one in consequences(person_of(ha)) if one.code == "files"]
    assert file.until is not None
    assert file.fate is Fate.STAYS
    assert file.label
    assert file.why
    assert AccessRequest.objects.count() == 0
