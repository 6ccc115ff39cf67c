"""What must not be read on a page: private notes and names (invariant 19), and what is not for all eyes (29)."""

from __future__ import annotations

from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.models import AccessRequest, Repository, Stage
from tests import factories

from .conftest import Browse

PAGES_OF_A_FLAGGED_RELEASE = ("release", "stage_licence", "start")


def read(browse: Browse, who: Viewer | None, name: str, *args: object) -> str:
    """The source of a page."""
    return browse(who).get(reverse(f"web:{name}", args=args)).content.decode()


def test_invariant_19_a_requester_never_reads_a_private_note(
    aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer, dana: Viewer, browse: Browse
) -> None:
    """A note of one reviewer is read by the others, and by nobody else."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    case = factories.in_review(stage, ha, by=chidi)
    reviews.recommend(case, by=chidi, note="Knows the group from Hanoi.")
    reviews.note(case, by=chidi, words="Counsel has looked at it.")
    for words in ("Knows the group", "Counsel has looked"):
        assert words in read(browse, dana, "case", case.pk)
        for page in (read(browse, ha, "request", case.pk), read(browse, ha, "my_access"), read(browse, ha, "home")):
            assert words not in page


def test_invariant_19_a_requester_never_reads_who_reviewed(
    case: AccessRequest, ha: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """Questions and decisions are the publisher's; names of its people are told to its own side."""
    reviews.ask_back(case, by=chidi, words="Which streets?")
    requests.answer_back(case, by=ha, words="Those of Hanoi.")
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.")
    page = read(browse, ha, "request", case.pk)
    assert "Which streets?" in page
    assert "Say more." in page
    assert "chidi" not in page
    assert "chidi" in read(browse, chidi, "case", case.pk)


def test_invariant_19_a_member_who_applied_sees_the_own_case_as_a_requester(
    stage: Stage, bram: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """Working for a publisher opens no back door into one's own case."""
    case = factories.in_review(stage, bram, by=chidi)
    answer = browse(bram).get(reverse("web:case", args=[case.pk]))
    assert answer["Location"] == reverse("web:request", args=[case.pk])
    assert "chidi" not in read(browse, bram, "request", case.pk)


def test_invariant_29_a_flagged_release_asks_first_on_every_page(flagged: Stage, ha: Viewer, browse: Browse) -> None:
    """What it is stays out of the source until somebody has said that they want to see it, and then for the session."""
    release = flagged.release
    addresses = [
        reverse("web:release", args=[release.publisher.name, release.slug]),
        reverse("web:stage_licence", args=[flagged.pk]),
        reverse("web:start", args=[flagged.pk]),
    ]
    browser = browse(ha)
    for where in addresses:
        hidden = browser.get(where).content.decode()
        assert "Not for all audiences" in hidden
        for secret in ("A dataset of faces", "aurora-xl", "You may use the model", "Research access"):
            assert secret not in hidden, where
    assert "A dataset of faces" not in browser.get(reverse("web:catalogue")).content.decode()
    assert "A dataset of faces" not in browser.get(reverse("web:home")).content.decode()
    shown = browser.post(reverse("web:show", args=[release.pk]), {"next": addresses[0]})
    assert shown["Location"] == addresses[0]
    assert "A dataset of faces" in browser.get(addresses[0]).content.decode()
    assert "You may use the model" in browser.get(addresses[1]).content.decode()
    assert "A dataset of faces" not in browse(ha).get(addresses[0]).content.decode()


def test_invariant_29_the_warning_leads_nowhere_else(flagged: Stage, browse: Browse) -> None:
    """An address of another site is not followed."""
    answer = browse(None).post(
        reverse("web:show", args=[flagged.release.pk]), {"next": "https://elsewhere.example/steal"}
    )
    assert answer["Location"] == reverse("web:catalogue")


def test_a_requester_never_reads_the_name_of_a_state(
    stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """Every standing is told in words."""
    factories.denied_correctably(stage, ines, by=chidi)
    factories.info_requested(stage, ha, by=chidi)
    for who, words in ((ines, "Changes needed"), (ha, "We asked you something")):
        page = read(browse, who, "mine")
        assert words in page
        assert "_" not in page.partition("<main")[2].partition("</main>")[0].replace('data-label="', "")
