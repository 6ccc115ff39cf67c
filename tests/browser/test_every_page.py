"""Every page in a real browser: axe finds nothing and nothing scrolls sideways, light and dark, narrow and wide."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from django.utils import timezone

from accounts.models import HubToken
from accounts.viewer import Viewer
from gatekeeper.actions import campaigns, gate_forms, invitations, licences, stages, terms
from gatekeeper.hub import capabilities
from gatekeeper.models import Grant, HubAccess, Learnt, Repository, Stage, TokenReach
from tests import factories

from .conftest import Visiting

OF_COLOUR = ("color-contrast", "link-in-text-block")  # the dark scheme changes nothing else
# Width, scheme, and the rules of axe (none named: all; None: only whether it scrolls). Between narrow and wide nothing
# else appears or goes, and each run of axe takes most of a second.
LOOKS: tuple[tuple[int, Literal["light", "dark"], tuple[str, ...] | None], ...] = (
    (360, "light", ()),
    (768, "light", None),
    (1280, "light", ()),
    (1280, "dark", OF_COLOUR),
    (360, "dark", None),
)


@pytest.fixture
def places(
    transactional_db: None,
    sandbox: Any,
    settings: Any,
    aurora: Repository,
    amara: Viewer,
    chidi: Viewer,
    ha: Viewer,
    ines: Viewer,
    juma: Viewer,
    goran: Viewer,
) -> dict[str, list[Any]]:
    """The addresses to look at, by who looks: every page, with something on it."""
    stage = factories.open_stage(aurora, by=amara, restrictions=("law", "minors"), cap=20, conditions=["SLD strong"])
    flagged = factories.open_stage(aurora, by=amara, title="Night faces")
    type(flagged.release).objects.filter(pk=flagged.release.pk).update(not_for_all_audiences=True)
    planned = factories.planned_stage(aurora, by=amara)
    grant = factories.active_grant(stage, ha, by=chidi)
    asked = factories.info_requested(stage, ines, by=chidi)
    changes = factories.denied_correctably(stage, juma, by=chidi, reopened=("use",))
    draft = factories.draft(planned_open(planned, by=amara), ha)
    waiting = factories.in_review(stage, factories.account("kofi"), by=chidi)
    factories.waiting_grant(stage, factories.account("lin"), by=chidi)
    stopped = factories.waiting_grant(stage, factories.account("noor"), by=chidi)
    HubAccess.objects.filter(person=stopped.person).update(parked_reason="person_gone")
    factories.hub_says(factories.hub_person("ghosty"), aurora, "accepted")
    policy = stage.policy
    assert policy is not None
    release, publisher = stage.release, "aurora-lab"
    form_draft = gate_forms.draft_next(policy.form, by=amara)
    first, second, *others_asked = policy.form.questions
    second = {
        **second,
        "label": {"en": "What for?"},
        "to_review": True,
        "show_if": {"key": "country", "test": "answered"},
    }
    gate_forms.change_draft(form_draft, by=amara, questions_asked=[second, first, *others_asked])
    later = factories.planned_stage(aurora, by=amara)
    factories.imported(stage, factories.account("mira").person, by=amara)
    terms.ask_for_terms(stage, by=amara, days=30)
    held = factories.imported(later_open(aurora, by=amara), ha.person, by=amara)
    rehearsed = factories.rehearsed(stage, "kofi", "late-comer", "a b", by=amara, evidence=b"%PDF-1.7 minutes")
    invitation = factories.invitation(stage, by=amara)
    invitations.invite_names(stage, by=amara, label="Lab", days=9, names="ha-nguyen late-comer")
    drift = factories.drift(aurora, person=factories.hub_person("ghosty"))
    others = [factories.drift(aurora, kind) for kind in ("repository_moved", "members_bypass")]
    spare = factories.people_verbs.keep_token(release.publisher, by=amara, secret="hf_spare")
    reach = {"may_read": True, "may_decide": False, "reason": "token_read_only", "checked_at": timezone.now()}
    TokenReach.objects.create(token=spare, repository=aurora, **reach)
    HubToken.objects.update(check_due_at=factories.later(1), health="narrow")
    last = policy.licence_version
    rail = {"identifier": "openrail++", "title": last.licence.title, "restrictions": ["law", "minors"]}
    told = factories.licence(release.publisher, by=amara, text=b"Be kind.\n\nKeep the notices.")
    campaign = campaigns.prepare(told, by=amara)
    new = licences.draft_licence_version(
        release.publisher, by=amara, text=b"Be kinder.\n\nDo not sell it.", translations={"fr": b"Sois sage."}, **rail
    )
    capabilities.learn({"batch": True, "reset": False}, endpoint=settings.HUB_ENDPOINT, how=Learnt.PROBE)
    return {
        "nobody": [
            "/",
            "/verify/",
            "/catalogue/",
            "/catalogue/?q=zzz",
            f"/catalogue/{publisher}/{release.slug}/",
            f"/catalogue/{publisher}/{flagged.release.slug}/",
            f"/stages/{stage.pk}/licence/",
            "/account/login/",
            "/nothing-here/",
        ],
        "ha": [
            "/",
            "/requests/",
            "/my-access/",
            f"/my-access/{grant.pk}/give-back/",
            f"/receipts/{grant.acceptance_id}/",
            f"/stages/{stage.pk}/apply/",
            f"/my-access/{held.pk}/licence/",
            f"/requests/{draft.pk}/questions/",
            f"/requests/{draft.pk}/licence/",
            f"/requests/{draft.pk}/submit/",
            f"/requests/{draft.pk}/withdraw/",
            "/publishers/prove/",
            "/account/",
            "/account/tokens/",
            "/account/language/",
            "/my-data/",
            "/my-data/erase/",
        ],
        "ines": [f"/requests/{asked.pk}/"],
        "juma": [f"/requests/{changes.pk}/", f"/requests/{changes.pk}/questions/", "/my-access/"],
        "chidi": [
            "/",
            "/queue/",
            "/queue/?view=every",
            f"/cases/{waiting.pk}/",
            f"/cases/{asked.pk}/",
            f"/cases/{grant.request_id}/",
        ],
        "amara": [
            "/publishers/",
            f"/publishers/{publisher}/overview/",
            f"/publishers/{publisher}/people/",
            f"/publishers/{publisher}/link/",
            f"/publishers/{publisher}/token/",
            f"/publishers/{publisher}/tokens/",
            f"/publishers/{publisher}/tokens/{spare.pk}/retire/",
            f"/publishers/{publisher}/webhook/",
            f"/publishers/{publisher}/releases/new/",
            f"/publishers/{publisher}/forms/",
            f"/publishers/{publisher}/forms/new/",
            f"/forms/{form_draft.pk}/",
            f"/forms/{form_draft.pk}/questions/use/",
            f"/forms/{form_draft.pk}/questions/use/remove/",
            f"/forms/{form_draft.pk}/publish/",
            f"/forms/{form_draft.pk}/compare/",
            f"/publishers/{publisher}/licences/new/",
            f"/repositories/{aurora.pk}/",
            f"/repositories/{aurora.pk}/unlink/",
            f"/forms/{policy.form_id}/",
            f"/publishers/{publisher}/licences/",
            f"/licences/{policy.licence_version_id}/",
            f"/licences/{new.pk}/?text=fr",
            f"/licences/{new.pk}/facts/",
            f"/licences/{new.pk}/changes/",
            f"/licences/{new.pk}/discard/",
            f"/licences/{told.pk}/campaign/",
            f"/campaigns/{campaign.pk}/",
            "/campaigns/",
            f"/releases/{release.pk}/",
            f"/releases/{release.pk}/stages/new/",
            f"/stages/{stage.pk}/",
            f"/stages/{later.pk}/edit/",
            f"/stages/{stage.pk}/terms/",
            f"/stages/{later.pk}/open/",
            f"/stages/{stage.pk}/pause/",
            f"/stages/{stage.pk}/close/",
            f"/stages/{stage.pk}/card-form/",
            "/erasures/",
            f"/stages/{stage.pk}/grants/",
            f"/stages/{stage.pk}/imports/",
            f"/imports/{rehearsed.pk}/",
            f"/imports/{rehearsed.pk}/discard/",
            f"/stages/{stage.pk}/imported/",
            f"/stages/{stage.pk}/imported/reset/",
            f"/stages/{stage.pk}/invitations/",
            f"/invitations/{invitation.pk}/withdraw/",
            f"/grants/{grant.pk}/suspend/",
            f"/grants/{grant.pk}/revoke/",
            "/drift/",
            f"/drift/{drift.pk}/",
            f"/drift/{drift.pk}/allow/",
            *(f"/drift/{other.pk}/" for other in others),
            *(f"/drift/{other.pk}/record/" for other in others),
            f"/repositories/{aurora.pk}/ghosts/",
        ],
        "goran": [
            "/sync/",
            "/sync/on-the-way/",
            "/sync/parked/",
            "/sync/parked/again/?reason=person_gone",
            f"/sync/repositories/{aurora.pk}/pause/",
            "/sync/resume/",
            "/erasures/",
            "/erasures/for/?person=ha-nguyen",
        ],
    }


def later_open(repository: Repository, *, by: Viewer) -> Stage:
    """An open stage with restrictions to acknowledge."""
    return factories.open_stage(repository, by=by, restrictions=("law", "minors"))


def planned_open(stage: Stage, *, by: Viewer) -> Stage:
    """The planned stage, opened."""
    stages.open_stage(stage, by=by)
    return stages.confirm_open(stage)


@pytest.mark.slow
@pytest.mark.parametrize("people", ["nobody ha ines juma", "chidi goran", "amara"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    people: str, places: dict[str, list[str]], sandbox: Any, visit: Visiting, request: pytest.FixtureRequest
) -> None:
    """On every page, light and dark, at 360, 768 and 1280 pixels."""
    found = {}
    for who in people.split():
        window = visit(None if who == "nobody" else request.getfixturevalue(who))
        for address in places[who]:
            page = window.open(address)
            for width, scheme, rules in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                faults = window.sideways() if rules is None else window.faults(*rules)
                if faults:
                    found[f"{who} {address} {width} {scheme}"] = faults
    assert found == {}


def test_a_fault_would_be_found(visit: Visiting) -> None:
    """A picture that nobody describes, letters too pale to read, and a box wider than the window."""
    window = visit()
    page = window.open("/catalogue/")
    page.evaluate("""() => {
        const [picture, words, box] = ["img", "p", "div"].map((name) => document.createElement(name));
        words.textContent = "Too pale";
        words.style.color = "#eeeeee";
        box.style.width = "3000px";
        box.textContent = "Wide";
        document.querySelector("main").append(picture, words, box);
    }""")
    assert {fault.partition(":")[0] for fault in window.faults()} == {"image-alt", "color-contrast", "scrolls sideways"}
    assert {fault.partition(":")[0] for fault in window.faults(*OF_COLOUR)} == {"color-contrast", "scrolls sideways"}


def test_a_form_with_errors_is_accessible_too(
    transactional_db: None, stage: Stage, ha: Viewer, chidi: Viewer, visit: Visiting
) -> None:
    """The summary and the fields at fault."""
    case = factories.in_review(stage, ha, by=chidi)
    window = visit(chidi)
    page = window.open(f"/cases/{case.pk}/")
    page.get_by_text("Deny finally").first.click()
    page.locator("[data-action=deny_finally]").click()
    assert page.get_by_role("alert").is_visible()
    assert window.faults() == []


def test_a_grant_is_suspended_and_reinstated_in_the_browser(
    transactional_db: None, stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, visit: Visiting
) -> None:
    """From the list of a stage, with a look before each."""
    grant = factories.active_grant(stage, ha, by=chidi)
    window = visit(amara)
    page = window.open(f"/stages/{stage.pk}/grants/")
    window.press("Suspend", role="link")
    window.press("Suspend")
    assert "Suspended. The Hub is being told." in page.content()
    window.press("Reinstate", role="link")
    window.press("Reinstate")
    assert Grant.objects.get(pk=grant.pk).status == "pending_activation"
