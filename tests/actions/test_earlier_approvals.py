"""Earlier approvals: rehearsed, confirmed, settled line by line; a name waits until its holder is known by their id."""

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
from gatekeeper.actions import _judging, arrivals, earlier_approvals, grants, requests, stages
from gatekeeper.models import (
    ApprovalImport,
    EarlierApproval,
    Event,
    FileContent,
    Grant,
    HubAccess,
    Repository,
    Stage,
    StoredFile,
)
from gatekeeper.models.personal import canonical
from gatekeeper.rules.access import Access
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.expect import events, everything, last_event, refused, wish
from tests.races import race

PDF = b"%PDF-1.7\nminutes of the board\n"


def verdicts(source: ApprovalImport) -> list[tuple[str, str]]:
    """Verdict and reason of each line."""
    return list(EarlierApproval.objects.filter(source=source).order_by("line").values_list("verdict", "reason"))


def line_of(source: ApprovalImport, name: str) -> EarlierApproval:
    """The line of somebody."""
    return EarlierApproval.objects.get(source=source, hub_name=name)


# The dry run


def test_a_dry_run_says_what_would_become_of_each_line(
    stage: Stage, ha: Viewer, ines: Viewer, juma: Viewer, chidi: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """And changes nothing: invariant 11."""
    factories.active_grant(stage, ines, by=chidi)
    factories.in_review(stage, juma, by=chidi)
    factories.denied_finally(stage, factories.account("denied"), by=chidi)
    before = everything()
    source = factories.rehearsed(
        stage, "ha-nguyen", "INES", "juma", "nobody-knows", "denied", "bram", "x y", "ha-nguyen", by=bram
    )
    assert verdicts(source) == [
        ("grant", ""),
        ("has_grant", ""),
        ("joins", ""),
        ("waits", "sign_in"),
        ("refused", "denied_before"),
        ("refused", "own"),
        ("refused", "name_malformed"),
        ("refused", "duplicate"),
    ]
    assert source.counts == {"grant": 1, "has_grant": 1, "joins": 1, "waits": 1, "refused": 4}
    assert (source.lines, source.status) == (8, "rehearsed")
    now = everything()
    now[0][2] -= 1  # the event of the upload
    assert now == before
    assert last_event(source).data["digest"] == source.digest


def test_somebody_whom_the_lists_show_is_known(
    stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer
) -> None:
    """By their Hub id: invariant 10. A name that was only met somewhere is not."""
    assert verdicts(factories.rehearsed(stage, "kiri", by=amara)) == [("waits", "sign_in")]
    factories.hub_says(kiri, aurora, "accepted")
    assert verdicts(factories.rehearsed(stage, "kiri", by=amara)) == [("grant", "")]


def test_a_name_that_changed_hands_is_refused(stage: Stage, aurora: Repository, ha: Viewer, amara: Viewer) -> None:
    """Nobody can say which of them was approved."""
    HubPerson.objects.see(hub_user_id=factories.hub_id("first"), username="kiri")
    factories.hub_says(factories.hub_person("kiri"), aurora, "pending")
    assert verdicts(factories.rehearsed(stage, "kiri", by=amara)) == [("refused", "name_changed_hands")]


def test_who_was_last_seen_before_the_approval_has_to_sign_in(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """The name may have been given up before then."""
    ha.person.names.update(last_seen_at=timezone.now() - timedelta(days=30))  # type: ignore[union-attr]
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    source = factories.rehearsed(stage, f"ha-nguyen,{yesterday},Ana,", by=amara)
    assert verdicts(source) == [("waits", "sign_in")]


def test_a_closed_door_is_said_beforehand(
    aurora: Repository, ha: Viewer, ines: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """Places in the order of the lines; a stage that is not open takes nobody yet."""
    stage = factories.open_stage(aurora, by=amara, cap=1)
    assert verdicts(factories.rehearsed(stage, "ha-nguyen", "ines", by=amara)) == [
        ("grant", ""),
        ("waits", "stage_full"),
    ]
    stages.pause(stage, by=bram)
    assert verdicts(factories.rehearsed(factories.fresh(stage), "ha-nguyen", by=amara)) == [("waits", "stage_not_open")]


def test_a_file_that_cannot_be_read_leaves_nothing(stage: Stage, bram: Viewer) -> None:
    """Neither lines nor bytes."""
    for chunks, code in (([b"who\nme\n"], "columns_missing"), ([b"x" * 2**20] * 6, "file_too_large")):
        with refused(Invalid, code, "file"):
            earlier_approvals.upload(stage, by=bram, file_name="a.csv", chunks=chunks, evidence=("a.pdf", [PDF]))
    for evidence, code in ((b"MZ\x00\x01", "file_kind"), (b"%PDF-" + b"x" * 11 * 2**20, "file_too_large")):
        with refused(Invalid, code, "evidence"):
            factories.rehearsed(stage, "kiri", by=bram, evidence=evidence)
    assert not ApprovalImport.objects.exists()
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("who", ["chidi", "farid", "ines", "clock", "nobody"])
def test_only_stewards_upload(who: str, stage: Stage, request: pytest.FixtureRequest) -> None:
    """The clock brings in nobody by itself."""
    somebody = request.getfixturevalue(who)
    with refused(NotAllowed, "sign_in" if who == "nobody" else "not_allowed"):
        factories.rehearsed(stage, "kiri", by=somebody)


# Confirming


def test_a_confirmed_line_becomes_an_imported_grant(stage: Stage, aurora: Repository, ha: Viewer, bram: Viewer) -> None:
    """Invariant 2: recorded with who approved, when, on which terms, and the evidence; terms unproven."""
    source = factories.confirmed_import(stage, "ha-nguyen,2025-03-01,Ana Lee,Licence v1", by=bram, evidence=PDF)
    grant = Grant.objects.get()
    assert (grant.person, grant.imported_by, grant.status) == (ha.person, bram.user, "pending_activation")
    assert grant.is_imported
    assert grant.terms_unproven
    line = line_of(source, "ha-nguyen")
    assert (line.grant, line.verdict) == (grant, "grant")
    assert last_event(grant).data == {
        "import": source.pk,
        "line": 2,
        "approved_on": "2025-03-01",
        "approver_digest": line.digest_of("Ana Lee"),
        "terms_digest": line.digest_of("Licence v1"),
        "file_sha256": source.file_sha256,
        "evidence_sha256": StoredFile.objects.get().sha256,
    }
    assert wish(ha.person, aurora).access is Access.YES
    assert factories.confirmed(grant).status == "active"
    assert events(source) == ["import.upload", "import.confirm"]


def test_the_record_holds_no_name(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """Invariant 25: ids and digests only, also of those who wait."""
    factories.confirmed_import(stage, "ha-nguyen", "nobody-knows", by=bram, evidence=PDF)
    written = canonical(list(Event.objects.values_list("data", flat=True)))
    for personal in ("Ana Lee", "Licence v1", "ha-nguyen", "nobody-knows", "minutes"):
        assert personal not in written


def test_a_stale_dry_run_is_refused(stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, bram: Viewer) -> None:
    """Whether a line would come out otherwise, or the terms are others: 409, and nothing has changed."""
    source = factories.rehearsed(stage, "ha-nguyen", "ines", by=bram)
    with refused(WrongState, "stale"):
        earlier_approvals.confirm(source, by=bram, seen="0" * 64)
    factories.in_review(stage, ines, by=chidi)
    with refused(WrongState, "stale"):
        earlier_approvals.confirm(source, by=bram, seen=source.digest)
    again = earlier_approvals.rehearse(source, by=bram)
    assert again.counts == {"grant": 1, "joins": 1}
    earlier_approvals.confirm(again, by=bram, seen=again.digest)
    assert Grant.objects.count() == 1


def test_it_is_confirmed_once(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """A second press finds it done."""
    source = factories.confirmed_import(stage, "ha-nguyen", by=bram)
    with refused(WrongState, "wrong_state"):
        earlier_approvals.confirm(source, by=bram, seen=source.digest)
    with refused(WrongState, "wrong_state"):
        earlier_approvals.discard(source, by=bram)


def test_a_file_without_a_line_that_can_be_taken_is_not_confirmed(stage: Stage, bram: Viewer) -> None:
    """There is nothing to bring in."""
    source = factories.rehearsed(stage, "a b", by=bram)
    with refused(Unmet, "nothing_to_bring_in"):
        earlier_approvals.confirm(source, by=bram, seen=source.digest)


@pytest.mark.parametrize("days", [0, 366])
def test_the_time_that_names_wait_has_bounds(stage: Stage, bram: Viewer, days: int) -> None:
    """Refused at the field."""
    source = factories.rehearsed(stage, "kiri", by=bram)
    with refused(Invalid, "days_malformed", "days"):
        earlier_approvals.confirm(source, by=bram, seen=source.digest, days=days)


def test_whoever_confirms_does_not_approve_themselves(stage: Stage, amara: Viewer, bram: Viewer) -> None:
    """Invariant 14, also where another uploaded the file."""
    source = factories.rehearsed(stage, "bram", "amara", by=amara)
    assert verdicts(source) == [("grant", ""), ("refused", "own")]
    earlier_approvals.confirm(source, by=bram, seen=source.digest)
    assert verdicts(source) == [("refused", "own"), ("refused", "own")]
    assert not Grant.objects.exists()


def test_it_joins_the_open_case_of_its_person(stage: Stage, ha: Viewer, chidi: Viewer, bram: Viewer) -> None:
    """The reviewers see it and decide; nothing is decided past them."""
    case = factories.in_review(stage, ha, by=chidi)
    source = factories.confirmed_import(stage, "ha-nguyen", by=bram)
    assert line_of(source, "ha-nguyen").request == case
    assert last_event(case).action == "request.earlier_approval"
    assert not Grant.objects.exists()


def test_of_a_holder_it_keeps_the_proof(stage: Stage, ha: Viewer, amara: Viewer, bram: Viewer) -> None:
    """Somebody whom the Hub had accepted: now it is known who approved them."""
    grant = factories.imported(stage, ha.person, by=amara)
    source = factories.confirmed_import(stage, "ha-nguyen", by=bram)
    assert line_of(source, "ha-nguyen").grant == grant
    assert events(grant)[-1] == "grant.earlier_approval"


def test_it_undoes_no_revocation(stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, bram: Viewer) -> None:
    """A spreadsheet is older than what people decided since."""
    grants.revoke(factories.active_grant(stage, ha, by=chidi), by=amara, codes=["PRIOR_BREACH"], words="No.")
    assert verdicts(factories.rehearsed(stage, "ha-nguyen", by=bram)) == [("refused", "revoked_before")]


# Waiting for the holder of a name


def test_a_name_becomes_a_grant_when_its_holder_signs_in(stage: Stage, aurora: Repository, bram: Viewer) -> None:
    """Until then the Hub hears nothing, and nobody has a row there: invariant 10."""
    source = factories.confirmed_import(stage, "Late-Comer", by=bram)
    assert not HubAccess.objects.exists()
    assert not Grant.objects.exists()
    latecomer = factories.account("late-comer")
    arrivals.meet([latecomer.person] if latecomer.person else [])
    grant = Grant.objects.get()
    assert (grant.person, grant.imported_by) == (latecomer.person, bram.user)
    assert line_of(source, "Late-Comer").grant == grant
    assert last_event(grant).actor.username == "clock"
    assert wish(latecomer.person, aurora).access is Access.YES


def test_or_when_the_hubs_lists_show_them(stage: Stage, aurora: Repository, kiri: HubPerson, bram: Viewer) -> None:
    """The clock finds whatever was missed."""
    factories.confirmed_import(stage, "kiri", by=bram)
    clock.tick()
    assert not Grant.objects.exists()
    factories.hub_says(kiri, aurora, "pending")
    clock.tick()
    assert Grant.objects.get().person == kiri


def test_another_name_finds_nothing(stage: Stage, bram: Viewer, ines: Viewer, django_assert_num_queries: Any) -> None:
    """Two cheap statements where nobody waits, and one more where somebody does."""
    person = ines.person
    assert person is not None
    with django_assert_num_queries(2):
        arrivals.meet([person])
    factories.confirmed_import(stage, "kiri", by=bram)
    with django_assert_num_queries(3):
        arrivals.meet([person])
    assert not Grant.objects.exists()


def test_it_waits_no_longer_than_was_said(stage: Stage, bram: Viewer) -> None:
    """A name may have another holder by then; its words go a month later."""
    source = factories.confirmed_import(stage, "late-comer", by=bram)
    person = factories.account("late-comer").person
    assert person is not None
    arrivals.meet([person], at=source.waits_until + timedelta(seconds=1))
    assert not Grant.objects.exists()
    clock.delete_overdue_texts(at=source.waits_until + timedelta(days=31))
    assert not EarlierApproval.objects.exists()


def test_it_waits_for_the_stage_to_open(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """Invariant 6: a paused stage makes no grant, by no import either."""
    stages.pause(stage, by=bram)
    source = factories.confirmed_import(factories.fresh(stage), "ha-nguyen", by=bram)
    clock.tick()
    assert (verdicts(source), Grant.objects.count()) == ([("waits", "stage_not_open")], 0)
    stages.confirm_open(stages.open_stage(stage, by=bram))
    clock.tick()
    assert (verdicts(source), Grant.objects.count()) == ([("grant", "")], 1)


def test_it_waits_for_a_place(aurora: Repository, ha: Viewer, ines: Viewer, amara: Viewer) -> None:
    """Invariant 7; who gives one back makes room."""
    stage = factories.open_stage(aurora, by=amara, cap=1)
    source = factories.confirmed_import(stage, "ha-nguyen", "ines", by=amara)
    assert verdicts(source) == [("grant", ""), ("waits", "stage_full")]
    clock.tick()
    assert Grant.objects.live().count() == 1
    grants.relinquish(Grant.objects.get(), by=ha)
    clock.tick()
    assert [grant.person for grant in Grant.objects.live()] == [ines.person]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_cap_holds_when_lists_are_confirmed_together(aurora: Repository, amara: Viewer) -> None:
    """Invariant 7: two lists of four, at the same moment, on five places; nobody gets two grants."""
    stage = factories.open_stage(aurora, by=amara, cap=5)
    for number in range(8):
        factories.account(f"person-{number}")
    lists = [
        factories.rehearsed(stage, *(f"person-{number}" for number in range(first, 8, 2)), by=amara)
        for first in range(2)
    ]
    again = factories.rehearsed(stage, *(f"person-{number}" for number in range(4)), by=amara)
    race(lambda i: earlier_approvals.confirm([*lists, again][i], by=amara, seen=[*lists, again][i].digest), times=3)
    assert Grant.objects.live().count() == 5
    assert Grant.objects.values("person").distinct().count() == 5
    waiting = EarlierApproval.objects.filter(reason="stage_full", source__status="confirmed")
    assert all(line.grant is None for line in waiting)


def test_a_closed_stage_takes_nobody(stage: Stage, bram: Viewer) -> None:
    """Neither by a new file nor by one that waits."""
    factories.confirmed_import(stage, "late-comer", by=bram)
    unconfirmed = factories.rehearsed(stage, "other", by=bram)
    stages.close(stage, by=bram)
    with refused(Unmet, "stage_closed"):
        earlier_approvals.confirm(unconfirmed, by=bram, seen=unconfirmed.digest)
    person = factories.account("late-comer").person
    arrivals.meet([person] if person else [])
    assert not Grant.objects.exists()


def test_what_was_broken_off_goes_on(stage: Stage, ha: Viewer, bram: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies after confirming leaves lines that the clock settles."""
    monkeypatch.setattr(earlier_approvals, "settle_lines", lambda *_lines, **_how: 0)
    source = factories.confirmed_import(stage, "ha-nguyen", by=bram)
    assert not Grant.objects.exists()
    clock.tick()
    assert Grant.objects.get().imported_by == bram.user
    assert line_of(source, "ha-nguyen").settled_at is not None


def test_nobody_is_kept_waiting_for_a_long_list(
    stage: Stage, ha: Viewer, ines: Viewer, bram: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the clock does the rest."""
    monkeypatch.setattr(earlier_approvals, "PATIENCE", 0.0)
    monkeypatch.setattr(_judging, "AT_ONCE", 1)
    factories.confirmed_import(stage, "ha-nguyen", "ines", by=bram)
    assert Grant.objects.count() == 1
    clock.tick()
    assert Grant.objects.count() == 2


def test_whoever_is_brought_in_has_the_terms_of_the_stage(
    aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """The end that it gives, and nobody is asked twice: a request is for who has none."""
    stage = factories.open_stage(aurora, by=amara, duration_days=10)
    factories.confirmed_import(stage, "ha-nguyen", by=amara)
    grant = Grant.objects.get()
    assert grant.ends_at == grant.created_at + timedelta(days=10)
    with refused(Unmet, "grant_exists"):
        requests.start(stage, by=ha)


# Files


def test_evidence_is_told_by_its_bytes(stage: Stage, bram: Viewer) -> None:
    """Not by its name; and whoever asks about an import does not carry them along."""
    source = factories.rehearsed(stage, "kiri", by=bram, evidence=PDF)
    stored = source.evidence
    assert stored is not None
    assert (stored.name, stored.kind, stored.size) == ("minutes.pdf", "application/pdf", len(PDF))
    assert stored.read() == PDF
    assert "content" not in {field.name for field in StoredFile._meta.get_fields()}


@pytest.mark.parametrize("end", ["discarded", "expired"])
def test_a_file_that_is_not_confirmed_is_forgotten(end: str, stage: Stage, bram: Viewer) -> None:
    """Its names, its words and its evidence; what was done stays recorded."""
    source = factories.rehearsed(stage, "kiri", by=bram, evidence=PDF)
    if end == "discarded":
        earlier_approvals.discard(source, by=bram)
    else:
        clock.tick(at=factories.later(6.9))
        assert factories.fresh(source).status == "rehearsed"
        clock.tick(at=factories.later(7.1))
    assert factories.fresh(source).status == "discarded"
    for kept in (EarlierApproval, StoredFile, FileContent):
        assert not kept.objects.exists()
    assert last_event(source).data["evidence_sha256"]


def test_a_file_that_came_without_evidence_is_forgotten_too(stage: Stage, bram: Viewer) -> None:
    """Its lines go, and the record names no evidence."""
    source = factories.rehearsed(stage, "kiri", by=bram)
    earlier_approvals.discard(source, by=bram)
    assert not EarlierApproval.objects.exists()
    assert "evidence_sha256" not in last_event(source).data


def test_what_a_list_said_goes_with_its_time_and_the_record_stays(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """First the names that never came, then the rest with its evidence; the grant and its digests stay."""
    source = factories.confirmed_import(stage, "ha-nguyen", "late-comer", by=bram, evidence=PDF)
    clock.tick(at=factories.later(125))
    assert list(EarlierApproval.objects.values_list("hub_name", flat=True)) == ["ha-nguyen"]
    assert StoredFile.objects.exists()
    assert earlier_approvals.forget_overdue(at=factories.later(6 * 365 + 1)) == 1
    assert not StoredFile.objects.exists()
    assert factories.fresh(source).status == "confirmed"
    assert last_event(Grant.objects.get()).data["evidence_sha256"]


# Size


def test_thousands_of_lines_take_few_statements(stage: Stage, aurora: Repository, bram: Viewer) -> None:
    """A constant number for each thousand lines."""
    HubPerson.objects.see_many(
        [{"hub_user_id": factories.hub_id(f"person-{n}"), "username": f"person-{n}"} for n in range(0, 2_000, 2)]
    )
    now = timezone.now()
    HubAccess.objects.bulk_create(
        HubAccess(repository=aurora, person=person, seen="pending", seen_at=now, seen_requested_at=now)
        for person in HubPerson.objects.filter(username__startswith="person-")
    )
    with CaptureQueriesContext(connection) as counted:
        source = factories.rehearsed(stage, *(f"person-{n}" for n in range(2_000)), by=bram)
        earlier_approvals.confirm(source, by=bram, seen=source.digest)
    assert source.counts == {"grant": 1_000, "waits": 1_000}
    assert Grant.objects.count() == 1_000
    assert len(counted) < 2 * 40
