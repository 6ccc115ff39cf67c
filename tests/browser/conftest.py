"""A real Chromium at a real server, with a sandbox Hub beside it. The workers' part is called by the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.viewer import Viewer
from gatekeeper.hub import observe, settle
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import HubAccess
from tests import factories

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

CARD = """---
license: openrail++
extra_gated_fields:
  Affiliation: text
  I accept the licence: checkbox
---
# Comet
"""
LICENCE = "Comet licence\n\nSection I: Preamble\n\nYou may use the model for research, and for nothing that harms.\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests, so that they can be chosen and left out."""
    for item in items:
        if Path(str(item.fspath)).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the run; where there is none the tests are skipped, on CI they fail."""
    if not Path(CHROMIUM).exists():
        sentence = f"Browser tests did not run: there is no {CHROMIUM} (on Debian: apt-get install chromium)."
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    # Playwright runs an event loop in this thread, and Django would refuse the tests' own queries because of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # Because of it, too, this thread has other connections from here on. One that stayed open would be shared by every
    # fork of this process, which has no event loop and finds the connections of before.
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        connections.close_all()


@dataclass
class Visit:
    """Somebody at the pages: a browser window, what it complained of, and how often it was acted upon."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    actions: int = 0

    def open(self, path: str) -> Page:
        """Go to a path."""
        self.page.goto(self.address + path)
        return self.page

    def press(self, name: str, *, role: Any = "button") -> None:
        """Press a button, or follow a link, by its name, and count it."""
        self.actions += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def faults(self, *rules: str) -> list[str]:
        """What axe finds on the page (by these rules, or by all), and whether it scrolls sideways."""
        if self.page.evaluate("window.axe === undefined"):
            self.page.evaluate(AXE_SCRIPT)
        # Axe need not describe each element that is in order: that takes twice as long as all the rest.
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = {"type": "rule", "values": rules}
        violations = self.page.evaluate("options => axe.run(options).then(found => found.violations)", options)
        found = [f"{each['id']}: {node['html'][:200]}" for each in violations for node in each["nodes"]]
        return [*found, *self.sideways()]

    def sideways(self) -> list[str]:
        """Say whether the page scrolls sideways."""
        wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return ["scrolls sideways"] if wide else []


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer, settings: Any) -> Iterator[Visiting]:
    """A function: open the pages as somebody (None: a visitor), in a window of their own."""
    settings.ALLOWED_HOSTS = ["*"]
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def as_somebody(who: Viewer | None = None, **how: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        context.set_default_timeout(15_000)
        contexts.append(context)
        if who is not None and who.user is not None:
            client = Client()
            client.force_login(who.user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        visit = Visit(context.new_page(), live_server.url)
        visit.page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visits.append(visit)
        return visit

    yield as_somebody
    for context in contexts:
        context.close()
    # The browser says so itself when the content security policy stops something.
    refused = [text for each in visits for text in each.complaints if "Content Security Policy" in text]
    assert refused == []


@pytest.fixture
def comet(sandbox: SandboxControl, transactional_db: None) -> SandboxControl:
    """A Hub where Lena owns comet/one, gated, with a form and a licence, and Kiri has pressed the button."""
    sandbox.add_user("lena", token="hf_lena_writes", id=factories.hub_id("lena"))
    sandbox.add_user("kiri", token="hf_kiri_reads", id=factories.hub_id("kiri"))
    sandbox.add_org("comet", {"lena": "admin"})
    sandbox.create_repo("comet/one", gated="manual", card=CARD, files={"LICENSE": LICENCE, "w.bin": "w"}, by="lena")
    answers = {"Affiliation": "ETH Zürich", "I accept the licence": "on"}
    sandbox.set_status("comet/one", "kiri", "pending", fields=answers)
    return sandbox


def workers_go_on(rounds: int = 6) -> None:
    """Do what the workers do meanwhile: tell the Hub, read it, until nothing is on the way."""
    for _round in range(rounds):
        settle.settle_due()
        observe.observe_all()
        if not HubAccess.objects.unsettled().exists():
            return
