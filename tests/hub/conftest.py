"""A town on the sandbox Hub, linked here for real: the owner's token, a gated model with its card, people who ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper import valkey
from gatekeeper.actions import decisions, people, repositories, requests, reviews
from gatekeeper.hub import adopt, observe, settle
from gatekeeper.hub.client import HubClient
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import AccessRequest, Grant, HubAccess, Repository, RepositoryWish, Stage
from tests import factories

TOKEN = "hf_amara_writes"
MODEL = "aurora-lab/aurora-xl"
CARD = """---
license: other
license_name: aurora
extra_gated_fields:
  Affiliation: text
  I accept the licence: checkbox
tags:
- text-to-image
---
# Aurora XL
"""
LICENCE = "You may use the model for research.\n"
ANSWERS = {"Affiliation": "University of Hà Nội", "I accept the licence": "on"}


@dataclass
class Town:
    """What a test about the Hub works with: its control, the link, the stage, and the steps that people take there."""

    hub: SandboxControl
    publisher: Publisher
    owner: Viewer
    reviewer: Viewer
    repository: Repository
    name: str = MODEL

    @property
    def client(self) -> HubClient:
        """The Hub as the owner's token sees it."""
        return HubClient(TOKEN)

    def someone(self, name: str) -> str:
        """Let the Hub know somebody, under the id that belongs to the name; returns the name."""
        self.hub.add_user(name, id=factories.hub_id(name), token=f"hf_{name}_reads_all")
        return name

    def asks(self, name: str, repo: str = "") -> str:
        """Let somebody press the button on the Hub's page and answer its form."""
        self.someone(name)
        self.hub.set_status(repo or self.name, name, "pending", fields=ANSWERS)
        return name

    def accepted_there(self, name: str, repo: str = "", **about: Any) -> str:
        """Somebody whom the owner accepted on the Hub's page."""
        self.someone(name)
        self.hub.set_status(repo or self.name, name, "accepted", by="amara", **about)
        return name

    def stands(self, name: str, repo: str = "") -> str | None:
        """Where somebody stands on the Hub."""
        return self.hub.status(repo or self.name, name)

    def start(self, **how: Any) -> Stage:
        """The short way: a stage from what is there, opened and read back."""
        found = adopt.what_is_there(TOKEN, "model", self.name)
        assert found.licence is not None
        stage = repositories.start_from_what_is_there(
            self.repository, by=self.owner, questions_asked=found.questions, licence=found.licence, **how
        )
        settle.settle_due()
        return factories.fresh(stage)

    def case(self, name: str) -> AccessRequest:
        """The case of somebody."""
        return AccessRequest.objects.get(person__username=name)

    def row(self, name: str, repo: str = "") -> HubAccess:
        """Their row at the repository."""
        return HubAccess.objects.select_related("person").get(person__username=name, repository__name=repo or self.name)

    def grant(self, name: str) -> Grant:
        """Their latest grant."""
        return Grant.objects.filter(person__username=name).latest("pk")

    def person(self, name: str) -> HubPerson:
        """Their Hub person."""
        return HubPerson.objects.get(username=name)

    def observe(self) -> None:
        """One reading of the Hub's lists."""
        assert observe.observe(self.repository.pk)

    def approve(self, *names: str) -> None:
        """The reviewer approves the cases of these people."""
        cases = list(AccessRequest.objects.filter(person__username__in=names))
        decisions.approve_all(cases, by=self.reviewer, words="Welcome.")

    def applies(self, stage: Stage, name: str) -> Viewer:
        """Somebody with an account applies here, without ever pressing the Hub's button, and is taken into review."""
        self.someone(name)
        who = factories.account(name)
        case = requests.start(stage, by=who)
        requests.answer(case, by=who, answers={"affiliation": "ETH Zürich", "i_accept_the_licence": True})
        requests.accept(case, by=who, text_sha256=factories.current_licence(stage).text_sha256)
        reviews.take(requests.submit(case, by=who), by=self.reviewer)
        return who

    def approved(self, name: str) -> Grant:
        """Somebody who asked on the Hub and was approved; the Hub was not told yet."""
        self.asks(name)
        self.observe()
        self.approve(name)
        return self.grant(name)

    def active(self, name: str) -> Grant:
        """Somebody who asked, was approved, and whose access was read back."""
        self.approved(name)
        settled()
        return self.grant(name)


def settled(rounds: int = 12) -> None:
    """Let the workers go on until nothing is due, without waiting for the times in between."""
    for _round in range(rounds):
        settle.settle_due()
        if not HubAccess.objects.unsettled().filter(parked_reason="").exists():
            return
        hurry()
        observe.observe_all()


def hurry(seconds: float = 40) -> None:
    """Let time pass: what was put off is due, what was told or read was so long ago."""
    passed = timedelta(seconds=seconds)
    HubAccess.objects.unsettled().update(
        due_at=timezone.now(),
        **{name: F(name) - passed for name in ("wished_at", "applied_at", "doubt_until", "leased_until", "seen_at")},
    )
    Repository.objects.update(observe_due_at=F("observe_due_at") - passed)


def windows_over() -> None:
    """Let the Hub's windows of calls end, and what a 429 closed be open again: only for this test, who else counts."""
    mine = f"{valkey.key('hub-budget')}:*"
    valkey.asked(lambda server: [server.delete(name) for name in server.scan_iter(match=mine, count=1_000)], [])


@pytest.fixture
def town(transactional_db: None, sandbox: SandboxControl) -> Town:
    """A publisher with a token, its gated model linked, and a reviewer."""
    for name in ("amara", "chidi"):
        sandbox.add_user(name, id=factories.hub_id(name))
    sandbox.add_token("amara", TOKEN)
    sandbox.add_org("aurora-lab", {"amara": "admin"}, id=factories.hub_id("aurora-lab"))
    sandbox.create_repo(MODEL, gated="manual", card=CARD, files={"LICENSE": LICENCE, "w.bin": "w"}, by="amara")
    owner = factories.account("amara")
    publisher = factories.found(owner, "aurora-lab")
    people.keep_token(publisher, by=owner, secret=TOKEN, hub_username="amara")
    repository = adopt.link_repository(publisher, by=owner, kind="model", name=MODEL)
    return Town(sandbox, publisher, owner, factories.member(publisher, "chidi", "reviewer", by=owner), repository)


@pytest.fixture
def hasty(settings: Any) -> None:
    """Calls that give up after a second, so that a held one can be waited for."""
    settings.HUB_CALL_TIMEOUT = 1


def lease_over() -> None:
    """Let the leases end of workers that will not come back, as they do after a while."""
    now = timezone.now() - timedelta(seconds=60)
    for model in (HubAccess, RepositoryWish):
        model.objects.filter(leased_until__isnull=False).update(leased_until=now)
    Repository.objects.filter(observe_leased_until__isnull=False).update(observe_leased_until=now)


def calls(town: Town, path: str, method: str = "POST") -> list[dict[str, Any]]:
    """What the Hub was asked on a path."""
    return town.hub.journal(method, path)
