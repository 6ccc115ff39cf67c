"""What the admin keeps off its pages cannot be guessed through the addresses of its lists either."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.viewer import Viewer
from gatekeeper.models import PersonalText, Stage
from tests import factories

HIDDEN = [
    ("accounts/user", "password__startswith=a"),
    ("accounts/user", "email__startswith=a"),
    ("accounts/hubtoken", "ciphertext__startswith=g"),
    ("accounts/apitoken", "digest__startswith=a"),
    ("accounts/apitoken", "user__password__startswith=a"),
    ("gatekeeper/personaltext", "body__icontains=bias"),
    ("gatekeeper/personaltext", "salt__startswith=a"),
    ("gatekeeper/accessrequest", "draft__body__icontains=bias"),
    ("gatekeeper/message", "text__body__icontains=bias"),
    ("gatekeeper/review", "note__body__icontains=bias"),
]


@pytest.fixture
def staff(goran: Viewer) -> Client:
    """The operator, who may look at the admin pages."""
    assert goran.user is not None
    goran.user.is_staff = True
    goran.user.save(update_fields=["is_staff"])
    browser = Client()
    browser.force_login(goran.user)
    return browser


@pytest.mark.parametrize(("place", "query"), HIDDEN)
def test_a_list_does_not_answer_questions_about_what_is_hidden(staff: Client, place: str, query: str) -> None:
    """Answered with yes or no, letter by letter, they would tell it all."""
    assert staff.get(f"/admin/{place}/?{query}").status_code == 400


def test_it_still_filters_by_what_it_shows(staff: Client, stage: Stage, ha: Viewer) -> None:
    """The filters beside a list go on."""
    factories.submitted(stage, ha)
    assert PersonalText.objects.exists()
    for query in ("status__exact=submitted", "origin__exact=here", "o=1", "p=1", ""):
        assert staff.get(f"/admin/gatekeeper/accessrequest/?{query}").status_code == 200
