"""What the admin keeps off its pages cannot be guessed through the addresses of its lists either."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.actions import drifts, earlier_approvals, invitations, procedures, sync
from gatekeeper.models import PersonalText, Repository, Stage
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


def test_it_shows_no_words_of_people(staff: Client, aurora: Repository, stage: Stage, amara: Viewer) -> None:
    """Why somebody lost access or was stopped is for the publisher's people; staff may work for another one."""
    words = "Secret words 4711"
    found = factories.drift(aurora)
    drifts.allow(found, by=amara, until=factories.later(5), words=words)
    stop = procedures.prepare_stop(stage, by=amara, words=words)
    held = sync.pause(aurora, by=amara, words=words)
    made, _token = invitations.invite_by_link(stage, by=amara, label=words, days=9)
    listed = earlier_approvals.upload(
        stage,
        by=amara,
        file_name=f"{words}.csv",
        chunks=[factories.spreadsheet("kofi,2025-03-01,Ana,")],
        evidence=(f"{words}.txt", [b"Minutes"]),
    )
    for row in (found, stop, held, made, listed, listed.evidence):
        assert row is not None
        answer = staff.get(reverse(f"admin:gatekeeper_{row._meta.model_name}_change", args=[row.pk]))
        assert (answer.status_code, words in answer.content.decode()) == (200, False), row
