"""What a publisher's people do over the API: people, licences, forms, policies, releases, repositories."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership, Publisher
from accounts.viewer import Viewer
from gatekeeper.api.views import linking
from gatekeeper.hub import adopt
from gatekeeper.hub.port import HubError, Word
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Event, GatePolicy, HubAccess, Repository, Stage
from tests import factories

from .conftest import Asking, problem


def test_a_steward_builds_a_release(asking: Asking, aurora: Repository, bram: Viewer, ewa: Viewer) -> None:
    """From a form, a licence and a stage to a stage that opens."""
    client, publisher = asking(bram), f"/api/v1/publishers/{aurora.publisher_id}"
    asked = {"key": "why", "label": {"en": "Why?"}, "kind": "long_text", "purpose": "To judge.", "retention_days": 90}
    form = client.post(f"{publisher}/gate-forms/", {"title": "Access", "questions": [asked]}).json()
    assert (form["published_at"], form["questions"][0]["required"]) == (None, True)
    form = client.post(f"/api/v1/gate-forms/{form['id']}/publish/").json()
    assert len(form["sha256"]) == 64
    text = {"identifier": "openrail++", "title": "Aurora", "text": " Be good.\n", "restrictions": ["harm"]}
    licence = asking(ewa).post(f"{publisher}/licence-versions/", text).json()
    assert (licence["text"], licence["number"], licence["restrictions"]) == (" Be good.\n", 1, ["harm"])
    again = asking(ewa).post(f"{publisher}/licence-versions/", text).json()
    assert again["id"] == licence["id"]
    release = client.post(f"{publisher}/releases/", {"title": "Borealis", "not_for_all_audiences": True}).json()
    assert (release["published_at"], release["ladder"], release["stages"]) == (None, None, [])
    rung = {"title": "Research", "audience": "Researchers.", "repositories": [aurora.pk]}
    stage = client.post(f"/api/v1/releases/{release['id']}/stages/", rung).json()
    opened = problem(client.post(f"/api/v1/stages/{stage['id']}/open/"), 422, "stage_not_ready")
    assert opened["detail"]
    terms = {"approvals_required": 2, "duration_days": 90, "conditions": ["Only for research."]}
    policy = {"form": form["id"], "licence_version": licence["id"], "terms": terms}
    stage = client.post(f"/api/v1/stages/{stage['id']}/policies/", policy).json()
    assert stage["policy"]["terms"] == GatePolicy.DEFAULTS | terms
    published = client.post(f"/api/v1/releases/{release['id']}/publish/").json()
    assert published["ladder"]["number"] == 1
    assert [rung["title"] for rung in published["stages"]] == ["Research"]
    stage = client.post(f"/api/v1/stages/{stage['id']}/open/", {"card_link": "https://example.org/apply"}).json()
    assert stage["status"] == "opening"
    assert aurora.wish.card_link == "https://example.org/apply"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"sla_days": 0}, "sla_days"),
        ({"sla_days": "soon"}, "terms.sla_days"),
        ({"reason_codes": [[]]}, "terms.reason_codes.0"),
        ({"intake": "anywhere"}, "terms.intake"),
        ({"blind": True}, "terms.blind"),
        ([], "terms"),
    ],
)
def test_terms_that_do_not_fit_are_named(asking: Asking, stage: Stage, bram: Viewer, terms: Any, field: str) -> None:
    """By the shape, or by the verb."""
    policy = stage.policy
    assert policy is not None
    body = {"form": policy.form_id, "licence_version": policy.licence_version_id, "terms": terms}
    answer = asking(bram).post(f"/api/v1/stages/{stage.pk}/policies/", body)
    assert set(problem(answer, 422)["fields"]) == {field}


def test_a_form_without_purpose_is_not_published(asking: Asking, aurora: Repository, bram: Viewer) -> None:
    """Nothing is asked without a purpose and a retention time: invariant 26."""
    client = asking(bram)
    asked = {"title": "Access", "questions": [{"key": "why", "label": {"en": "Why?"}, "kind": "long_text"}]}
    form = client.post(f"/api/v1/publishers/{aurora.publisher_id}/gate-forms/", asked).json()
    refused = client.post(f"/api/v1/gate-forms/{form['id']}/publish/")
    assert set(problem(refused, 422, "purpose_missing")["fields"]) == {"why"}


def test_an_owner_appoints_and_dismisses(
    asking: Asking, aurora_lab: Publisher, amara: Viewer, juma: Viewer, chidi: Viewer
) -> None:
    """The last owner stays; a role that is not held is 404."""
    client, people = asking(amara), f"/api/v1/publishers/{aurora_lab.pk}/people/"
    assert juma.user is not None
    assert amara.user is not None
    given = client.post(people, {"user": "JUMA", "role": "auditor"}).json()
    assert (given["user"]["name"], given["role"]) == ("juma", "auditor")
    assert [row["user"]["name"] for row in client.get(people).json()["results"]] == ["amara", "chidi", "juma"]
    assert asking(juma).get("/api/v1/publishers/").json()["results"][0]["roles"] == ["auditor"]
    assert client.delete(f"{people}{juma.user.pk}/auditor/").status_code == 204
    problem(client.delete(f"{people}{juma.user.pk}/auditor/"), 404, "not_found")
    problem(client.delete(f"{people}{amara.user.pk}/owner/"), 422, "cannot_dismiss")
    problem(asking(chidi).delete(f"{people}{amara.user.pk}/owner/"), 403, "not_allowed")
    problem(client.post(people, {"user": "clock", "role": "auditor"}), 404, "not_found")
    problem(client.post(people, {"user": "juma", "role": "king"}), 422, "invalid")
    assert Membership.objects.filter(publisher=aurora_lab).count() == 2


def test_a_repository_is_unlinked(asking: Asking, stage: Stage, aurora: Repository, bram: Viewer) -> None:
    """But not while an open stage uses it."""
    problem(asking(bram).post(f"/api/v1/repositories/{aurora.pk}/unlink/"), 409, "stage_open")
    assert asking(bram).post(f"/api/v1/stages/{stage.pk}/close/").json()["status"] == "closed"
    assert asking(bram).post(f"/api/v1/repositories/{aurora.pk}/unlink/").json()["unlinked_at"]


def test_what_stopped_is_tried_again(
    asking: Asking, stage: Stage, aurora: Repository, goran: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """Rows and the repository itself are due again; the record says who asked for it, once."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    HubAccess.objects.filter(person=grant.person).update(parked_reason="token_refused", attempts=9)
    Repository.objects.filter(pk=aurora.pk).update(parked_reason="token_refused")
    client, address = asking(goran), f"/api/v1/repositories/{aurora.pk}/take-up-again/"
    assert client.post(address).json() == {"rows": 2}
    row = HubAccess.objects.get(person=grant.person)
    assert (row.parked_reason, row.attempts, row.due_at is not None) == ("", 0, True)
    assert client.get(f"/api/v1/repositories/{aurora.pk}/").json()["parked_reason"] == ""
    assert client.post(address).json() == {"rows": 0}
    events = Event.objects.filter(action="repository.take_up_again")
    assert [(event.actor_id, event.data) for event in events] == [(goran.user.pk if goran.user else 0, {"rows": 2})]


