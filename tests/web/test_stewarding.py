"""A steward's pages: from a token to an open stage, and what is shown before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import HubToken, Membership, Publisher
from accounts.people import remember_orgs
from accounts.viewer import Viewer
from gatekeeper.actions import stages
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import GateForm, GatePolicy, Grant, LicenceVersion, Release, Repository, Stage
from tests import factories
from tests.again import once

from .conftest import Browse

CARD = """---
license: openrail++
extra_gated_fields:
  Affiliation: text
  I accept the licence: checkbox
---
# Comet
"""


@pytest.fixture
def browser(browse: Browse, amara: Viewer) -> Client:
    """Amara's browser."""
    return browse(amara)


@pytest.fixture
def comet(sandbox: SandboxControl, db: None) -> SandboxControl:
    """A Hub where Lena owns comet/one, gated, with a licence, and Kiri waits there."""
    sandbox.add_user("lena", token="hf_lena_writes", id=factories.hub_id("lena"))
    sandbox.add_user("kiri", token="hf_kiri", id=factories.hub_id("kiri"))
    sandbox.add_org("comet", {"lena": "admin"})
    sandbox.create_repo("comet/one", gated="manual", card=CARD, files={"LICENSE": "Be good.\n"}, by="lena")
    sandbox.set_status("comet/one", "kiri", "pending", fields={"Affiliation": "ETH", "I accept the licence": "on"})
    return sandbox


@pytest.fixture
def lena(comet: SandboxControl) -> Viewer:
    """Somebody who owns a repository on the Hub and has never published here."""
    return factories.account("lena")


def go(browser: Client, page: str, /, *args: Any, **sent: Any) -> Any:
    """Open a page, or send its form."""
    where = reverse(f"web:{page}", args=args)
    return browser.post(where, sent) if sent else browser.get(where)


# Becoming a publisher, linking, starting


def test_it_goes_from_a_token_to_an_opening_stage(lena: Viewer, browse: Browse) -> None:
    """Three forms: the token, the repository, the start. The token is kept encrypted and never shown."""
    browser = browse(lena)
    proved = go(browser, "prove", namespace="comet", token="hf_lena_writes")
    assert proved["Location"] == reverse("web:link", args=["comet"])
    [kept] = HubToken.objects.all()
    assert kept.reveal() == "hf_lena_writes"
    assert "hf_lena_writes" not in kept.ciphertext
    linked = go(browser, "link", "comet", kind="model", name="comet/one")
    repository = Repository.objects.get()
    assert linked["Location"] == reverse("web:repository", args=[repository.pk])
    page = go(browser, "repository", repository.pk).content.decode()
    assert "The card is not touched, not by one byte." in page
    assert "<dd>1</dd>" in page, "one person waits there"
    started = go(browser, "start_from_it", repository.pk, intake="hub_is_enough")
    stage = Stage.objects.get()
    assert started["Location"] == reverse("web:stage", args=[stage.pk])
    page = go(browser, "stage", stage.pk).content.decode()
    assert "the Hub is being told" in page
    assert "hf_lena_writes" not in page
    stages.confirm_open(stage)
    assert "can apply now." in go(browser, "stage", stage.pk).content.decode()
    assert "Start from what is there" not in go(browser, "repository", repository.pk).content.decode()


@pytest.mark.parametrize(
    ("namespace", "token", "words"),
    [
        ("comet", "hf_kiri", "does not prove"),
        ("comet", "hf_unknown", "does not know this token"),
        ("elsewhere", "hf_lena_writes", "does not prove"),
    ],
)
def test_it_says_why_a_namespace_is_not_proven(
    lena: Viewer, browse: Browse, namespace: str, token: str, words: str
) -> None:
    """The sentence stands at the token, and the token does not come back."""
    answer = go(browse(lena), "prove", namespace=namespace, token=token)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert token not in page
    assert not Publisher.objects.exists()


