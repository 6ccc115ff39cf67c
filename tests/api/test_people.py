"""Who may ask what: every address for every person of the cast, in one table."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, Event, Grant, HubAccess, Repository, Stage
from tests import factories

from .conftest import Asking

PERSONS = ("nobody", "juma", "ha", "ines", "chidi", "bram", "amara", "ewa", "farid", "goran")
PUBLIC = dict.fromkeys(PERSONS, 200)
SIGNED_IN = PUBLIC | {"nobody": 401}
STAFF = ("chidi", "bram", "amara", "ewa", "farid")


def only(*persons: str, otherwise: int = 404, answer: int = 200) -> dict[str, int]:
    """The answers where these see something and the others are told that nothing is there."""
    return dict.fromkeys(PERSONS, otherwise) | dict.fromkeys(persons, answer) | {"nobody": 401}


# ha holds a grant and asked for it; ines is in review; the draft of juma is seen by juma alone.
READING: dict[str, dict[str, int]] = {
    "releases/": PUBLIC,
    "releases/{release}/": PUBLIC,
    "releases/{release}/stages/": PUBLIC,
    "releases/{unpublished}/": only(*STAFF) | {"nobody": 404},
    "stages/": PUBLIC,
    "stages/{stage}/": PUBLIC,
    "stages/{planned}/": only(*STAFF) | {"nobody": 404},
    "gate-forms/": PUBLIC,
    "gate-forms/{form}/": PUBLIC,
    "gate-forms/{draft_form}/": only(*STAFF) | {"nobody": 404},
    "gate-forms/{form}/findings/": only(*STAFF),
    "licence-versions/": PUBLIC,
    "licence-versions/{licence}/": PUBLIC,
    "licence-versions/{unused_licence}/": only(*STAFF) | {"nobody": 404},
    "requests/": SIGNED_IN,
    "requests/{approved}/": only("ha", *STAFF),
    "requests/{in_review}/": only("ines", *STAFF),
    "requests/{draft}/": only("juma"),
    "requests/{draft}/files/use/": only(),
    "requests/{approved}/submissions/1/files/use/": only(),
    "grants/": SIGNED_IN,
    "grants/{grant}/": only("ha", *STAFF),
    "repositories/": SIGNED_IN,
    "repositories/{repository}/": only("goran", *STAFF),
    "hub-access/": SIGNED_IN,
    "hub-access/{hub_access}/": only("goran", *STAFF),
    "hub-hooks/": SIGNED_IN,
    "hub-hooks/{hub_hook}/": only("goran", *STAFF),
    "events/": SIGNED_IN,
    "events/{event}/": only(*STAFF),
    "publishers/": SIGNED_IN,
    "publishers/{publisher}/people/": only(*STAFF),
    "my-data/": SIGNED_IN,
    "my-data/erasure/": SIGNED_IN,
    "erasures/": SIGNED_IN,
    "legal-holds/": SIGNED_IN,
    "access?repository=aurora-lab/aurora-xl&user=ha-nguyen": only("ha", "goran", *STAFF),
    "schema/": PUBLIC,
    "docs/": PUBLIC,
}


# Each change as the person for whom it is meant would send it. Those who see the thing and may not: 403; others: 404.
CHANGING: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "stages/{stage}/start/": ({}, dict.fromkeys(PERSONS, 201) | {"nobody": 401, "ha": 422}),
    "requests/{draft}/withdraw/": ({}, only("juma")),
    "requests/{in_review}/withdraw/": ({}, only(*STAFF, answer=403) | {"ines": 200}),
    "requests/{in_review}/put_back/": ({}, only(*STAFF, "ines", answer=403) | {"chidi": 200}),
    "requests/{in_review}/approve/": (
        {"submission": "{submission}", "codes": ["ELIGIBLE"], "words": "Welcome."},
        only(*STAFF, "ines", answer=403) | {"chidi": 200},
    ),
    "requests/{in_review}/deny_finally/": (
        {"submission": "{submission}", "codes": ["USE_RESTRICTED"], "words": "No."},
        only(*STAFF, "ines", answer=403) | {"chidi": 200},
    ),
    "grants/{grant}/revoke/": (
        {"codes": ["PRIOR_BREACH"], "words": "Breach."},
        only(*STAFF, "ha", answer=403) | {"bram": 200, "amara": 200},
    ),
    "grants/{grant}/relinquish/": ({}, only(*STAFF, answer=403) | {"ha": 200}),
    "stages/{stage}/pause/": ({}, dict.fromkeys(PERSONS, 403) | {"nobody": 401, "bram": 200, "amara": 200}),
    "stages/{planned}/open/": ({}, only(*STAFF, answer=403) | {"bram": 200, "amara": 200}),
    "stages/{stage}/policies/": (
        {"form": "{form}", "licence_version": "{licence}", "terms": {"sla_days": 3}},
        dict.fromkeys(PERSONS, 403) | {"nobody": 401, "bram": 201, "amara": 201},
    ),
    "releases/{unpublished}/publish/": ({}, only(*STAFF, answer=403) | {"bram": 200, "amara": 200}),
    "releases/{release}/stages/": (
        {"title": "Wider", "repositories": ["{repository}"]},
        only(*STAFF, "goran", answer=403) | {"bram": 201, "amara": 201},
    ),
    "gate-forms/{draft_form}/publish/": ({}, only(*STAFF, answer=403) | {"bram": 200, "amara": 200}),
    "publishers/{publisher}/releases/": (
        {"title": "Borealis"},
        only(*STAFF, answer=403) | {"bram": 201, "amara": 201},
    ),
    "publishers/{publisher}/gate-forms/": (
        {"title": "Form", "questions": [{"key": "why", "label": {"en": "Why?"}, "kind": "long_text"}]},
        only(*STAFF, answer=403) | {"bram": 201, "amara": 201},
    ),
    "publishers/{publisher}/licence-versions/": (
        {"identifier": "other", "title": "New", "text": "Be good."},
        only(*STAFF, answer=403) | {"bram": 201, "amara": 201, "ewa": 201},
    ),
    "publishers/{publisher}/legal-holds/": (
        {"person": "ha-nguyen", "reason": "A lawsuit."},
        only(*STAFF, answer=403) | {"bram": 201, "amara": 201, "ewa": 201},
    ),
    "erasures/": ({"person": "ha-nguyen"}, dict.fromkeys(PERSONS, 403) | {"nobody": 401, "goran": 201}),
    "my-data/erasure/": ({}, dict.fromkeys(PERSONS, 403) | {"nobody": 401}),  # by no token
    "publishers/{publisher}/hub-hook/": ({}, only(*STAFF, answer=403) | {"bram": 200, "amara": 200}),
    "hub-hooks/{hub_hook}/rotate-secret/": ({}, only(*STAFF, "goran", answer=403) | {"bram": 200, "amara": 200}),
    "hub-hooks/{hub_hook}/switch-off/": ({}, only(*STAFF, "goran", answer=403) | {"bram": 200, "amara": 200}),
    "publishers/{publisher}/people/": (
        {"user": "juma", "role": "reviewer"},
        only(*STAFF, answer=403) | {"amara": 201},
    ),
    "publishers/{publisher}/repositories/": (
        {"name": "not a name"},
        only(*STAFF, answer=403) | {"bram": 422, "amara": 422},
    ),
    "repositories/{repository}/take-up-again/": (
        {},
        only(*STAFF, answer=403) | {"bram": 200, "amara": 200, "goran": 200},
    ),
    "repositories/{spare}/unlink/": ({}, only(*STAFF, "goran", answer=403) | {"bram": 200, "amara": 200}),
}


@pytest.fixture
def cast(
    nobody: Viewer,
    juma: Viewer,
    ha: Viewer,
    ines: Viewer,
    chidi: Viewer,
    bram: Viewer,
    amara: Viewer,
    ewa: Viewer,
    farid: Viewer,
    goran: Viewer,
) -> dict[str, Viewer]:
    """Everybody, by name."""
    everybody = (nobody, juma, ha, ines, chidi, bram, amara, ewa, farid, goran)
    return dict(zip(PERSONS, everybody, strict=True))


@pytest.fixture
def things(stage: Stage, aurora: Repository, cast: dict[str, Viewer], settings: Any) -> dict[str, int]:
    """The ids that stand in the addresses: one thing of each kind, some public and some not."""
    from gatekeeper.actions import hub_hooks, licences, policies, releases, requests

    settings.PUBLIC_HOST = "gatekeeper.example.org"

    amara, chidi = cast["amara"], cast["chidi"]
    grant = factories.active_grant(stage, cast["ha"], by=chidi)
    in_review = factories.in_review(stage, cast["ines"], by=chidi)
    policy = stage.policy
    assert policy is not None
    unpublished = releases.create_release(aurora.publisher, by=amara, title="Unpublished")
    planned = releases.add_stage(unpublished, by=amara, title="Later", repositories=[aurora])
    policies.publish_policy(planned, by=amara, form=policy.form, licence_version=policy.licence_version)
    spare = factories.linked(aurora.publisher, by=amara, name="spare")
    draft_form = policies.draft_form(aurora.publisher, by=amara, title="Draft", questions_asked=[*factories.QUESTIONS])
    unused = licences.publish_licence_version(
        aurora.publisher, by=amara, identifier="other", title="Unused", text=b"Not yet."
    )
    rows: dict[str, Any] = {
        "release": stage.release,
        "unpublished": unpublished,
        "stage": stage,
        "planned": planned,
        "form": policy.form,
        "draft_form": draft_form,
        "licence": policy.licence_version,
        "unused_licence": unused,
        "approved": AccessRequest.objects.get(grants=grant),
        "in_review": in_review,
        "submission": in_review.submission,
        "draft": requests.start(stage, by=cast["juma"]),
        "grant": grant,
        "repository": aurora,
        "spare": spare,
        "hub_access": HubAccess.objects.get(person=grant.person),
        "event": Event.objects.filter(object_kind="grant").last() or Event.objects.last(),
        "publisher": aurora.publisher,
        "hub_hook": hub_hooks.switch_on(aurora.publisher, by=amara),
    }
    return {name: row.pk for name, row in rows.items()}


def filled(value: Any, things: dict[str, int]) -> Any:
    """A body with the ids in their places."""
    if isinstance(value, dict):
        return {name: filled(inner, things) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, things) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return things[value.strip("{}")]
    return value


def test_each_person_reads_what_is_theirs(asking: Asking, cast: dict[str, Viewer], things: dict[str, int]) -> None:
    """Somebody else's thing is 404, as if it were not there; every refusal is a problem."""
    clients = {person: asking(viewer) for person, viewer in cast.items()}
    answers: dict[str, dict[str, int]] = {}
    for address in READING:
        for person, client in clients.items():
            got = client.get(f"/api/v1/{address.format(**things)}")
            assert got.status_code < 400 or got["Content-Type"] == "application/problem+json"
            answers.setdefault(address, {})[person] = got.status_code
    assert answers == READING


