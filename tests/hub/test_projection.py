"""The first questions of a form go to the card at a steward's word, after a dry run, and what changes them is drift."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from gatekeeper.actions import drifts, policies, projections, stages
from gatekeeper.hub import observe, previews, settle
from gatekeeper.hub.card_form import asks
from gatekeeper.models import Drift, Event, RepositoryWish, Stage
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState

from .conftest import LICENCE, Town, hurry
from .test_found import api_of

LINK = "https://gatekeeper.example.org/releases/aurora-lab/aurora-xl/"
CARD = (
    b"\xef\xbb\xbf---\r\nlicense: 'other'  # by hand\r\nextra_gated_heading: \"Ask us\"\r\nextra_gated_fields:\r\n"
    b"  Affiliation: text\r\n\r\n# our tags\r\ntags: [a,   b]\r\n---\r\n# Aurora\r\n"
)


def questions() -> list[dict[str, Any]]:
    """A form with two questions for the Hub and one for here."""
    common = {"required": True, "purpose": "To decide.", "retention_days": 30}
    return [
        {"key": "use", "kind": "short_text", "label": {"en": "Use"}, "hub_label": "Intended use", **common},
        {"key": "land", "kind": "country", "label": {"en": "Country"}, "hub_label": "Country", **common},
        {"key": "why", "kind": "long_text", "label": {"en": "Why"}, **common},
    ]


ASKED = [["Intended use", "text"], ["Country", "country"]]


@pytest.fixture
def stage(town: Town) -> Stage:
    """An open stage with these terms, on a card written by hand in Windows."""
    town.hub.set_repo(town.name, files={"README.md": CARD.decode(), "LICENSE": LICENCE})
    opened = town.start()
    form = policies.draft_form(town.publisher, by=town.owner, title="Form", questions_asked=questions())
    assert opened.policy is not None
    policies.publish_policy(
        opened,
        by=town.owner,
        form=policies.publish_form(form, by=town.owner),
        licence_version=opened.policy.licence_version,
    )
    observe.observe_all()
    settle.settle_due()
    return opened


def card_of(town: Town) -> bytes:
    """The card as the Hub has it."""
    return town.client.file("model", town.name, "README.md") or b""


def projected(town: Town, stage: Stage) -> None:
    """The steward said the word and the worker wrote."""
    projections.project_form(stage, by=town.owner, card_link=LINK)
    settle.settle_due()


def changed_by_hand(town: Town, old: bytes, new: bytes) -> None:
    """Somebody edits the card on the Hub, and it is read again."""
    town.hub.set_repo(town.name, files={"README.md": card_of(town).replace(old, new).decode()})
    hurry(1_000_000)
    observe.observe_all()


def drift_of(town: Town) -> list[str]:
    """The kinds of drift that wait."""
    return sorted(Drift.objects.waiting().filter(repository=town.repository).values_list("kind", flat=True))


def test_only_our_keys_of_the_card_change(town: Town, stage: Stage) -> None:
    """Byte for byte: the heading, the comments, the line ends and the byte-order mark stand; no drift comes of it."""
    projected(town, stage)
    after = card_of(town)
    begin, end = CARD.index(b"extra_gated_fields"), CARD.index(b"\r\n# our tags")
    assert after.startswith(CARD[:begin])
    assert CARD[end : CARD.index(b"---\r\n# Aurora")] in after
    assert after.endswith(b"---\r\n# Aurora\r\n")
    assert asks(after) == ASKED
    assert LINK.encode() in after
    wish = RepositoryWish.objects.get(repository=town.repository)
    assert wish.confirmed_at is not None
    hurry(1_000_000)
    observe.observe_all()
    assert drift_of(town) == []
    assert Event.objects.filter(action="stage.project_form", object_id=stage.pk).count() == 1


def test_nothing_is_written_before_the_word(town: Town, stage: Stage) -> None:
    """The dry run shows each line, and that below the front matter nothing changes."""
    before = card_of(town)
    shown = previews.card_preview(town.repository, LINK, ASKED)
    assert '+  "Intended use": text' in shown.diff
    assert "-  Affiliation: text" in shown.diff
    assert not any("Aurora" in line for line in shown.diff)
    assert card_of(town) == before
    assert previews.card_preview(town.repository, "https://x.example/" + "x" * 500, ASKED).finding is not None


def test_other_questions_on_the_card_are_drift(town: Town, stage: Stage) -> None:
    """They can be written again."""
    projected(town, stage)
    changed_by_hand(town, b'"Intended use"', b'"Your use"')
    assert drift_of(town) == ["card_form_changed"]
    drifts.undo(Drift.objects.waiting().get(), by=town.owner)
    settle.settle_due()
    assert asks(card_of(town)) == ASKED
    hurry(1_000_000)
    observe.observe_all()
    assert not Drift.objects.unresolved().exists()


def test_other_questions_can_be_left_as_they_are(town: Town, stage: Stage) -> None:
    """Recorded: nobody here has an opinion on them any more."""
    projected(town, stage)
    changed_by_hand(town, b'"Intended use"', b'"Your use"')
    drifts.record(Drift.objects.waiting().get(), by=town.owner, words="We prefer this label.")
    assert RepositoryWish.objects.get(repository=town.repository).card_fields is None
    settle.settle_due()
    assert b'"Your use"' in card_of(town)


def test_words_of_the_gate_are_drift_of_their_own_kind(town: Town, stage: Stage) -> None:
    """The heading is not ours."""
    projected(town, stage)
    changed_by_hand(town, b"Ask us", b"Ask them")
    assert drift_of(town) == ["gate_text_changed"]


def test_it_is_a_stewards_word_about_an_open_stage(town: Town, stage: Stage) -> None:
    """Whose form has a question for the Hub."""
    with pytest.raises(NotAllowed):
        projections.project_form(stage, by=town.reviewer, card_link=LINK)
    form = policies.draft_form(town.publisher, by=town.owner, title="Here", questions_asked=questions()[2:])
    assert stage.policy is not None
    policies.publish_policy(
        stage,
        by=town.owner,
        form=policies.publish_form(form, by=town.owner),
        licence_version=stage.policy.licence_version,
    )
    with pytest.raises(Unmet, match="No question"):
        projections.project_form(stage, by=town.owner, card_link=LINK)
    stages.pause(stage, by=town.owner)
    with pytest.raises(WrongState, match="open"):
        projections.project_form(stage, by=town.owner, card_link=LINK)


def test_the_page_shows_the_lines_and_takes_the_word(town: Town, stage: Stage) -> None:
    """A card that was changed since is not written."""
    client = Client()
    client.force_login(town.owner.user)  # type: ignore[arg-type]  # the owner has an account
    address = f"/stages/{stage.pk}/card-form/"
    shown = client.get(address)
    assert "Intended use&quot;: text" in shown.content.decode()
    [plan] = shown.context["plans"]
    refused = client.post(address, {f"seen_{town.repository.pk}": "0" * 40}, follow=True)
    assert "A card was changed since you saw it" in refused.content.decode()
    assert RepositoryWish.objects.get(repository=town.repository).card_fields is None
    client.post(address, {f"seen_{town.repository.pk}": plan.commit})
    settle.settle_due()
    assert asks(card_of(town)) == ASKED


def test_the_api_does_the_same(town: Town, stage: Stage) -> None:
    """A dry run, then the word with the commits that were seen."""
    api, address = api_of(town.owner), f"/api/v1/stages/{stage.pk}/card-form/"
    plan = api.get(address, {"card_link": LINK}).json()
    assert plan["questions"] == ["Intended use", "Country"]
    [card] = plan["cards"]
    assert card["cannot"] == ""
    assert any("Intended use" in line for line in card["diff"])
    asked = {"card_link": LINK, "seen": {str(town.repository.pk): "0" * 40}}
    assert api.post(address, asked, format="json").status_code == 409
    asked["seen"] = {str(town.repository.pk): card["commit"]}
    assert api.post(address, asked, format="json").json() == {"repositories": [town.repository.pk]}
    assert api_of(town.reviewer).get(address, {"card_link": LINK}).status_code == 403
