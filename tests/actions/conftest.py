"""Cases as the verbs of decision meet them."""

from __future__ import annotations

import pytest

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, Grant, Repository, Stage
from tests import factories
from tests.again import once


@pytest.fixture
@once
def case(stage: Stage, ha: Viewer, chidi: Viewer) -> AccessRequest:
    """Hà's request, in review by Chidi."""
    return factories.in_review(stage, ha, by=chidi)


@pytest.fixture
@once
def two_eyes(aurora: Repository, amara: Viewer) -> Stage:
    """A stage where two reviewers have to agree."""
    return factories.open_stage(aurora, by=amara, approvals_required=2)


@pytest.fixture
@once
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)
