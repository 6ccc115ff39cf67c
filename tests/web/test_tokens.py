"""The page of a publisher's Hub tokens: how each stands, and changing one for another."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import people
from gatekeeper.hub import capabilities
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Learnt, Repository
from tests import factories
from tests.actions.test_hub_tokens import reaches
from tests.again import once

from .conftest import Browse

PAGE = "/publishers/aurora-lab/tokens/"
SECRET = "hf_another_secret"


@pytest.fixture
@once
def new(aurora: Repository, aurora_lab: Publisher, amara: Viewer) -> HubToken:
    """A second token, kept beside the one in use."""
    HubToken.objects.update(check_due_at=timezone.now() + timedelta(hours=1), health="ok")
    return people.keep_token(aurora_lab, by=amara, secret=SECRET, label="gatekeeper 2", hub_username="amara")


def read(browser: Client, where: str = PAGE) -> str:
    """The words of a page, with single spaces."""
    answer = browser.get(where)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def words(answer: Any) -> str:
    """The words of an answer, with single spaces."""
    return " ".join(answer.content.decode().split())


def test_an_owner_changes_one_token_for_another(
    browse: Browse, aurora: Repository, new: HubToken, amara: Viewer
) -> None:
    """Checked, let speak, and the old one retired, each with a button; the secret is never shown."""
    browser, old = browse(amara), aurora.token
    shown = read(browser)
    assert "being checked" in shown
    assert 'hx-trigger="every 3s"' in shown
    assert "Let it speak for all that it reaches" not in shown
    later = timezone.now() + timedelta(hours=1)
    reaches(new, aurora)
    HubToken.objects.update(check_due_at=later, checked_at=timezone.now())
    shown = read(browser)
    assert "hx-trigger" not in shown
    assert shown.count("works") >= 2
    assert "Let another one speak for its repositories first." in shown
    answer = browser.post(reverse("web:use_tokens", args=["aurora-lab"]), {"token": new.pk}, follow=True)
    assert f"The token {new.fingerprint} speaks for 1 repository more." in words(answer)
    assert factories.fresh(aurora).token == new
    retiring = reverse("web:retire_token", args=["aurora-lab", old.pk])
    assert f"Retire the token {old.fingerprint}?" in read(browser, retiring)
    answer = browser.post(retiring, follow=True)
    assert "Delete it on the Hub too" in words(answer)
    assert old.fingerprint not in words(answer)
    assert SECRET not in words(answer)


def test_one_repository_is_given_another_token(
    browse: Browse, aurora: Repository, aurora_lab: Publisher, new: HubToken, amara: Viewer
) -> None:
    """Out of those that were seen to reach it."""
    borealis = factories.linked(aurora_lab, by=amara, name="borealis")
    reaches(new, aurora, borealis)
    browser = browse(amara)
    assert re.search(rf'<option value="{new.pk}">\s*gatekeeper 2', browser.get(PAGE).content.decode())
    browser.post(reverse("web:use_tokens", args=["aurora-lab"]), {"token": new.pk, "repository": borealis.pk})
    assert factories.fresh(borealis).token == new
    assert factories.fresh(aurora).token != new
    for repository in ("0", "x", "99999999999999999999"):
        sent = {"token": new.pk, "repository": repository}
        assert browser.post(reverse("web:use_tokens", args=["aurora-lab"]), sent).status_code == 404
    assert browser.post(reverse("web:use_tokens", args=["aurora-lab"])).status_code == 404


def test_what_does_not_do_is_said(browse: Browse, aurora: Repository, new: HubToken, amara: Viewer) -> None:
    """With what to do about it, where it may not, and which one stands in."""
    browser, old = browse(amara), aurora.token
    refused = browser.post(reverse("web:use_tokens", args=["aurora-lab"]), {"token": new.pk})
    assert refused.status_code == 422
    assert "was not checked yet" in words(refused)
    reaches(new, aurora)
    reaches(old, aurora, health="narrow", may_decide=False, reason="token_read_only")
    shown = read(browser)
    assert "does not reach every repository" in shown
    assert f"{aurora.name}: it may not decide" in shown
    assert "Stands in for another at" in shown
    reaches(old, aurora, health="refused", may_read=False)
    assert "it may not read who asks" in read(browser)
    reaches(old, aurora, may_read=False, reason="repository_gone")
    assert "it does not see this repository" in read(browser)
    HubToken.objects.update(revoked_at=timezone.now())
    shown = read(browser)
    assert "No token yet." in shown
    assert '<span class="tag bad">none</span>' in shown


@pytest.mark.parametrize("health", HubToken.Health.values)
def test_each_health_has_its_words(browse: Browse, aurora: Repository, bram: Viewer, health: str) -> None:
    """And the publisher's page says that one wants looking after."""
    HubToken.objects.update(health=health, expires_at=timezone.now(), checked_at=timezone.now())
    browser = browse(bram)
    assert str(HubToken.Health(health).label) in read(browser) or health == "unknown"
    shown = read(browser, reverse("web:publisher", args=["aurora-lab"]))
    assert ("a token wants looking after" in shown) is (health not in ("ok", "unknown"))


