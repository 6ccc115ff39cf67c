"""Applying on the pages: three screens, nothing typed is lost, and nothing is final before it was looked at."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.actions import stages
from gatekeeper.models import Acceptance, AccessRequest, Grant, Repository, Stage
from tests import factories

from .conftest import Browse

ANSWERS = {"answer-affiliation": "University of Hà Nội", "answer-use": "To measure bias.", "answer-terms": "on"}


def go(browser: Client, name: str, pk: int, sent: dict[str, Any] | None = None, **more: Any) -> Any:
    """Open a page, or send its form."""
    where = reverse(f"web:{name}", args=[pk])
    return browser.get(where) if sent is None else browser.post(where, sent, **more)


@pytest.fixture
def browser(browse: Browse, ha: Viewer) -> Client:
    """Hà's browser."""
    return browse(ha)


@pytest.fixture
def begun(stage: Stage, browser: Client) -> AccessRequest:
    """Hà's request, begun with the button."""
    go(browser, "start", stage.pk, {})
    return AccessRequest.objects.get()


def test_it_leads_from_the_release_to_the_queue_in_three_screens(
    aurora: Repository, amara: Viewer, ha: Viewer, browser: Client
) -> None:
    """Questions, licence, check and submit."""
    stage = factories.open_stage(aurora, by=amara, restrictions=("law", "minors"))
    release = browser.get(reverse("web:release", args=[stage.release.publisher.name, stage.release.slug]))
    assert reverse("web:start", args=[stage.pk]) in release.content.decode()
    begun = go(browser, "start", stage.pk, {})
    case = AccessRequest.objects.get()
    assert begun["Location"] == reverse("web:draft", args=[case.pk])
    questions = go(browser, "draft", case.pk, {**ANSWERS, "then": "continue"})
    assert questions["Location"] == reverse("web:licence", args=[case.pk])
    licence = go(browser, "licence", case.pk)
    version = factories.current_licence(stage)
    assert version.text_sha256 in licence.content.decode()
    sent = {**factories.hashes(version), "acknowledged": ["law", "minors"]}
    accepted = go(browser, "licence", case.pk, sent)
    assert accepted["Location"] == reverse("web:hand_in", args=[case.pk])
    last_look = go(browser, "hand_in", case.pk).content.decode()
    assert "University of Hà Nội" in last_look
    assert go(browser, "hand_in", case.pk, {})["Location"] == reverse("web:request", args=[case.pk])
    case = factories.fresh(case)
    assert AccessRequest.objects.waiting_for_review().get() == case
    assert case.submission is not None
    acceptance = Acceptance.objects.get()
    assert (acceptance.text_sha256, len(acceptance.rendered_sha256)) == (version.text_sha256, 64)


def test_it_says_before_anything_is_typed_whether_somebody_can_apply(
    aurora: Repository, amara: Viewer, ha: Viewer, browse: Browse
) -> None:
    """An open stage with places and a Hub name: all of it, or what is missing."""
    stage = factories.open_stage(aurora, by=amara, cap=1)
    assert "1 place is left." in go(browse(ha), "start", stage.pk).content.decode()
    nameless = factories.account("kim", on_the_hub=False)
    page = go(browse(nameless), "start", stage.pk).content.decode()
    assert "connect yours first" in page
    assert "Begin</button>" not in page
    stages.pause(stage, by=amara)
    page = go(browse(ha), "start", stage.pk).content.decode()
    assert "Paused." in page
    assert "Begin</button>" not in page
    assert go(browse(ha), "start", stage.pk, {}).status_code == 422


