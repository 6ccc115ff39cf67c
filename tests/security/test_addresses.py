"""Addresses that nobody was given: there is nothing there, and nothing of ours breaks."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.viewer import Viewer
from gatekeeper.models import Stage


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/catalogue/?q=%00", "/catalogue/%00/x/", "/catalogue/a%00/b/", "/?q=%00"])
def test_a_nul_is_not_there(address: str) -> None:
    """No text in the database can hold one."""
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("number", ["²", "٣" * 19, "9" * 19, "9" * 4_500, "-1", "1.5", "0x1"])
def test_what_is_no_number_narrows_no_queue(number: str, stage: Stage, chidi: Viewer) -> None:
    """A filter that cannot be read is none."""
    assert chidi.user is not None
    browser = Client()
    browser.force_login(chidi.user)
    assert browser.get("/queue/", {"stage": number}).status_code == 200


@pytest.mark.parametrize("address", ["/queue/?q=%00", "/publishers/%00/people/", "/stages/{}/grants/?q=%00"])
def test_nor_on_the_pages_of_a_publisher(address: str, stage: Stage, chidi: Viewer) -> None:
    """The same for its people."""
    assert chidi.user is not None
    browser = Client()
    browser.force_login(chidi.user)
    assert browser.get(address.format(stage.pk)).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"]
)
def test_the_sign_in_leads_nowhere_else(wanted: str, ha: Viewer) -> None:
    """Neither before it nor when one is signed in already."""
    assert ha.user is not None
    ha.user.set_password("correct horse battery")
    ha.user.save()
    browser = Client()
    sent = {"login": "ha-nguyen", "password": "correct horse battery", "next": wanted}
    assert browser.post("/account/login/", sent)["Location"] == "/"
    assert browser.get("/account/login/", {"next": wanted})["Location"] == "/"