def test_it_takes_the_last_sign_in_as_proof(lena: Viewer, browse: Browse) -> None:
    """Who signed in at the Hub a moment ago needs no token yet; it is asked for next."""
    assert lena.person is not None
    remember_orgs(
        person=lena.person, claims={"orgs": [{"preferred_username": "comet", "sub": "", "roleInOrg": "admin"}]}
    )
    browser = browse(lena)
    assert "comet" in go(browser, "prove").content.decode()
    assert go(browser, "prove", namespace="comet", token="")["Location"] == reverse("web:token", args=["comet"])
    assert "no Hub token yet" in go(browser, "link", "comet").content.decode()
    assert go(browser, "token", "comet", token="hf_kiri").status_code == 422
    assert go(browser, "token", "comet", token="hf_gone").status_code == 422
    assert go(browser, "token", "comet", token="hf_lena_writes").status_code == 302
    assert HubToken.objects.get().health == "ok"


def test_it_says_why_a_repository_cannot_be_linked(lena: Viewer, browse: Browse) -> None:
    """A name that is none, one that is not there, one of somebody else."""
    browser = browse(lena)
    go(browser, "prove", namespace="comet", token="hf_lena_writes")
    for name, words in (("comet", "owner/name"), ("comet/two", "no repository of this name")):
        answer = go(browser, "link", "comet", kind="model", name=name)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not Repository.objects.exists()


def test_it_shows_the_dry_run_before_it_opens(lena: Viewer, comet: SandboxControl, browse: Browse) -> None:
    """What will be written: the gate, and the two lines of the card if they are wanted."""
    browser = browse(lena)
    go(browser, "prove", namespace="comet", token="hf_lena_writes")
    go(browser, "link", "comet", kind="model", name="comet/one")
    repository = Repository.objects.get()
    owner = Viewer.of(lena.user)
    stage = factories.planned_stage(repository, by=owner)
    comet.set_gated("comet/one", "auto")
    page = go(browser, "open_stage", stage.pk).content.decode()
    assert "+extra_gated_description" in page
    assert "Already pressed the button?" in page
    assert comet.repo("comet/one")["gated"] == "auto", "a dry run writes nothing"
    assert go(browser, "open_stage", stage.pk, card="1").status_code == 302
    assert factories.fresh(stage).tells_the_card


def test_it_says_when_the_hub_cannot_be_asked(lena: Viewer, comet: SandboxControl, browse: Browse) -> None:
    """A Hub that is down is a sentence, and nothing is started."""
    browser = browse(lena)
    go(browser, "prove", namespace="comet", token="hf_lena_writes")
    go(browser, "link", "comet", kind="model", name="comet/one")
    repository = Repository.objects.get()
    comet.delete_repo("comet/one")
    assert "no repository of this name" in go(browser, "repository", repository.pk).content.decode()
    assert go(browser, "start_from_it", repository.pk, intake="here").status_code == 422
    assert not Stage.objects.exists()


# Releases, stages, terms


