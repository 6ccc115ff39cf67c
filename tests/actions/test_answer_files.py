"""answer, with files: PDFs by their bytes, kept as long as the answers and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.actions.files import MOST_BYTES
from gatekeeper.models import AccessRequest, AnswerFile, FileContent, PersonalText, Repository, StoredFile
from gatekeeper.rules.refusals import Invalid
from tests import factories
from tests.expect import refused
from tests.factories import ANSWERS, QUESTIONS

PDF = b"%PDF-1.7\n%a letter\n"
LETTER = {
    "key": "letter",
    "kind": "file",
    "label": {"en": "Ethics approval"},
    "required": False,
    "purpose": "To see it.",
    "retention_days": 30,
}


@pytest.fixture
def begun(aurora: Repository, amara: Viewer, ha: Viewer) -> AccessRequest:
    """Hà's request at a stage that asks for a file."""
    return requests.start(factories.open_stage(aurora, by=amara, asked=[*QUESTIONS, LETTER]), by=ha)


def handed(case: AccessRequest, by: Viewer, content: bytes = PDF, name: str = "letter.pdf", **answers: Any) -> Any:
    """The request, with a file handed in."""
    return requests.answer(case, by=by, answers=answers, files={"letter": (name, [content])})


def submitted(case: AccessRequest, by: Viewer) -> AccessRequest:
    """The request, handed in with its file."""
    version = factories.current_licence(case.stage)
    requests.accept(case, by=by, text_sha256=version.text_sha256)
    return requests.submit(handed(case, by, **ANSWERS), by=by)


def test_it_keeps_a_pdf_and_describes_it_among_the_answers(begun: AccessRequest, ha: Viewer) -> None:
    """By a harmless name, its size and its hash; sent back as it stands it stays, emptied it goes."""
    case = handed(begun, ha, name="C:\\me\\let<ter>.pdf")
    link = AnswerFile.objects.get()
    assert (link.text, link.key, link.file.read(), link.file.kind) == (case.draft, "letter", PDF, "application/pdf")
    assert case.answers["letter"] == {"name": "letter.pdf", "size": len(PDF), "sha256": link.file.sha256}
    case = requests.answer(case, by=ha, answers={"letter": case.answers["letter"]})
    assert StoredFile.objects.count() == 1
    case = requests.answer(case, by=ha, answers={"letter": ""})
    assert case.answers == {}
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n", b"MZ\x90\x00", b" %PDF-1.7"])
def test_it_takes_only_what_is_a_pdf_by_its_bytes(begun: AccessRequest, ha: Viewer, content: bytes) -> None:
    """Whatever it is called; the other answers are saved."""
    with refused(Invalid, "answers_at_fault", "letter") as caught:
        handed(begun, ha, content, use="To count.")
    assert caught.value.fields["letter"].code == "not_a_file"
    assert factories.fresh(begun).answers == {"use": "To count."}
    assert not StoredFile.objects.exists()


def test_it_refuses_what_is_too_large_or_not_asked(begun: AccessRequest, ha: Viewer) -> None:
    """Reading stops at the bound; a file is no answer to another question."""
    with refused(Invalid, "answers_at_fault", "letter") as caught:
        handed(begun, ha, PDF + bytes(MOST_BYTES))
    assert caught.value.fields["letter"].code == "file_too_large"
    with refused(Invalid, "answers_at_fault", "use", "other"):
        requests.answer(begun, by=ha, answers={}, files={"use": ("a.pdf", [PDF]), "other": ("a.pdf", [PDF])})


def test_nobody_describes_a_file_that_was_not_handed_in(begun: AccessRequest, ha: Viewer) -> None:
    """Otherwise somebody else's file could be claimed by its hash."""
    with refused(Invalid, "answers_at_fault", "letter"):
        requests.answer(begun, by=ha, answers={"letter": {"name": "a.pdf", "size": 3, "sha256": "ab" * 32}})


def test_a_replaced_file_is_gone(begun: AccessRequest, ha: Viewer) -> None:
    """With its bytes."""
    handed(begun, ha)
    handed(begun, ha, PDF + b"again")
    assert FileContent.objects.get().content == PDF + b"again"


def test_a_submission_keeps_the_file_when_the_draft_has_another(
    begun: AccessRequest, ha: Viewer, chidi: Viewer
) -> None:
    """And both go with their texts: what is erased is erased with its files."""
    case = reviews.take(submitted(begun, ha), by=chidi)
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Another letter.", reopened=["letter"])
    case = handed(factories.fresh(case), ha, PDF + b"second")
    assert case.submission is not None
    first, second = case.submission.answers_id, case.draft_id
    assert {link.text_id: link.file.read() for link in AnswerFile.objects.all()} == {
        first: PDF,
        second: PDF + b"second",
    }
    PersonalText.objects.filter(pk=first).delete()
    assert FileContent.objects.get().content == PDF + b"second"
    PersonalText.objects.filter(pk=second).delete()
    assert not StoredFile.objects.exists()


def test_a_file_goes_with_its_answer_when_that_is_taken_out_of_a_text(begun: AccessRequest, ha: Viewer) -> None:
    """As each answer goes when its own time is over, while the others stay."""
    case = submitted(begun, ha)
    assert case.submission is not None
    texts = PersonalText.objects.filter(pk__in=[case.submission.answers_id, case.draft_id])
    texts.update(body={"use": "To count."})
    assert not StoredFile.objects.exists()
    assert PersonalText.objects.filter(pk=case.submission.answers_id).exists()


def test_a_file_that_was_not_reopened_stays(begun: AccessRequest, ha: Viewer, chidi: Viewer) -> None:
    """Another one in its place is refused, like any other answer."""
    case = reviews.take(submitted(begun, ha), by=chidi)
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.", reopened=["use"])
    with refused(Invalid, "answers_at_fault", "letter"):
        handed(factories.fresh(case), ha, PDF + b"other")
    assert FileContent.objects.get().content == PDF


def test_a_draft_that_was_forgotten_comes_back_with_its_file(begun: AccessRequest, ha: Viewer, chidi: Viewer) -> None:
    """After a denial that can be mended, from what was submitted."""
    case = submitted(begun, ha)
    PersonalText.objects.filter(pk=case.draft_id).delete()
    case = reviews.take(case, by=chidi)
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.", reopened=["use"])
    case = factories.fresh(case)
    assert case.draft is not None
    assert case.answers["letter"]["name"] == "letter.pdf"
    assert AnswerFile.objects.get(text=case.draft).file.read() == PDF


def test_a_file_is_not_taken_over_into_another_request(begun: AccessRequest, ha: Viewer, amara: Viewer) -> None:
    """It was handed in for one case."""
    case = submitted(begun, ha)
    other = factories.open_stage(*case.stage.repositories.all(), by=amara, asked=[*QUESTIONS, LETTER])
    again = requests.start(other, by=ha)
    assert again.answers == {key: value for key, value in ANSWERS.items() if key != "terms"}
