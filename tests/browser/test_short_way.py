"""From a token to access that was read back, in at most six actions of the steward."""

from __future__ import annotations

from playwright.sync_api import expect

from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Grant
from tests import factories

from .conftest import Visiting, workers_go_on

AT_MOST = 6
EVERY = 5000  # milliseconds, more than pages wait before they ask how things stand


def test_the_short_way_takes_at_most_six_actions(comet: SandboxControl, visit: Visiting) -> None:
    """Token, repository, start, case, approve: each form that is sent and each link that is followed is one action."""
    lena = visit(factories.account("lena"))
    lena.page.clock.install()
    page = lena.open("/publishers/prove/")
    page.get_by_label("Namespace on the Hub").fill("comet")
    page.get_by_label("Hub token").fill("hf_lena_writes")
    lena.press("Prove it")
    page.get_by_label("Repository").fill("comet/one")
    lena.press("Link")
    assert "The card is not touched" in page.content()
    lena.press("Start from what is there")
    workers_go_on()
    page.clock.fast_forward(EVERY)
    expect(page.get_by_role("link", name="1 waits for a review")).to_be_visible()  # the page says so by itself
    lena.press("1 waits for a review", role="link")
    lena.press("kiri", role="link")
    lena.press("Approve")
    assert "Approved. The Hub is being told" in page.content()
    assert lena.actions <= AT_MOST
    assert comet.status("comet/one", "kiri") == "pending"
    workers_go_on()
    page.clock.fast_forward(EVERY)
    expect(page.get_by_text("the Hub says: accepted")).to_be_visible()
    assert comet.status("comet/one", "kiri") == "accepted"
    assert Grant.objects.get().status == "active"
    assert lena.complaints == []