def test_it_builds_a_ladder_by_hand(aurora: Repository, aurora_lab: Publisher, amara: Viewer, browser: Client) -> None:
    """A release, a form, a licence, a stage, its terms; then the ladder is public."""
    made = go(browser, "new_release", "aurora-lab", title="Aurora Sky", summary="Clouds.")
    release = Release.objects.get()
    assert made["Location"] == reverse("web:edit_release", args=[release.pk])
    go(browser, "new_stage", release.pk, title="Research", audience="Researchers.", repositories=[aurora.pk])
    stage = Stage.objects.get()
    assert "no terms yet" in go(browser, "edit_release", release.pk).content.decode()
    assert "needs a published gate policy" in go(browser, "stage", stage.pk).content.decode()
    go(browser, "new_form", "aurora-lab", title="Research access", source="template:research")
    form = GateForm.objects.get()
    assert "What you want to do with it" in go(browser, "gate_form", form.pk).content.decode()
    address, seen = reverse("web:publish_form", args=[form.pk]), {"seen": form.digest}
    assert f'name="seen" value="{form.digest}"' in browser.get(address).content.decode()
    assert browser.post(address).status_code == 409  # it does not say what was seen
    assert browser.post(address, seen).status_code == 302
    assert browser.post(address, seen).status_code == 409
    text = SimpleUploadedFile("LICENSE", b"Be good.\r\nAlways.\n")
    go(browser, "new_licence", "aurora-lab", title="Sky licence", identifier="other", file=text, language="en")
    version = LicenceVersion.objects.get()
    said = {"family": "research", "revocable": "yes", "latest_version": "none", "remote_restriction": "none"}
    go(browser, "licence_facts", version.pk, **said, deletion_at_end="yes", restrictions=["law"])
    seen = LicenceVersion.objects.get().digest
    assert browser.post(reverse("web:publish_licence", args=[version.pk]), {"seen": seen}).status_code == 302
    version = LicenceVersion.objects.get()
    assert bytes(version.text) == b"Be good.\r\nAlways.\n", "byte for byte"
    assert (
        "Do not use it in a way that violates the law." in go(browser, "licence_version", version.pk).content.decode()
    )
    terms = {
        "form": form.pk,
        "licence_version": version.pk,
        "entry": "anyone",
        "intake": "here",
        "automatic": "never",
        "approvals_required": 2,
        "duration_days": 180,
        "cap": "",
        "sla_days": 5,
        "info_wait_days": 14,
        "correction_days": 90,
        "intake_days": 14,
        "conditions": "No faces.\n",
    }
    too_short = go(browser, "terms", stage.pk, **{**terms, "sla_days": 0})
    assert too_short.status_code == 422
    assert "This value does not fit." in too_short.content.decode()
    assert go(browser, "terms", stage.pk, **terms).status_code == 302
    policy = GatePolicy.objects.get()
    assert (policy.term("approvals_required"), policy.term("cap"), policy.term("conditions")) == (
        2,
        None,
        ["No faces."],
    )
    assert browser.post(reverse("web:publish_ladder", args=[release.pk])).status_code == 302
    public = browser.get(reverse("web:release", args=["aurora-lab", release.slug])).content.decode()
    assert "2 people have to agree on each request." in public
    assert "Access lasts 180 days." in public


def test_it_says_what_a_form_lacks(aurora: Repository, browser: Client) -> None:
    """Fields at fault are named, and what was sent stays."""
    assert go(browser, "new_release", "aurora-lab", title=" ").status_code == 422
    go(browser, "new_release", "aurora-lab", title="Sky")
    assert "choose another title" in go(browser, "new_release", "aurora-lab", title="Sky").content.decode()
    release = Release.objects.get()
    answer = go(browser, "new_stage", release.pk, title="Research")
    assert "A stage needs at least one repository." in answer.content.decode()
    assert browser.post(reverse("web:publish_ladder", args=[release.pk])).status_code == 409
    empty = go(browser, "new_licence", "aurora-lab", title="L", identifier="other", text="", language="en")
    assert "A licence needs a text." in empty.content.decode()
    no_card = go(browser, "new_form", "aurora-lab", title="F", source=f"card:{aurora.pk}")
    assert "There is no form on that card." in no_card.content.decode()
    assert go(browser, "edit_release", release.pk, title=" ").status_code == 422


