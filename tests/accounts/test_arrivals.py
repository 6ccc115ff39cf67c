"""Somebody signs in with the Hub for whose name something waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.viewer import Viewer
from gatekeeper.actions import arrivals, invitations
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Grant, Invited, Stage
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_earlier_approval_and_an_invitation_find_them_at_once(
    sign_in: Callable[..., Any], sandbox: SandboxControl, stage: Stage, amara: Viewer
) -> None:
    """The Hub id is proven by the sign-in, whatever case the name was written in."""
    sandbox.add_user("grace")
    other = factories.open_stage(stage.repositories.get(), by=amara, entry="invited")
    factories.confirmed_import(stage, "GRACE", by=amara)
    invitations.invite_names(other, by=amara, label="Lab", days=9, names="Grace")
    browser = Client()
    assert sign_in(browser, "grace").status_code == 302
    grant = Grant.objects.get()
    assert (grant.person.username, grant.stage) == ("grace", stage)
    assert Invited.objects.get().person == grant.person
    page = browser.get("/my-access/").content.decode()
    assert "Approved, being switched on" in page
    assert browser.post(f"/stages/{other.pk}/apply/").status_code == 302


def test_whatever_breaks_there_the_sign_in_goes_on(
    sign_in: Callable[..., Any], sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock finds what was missed."""

    def broken(_people: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(arrivals, "meet", broken)
    sandbox.add_user("grace")
    browser = Client()
    assert sign_in(browser, "grace").status_code == 302
    assert browser.get("/account/").status_code == 200
