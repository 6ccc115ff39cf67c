"""The pages of licences: drafted, read, published, compared; read in plain words, accepted in a translation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import licences, requests
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Acceptance, Fragment, Grant, Licence, LicenceVersion, Repository, Stage
from gatekeeper.rules.licensing import raw_hash
from tests import factories

from .conftest import Browse

FACTS = {
    "family": "rail",
    "revocable": "no",
    "latest_version": "none",
    "remote_restriction": "everywhere",
    "deletion_at_end": "no",
}
RAIL: dict[str, Any] = {"identifier": "openrail++", "title": "Aurora RAIL"}


def go(browser: Client, page: str, /, *args: Any, **sent: Any) -> Any:
    """Open a page, or send its form."""
    where = reverse(f"web:{page}", args=args)
    return browser.post(where, sent) if sent else browser.get(where)


@pytest.fixture
def counsel(ewa: Viewer, browse: Browse) -> Client:
    """Ewa is counsel."""
    return browse(ewa)


def drafted(publisher: Publisher, by: Viewer, **more: Any) -> LicenceVersion:
    """A draft of the next version of the RAIL licence."""
    return licences.draft_licence_version(publisher, by=by, **{"text": b"Be good.", **RAIL, **more})


def test_counsel_takes_a_text_says_what_it_says_and_publishes_it(aurora_lab: Publisher, counsel: Client) -> None:
    """Three pages: the text, its facts filled in from what is known, the draft as it will be read."""
    made = go(counsel, "new_licence", "aurora-lab", **RAIL, text="Be good.\r\nAlways.", language="en")
    draft = LicenceVersion.objects.get()
    assert made["Location"] == reverse("web:licence_facts", args=[draft.pk])
    facts = go(counsel, "licence_facts", draft.pk).content.decode()
    assert 'value="medical-advice"' in facts
    assert facts.count("checked") == 11 + 4, "what is known of the RAIL family: its restrictions and its duties"
    said = FACTS | {
        "restrictions": ["law", "minors"],
        "flow_down": ["restrictions"],
        "territory_except": "fr, EU",
        "documents": f"https://example.org/aup | Acceptable use | {'a' * 64}\n",
    }
    assert go(counsel, "licence_facts", draft.pk, **said)["Location"] == reverse("web:licence_version", args=[draft.pk])
    page = go(counsel, "licence_version", draft.pk).content.decode()
    draft.refresh_from_db()
    for words in (
        "Nobody accepts a draft.",
        draft.text_sha256,
        draft.normalised_sha256,
        "Open access with use restrictions (RAIL)",
        "The licence cannot be taken back.",
        "It does not hold in: France, the European Union.",
        "Acceptable use",
        "Pass the use restrictions on",
    ):
        assert words in page, words
    assert "open source" not in page.lower()
    assert go(counsel, "publish_licence", draft.pk, seen="0" * 64).status_code == 409
    assert go(counsel, "publish_licence", draft.pk, seen=draft.digest).status_code == 302
    draft.refresh_from_db()
    assert draft.is_published
    assert "Aurora RAIL" in go(counsel, "licences", "aurora-lab").content.decode()
    for page_of_drafts in ("licence_facts", "discard_licence"):
        assert go(counsel, page_of_drafts, draft.pk).status_code == 404


def test_a_text_is_taken_from_the_repository_at_its_commit(
    sandbox: SandboxControl, aurora: Repository, counsel: Client, amara: Viewer
) -> None:
    """Byte for byte, with the path and the commit; a Hub without a licence file is said so at the field."""
    sandbox.add_user("amara-owner", token="hf_aurora", id=factories.hub_id("owner"))
    sandbox.add_org("aurora-lab", {"amara-owner": "admin"})
    sandbox.create_repo(aurora.name, gated="manual", files={"LICENSE": "Be good.\r\n"}, by="amara-owner")
    asked = {**RAIL, "repository": aurora.pk, "language": "en"}
    refused = go(counsel, "new_licence", "aurora-lab", **asked)
    assert refused.status_code == 422, "the token of the factory is unknown to this Hub"
    aurora.token = factories.people_verbs.keep_token(aurora.publisher, by=amara, secret="hf_aurora")
    aurora.save(update_fields=["token"])
    assert go(counsel, "new_licence", "aurora-lab", **asked).status_code == 302
    draft = LicenceVersion.objects.get()
    assert (bytes(draft.text), draft.source_path) == (b"Be good.\r\n", "LICENSE")
    assert (draft.source_repository, len(draft.source_commit)) == (aurora, 40)


def test_a_refused_form_says_so_at_its_field(aurora_lab: Publisher, ewa: Viewer, counsel: Client) -> None:
    """And keeps what was sent."""
    draft = drafted(aurora_lab, ewa)
    answer = go(counsel, "licence_facts", draft.pk, **FACTS, documents="ftp://example.org")
    assert (answer.status_code, "This value does not fit." in answer.content.decode()) == (422, True)
    assert "ftp://example.org" in answer.content.decode()
    again = counsel.get(reverse("web:new_licence", args=["aurora-lab"]), {"after": draft.licence_id})
    assert 'value="Aurora RAIL"' in again.content.decode()
    assert counsel.get(reverse("web:new_licence", args=["aurora-lab"]), {"after": "x"}).status_code == 200


def test_it_shows_what_changed_clause_by_clause(aurora_lab: Publisher, ewa: Viewer, counsel: Client) -> None:
    """With the reasons why it is at least material; a lower class is neither offered nor taken (invariant 22)."""
    first = licences.publish_licence_version(
        aurora_lab, by=ewa, text=b"Be good to all.\n\nKeep the notices.", restrictions=["law"], **RAIL
    )
    draft = drafted(aurora_lab, ewa, text=b"Be kind to all.\n\nKeep the notices.", restrictions=["law", "malware"])
    changes = go(counsel, "licence_changes", draft.pk).content.decode()
    assert "<del>good</del><ins>kind</ins>" in changes
    assert "1 clause is unchanged" in changes
    assert "A use restriction more: Do not make malware." in changes
    page = go(counsel, "licence_version", draft.pk).content.decode()
    assert 'value="material"' in page
    assert 'value="clarifying"' not in page
    lowered = go(counsel, "publish_licence", draft.pk, seen=draft.digest, change_class="clarifying")
    assert lowered.status_code == 422
    assert "never better" in lowered.content.decode()
    assert go(counsel, "publish_licence", draft.pk, seen=draft.digest).status_code == 302
    assert go(counsel, "licence_changes", first.pk).status_code == 404, "nothing came before it"


def test_a_draft_is_discarded_and_is_nobody_elses(
    aurora_lab: Publisher, ewa: Viewer, chidi: Viewer, juma: Viewer, counsel: Client, browse: Browse
) -> None:
    """A reviewer reads it and may not; others find nothing."""
    draft = drafted(aurora_lab, ewa)
    pages = ("licence_version", "licence_facts", "discard_licence")
    for page in pages:
        assert go(browse(juma), page, draft.pk).status_code == 404
        assert go(browse(chidi), page, draft.pk).status_code == 200
    assert browse(juma).post(reverse("web:publish_licence", args=[draft.pk])).status_code == 404
    assert go(browse(chidi), "discard_licence", draft.pk, yes="1").status_code == 403
    assert go(browse(chidi), "publish_licence", draft.pk, seen=draft.digest).status_code == 403
    assert go(counsel, "discard_licence", draft.pk, yes="1").status_code == 302
    assert not LicenceVersion.objects.exists()
    assert Licence.objects.exists()


def test_invariant_21_a_translation_is_accepted_with_the_text_that_binds(
    stage: Stage, ha: Viewer, amara: Viewer, browse: Browse
) -> None:
    """Both are on the page; the acceptance names the translation, and the fragment holds what was shown."""
    french = b"Soyez sages, toujours."
    version = licences.publish_licence_version(
        stage.release.publisher, by=amara, text=b"Be good.", restrictions=[], translations={"fr": french}, **RAIL
    )
    in_force = stage.policy
    assert in_force is not None
    factories.policies.publish_policy(stage, by=amara, form=in_force.form, licence_version=version)
    case = requests.start(stage, by=ha)
    browser = browse(ha)
    where = reverse("web:licence", args=[case.pk])
    binding = browser.get(where).content.decode()
    assert "Only the text in this language binds: English." in binding
    assert "Soyez sages" not in binding
    page = browser.get(where, {"text": "fr"}).content.decode()
    assert ("Soyez sages, toujours." in page, "Be good." in page, 'lang="fr"' in page) == (True, True, True)
    assert "What accepting ends, and what it does not" in page
    browser.post(where, {**factories.hashes(version), "text_language": "fr"})
    acceptance = Acceptance.objects.get(person=ha.person)
    assert (acceptance.text_sha256, acceptance.text_language) == (version.text_sha256, "fr")
    assert acceptance.translation_sha256 == raw_hash(french)
    shown = Fragment.objects.get(sha256=acceptance.rendered_sha256).html
    assert "Soyez sages" in shown
    assert "Be good." in shown
    assert acceptance.receipt.body.count(raw_hash(french)) == 1
    public = browse(None).get(reverse("web:stage_licence", args=[stage.pk]), {"text": "fr"})
    assert "Soyez sages" in public.content.decode()


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"revocable": "no", "deletion_at_end": "no"}, "The licence does not end: it cannot be taken back"),
        ({"revocable": "on_breach", "deletion_at_end": "yes"}, "The licence ends only if it was broken"),
        ({"revocable": "yes", "deletion_at_end": "yes"}, "copies already held have to be deleted"),
    ],
)
def test_revoking_says_what_it_ends(
    aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer, browse: Browse, profile: dict[str, str], words: str
) -> None:
    """Downloads, the licence, or neither for copies already held: from the profile of what was accepted."""
    stage = factories.open_stage(aurora, by=amara)
    version = licences.publish_licence_version(
        aurora.publisher, by=amara, text=b"Be good.", restrictions=[], profile=profile, **RAIL
    )
    in_force = stage.policy
    assert in_force is not None
    factories.policies.publish_policy(stage, by=amara, form=in_force.form, licence_version=version)
    grant = factories.waiting_grant(stage, ha, by=chidi)
    page = go(browse(amara), "revoke", grant.pk).content.decode()
    assert "Downloads end" in page
    assert words in page


def test_revoking_what_was_brought_in_ends_no_licence(stage: Stage, ha: Viewer, amara: Viewer, browse: Browse) -> None:
    """Nobody has accepted one."""
    grant: Grant = factories.imported(stage, ha.person, by=amara)
    assert "No licence was accepted" in go(browse(amara), "revoke", grant.pk).content.decode()