def test_each_person_changes_what_is_theirs(asking: Asking, cast: dict[str, Viewer], things: dict[str, int]) -> None:
    """Seen and not allowed is 403; not seen is 404; a refusal records nothing."""
    clients = {person: asking(viewer) for person, viewer in cast.items()}
    answers: dict[str, dict[str, int]] = {}
    recorded = Event.objects.count()
    for address, (body, _expected) in CHANGING.items():
        for person, client in clients.items():
            with transaction.atomic():
                got = client.post(f"/api/v1/{address.format(**things)}", filled(body, things))
                answers.setdefault(address, {})[person] = got.status_code
                if got.status_code >= 400:
                    assert got["Content-Type"] == "application/problem+json"
                    assert Event.objects.count() == recorded, (address, person)
                transaction.set_rollback(True)  # the next person meets everything as it was
    assert answers == {address: expected for address, (_body, expected) in CHANGING.items()}


def test_lists_hold_what_is_seen(asking: Asking, cast: dict[str, Viewer], things: dict[str, int]) -> None:
    """A list is the same question as a detail, asked of many."""
    for person in PERSONS[1:]:
        client = asking(cast[person])
        for noun, details in (("requests", ("approved", "in_review", "draft")), ("grants", ("grant",))):
            listed = {row["id"] for row in client.get(f"/api/v1/{noun}/").json()["results"]}
            seen = {
                things[detail]
                for detail in details
                if client.get(f"/api/v1/{noun}/{things[detail]}/").status_code == 200
            }
            assert listed == seen, (person, noun)


def test_somebody_on_both_sides_sees_their_case_as_a_requester(
    asking: Asking, stage: Stage, chidi: Viewer, dana: Viewer
) -> None:
    """A reviewer who applied sees no reviews, no names and no history of their own case: invariant 19."""
    case = factories.in_review(stage, dana, by=chidi)
    client = asking(dana)
    seen = client.get(f"/api/v1/requests/{case.pk}/").json()
    assert not {"assignee", "reviews", "hub_access"} & set(seen)
    assert [row["id"] for row in client.get("/api/v1/requests/").json()["results"]] == [case.pk]
    about = f"/api/v1/events/?object_kind=accessrequest&object_id={case.pk}"
    assert client.get(about).json()["results"] == []
    assert asking(chidi).get(about).json()["results"] != []
    offered = {offer["action"]: offer for offer in seen["actions"]}
    assert offered["approve"]["why"]["code"] == "own_request"
    decision = {"submission": case.submission_id, "codes": ["ELIGIBLE"], "words": "Me."}
    assert client.post(f"/api/v1/requests/{case.pk}/approve/", decision).status_code == 403
    assert Grant.objects.count() == 0
