"""A request that began on the Hub and is never finished here, to its end on the Hub."""

from __future__ import annotations

from gatekeeper import clock
from gatekeeper.models import AccessRequest
from tests import factories

from .conftest import Town, settled


def test_it_is_reset_on_the_hub_with_the_link_and_can_be_asked_again(town: Town) -> None:
    """Expiry is not denial: the Hub says reset, why, and where to go; a new press of the button is a new case."""
    town.start(intake="here")
    town.asks("kiri")
    town.observe()
    first = town.case("kiri")
    assert first.status == "brought_in"
    clock.tick(at=factories.later(13.9))
    settled()
    assert town.stands("kiri") == "pending"
    clock.tick(at=factories.later(14.1))
    assert factories.fresh(first).status == "expired"
    settled()
    assert town.stands("kiri") == "reset"
    [told] = [call for call in town.hub.journal("POST", "user-access-request") if "reset" in str(call)]
    assert "/my-access/" in str(told)
    assert AccessRequest.objects.count() == 1
    town.hub.set_status(town.name, "kiri", "pending", asked=True)
    town.observe()
    assert AccessRequest.objects.exclude(pk=first.pk).get().status == "brought_in"
