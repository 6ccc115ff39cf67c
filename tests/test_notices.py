"""The outbox, read: who is told what, in which language, how often, and what no mail ever holds."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.urls import resolve
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper import notices
from gatekeeper.actions import (
    decisions,
    grants,
    hub_hooks,
    hub_tokens,
    intake,
    invitations,
    procedures,
    requests,
    reviews,
    terms,
)
from gatekeeper.catalogues.notices import NOTICE_KINDS
from gatekeeper.models import Grant, HookState, Notice, Repository, Stage
from tests import factories

VERBS = Path(notices.__file__).parent / "actions"
SECRETS = {
    "affiliation": "Secret Affiliation 4711",
    "use": "Secret use 4711 that nobody but the reviewers may read, told at length.",
    "terms": True,
}
WORDS = "Secret words 4711 about the case."


@pytest.fixture
def told(
    stage: Stage,
    aurora: Repository,
    ha: Viewer,
    ines: Viewer,
    amara: Viewer,
    chidi: Viewer,
    bram: Viewer,
    kiri: HubPerson,
    settings: Any,
) -> Callable[[str], Notice]:
    """Perform the steps that lead to a notice of a kind, with secrets in every text, and return the notice."""

    def in_review() -> Any:
        case = requests.start(stage, by=ha)
        requests.answer(case, by=ha, answers=SECRETS)
        requests.accept(case, by=ha, text_sha256=factories.current_licence(stage).text_sha256)
        return reviews.take(requests.submit(case, by=ha), by=chidi)

    def asked() -> Any:
        return reviews.ask_back(in_review(), by=chidi, words=WORDS)

    def approved() -> Any:
        case = in_review()
        reviews.recommend(case, by=chidi, note=WORDS)
        return decisions.approve(case, by=chidi, words=WORDS, conditions=[WORDS])

    def active() -> Any:
        return factories.confirmed(approved().grants.get())

    def ended() -> Any:
        return grants.revoke(active(), by=bram, codes=["PRIOR_BREACH"], words=WORDS)

    def denied(verb: Any, code: str) -> Any:
        return verb(in_review(), by=chidi, codes=[code], words=WORDS)

    def imported() -> Any:
        factories.confirmed_import(stage, f"ha-nguyen,2025-03-01,{WORDS},{WORDS}", by=bram)
        return factories.confirmed(Grant.objects.get())

    def asked_for_terms() -> Any:
        return terms.ask_for_terms(imported().stage, by=bram, days=30)

    def stopped() -> Any:
        return procedures.start(procedures.prepare_stop(stage, by=amara, words=WORDS), by=amara)

    def suspended() -> Any:
        settings.HUB_ENDPOINT = "http://127.0.0.1:9"  # a Hub on this machine can call an address on it
        Repository.objects.update(hub_id=factories.hub_id("aurora-xl"))
        return hub_hooks.note_state(hub_hooks.switch_on(aurora.publisher, by=bram), state=HookState.SUSPENDED)

    leading: dict[str, Callable[[], Any]] = {
        "request_received": in_review,
        "question_asked": asked,
        "question_answered": lambda: requests.answer_back(asked(), by=ha, words=WORDS),
        "finish_here": lambda: factories.brought_in(aurora, _person(ines), answers={"Affiliation": WORDS}),
        "finish_soon": lambda: (
            factories.brought_in(aurora, _person(ines), answers={"Affiliation": WORDS})
            and intake.remind_unfinished(at=factories.later(4))
        ),
        "decided_approved": approved,
        "decided_denied_correctable": lambda: denied(decisions.deny_correctably, "USE_THIN"),
        "decided_denied_final": lambda: denied(decisions.deny_finally, "USE_RESTRICTED"),
        "request_expired": lambda: requests.expire_all([asked()], at=factories.later(400)),
        "drift_found": lambda: factories.drift(stage.repositories.get(), person=_person(ines)),
        "access_confirmed": active,
        "access_suspended": lambda: grants.suspend(active(), by=bram, words=WORDS),
        "access_revoked": ended,
        "access_expired": lambda: _expire(active()),
        "terms_asked": asked_for_terms,
        "terms_reminder": lambda: asked_for_terms() and terms.remind_of_terms(at=factories.later(16)),
        "licence_renewed": lambda: factories.running_campaign(active().stage, by=amara),
        "licence_changed": lambda: factories.running_campaign(
            active().stage, by=amara, text=factories.LICENCE_TEXT + b"\nThank you for reading.\n"
        ),
        "access_lapsed": lambda: factories.lapsed(imported(), by=bram),
        "access_not_carried_over": lambda: terms.reset(imported(), by=bram),
        "invited": lambda: invitations.invite_names(stage, by=bram, label=WORDS, days=9, names="ha-nguyen"),
        "stop_started": stopped,
        "stop_unratified": lambda: procedures.note_breaches([stopped()], at=factories.later(2)),
        "stop_to_lift": lambda: procedures.ask_to_lift(stopped(), by=amara),
        "regate_waits": lambda: factories.regate_waits(aurora, by=bram),
        "webhook_silent": suspended,
        **{
            kind: partial(hub_tokens.note_health, aurora.token, health=health)
            for health, kind in hub_tokens.ALARMS.items()
        },
    }

    def lead_to(kind: str) -> Notice:
        leading[kind]()
        return Notice.objects.filter(kind=kind).earliest("pk")

    return lead_to


def _person(viewer: Viewer) -> HubPerson:
    assert viewer.person is not None
    return viewer.person


def _expire(grant: Any) -> Any:
    type(grant).objects.filter(pk=grant.pk).update(ends_at=timezone.now())
    return grants.expire_all([grant], at=factories.later(1))


def everything(message: Any) -> str:
    """Every text of a mail: its headers, subject, and both bodies."""
    whole = re.sub(r"=+\d+==", "", message.message().as_string())  # what divides its parts is drawn by lot
    return str(whole + message.subject + message.body + message.alternatives[0].content)


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_it_tells_each_kind_without_what_was_written(told: Callable[[str], Notice], kind: str) -> None:
    """Answers, questions, words of decisions, notes, conditions and reviewers' names stay here: invariant 19."""
    notice = told(kind)
    Notice.objects.exclude(pk=notice.pk).update(sent_at=timezone.now())
    assert notices.send_due(at=notice.due_at) == 1
    [message] = mail.outbox
    text = everything(message)
    assert "4711" not in text
    others = {"question_answered": "chidi", "finish_here": "ines", "finish_soon": "ines", "drift_found": "amara"}
    others |= {"stop_started": "bram", "stop_unratified": "amara", "stop_to_lift": "bram", "regate_waits": "amara"}
    others |= dict.fromkeys([*hub_tokens.ALARMS.values(), "webhook_silent"], "amara")
    reader = others.get(kind, "ha-nguyen")
    assert message.to == [f"{reader}@example.org"]
    assert ("chidi" in text) is (reader == "chidi")
    assert "aurora" in message.subject.lower()
    link = re.search(r"^http://127\.0\.0\.1:8000/\S+$", message.body, re.MULTILINE)
    assert link is not None
    assert f'href="{link.group()}"' in message.alternatives[0].content
    assert "%(" not in text
    notice.refresh_from_db()
    assert notice.sent_at is not None


