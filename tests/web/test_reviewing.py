"""The queue and the case: what waits, and deciding on exactly what was on screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.models import AccessRequest, Decision, Grant, Repository, Stage
from gatekeeper.web import finding
from tests import factories

from .conftest import Browse


@pytest.fixture
def browser(browse: Browse, chidi: Viewer) -> Client:
    """Chidi's browser."""
    return browse(chidi)


def send(browser: Client, name: str, case: AccessRequest, form: str = "", **sent: Any) -> Any:
    """Send a form of a case, as it stands on the page now."""
    named = {f"{form}-{key}" if form else key: value for key, value in sent.items()}
    if form and f"{form}-seen" not in named:
        named[f"{form}-seen"] = case.submission_id
    return browser.post(reverse(f"web:{name}", args=[case.pk]), named)


def listed(browser: Client, **asked: Any) -> str:
    """The table of the queue, as its source."""
    page = browser.get(reverse("web:queue"), asked).content.decode()
    return page.partition("<table")[2].partition("</table>")[0]


# The queue


def test_it_shows_each_case_in_the_views_that_it_belongs_to(
    stage: Stage, ha: Viewer, ines: Viewer, juma: Viewer, chidi: Viewer, browser: Client
) -> None:
    """Unassigned, mine, waiting for the requester, all: each case stands where it is looked for."""
    factories.submitted(stage, ha)
    factories.in_review(stage, ines, by=chidi)
    factories.info_requested(stage, juma, by=chidi)
    views = {
        "unassigned": {"ha-nguyen"},
        "mine": {"ines"},
        "requester": {"juma"},
        "soon": set(),
        "breached": set(),
        "all": {"ha-nguyen", "ines", "juma"},
        "every": {"ha-nguyen", "ines", "juma"},
    }
    for view, people in views.items():
        table = listed(browser, view=view)
        assert {name for name in ("ha-nguyen", "ines", "juma") if f">{name}</a>" in table} == people, view


def test_it_shows_what_is_due_and_what_is_late(stage: Stage, ha: Viewer, ines: Viewer, browser: Client) -> None:
    """A promise that falls due within a day, and one that is broken."""
    late, soon = factories.submitted(stage, ha), factories.submitted(stage, ines)
    AccessRequest.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=1))
    AccessRequest.objects.filter(pk=soon.pk).update(due_at=timezone.now() + timedelta(hours=5))
    assert "ha-nguyen" in listed(browser, view="breached")
    assert "ines" not in listed(browser, view="breached")
    assert "ines" in listed(browser, view="soon")
    requests.note_breaches()
    assert ">late</span>" in listed(browser, view="breached")


def test_it_filters_by_name_stage_and_origin(
    stage: Stage, aurora: Repository, amara: Viewer, ha: Viewer, ines: Viewer, browser: Client
) -> None:
    """Filters stand in the address and narrow any view."""
    other = factories.open_stage(aurora, by=amara)
    factories.submitted(stage, ha)
    factories.submitted(other, ines)
    assert "ines" not in listed(browser, q="HA-")
    assert "ha-nguyen" in listed(browser, q="HA-")
    assert "ha-nguyen" not in listed(browser, stage=other.pk)
    assert "ines" in listed(browser, stage=other.pk)
    assert listed(browser, origin="hub") == ""
    assert "No case matches these filters." in browser.get(reverse("web:queue"), {"q": "zz"}).content.decode()


def test_an_empty_queue_says_so(stage: Stage, browser: Client) -> None:
    """And an unknown view or cursor is not there."""
    assert "Nobody waits for a reviewer." in browser.get(reverse("web:queue")).content.decode()
    assert browser.get(reverse("web:queue"), {"view": "nonsense"}).status_code == 404
    assert browser.get(reverse("web:queue"), {"after": "nonsense"}).status_code == 404