def test_what_the_hub_knows_is_shown(browse: Browse, aurora: Repository, bram: Viewer, settings: Any) -> None:
    """Since when, and how that was learnt."""
    browser = browse(bram)
    assert "It has not been asked yet" in read(browser)
    capabilities.learn({"batch": True, "reset": False}, endpoint=settings.HUB_ENDPOINT, how=Learnt.PROBE)
    shown = read(browser)
    assert "deciding on many at once" in shown
    assert "resetting requests" in shown
    assert "asked for on purpose" in shown


def test_who_sees_and_does_what(
    browse: Browse, new: HubToken, bram: Viewer, chidi: Viewer, goran: Viewer, juma: Viewer
) -> None:
    """Those who work there look; stewards and operators have one checked; owners change them."""
    check = reverse("web:check_token", args=["aurora-lab", new.pk])
    for who, may_check in ((bram, True), (chidi, False), (goran, True)):
        shown = read(browse(who))
        assert ("Check now" in shown) is may_check
        assert "Retire" not in shown
        assert browse(who).post(check).status_code == (302 if may_check else 403)
        assert browse(who).post(reverse("web:retire_token", args=["aurora-lab", new.pk])).status_code == 403
    assert browse(juma).get(PAGE).status_code == 404
    assert browse(juma).post(check).status_code == 404
    HubToken.objects.filter(pk=new.pk).update(revoked_at=timezone.now())
    assert browse(bram).post(check).status_code == 409


def test_the_same_token_is_not_kept_twice(
    browse: Browse, sandbox: SandboxControl, aurora_lab: Publisher, amara: Viewer
) -> None:
    """And one of somebody else's namespace not at all; what was typed is not shown again."""
    sandbox.add_user("amara", id=factories.hub_id("amara"), token=SECRET)
    sandbox.add_org("aurora-lab", {"amara": "admin"})
    sandbox.add_user("juma", token="hf_juma_writes")
    browser, where = browse(amara), reverse("web:token", args=["aurora-lab"])
    answer = browser.post(where, {"token": SECRET}, follow=True)
    assert answer.redirect_chain[-1][0] == PAGE
    assert "being checked" in words(answer)
    kept = HubToken.objects.get()
    assert (kept.hub_user_id, kept.health) == (factories.hub_id("amara"), "ok")
    again = browser.post(where, {"token": SECRET})
    assert "kept already" in words(again)
    foreign = browser.post(where, {"token": "hf_juma_writes"})
    assert "does not prove that you may write" in words(foreign)
    assert SECRET not in words(again)


def test_it_takes_few_statements_however_many_there_are(
    browse: Browse, aurora: Repository, aurora_lab: Publisher, amara: Viewer, django_assert_max_num_queries: Any
) -> None:
    """The same with one repository and with six."""
    browser = browse(amara)
    read(browser)
    with django_assert_max_num_queries(20) as first:
        read(browser)
    for number in range(5):
        reaches(factories.linked(aurora_lab, by=amara, name=f"model-{number}").token, aurora, health="narrow")
    with django_assert_max_num_queries(len(first) + 2):
        read(browser)