def test_every_kind_that_is_told_can_be_rendered() -> None:
    """A kind that a verb writes and the catalogue lacks would be parked for ever."""
    source = "".join(file.read_text() for file in sorted(VERBS.glob("*.py")))
    written = set(re.findall(r'\(\S+, "([a-z_]+)", (?:case|grant|row|repository|hook|row\.stage)\)', source)) | {
        f"decided_{outcome}" for outcome in ("approved", "denied_correctable", "denied_final")
    }
    written |= set(hub_tokens.ALARMS.values())
    assert written <= set(NOTICE_KINDS)
    assert len(written) == len(NOTICE_KINDS)


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_each_leads_to_a_page(kind: str) -> None:
    """The address in the mail is one of the pages."""
    page = NOTICE_KINDS[kind].page.partition("?")[0] % {"id": 7, "publisher": "aurora-lab"}
    assert resolve(page, urlconf="gatekeeper.web.urls").url_name in (
        "request",
        "case",
        "my_access",
        "drifts",
        "procedure",
        "start",
        "webhook",
        "tokens",
    )


def test_approval_does_not_promise_access(told: Callable[[str], Notice]) -> None:
    """Only what the Hub has confirmed is told as access: invariant 4."""
    told("decided_approved")
    notices.send_due()
    [message] = [message for message in mail.outbox if "approved" in message.subject]
    assert "You have access" not in message.body
    assert "being told now" in message.body


def test_suspension_explains_what_the_hub_says(told: Callable[[str], Notice]) -> None:
    """The Hub shows a suspended person as one who waits; the mail says so before they wonder."""
    told("access_suspended")
    notices.send_due()
    [message] = [message for message in mail.outbox if "suspended" in message.subject]
    assert "awaiting review" in " ".join(message.body.split())


