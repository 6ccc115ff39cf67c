"""A token that cannot be opened: no page breaks over it, and nothing of it is told."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from accounts.models import HubToken
from accounts.viewer import Viewer
from gatekeeper.models import Repository


def test_linking_with_a_token_that_no_key_opens_is_refused(aurora: Repository, amara: Viewer) -> None:
    """With a sentence that says what to do."""
    HubToken.objects.update(ciphertext="gAAAAAB", health="unreadable")
    browser = Client()
    assert amara.user is not None
    browser.force_login(amara.user)
    sent = {"kind": "model", "name": "aurora-lab/second"}
    answer = browser.post(reverse("web:link", args=[aurora.publisher.name]), sent)
    assert (answer.status_code, b"gAAAAAB" in answer.content) == (422, False)
    assert b"Give it again." in answer.content
