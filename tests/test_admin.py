"""The admin: staff look at everything, change nothing, and read nobody's texts or tokens."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, HubToken, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.actions import erasure, licences, requests, reviews
from gatekeeper.models import AccessRequest, Stage
from tests import factories

SECRETS = ("affiliation 4711", "words 4711", "hf_secret4711")
LOOKED_AT = sorted(
    (model for model in admin.site._registry if model._meta.app_label in ("gatekeeper", "accounts")),
    key=lambda model: model._meta.label,
)


def signed_in(viewer: Viewer, **flags: bool) -> Client:
    """A session of somebody with these flags."""
    assert viewer.user is not None
    User.objects.filter(pk=viewer.user.pk).update(**flags)
    client = Client()
    client.force_login(User.objects.get(pk=viewer.user.pk))
    return client


@pytest.fixture
def staff(goran: Viewer) -> Client:
    """Somebody who looks after the installation."""
    return signed_in(goran, is_staff=True)


@pytest.fixture
def superuser(goran: Viewer) -> Client:
    """Somebody whom Django would let do everything."""
    return signed_in(goran, is_staff=True, is_superuser=True)


@pytest.fixture
def world(stage: Stage, aurora_lab: Publisher, amara: Viewer, chidi: Viewer, ha: Viewer, ines: Viewer) -> list[str]:
    """One of almost everything, with secrets in every text; returns the secrets that must not be shown."""
    factories.people_verbs.keep_token(aurora_lab, by=amara, secret=SECRETS[2])
    assert amara.user is not None
    row, secret = ApiToken.objects.issue(user=amara.user, name="script", scopes=["read"])
    factories.active_grant(stage, ines, by=chidi)
    case = requests.start(stage, by=ha)
    requests.answer(case, by=ha, answers=factories.ANSWERS | {"affiliation": SECRETS[0]})
    requests.accept(case, by=ha, text_sha256=factories.current_licence(stage).text_sha256)
    case = reviews.take(requests.submit(case, by=ha), by=chidi)
    reviews.recommend(case, by=chidi, note=SECRETS[1])
    reviews.ask_back(case, by=chidi, words=SECRETS[1])
    letter = {**factories.QUESTIONS[0], "key": "letter", "kind": "file"}
    other = factories.open_stage(*stage.repositories.all(), by=amara, asked=[letter])
    handed = (f"{SECRETS[0]}.pdf", [b"%PDF-1.7 " + SECRETS[1].encode()])
    requests.answer(requests.start(other, by=ha), by=ha, answers={}, files={"letter": handed})
    factories.prepared_campaign(stage, by=amara)
    licences.draft_licence_version(
        aurora_lab, by=amara, identifier="other", title="Ours", text=b"Be good.", translations={"fr": b"Sois sage."}
    )
    assert ha.person is not None
    erasure.hold(aurora_lab, by=amara, person=ha.person, reason=SECRETS[1])
    erasure.ask(ha.person, by=ha)
    token = HubToken.objects.latest("pk")
    return [*SECRETS, secret, row.digest, token.ciphertext]


def page(model: Any, name: str, *ids: Any) -> str:
    """The address of a page about a model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=ids)


def test_every_noun_can_be_looked_at() -> None:
    """A new model is put on the site, or left off here with its reason."""
    left_off = {"HubName"}  # the names that a person had stand with nothing that staff would look for
    nouns = {
        model
        for label in ("gatekeeper", "accounts")
        for model in apps.get_app_config(label).get_models()
        if model.__name__ not in left_off
    }
    assert nouns == set(LOOKED_AT)


def test_staff_see_every_list_and_page_without_what_was_written(staff: Client, world: list[str]) -> None:
    """Personal texts have no body here, tokens no secret, and no count reads a whole table."""
    reached = 0
    for model in LOOKED_AT:
        addresses = [page(model, "changelist")]
        newest = model._default_manager.order_by("-pk").first()
        addresses += [page(model, "change", newest.pk)] if newest else []
        for address in addresses:
            answer = staff.get(address)
            assert answer.status_code == 200, address
            text = answer.content.decode()
            assert not [secret for secret in world if secret in text], address
            reached += 1
    assert reached > 1.6 * len(LOOKED_AT)


@pytest.mark.parametrize("model", LOOKED_AT, ids=lambda model: model.__name__)
def test_nothing_with_a_lifecycle_is_changed(superuser: Client, model: Any) -> None:
    """Not even by a superuser: invariant 6."""
    assert superuser.get(page(model, "add")).status_code == 403
    site = admin.site._registry[model]
    request = type("Asking", (), {"user": User.objects.get(username="goran")})()
    assert not site.has_add_permission(request)
    assert not site.has_delete_permission(request)
    assert site.has_change_permission(request) is (model is User)


def test_a_page_sent_back_changes_nothing(superuser: Client, stage: Stage, chidi: Viewer, ha: Viewer) -> None:
    """A form that nobody was given is refused."""
    case = factories.in_review(stage, ha, by=chidi)
    assert superuser.post(page(AccessRequest, "change", case.pk), {"status": "approved"}).status_code == 403
    assert superuser.post(page(AccessRequest, "delete", case.pk), {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": case.pk, "post": "yes"}
    superuser.post(page(AccessRequest, "changelist"), many)
    assert AccessRequest.objects.get(pk=case.pk).status == "in_review"


@pytest.mark.parametrize("address", ["", "gatekeeper/accessrequest/", "login/"])
def test_nobody_else_gets_in(ha: Viewer, address: str) -> None:
    """Who is not staff is sent to the one page for signing in, or refused; the admin has no form of its own."""
    for client in (Client(), signed_in(ha)):
        answer = client.get(f"/admin/{address}")
        assert answer.status_code in (302, 403)
        if answer.status_code == 302:
            assert answer["Location"].startswith(("/account/login/", "/admin/login/"))


def test_no_page_shows_seeds_or_sign_ins(staff: Client) -> None:
    """What allauth would show of second factors and social tokens is taken off."""
    text = staff.get("/admin/").content.decode()
    assert "Authenticator" not in text
    assert "Social" not in text
    assert staff.get("/admin/mfa/authenticator/").status_code == 404


def test_a_superuser_closes_an_account(superuser: Client, ha: Viewer) -> None:
    """And can touch nothing else of it."""
    assert ha.user is not None
    sent = {"is_staff": "", "username": "other", "is_operator": "on"}
    assert superuser.post(page(User, "change", ha.user.pk), sent).status_code == 302
    user = User.objects.get(pk=ha.user.pk)
    assert (user.is_active, user.username, user.is_operator) == (False, "ha-nguyen", False)


def test_nobody_touches_a_system_user(superuser: Client, staff: Client, clock: Viewer, ha: Viewer) -> None:
    """The clock cannot be made a person; and mere staff close no account."""
    assert clock.user is not None
    assert superuser.post(page(User, "change", clock.user.pk), {"is_active": "on"}).status_code == 403
    User.objects.filter(username="goran").update(is_superuser=False)
    assert ha.user is not None
    assert staff.post(page(User, "change", ha.user.pk), {}).status_code == 403
    assert User.objects.get(pk=ha.user.pk).is_active