def test_it_says_until_when(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A grant with an end is confirmed with its end."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    type(grant).objects.filter(pk=grant.pk).update(ends_at="2031-03-01T12:00Z")
    factories.confirmed(grant)
    notices.send_due()
    assert "March 1, 2031" in mail.outbox[-1].body


def test_it_writes_in_the_language_of_its_reader(told: Callable[[str], Notice], ha: Viewer) -> None:
    """The language is the recipient's, not that of whoever caused the mail."""
    assert ha.user is not None
    ha.user.language = "fr"
    ha.user.save(update_fields=["language"])
    told("request_received")
    notices.send_due()
    assert 'lang="fr"' in mail.outbox[0].alternatives[0].content


def test_it_sends_once(told: Callable[[str], Notice]) -> None:
    """What was sent is not due again."""
    told("request_received")
    assert notices.send_due() == 1
    assert notices.send_due() == 0
    assert len(mail.outbox) == 1


def test_it_sends_no_more_than_its_limit(told: Callable[[str], Notice]) -> None:
    """The rest stays due."""
    told("decided_approved")
    assert notices.send_due(limit=1) == 1
    assert notices.send_due(limit=1) == 1
    assert notices.send_due(limit=1) == 0


def test_a_claim_is_a_lease(told: Callable[[str], Notice], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies with a claimed row leaves it to others, later: nobody else takes it meanwhile."""
    told("request_received")
    now = timezone.now()

    class KilledError(BaseException):
        pass

    def killed(*args: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(locmem.EmailBackend, "send_messages", killed)
        with pytest.raises(KilledError):
            notices.send_due(at=now)
    assert notices.send_due(at=now + timedelta(minutes=9)) == 0
    assert notices.send_due(at=now + timedelta(minutes=11)) == 1


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (smtplib.SMTPServerDisconnected("gone"), "SMTPServerDisconnected"),
        (ConnectionRefusedError(111, "refused"), "ConnectionRefusedError"),
        (smtplib.SMTPRecipientsRefused({"ha-nguyen@example.org": (450, b"later")}), "SMTPRecipientsRefused"),
    ],
)
def test_it_tries_again_later_and_later(
    told: Callable[[str], Notice], monkeypatch: pytest.MonkeyPatch, error: Exception, failure: str
) -> None:
    """Each failure waits longer than the one before; after twelve the row waits for a person."""
    notice = told("request_received")

    def fails(*args: Any) -> None:
        raise error

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", fails)
    at = timezone.now()
    waits = []
    for _attempt in range(notices.ATTEMPTS):
        assert notices.send_due(at=at) == 0
        notice.refresh_from_db()
        waits.append(notice.due_at - at)
        at = notice.due_at
    assert notice.failure == failure
    assert notice.parked_at is not None
    assert notice.attempts == notices.ATTEMPTS
    assert waits[0] < timedelta(minutes=1)
    assert waits[0] < waits[3] < waits[6]
    assert waits[-1] > timedelta(hours=4)
    assert notices.send_due(at=at + timedelta(days=9)) == 0


def test_a_mail_server_that_is_away_costs_each_mail_one_try(
    told: Callable[[str], Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the time-out of each mail."""
    told("decided_approved")

    def away(*args: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(locmem.EmailBackend, "open", away)
    assert notices.send_due() == 0
    assert set(Notice.objects.values_list("attempts", "failure")) == {(1, "TimeoutError")}


def test_an_address_that_does_not_exist_is_parked(
    told: Callable[[str], Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A final refusal is not tried again."""
    notice = told("request_received")

    def refused(*args: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({"ha-nguyen@example.org": (550, b"no such person")})

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", refused)
    assert notices.send_due() == 0
    notice.refresh_from_db()
    assert (notice.failure, notice.parked_at is not None) == ("address_refused", True)


def test_somebody_without_an_address_is_told_nothing(told: Callable[[str], Notice], ha: Viewer) -> None:
    """The row says why, by name."""
    notice = told("request_received")
    assert ha.user is not None
    ha.user.email = ""
    ha.user.save(update_fields=["email"])
    assert notices.send_due() == 0
    notice.refresh_from_db()
    assert (notice.failure, notice.parked_at is not None) == ("no_address", True)
    assert mail.outbox == []


def test_a_closed_account_is_told_nothing(told: Callable[[str], Notice], ha: Viewer) -> None:
    """Somebody whose account was closed gets no more mail about it."""
    notice = told("request_received")
    assert ha.user is not None
    ha.user.is_active = False
    ha.user.save(update_fields=["is_active"])
    assert notices.send_due() == 0
    notice.refresh_from_db()
    assert notice.failure == "account_closed"


@pytest.mark.parametrize(
    ("change", "failure"),
    [({"kind": "of_another_version"}, "unknown_kind"), ({"object_id": 0}, "nothing_to_tell_about")],
)
def test_a_row_that_cannot_be_told_is_parked(
    told: Callable[[str], Notice], change: dict[str, Any], failure: str
) -> None:
    """It holds up nobody else."""
    notice = told("request_received")
    Notice.objects.filter(pk=notice.pk).update(**change)
    assert notices.send_due() == 0
    notice.refresh_from_db()
    assert notice.failure == failure


def test_a_title_cannot_write_a_header(told: Callable[[str], Notice], stage: Stage) -> None:
    """A line break in a title is a space in a subject."""
    told("request_received")
    type(stage.release).objects.filter(pk=stage.release_id).update(title="Aurora\r\nBcc: all@example.org")
    assert notices.send_due() == 1
    assert mail.outbox[0].subject == "Your request for Aurora Bcc: all@example.org was received"
    assert mail.outbox[0].recipients() == ["ha-nguyen@example.org"]