def test_a_pause_suspends_if_it_is_told_to(
    asking: Asking, stage: Stage, bram: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """The Hub should say pending from then on."""
    grant = factories.active_grant(stage, ha, by=chidi)
    paused = asking(bram).post(f"/api/v1/stages/{stage.pk}/pause/", {"suspending": True}).json()
    assert paused["status"] == "paused"
    shown = asking(bram).get(f"/api/v1/grants/{grant.pk}/").json()
    assert (shown["status"], shown["hub_access"][0]["closing"]) == ("suspended", "pending")


CARD = """---
license: openrail++
extra_gated_fields:
  Affiliation: text
  I accept the licence: checkbox
---
# Aurora
"""


def test_the_short_way_from_link_to_queue(
    asking: Asking, sandbox: SandboxControl, aurora_lab: Publisher, amara: Viewer, chidi: Viewer
) -> None:
    """Link, then start from what is there; the Hub is only read."""
    secret = on_the_hub(sandbox)
    client, publisher = asking(amara), f"/api/v1/publishers/{aurora_lab.pk}"
    problem(client.post(f"{publisher}/repositories/", {"name": "aurora-lab/aurora"}), 422, "token_missing")
    factories.people_verbs.keep_token(aurora_lab, by=amara, secret=secret)
    problem(asking(chidi).post(f"{publisher}/repositories/", {"name": "aurora-lab/aurora"}), 403, "not_allowed")
    problem(client.post(f"{publisher}/repositories/", {"name": "aurora-lab/none"}), 422, "repository_gone")
    linked = client.post(f"{publisher}/repositories/", {"name": "aurora-lab/aurora"})
    assert linked.status_code == 201, linked.content
    problem(client.post(f"{publisher}/repositories/", {"name": "aurora-lab/aurora"}), 409, "already_linked")
    stage = client.post(f"/api/v1/repositories/{linked.json()['id']}/start/").json()
    assert stage["status"] == "opening"
    form = client.get(f"/api/v1/gate-forms/{stage['policy']['form']}/").json()
    assert [question["key"] for question in form["questions"]] == ["affiliation", "i_accept_the_licence"]
    assert stage["policy"]["terms"]["intake"] == "hub_is_enough"
    assert HubAccess.objects.count() == 0


def on_the_hub(sandbox: SandboxControl) -> str:
    """A gated repository with a card and a licence, and a token that may write there."""
    sandbox.add_user("amara", id=factories.hub_id("amara"), token="hf_amara_writes")
    sandbox.add_org("aurora-lab", {"amara": "admin"})
    sandbox.create_repo("aurora-lab/aurora", gated="manual", card=CARD, files={"LICENSE": "Be good."}, by="amara")
    return "hf_amara_writes"


def test_a_hub_that_is_away_is_said_to_be_away(
    asking: Asking, aurora_lab: Publisher, amara: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and nothing is linked."""

    def away(*args: Any, **kwargs: Any) -> None:
        raise adopt.CannotAsk(HubError(Word.LATER, "unreachable"))

    monkeypatch.setattr(linking.adopt, "link_repository", away)
    answer = asking(amara).post(f"/api/v1/publishers/{aurora_lab.pk}/repositories/", {"name": "aurora-lab/aurora"})
    problem(answer, 503, "unreachable")
    assert Repository.objects.count() == 0