def test_it_changes_what_is_planned_and_nothing_later(
    aurora: Repository, stage: Stage, amara: Viewer, browser: Client
) -> None:
    """A release can be described anew; a stage is changed until it opens."""
    planned = factories.planned_stage(aurora, by=amara)
    sent = {"title": "Later", "audience": "Everybody.", "promised_on": "2027-03-01", "repositories": [aurora.pk]}
    assert 'value="Research access"' in go(browser, "edit_stage", planned.pk).content.decode()
    assert go(browser, "edit_stage", planned.pk, **sent).status_code == 302
    changed = factories.fresh(planned)
    assert (changed.title, str(changed.promised_on)) == ("Later", "2027-03-01")
    assert go(browser, "edit_stage", planned.pk, title="Later").status_code == 422
    assert go(browser, "edit_stage", stage.pk, **sent).status_code == 409
    release = stage.release
    assert go(browser, "edit_release", release.pk, title="Aurora", summary="A model.").status_code == 302
    assert "A model." in browser.get(reverse("web:release", args=["aurora-lab", release.slug])).content.decode()


def test_it_publishes_a_ladder_only_when_something_changed(aurora: Repository, amara: Viewer, browser: Client) -> None:
    """Published as it stands, the button says so; another stage makes it worth pressing again."""
    stage = factories.planned_stage(aurora, by=amara)
    page = go(browser, "edit_release", stage.release_id).content.decode()
    assert "disabled>Publish the ladder as it stands</button>" in page
    assert "Nothing has changed since it was published." in page
    go(browser, "new_stage", stage.release_id, title="Everybody", audience="All.", repositories=[aurora.pk])
    page = go(browser, "edit_release", stage.release_id).content.decode()
    assert 'btn-primary" type="submit">Publish the ladder as it stands</button>' in page


def test_a_licence_leads_back_to_its_publisher(
    stage: Stage, amara: Viewer, chidi: Viewer, ha: Viewer, browse: Browse
) -> None:
    """For its people; anybody else who may read it comes from the catalogue."""
    version = factories.current_licence(stage)
    where = reverse("web:licence_version", args=[version.pk])
    for who, back in (
        (amara, reverse("web:publisher", args=["aurora-lab"])),
        (chidi, reverse("web:publisher", args=["aurora-lab"])),
        (ha, reverse("web:catalogue")),
    ):
        crumbs = browse(who).get(where).content.decode().partition('class="crumbs"')[2].partition("</nav>")[0]
        assert f'href="{back}"' in crumbs


def test_it_pauses_and_closes_after_a_look(stage: Stage, grant_of_ha: Grant, browser: Client) -> None:
    """The page says how many people it concerns."""
    assert "(1 person)" in go(browser, "pause", stage.pk).content.decode()
    assert go(browser, "pause", stage.pk, suspending="1").status_code == 302
    assert factories.fresh(grant_of_ha).status == "suspended"
    assert "cannot be opened again" in go(browser, "close", stage.pk).content.decode()
    assert browser.post(reverse("web:close", args=[stage.pk])).status_code == 302
    assert browser.post(reverse("web:close", args=[stage.pk])).status_code == 409
    assert "Closed" in go(browser, "stage", stage.pk).content.decode()


@pytest.fixture
@once
def grant_of_ha(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)


# Grants and people


def test_it_suspends_reinstates_and_revokes_a_grant(stage: Stage, grant_of_ha: Grant, browser: Client) -> None:
    """Each has a page that says what it means, and a button that does it."""
    pk = grant_of_ha.pk
    assert "ha-nguyen" in go(browser, "stage_grants", stage.pk).content.decode()
    assert (
        "Nobody of this name" in browser.get(reverse("web:stage_grants", args=[stage.pk]), {"q": "zz"}).content.decode()
    )
    assert "Their answers there stay." in go(browser, "suspend", pk).content.decode()
    assert go(browser, "suspend", pk, words="A question came up.").status_code == 302
    assert go(browser, "suspend", pk).status_code == 302, "there is nothing to suspend any more"
    assert "read back" in go(browser, "reinstate", pk).content.decode()
    assert browser.post(reverse("web:reinstate", args=[pk])).status_code == 302
    assert browser.post(reverse("web:reinstate", args=[pk])).status_code == 409
    assert browser.post(reverse("web:revoke", args=[pk])).status_code == 422
    assert go(browser, "revoke", pk, codes=["PRIOR_BREACH"]).status_code == 302
    assert factories.fresh(grant_of_ha).status == "revoked"