def test_it_pages_by_what_was_last_seen(stage: Stage, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page begins after the last row; nobody stands on both, and nobody is left out."""
    monkeypatch.setitem(finding.paged.__kwdefaults__, "size", 5)
    names = [f"person-{number:03}" for number in range(7)]
    for name in names:
        factories.submitted(stage, factories.account(name))
    first = browser.get(reverse("web:queue")).content.decode()
    cursor = first.partition("after=")[2].partition('"')[0].partition("&")[0]
    second = listed(browser, after=cursor)
    on_first = {name for name in names if f">{name}</a>" in first}
    on_second = {name for name in names if f">{name}</a>" in second}
    assert (len(on_first), len(on_second)) == (5, 2)
    assert on_first | on_second == set(names)


def test_the_queue_costs_the_same_at_any_size(
    stage: Stage, browser: Client, django_assert_max_num_queries: Any
) -> None:
    """At most twelve statements, with two cases and with twelve, in every view."""
    for count in (2, 10):
        for _one in range(count):
            factories.submitted(stage, factories.account(f"p{AccessRequest.objects.count()}"))
        for view in ("unassigned", "mine", "all", "every"):
            with django_assert_max_num_queries(12):
                assert browser.get(reverse("web:queue"), {"view": view}).status_code == 200


# Deciding


def test_it_approves_with_one_button(case: AccessRequest, browser: Client) -> None:
    """The form is ready to send: the reason ticked, the words written."""
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert 'value="ELIGIBLE"' in page
    assert f'name="approve-seen" value="{case.submission_id}"' in page
    answer = send(
        browser, "approve", case, "approve", codes=["ELIGIBLE_WITH_CONDITIONS"], conditions="SLD strong\n\nNo faces\n"
    )
    assert answer["Location"] == reverse("web:case", args=[case.pk])
    grant = Grant.objects.get()
    assert grant.conditions == ["SLD strong", "No faces"]
    decision = Decision.objects.get()
    assert decision.words == "You have access under the conditions named in the decision."
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert "the Hub is being told" in page
    factories.confirmed(grant)
    assert "confirmed" in browser.get(reverse("web:case", args=[case.pk])).content.decode()


def test_it_refuses_to_decide_on_what_is_stale(
    stage: Stage, case: AccessRequest, ha: Viewer, chidi: Viewer, dana: Viewer, browse: Browse
) -> None:
    """Invariant 16: who had an older submission on screen is told to look again, and nothing is changed."""
    seen = case.submission_id
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="More.", reopened=())
    requests.answer(case, by=ha, answers={"use": "Something else."})
    again = reviews.take(requests.resubmit(case, by=ha), by=chidi)
    answer = send(browse(dana), "approve", again, "approve", codes=["ELIGIBLE"], words="Fine.", seen=seen)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Look again, then decide." in page
    assert reverse("web:case", args=[case.pk]) in page
    assert not Grant.objects.exists()
    without = send(browse(dana), "approve", again, "approve", codes=["ELIGIBLE"], words="Fine.", seen="")
    assert without.status_code == 409


def test_a_second_decision_is_a_conflict(case: AccessRequest, dana: Viewer, browser: Client, browse: Browse) -> None:
    """Two reviewers press at the same moment: one decides, the other is told."""
    assert send(browser, "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.").status_code == 302
    late = send(browse(dana), "deny_finally", case, "final", codes=["AGE"], words="No.")
    assert late.status_code == 409
    assert "Approved" in late.content.decode()
    assert Decision.objects.count() == 1


def test_it_asks_for_changes_with_reasons_and_named_answers(case: AccessRequest, browser: Client) -> None:
    """Words that are left empty are those that the reasons bring with them."""
    answer = send(browser, "deny_correctably", case, "changes", codes=["USE_THIN"], reopened=["use"])
    assert answer.status_code == 302
    decision = Decision.objects.get()
    assert decision.reopened == ["use"]
    assert str(decision.words).startswith("Say what you will build or measure")


def test_it_wants_a_reason(case: AccessRequest, browser: Client) -> None:
    """A decision without a reason is refused at its field; what was written stays."""
    answer = send(browser, "deny_finally", case, "final", words="Because I say so.")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose at least one reason." in page
    assert "Because I say so." in page
    assert not Decision.objects.exists()


def test_it_takes_no_reason_that_does_not_fit(case: AccessRequest, browser: Client) -> None:
    """An approval is not explained by a denial's reason, whatever a script sends."""
    answer = send(browser, "approve", case, "approve", codes=["AGE"], words="Hm.")
    assert answer.status_code == 422
    assert not Decision.objects.exists()


def test_it_asks_a_question(case: AccessRequest, browser: Client) -> None:
    """A question needs words."""
    assert send(browser, "ask_back", case, "ask", words=" ").status_code == 422
    assert send(browser, "ask_back", case, "ask", words="Which streets?").status_code == 302
    assert "Waiting for the requester" in browser.get(reverse("web:case", args=[case.pk])).content.decode()


def test_it_keeps_a_private_note(case: AccessRequest, browser: Client) -> None:
    """Other reviewers read it in the history, marked as private; a note needs words."""
    assert send(browser, "note", case, "note", words=" ").status_code == 422
    assert send(browser, "note", case, "note", words="Counsel has looked at it.").status_code == 302
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert "Counsel has looked at it." in page
    assert "private</span>" in page


def test_it_says_how_the_clock_of_the_promise_is(
    stage: Stage, aurora: Repository, kiri: Any, case: AccessRequest, ha: Viewer, browser: Client
) -> None:
    """It runs, begins once the request is finished, stands still while the requester owes an answer, and is over."""

    def shown(about: AccessRequest) -> str:
        page = browser.get(reverse("web:case", args=[about.pk])).content.decode()
        return page.partition("Answer promised by</dt>")[2].partition("</dd>")[0]

    assert "UTC" in shown(case)
    assert "The clock begins when the request is finished here." in shown(factories.brought_in(aurora, kiri))
    send(browser, "ask_back", case, "ask", words="Which streets?")
    assert "The clock stands still" in shown(case)
    assert "The clock stands still" in listed(browser, view="requester")
    requests.answer_back(case, by=ha, words="Those of Hanoi.")
    assert "The clock stands still" not in shown(case)
    send(browser, "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.")
    assert shown(case) == ""
    assert "UTC" not in listed(browser, view="every", q="ha-nguyen")


def test_it_takes_what_came_complete_from_the_hub(
    aurora: Repository, amara: Viewer, kiri: Any, browser: Client
) -> None:
    """One button, to take it; putting back comes after that."""
    factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    case = factories.brought_in(aurora, kiri)
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert 'data-action="take"' in page
    assert 'data-action="put_back"' not in page
    assert send(browser, "take", case).status_code == 302
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert 'data-action="take"' not in page
    assert 'data-action="put_back"' in page


def test_it_takes_a_case_and_puts_it_back(stage: Stage, ha: Viewer, browser: Client) -> None:
    """Two buttons, one at a time."""
    case = factories.submitted(stage, ha)
    assert 'data-action="approve"' not in browser.get(reverse("web:case", args=[case.pk])).content.decode()
    send(browser, "take", case)
    assert "chidi" in listed(browser, view="mine")
    assert send(browser, "take", case).status_code == 409
    send(browser, "put_back", case)
    assert "ha-nguyen" in listed(browser, view="unassigned")


def test_it_says_why_a_button_does_not_work(
    aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer, dana: Viewer, browse: Browse
) -> None:
    """Where two have to agree, the first one sees what is missing, and can recommend."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    case = factories.in_review(stage, ha, by=chidi)
    page = browse(chidi).get(reverse("web:case", args=[case.pk])).content.decode()
    assert "independent approval of more than one reviewer" in page
    assert send(browse(chidi), "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.").status_code == 422
    assert send(browse(chidi), "recommend", case, "recommend", words="Knows the field.").status_code == 302
    assert send(browse(dana), "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.").status_code == 302


def test_nobody_decides_on_their_own_request(stage: Stage, chidi: Viewer, dana: Viewer, browse: Browse) -> None:
    """Invariant 14: same account or same Hub id."""
    case = factories.in_review(stage, chidi, by=dana)
    answer = send(browse(chidi), "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.")
    assert answer.status_code == 403
    assert not Decision.objects.exists()


def test_a_case_from_the_hub_shows_its_answers_and_the_weaker_proof(
    aurora: Repository, amara: Viewer, kiri: Any, browser: Client
) -> None:
    """Where the Hub's form is enough, the case can be approved as it came."""
    factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    case = factories.brought_in(aurora, kiri)
    page = browser.get(reverse("web:case", args=[case.pk])).content.decode()
    assert "accepted on the Hub (the weaker proof)" in page
    assert 'data-action="approve"' in page
    assert send(browser, "approve", case, "approve", codes=["ELIGIBLE"], words="Yes.").status_code == 302
