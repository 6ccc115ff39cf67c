"""note: a reviewer keeps a note about a case, which its requester never reads."""

from __future__ import annotations

import pytest

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import reviews
from gatekeeper.models import Message, PersonalText, Repository, Stage
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, last_event, offered, refused, told


def test_it_keeps_the_words_as_personal_text_and_records_their_digest(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Nothing moves, nobody is written to, and the record holds no word of it."""
    case = factories.submitted(stage, ha)
    before = (case.status, case.assignee, case.due_at, told(ha))
    noted = reviews.note(case, by=chidi, words="  Knows the field. ")
    assert (noted.status, noted.assignee, noted.due_at, told(ha)) == before
    message = Message.objects.get()
    assert (message.kind, message.author, message.words) == ("note", chidi.user, "Knows the field.")
    text = PersonalText.objects.get(pk=message.text_id)
    assert (text.purpose, text.person) == ("note", ha.person)
    assert events(case)[-1] == "request.note"
    assert last_event(case).data == {"message": message.pk, "digest": text.digest}


def test_it_is_kept_in_every_state_that_reviewers_see(
    stage: Stage, aurora: Repository, ha: Viewer, ines: Viewer, kiri: HubPerson, chidi: Viewer, dana: Viewer
) -> None:
    """Before it is finished here, in review by another, and after it was decided."""
    for case in (
        factories.brought_in(aurora, kiri),
        factories.in_review(stage, ha, by=dana),
        factories.denied_finally(stage, ines, by=dana),
    ):
        assert offered(case, chidi)["note"] is None
        reviews.note(case, by=chidi, words="Ask counsel.")


def test_it_is_not_for_drafts_and_not_without_words(stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer) -> None:
    """A draft is nobody else's business."""
    draft, case = factories.draft(stage, ha), factories.submitted(stage, ines)
    with refused(WrongState, "wrong_state"):
        reviews.note(draft, by=chidi, words="Hm.")
    with refused(Invalid, "words_missing", "words"):
        reviews.note(case, by=chidi, words=" ")


@pytest.mark.parametrize("who", ["ha", "amara", "farid", "goran", "ines"])
def test_it_is_for_reviewers(who: str, stage: Stage, ha: Viewer, request: pytest.FixtureRequest) -> None:
    """Neither for the requester, nor for whoever owns, audits or operates, nor for a stranger."""
    viewer, case = request.getfixturevalue(who), factories.submitted(stage, ha)
    with refused(NotAllowed, "not_allowed"):
        reviews.note(case, by=viewer, words="Hm.")


def test_nobody_notes_on_their_own_case(stage: Stage, chidi: Viewer) -> None:
    """A reviewer who asked would read it."""
    case = factories.submitted(stage, chidi)
    with refused(NotAllowed, "own_request"):
        reviews.note(case, by=chidi, words="Hm.")
