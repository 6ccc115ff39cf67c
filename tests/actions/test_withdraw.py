"""withdraw: somebody takes a request back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import erasure, requests
from gatekeeper.models import AccessRequest, HubAccess, Repository, Stage, StoredFile
from gatekeeper.rules.refusals import NotAllowed, WrongState
from tests import factories
from tests.expect import events, refused

OPEN: list[Callable[..., AccessRequest]] = [
    lambda stage, who, by: requests.start(stage, by=who),
    lambda stage, who, by: factories.submitted(stage, who),
    factories.in_review,
    factories.info_requested,
    factories.denied_correctably,
]
every_open_state = pytest.mark.parametrize(
    "build", OPEN, ids=["draft", "submitted", "in_review", "info_requested", "denied_correctably"]
)


@every_open_state
def test_it_ends_a_request_that_is_not_decided(
    build: Callable[..., AccessRequest], stage: Stage, ha: Viewer, chidi: Viewer, ines: Viewer, amara: Viewer
) -> None:
    """Its person ends it, and nobody else; then nobody waits for it any more."""
    case = build(stage, ha, by=chidi)
    for who in (chidi, ines, amara):
        with refused(NotAllowed, "not_allowed"):
            requests.withdraw(case, by=who)
    case = requests.withdraw(case, by=ha)
    assert (case.status, case.assignee, case.waits_until) == ("withdrawn", None, None)
    assert factories.fresh(case).assignee is None
    assert events(case)[-1] == "request.withdraw"


def test_what_was_never_submitted_goes_with_its_files(aurora: Repository, ha: Viewer, amara: Viewer) -> None:
    """Beginning again and again keeps nothing; a legal hold keeps it, and so does having submitted."""
    letter = {**factories.QUESTIONS[0], "key": "letter", "kind": "file", "required": False}
    stage = factories.open_stage(aurora, by=amara, asked=[*factories.QUESTIONS, letter])

    def withdrawn() -> AccessRequest:
        case = requests.start(stage, by=ha)
        files = {"letter": ("letter.pdf", [b"%PDF-1.7 A letter."])}
        return requests.withdraw(requests.answer(case, by=ha, answers={}, files=files), by=ha)

    case = withdrawn()
    assert (case.draft, factories.fresh(case).answers) == (None, {})
    assert not StoredFile.objects.exists()
    assert requests.withdraw(factories.submitted(stage, ha), by=ha).draft is not None
    assert ha.person is not None
    erasure.hold(stage.release.publisher, by=amara, person=ha.person, reason="A lawsuit.")
    assert withdrawn().draft is not None
    assert StoredFile.objects.count() == 1


def test_it_tells_the_hub_nothing(stage: Stage, ha: Viewer) -> None:
    """What stands on the Hub its person can take back there."""
    requests.withdraw(factories.submitted(stage, ha), by=ha)
    assert not HubAccess.objects.exists()


@pytest.mark.parametrize("build", [factories.approved, factories.denied_finally])
def test_it_is_refused_once_decided(
    build: Callable[..., AccessRequest], stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """Access that was given is given back; a denial stays."""
    case = build(stage, ha, by=chidi)
    with refused(WrongState, "wrong_state"):
        requests.withdraw(case, by=ha)