def test_the_grants_of_a_stage_cost_the_same_at_any_size(
    stage: Stage, chidi: Viewer, browser: Client, django_assert_max_num_queries: Any
) -> None:
    """Each row has its buttons, in a constant number of statements."""
    for count in (2, 8):
        for _one in range(count):
            factories.active_grant(stage, factories.account(f"p{Grant.objects.count()}"), by=chidi)
        with django_assert_max_num_queries(12):
            assert go(browser, "stage_grants", stage.pk).status_code == 200


def test_an_owner_appoints_and_dismisses(
    aurora_lab: Publisher, juma: Viewer, chidi: Viewer, browse: Browse, browser: Client
) -> None:
    """By the name on the Hub of somebody who has signed in; the last owner stays."""
    unknown = go(browser, "members", "aurora-lab", username="nobody-here", role="reviewer")
    assert "has signed in here yet" in unknown.content.decode()
    assert go(browser, "members", "aurora-lab", username="JUMA", role="reviewer").status_code == 302
    membership = Membership.objects.get(user=juma.user)
    assert "Take the role" in go(browser, "dismiss", "aurora-lab", membership.pk).content.decode()
    assert browser.post(reverse("web:dismiss", args=["aurora-lab", membership.pk])).status_code == 302
    last = Membership.objects.get(publisher=aurora_lab, role="owner")
    refused = browser.post(reverse("web:dismiss", args=["aurora-lab", last.pk]))
    assert refused.status_code == 422
    assert "The last owner cannot be removed." in refused.content.decode()
    page = go(browse(chidi), "members", "aurora-lab").content.decode()
    assert "Appoint somebody" not in page
    assert go(browse(chidi), "members", "aurora-lab", username="juma", role="owner").status_code == 403


def test_it_unlinks_what_no_open_stage_uses(
    aurora_lab: Publisher, aurora: Repository, stage: Stage, amara: Viewer, browser: Client
) -> None:
    """While a stage is open the repository stays."""
    assert browser.post(reverse("web:unlink", args=[aurora.pk])).status_code == 409
    other = factories.linked(aurora_lab, by=amara, name="spare")
    for page in ("repository", "unlink"):
        held = go(browser, page, aurora.pk).content.decode()
        assert "disabled>Unlink</button>" in held, page
        assert "Close the stage first." in held, page
        assert "disabled>Unlink</button>" not in go(browser, page, other.pk).content.decode(), page
    assert "Nothing changes on the Hub" in go(browser, "unlink", other.pk).content.decode()
    assert browser.post(reverse("web:unlink", args=[other.pk])).status_code == 302
    assert factories.fresh(other).unlinked_at is not None


# Operating


def test_the_sync_pages_show_what_is_on_the_way_and_parked(
    stage: Stage,
    aurora: Repository,
    ha: Viewer,
    ines: Viewer,
    juma: Viewer,
    chidi: Viewer,
    goran: Viewer,
    browse: Browse,
) -> None:
    """Wished, told, read back; the operator sees all of it, a stranger none."""
    factories.active_grant(stage, ha, by=chidi)
    waiting = factories.waiting_grant(stage, ines, by=chidi)
    row = waiting.person.hub_accesses.get()
    row.parked_reason = "token_read_only"
    row.save(update_fields=["parked_reason"])
    factories.waiting_grant(stage, factories.account("kofi"), by=chidi)
    Repository.objects.update(observed_at=timezone.now())
    page = browse(goran).get(reverse("web:sync")).content.decode()
    for words in ("The token may not do this.", "aurora-lab/aurora-xl"):
        assert words in page
    assert "kofi" in browse(goran).get(reverse("web:on_the_way")).content.decode()
    assert browse(ha).get(reverse("web:sync")).status_code == 404
