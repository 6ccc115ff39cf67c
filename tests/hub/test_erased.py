"""Erasing reaches the Hub: access ends there, what waits there is reset, and nothing of it comes back."""

from __future__ import annotations

from gatekeeper.actions import erasure
from gatekeeper.models import AccessRequest, Grant, PersonalText
from tests import factories

from .conftest import Town, hurry, settled


def test_access_ends_on_the_hub_and_stays_ended(town: Town) -> None:
    """Read back, and read again later: no drift, no case, no word of what was answered there."""
    town.start()
    town.active("anna")
    assert town.stands("anna") == "accepted"
    erasure.ask(town.person("anna"), by=factories.account("goran", operator=True))
    settled()
    assert town.stands("anna") == "reset"
    hurry(1_000_000)
    town.observe()
    assert not PersonalText.objects.filter(person__username="anna").exists()
    assert not Grant.objects.live().exists()
    assert AccessRequest.objects.filter(person__username="anna").count() == 1


def test_what_waits_on_the_hub_is_reset_and_not_brought_in_again(town: Town) -> None:
    """Even when the lists are read before the Hub was told."""
    town.start(intake="here")
    town.asks("bela")
    town.observe()
    assert town.case("bela").status == "brought_in"
    erasure.ask(town.person("bela"), by=factories.account("goran", operator=True))
    town.observe()
    assert town.case("bela").status == "withdrawn"
    settled()
    assert town.stands("bela") == "reset"
    assert not PersonalText.objects.filter(person__username="bela").exists()