def test_it_says_that_every_place_is_taken(
    aurora: Repository, amara: Viewer, ha: Viewer, ines: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """A full stage says so, and one that is held already leads to “My access”."""
    stage = factories.open_stage(aurora, by=amara, cap=1)
    factories.active_grant(stage, ines, by=chidi)
    assert "Every place is taken" in go(browse(ha), "start", stage.pk).content.decode()
    page = go(browse(ines), "start", stage.pk).content.decode()
    assert "You hold this stage already" in page
    assert "Not yet:" not in page
    assert f'<a class="btn btn-primary" href="{reverse("web:my_access")}">' in page


def test_it_keeps_good_answers_and_says_at_its_field_what_is_wrong_with_another(
    begun: AccessRequest, browser: Client
) -> None:
    """Whatever was typed stays on the page; what can stand is in the draft."""
    answer = go(browser, "draft", begun.pk, {**ANSWERS, "answer-country": "Atlantis", "then": "save"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "autofocus" in page
    assert "Choose one of the options." in page
    assert 'aria-describedby="id_answer-country_error"' in page
    assert factories.fresh(begun).answers == {
        "affiliation": "University of Hà Nội",
        "use": "To measure bias.",
        "terms": True,
    }


def test_it_names_what_is_missing_before_it_goes_on(begun: AccessRequest, browser: Client) -> None:
    """Going on with an unanswered question leads to that question."""
    answer = go(browser, "draft", begun.pk, {"answer-affiliation": "ETH", "then": "continue"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_answer-use"' in page
    assert 'href="#id_answer-terms"' in page
    assert factories.fresh(begun).answers == {"affiliation": "ETH"}


def test_it_saves_a_draft_by_button_and_by_itself(begun: AccessRequest, browser: Client) -> None:
    """The button leads back to the form; by itself it says only that it was saved."""
    saved = go(browser, "draft", begun.pk, {"answer-affiliation": "ETH", "then": "save"})
    assert saved["Location"] == reverse("web:draft", args=[begun.pk])
    alone = go(
        browser, "draft", begun.pk, {"answer-affiliation": "EPFL", "answer-country": "??"}, HTTP_HX_REQUEST="true"
    )
    assert "Saved, but for: Country" in alone.content.decode()
    assert "<html" not in alone.content.decode()
    assert factories.fresh(begun).answers == {"affiliation": "EPFL"}


def test_it_shows_the_answers_that_were_saved(begun: AccessRequest, browser: Client) -> None:
    """A draft opened again is filled in."""
    go(browser, "draft", begun.pk, {**ANSWERS, "answer-country": "VN", "then": "save"})
    page = go(browser, "draft", begun.pk).content.decode()
    assert 'value="University of Hà Nội"' in page
    assert '<option value="VN" selected>' in page
    assert "Kept for 365 days" in page


def test_it_wants_every_restriction_acknowledged(aurora: Repository, amara: Viewer, browser: Client) -> None:
    """What is not ticked is named, and what is ticked stays ticked."""
    stage = factories.open_stage(aurora, by=amara, restrictions=("law", "minors"))
    go(browser, "start", stage.pk, {})
    case = AccessRequest.objects.get()
    shown = factories.hashes(factories.current_licence(stage))
    answer = go(browser, "licence", case.pk, {**shown, "acknowledged": ["law"]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#restriction-minors"' in page
    assert 'href="#restriction-law"' not in page
    assert not Acceptance.objects.exists()


def test_it_refuses_a_text_that_was_changed_meanwhile(
    stage: Stage, begun: AccessRequest, amara: Viewer, browser: Client
) -> None:
    """The form carries the hash of what was shown; another text in force is a conflict, and changes nothing."""
    shown = factories.hashes(factories.current_licence(stage))
    factories.policy(stage, by=amara, text=b"Another licence.\n")
    answer = go(browser, "licence", begun.pk, shown)
    assert answer.status_code == 409
    assert "has changed since it was shown" in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_the_licence_page_says_which_version_it_shows(stage: Stage, begun: AccessRequest, browser: Client) -> None:
    """By its digest, without which nothing is accepted: the same text can come with other facts."""
    version = factories.current_licence(stage)
    page = go(browser, "licence", begun.pk).content.decode()
    assert f'name="version_sha256" value="{version.digest}"' in page
    assert go(browser, "licence", begun.pk, {"text_sha256": version.text_sha256}).status_code == 409
    assert not Acceptance.objects.exists()


def test_it_submits_nothing_that_is_not_complete(begun: AccessRequest, browser: Client) -> None:
    """The last look says what is missing, and the button does not work."""
    page = go(browser, "hand_in", begun.pk).content.decode()
    assert "Some questions still need an answer." in page
    assert go(browser, "hand_in", begun.pk, {}).status_code == 422


def test_it_answers_a_question_and_the_review_goes_on(stage: Stage, ha: Viewer, chidi: Viewer, browser: Client) -> None:
    """The question stands beside the box; nothing said is refused at the box."""
    case = factories.info_requested(stage, ha, by=chidi)
    assert "Which streets?" in go(browser, "request", case.pk).content.decode()
    empty = go(browser, "answer_back", case.pk, {"words": " "})
    assert empty.status_code == 422
    assert "Write what you want to say." in empty.content.decode()
    assert go(browser, "answer_back", case.pk, {"words": "Those of Hanoi."}).status_code == 302
    page = go(browser, "request", case.pk).content.decode()
    assert "Those of Hanoi." in page
    assert "Waiting for review" in page


def test_it_opens_only_the_answers_that_the_reviewer_named(
    stage: Stage, ha: Viewer, chidi: Viewer, browser: Client
) -> None:
    """A correction is the same three screens, with one question."""
    case = factories.denied_correctably(stage, ha, by=chidi, reopened=("use",))
    page = go(browser, "draft", case.pk).content.decode()
    assert 'name="answer-use"' in page
    assert 'name="answer-affiliation"' not in page
    assert "Say more." in page
    go(browser, "draft", case.pk, {"answer-use": "To measure bias in captions.", "then": "continue"})
    assert go(browser, "hand_in", case.pk, {"again": "1"}).status_code == 302
    assert factories.fresh(case).submissions.count() == 2


def test_it_withdraws_after_a_look_at_what_that_means(case: AccessRequest, browser: Client) -> None:
    """One page asks, the button does it, and the page then says so."""
    assert "Nobody reviews it any more." in go(browser, "withdraw", case.pk).content.decode()
    assert go(browser, "withdraw", case.pk, {}).status_code == 302
    assert "Withdrawn by you" in go(browser, "request", case.pk).content.decode()
    assert go(browser, "withdraw", case.pk, {}).status_code == 409
    assert go(browser, "withdraw", case.pk).status_code == 302


def test_it_says_you_have_access_only_once_the_hub_was_read_back(
    stage: Stage, ha: Viewer, chidi: Viewer, browser: Client
) -> None:
    """Invariant 4: approved is “being switched on” until the Hub was read back."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    for where in (reverse("web:my_access"), reverse("web:request", args=[grant.request_id])):
        page = browser.get(where).content.decode()
        assert "Approved, being switched on" in page
        assert "You have access" not in page
    factories.confirmed(grant)
    page = browser.get(reverse("web:my_access")).content.decode()
    assert "You have access" in page
    assert "/api/models/aurora-lab/aurora-xl/auth-check" in page
    assert "fine-grained token" in page


def test_it_gives_access_back(grant: Grant, browser: Client) -> None:
    """After a look at what that means, the holder ends it."""
    assert "The Hub is told at once" in go(browser, "relinquish", grant.pk).content.decode()
    assert go(browser, "relinquish", grant.pk, {}).status_code == 302
    assert "Given back by you" in browser.get(reverse("web:my_access")).content.decode()
    assert go(browser, "relinquish", grant.pk, {}).status_code == 409


def test_it_leads_a_request_begun_on_the_hub_to_the_same_screens(
    stage: Stage, aurora: Repository, ha: Viewer, browser: Client
) -> None:
    """Nothing is lost: the answers given there are filled in."""
    assert ha.person is not None
    case = factories.brought_in(aurora, ha.person)
    assert "Finish your request" in go(browser, "request", case.pk).content.decode()
    assert 'value="University of Hà Nội"' in go(browser, "draft", case.pk).content.decode()


def test_empty_pages_say_what_to_do(juma: Viewer, browse: Browse) -> None:
    """No list is just empty."""
    for name, words in (("mine", "Find a release and apply."), ("my_access", "Find a release and apply;")):
        assert words in browse(juma).get(reverse(f"web:{name}")).content.decode()
    assert "No release is published here yet." in browse(None).get(reverse("web:catalogue")).content.decode()


def test_a_licence_accepted_at_another_stage_counts_and_is_told(
    aurora: Repository, stage: Stage, amara: Viewer, ha: Viewer, chidi: Viewer, browser: Client
) -> None:
    """It is not asked again, and the history says when it was."""
    factories.submitted(stage, ha)
    case = factories.submitted(factories.open_stage(aurora, by=amara), ha)
    assert Acceptance.objects.count() == 1
    assert "“Aurora licence (version 1)” accepted" in go(browser, "request", case.pk).content.decode()
    assert "You have accepted this version" in go(browser, "licence", case.pk).content.decode()


def test_accepting_twice_goes_on_as_accepting_once(begun: AccessRequest, stage: Stage, browser: Client) -> None:
    """A button pressed twice is no conflict."""
    sent = factories.hashes(factories.current_licence(stage))
    answers = [go(browser, "licence", begun.pk, sent) for _twice in range(2)]
    assert {answer["Location"] for answer in answers} == {reverse("web:hand_in", args=[begun.pk])}
    assert Acceptance.objects.count() == 1
    assert 'data-action="accept"' not in go(browser, "request", begun.pk).content.decode()


def test_while_an_answer_is_owed_the_requester_reads_that_the_time_stands_still(
    aurora: Repository, stage: Stage, amara: Viewer, ha: Viewer, chidi: Viewer, browser: Client
) -> None:
    """And by when they answer; a decided case promises nothing more."""
    other = factories.open_stage(aurora, by=amara)
    case = factories.info_requested(stage, ha, by=chidi)
    page = go(browser, "request", case.pk).content.decode()
    assert "the time we promised stands still" in page
    assert "By when?" in page
    denied = factories.denied_finally(other, ha, by=chidi)
    assert "By when?" not in go(browser, "request", denied.pk).content.decode()
