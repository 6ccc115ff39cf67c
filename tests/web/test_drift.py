"""The drift inbox: who sees what differs, and what is done about it on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Drift, Grant, Repository, Stage
from tests import factories
from tests.again import once

from .conftest import Browse


@pytest.fixture
def browser(browse: Browse, amara: Viewer) -> Client:
    """Amara's browser."""
    return browse(amara)


@pytest.fixture
@once
def ghost(stage: Stage, aurora: Repository, ha: Viewer) -> Drift:
    """Hà, whom somebody let in on the Hub."""
    return factories.drift(aurora, person=ha.person)


def test_the_inbox_says_what_since_when_and_where(browser: Client, ghost: Drift) -> None:
    """Newest first, narrowed by kind and repository; what is over is kept in the history."""
    text = browser.get(reverse("web:drifts")).content.decode()
    assert "Access that nobody gave here" in text
    assert "critical" in text
    assert ghost.repository.name in text
    assert "Nothing differs" in browser.get(reverse("web:drifts"), {"kind": "mode_changed"}).content.decode()
    assert browser.get(reverse("web:drifts"), {"repository": 10**9}).status_code == 404
    assert browser.get(reverse("web:drifts"), {"repository": "x"}).status_code == 404


def test_it_is_not_there_for_strangers_and_not_about_oneself(
    browse: Browse, ghost: Drift, ha: Viewer, amara: Viewer
) -> None:
    """Who applies sees no inbox; a reviewer who was let in by hand does not see their own."""
    for page in (reverse("web:drifts"), reverse("web:drift", args=[ghost.pk])):
        assert browse(ha).get(page).status_code == 404
    factories.appointed(ghost.repository.publisher, ha, "reviewer", by=amara)
    assert browse(ha).get(reverse("web:drift", args=[ghost.pk])).status_code == 404
    assert "Nothing differs" in browse(ha).get(reverse("web:drifts")).content.decode()


def test_a_steward_records_it_with_words(browser: Client, ghost: Drift) -> None:
    """The page says what that means first; words are needed."""
    page = reverse("web:record_drift", args=[ghost.pk])
    assert "marked as imported" in browser.get(page).content.decode()
    assert browser.post(page, {"words": ""}).status_code == 422
    assert browser.post(page, {"words": "Agreed by mail."}).status_code == 302
    assert Grant.objects.get().is_imported
    text = browser.get(reverse("web:drift", args=[ghost.pk])).content.decode()
    assert "Agreed by mail." in text
    assert "recorded" in text
    assert browser.get(page).status_code == 302


def test_a_steward_undoes_it(browser: Client, ghost: Drift) -> None:
    """After a look at what that does."""
    page = reverse("web:undo_drift", args=[ghost.pk])
    assert "Their access on the Hub ends" in browser.get(page).content.decode()
    assert browser.post(page).status_code == 302
    assert Drift.objects.get().status == "repairing"
    assert browser.post(page).status_code == 409


def test_an_owner_allows_it_until_a_day(browser: Client, ghost: Drift) -> None:
    """A day that lies before today, or too far off, is refused at its field."""
    page = reverse("web:allow_drift", args=[ghost.pk])
    assert browser.post(page, {"until": "", "words": "Audit."}).status_code == 422
    assert browser.post(page, {"until": "2020-01-01", "words": "Audit."}).status_code == 422
    until = (timezone.now() + timedelta(days=9)).date()
    assert browser.post(page, {"until": until.isoformat(), "words": "Audit."}).status_code == 302
    assert Drift.objects.get().status == "excepted"
    assert "Allowed until" in browser.get(reverse("web:drift", args=[ghost.pk])).content.decode()


