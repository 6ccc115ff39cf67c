"""Licence versions over the API: drafted, compared, published, by the same rules as on the pages."""

from __future__ import annotations

from typing import Any

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import licences, requests
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Acceptance, LicenceVersion, Repository, Stage
from tests import factories

from .conftest import Asking, problem

RAIL: dict[str, Any] = {"identifier": "openrail++", "title": "Aurora RAIL"}


def test_a_draft_is_read_compared_and_published(aurora_lab: Publisher, ewa: Viewer, asking: Asking) -> None:
    """What is left out is filled in; whoever publishes names the digest; a lower class is refused (invariant 22)."""
    client, here = asking(ewa), f"/api/v1/publishers/{aurora_lab.pk}/licence-versions/"
    first = client.post(here, {**RAIL, "text": "Be good.\n"}).json()
    assert (first["profile"]["family"], first["change_class"], first["languages"]) == ("rail", "", ["en"])
    sent = {
        **RAIL,
        "text": "Be good.\n\nYou must not sell it.\n",
        "draft": True,
        "restrictions": [*first["restrictions"], "malware"],
        "translations": {"fr": "Soyez sages."},
    }
    draft = client.post(here, sent).json()
    assert (draft["published_at"], draft["number"], draft["translations"]) == (None, 2, {"fr": "Soyez sages."})
    one = f"/api/v1/licence-versions/{draft['id']}/"
    changes = client.get(f"{one}changes/").json()
    assert (changes["before"], changes["least_class"], changes["unchanged"]) == (first["id"], "material", 1)
    assert [reason["code"] for reason in changes["reasons"]] == ["restriction_added", "clause_forbids"]
    assert [(clause["kind"], clause["after"]) for clause in changes["clauses"]] == [("added", "You must not sell it.")]
    problem(client.get(f"/api/v1/licence-versions/{first['id']}/changes/"), 404)
    problem(client.post(f"{one}publish/", {"seen": "0" * 64}), 409, "stale")
    lowered = {"seen": draft["digest"], "change_class": "clarifying"}
    problem(client.post(f"{one}publish/", lowered), 422)
    assert not LicenceVersion.objects.get(pk=draft["id"]).is_published
    version = client.post(f"{one}publish/", {"seen": draft["digest"]}).json()
    assert (version["change_class"], version["supersedes"]) == ("material", first["id"])
    problem(client.post(f"{one}discard/"), 409, "already_published")
    straight = {**RAIL, "text": "Be good.\n\nYou shall never sell it.\n", "change_class": "editorial"}
    problem(client.post(here, straight), 422)
    assert LicenceVersion.objects.count() == 2


def test_what_does_not_fit_names_its_field(aurora_lab: Publisher, ewa: Viewer, asking: Asking) -> None:
    """One source; known values; at most ten translations."""
    client, here = asking(ewa), f"/api/v1/publishers/{aurora_lab.pk}/licence-versions/"
    for sent, field in (
        ({}, "text"),
        ({"text": "a", "repository": 1}, "text"),
        ({"text": "a", "profile": {"revocable": "maybe"}}, "profile"),
        ({"text": "a", "profile": {"territory_only": ["France"]}}, "profile"),
        ({"text": "a", "translations": {f"x{letter}": "a" for letter in "abcdefghijk"}}, "translations"),
        ({"text": "a", "change_class": "tiny"}, "change_class"),
    ):
        body = problem(client.post(here, {**RAIL, **sent}), 422)
        assert any(name.startswith(field) for name in body["fields"]), (sent, body)


def test_a_draft_is_its_publishers_alone(
    aurora_lab: Publisher, ewa: Viewer, chidi: Viewer, juma: Viewer, nobody: Viewer, asking: Asking
) -> None:
    """Others find nothing; a reviewer reads it and changes nothing; counsel throws it away."""
    draft = licences.draft_licence_version(aurora_lab, by=ewa, text=b"Be good.", **RAIL)
    one = f"/api/v1/licence-versions/{draft.pk}/"
    for who in (juma, nobody):
        problem(asking(who).get(one), 404)
    problem(asking(juma).post(f"{one}publish/", {"seen": draft.digest}), 404)
    problem(asking(nobody).post(f"{one}discard/"), 401)
    assert asking(chidi).get(one).status_code == 200
    problem(asking(chidi).post(f"{one}publish/", {"seen": draft.digest}), 403)
    problem(asking(chidi).post(f"{one}discard/"), 403)
    problem(asking(ewa, "read").post(f"{one}discard/"), 403)
    assert asking(ewa).post(f"{one}discard/").status_code == 204
    assert not LicenceVersion.objects.exists()


def test_a_text_is_taken_from_a_repository(
    sandbox: SandboxControl, aurora: Repository, amara: Viewer, chidi: Viewer, asking: Asking
) -> None:
    """A repository of somebody else is not there; whoever may not publish asks nothing of the Hub."""
    here = f"/api/v1/publishers/{aurora.publisher_id}/licence-versions/"
    problem(asking(amara).post(here, {**RAIL, "repository": aurora.pk + 1_000}), 404)
    problem(asking(chidi).post(here, {**RAIL, "repository": aurora.pk}), 403)
    problem(asking(amara).post(here, {**RAIL, "repository": aurora.pk}), 422)
    sandbox.add_user("amara-owner", token="hf_aurora", id=factories.hub_id("owner"))
    sandbox.add_org("aurora-lab", {"amara-owner": "admin"})
    sandbox.create_repo(aurora.name, gated="manual", by="amara-owner")
    aurora.token = factories.people_verbs.keep_token(aurora.publisher, by=amara, secret="hf_aurora")
    aurora.save(update_fields=["token"])
    problem(asking(amara).post(here, {**RAIL, "repository": aurora.pk}), 422, "no_licence_file")
    sandbox.create_repo("aurora-lab/other", gated="manual", files={"LICENSE": "Be good.\n"}, by="amara-owner")
    other = factories.linked(aurora.publisher, by=amara, name="other")
    other.token = aurora.token
    other.save(update_fields=["token"])
    made = asking(amara).post(here, {**RAIL, "repository": other.pk, "draft": True}).json()
    assert (made["text"], made["published_at"]) == ("Be good.\n", None)


def test_an_acceptance_names_the_translation_that_was_shown(
    stage: Stage, ha: Viewer, amara: Viewer, asking: Asking
) -> None:
    """One that there is; another language is refused as another text is."""
    version = licences.publish_licence_version(
        stage.release.publisher, by=amara, text=b"Be.", restrictions=[], translations={"fr": b"Sois."}, **RAIL
    )
    in_force = stage.policy
    assert in_force is not None
    factories.policies.publish_policy(stage, by=amara, form=in_force.form, licence_version=version)
    case = requests.start(stage, by=ha)
    where, sent = f"/api/v1/requests/{case.pk}/accept/", {"text_sha256": version.text_sha256}
    problem(asking(ha).post(where, {**sent, "text_language": "de"}), 409, "licence_changed")
    assert asking(ha).post(where, {**sent, "text_language": "fr"}).status_code == 200
    assert Acceptance.objects.get(person=ha.person).text_language == "fr"