def test_access_taken_away_is_recorded_with_reasons(browser: Client, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """As a revocation is."""
    factories.active_grant(stage, ha, by=chidi)
    found = factories.drift(stage.repositories.get(), "missing_access", ha.person)
    page = reverse("web:record_drift", args=[found.pk])
    assert browser.post(page, {"words": "They left."}).status_code == 422
    assert browser.post(page, {"words": "They left.", "codes": ["PRIOR_BREACH"]}).status_code == 302
    assert Grant.objects.get().status == "revoked"


def test_the_case_says_that_its_person_was_let_in_on_the_hub(
    browse: Browse, stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """With the way to record or undo it."""
    case = factories.in_review(stage, ha, by=chidi)
    found = factories.drift(stage.repositories.get(), person=ha.person)
    text = browse(chidi).get(reverse("web:case", args=[case.pk])).content.decode()
    assert reverse("web:drift", args=[found.pk]) in text
    text = browse(chidi).get(reverse("web:drift", args=[found.pk])).content.decode()
    assert reverse("web:case", args=[case.pk]) in text or "data-action" not in text


def test_many_are_ended_together_after_a_look_at_them(browser: Client, stage: Stage, aurora: Repository) -> None:
    """Whoever came since the look is not ended with them, and the number has to be the one that was shown."""
    for name in ("aa", "bb", "cc"):
        factories.drift(aurora, person=factories.hub_person(name))
    page = reverse("web:undo_ghosts", args=[aurora.pk])
    shown = browser.get(page)
    assert "End the access of 3 people" in shown.content.decode()
    last = shown.context["last"]
    late = factories.drift(aurora, person=factories.hub_person("dd"))
    assert browser.post(page, {"confirmed": "3", "last": str(last)}).status_code == 302
    assert Drift.objects.filter(status="repairing").count() == 3
    assert Drift.objects.get(pk=late.pk).status == "open"


def test_many_are_refused_with_another_number(
    browser: Client, browse: Browse, stage: Stage, aurora: Repository, chidi: Viewer, settings: object
) -> None:
    """A number that was not shown ends nobody's access; a reviewer does not get that far."""
    settings.GUARD_REMOVALS = 1  # type: ignore[attr-defined]
    found = [factories.drift(aurora, person=factories.hub_person(name)) for name in ("aa", "bb")]
    page = reverse("web:undo_ghosts", args=[aurora.pk])
    assert browser.post(page, {"confirmed": "7", "last": str(found[-1].pk)}).status_code == 422
    assert browse(chidi).get(page).status_code == 404
    assert not Drift.objects.exclude(status="open").exists()


def test_an_owner_lets_a_repository_enforce(browser: Client, stage: Stage, aurora: Repository) -> None:
    """Not before seven days, and the page says so beside the button."""
    text = browser.get(reverse("web:repository", args=[aurora.pk])).content.decode()
    assert "Watch first" in text
    assert browser.post(reverse("web:enforce", args=[aurora.pk]), {"on": "yes"}).status_code == 422
    Repository.objects.update(guarded_since=timezone.now() - timedelta(days=8))
    assert browser.post(reverse("web:enforce", args=[aurora.pk]), {"on": "yes"}).status_code == 302
    assert "Ask before undoing" in browser.get(reverse("web:repository", args=[aurora.pk])).content.decode()
    assert browser.post(reverse("web:enforce", args=[aurora.pk]), {"on": "no"}).status_code == 302
    assert Repository.objects.get().enforced_since is None


def test_the_inbox_costs_the_same_at_any_length(
    browser: Client, stage: Stage, aurora: Repository, django_assert_max_num_queries: object
) -> None:
    """A page of many rows asks no more than a page of few."""
    for number in range(12):
        factories.drift(aurora, person=factories.hub_person(f"p{number}"))
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        browser.get(reverse("web:drifts"))


def test_a_new_owner_is_named_and_not_taken_over(browser: Client, stage: Stage, aurora: Repository) -> None:
    """The page says whose it is now, that whatever is due goes on, and why recording is refused."""
    found = factories.drift(aurora, "repository_moved", owner="another")
    text = browser.get(reverse("web:drift", args=[found.pk])).content.decode()
    assert "another one" in text
    assert "still the old name" in text
    assert "belongs to another owner" in text
    page = reverse("web:record_drift", args=[found.pk])
    assert browser.post(page, {"words": "Ours."}).status_code == 422
    assert Repository.objects.get().name == "aurora-lab/aurora-xl"


def test_a_new_name_of_the_same_owner_is_taken_over(browser: Client, stage: Stage, aurora: Repository) -> None:
    """After a look at what that does; one that was taken over already is only noted."""
    found = factories.drift(aurora, "repository_moved")
    page = reverse("web:record_drift", args=[found.pk])
    assert "called aurora-next/aurora-xl from now on" in browser.get(page).content.decode()
    assert browser.post(page, {"words": "We have a new name."}).status_code == 302
    assert Repository.objects.get().name == "aurora-next/aurora-xl"
    followed = factories.drift(aurora, "repository_moved", owner="same", followed=True)
    assert "taken over at once" in browser.get(reverse("web:drift", args=[followed.pk])).content.decode()
    page = reverse("web:record_drift", args=[followed.pk])
    assert "taken over already" in browser.get(page).content.decode()


def test_members_who_pass_are_named(browser: Client, stage: Stage, aurora: Repository) -> None:
    """The newest of them, and how many more there are; they are accepted as they are."""
    found = factories.drift(aurora, "members_bypass", members=7, new=1)
    text = browser.get(reverse("web:drift", args=[found.pk])).content.decode()
    assert "mia, noor, and 5 more" in text
    assert "when it was first seen" in text
    assert "1 of them new" in text
    page = reverse("web:record_drift", args=[found.pk])
    assert "as soon as there is somebody new" in browser.get(page).content.decode()
    assert browser.post(page, {"words": "They built it."}).status_code == 302
    cut = factories.drift(aurora, "members_bypass", members=5000, more=True)
    text = browser.get(reverse("web:drift", args=[cut.pk])).content.decode()
    assert "5000 and more" in text.replace(",", "").replace("\u202f", "")
    assert "mia, noor, and more" in text


def test_an_account_that_is_gone_ends_the_grants_when_it_is_recorded(
    browser: Client, stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """With reasons, as every decision."""
    factories.active_grant(stage, ha, by=chidi)
    found = factories.drift(stage.repositories.get(), "account_gone", ha.person, was="ha")
    page = reverse("web:record_drift", args=[found.pk])
    assert "Should the account come back" in browser.get(page).content.decode()
    assert browser.post(page, {"words": "Gone."}).status_code == 422
    assert browser.post(page, {"words": "Gone.", "codes": ["NO_RESPONSE"]}).status_code == 302
    assert Grant.objects.get().status == "revoked"


def test_the_case_says_that_its_person_has_another_name(
    browse: Browse, stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Both names, for the reviewer to judge; noting it changes nothing."""
    case = factories.in_review(stage, ha, by=chidi)
    found = factories.drift(stage.repositories.get(), "account_renamed", ha.person, was="ha", **{"is": "ha-nguyen"})
    text = browse(chidi).get(reverse("web:case", args=[case.pk])).content.decode()
    assert "Was: ha. Is: ha-nguyen." in text
    assert "Look at it" in text
    page = reverse("web:record_drift", args=[found.pk])
    assert "Nothing else changes" in browse(amara).get(page).content.decode()
    assert browse(amara).post(page, {"words": "She told us."}).status_code == 302
    lost = factories.drift(stage.repositories.get(), "account_renamed", ha.person, was="ha", **{"is": ""})
    text = browse(amara).get(reverse("web:drift", args=[lost.pk])).content.decode()
    assert "another account has their name" in text
